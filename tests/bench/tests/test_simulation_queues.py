"""The simulation's parts: queues that wait as theory says, batches, concurrency, retries, and what ends as a dead letter."""

from __future__ import annotations

import heapq
import itertools
import math
import random
import statistics
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bench.simulation import aws
from bench.simulation.batches import Queue, Source
from bench.simulation.clock import Clock, Rate
from bench.simulation.functions import Function, Pool
from bench.simulation.held import simulated

AT_ONCE = (0.0, 0.0)
"""How long an environment starts where that does not matter."""


def taking(seconds: float, seen: list[Any] | None = None) -> Callable[[Any, bool], Iterator[float]]:
    """A service that always takes so long, and notes what it was given."""

    def serve(given: Any, _: bool) -> Iterator[float]:
        if seen is not None:
            seen.append(given)
        yield seconds

    return serve


def waits(workers: int, arrivals: list[float], services: list[float]) -> list[float]:
    """How long each event waits for one of these workers."""
    clock, found = Clock(), [0.0] * len(arrivals)

    def serve(number: int, _: bool) -> Iterator[float]:
        found[number] = clock.now - arrivals[number]
        yield services[number]

    function = Function(clock, Pool(), serve, reserved=workers, patient=True, cold=AT_ONCE)
    for number, at in enumerate(arrivals):
        clock.after(at, function.invoke, number)
    clock.run()
    return found


def at_random(a_second: float, chance: random.Random, events: int = 50_000) -> list[float]:
    """When so many events come that know nothing of each other."""
    return list(itertools.accumulate(chance.expovariate(a_second) for _ in range(events)))


# Four times what the mean of one such run strays from one seed to another, as found with forty seeds.
@pytest.mark.parametrize(("load", "strays"), [(0.5, 0.06), (0.8, 0.16)])
def test_one_worker_with_a_constant_service_time_waits_as_the_formula_says(load: float, strays: float) -> None:
    """M/D/1: the mean wait is load / 2(1 - load) service times (Pollaczek and Khinchine)."""
    arrivals = at_random(load, random.Random(11))
    found = statistics.mean(waits(1, arrivals, [1.0] * len(arrivals)))
    assert found == pytest.approx(load / (2 * (1 - load)), rel=strays)


def test_two_workers_with_random_service_times_wait_as_the_formula_says() -> None:
    """M/M/c: the mean wait is Erlang's C over c(1 - load)."""
    load, workers, chance = 0.6, 2, random.Random(11)
    offered = load * workers
    last = offered**workers / math.factorial(workers) / (1 - load)
    erlang = last / (sum(offered**k / math.factorial(k) for k in range(workers)) + last)
    arrivals = at_random(load * workers, chance)
    found = statistics.mean(waits(workers, arrivals, [chance.expovariate(1) for _ in arrivals]))
    assert found == pytest.approx(erlang / (workers * (1 - load)), rel=0.22)


@pytest.mark.parametrize("workers", [1, 3, 10])
def test_each_event_waits_exactly_until_a_worker_is_free(workers: int) -> None:
    """The recursion of Kiefer and Wolfowitz, event by event: nothing is left to chance."""
    chance = random.Random(12)
    arrivals = at_random(0.9 * workers, chance, 5_000)
    services = [chance.expovariate(1) for _ in arrivals]
    free, wanted = [0.0] * workers, []
    for at, took in zip(arrivals, services, strict=True):
        begins = max(at, heapq.heappop(free))
        heapq.heappush(free, begins + took)
        wanted.append(begins - at)
    assert max(wanted) > 0
    assert waits(workers, arrivals, services) == pytest.approx(wanted, abs=1e-6)


def test_a_measured_flood_is_taken_in_its_order() -> None:
    assert simulated([5.0, 5.1, 5.2, 9.0], [1.0, 1.0, 0.5, 1.0]) == pytest.approx([0, 0.9, 1.8, 0])


def test_what_is_due_happens_in_order_and_nothing_happens_later_than_asked() -> None:
    clock, seen = Clock(), []
    for seconds, name in [(2, "c"), (1, "a"), (1, "b"), (3, "d")]:
        clock.after(seconds, seen.append, name)
    clock.run(2)
    assert (seen, clock.now) == (["a", "b", "c"], 2)


def test_a_rate_lets_a_burst_through_and_then_so_many_a_second() -> None:
    rate = Rate(10)
    assert [rate.turn(0) for _ in range(12)] == pytest.approx([0] * 10 + [0.1, 0.2])
    assert rate.turn(100, count=11) == pytest.approx(0.1)
    one = Rate(1)
    assert [one.take(at) for at in (0, 0.5, 1, 1.5, 2)] == [True, False, True, False, True]


def test_no_more_run_at_once_than_are_reserved() -> None:
    clock, function = Clock(), None
    function = Function(clock, Pool(), taking(10), reserved=3, cold=AT_ONCE)
    for _ in range(20):
        function.invoke(None)
    assert (function.working, function.stats.throttled) == (3, 17)
    clock.run()
    assert (function.stats.widest, function.stats.invocations, function.stats.dead) == (3, 20, 0)


