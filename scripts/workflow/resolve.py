"""Following a link to where its value comes from.

Every step is bounded: a way that comes back to where it has been is reported as broken.
"""

from __future__ import annotations

from typing import Any

from .graph import ALWAYS, BYPASSED, MUTED, REROUTES, VIRTUAL, Broken, Constant, Hop, Node, Output, Scope, Source

#: Ids that stand for the walls of a subgraph, as the frontend writes them.
INPUTS_ID, OUTPUTS_ID = "-10", "-20"


def trace(node: Node, name: str) -> tuple[Source, list[Hop]]:
    """The source of an input, and the drawn links that lead to it, nearest first."""
    hops: list[Hop] = []
    link = node.links.get(name)
    if link is None:
        return _own(node, name), hops
    hops.append(Hop(node, name))
    return _follow(node, name, link, hops), hops


def source(node: Node, name: str) -> Source:
    """The source of an input. Most links go straight to a node that runs; those cost nothing more."""
    link = node.links.get(name)
    if link is None:
        return _own(node, name)
    origin = node.scope.nodes.get(link[0])
    if (
        origin is not None
        and origin.mode == ALWAYS
        and origin.inner is None
        and origin.type not in VIRTUAL
        and link[1] >= 0
    ):
        return Output(origin, link[1])
    return _follow(node, name, link, [])


def _own(node: Node, name: str) -> Source:
    return Constant(node.values[name], node, name) if name in node.values else None


def _follow(consumer: Node, name: str, link: tuple[str, int], hops: list[Hop]) -> Source:
    way = _Way(consumer, name, link, hops)
    found = way.step()
    while isinstance(found, _Way):
        found = way.step()
    return found


class _Way:
    """A link on the way to its source. `step` gives the source, or itself while there is further to go."""

    __slots__ = ("consumer", "hops", "input", "last", "origin", "scope", "seen", "slot")

    def __init__(self, consumer: Node, name: str, link: tuple[str, int], hops: list[Hop]) -> None:
        self.consumer, self.input, self.hops = consumer, name, hops
        self.scope: Scope = consumer.scope
        self.last = consumer
        self.origin, self.slot = link
        self.seen: set[tuple[int, str, int]] = set()

    def step(self) -> Source | _Way:
        key = (id(self.scope), self.origin, self.slot)
        if key in self.seen:
            return Broken("it leads back to itself", self.last, "circle")
        self.seen.add(key)
        if self.origin == INPUTS_ID and self.scope.instance is not None:
            return self._out(self.scope.instance)
        node = self.scope.nodes.get(self.origin)
        if node is None:
            return Broken(_gone(self.scope, self.origin), self.last, "gone")
        self.last = node
        if node.mode == MUTED:
            return None
        if node.mode == BYPASSED:
            wanted = dict(self.consumer.inputs).get(self.input, "*")
            return self._through(node, _bypass(node, self.slot, wanted))
        return self._in(node.inner) if node.inner is not None else self._at(node)

    def _at(self, node: Node) -> Source | _Way:
        """At a node that runs, or that stands for another."""
        if node.type == "GetNode":
            setter = find_set(node)
            if setter is None:
                return Broken(f"no SetNode sets {_get_name(node)!r}", node, "unset")
            self.scope = setter.scope
            return self._through(setter, next(iter(setter.links), None))
        if node.type in REROUTES or node.type == "SetNode":
            return self._through(node, next(iter(node.links), None))
        if node.type == "PrimitiveNode":
            first = next(iter(node.values.items()), None)
            return Constant(first[1], node, first[0]) if first else None
        if self.slot < 0:
            return Broken(f"node {node.path} has no output {self.slot}", node, "gone")
        return Output(node, self.slot)

    def _through(self, node: Node, name: str | None) -> Source | _Way:
        """Into an input of a node that only hands on."""
        if name is None:
            return None
        self.hops.append(Hop(node, name))
        self.origin, self.slot = node.links[name]
        return self

    def _in(self, inner: Scope) -> Source | _Way:
        """Into a subgraph, through its wall."""
        step = inner.wall.get(self.slot)
        if step is None:
            return None
        self.scope = inner
        self.origin, self.slot = step
        return self

    def _out(self, instance: Node) -> Source | _Way:
        """Out of a subgraph, through its wall."""
        name = _wall_input(self.scope, self.slot)
        if name is None:
            return Broken(f"the subgraph has no input {self.slot}", self.last, "gone")
        if name in instance.links:
            self.last, self.scope = instance, instance.scope
            return self._through(instance, name)
        if name in instance.values:
            return Constant(instance.values[name], instance, name)
        return _promoted(self.scope, self.slot) or _own(self.consumer, self.input)


def _promoted(scope: Scope, slot: int) -> Source:
    """The value that an unlinked input of a subgraph has from inside: that of the first widget behind it."""
    for origin, origin_slot, target, _, _ in scope.links.values():
        node = scope.nodes.get(target) if origin == INPUTS_ID and origin_slot == slot else None
        if node is None or node.inner is not None:
            continue
        for name, link in node.links.items():
            if link == (INPUTS_ID, slot) and name in node.values:
                return Constant(node.values[name], node, name)
    return None


def _gone(scope: Scope, origin: str) -> str:
    return f"there is no {origin}" if origin.startswith("link ") else f"there is no node {scope.prefix}{origin}"


def _get_name(node: Node) -> Any:
    return next(iter(node.values.values()), None)


def find_set(getter: Node) -> Node | None:
    """The SetNode whose value a GetNode gives: in its own scope, else in the scopes around it."""
    name = _get_name(getter)
    scope: Scope | None = getter.scope
    while scope is not None:
        if isinstance(name, str) and name in scope.sets:
            return scope.sets[name]
        scope = scope.parent
    return None


def _wall_input(scope: Scope, slot: int) -> str | None:
    inputs = scope.raw.get("inputs")
    if isinstance(inputs, list) and 0 <= slot < len(inputs) and isinstance(inputs[slot], dict):
        name = inputs[slot].get("name")
        return name if isinstance(name, str) else None
    return None


def _bypass(node: Node, slot: int, wanted: str) -> str | None:
    """The input whose value a bypassed node hands on: same number, else same type, else first that fits."""
    inputs, outputs = list(node.inputs), node.outputs
    kind = outputs[slot][1] if slot < len(outputs) else "*"
    if not inputs:
        return None
    if wanted in ("*", ""):
        chosen: str | None = inputs[slot if slot < len(inputs) else 0][0]
    elif slot < len(inputs) and types_fit(inputs[slot][1], kind) and types_fit(inputs[slot][1], wanted):
        chosen = inputs[slot][0]
    else:
        chosen = next((name for name, given in inputs if given == wanted), None)
        chosen = chosen or next((name for name, given in inputs if types_fit(given, wanted)), None)
    return chosen if chosen in node.links else None


def types_fit(given: str, wanted: str) -> bool:
    """Whether an output of type `given` may be linked to an input of type `wanted`.

    ``*`` and an empty type fit everything; a comma separates alternatives; case does not count.
    """
    if given == wanted or given in ("*", "", "0") or wanted in ("*", "", "0"):
        return True
    if given.startswith("COMFY_MATCHTYPE") or wanted.startswith("COMFY_MATCHTYPE"):
        return True
    return not {part.strip().lower() for part in given.split(",")}.isdisjoint(
        part.strip().lower() for part in wanted.split(",")
    )
