"""Find what is wrong with workflow files, say why, and mend it.

    python scripts/audit.py workflow.json folder/ picture.png
    longtake audit --fix workflow.json

Runs from the pack's folder with nothing installed. Exit status: 0 nothing found, 1 something found, 2 misuse.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; gives the exit status."""
    command = importlib.import_module(".rules.command", __package__ or "longtake.scripts")
    status: int = command.main(argv)
    return status


if __name__ == "__main__":
    if not __package__:
        import runpy
        from pathlib import Path

        runpy.run_path(str(Path(__file__).with_name("package.py")))["load"]()
    sys.exit(main())
else:
    from .rules.command import add_arguments, run  # noqa: F401 - what `longtake audit` dispatches to
