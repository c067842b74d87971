"""SQS as an event source of Lambda: pollers that gather messages into batches and wait for the answer to each."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from bench.simulation.aws import POLLERS, POLLERS_A_SECOND, POLLERS_MOST
from bench.simulation.clock import Clock
from bench.simulation.functions import Function

Given = TypeVar("Given")
AGAIN = 1.0
"""Assumed: seconds after which a poller offers a batch again for which there was no concurrency."""


@dataclass(slots=True)
class Message(Generic[Given]):
    """A message, and how often it was received."""

    given: Given
    received: int = 0


@dataclass(frozen=True)
class Source:
    """The settings of an event source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html"""

    window: float
    size: int
    at_once: int
    again: float
    attempts: int


class Queue(Generic[Given]):
    """A queue whose messages wake a function in batches, each at most the window after its first message.

    Each poller gathers a batch of its own, and a message comes to any of them; while all wait for answers, it stays in the
    queue. `spoilt` says which messages of a batch the
    function reports as failed: they alone come again, after the queue's visibility timeout, and are dead letters at last.
    """

    def __init__(
        self, clock: Clock, source: Source, function: Function[list[Given]],
        spoilt: Callable[[Given], bool] = lambda _: False, seed: int = 1,
    ) -> None:
        self._clock, self._source, self._function, self._spoilt = clock, source, function, spoilt
        self._random = random.Random(seed)
        self._gathering: list[list[Message[Given]]] = []
        self._full: deque[list[Message[Given]]] = deque()
        self._waiting: deque[Message[Given]] = deque()
        self._working = 0
        self._busy_since: float | None = None
        self.messages = self.batches = self.dead = 0

    def send(self, given: Given) -> None:
        """Puts a message into the queue."""
        self.messages += 1
        self._receive(Message(given))

    @property
    def _pollers(self) -> int:
        busy = 0.0 if self._busy_since is None else self._clock.now - self._busy_since
        return min(self._source.at_once, POLLERS_MOST, int(POLLERS + busy * POLLERS_A_SECOND))

    def _receive(self, message: Message[Given]) -> None:
        free = self._pollers - self._working - len(self._full)
        if free <= 0:
            self._waiting.append(message)
            return
        poller = self._random.randrange(max(free, len(self._gathering)))
        if poller < len(self._gathering):
            batch = self._gathering[poller]
            batch.append(message)
            if len(batch) >= self._source.size:
                self._close(batch)
        else:
            self._open([message])

    def _open(self, batch: list[Message[Given]]) -> None:
        self._gathering.append(batch)
        if len(batch) >= self._source.size or not self._source.window:
            self._close(batch)
        else:
            self._clock.after(self._source.window, self._close, batch)

    def _close(self, batch: list[Message[Given]]) -> None:
        # The window of a batch that was full before has nothing to close.
        found = next((number for number, it in enumerate(self._gathering) if it is batch), None)
        if found is not None:
            del self._gathering[found]
            self._full.append(batch)
            self._next()

    def _next(self) -> None:
        while self._full:
            batch = self._full[0]
            if self._busy_since is None:
                self._busy_since = self._clock.now
            if not self._function.try_now([it.given for it in batch], lambda batch=batch: self._done(batch)):
                # There is no concurrency for it: the poller tries again.
                self._clock.after(AGAIN, self._next)
                return
            self._full.popleft()
            self._working += 1
            self.batches += 1

    def _done(self, batch: list[Message[Given]]) -> None:
        self._working -= 1
        for message in batch:
            message.received += 1
            if self._spoilt(message.given):
                if message.received >= self._source.attempts:
                    self.dead += 1
                else:
                    self._clock.after(self._source.again, self._receive, message)
        if self._waiting:
            size = min(self._source.size, len(self._waiting))
            self._open([self._waiting.popleft() for _ in range(size)])
        elif not self._working:
            self._busy_since = None
