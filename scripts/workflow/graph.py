"""One graph in memory, whichever format it was read from.

A `Scope` is one level of the drawing: the canvas, or the inside of one subgraph instance. A `Node` lives
in a scope and knows its drawn links and its own values. `Graph` holds the nodes of all scopes and answers
where a value really comes from: through Reroute, PrimitiveNode, SetNode and GetNode, bypassed nodes and
the walls of subgraphs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .definitions import Definitions

ALWAYS, MUTED, BYPASSED = 0, 2, 4

#: No widget holds a number above this; seeds go up to it.
LARGEST = 2**64

#: Drawn as nodes, never executed; their one input passes through.
REROUTES = frozenset({"Reroute", "Reroute (rgthree)"})
NOTES = frozenset({"Note", "MarkdownNote"})
#: What the frontend resolves itself before a prompt is sent.
VIRTUAL = REROUTES | NOTES | {"PrimitiveNode", "SetNode", "GetNode"}

#: A node that other nodes take a number or text from: its type, and the widget that holds it.
CONSTANTS: Mapping[str, str] = {
    "INTConstant": "value",
    "FloatConstant": "value",
    "StringConstant": "string",
    "StringConstantMultiline": "string",
    "BOOLConstant": "value",
    "PrimitiveInt": "value",
    "PrimitiveFloat": "value",
    "PrimitiveString": "value",
    "PrimitiveStringMultiline": "value",
    "PrimitiveBoolean": "value",
}


@dataclass(frozen=True, slots=True)
class Output:
    """One output of a node that runs."""

    node: Node
    slot: int

    @property
    def name(self) -> str:
        """The output's name, or its number if it has none."""
        outputs = self.node.outputs
        return outputs[self.slot][0] if self.slot < len(outputs) else str(self.slot)

    @property
    def type(self) -> str:
        """The type of what it carries; ``*`` if nothing says."""
        outputs = self.node.outputs
        return outputs[self.slot][1] if self.slot < len(outputs) else "*"


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that is known without running anything. `node` is where it is written."""

    value: Any
    node: Node
    name: str


@dataclass(frozen=True, slots=True)
class Broken:
    """A link that leads nowhere: `reason` says how, `node` is the last node that it was followed to.

    kind: ``gone`` (a node or link is not there), ``unset`` (a GetNode without a SetNode), ``circle``.
    """

    reason: str
    node: Node
    kind: str


@dataclass(frozen=True, slots=True)
class Hop:
    """One drawn link on the way: it ends in `input` of `node`."""

    node: Node
    input: str


Source = Output | Constant | Broken | None


class Node:
    """A node as it is drawn. Subclasses read its raw form when it is asked for."""

    __slots__ = ("_links", "_values", "active", "id", "inner", "mode", "path", "raw", "scope", "title", "type")

    def __init__(
        self, scope: Scope, node_id: str, kind: str, raw: Mapping[str, Any], *, mode: int = ALWAYS, title: str = ""
    ) -> None:
        self.scope = scope
        self.id = node_id
        self.path: str = scope.prefix + node_id
        self.type = kind
        self.title = title
        self.mode = mode
        self.raw = raw
        #: The inside, if this is an instance of a subgraph.
        self.inner: Scope | None = None
        #: Whether it runs at all: not muted, not bypassed, not inside an instance that is.
        self.active: bool = mode not in (MUTED, BYPASSED) and scope.active
        self._links: dict[str, tuple[str, int]] | None = None
        self._values: dict[str, Any] | None = None

    def __repr__(self) -> str:
        return f"<{self.type} {self.path}>"

    @property
    def label(self) -> str:
        """The node for people: its title if it has one, else its type, and its path."""
        return f"{self.title or self.type} ({self.path})"

    @property
    def links(self) -> dict[str, tuple[str, int]]:
        """The drawn links by input name: (id in this scope, output slot)."""
        if self._links is None:
            self._links = self._read_links()
        return self._links

    @property
    def values(self) -> dict[str, Any]:
        """The node's own widget values by name, linked or not."""
        if self._values is None:
            self._values = self._read_values()
        return self._values

    @property
    def inputs(self) -> Sequence[tuple[str, str]]:
        """(name, type) of the inputs that the file draws."""
        raise NotImplementedError

    @property
    def outputs(self) -> Sequence[tuple[str, str]]:
        """(name, type) of the outputs, as far as the file or the definitions say."""
        raise NotImplementedError

    def _read_links(self) -> dict[str, tuple[str, int]]:
        raise NotImplementedError

    def _read_values(self) -> dict[str, Any]:
        raise NotImplementedError

    # What rules ask for.

    def source(self, name: str) -> Source:
        """Where the value of an input really comes from; None if nothing gives it one."""
        return self.scope.graph.source(self, name)

    def feeder(self, name: str) -> Node | None:
        """The node whose output reaches an input, or None."""
        source = self.source(name)
        return source.node if isinstance(source, Output) else None

    def value(self, name: str, default: Any = None) -> Any:
        """The value of an input, read through its link; `default` where only a run can tell."""
        source = self.source(name)
        if isinstance(source, Constant):
            return source.value
        if isinstance(source, Output) and source.node.type in CONSTANTS:
            return source.node.value(CONSTANTS[source.node.type], default)
        return default

    def number(self, name: str) -> float | None:
        """The value of an input if it is a number that a widget can hold, else None: not NaN, not infinite."""
        value = self.value(name)
        if not isinstance(value, int | float) or isinstance(value, bool):
            return None
        return value if abs(value) <= LARGEST else None

    def linked(self, name: str) -> bool:
        """Whether an input takes its value from a link that leads somewhere."""
        source = self.source(name)
        return isinstance(source, Output) or (isinstance(source, Constant) and source.node is not self)

    def slot(self, name: str) -> int:
        """The number of the output with this name; 0 if there is none."""
        return next((index for index, output in enumerate(self.outputs) if output[0] == name), 0)


