"""Writing the examples of rules shortly.

`prompt` makes an API-format workflow from ``name=(type, {input: value})``, where a link is ``("name", 0)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Nodes = Mapping[str, tuple[str, Mapping[str, Any]]]


def prompt(nodes: Nodes | None = None, /, **more: tuple[str, Mapping[str, Any]]) -> dict[str, Any]:
    """An API-format workflow. Nodes of `more` come after those of `nodes` or take their place."""
    return {
        name: {
            "class_type": kind,
            "inputs": {key: list(value) if isinstance(value, tuple) else value for key, value in inputs.items()},
        }
        for name, (kind, inputs) in {**(nodes or {}), **more}.items()
    }


def changed(workflow: Mapping[str, Any], node: str, /, **inputs: Any) -> dict[str, Any]:
    """The workflow with other inputs at one node; ``None`` takes an input away; ``__`` stands for a dot in a name."""
    old = workflow[node]["inputs"]
    named = {
        name.replace("__", "."): list(value) if isinstance(value, tuple) else value for name, value in inputs.items()
    }
    merged = {name: value for name, value in {**old, **named}.items() if value is not None}
    return {**workflow, node: {**workflow[node], "inputs": merged}}
