"""Lambda: functions with their environments, concurrency and the queue of their asynchronous events."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from bench.simulation.aws import (
    CONCURRENCY, CONNECTED, COLD_START, ENVIRONMENTS_A_SECOND, ENVIRONMENTS_AT_ONCE, IDLE, MAX_EVENT_AGE, READS_A_SECOND, RETRIES_AFTER,
    THROTTLED_FIRST, THROTTLED_MOST,
)
from bench.simulation.clock import Clock, Rate

Given = TypeVar("Given")


class Pool:
    """The concurrency of an account, and what of it nobody has reserved."""

    def __init__(self, limit: int = CONCURRENCY) -> None:
        self.free = limit

    def reserve(self, count: int) -> None:
        """Takes it away from the functions that reserve none."""
        self.free -= count


@dataclass
class Stats:
    """What became of a function's events."""

    invocations: int = 0
    cold: int = 0
    throttled: int = 0
    dead: int = 0
    seconds: float = 0.0
    """Billed ones: with those in which an environment starts."""
    longest: float = 0.0
    widest: int = 0


@dataclass(slots=True)
class Event(Generic[Given]):
    """An event in the queue of a function."""

    given: Given
    born: float
    throttled: int = 0
    failed: int = 0


class Function(Generic[Given]):
    """A function. `serve` gives what each step of an event takes; it is told whether the environment has rested.

    `reserved` is its concurrency; without, it shares what is left of the account's. A patient function takes its events in
    their order as soon as it can, as one worker with one queue does: Lambda tries them again after ever longer waits instead.
    """

    def __init__(
        self, clock: Clock, pool: Pool, serve: Callable[[Given, bool], Iterator[float]], *, reserved: int | None = None,
        patient: bool = False, fails: float = 0.0, cold: tuple[float, float] = COLD_START, seed: int = 1,
    ) -> None:
        self._clock, self._pool, self._serve = clock, pool, serve
        self._reserved, self._patient, self._fails, self._cold = reserved, patient, fails, cold
        self._random = random.Random(seed)
        self._growth = Rate(ENVIRONMENTS_A_SECOND, ENVIRONMENTS_AT_ONCE)
        # When each environment without work had its last; the latest at the end, and taken first.
        self._idle: list[float] = []
        self._waiting: deque[Event[Given]] = deque()
        self.working = self.throttled = 0
        self.stats = Stats()
        if reserved is not None:
            pool.reserve(reserved)

    def invoke(self, given: Given) -> None:
        """Puts an event into the function's queue."""
        self._attempt(Event(given, self._clock.now))

    def try_now(self, given: Given, done: Callable[[], object]) -> bool:
        """Invokes it as a poller does, which waits for the answer: False if there is no concurrency for it."""
        started = self._start()
        if started is None:
            self.stats.throttled += 1
            return False
        self._work(given, *started, done)
        return True

    def _attempt(self, event: Event[Given]) -> None:
        if self._clock.now - event.born > MAX_EVENT_AGE:
            self.stats.dead += 1
            self.throttled -= event.throttled > 0
        elif (started := self._start()) is not None:
            self.throttled -= event.throttled > 0
            event.throttled = 0
            self._work(event.given, *started, lambda: self._ended(event))
        elif self._patient:
            self._waiting.append(event)
        else:
            self.stats.throttled += 1
            if not event.throttled:
                self.throttled += 1
            wait = max(min(THROTTLED_FIRST * 2**event.throttled, THROTTLED_MOST), self.throttled / READS_A_SECOND)
            event.throttled += 1
            self._clock.after(wait * self._random.uniform(0.5, 1), self._attempt, event)

    def _start(self) -> tuple[float, bool] | None:
        """Takes an environment: how long it starts, and whether its connections are closed. None if there is none."""
        now = self._clock.now
        if self._reserved is not None:
            if self.working >= self._reserved:
                return None
        elif self._pool.free <= 0:
            return None
        if self._idle and now - self._idle[-1] > IDLE:
            self._idle.clear()
        if self._idle:
            return 0.0, now - self._idle.pop() > CONNECTED
        return (self._random.uniform(*self._cold), True) if self._growth.take(now) else None

    def _work(self, given: Given, starting: float, rested: bool, done: Callable[[], object]) -> None:
        self.working += 1
        self.stats.widest = max(self.stats.widest, self.working)
        self._pool.free -= self._reserved is None
        self.stats.invocations += 1
        self.stats.cold += starting > 0
        self._clock.after(starting, self._step, self._serve(given, rested), self._clock.now, done)

    def _step(self, steps: Iterator[float], began: float, done: Callable[[], object]) -> None:
        step = next(steps, None)
        if step is not None:
            self._clock.after(step, self._step, steps, began, done)
            return
        took = self._clock.now - began
        self.stats.seconds += took
        self.stats.longest = max(self.stats.longest, took)
        self.working -= 1
        self._pool.free += self._reserved is None
        self._idle.append(self._clock.now)
        done()
        if self._waiting:
            self._attempt(self._waiting.popleft())

    def _ended(self, event: Event[Given]) -> None:
        if self._fails and self._random.random() < self._fails:
            if event.failed == len(RETRIES_AFTER):
                self.stats.dead += 1
            else:
                self._clock.after(RETRIES_AFTER[event.failed], self._attempt, event)
                event.failed += 1
