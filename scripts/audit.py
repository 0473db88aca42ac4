"""Find what is wrong with workflow files, say why, and mend it.

    python scripts/audit.py workflow.json folder/ picture.png
    longtake audit --fix workflow.json

Runs from the pack's folder with nothing installed. Exit status: 0 nothing found, 1 something found, 2 misuse.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path


def _load() -> str:
    """The name of the package that this file belongs to; loaded from the folder around it if it is run alone."""
    if __package__:
        return __package__.rpartition(".")[0] or __package__
    import importlib.util  # noqa: PLC0415 - only when run as a file

    root = Path(__file__).resolve().parents[1]
    spec = importlib.util.spec_from_file_location(
        "longtake", root / "__init__.py", submodule_search_locations=[str(root)]
    )
    if spec is None or spec.loader is None:
        raise SystemExit(f"{root} is not the LongTake pack; run the audit.py inside it.")
    module = importlib.util.module_from_spec(spec)
    sys.modules["longtake"] = module
    spec.loader.exec_module(module)
    # The folder of this file holds `rules` and `workflow`; they are found through the package only.
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).resolve().parent]
    return "longtake"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; gives the exit status."""
    import importlib  # noqa: PLC0415 - the package's name is known only now

    command = importlib.import_module(f"{_load()}.scripts.rules.command")
    status: int = command.main(argv)
    return status


if __name__ == "__main__":
    raise SystemExit(main())
else:
    from .rules.command import add_arguments, run  # noqa: F401 - what `longtake audit` dispatches to
