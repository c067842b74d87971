"""The simulation's time, in seconds, and rates that let so many through each second."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from typing import Any


class Clock:
    """What is to happen, in the order of its time; at the same time, in the order in which it was asked for."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Callable[..., object], tuple[Any, ...]]] = []
        self._numbers = itertools.count()

    def after(self, seconds: float, call: Callable[..., object], *given: Any) -> None:
        """Calls it so many seconds from now."""
        heapq.heappush(self._due, (self.now + seconds, next(self._numbers), call, given))

    def run(self, until: float = float("inf")) -> None:
        """Lets all happen that is due until then, and what follows from it."""
        due = self._due
        while due and due[0][0] <= until:
            self.now, _, call, given = heapq.heappop(due)
            call(*given)


class Rate:
    """A token bucket, as AWS throttles: so many a second, and so many at once after a rest."""

    __slots__ = ("_apart", "_due", "_slack")

    def __init__(self, a_second: float, at_once: float | None = None) -> None:
        self._apart = 1 / a_second
        self._slack = (max(at_once or a_second, 1.0) - 1) * self._apart
        # When the bucket is full again.
        self._due = 0.0

    def turn(self, now: float, count: int = 1) -> float:
        """Takes so many, and says in how many seconds the last of them may go."""
        last = max(self._due, now) + (count - 1) * self._apart
        self._due = last + self._apart
        return max(0.0, last - self._slack - now)

    def take(self, now: float) -> bool:
        """Takes one if it may go at once."""
        free = max(self._due, now) - self._slack <= now
        if free:
            self._due = max(self._due, now) + self._apart
        return free
