"""What differs between the graphs that made two windows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_LONGEST = 60

#: Keys that ComfyUI or this pack adds to a running prompt and that are no setting.
_NOT_SETTINGS = frozenset({"is_changed", "relay"})


def plain_prompt(prompt: Mapping[str, Any]) -> dict[str, Any]:
    """A prompt in API format without what running it has added."""
    return {
        node: {key: _without(value) if key == "inputs" else value for key, value in data.items() if key != "is_changed"}
        for node, data in prompt.items()
    }


def _without(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in inputs.items() if key not in _NOT_SETTINGS}


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """One line for each input that differs between two prompts in API format: ``KSampler.steps: 4 -> 6``.

    The controller's seed is left out: it counts only when a take begins.
    """
    for node in [*before, *(node for node in after if node not in before)]:
        old, new = before.get(node), after.get(node)
        name = str((new or old or {}).get("class_type"))
        if old is None or new is None:
            yield f"{name} (node {node}) was {'added' if old is None else 'removed'}"
            continue
        if old.get("class_type") != new.get("class_type"):
            yield f"{old.get('class_type')} (node {node}) became {name}"
            continue
        old_inputs, new_inputs = old.get("inputs", {}), new.get("inputs", {})
        for key in sorted({*old_inputs, *new_inputs}):
            if name == "LongTakeAudioLoopController" and key == "seed":
                continue
            if old_inputs.get(key) != new_inputs.get(key):
                yield f"{name}.{key}: {_short(old_inputs.get(key))} -> {_short(new_inputs.get(key))}"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
