"""Write the page of all rules, `README.md` beside this file, from the rules themselves.

python -m longtake.scripts.rules.page            write it
python -m longtake.scripts.rules.page --check    exit 1 if it is not as the rules are
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

from .engine import SEVERITIES, Rule, all_rules
from .profiles import PROFILES

_PAGE = Path(__file__).with_name("README.md")
_HEAD = """# What the audit looks for

Generated from the rules: `python -m longtake.scripts.rules.page`. Do not edit.

`longtake audit PATH...` reads workflows of ComfyUI (files, folders, pictures and videos that carry one) and says what
will go wrong. An **error** makes the result wrong or the run fail, a **warning** is known to degrade it, an **info** is
a question or a house rule. A **safe** fix is made by `--fix`; an **unsafe** one, which may change what was meant, by
`--unsafe-fixes`; `--revert` gives the file its bytes back. A workflow allows a finding with
`"extra": {"longtake": {"allow": ["rule-name"]}}`.
"""
_FIX = {"safe": "safe", "unsafe": "unsafe", "none": "-"}


def page() -> str:
    """The page as Markdown."""
    rules = sorted(all_rules(), key=lambda rule: (-SEVERITIES.index(rule.severity), rule.name))
    table = [
        f"| [{rule.name}](#{rule.name.replace('+', '')}) | {rule.severity} | {_FIX[rule.fix]} | {rule.summary} |"
        for rule in rules
    ]
    houses = [f"| {profile.name} | {profile.about} |" for profile in PROFILES.values()]
    parts = [
        _HEAD,
        "| rule | severity | fix | finds |\n| --- | --- | --- | --- |\n" + "\n".join(table) + "\n",
        "## Profiles\n\n`--profile NAME` holds a graph to the values of one house.\n\n"
        "| profile | |\n| --- | --- |\n" + "\n".join(houses) + "\n",
        *(_entry(rule) for rule in all_rules()),
    ]
    return "\n".join(parts)


def _entry(rule: Rule) -> str:
    first, _, rest = rule.page.partition("\n")
    lines = [f"## {rule.name}\n", f"{first}\n"]
    if rule.names != (rule.name,):
        lines.append(f"Reports as: {', '.join(rule.names)}.\n")
    if rule.opt_in:
        lines.append("Only runs when it is selected, or by a profile.\n")
    for block in textwrap.dedent(rest).strip("\n").split("\n\n"):
        head, _, body = block.partition("\n")
        if body and not head.startswith(" ") and body.startswith("    "):
            lines += [f"**{head}**\n", f"{textwrap.dedent(body)}\n"]
        else:
            lines.append(f"{textwrap.dedent(block)}\n")
    return "\n".join(lines)


def main() -> int:
    """Write the page, or check it."""
    text = page()
    if "--check" in sys.argv[1:]:
        if _PAGE.exists() and _PAGE.read_text(encoding="utf-8") == text:
            return 0
        print(f"{_PAGE.name} is not as the rules are; run this without --check.", file=sys.stderr)
        return 1
    _PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
