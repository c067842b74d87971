"""The example of docs/check.md is what the command prints, in part.

With UPDATE=1 in the environment the page is written anew, to be proofread.
"""

from __future__ import annotations

import os
import re

import seeded
from local_aws.processes import Moto
from repository import ROOT
from undoing import Desk

PAGE = ROOT / "docs" / "check.md"
BLOCK = re.compile(r"(?<=```text\n)┌?.*?(?=```)", re.DOTALL)
LEFT_OUT = ".."
ROWS = ("cloudtrail-multi-region", "cloudtrail-logging", "log-bucket-delivery", "log-bucket-https-only", "vpc-flow-logs", "config-recorder")
"""The rows of the table that the page shows."""


def test_the_example_is_a_real_run(moto: Moto) -> None:
    seeded.seed(moto)
    done = Desk(moto.endpoint, table=None).run("check", "--no-history")
    assert done.code == 2, done
    page = PAGE.read_text()
    made = BLOCK.sub(lambda _: in_part(done.out), page, count=1)
    if os.environ.get("UPDATE"):
        PAGE.write_text(made)
    assert PAGE.read_text() == made, "run this test with UPDATE=1 and look at the difference"


def in_part(out: str) -> str:
    """The conclusion, some rows of the table, the first finding, and what could not be told."""
    head, *findings = out.split("\n\n")
    table, *findings = findings
    rows = table.splitlines()
    kept = [*rows[:3], *(row for row in rows[3:] if row.strip("│ ").split(" ")[0] in ROWS), blank(rows[1]), rows_end(rows)]
    unknown = next(it for it in findings if it.startswith("COULD NOT BE TOLD"))
    parts = [head, "\n".join(kept), wrapped(findings[0]), LEFT_OUT, wrapped(unknown), findings[-1]]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def blank(head: str) -> str:
    """A row that stands for those that are left out."""
    row = re.sub(r"[^│┆]", " ", head)
    return row[:2] + LEFT_OUT + row[2 + len(LEFT_OUT):]


def rows_end(rows: list[str]) -> str:
    """The last line of the table."""
    return next(row for row in rows if row.startswith("└"))


def wrapped(text: str, width: int = 126) -> str:
    """The text with long lines broken at spaces, as a page has them."""
    lines = []
    for line in text.splitlines():
        indent = " " * (len(line) - len(line.lstrip()) + 4)
        while len(line) > width and " " in line[len(indent):width]:
            at = line.rindex(" ", len(indent), width)
            lines.append(line[:at])
            line = indent + line[at + 1:]
        lines.append(line)
    return "\n".join(lines)
