"""A storm of bucket policies, and of alarms, on one process: what a look costs, and how many events it answers."""

from __future__ import annotations

import statistics
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alarms import QUEUE, Monitoring
from batches import again, batch
from bench.measure import Spent, Watch, environment
from bench.sweeps import counts, named
from bench.table import Cells, spread
from envelope import Event, api_call
from local_aws.processes import ACCOUNT, REGION, Faults, Moto
from runtime_api import Answer, Function
from trails import kept_trail

ROUNDS = 3
"""The most that is worth while: a round takes nearly two minutes."""
ALARM = "trailkeeper-monitor-s3-policy-changes"
GROUP = "main"
"""The log group of the trail."""
SETTINGS = {
    "TRAILKEEPER_TOPIC_ARN": f"arn:aws:sns:{REGION}:{ACCOUNT}:trailkeeper-reports",
    "TRAILKEEPER_ALARM_ADDRESS": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{QUEUE}",
}
HEAD = [
    "events", "invocations", "time, s", "API calls", "an invocation, ms", "99th percentile", "CPU time of the process, ms",
    "peak memory, MB",
]


@dataclass(frozen=True)
class Storm:
    """So many calls of one kind, so far apart."""

    service: str
    call: str
    events: int
    apart: float
    batched: int = 0
    """How many come in one batch; 0 for those that come by themselves."""

    @property
    def what(self) -> str:
        """In words."""
        pace = f"{self.apart * 1e3:g} ms apart" if self.apart else "one after another"
        return f"{self.events:,} {self.call}{f', {self.batched} in a batch' if self.batched else ''}, {pace}"


STORMS = (
    Storm("s3", "PutBucketPolicy", 1000, 0, 100), Storm("s3", "PutBucketPolicy", 1000, 2, 33),
    Storm("monitoring", "DeleteAlarms", 100, 0), Storm("monitoring", "DeleteAlarms", 100, 0.25),
)


@dataclass(frozen=True)
class Passed:
    """What became of a storm."""

    spent: Spent
    looks: list[float]
    """What each invocation took, in seconds."""
    peak_mb: float


@dataclass(frozen=True)
class First:
    """The first event of a process."""

    start: float
    report: float


def event(service: str, call: str) -> Event:
    """A call as CloudTrail reports it; no two have the same id."""
    return api_call(service, call, eventID=str(uuid.uuid4())) | {"id": str(uuid.uuid4())}


def account(binary: Path, moto: Moto) -> Monitoring:
    """An account with a trail whose chain the function has made, its topic encrypted."""
    moto.reset()
    kept_trail(moto)
    there = Monitoring(moto, group=GROUP)
    there.queue()
    there.topic("trailkeeper-reports")
    with process(binary, moto.endpoint) as function:
        expect("fixed", function.invoke(event("s3", "PutBucketPolicy")))
    return there


def process(binary: Path, endpoint: str) -> Function:
    """A process that repairs."""
    return Function([str(binary)], environment(endpoint, **SETTINGS))


def expect(status: str, answer: Answer) -> None:
    """Fails unless this was said of the only control that is on, if it was looked into."""
    if not answer.ok:
        raise RuntimeError(f"the function failed: {answer.error_message or answer.raw!r}")
    found = {it["status"] for it in answer.body["results"]} - {"exempt"}
    if found != {status}:
        raise RuntimeError(f"{status} was expected: {answer.body}")


def pass_(storm: Storm, function: Function, moto: Moto, looked_before: Callable[[], object] = lambda: None) -> Passed:
    """The storm over a process that has handled one event; `looked_before` is called after that one."""
    expect("compliant", function.invoke(event("monitoring", "DeleteAlarms")))
    looked_before()
    looks: list[float] = []
    events = [event(storm.service, storm.call) for _ in range(storm.events)]
    given_at_once: list[Event] = events
    if storm.batched:
        given_at_once = [batch(*events[at : at + storm.batched]) for at in range(0, len(events), storm.batched)]
    time.sleep(storm.apart)
    watch, began = Watch(moto, function.pid), time.perf_counter()
    for number, given in enumerate(given_at_once):
        time.sleep(max(0.0, began + number * storm.apart - time.perf_counter()))
        at = time.perf_counter()
        answer = function.invoke(given)
        looks.append(time.perf_counter() - at)
        if storm.batched:
            if again(answer):
                raise RuntimeError(f"a batch failed: {answer.body}")
        else:
            expect("compliant", answer)
    return Passed(watch.stop(function.pid), looks, function.peak_rss_kib * 1024 / 1e6)


