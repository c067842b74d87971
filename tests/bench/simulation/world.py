"""The deployed stack in the simulation: rules, queues and functions, and what they make of an organization's calls."""

from __future__ import annotations

import json
import math
import random
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import NormalDist

from bench.simulation.aws import (
    DELIVERIES_A_SECOND, HOME_QUOTAS, HOP, HOPS, PUTS_A_SECOND, QUOTAS, REGIONS,
)
from bench.simulation.batches import Queue, Source
from bench.simulation.clock import Clock, Rate
from bench.simulation.functions import Function, Pool
from bench.simulation.organization import ACCOUNTS, Call, Task
from bench.simulation.work import Times, Work, entering, measured, splitting, spreading

REGISTRY = Path(__file__).parents[2] / "golden" / "registry.json"
BY_REGION = ("transfer", "vpc", "key", "recorder")
"""The families whose sweep of an account is split by region."""
LOOKS, LOOKS_IN, SPARED = 10, 30.0, 0.005
"""The rule for storms of bucket calls, of an arrangement that has one: so many looks in so many seconds for each account, and
what an answer takes without one (docs/performance.md)."""
TIMEOUT, SPARE = 300.0, 10.0
"""What template.yaml gives a function, and what is too short for another look."""
SHARES = {"urgent": 0.5, "batch": 0.3, "sweep": 0.2}
"""What each lane has of a quota that the functions keep (template.yaml, TRAILKEEPER_SHARE), and one call a second at least."""
NOT_SHARED = HOME_QUOTAS | {
    "cloudtrail:StartLogging", "cloudtrail:StopLogging", "cloudwatch:DescribeAlarmsForMetric", "sns:ListSubscriptionsByTopic",
}
"""Calls for whose quotas all lanes stand in one line (shared/src/aws/turns.rs has the others)."""
NAMES = {"role": "AttachRolePolicy", "bucket": "PutBucketPolicy", "key": "PutKeyPolicy", "stopped": "StopLogging"}
URGENT = frozenset({"stopped"})
_HOP = NormalDist(math.log(HOP[0]), (math.log(HOP[1]) - math.log(HOP[0])) / NormalDist().inv_cdf(0.99))


@dataclass(frozen=True)
class Arrangement:
    """Which functions there are, and how many of each may run at once."""

    name: str
    at_once: int | None
    """Reserved for each function, or for the urgent ones; None reserves nothing."""
    alone: frozenset[str] = frozenset()
    """Families whose function runs once at a time."""
    many: Source | None = None
    """The queue of the calls that are not urgent; without one they wake the function at once."""
    sweeps: int | None = None
    """Reserved for each family's function for sweeps; without one the same function sweeps."""
    spares: bool = False
    """Whether the storm rule holds."""


@dataclass
class Outcome:
    """What came of it."""

    mended: list[float] = field(default_factory=list)
    """Seconds from a call's arrival at EventBridge to the repair."""
    stopped: int = 0
    """Trails that were stopped and whose repair is timed."""
    looked: list[float] = field(default_factory=list)
    """Seconds to the look at each of the many."""
    longest: float = 0.0
    """Seconds of the longest invocation."""
    widest: int = 0
    """The most of one function that were working at once on what is urgent."""
    swept: dict[str, tuple[float, float]] = field(default_factory=dict)
    """When the sweep of each family began, and when it ended."""
    calls: Counter[str] = field(default_factory=Counter)
    waited: Counter[str] = field(default_factory=Counter)
    """Calls that came before the service's quota allowed them."""
    forwarded: int = 0
    invocations: int = 0
    throttled: int = 0
    dead: int = 0
    seconds: float = 0.0
    messages: int = 0
    batches: int = 0
    sweeps: int = 0
    """Invocations that swept."""


def watchers() -> dict[str, list[str]]:
    """The families that each kind of call wakes, from the registry."""
    found: dict[str, list[str]] = {kind: [] for kind in NAMES}
    for family in json.loads(REGISTRY.read_text()):
        calls = {call for watch in family["watches"] for call in watch["calls"]}
        for kind, name in NAMES.items():
            found[kind] += [family["family"]] * (name in calls)
    return found


