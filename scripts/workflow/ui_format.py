"""The canvas's own format: version 0.4 and 1, links as arrays and as objects, nested subgraphs.

The frontend's `workflowSchema.ts` is the source. Links are followed by their id, never by the slot number
that they carry: saved files leave out widget slots that nothing is linked to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .definitions import Definitions
from .errors import WorkflowError
from .graph import ALWAYS, Graph, Node, Scope
from .resolve import OUTPUTS_ID
from .widgets import Slots, name_values

#: A workflow that would unfold to more nodes than this is refused; the largest public one has under 2,000.
MOST_NODES = 200_000
_DEEPEST = 64


class UiNode(Node):
    """A node as the canvas saves it. `index` is its place in its scope's list."""

    __slots__ = ("_inputs", "_outputs", "_slots", "definitions", "index")

    def __init__(
        self, scope: Scope, index: int, raw: Mapping[str, Any], node_id: str, kind: str, definitions: Definitions
    ) -> None:
        mode, title = raw.get("mode", ALWAYS), raw.get("title", "")
        super().__init__(
            scope,
            node_id,
            kind,
            raw,
            mode=mode if isinstance(mode, int) else ALWAYS,
            title=title if isinstance(title, str) else "",
        )
        self.index = index
        self.definitions = definitions
        self._inputs: list[tuple[str, str]] | None = None
        self._outputs: list[tuple[str, str]] | None = None
        self._slots: Slots | None = None

    @property
    def doc_path(self) -> tuple[str | int, ...]:
        """Where the node stands in the file's data."""
        return (*self.scope.doc_path, "nodes", self.index)

    @property
    def inputs(self) -> Sequence[tuple[str, str]]:
        """(name, type) of the inputs that the file has."""
        if self._inputs is None:
            self._inputs = [(str(slot.get("name", "")), _type(slot)) for slot in items(self.raw, "inputs")]
        return self._inputs

    @property
    def outputs(self) -> Sequence[tuple[str, str]]:
        """(name, type) of the outputs, as far as they are known."""
        if self._outputs is None:
            self._outputs = [(str(slot.get("name", "")), _type(slot)) for slot in items(self.raw, "outputs")]
        return self._outputs

    @property
    def slots(self) -> Slots:
        """Which widget value stands where."""
        if self._slots is None:
            inside = self.inner.raw if self.inner is not None else None
            self._slots = name_values(self.raw, self.type, self.definitions, inside)
        return self._slots

    def _read_values(self) -> dict[str, Any]:
        return self.slots.values

    def _read_links(self) -> dict[str, tuple[str, int]]:
        links: dict[str, tuple[str, int]] = {}
        table, listed = self.scope.links, self.raw.get("inputs")
        for slot in listed if isinstance(listed, list) else ():
            link = slot.get("link") if isinstance(slot, dict) else None
            if link is None or isinstance(link, list | dict):
                continue
            drawn = table.get(link)
            # A link that the list does not have leads nowhere; `dangling-link` says so.
            links[str(slot.get("name", ""))] = (drawn[0], drawn[1]) if drawn else (f"link {link}", 0)
        return links


