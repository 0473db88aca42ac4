"""Finds the package that a script belongs to, also where nothing is installed.

A script that was started as a file, with any Python, from any folder of any name, does

    runpy.run_path(str(Path(__file__).with_name("package.py")))["load"]()

and can then import the modules of the package ``longtake`` by their full names.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

NAME = "longtake"


def load() -> None:
    """Make the folder around this one importable as ``longtake``."""
    scripts = Path(__file__).resolve().parent
    # Python puts the folder of a started file in front; there `longtake` would be the script.
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != scripts]
    root = scripts.parent
    spec = importlib.util.spec_from_file_location(NAME, root / "__init__.py", submodule_search_locations=[str(root)])
    if spec is None or spec.loader is None:
        raise ImportError(f"{root} is not the LongTake pack. Run the scripts inside its folder.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = module
    spec.loader.exec_module(module)
