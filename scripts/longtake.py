"""The command line of LongTake.

    longtake plan speech.wav
    longtake demo -o talking.mp4
    longtake takes list
    longtake audit workflow.json

Installed, it is `longtake`; from a custom_nodes folder, with nothing installed, it is
`python custom_nodes/<folder>/scripts/longtake.py`.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

#: Every command: the module that holds its `add_arguments` and `run`, and what it does.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "plan": ("plan_command", "which windows a sound takes, and what each adds to the video"),
    "demo": ("demo_command", "a video from a picture and a sound, with a small painter in place of a model"),
    "takes": ("takes_command", "list, show, retake, join and clean what was made"),
    "audit": ("audit", "find what is wrong with workflow files, and mend it"),
    "measure": ("measure", "measure a video: length, seams, colours"),
}

MISUSE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. 0: done, nothing found; 1: something found; 2: misuse."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_overview(), file=sys.stdout if arguments else sys.stderr)
        return 0 if arguments else MISUSE
    name, *rest = arguments
    if name not in COMMANDS:
        print(f"There is no command {name!r}. Use one of {', '.join(COMMANDS)}.", file=sys.stderr)
        return MISUSE
    try:
        return _run(name, rest)
    except FileNotFoundError as error:
        said = f"there is no file {error.filename}." if error.filename else str(error)
    except (ValueError, OSError) as error:
        said = str(error)
    except ModuleNotFoundError as error:
        said = f"{error}. Install it with this Python, or use ComfyUI's."
    except KeyboardInterrupt:
        said = "stopped. Run it again to go on."
    print(f"longtake {name}: {said}", file=sys.stderr)
    return MISUSE


def _run(name: str, arguments: Sequence[str]) -> int:
    module_name, purpose = COMMANDS[name]
    module: Any = importlib.import_module(f".{module_name}", __package__ or "longtake.scripts")
    parser = Parser(prog=f"longtake {name}", description=f"{purpose[0].upper()}{purpose[1:]}.")
    module.add_arguments(parser)
    return int(module.run(parser.parse_args(arguments)))


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the whole usage."""

    def error(self, message: str) -> NoReturn:
        """Exit with status 2."""
        self.exit(MISUSE, f"{self.prog}: {message}. See {self.prog} --help.\n")


def _overview() -> str:
    lines = ["usage: longtake COMMAND ...", ""]
    lines += [f"  {name:9}{purpose}" for name, (_, purpose) in COMMANDS.items()]
    return "\n".join([*lines, "", "longtake COMMAND --help says more of each."])


if __name__ == "__main__":
    if not __package__:
        import runpy
        from pathlib import Path

        runpy.run_path(str(Path(__file__).with_name("package.py")))["load"]()
    sys.exit(main())