def items(raw: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The objects in a list of `raw`; what is no object is passed over."""
    value = raw.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _type(slot: Mapping[str, Any]) -> str:
    kind = slot.get("type")
    if isinstance(kind, str):
        return kind
    return ",".join(map(str, kind)) if isinstance(kind, list) else "*"


def is_ui(data: Any) -> bool:
    """Whether plain data is a workflow in the canvas's format."""
    return isinstance(data, dict) and isinstance(data.get("nodes"), list)


def read_ui(data: Mapping[str, Any], definitions: Definitions, doc_path: tuple[str | int, ...] = ()) -> Graph:
    """The graph of a workflow in the canvas's format."""
    graph = Graph("ui", definitions)
    allow = _dig(data, "extra", "longtake", "allow")
    if isinstance(allow, list):
        graph.allow = tuple(str(item) for item in allow)
    subgraphs: dict[str, tuple[Mapping[str, Any], tuple[str | int, ...]]] = {}
    _collect(data, doc_path, subgraphs, 0)
    _fill(Scope(graph, None, data, doc_path), subgraphs, definitions, ())
    return graph


def _dig(data: Any, *keys: str) -> Any:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _collect(
    data: Mapping[str, Any],
    doc_path: tuple[str | int, ...],
    found: dict[str, tuple[Mapping[str, Any], tuple[str | int, ...]]],
    depth: int,
) -> None:
    if depth > _DEEPEST:
        raise WorkflowError(f"Subgraph definitions lie more than {_DEEPEST} deep in each other; use fewer levels.")
    definitions = data.get("definitions")
    listed = definitions.get("subgraphs") if isinstance(definitions, dict) else None
    if not isinstance(listed, list):
        return
    for index, definition in enumerate(listed):
        if not isinstance(definition, dict) or not isinstance(definition.get("id"), str):
            raise WorkflowError(f"Subgraph definition {index + 1} has no id; save the workflow again.")
        path = (*doc_path, "definitions", "subgraphs", index)
        found.setdefault(definition["id"], (definition, path))
        _collect(definition, path, found, depth + 1)


def _fill(
    scope: Scope,
    subgraphs: Mapping[str, tuple[Mapping[str, Any], tuple[str | int, ...]]],
    definitions: Definitions,
    inside: tuple[str, ...],
) -> None:
    _read_links(scope)
    where = f"subgraph {str(scope.raw.get('name', ''))[:40]!r}" if scope.instance else "workflow"
    listed = scope.raw.get("nodes")
    if not isinstance(listed, list):
        raise WorkflowError(f"The {where} has no list of nodes; save it again.")
    for index, raw in enumerate(listed):
        node = _node(scope, index, raw, definitions, where)
        if node.type == "SetNode":
            values = raw.get("widgets_values")
            if isinstance(values, list) and values and isinstance(values[0], str):
                scope.sets.setdefault(values[0], node)
        elif node.type in subgraphs:
            _unfold(node, subgraphs, definitions, inside)


def _node(scope: Scope, index: int, raw: Any, definitions: Definitions, where: str) -> UiNode:
    if not isinstance(raw, dict) or isinstance(raw.get("id"), bool) or not isinstance(raw.get("id"), str | int):
        raise WorkflowError(f"Node {index + 1} of the {where} has no id; save the workflow again.")
    kind, node_id = raw.get("type"), str(raw["id"])
    if not isinstance(kind, str):
        raise WorkflowError(f"Node {node_id} of the {where} has no type; save the workflow again.")
    if node_id in scope.nodes:
        raise WorkflowError(f"Two nodes of the {where} have the id {node_id}; give one of them another.")
    node = UiNode(scope, index, raw, node_id, kind, definitions)
    scope.graph.add(node)
    if len(scope.graph.nodes) > MOST_NODES:
        raise WorkflowError(f"The workflow unfolds to more than {MOST_NODES} nodes; use fewer subgraphs in each other.")
    return node


def _unfold(
    node: UiNode,
    subgraphs: Mapping[str, tuple[Mapping[str, Any], tuple[str | int, ...]]],
    definitions: Definitions,
    inside: tuple[str, ...],
) -> None:
    if node.type in inside:
        raise WorkflowError(f"Subgraph {node.type} contains itself; remove the inner one.")
    if len(inside) >= _DEEPEST:
        raise WorkflowError(f"Subgraphs lie more than {_DEEPEST} deep in each other; use fewer levels.")
    definition, path = subgraphs[node.type]
    node.title = node.title or str(definition.get("name") or "")
    node.inner = Scope(node.scope.graph, node, definition, path)
    _fill(node.inner, subgraphs, definitions, (*inside, node.type))


def _read_links(scope: Scope) -> None:
    links = scope.raw.get("links")
    if links is None:
        return
    if not isinstance(links, list):
        raise WorkflowError("The links of the workflow are not a list; save it again.")
    for link in links:
        if isinstance(link, list) and len(link) >= 5:
            link_id, origin, origin_slot, target, target_slot = link[:5]
            kind = link[5] if len(link) > 5 else "*"
        elif isinstance(link, dict) and "id" in link:
            link_id = link["id"]
            origin, origin_slot = link.get("origin_id"), link.get("origin_slot")
            target, target_slot, kind = link.get("target_id"), link.get("target_slot"), link.get("type", "*")
        elif link is None:
            continue
        else:
            raise WorkflowError(
                f"A link reads {str(link)[:60]!r}, not [id, from, slot, to, slot, type]; save it again."
            )
        if isinstance(link_id, list | dict) or not isinstance(origin_slot, int) or not isinstance(target_slot, int):
            continue
        scope.links[link_id] = (str(origin), origin_slot, str(target), target_slot, str(kind))
    if scope.instance is not None:
        _read_wall(scope)


def _read_wall(scope: Scope) -> None:
    """What leaves a subgraph. Its outputs name their links; others that end there are left over from before."""
    outputs = scope.raw.get("outputs")
    named = {
        slot: next((link for link in output["linkIds"] if isinstance(link, int | str) and link in scope.links), None)
        for slot, output in enumerate(outputs if isinstance(outputs, list) else ())
        if isinstance(output, dict) and isinstance(output.get("linkIds"), list) and output["linkIds"]
    }
    for link_id, (origin, origin_slot, target, target_slot, _) in scope.links.items():
        if target == OUTPUTS_ID and named.get(target_slot, link_id) == link_id:
            scope.wall.setdefault(target_slot, (origin, origin_slot))
