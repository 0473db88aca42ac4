"""Make the committed node definitions from a server's ``/object_info``.

    python -m longtake.scripts.workflow.snapshot object_info.json
    python -m longtake.scripts.workflow.snapshot --check object_info.json

Nodes that call paid services are left out. `extra_nodes.json` holds, in the same form, the nodes that our
server did not have.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
#: Types that the canvas draws as a widget.
_WIDGETS = frozenset({
    "INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", "COLOR", "COMFY_DYNAMICCOMBO_V3", "CURVE", "BOUNDING_BOX", "WEBCAM",
})  # fmt: skip
_SEEDS = ("seed", "noise_seed")


def compact(info: Mapping[str, Any]) -> dict[str, Any]:
    """``/object_info`` in the snapshot's form. What does not look like a definition is left out."""
    found: dict[str, list[Any]] = {}
    for kind, node in info.items():
        if not isinstance(node, dict) or not isinstance(node.get("input"), dict):
            continue
        names = node.get("output_name") or node.get("output") or []
        types = [type_ if isinstance(type_, str) else "COMBO" for type_ in node.get("output") or []]
        found[kind] = [_inputs(node["input"]), [[str(name), type_] for name, type_ in zip(names, types, strict=False)]]
        if node.get("output_node"):
            found[kind].append(1)
    return found


def _inputs(groups: Mapping[str, Any], *, nested: bool = False) -> list[list[Any]]:
    return [
        _input(name, spec, optional=group == "optional", nested=nested)
        for group in ("required", "optional")
        for name, spec in (groups.get(group) or {}).items()
        if isinstance(spec, list) and spec
    ]


def _input(name: str, spec: list[Any], *, optional: bool, nested: bool) -> list[Any]:
    kind = spec[0] if isinstance(spec[0], str) else "COMBO"
    options = spec[1] if len(spec) > 1 and isinstance(spec[1], dict) else {}
    flags = "o" if optional else ""
    drawn_as = options.get("widgetType", kind)
    if drawn_as in _WIDGETS and not options.get("forceInput") and not options.get("rawLink"):
        flags += "w"
        if options.get("control_after_generate", kind == "INT" and name in _SEEDS and not nested):
            flags += "c"
        flags += "u" * (options.get("image_upload") or options.get("video_upload") or options.get("file_upload") or 0)
        flags += "uu" if options.get("audio_upload") else ""
    entry = [name, kind, flags, _default(kind, spec, options)]
    if kind == "COMFY_DYNAMICCOMBO_V3":
        entry.append({
            str(option["key"]): _inputs(option.get("inputs") or {}, nested=True)
            for option in options.get("options") or ()
            if isinstance(option, dict) and "key" in option
        })  # fmt: skip
    return entry


def _default(kind: str, spec: list[Any], options: Mapping[str, Any]) -> Any:
    default = options.get("default")
    if default is None and kind == "COMBO":
        choices = spec[0] if isinstance(spec[0], list) else options.get("options") or []
        # A list of files says what was on our server's disk, not what the node's default is.
        default = choices[0] if choices and isinstance(choices[0], str) and "." not in choices[0] else None
    if default is None and kind == "COMFY_DYNAMICCOMBO_V3" and options.get("options"):
        default = options["options"][0].get("key")
    return default if isinstance(default, str | int | float | bool) else None


def text(info: Mapping[str, Any]) -> str:
    """The snapshot as it is written: one line for each node."""
    kept = {kind: node for kind, node in info.items() if not (isinstance(node, dict) and node.get("api_node"))}
    found = compact(kept) | json.loads((_HERE / "extra_nodes.json").read_text(encoding="utf-8"))
    lines = [f"{json.dumps(kind)}: {json.dumps(found[kind], separators=(',', ':'))}" for kind in sorted(found)]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main() -> int:
    """Write the snapshot from the file that is named on the command line, or compare it."""
    *options, name = sys.argv[1:] or [""]
    if not name or options not in ([], ["--check"]):
        print("usage: snapshot [--check] OBJECT_INFO.json", file=sys.stderr)
        return 2
    new, path = text(json.loads(Path(name).read_text(encoding="utf-8"))), _HERE / "node_definitions.json"
    if options:
        return int(path.read_text(encoding="utf-8") != new)
    path.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
