"""The server's format: ``{id: {"class_type": ..., "inputs": {...}}}``.

A link is ``[id, slot]``; a list that is a value is wrapped as ``{"__value__": [...]}``. Ids of nodes that
came out of subgraphs read ``outer:inner``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .definitions import Definitions
from .errors import WorkflowError
from .graph import Graph, Node, Scope
from .ui_format import MOST_NODES

_LINK = 2


class ApiNode(Node):
    """A node of a prompt."""

    __slots__ = ("_definition", "definitions")

    def __init__(self, scope: Scope, node_id: str, raw: Mapping[str, Any], definitions: Definitions) -> None:
        meta = raw.get("_meta")
        title = meta.get("title", "") if isinstance(meta, dict) else ""
        super().__init__(scope, node_id, raw["class_type"], raw, title=title if isinstance(title, str) else "")
        self.definitions = definitions

    @property
    def doc_path(self) -> tuple[str | int, ...]:
        """Where the node stands in the file's data."""
        return (*self.scope.doc_path, self.id)

    @property
    def inputs(self) -> Sequence[tuple[str, str]]:
        """(name, type) of the inputs that the file has."""
        known = {entry.name: entry.type for entry in self.definitions.inputs(self.type) or ()}
        return [(name, known.get(name, "*")) for name in self.raw["inputs"]]

    @property
    def outputs(self) -> Sequence[tuple[str, str]]:
        """(name, type) of the outputs, as far as they are known."""
        return self.definitions.outputs(self.type) or ()

    def _read_values(self) -> dict[str, Any]:
        return {name: unwrap(value) for name, value in self.raw["inputs"].items() if not is_link(value)}

    def _read_links(self) -> dict[str, tuple[str, int]]:
        return {name: (str(value[0]), value[1]) for name, value in self.raw["inputs"].items() if is_link(value)}


def is_link(value: Any) -> bool:
    """Whether a value of a prompt is a link."""
    return (
        isinstance(value, list)
        and len(value) == _LINK
        and isinstance(value[0], str | int)
        and not isinstance(value[0], bool)
        and isinstance(value[1], int)
        and not isinstance(value[1], bool)
    )


def unwrap(value: Any) -> Any:
    """A value without the wrapper that marks a list as no link."""
    return value["__value__"] if isinstance(value, dict) and set(value) == {"__value__"} else value


def is_api(data: Any) -> bool:
    """Whether plain data is a prompt: objects that name their class."""
    if not isinstance(data, dict) or not data:
        return False
    return any(isinstance(node, dict) and isinstance(node.get("class_type"), str) for node in data.values())


def read_api(data: Mapping[str, Any], definitions: Definitions, doc_path: tuple[str | int, ...] = ()) -> Graph:
    """The graph of a prompt."""
    graph = Graph("api", definitions)
    if len(data) > MOST_NODES:
        raise WorkflowError(f"The prompt has {len(data)} nodes; at most {MOST_NODES} can be read.")
    scope = Scope(graph, None, data, doc_path)
    for key, raw in data.items():
        if not isinstance(raw, dict):
            # Saved prompts carry remarks beside the nodes; the server would refuse them, a reader need not.
            continue
        if not isinstance(raw.get("class_type"), str):
            if "inputs" in raw:
                raise WorkflowError(f"Node {key} of the prompt has no class_type; export the prompt again.")
            _read_allow(graph, raw) if key == "extra" else None
            continue
        if not isinstance(raw.get("inputs"), dict):
            if raw.get("inputs") is not None:
                raise WorkflowError(f"The inputs of node {key} of the prompt are no object; export it again.")
            raw = {**raw, "inputs": {}}  # noqa: PLW2901 - a node without inputs
        graph.add(ApiNode(scope, str(key), raw, definitions))
    return graph


def _read_allow(graph: Graph, extra: Mapping[str, Any]) -> None:
    ours = extra.get("longtake")
    allow = ours.get("allow") if isinstance(ours, dict) else None
    if isinstance(allow, list):
        graph.allow = tuple(str(item) for item in allow)