class Scope:
    """One level of the drawing."""

    __slots__ = ("active", "doc_path", "graph", "instance", "links", "nodes", "prefix", "raw", "sets", "wall")

    def __init__(
        self, graph: Graph, instance: Node | None, raw: Mapping[str, Any], doc_path: tuple[str | int, ...]
    ) -> None:
        self.graph = graph
        #: The node that this is the inside of; None for the canvas.
        self.instance = instance
        self.prefix: str = f"{instance.path}:" if instance else ""
        self.active: bool = instance.active if instance else True
        self.raw = raw
        #: Where the scope stands in the file's data.
        self.doc_path = doc_path
        self.nodes: dict[str, Node] = {}
        #: UI format only: link id -> (origin id, origin slot, target id, target slot, type).
        self.links: dict[Any, tuple[str, int, str, int, str]] = {}
        #: SetNode by the name that it sets.
        self.sets: dict[str, Node] = {}
        #: What leaves a subgraph: output number -> (id inside, slot).
        self.wall: dict[int, tuple[str, int]] = {}

    @property
    def parent(self) -> Scope | None:
        """The scope around this one."""
        return self.instance.scope if self.instance else None


class Graph:
    """All nodes of a workflow by path, in the file's order."""

    def __init__(self, kind: str, definitions: Definitions) -> None:
        #: ``ui`` or ``api``.
        self.kind = kind
        self.definitions = definitions
        self.nodes: dict[str, Node] = {}
        self.types: dict[str, list[Node]] = {}
        self.allow: tuple[str, ...] = ()
        self._sources: dict[tuple[Node, str], Source] = {}
        self._cones: dict[tuple[Node, frozenset[str], bool], Mapping[Node, None]] = {}
        #: What others worked out about this graph and want to keep with it.
        self.memo: dict[Any, Any] = {}

    def add(self, node: Node) -> None:
        """Enter a node that the reader made."""
        self.nodes[node.path] = node
        node.scope.nodes[node.id] = node
        self.types.setdefault(node.type, []).append(node)

    def of(self, types: Iterable[str] | str) -> list[Node]:
        """The nodes of these types that run, in the file's order."""
        if isinstance(types, str):
            types = (types,)
        return [node for kind in types for node in self.types.get(kind, ()) if node.active]

    def running(self) -> Iterator[Node]:
        """Every node that is executed: not virtual, not a subgraph's shell, active."""
        for node in self.nodes.values():
            if node.active and node.inner is None and node.type not in VIRTUAL:
                yield node

    def source(self, node: Node, name: str) -> Source:
        """`Node.source`, remembered."""
        key = (node, name)
        if key not in self._sources:
            from .resolve import source  # noqa: PLC0415 - the two modules describe one thing

            self._sources[key] = source(node, name)
        return self._sources[key]

    def hops(self, node: Node, name: str) -> list[Hop]:
        """The drawn links between an input and its source, the nearest first."""
        from .resolve import trace  # noqa: PLC0415 - the two modules describe one thing

        return trace(node, name)[1]

    @cached_property
    def arrivals(self) -> Mapping[Node, Sequence[tuple[str, Source]]]:
        """For each node that runs, what its links bring: (input name, source)."""
        from .resolve import source  # noqa: PLC0415 - the two modules describe one thing

        found = {}
        for node in self.running():
            found[node] = [(name, source(node, name)) for name in node.links]
            for name, origin in found[node]:
                self._sources[node, name] = origin
        return found

    @cached_property
    def consumers(self) -> Mapping[Node, Sequence[tuple[int, Node, str]]]:
        """For each node that runs, who takes its outputs: (slot, node, input name)."""
        found: dict[Node, list[tuple[int, Node, str]]] = {}
        for node, arriving in self.arrivals.items():
            for name, source in arriving:
                if isinstance(source, Output):
                    found.setdefault(source.node, []).append((source.slot, node, name))
        return found

    def takers(self, node: Node, slot: int | None = None) -> list[tuple[Node, str]]:
        """The running nodes and inputs that take an output of `node` (any output if `slot` is None)."""
        return [(taker, name) for number, taker, name in self.consumers.get(node, ()) if slot in (None, number)]

    def upstream(self, node: Node, *, stop: frozenset[str] = frozenset()) -> Mapping[Node, None]:
        """`node` and all that it depends on, nearest first; nodes of types in `stop` are not gone past."""
        key = (node, stop, True)
        if key not in self._cones:
            arrivals = self.arrivals
            seen: dict[Node, None] = {node: None}
            queue = [node]
            for current in queue:
                if current.type in stop and current is not node:
                    continue
                for _, source in arrivals.get(current, ()):
                    if isinstance(source, Output) and source.node not in seen:
                        seen[source.node] = None
                        queue.append(source.node)
            self._cones[key] = seen
        return self._cones[key]

    def downstream(self, node: Node, *, stop: frozenset[str] = frozenset()) -> Mapping[Node, None]:
        """`node` and all that depends on it, nearest first; nodes of types in `stop` are not gone past."""
        key = (node, stop, False)
        if key not in self._cones:
            consumers = self.consumers
            seen: dict[Node, None] = {node: None}
            queue = [node]
            for current in queue:
                if current.type in stop and current is not node:
                    continue
                for _, taker, _ in consumers.get(current, ()):
                    if taker not in seen:
                        seen[taker] = None
                        queue.append(taker)
            self._cones[key] = seen
        return self._cones[key]
