"""One scheduled event over few and over many resources: time, calls, and whether memory grows with the account."""

from __future__ import annotations

import re
import statistics
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from bench.full_account import KEYS, VPCS, Kind
from bench.measure import Spent, Watch, environment
from bench.table import Cells, spread
from envelope import schedule
from local_aws.processes import ACCOUNT, REGION, Faults, Moto
from local_aws.server import request
from runtime_api import Answer, Function

ROUNDS = 3
"""The most that is worth while: a sweep takes seconds, and KMS's quota keeps one at more than two minutes."""
DEADLINE_SECONDS = 300.0
"""What the template gives a function."""
COUNTED = re.compile(r'microburst_faults_total\{service="(.+?)",operation="(.+?)",.*\} (\d+)')
HEAD = [
    "sweep", "resources", "time, s", "CPU time of the process, ms", "API calls", "peak memory, MB",
    "more than for the few, MB",
]
PASSES = {"fixed": "all to be fixed", "compliant": "again, all compliant"}


@dataclass(frozen=True)
class Sweep:
    """What one process took for one scheduled event."""

    spent: Spent
    peak_mb: float


Measured = dict[tuple[str, int, str], list[Sweep]]


def sweep(binary: Path, moto: Moto, endpoint: str) -> tuple[Sweep, Answer]:
    """One process from its start to the answer of its only event."""
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:trailkeeper-reports"
    settings = environment(endpoint, TRAILKEEPER_TOPIC_ARN=topic)
    function, given = Function([str(binary)], settings, timeout=DEADLINE_SECONDS), schedule()
    watch = Watch(moto)
    with function as process:
        answer = process.invoke(given)
        return Sweep(watch.stop(process.pid), process.peak_rss_kib * 1024 / 1e6), answer


def account(kind: Kind, count: int, moto: Moto) -> set[str]:
    """An account with nothing but a topic and so many of these resources; their ids."""
    moto.reset()
    # After a reset moto makes IAM's 1,600 managed policies anew at the first call.
    moto.client("iam").list_roles()
    moto.client("sns").create_topic(Name="trailkeeper-reports")
    found = kind.make(moto, count)
    if len(found) != count:
        raise RuntimeError(f"{count} {kind.what} were asked for, and there are {len(found)}")
    return found


def expect(wanted: dict[str, int], answer: Answer) -> None:
    """Fails unless so many resources ended so; an answer may leave out what it has no room for."""
    if not answer.ok:
        raise RuntimeError(f"the function failed: {answer.error_message or answer.raw!r}")
    found = Counter(it["status"] for it in answer.body["results"])
    omitted = answer.body.get("omitted", 0)
    whole = found.total() + omitted == sum(wanted.values())
    if not whole or any(times > wanted.get(status, 0) for status, times in found.items()):
        raise RuntimeError(f"{wanted} was expected: {dict(found)} and {omitted} more")


def both(binary: Path, kind: Kind, count: int, moto: Moto, endpoint: str) -> dict[str, Sweep]:
    """The sweep that repairs an account, and another process's sweep over what is right."""
    ids, found = account(kind, count, moto), {}
    for status in PASSES:
        found[status], answer = sweep(binary, moto, endpoint)
        expect({status: count}, answer)
        if kind.right(moto, ids) != ids:
            raise RuntimeError(f"{count} {kind.what}: not all are right, whatever was said")
    return found


def counts(faults: Faults) -> Counter[str]:
    """How often each operation was called since the proxy was started; its record of calls is too short for this."""
    told = str(request("GET", f"{faults.endpoint}/_microburst/metrics"))
    found: Counter[str] = Counter()
    for _, operation, times in COUNTED.findall(told):
        found[operation] += int(times)
    return found


def count(binary: Path, kind: Kind, size: int, moto: Moto, faults: Faults) -> dict[str, Counter[str]]:
    """The calls of both sweeps."""
    ids, found = account(kind, size, moto), {}
    faults.clear()
    for status in PASSES:
        before = counts(faults)
        _, answer = sweep(binary, moto, faults.endpoint)
        found[status] = counts(faults) - before
        expect({status: size}, answer)
    return found


def one_spoilt(binary: Path, kind: Kind, moto: Moto, faults: Faults) -> str:
    """A sweep in which one resource cannot be repaired; fails unless all others are. What it says of that one."""
    ids = account(kind, kind.few, moto)
    faults.clear()
    kind.spoil(moto, faults, ids)
    _, answer = sweep(binary, moto, faults.endpoint)
    faults.clear()
    results = answer.body["results"] if answer.ok else []
    wrong = next((it for it in results if it["status"] != "fixed"), {"status": "none"})
    expect({"fixed": kind.few - 1, wrong["status"]: 1}, answer)
    if kind.right(moto, ids) != {it for it in ids if not wrong["resource"].endswith(it)}:
        raise RuntimeError(f"not all but {wrong['resource']} are right, whatever was said")
    why = wrong["because"].partition(" (")[0]
    return (
        f"Of {kind.few} {kind.what} one cannot be repaired, {kind.spoilt}: {wrong['status']} "
        f"({why}), and the other {kind.few - 1} are fixed."
    )


def rows(kind: Kind, status: str, measured: Measured, calls: dict[int, int]) -> Cells:
    """Few and many, and by how much memory grew between them."""
    cells, least = [], None
    for size in (kind.few, kind.many):
        done = measured[kind.family, size, status]
        peak = statistics.median(it.peak_mb for it in done)
        grown = "" if least is None else f"{peak - least:+.1f}"
        least = peak if least is None else least
        cells.append([
            f"{kind.family}: {PASSES[status]}", f"{size:,}", spread([it.spent.wall for it in done]),
            spread([it.spent.cpu * 1e3 for it in done]), f"{calls[size]:,}", spread([it.peak_mb for it in done]), grown,
        ])
    return cells


def bench(
    folder: Path, moto: Moto, faults: Faults, rounds: int, kinds: tuple[Kind, ...] = (VPCS, KEYS)
) -> tuple[Cells, list[str]]:
    """The table, and how to read it."""
    measured: Measured = {}
    work = [(kind, size) for kind in kinds for size in (kind.few, kind.many)]
    for number in range(rounds):
        for kind, size in work if number % 2 == 0 else reversed(work):
            for status, done in both(folder / kind.family, kind, size, moto, moto.endpoint).items():
                measured.setdefault((kind.family, size, status), []).append(done)
        print(f"sweeps: round {number + 1} of {rounds}", file=sys.stderr)
    cells, told = [HEAD], []
    for kind in kinds:
        binary = folder / kind.family
        made = {size: count(binary, kind, size, moto, faults) for size in (kind.few, kind.many)}
        for status, name in PASSES.items():
            cells += rows(kind, status, measured, {size: it[status].total() for size, it in made.items()})
            told += [f"Calls, {size:,} {kind.what}, {name}: {named(it[status])}." for size, it in made.items()]
        told.append(one_spoilt(binary, kind, moto, faults))
    return cells, [
        "One region, one scheduled event in enforce mode, with a report topic. Each sweep is a new process; the second "
        "runs in the account that the first one fixed. Time is from `exec` to the answer.",
        "EnableKeyRotation is called at most 15 times a second, which is KMS's quota: 2,000 keys take more than 133 s "
        f"of the {DEADLINE_SECONDS:g} s that the template gives the function.",
        *told,
    ]


def named(calls: Counter[str]) -> str:
    """The calls by name, those made most often first."""
    return ", ".join(name if times == 1 else f"{name} x{times:,}" for name, times in calls.most_common())
