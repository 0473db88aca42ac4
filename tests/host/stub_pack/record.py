"""Writing down what a test node saw, as one line of JSON per event."""

import dataclasses
import hashlib
import itertools
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from comfy_execution.utils import get_executing_context

_COUNT = itertools.count()
_DEEPEST = 5


def record(node: str, **values: Any) -> None:
    """Append one record: the node's name, the running prompt's id, the time and the values."""
    context = get_executing_context()
    line = {"node": node, "prompt_id": context.prompt_id if context else None, "time": time.time(), **values}
    with (_folder() / "records.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def describe(value: Any, *, save: bool = False, depth: int = 0) -> Any:
    """Turn any value into JSON; a tensor as shape, dtype and hash, with save also as a .npy file."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, torch.Tensor):
        return _describe_tensor(value, save=save)
    if depth >= _DEEPEST:
        return {"class": type(value).__name__}
    if isinstance(value, dict):
        return {str(key): describe(item, save=save, depth=depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [describe(item, save=save, depth=depth + 1) for item in value]
    fields = _fields(value)
    described = {name: describe(item, save=save, depth=depth + 1) for name, item in fields.items()}
    return {"class": type(value).__name__, **described}


def _describe_tensor(tensor: torch.Tensor, *, save: bool) -> dict[str, Any]:
    array = tensor.detach().cpu()
    if array.dtype in (torch.bfloat16, torch.float16):
        array = array.float()
    array = array.contiguous().numpy()
    described = {
        "shape": list(tensor.shape),
        "dtype": str(tensor.dtype).removeprefix("torch."),
        "sha256": hashlib.sha256(array.tobytes()).hexdigest(),
    }
    if array.size and array.dtype != np.bool_:
        described |= {"min": float(array.min()), "max": float(array.max()), "mean": float(array.mean())}
    if save:
        path = _folder() / f"tensor_{os.getpid()}_{next(_COUNT)}.npy"
        np.save(path, array)
        described["file"] = str(path)
    return described


def _fields(value: Any) -> dict[str, Any]:
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return {name: item for name, item in getattr(value, "__dict__", {}).items() if not name.startswith("_")}


def _folder() -> Path:
    folder = Path(os.environ["LONGTAKE_TEST_RECORDS"])
    folder.mkdir(parents=True, exist_ok=True)
    return folder