class World:
    """One run."""

    def __init__(self, arrangement: Arrangement, works: dict[tuple[str, str], Work] | None = None, seed: int = 3) -> None:
        self._arrangement, self._chance = arrangement, random.Random(seed)
        self.clock, self.outcome = Clock(), Outcome()
        works = works or measured()
        self.families = tuple(dict.fromkeys(family for family, _ in works))
        accounts, regions = Times(spreading(ACCOUNTS), seed), Times(splitting(), seed)
        self._times = {key: Times(work, seed) for key, work in works.items()}
        self._times |= {(it, "accounts"): accounts for it in self.families} | {(it, "regions"): regions for it in BY_REGION}
        self._entering = Times(entering(), seed)
        self._watchers = watchers()
        self._rates: dict[tuple[int, str, str, str], Rate] = {}
        self._deliveries, self._puts = Rate(DELIVERIES_A_SECOND), Rate(PUTS_A_SECOND)
        self._left: set[Task] = set()
        self._looks: dict[int, deque[float]] = {}
        pool = Pool()

        def function(at_once: int | None, family: str) -> Function[Task]:
            at_once = 1 if family in arrangement.alone else at_once
            return Function(self.clock, pool, self._one, reserved=at_once, seed=self._chance.randrange(10**6))

        self._urgent = {it: function(arrangement.at_once, it) for it in self.families}
        self._sweeping = self._urgent if arrangement.sweeps is None else {
            it: function(arrangement.sweeps, it) for it in self.families
        }
        self._batched: dict[str, Function[list[Task]]] = {}
        self._queues: dict[str, Queue[Task]] = {}
        if arrangement.many:
            for it in self.families:
                self._batched[it] = Function(self.clock, pool, self._batch, reserved=arrangement.many.at_once)
                self._queues[it] = Queue(self.clock, arrangement.many, self._batched[it], self._is_left)

    def run(self, calls: Iterable[Call], schedules: dict[str, float]) -> Outcome:
        """Lets all of it happen, until nothing waits any more."""
        for at, kind, account, region, counted in calls:
            self.outcome.forwarded += 1
            for family in self._watchers[kind]:
                task = Task(family, kind, account, region, at, counted and family == "trail")
                self.clock.after(at, self._arrives, task)
        for family, at in schedules.items():
            self.outcome.swept[family] = (at, at)
            self.clock.after(at, self._sweeps, Task(family, "accounts", 0, REGIONS[0], at))
        self.clock.run()
        out, functions = self.outcome, {id(it): it for it in (*self._urgent.values(), *self._sweeping.values())}
        for it in (*functions.values(), *self._batched.values()):
            out.invocations += it.stats.invocations
            out.throttled += it.stats.throttled
            out.dead += it.stats.dead
            out.seconds += it.stats.seconds
            out.longest = max(out.longest, it.stats.longest)
        out.widest = max(it.stats.widest for it in self._urgent.values())
        for queue in self._queues.values():
            out.messages += queue.messages
            out.batches += queue.batches
            out.dead += queue.dead
        return out

    # The bus.

    def _arrives(self, task: Task) -> None:
        self.outcome.stopped += task.counted
        late = self._deliveries.turn(self.clock.now)
        for _ in range(HOPS):
            late += math.exp(_HOP.inv_cdf(self._chance.uniform(1e-6, 1 - 1e-6)))
        many = task.kind not in URGENT and bool(self._queues)
        self.clock.after(late, self._queues[task.family].send if many else self._urgent[task.family].invoke, task)

    def _hand_on(self, task: Task) -> None:
        self.outcome.forwarded += 1
        late = self._puts.turn(self.clock.now) + self._deliveries.turn(self.clock.now)
        self.clock.after(late + math.exp(_HOP.inv_cdf(self._chance.uniform(1e-6, 1 - 1e-6))), self._sweeps, task)

    def _sweeps(self, task: Task) -> None:
        self._sweeping[task.family].invoke(task)

    # The functions.

    def _one(self, task: Task, rested: bool) -> Iterator[float]:
        if self._arrangement.spares and (task.family, task.kind) == ("monitoring", "bucket") and self._spared(task):
            yield SPARED
            return
        sweeps = task.kind in ("accounts", "regions", "sweep")
        lane = "sweep" if sweeps else "urgent"
        if task.kind != "accounts":
            yield self._enter(task, rested, lane)
        mended, whole = self._do(task, rested, lane)
        if task.counted:
            self.outcome.mended.append(self.clock.now + mended - task.born)
        yield whole
        if sweeps:
            self._swept(task)

    def _batch(self, tasks: list[Task], rested: bool) -> Iterator[float]:
        """One account after the other; in each, one look for each kind of call, since its facts are read once."""
        inside, began = None, self.clock.now
        for (account, _), alike in grouped(tasks).items():
            if self.clock.now - began > TIMEOUT - SPARE:
                # What there is no time for is reported as failed, and comes again.
                self._left.update(alike)
                continue
            if account != inside:
                inside = account
                yield self._enter(alike[0], rested, "batch")
            yield self._do(alike[0], rested, "batch")[1]
            self.outcome.looked += [self.clock.now - task.born for task in alike]

    def _is_left(self, task: Task) -> bool:
        left = task in self._left
        self._left.discard(task)
        return left

    def _swept(self, task: Task) -> None:
        """Hands on what is left to do, and notes how far the sweep has come."""
        self.outcome.sweeps += 1
        if task.kind == "accounts":
            kind = "regions" if task.family in BY_REGION else "sweep"
            rest = [replace(task, kind=kind, account=account) for account in range(ACCOUNTS)]
        else:
            rest = [replace(task, kind="sweep", region=it) for it in REGIONS] if task.kind == "regions" else []
        for it in rest:
            self._hand_on(it)
        self.outcome.swept[task.family] = (self.outcome.swept[task.family][0], self.clock.now)

    def _spared(self, task: Task) -> bool:
        looks = self._looks.setdefault(task.account, deque())
        while looks and looks[0] < self.clock.now - LOOKS_IN:
            looks.popleft()
        if len(looks) == LOOKS:
            return True
        looks.append(self.clock.now)
        return False

    # The calls.

    def _enter(self, task: Task, rested: bool, lane: str) -> float:
        return self._called(self._entering, task, lane) + self._entering.draw(REGIONS[0], rested)[1]

    def _do(self, task: Task, rested: bool, lane: str) -> tuple[float, float]:
        """Seconds until it is mended, and in all."""
        times = self._times[task.family, task.kind]
        waits = self._called(times, task, lane)
        mended, whole = times.draw(task.region, rested)
        return waits + mended, waits + whole

    def _called(self, times: Times, task: Task, lane: str) -> float:
        """Counts the calls, and says how long the service's quota, or the lane's share of it, keeps them waiting."""
        waits = 0.0
        for name, count in times.work.calls.items():
            self.outcome.calls[name] += count
            if name in QUOTAS:
                # Those of another account's region are that account's; what goes to each region goes once to each.
                shared = name not in NOT_SHARED and self._arrangement.many is not None
                key = (-1 if name in HOME_QUOTAS else task.account, task.region, name, lane if shared else "")
                quota = max(1.0, QUOTAS[name][0] * SHARES[lane] // 1) if shared else QUOTAS[name][0]
                rate = self._rates.get(key) or self._rates.setdefault(key, Rate(quota))
                wait = rate.turn(self.clock.now, math.ceil(count / times.work.regions))
                self.outcome.waited[name] += wait > 0
                waits = max(waits, wait)
        return waits


def grouped(tasks: list[Task]) -> dict[tuple[int, str], list[Task]]:
    """Those of a batch that one look answers, account by account."""
    found: dict[tuple[int, str], list[Task]] = {}
    for task in sorted(tasks, key=lambda it: (it.account, it.kind)):
        found.setdefault((task.account, task.kind), []).append(task)
    return found