def timed(binary: Path, storm: Storm, moto: Moto) -> Passed:
    """A storm, of which nothing slows the calls down; fails where the account is not as it was."""
    there = account(binary, moto)
    before = there.everything()
    with process(binary, moto.endpoint) as function:
        passed = pass_(storm, function, moto)
    if there.everything() != before:
        raise RuntimeError(f"{storm.what}: something was changed")
    return passed


def counted(binary: Path, storm: Storm, moto: Moto, faults: Faults) -> tuple[Passed, Counter[str]]:
    """The same through the proxy: the calls by name, those of the event before it aside."""
    account(binary, moto)
    faults.clear()
    before: list[Counter[str]] = []
    with process(binary, faults.endpoint) as function:
        passed = pass_(storm, function, moto, lambda: before.append(counts(faults)))
    return passed, counts(faults) - before[0]


def first(binary: Path, moto: Moto) -> First:
    """From `exec` to the request for an event, and to the report of one that finds all well."""
    watch = Watch(moto)
    with process(binary, moto.endpoint) as function:
        answer = function.invoke(event("s3", "PutBucketPolicy"))
        report = watch.stop(function.pid).wall
        expect("compliant", answer)
        return First(function.first_next, report)


def broken_amid(binary: Path, moto: Moto) -> float:
    """Seconds until an alarm that is deleted amid a storm is there again; the storm itself does not look for it."""
    there = account(binary, moto)
    with process(binary, moto.endpoint) as function:
        pass_(STORMS[0], function, moto)
        there.cloudwatch.delete_alarms(AlarmNames=[ALARM])
        began = time.perf_counter()
        expect("fixed", function.invoke(event("monitoring", "DeleteAlarms")))
        took = time.perf_counter() - began
    if there.ring(event("s3", "PutBucketPolicy")) == []:
        raise RuntimeError("the alarm is there again, and does not ring")
    return took


def percentile(values: list[float]) -> str:
    """The 99th, in milliseconds."""
    return f"{statistics.quantiles(values, n=100, method='inclusive')[98] * 1e3:.1f}" if len(values) > 1 else ""


def row(storm: Storm, passed: list[Passed], calls: Counter[str]) -> list[str]:
    """A line of the table: all rounds together."""
    looks = [at for it in passed for at in it.looks]
    return [
        storm.what, f"{len(passed[0].looks):,}", spread([it.spent.wall for it in passed]), f"{calls.total():,}",
        f"{statistics.median(looks) * 1e3:.1f}", percentile(looks),
        spread([it.spent.cpu * 1e3 for it in passed]), spread([it.peak_mb for it in passed]),
    ]


def bench(binary: Path, moto: Moto, faults: Faults, rounds: int) -> tuple[Cells, list[str]]:
    """The table, and how to read it."""
    account(binary, moto)
    firsts = [first(binary, moto) for _ in range(max(rounds, 9))]
    passed: dict[Storm, list[Passed]] = {storm: [] for storm in STORMS}
    for number in range(rounds):
        for storm in STORMS if number % 2 == 0 else reversed(STORMS):
            passed[storm].append(timed(binary, storm, moto))
        print(f"storm: round {number + 1} of {rounds}", file=sys.stderr)
    made = {storm: counted(binary, storm, moto, faults) for storm in STORMS}
    starts, reports = spread([it.start * 1e3 for it in firsts]), spread([it.report * 1e3 for it in firsts])
    mended = broken_amid(binary, moto)
    return [HEAD, *(row(storm, passed[storm], made[storm][1]) for storm in STORMS)], [
        "One warm process in enforce mode, in an account whose alarm chain is intact and whose topic is encrypted with "
        "Trailkeeper's key; each event has its own id.",
        f"A cold process: {starts} ms from exec to the first request for an event, {reports} ms to the first report "
        f"(nothing wrong), {len(firsts)} runs.",
        *(
            f"Calls, {storm.what}, in {len(it.looks):,} invocations: {named(calls)}."
            for storm, (it, calls) in made.items()
        ),
        f"An alarm that is deleted in the middle of a storm is back and firing {mended * 1e3:.0f} ms after the event.",
    ]
