"""Holds the pages for users and contributors to what is there: make targets, files, functions and settings."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    *sorted(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")),
)
SETTINGS = ROOT / "tests" / "golden" / "settings.json"

# A word is a path in this repository when its first part is one of these, or when it is a Markdown link's target.
TOP = {entry.name for entry in ROOT.iterdir()} - {"target"}


def targets() -> set[str]:
    """What `make` knows."""
    makefile = (ROOT / "Makefile").read_text()
    return set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))


def settings() -> set[str]:
    """The variables that the functions read."""
    return {setting["name"] for setting in json.loads(SETTINGS.read_text())}


def code(text: str) -> str:
    """What stands in backticks or in fenced blocks."""
    fenced = re.findall(r"^ *```.*?\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    rest = re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
    return "\n".join([*fenced, *re.findall(r"`([^`\n]+)`", rest)])


def commands(page: str, text: str) -> Iterator[str]:
    """Every `make` and `cargo lambda invoke` names something that is there."""
    known = targets()
    for target in re.findall(r"(?:^|[\s(&;|])make ([a-z][a-z-]*)", code(text)):
        if target not in known:
            yield f"{page}: `make {target}` is no target of the Makefile"
    for function in re.findall(r"cargo lambda invoke ([a-z][a-z-]*)", code(text)):
        if not (ROOT / "functions" / function).is_dir():
            yield f"{page}: `cargo lambda invoke {function}` is no function"


def paths(page: str, text: str) -> Iterator[str]:
    """Every file that is named or linked exists. `<...>` and `*` stand for any name."""
    linked = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text)
    named = re.findall(r"(?<![\w./:-])\.?[\w.][\w.<>*-]*(?:/[\w.<>*-]+)*/?", code(text))
    # A link is meant from its page, a name in code from the root.
    folder = (ROOT / page).parent
    places = {*((folder, path) for path in linked), *((ROOT, name) for name in named if is_ours(name))}
    for place, path in sorted(places):
        pattern = re.sub(r"<[^>]*>", "*", path.rstrip("/"))
        if not any(place.glob(pattern)):
            yield f"{page}: {path} is not there"


def is_ours(name: str) -> bool:
    """Whether a word in code is meant as a path in this repository."""
    return "/" in name and name.split("/")[0] in TOP


def variables(page: str, text: str) -> Iterator[str]:
    """Every setting that is named is one."""
    for name in sorted(set(re.findall(r"\bTRAILKEEPER_[A-Z_]*[A-Z]\b", text)) - settings()):
        yield f"{page}: {name} is no setting of the functions"


def parameters(page: str, text: str) -> Iterator[str]:
    """Every parameter that `make deploy` is given is one of the template's."""
    template = (ROOT / "template.yaml").read_text().partition("\nParameters:\n")[2].partition("\nConditions:\n")[0]
    known = set(re.findall(r"^  (\w+):$", template, re.MULTILINE))
    for given in re.findall(r"PARAMETERS='([^']*)'", text):
        for name in sorted(set(re.findall(r"(?:^|\s)([A-Z]\w+)=", given)) - known - {"Name", "Other"}):
            yield f"{page}: {name} is no parameter of the template"


def anchors(page: str, text: str) -> Iterator[str]:
    """Every heading that a link names is on its page."""
    for path, anchor in re.findall(r"\]\((?!https?:|mailto:)([^)#\s]*)#([^)\s]+)\)", text):
        file = (ROOT / page).parent / path if path else ROOT / page
        if file.suffix != ".md" or not file.is_file():
            continue
        headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", file.read_text(), flags=re.M | re.S), re.MULTILINE)
        slugs = {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
        if anchor not in slugs:
            yield f"{page}: {path}#{anchor} is no heading"


def main() -> int:
    problems = []
    for page in PAGES:
        file = ROOT / page
        if not file.is_file():
            problems.append(f"{page} is not there")
            continue
        text = file.read_text()
        problems += [*commands(page, text), *paths(page, text), *variables(page, text), *parameters(page, text), *anchors(page, text)]
    print("\n".join(problems) or f"{', '.join(PAGES)}: every command, file and setting is there")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
