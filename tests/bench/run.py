"""The bench: the Rust functions, what one would use in their place, sweeps, a storm; round by round on one AWS.

usage: run.py [--only transfer|trail|vpc|sweeps|growth|storm|access|replay] [--rounds N] [--markdown FILE] FOLDER CUSTODIAN_VENV
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NoReturn

from bench import access, growth, replay, storm, sweeps, transfer
from bench.custodian import installed
from bench.table import Cells, markdown, plain
from bench.trail import TRAIL
from bench.vpc import VPC
from local_aws.processes import Faults, Moto


def notes(rounds: int) -> list[str]:
    """How to read every table."""
    return [
        f"Medians (and extremes) of {rounds} alternating rounds, each with a fresh process and a fresh account; "
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}.",
        "Times are wall-clock times of the whole process and include the local AWS, which runs on the same cores. "
        "CPU times are user plus system.",
    ]


def end(number: int, _frame: object) -> NoReturn:
    """Ends as an exception does, so that nothing that was started stays."""
    sys.exit(128 + number)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measures the functions beside boto3 and Cloud Custodian.")
    parser.add_argument("folder", type=Path, help="where the release binaries are")
    parser.add_argument("custodian", type=Path, help="the virtual environment of Cloud Custodian")
    benches = ["transfer", "trail", "vpc", "sweeps", "growth", "storm", "access", "replay"]
    parser.add_argument("--only", choices=benches)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--markdown", type=Path, help="also write the tables to this file")
    asked = parser.parse_args()
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, end)

    folder, document = asked.folder.resolve(), []
    few = min(asked.rounds, sweeps.ROUNDS)
    with ExitStack() as running:
        moto = running.enter_context(Moto())
        faults = running.enter_context(Faults(moto))
        custodian = installed(asked.custodian.resolve(), running)
        benches: dict[str, tuple[int, Callable[[int], tuple[Cells, list[str]]]]] = {
            "transfer": (asked.rounds, partial(transfer.bench, folder / "transfer", moto, faults)),
            "trail": (asked.rounds, partial(TRAIL.bench, folder / "trail", custodian, moto, faults)),
            "vpc": (asked.rounds, partial(VPC.bench, folder / "vpc", custodian, moto, faults)),
            "storm": (few, partial(storm.bench, folder / "monitoring", moto, faults)),
            "access": (few, partial(access.bench, folder / "examples" / "access_reader")),
            "replay": (few, partial(replay.bench, folder / "examples" / "replay_folder")),
            "sweeps": (few, partial(sweeps.bench, folder, moto, faults)),
            "growth": (1, partial(growth.bench, folder, moto)),
        }
        for name, (rounds, bench) in benches.items():
            if asked.only in (None, name):
                cells, told = bench(rounds)
                told = [*notes(rounds), *told]
                print("\n".join(["", plain(cells), "", *told]), flush=True)
                document.append("\n\n".join([markdown(cells), "\n".join(f"- {line}" for line in told)]))
    if asked.markdown:
        asked.markdown.write_text("\n\n".join(document) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
