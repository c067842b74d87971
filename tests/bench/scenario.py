"""A resource with a fault, and what is to become of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.measure import environment, expect
from envelope import Event
from local_aws.processes import Moto
from runtime_api import Answer


@dataclass(frozen=True)
class Scenario:
    """A resource that is broken, what wakes the function, and what is to become of it."""

    name: str
    make: Callable[[Moto], str]
    """Makes the account with the broken resource; returns what names it, which `event` and `prove` are given."""
    again: Callable[[Moto], object]
    """Breaks the repaired resource in the same way."""
    event: Callable[[str], Event]
    """What tells the function of it: each time an event of its own."""
    prove: Callable[[Moto, str], None]
    """Fails unless the resource is as it must be, whatever was said."""
    wanted: dict[str, str]
    """What the function must say of each control."""
    settings: dict[str, str] = field(default_factory=dict)
    apart: float = 0.0
    """The seconds after which AWS takes the same calls again."""

    def environment(self, endpoint: str) -> dict[str, str]:
        """What the function is told."""
        return environment(endpoint, **self.settings)

    def break_anew(self, moto: Moto) -> None:
        """Breaks the resource, and waits until AWS takes the next calls."""
        self.again(moto)
        time.sleep(self.apart)

    def proven(self, moto: Moto, resource: str, answer: Answer) -> None:
        """Fails unless the function said what it must, and it is true."""
        expect(self.wanted, answer)
        self.prove(moto, resource)
