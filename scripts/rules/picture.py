"""The report as a picture: a table that every renderer of ComfyUI can show."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .engine import Finding

if TYPE_CHECKING:
    from PIL import Image

#: A node on the canvas is some 400 pixels wide: letters of this size can still be read in it.
_WIDTH, _MARGIN, _LINE, _SIZE = 640, 16, 27, 20
_CHARACTERS = 60
_MOST_FINDINGS = 20
_BACK, _INK, _FAINT = (28, 28, 32), (230, 230, 230), (150, 150, 155)
_COLOURS = {"error": (235, 87, 87), "warning": (240, 180, 60), "info": (96, 165, 250)}
_CLEAN = (110, 200, 120)


def draw_report(findings: Sequence[Finding], head: str) -> Image.Image:
    """A table of findings below one line; as high as it needs to be, 640 pixels wide, RGB."""
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415 - the command line needs no Pillow

    rows: list[tuple[str, tuple[int, int, int]]] = [(head, _CLEAN if not findings else _INK)]
    for found in findings[:_MOST_FINDINGS]:
        where = found.node.label if found.node else "the workflow"
        rows.append((f"{found.severity}  {found.rule}", _COLOURS[found.severity]))
        for line in (where, *found.message.splitlines()):
            rows += [(f"  {part}", _INK if line is where else _FAINT) for part in textwrap.wrap(line, _CHARACTERS)]
    if len(findings) > _MOST_FINDINGS:
        rows.append((f"and {len(findings) - _MOST_FINDINGS} more", _FAINT))
    picture = Image.new("RGB", (_WIDTH, 2 * _MARGIN + _LINE * len(rows)), _BACK)
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(size=_SIZE)
    for index, (text, colour) in enumerate(rows):
        pen.text((_MARGIN, _MARGIN + _LINE * index), text, fill=colour, font=font)
    return picture
