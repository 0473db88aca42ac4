"""Workflows inside pictures, sounds and videos.

PNG: tEXt, zTXt and iTXt chunks; WebP: the EXIF chunk, where ComfyUI writes ``workflow:{...}`` and
``prompt:{...}``; MP4, WebM, MKV, MOV, FLAC, MP3, Opus: tags of the container, read by PyAV. Only the
metadata is read, never the pixels.
"""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

from .errors import WorkflowError

_PICTURES = (".png", ".webp")
_CONTAINERS = (".mp4", ".webm", ".mkv", ".mov", ".flac", ".mp3", ".opus", ".ogg")
#: Longest piece of metadata that is read.
_MOST = 64 * 1024 * 1024
_KEYS = ("workflow", "prompt")
_PNG = b"\x89PNG\r\n\x1a\n"


def is_media(path: Path) -> bool:
    """Whether a file is one that may carry a workflow, by its name."""
    return path.suffix.lower() in _PICTURES + _CONTAINERS


def embedded_texts(path: Path) -> dict[str, str]:
    """The texts under ``workflow`` and ``prompt`` that a file carries."""
    suffix = path.suffix.lower()
    try:
        if suffix in _PICTURES:
            with path.open("rb") as file:
                return _png(file) if suffix == ".png" else _webp(file)
        return _container(path)
    except (OSError, ValueError, struct.error, zlib.error, MemoryError) as error:
        if isinstance(error, WorkflowError):
            raise
        raise WorkflowError(f"{path} cannot be read as {suffix[1:].upper()} ({error}); is it whole?") from None


def _png(file: BinaryIO) -> dict[str, str]:
    if file.read(8) != _PNG:
        raise WorkflowError(f"{file.name} is not a PNG, whatever its name says; save it again.")
    found: dict[str, str] = {}
    while True:
        head = file.read(8)
        if len(head) < 8:
            return found
        length, kind = struct.unpack(">I4s", head)
        if kind == b"IEND":
            return found
        if kind not in (b"tEXt", b"zTXt", b"iTXt") or length > _MOST:
            file.seek(length + 4, 1)
            continue
        chunk = file.read(length)
        file.seek(4, 1)
        key, _, rest = chunk.partition(b"\0")
        name = key.decode("latin-1").lower()
        if name in _KEYS:
            found[name] = _png_text(kind, rest)


def _png_text(kind: bytes, rest: bytes) -> str:
    if kind == b"tEXt":
        return _decode(rest)
    if kind == b"zTXt":
        return _decode(_inflate(rest[1:]))
    compressed = rest[:1] == b"\1"
    text = rest[2:].split(b"\0", 2)[-1]
    return _decode(_inflate(text) if compressed else text)


def _inflate(data: bytes) -> bytes:
    engine = zlib.decompressobj()
    text = engine.decompress(data, _MOST)
    if engine.unconsumed_tail:
        raise ValueError(f"more than {_MOST} bytes of metadata")
    return text


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _webp(file: BinaryIO) -> dict[str, str]:
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP":
        raise WorkflowError(f"{file.name} is not a WebP, whatever its name says; save it again.")
    while True:
        part = file.read(8)
        if len(part) < 8:
            return {}
        kind, length = struct.unpack("<4sI", part)
        if kind == b"EXIF" and length <= _MOST:
            return _exif(file.read(length))
        file.seek(length + length % 2, 1)


def _exif(raw: bytes) -> dict[str, str]:
    """The texts of the first directory: ComfyUI puts ``workflow:{...}`` into Make and ``prompt:{...}`` into Model."""
    if raw[:6] == b"Exif\0\0":
        raw = raw[6:]
    order = "<" if raw[:2] == b"II" else ">"
    (start,) = struct.unpack_from(order + "I", raw, 4)
    (count,) = struct.unpack_from(order + "H", raw, start)
    found: dict[str, str] = {}
    for index in range(min(count, 1000)):
        _, kind, length, offset = struct.unpack_from(order + "HHII", raw, start + 2 + 12 * index)
        if kind != 2 or length <= 4:
            continue
        key, colon, text = _decode(raw[offset : offset + length].rstrip(b"\0")).partition(":")
        if colon and key.lower() in _KEYS:
            found[key.lower()] = text
    return found


def _container(path: Path) -> dict[str, str]:
    import av  # noqa: PLC0415 - pictures and JSON are read without it

    try:
        with av.open(str(path), metadata_errors="replace") as container:
            tags = {key.lower(): value for key, value in container.metadata.items()}
            for stream in container.streams:
                tags = {key.lower(): value for key, value in stream.metadata.items()} | tags
    except av.FFmpegError as error:
        raise WorkflowError(f"{path} cannot be read as {path.suffix[1:].upper()} ({error}); is it whole?") from None
    found = {key: tags[key] for key in _KEYS if key in tags}
    # Video Helper Suite writes one comment that holds both.
    if not found and tags.get("comment", "").lstrip().startswith("{"):
        try:
            comment = json.loads(tags["comment"])
        except (ValueError, RecursionError):
            return {}
        for key in _KEYS:
            value = comment.get(key)
            if isinstance(value, str | dict):
                found[key] = value if isinstance(value, str) else json.dumps(value)
    return found
