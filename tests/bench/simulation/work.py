"""What one look, repair or sweep takes: the calls that were counted, times what a call takes at AWS."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

from bench.simulation.aws import (
    AT_ONCE, CALL, CPU_OF_256_MB, CPU_OF_A_CALL, ENTRIES, PAGE_OF_ACCOUNTS, REGIONS, ROUND_TRIPS, TO_CONNECT,
)

MEASURED = Path(__file__).with_name("measured.json")
FAR = max(ROUND_TRIPS.values())
SAMPLES = 1_000
"""As many times are drawn beforehand for each kind of work, and one of them taken each time."""
# So that CALL is what it says.
_MIDDLE = (math.log(CALL[0]) + math.log(CALL[1])) / 2
_SPREAD = (math.log(CALL[1]) - _MIDDLE) / NormalDist().inv_cdf(0.95)
_TIME = NormalDist(_MIDDLE, _SPREAD)


@dataclass(frozen=True)
class Work:
    """Calls, of which so many rounds come one after another; the first rounds may go to all regions of the account."""

    chain: int
    calls: Counter[str]
    regions: int = 1
    until_mended: int | None = None
    """After how many rounds what was wrong is right again."""


class Times:
    """Draws what a work takes."""

    def __init__(self, work: Work, seed: int) -> None:
        chance = random.Random(seed)
        self.work, self._chance = work, chance
        self._far = math.ceil(work.regions / AT_ONCE) if work.regions > 1 else 0
        self._mended = work.chain if work.until_mended is None else work.until_mended
        wide = max(1.0, work.calls.total() / max(work.chain, 1))
        cpu = CPU_OF_A_CALL / CPU_OF_256_MB * wide
        rounds = [[slowest(wide, chance) + cpu for _ in range(work.chain)] for _ in range(SAMPLES)]
        self._drawn = [(sum(it[: self._mended]), sum(it)) for it in rounds]

    def draw(self, region: str, rested: bool) -> tuple[float, float]:
        """Seconds until it is mended, and in all, in an account whose resource is in this region."""
        mended, whole = self._chance.choice(self._drawn)
        near = ROUND_TRIPS[region]
        # Each round to other regions meets endpoints that it was not connected to.
        way = self._far * FAR * (1 + TO_CONNECT * rested) + near * TO_CONNECT * rested
        return mended + way + (self._mended - self._far) * near, whole + way + (self.work.chain - self._far) * near


def slowest(wide: float, chance: random.Random) -> float:
    """The slowest of so many calls at the same time, without the way there."""
    return math.exp(_TIME.inv_cdf(min(max(chance.random() ** (1 / wide), 1e-9), 1 - 1e-9)))


def measured() -> dict[tuple[str, str], Work]:
    """By family and what woke it, as `measure.py` has found it."""
    found = {}
    for name, it in json.loads(MEASURED.read_text()).items():
        family, kind = name.split()
        # The clock starts with the first call and the proxy's delay with the second, so a chain is never less than one.
        found[family, kind] = Work(max(it["chain"], 1), Counter(it["calls"]), it["regions"], it.get("until_mended"))
    return found


def entering() -> Work:
    """Entering another account."""
    return Work(1, Counter({"sts:AssumeRole": 1}))


def spreading(accounts: int) -> Work:
    """A schedule that becomes an event for each account."""
    pages, puts = math.ceil(accounts / PAGE_OF_ACCOUNTS), math.ceil(accounts / ENTRIES)
    return Work(pages + puts, Counter({"organizations:ListAccounts": pages, "events:PutEvents": puts}))


def splitting() -> Work:
    """An account's sweep that becomes an event for each region."""
    puts = math.ceil(len(REGIONS) / ENTRIES)
    return Work(1 + puts, Counter({"account:ListRegions": 1, "events:PutEvents": puts}))
