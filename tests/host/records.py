"""What the test nodes of the stub pack wrote down while they ran, read without ComfyUI."""

import json
from pathlib import Path
from typing import Any

import numpy as np

FILE = "records.jsonl"


def read_records(folder: Path, node: str | None = None, **match: Any) -> list[dict[str, Any]]:
    """Every record, oldest first; only of this node, with these values."""
    path = folder / FILE
    if not path.exists():
        return []
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    wanted = match if node is None else {"node": node, **match}
    return [record for record in records if all(record.get(key) == value for key, value in wanted.items())]


def load_tensor(described: dict[str, Any]) -> np.ndarray:
    """Load the array behind a described tensor that was saved; float32 where it was a 16-bit float."""
    return np.load(described["file"])
