"""What every bench needs: rounds that alternate, one process and what it took, and the calls that it made."""

from __future__ import annotations

import os
import select
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from local_aws.processes import Call, Faults, Moto
from runtime_api import Answer, Function

# Slow enough that all else is small beside it: a chain of n calls takes n of these.
LATENCY_SECONDS = 0.5
# How often the memory of a process is looked at: nothing is left to read once it has ended.
LOOK_SECONDS = 0.005


@dataclass(frozen=True)
class Spent:
    """What one piece of work took, in seconds: on the wall, and CPU time of the process and of the local AWS."""

    wall: float
    cpu: float
    aws_cpu: float


@dataclass(frozen=True)
class Round:
    """What one fresh process did: started, answered its first event, answered more of them."""

    first_next: float | None
    cold: Spent
    warm: Spent
    peak_kib: int


Measure = Callable[[], Round]


class Watch:
    """Runs from its making; `pid` is the process that works, if there is one yet."""

    def __init__(self, moto: Moto, pid: int | None = None) -> None:
        self._moto = moto
        self._aws_before = cpu_seconds(moto.pid)
        self._before = 0.0 if pid is None else cpu_seconds(pid)
        self._began = time.perf_counter()

    def stop(self, pid: int) -> Spent:
        """What it took until now."""
        wall = time.perf_counter() - self._began
        return Spent(wall, cpu_seconds(pid) - self._before, cpu_seconds(self._moto.pid) - self._aws_before)


def cpu_seconds(pid: int) -> float:
    """The CPU time that a process has used, user and system, all threads: the kernel's clock of that process."""
    return time.clock_gettime((~pid << 3) | 2)


def peak_until_end(pid: int) -> int:
    """Waits for the end of a process, and returns the most memory that it was seen with, in KiB."""
    status, peak = Path(f"/proc/{pid}/status"), 0
    ended = os.pidfd_open(pid)
    try:
        while not select.select([ended], [], [], LOOK_SECONDS)[0]:
            for line in status.read_text().splitlines():
                if line.startswith("VmHWM:"):
                    peak = int(line.split()[1])
    finally:
        os.close(ended)
    return peak


def typical(spent: list[Spent]) -> Spent:
    """The median of each."""
    return Spent(*(statistics.median(getattr(it, name) for it in spent) for name in ("wall", "cpu", "aws_cpu")))


def environment(endpoint: str, **more: str) -> dict[str, str]:
    """What a function is told that repairs."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "TRAILKEEPER_MODE": "enforce",
        "TRAILKEEPER_REGIONS": "us-east-1",
    } | more


def alternate(measures: list[Measure], rounds: int, what: str) -> list[list[Round]]:
    """So many rounds of each; whoever goes first in one round goes last in the next."""
    # Once without counting: moto and the disk's cache meet each service for the first time.
    for measure in measures:
        measure()
    found: list[list[Round]] = [[] for _ in measures]
    for number in range(rounds):
        order = list(zip(measures, found, strict=True))
        for measure, done in order if number % 2 == 0 else reversed(order):
            done.append(measure())
        print(f"{what}: round {number + 1} of {rounds}", file=sys.stderr)
    return found


def one_process(
    function: Function,
    moto: Moto,
    event: Callable[[], dict[str, object]],
    first: Callable[[Answer], None],
    before: Callable[[], object],
    after: Callable[[Answer], None],
    times: int,
) -> Round:
    """One process from its start through its first event to so many more like it.

    `event` makes each, as what was repaired for an event may not be repaired anew for the same. `first` and `after`
    fail where the answer is not the one that is measured; `before` makes the account ready.
    """
    given = event()
    watch = Watch(moto)
    with function as process:
        answer = process.invoke(given)
        cold = watch.stop(process.pid)
        first(answer)
        warm = []
        for _ in range(times):
            before()
            given = event()
            watch = Watch(moto, process.pid)
            answer = process.invoke(given)
            warm.append(watch.stop(process.pid))
            after(answer)
        return Round(process.first_next, cold, typical(warm), process.peak_rss_kib)


def calls_of(faults: Faults, work: Callable[[], object]) -> list[Call]:
    """The calls that some work makes, as the proxy sees them; a process asks who it is as soon as it starts."""
    faults.clear()
    faults.forget()
    work()
    return faults.calls()


def in_sequence(faults: Faults, ready: Callable[[], object], work: Callable[[], object]) -> int:
    """How many calls of some work come one after another: every answer is delayed, the time divided by the delay."""
    faults.clear()
    ready()
    began = time.perf_counter()
    work()
    usual = time.perf_counter() - began
    ready()
    faults.rule("*", latency_ms=LATENCY_SECONDS * 1000)
    began = time.perf_counter()
    work()
    chain = (time.perf_counter() - began - usual) / LATENCY_SECONDS
    faults.clear()
    return round(chain)


def results(answer: Answer) -> dict[str, str]:
    """What became of each control."""
    if not answer.ok:
        raise RuntimeError(f"the function failed: {answer.error_message or answer.raw!r}")
    return {it["control"]: it["status"] for it in answer.body["results"]}


def expect(wanted: dict[str, str], answer: Answer) -> None:
    """Fails where the function did not do what is measured."""
    found = results(answer)
    if {control: found.get(control) for control in wanted} != wanted:
        raise RuntimeError(f"{wanted} was expected: {answer.body}")
