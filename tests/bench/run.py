"""The bench: the Rust function and the same function in Python with boto3, round by round on one local AWS.

usage: run.py [--rounds N] [--markdown FILE] BINARY
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))

from bench.measure import Calls, Contender, Round, answer_time, count, measure  # noqa: E402
from local_aws.processes import Faults, Moto  # noqa: E402

BINARY_LIMIT_MB = 8.0


@dataclass(frozen=True)
class Row:
    """One measure of both contenders. `aim` is the least ratio that we want, boto3 to Rust."""

    name: str
    unit: str
    value: Callable[[Round], float]
    aim: float | None = None


ROWS = [
    Row("start: exec to the first request for an event", "ms", lambda r: r.first_next * 1e3, 15),
    Row("cold event: exec to the proven repair", "ms", lambda r: r.cold * 1e3, 8),
    Row("  of it CPU time of the function", "ms", lambda r: r.cold_cpu * 1e3),
    Row("  of it CPU time of the local AWS", "ms", lambda r: r.cold_aws_cpu * 1e3),
    Row("warm event: the server is as it must be", "ms", lambda r: r.warm * 1e3),
    Row("  of it CPU time of the function", "ms", lambda r: r.warm_cpu * 1e3),
    Row("peak memory", "MB", lambda r: r.peak_kib * 1024 / 1e6, 4),
]


def spread(values: list[float]) -> str:
    """A median with its extremes."""
    return f"{statistics.median(values):.1f} ({min(values):.1f}..{max(values):.1f})"


def table(rust: list[Round], boto3: list[Round], calls: tuple[Calls, Calls], binary_mb: float) -> list[list[str]]:
    """The cells: the measure, each contender, their ratio, and what we aim at."""
    cells = [["measure", "Rust", "Python, boto3", "ratio", "aim"]]
    for row in ROWS:
        ours, theirs = [row.value(r) for r in rust], [row.value(r) for r in boto3]
        ratio = statistics.median(theirs) / statistics.median(ours)
        verdict = "" if row.aim is None else f">= {row.aim:g}: {'met' if ratio >= row.aim else 'MISSED'}"
        cells.append([f"{row.name}, {row.unit}", spread(ours), spread(theirs), f"{ratio:.1f}", verdict])
    for name, of in (
        ("API calls of the repair", lambda c: len(c.repair)),
        ("API calls of the check", lambda c: len(c.check)),
        ("  of them one after another", lambda c: c.check_in_sequence),
    ):
        cells.append([name, *(str(of(c)) for c in calls), "", ""])
    fits = "met" if binary_mb <= BINARY_LIMIT_MB else "MISSED"
    cells.append(["binary, stripped, MB", f"{binary_mb:.1f}", "", "", f"<= {BINARY_LIMIT_MB:g}: {fits}"])
    return cells


def notes(rounds: int, answer: float, calls: tuple[Calls, Calls]) -> list[str]:
    """How to read the table."""
    named = [", ".join(call.operation for call in c.repair) for c in calls]
    return [
        f"Medians (and extremes) of {rounds} alternating rounds, each with a fresh process and a fresh account; "
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}.",
        "Times are wall-clock times of the whole process and hold the local AWS's own: it answers one small read in "
        f"{answer * 1e3:.1f} ms (median, asked by boto3), and runs on the same cores. CPU times are user and system.",
        f"Calls of the repair, Rust: {named[0]}.",
        f"Calls of the repair, boto3: {named[1]}.",
    ]


def plain(cells: list[list[str]]) -> str:
    """The table for a terminal."""
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def markdown(cells: list[list[str]]) -> str:
    """The table for a document."""
    rows = ["| " + " | ".join(cell.replace("  ", "&nbsp; ") for cell in row) + " |" for row in cells]
    return "\n".join([rows[0], "| --- | --- | --- | --- | --- |", *rows[1:]])


def end(number: int, _frame: object) -> NoReturn:
    """Ends as an exception does, so that nothing that was started stays."""
    sys.exit(128 + number)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measures the transfer function beside the same one with boto3.")
    parser.add_argument("binary", type=Path, help="the release binary of the transfer function")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--markdown", type=Path, help="also write the table to this file")
    asked = parser.parse_args()
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, end)

    rust = Contender("Rust", [str(asked.binary.resolve())])
    boto3 = Contender("boto3", [sys.executable, str(TESTS / "bench" / "boto3_transfer.py")])
    measured: dict[str, list[Round]] = {rust.name: [], boto3.name: []}
    with Moto() as moto:
        # Once without counting: moto and the disk's cache meet each service for the first time.
        for contender in (rust, boto3):
            measure(contender, moto)
        for number in range(asked.rounds):
            # Whoever goes first in one round goes second in the next.
            for contender in (rust, boto3) if number % 2 == 0 else (boto3, rust):
                measured[contender.name].append(measure(contender, moto))
            print(f"round {number + 1} of {asked.rounds}", file=sys.stderr)
        with Faults(moto) as faults:
            calls = count(rust, moto, faults), count(boto3, moto, faults)
        answer = answer_time(moto)

    cells = table(measured["Rust"], measured["boto3"], calls, asked.binary.stat().st_size / 1e6)
    told = notes(asked.rounds, answer, calls)
    print("\n".join(["", plain(cells), "", *told]))
    if asked.markdown:
        asked.markdown.write_text("\n\n".join([markdown(cells), "\n".join(f"- {line}" for line in told)]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
