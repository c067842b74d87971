"""Replay: a million records of CloudTrail from gzipped files, on one core, in memory that does not grow with them."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.access import Read, read
from bench.table import Cells, spread, verdict

HERE = Path(__file__).parent
RECORDS, FEW = 1_000_000, 100_000
AIM = 200_000
"""Records that a core reads and judges in a second."""


def found(printed: bytes) -> int:
    """How many records were judged; what was planted among them must have been found."""
    report = json.loads(printed)
    fights = [(it["control"], it["times"]) for it in report["fights"]]
    calls = {it["call"] for it in report["losses"]}
    if fights != [("log-bucket-https-only", 31)] or not {"StopLogging", "DeleteTrail"} <= calls:
        raise RuntimeError(f"what was planted is not found: {fights}, {calls}")
    return int(report["read"]["records"])


def bench(replay: Path, rounds: int) -> tuple[Cells, list[str]]:
    """The table, and how to read it."""
    done: dict[int, list[Read]] = {FEW: [], RECORDS: []}
    with tempfile.TemporaryDirectory() as folder:
        for records in done:
            into = Path(folder, str(records))
            subprocess.run([sys.executable, str(HERE / "replay_records.py"), str(into), str(records)], check=True)
        packed = sum(it.stat().st_size for it in Path(folder, str(RECORDS)).rglob("*.gz")) / 1e6
        for number in range(rounds):
            for records, of in done.items():
                of.append(read([str(replay), str(Path(folder, str(records)))], found))
            print(f"replay: round {number + 1} of {rounds}", file=sys.stderr)
    speed = statistics.median(it.lines / it.cpu for it in done[RECORDS])
    cells = [
        ["measure", *(f"{records:,} records" for records in done)],
        ["records for each second of CPU time", *(spread([it.lines / it.cpu for it in of]) for of in done.values())],
        ["time for all of it, s", *(spread([it.wall for it in of]) for of in done.values())],
        ["peak memory, MB", *(spread([it.peak_mb for it in of]) for of in done.values())],
    ]
    return cells, [
        f"Files as CloudTrail delivers them, {packed:.0f} MB packed for the million, written by `tests/bench/replay_records.py`: one "
        "record in a hundred is a call that is watched. The process is pinned to one core.",
        f"The aim is {AIM:,} records per second on one core: {speed:,.0f}, {verdict(speed >= AIM)}.",
    ]
