"""Nodes that write down what comes past, and one that takes its time."""

from typing import Any

from comfy.utils import ProgressBar

from .record import describe, record
from .sampler import sleep

CATEGORY = "LongTake tests"


class _AnyType(str):
    """A type that every other one fits, for versions of ComfyUI that compare types as texts."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __ne__(self, other: object) -> bool:
        return False


ANY = _AnyType("*")
WATCH_INPUTS = {
    "required": {
        "value": (ANY,),
        "label": ("STRING", {"default": ""}),
        "save": ("BOOLEAN", {"default": False}),
    }
}


class TestRecord:
    """Passes a value through and records it; with `save`, its tensors go to .npy files."""

    CATEGORY = CATEGORY
    FUNCTION = "watch"
    RETURN_TYPES = (ANY,)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return WATCH_INPUTS

    def watch(self, value: Any, label: str, *, save: bool) -> tuple[Any]:
        record("record", label=label, value=describe(value, save=save))
        return (value,)


class TestRecordEnd:
    """Records a value and ends there: an output node."""

    CATEGORY = CATEGORY
    FUNCTION = "watch"
    RETURN_TYPES = ()
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return WATCH_INPUTS

    def watch(self, value: Any, label: str, *, save: bool) -> dict[str, Any]:
        record("record", label=label, value=describe(value, save=save))
        return {"ui": {"label": [label]}}


class TestSlowPreview:
    """An output node that takes its time, as a preview of many frames does; it notices interrupts."""

    CATEGORY = CATEGORY
    FUNCTION = "show"
    RETURN_TYPES = ()
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {
            "required": {"seconds": ("FLOAT", {"default": 1.0, "min": 0.0, "max": 600.0})},
            "optional": {"value": (ANY,)},
        }

    def show(self, seconds: float, value: Any = None) -> dict[str, Any]:
        record("preview", state="begun", got=type(value).__name__)
        steps = 10
        bar = ProgressBar(steps)
        for _ in range(steps):
            sleep(seconds / steps)
            bar.update(1)
        record("preview", state="done", got=type(value).__name__)
        return {"ui": {"seconds": [seconds]}}


WATCH_NODES = {
    "LongTakeTestRecord": TestRecord,
    "LongTakeTestRecordEnd": TestRecordEnd,
    "LongTakeTestSlowPreview": TestSlowPreview,
}