def test_what_one_function_reserves_no_other_takes() -> None:
    clock, pool = Clock(), Pool(10)
    kept, rest = (Function(clock, pool, taking(10), reserved=it, cold=AT_ONCE) for it in (4, None))
    for _ in range(20):
        rest.invoke(None)
    kept.invoke(None)
    assert (rest.working, kept.working) == (6, 1)
    clock.run(10)
    assert (rest.working, pool.free) == (0, 6)


def test_a_function_grows_as_fast_as_lambda_lets_it() -> None:
    clock, function = Clock(), None
    function = Function(clock, Pool(5_000), taking(60), cold=AT_ONCE)
    for _ in range(3_000):
        function.invoke(None)
    assert function.working == aws.ENVIRONMENTS_AT_ONCE
    clock.run(10)
    assert function.working <= aws.ENVIRONMENTS_AT_ONCE + 10 * aws.ENVIRONMENTS_A_SECOND


def test_an_environment_starts_once_and_is_given_up_when_it_has_rested() -> None:
    clock, seen = Clock(), []

    def serve(_: None, rested: bool) -> Iterator[float]:
        seen.append(rested)
        yield 1.0

    function = Function(clock, Pool(), serve)
    for at in (0, 10, 10 + aws.CONNECTED + 5, 1000):
        clock.after(at, function.invoke, None)
    clock.run()
    assert (seen, function.stats.cold) == ([True, False, True, True], 2)


def test_what_is_throttled_is_tried_after_ever_longer_waits_and_is_dead_after_six_hours() -> None:
    clock, seen = Clock(), []
    function = Function(clock, Pool(), taking(aws.MAX_EVENT_AGE + 3600, seen), reserved=1, cold=AT_ONCE)
    tried: list[float] = []
    start = function._start
    function._start = lambda: (tried.append(clock.now), start())[1]  # type: ignore[method-assign]
    for number in range(2):
        function.invoke(number)
    clock.run()
    assert (seen, function.stats.dead, function.stats.invocations) == ([0], 1, 1)
    waits = [later - at for at, later in itertools.pairwise(tried[1:])]
    assert all(it <= aws.THROTTLED_MOST for it in waits)
    for number, wait in enumerate(waits[:8]):
        assert 2**number / 2 <= wait <= 2**number
    assert tried[-1] <= aws.MAX_EVENT_AGE


def test_what_fails_is_tried_twice_more_and_is_a_dead_letter_then() -> None:
    clock, seen = Clock(), []
    function = Function(clock, Pool(), taking(1, seen), fails=1.0, cold=AT_ONCE)
    function.invoke("x")
    clock.run()
    assert (seen, function.stats.dead, clock.now) == (["x"] * 3, 1, 3 + sum(aws.RETRIES_AFTER))


def queue(clock: Clock, seen: list[list[int]], source: Source, took: float = 1.0, **given: Any) -> Queue[int]:
    """A queue, and a function that notes its batches."""
    return Queue(clock, source, Function(clock, Pool(), taking(took, seen), cold=AT_ONCE), **given)


def source(**given: Any) -> Source:
    """The settings of an event source."""
    return Source(**({"window": 2.0, "size": 5, "at_once": 1, "again": 30.0, "attempts": 4} | given))


def test_a_batch_is_closed_when_it_is_full_or_its_window_is_over() -> None:
    clock, seen = Clock(), []
    many = queue(clock, seen, source(at_once=1), took=0.1)
    for at in (0, 1, 1.9, 10, 10.1, 10.2, 10.3, 10.4):
        clock.after(at, many.send, round(at * 10))
    clock.run(1.99)
    assert seen == []
    clock.run(2)
    assert seen == [[0, 10, 19]]
    clock.run(10.4)
    assert seen[1:] == [[100, 101, 102, 103, 104]]


def test_what_comes_while_all_work_waits_and_is_taken_together() -> None:
    clock, seen = Clock(), []
    many = queue(clock, seen, source(at_once=1), took=100)
    for number in range(12):
        clock.after(number / 10, many.send, number)
    clock.run(90)
    assert seen == [[0, 1, 2, 3, 4]]
    clock.run()
    assert seen == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11]]


def test_no_more_batches_are_worked_on_than_the_source_allows() -> None:
    clock, seen = Clock(), []
    function = Function(clock, Pool(), taking(50, seen), cold=AT_ONCE)
    many = Queue(clock, source(size=1, at_once=2), function)
    for number in range(20):
        many.send(number)
    clock.run()
    assert (function.stats.widest, many.batches, sorted(it for batch in seen for it in batch)) == (2, 20, list(range(20)))


def test_what_failed_comes_again_alone_and_is_a_dead_letter_at_last() -> None:
    clock, seen = Clock(), []
    many = queue(clock, seen, source(), spoilt=lambda number: number == 3)
    for number in range(5):
        many.send(number)
    clock.run()
    assert seen == [[0, 1, 2, 3, 4], [3], [3], [3]]
    assert many.dead == 1


def test_a_batch_for_which_there_is_no_concurrency_waits_in_its_queue() -> None:
    clock, seen, pool = Clock(), [], Pool(1)
    other, function = (Function(clock, pool, taking(30, seen), cold=AT_ONCE) for _ in range(2))
    many = Queue(clock, source(window=0), function)
    other.invoke("other")
    many.send(1)
    clock.run()
    assert (seen, many.dead, function.stats.throttled > 0) == (["other", [1]], 0, True)
