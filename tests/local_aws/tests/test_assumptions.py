"""The page beside the layer lists every module that assumes what no page of AWS's says, and no other."""

from __future__ import annotations

import re
from pathlib import Path

LAYER = Path(__file__).resolve().parents[1]
WORD = re.compile(r"\bassumptions?\b")


def test_every_assumption_is_listed_and_every_listed_one_is_made() -> None:
    modules = {str(file.relative_to(LAYER).with_suffix("")): file.read_text() for file in LAYER.rglob("*.py")}
    made = {name for name, text in modules.items() if not name.startswith("tests/") and WORD.search(text)}
    _, table = (LAYER / "README.md").read_text().split("## Assumptions")
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`([\w/]+)`", row)} == made
