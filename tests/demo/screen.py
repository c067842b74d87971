"""What the demo prints: headings, results and shortened JSON, in colour on a terminal only."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from typing import Any

WIDTH = max(60, min(120, shutil.get_terminal_size((100, 24)).columns))
"""That of the terminal, or what COLUMNS says; text of more than 120 columns is hard to read."""
COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ


def _styled(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if COLOUR else text


def _wrapped(line: str) -> list[str]:
    """Lines that fit beside a name; names of AWS stay whole."""
    return textwrap.wrap(line, WIDTH - 26, break_long_words=False, break_on_hyphens=False) or [""]


def heading(text: str) -> None:
    """A new chapter."""
    print(f"\n{_styled(text, '1;36')}\n{_styled('─' * min(len(text), WIDTH), '36')}", flush=True)


def note(text: str) -> None:
    """What happens now, or what the next lines are."""
    for line in text.splitlines():
        for part in textwrap.wrap(line, WIDTH, break_long_words=False, break_on_hyphens=False) or [""]:
            print(_styled(part, "1"), flush=True)


def fact(name: str, value: str) -> None:
    """One named thing; a long value goes on under its beginning."""
    lines = [part for line in value.splitlines() or [""] for part in _wrapped(line)]
    if max(map(len, lines)) > WIDTH - 26:
        # A name of AWS that does not fit beside its own name stands below it, and stays whole.
        print(f"  {name}", *(f"      {line}" for line in lines), sep="\n")
        return
    print(f"  {name:<22}  {lines[0]}")
    for line in lines[1:]:
        print(" " * 26 + line)


def folded(text: str, columns: int | None = None) -> str:
    """The same with its long lines broken, and gone on with under their own beginning; a command stays one."""
    columns = columns or WIDTH - 4
    found = []
    for line in text.splitlines():
        under = " " * (len(line) - len(line.lstrip(" -")) + 2)
        ends = " \\" if line.lstrip().startswith("aws ") else ""
        lines = textwrap.wrap(
            line, columns - len(ends), subsequent_indent=under, break_long_words=False, break_on_hyphens=False
        ) or [""]
        found += [*(part + ends for part in lines[:-1]), lines[-1]]
    return "\n".join(found)


def block(text: str) -> None:
    """Text of others, set off by a bar."""
    for line in folded(text.rstrip()).splitlines():
        print(f"  {_styled('│', '36')} {line}")
    sys.stdout.flush()


def beginning(text: str, lines: int) -> str:
    """The first lines, and how many more there are."""
    whole = text.rstrip().splitlines()
    left = len(whole) - lines
    return text if left <= 1 else "\n".join([*whole[:lines], f"… {left} more lines"])


def row(name: str, value: str) -> None:
    """One short name, and what is said of it."""
    lines = textwrap.wrap(value, WIDTH - 10, break_long_words=False, break_on_hyphens=False) or [""]
    print(f"  {name:<7} {lines[0]}")
    for line in lines[1:]:
        print(" " * 10 + line)
    sys.stdout.flush()


def check(holds: bool, text: str) -> None:
    """One claim, and whether it held."""
    mark = _styled("✓", "32") if holds else _styled("✗", "1;31")
    lines = textwrap.wrap(text, WIDTH - 4, break_long_words=False, break_on_hyphens=False)
    print(f"  {mark} {lines[0]}", *(f"    {line}" for line in lines[1:]), sep="\n", flush=True)


def compact(value: Any, indent: int = 0, lead: int = 0) -> str:
    """JSON for people: what fits on one line stays on one. `lead` is what stands before it on its first line."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or indent + lead + len(line) <= WIDTH:
        return line
    inner = indent + 2
    if isinstance(value, dict):
        names = [json.dumps(key, ensure_ascii=False) + ": " for key in value]
        parts = [name + compact(item, inner, len(name)) for name, item in zip(names, value.values(), strict=True)]
    else:
        parts = [compact(item, inner) for item in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    between = ",\n" + " " * inner
    return f"{opening}\n{' ' * inner}{between.join(parts)}\n{' ' * indent}{closing}"
