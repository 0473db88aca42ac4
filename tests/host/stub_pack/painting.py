"""tests/paint.py, found from inside a host: there it lies on no import path."""

import importlib.util
from pathlib import Path

_spec = importlib.util.spec_from_file_location("longtake_test_paint", Path(__file__).resolve().parents[2] / "paint.py")
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)

paint = _module.paint
paint_frames = _module.paint_frames
read = _module.read
