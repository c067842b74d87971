"""Access logs: the reader of the function beside one in Python and GoAccess, on the same file and on one core."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.measure import cpu_seconds, peak_until_end
from bench.table import Cells, spread, verdict

HERE = Path(__file__).parent
LINES = 400_000
AIM = 400
"""Megabytes that a core reads and judges in a second."""


@dataclass(frozen=True)
class Read:
    """What reading the file took, in seconds and MB; and how many lines of it were understood."""

    wall: float
    cpu: float
    peak_mb: float
    lines: int


def read(command: list[str], understood: Callable[[bytes], int]) -> Read:
    """Runs a reader on one core. What it prints says how many lines it has understood."""
    with tempfile.TemporaryFile() as printed:
        began = time.perf_counter()
        pinned = ["taskset", "--cpu-list", str(min(os.sched_getaffinity(0))), *command]
        process = subprocess.Popen(pinned, stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.DEVNULL)
        peak = peak_until_end(process.pid)
        # It has ended and is not waited for yet: its clock can still be read.
        wall, cpu = time.perf_counter() - began, cpu_seconds(process.pid)
        if process.wait() != 0:
            raise RuntimeError(f"{command} ended with {process.returncode}")
        printed.seek(0)
        return Read(wall, cpu, peak * 1024 / 1e6, understood(printed.read()))


def ours(printed: bytes) -> int:
    """Of the report of the Rust reader, and of the one in Python."""
    report = json.loads(printed)
    return report["lines"] - report["blank"] - report["malformed"]


def contenders(rust: Path, file: Path, report: Path) -> dict[str, Callable[[], Read]]:
    """What reads the file: each gives what that took."""
    python = [sys.executable, str(HERE / "access_python.py")]
    by = {
        "Rust": lambda: read([str(rust), str(file)], ours),
        "Python": lambda: read([*python, str(file)], ours),
    }
    # Debian's only reader of this format. It counts visits, and judges nothing.
    if shutil.which("goaccess"):
        given = ["--log-format=AWSS3", "--no-global-config", "--no-progress", "-o", str(report)]
        by["GoAccess"] = lambda: read(
            ["goaccess", str(file), *given], lambda _: json.loads(report.read_text())["general"]["valid_requests"])
    return by


def bench(rust: Path, rounds: int) -> tuple[Cells, list[str]]:
    """The table, and how to read it."""
    with tempfile.TemporaryDirectory() as folder:
        file, long = Path(folder, "access.log"), Path(folder, "long.log")
        with file.open("wb") as log:
            subprocess.run([sys.executable, str(HERE / "access_lines.py"), str(LINES)], stdout=log, check=True)
        megabytes = file.stat().st_size / 1e6
        by = contenders(rust, file, Path(folder, "report.json"))
        same = subprocess.run([sys.executable, str(HERE / "access_python.py"), str(file), str(rust)], check=False)
        if same.returncode != 0:
            raise RuntimeError("Python counts something else than Rust")
        done: dict[str, list[Read]] = {name: [] for name in by}
        for number in range(rounds):
            for name in list(by) if number % 2 == 0 else reversed(list(by)):
                done[name].append(by[name]())
            print(f"access: round {number + 1} of {rounds}", file=sys.stderr)
        with long.open("wb") as log:
            for _ in range(10):
                log.write(file.read_bytes())
        whole = read([str(rust), str(long)], ours)

    def row(name: str, value: Callable[[Read], float]) -> list[str]:
        return [name, *(spread([value(it) for it in of]) for of in done.values())]

    speed = statistics.median(megabytes / it.cpu for it in done["Rust"])
    cells = [
        ["measure", *done],
        row("MB for each second of CPU time", lambda it: megabytes / it.cpu),
        row("time for all of it, s", lambda it: it.wall),
        row("peak memory, MB", lambda it: it.peak_mb),
        ["lines understood", *(f"{of[0].lines:,}" for of in done.values())],
    ]
    return cells, [
        f"{LINES:,} lines, {megabytes:.0f} MB, written by `tests/bench/access_lines.py`: mostly deliveries and "
        "configured readers, and some of everything that gets reported. Each process is pinned to one core.",
        f"The aim is {AIM} MB per second on one core: {speed:.0f}, {verdict(speed >= AIM)}. Ten times that file, "
        f"{megabytes / 100:.1f} GB, took {whole.wall:.1f} s and {whole.peak_mb:.1f} MB of memory.",
        "The Python reader, a regular expression and dictionaries, applies the same rules. Before the rounds its counts "
        "of requests, denials and bytes for each finding were compared with Rust's and were identical.",
    ] + ([] if "GoAccess" in by else ["GoAccess is not installed here."])
