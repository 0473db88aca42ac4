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
    if origin is not None and origin.mode == ALWAYS and origin.inner is None and origin.type not in VIRTUAL and link[1] >= 0:
        return Output(origin, link[1])
    return _follow(node, name, link, [])


def _own(node: Node, name: str) -> Source:
    return Constant(node.values[name], node, name) if name in node.values else None


def _follow(consumer: Node, consumer_input: str, link: tuple[str, int], hops: list[Hop]) -> Source:
    scope: Scope = consumer.scope
    at: Node = consumer
    origin, slot = link
    seen: set[tuple[int, str, int]] = set()
    while True:
        key = (id(scope), origin, slot)
        if key in seen:
            return Broken("it leads back to itself", at, "circle")
        seen.add(key)
        if origin == INPUTS_ID and scope.instance is not None:
            # Through the wall, outwards.
            instance = scope.instance
            name = _wall_input(scope, slot)
            if name is None:
                return Broken(f"the subgraph has no input {slot}", at, "gone")
            step = instance.links.get(name)
            if step is None:
                if name in instance.values:
                    return Constant(instance.values[name], instance, name)
                return _promoted(scope, slot) or _own(consumer, consumer_input)
            at, scope = instance, instance.scope
            hops.append(Hop(instance, name))
            origin, slot = step
            continue
        node = scope.nodes.get(origin)
        if node is None:
            return Broken(_gone(scope, origin), at, "gone")
        at = node
        if node.mode == MUTED:
            return None
        if node.mode == BYPASSED:
            name = _bypass(node, slot, dict(consumer.inputs).get(consumer_input, "*"))
        elif node.inner is not None:
            step = node.inner.wall.get(slot)
            if step is None:
                return None
            scope = node.inner
            origin, slot = step
            continue
        elif node.type in REROUTES or node.type == "SetNode":
            name = next(iter(node.links), None)
        elif node.type == "GetNode":
            setter = find_set(node)
            if setter is None:
                return Broken(f"no SetNode sets {_get_name(node)!r}", node, "unset")
            name, node, scope = next(iter(setter.links), None), setter, setter.scope
        elif node.type == "PrimitiveNode":
            first = next(iter(node.values.items()), None)
            return Constant(first[1], node, first[0]) if first else None
        elif slot < 0:
            return Broken(f"node {node.path} has no output {slot}", node, "gone")
        else:
            return Output(node, slot)
        if name is None:
            return None
        hops.append(Hop(node, name))
        origin, slot = node.links[name]


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
