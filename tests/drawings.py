"""Small workflows of the canvas, written by hand, and a PNG that carries one."""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any

from longtake.scripts.workflow.document import read_text
from longtake.scripts.workflow.graph import Graph


def node(node_id: Any, kind: str, *, inputs: Any = (), outputs: Any = (), **more: Any) -> dict[str, Any]:
    """A node of the canvas: inputs as (name, type, link) or (name, type, link, True) for a widget's."""
    drawn = []
    for name, type_, link, *widget in inputs:
        drawn.append({"name": name, "type": type_, "link": link} | ({"widget": {"name": name}} if widget else {}))
    return {
        "id": node_id,
        "type": kind,
        "mode": 0,
        "inputs": drawn,
        "outputs": [{"name": name, "type": type_, "links": None} for name, type_ in outputs],
        "properties": {},
        **more,
    }


def graph(data: Any) -> Graph:
    return read_text(json.dumps(data)).graph


RESIZE = node(
    2,
    "ImageResizeKJv2",
    inputs=[("image", "IMAGE", 1), ("width", "INT", 2, True)],
    outputs=[("IMAGE", "IMAGE"), ("width", "INT")],
    widgets_values=[832, 480, "lanczos", "crop", "0, 0, 0", "center", 16, "cpu"],
)
LOAD = node(1, "LoadImage", outputs=[("IMAGE", "IMAGE"), ("MASK", "MASK")], widgets_values=["a.png", "image"])


def subgraph(uuid: str, nodes: list[Any], links: list[Any], inputs: list[Any], **more: Any) -> dict[str, Any]:
    return {
        "id": uuid,
        "name": "inside",
        "nodes": nodes,
        "links": [
            dict(zip(("id", "origin_id", "origin_slot", "target_id", "target_slot", "type"), link, strict=True))
            for link in links
        ],
        "inputs": [{"name": name, "type": type_, "linkIds": ids} for name, type_, ids in inputs],
        "outputs": [{"name": "IMAGE", "type": "IMAGE", "linkIds": []}],
        **more,
    }


def nested() -> dict[str, Any]:
    inner = subgraph(
        "inner",
        [node(1, "ImageResizeKJv2", inputs=[("image", "IMAGE", 1), ("width", "INT", 3, True)], outputs=[("IMAGE", "IMAGE")], widgets_values=[832, 480, "lanczos", "crop", "0, 0, 0", "center", 16, "cpu"])],
        [[1, -10, 0, 1, 0, "IMAGE"], [2, 1, 0, -20, 0, "IMAGE"], [3, -10, 1, 1, 1, "INT"]],
        [("image", "IMAGE", [1]), ("width", "INT", [3])],
    )  # fmt: skip
    outer = subgraph(
        "outer",
        [
            node(7, "inner", inputs=[("image", "IMAGE", 1), ("width", "INT", 3, True)], outputs=[("IMAGE", "IMAGE")], widgets_values=[]),
            node(8, "GetNode", outputs=[("IMAGE", "IMAGE")], widgets_values=["portrait"]),
        ],
        [[1, 8, 0, 7, 0, "IMAGE"], [2, 7, 0, -20, 0, "IMAGE"], [3, -10, 0, 7, 1, "INT"]],
        [("width", "INT", [3])],
        definitions={"subgraphs": [inner]},
    )  # fmt: skip
    return {
        "nodes": [
            LOAD,
            node(5, "SetNode", inputs=[("IMAGE", "IMAGE", 1)], widgets_values=["portrait"]),
            node(3, "outer", inputs=[("width", "INT", None, True)], outputs=[("IMAGE", "IMAGE")], widgets_values=[512]),
            node(9, "PreviewImage", inputs=[("images", "IMAGE", 2)]),
        ],
        "links": [[1, 1, 0, 5, 0, "IMAGE"], [2, 3, 0, 9, 0, "IMAGE"]],
        "definitions": {"subgraphs": [outer]},
        "version": 0.4,
    }


WORKFLOW = json.dumps({"nodes": [LOAD], "links": [], "note": "né"})


def png(chunks: list[tuple[bytes, bytes]]) -> bytes:
    out = b"\x89PNG\r\n\x1a\n"
    for kind, body in [(b"IHDR", bytes(13)), *chunks, (b"IEND", b"")]:
        out += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return out
