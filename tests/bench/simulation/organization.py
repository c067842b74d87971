"""An organization of a thousand accounts: what its people, their pipelines and an intruder do, and when."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from bench.simulation.aws import QUOTAS, REGIONS, SCHEDULE_WINDOW

ACCOUNTS = 1_000
HOURS = 2
"""How long calls are made; what waits then is awaited."""
QUIET_ACCOUNT, BUSY_ACCOUNT, BUSY_SHARE = 40, 2_000, 0.05
"""Watched calls a day: of most accounts, of those in which pipelines make and delete roles and buckets all day, and how many
those are (docs/costs.md)."""
KINDS = {"role": 0.5, "bucket": 0.3, "key": 0.2}
"""What these calls are about, and hardly ever anything of ours."""
STOPPED_EVERY = 20.0
"""Seconds between the trails that somebody stops, each in an account and region of its own. None is made by the attack."""
STORM, STORM_LASTS, STORM_A_SECOND, STORM_ACCOUNTS = 1200.0, 600.0, 40.0, 200
"""When Terraform rolls something out to many accounts, for how long, and how many calls that makes."""
FLOOD_A_SECOND = 20.0
"""Assumed: AttachRolePolicy calls that IAM takes from one account. It publishes no number; this is more than CloudTrail's."""
SWEEP = 600.0
"""When the window of the daily sweep begins."""


@dataclass(frozen=True, slots=True)
class Task:
    """Something that a family is to look at, and since when."""

    family: str
    kind: str
    account: int
    region: str
    born: float
    counted: bool = False
    """Whether it is one of the stopped trails whose repair is timed."""


@dataclass(frozen=True)
class Scene:
    """What happens besides the usual."""

    name: str
    storm: bool = False
    sweep: bool = False
    attack: bool = False


SCENES = (
    Scene("a usual day"), Scene("a storm", storm=True), Scene("a sweep", sweep=True),
    Scene("a storm, a sweep and an attack", storm=True, sweep=True, attack=True),
)
Call = tuple[float, str, int, str, bool]
"""When, of what kind, in which account and region, and whether its repair is timed."""


def poisson(a_second: float, begins: float, ends: float, chance: random.Random) -> Iterator[float]:
    """Times that know nothing of each other."""
    at = begins
    while (at := at + chance.expovariate(a_second)) < ends:
        yield at


def calls(scene: Scene, seed: int = 7) -> Iterator[Call]:
    """All calls that are watched, in no order."""
    chance, ends = random.Random(seed), HOURS * 3600.0
    kinds, shares, busy = list(KINDS), list(KINDS.values()), round(ACCOUNTS * BUSY_SHARE)

    def some(at: float, accounts: int) -> Call:
        return at, chance.choices(kinds, shares)[0], chance.randrange(accounts), chance.choice(REGIONS), False

    for at in poisson(busy * BUSY_ACCOUNT / 86_400, 0, ends, chance):
        yield some(at, busy)
    for at in poisson(ACCOUNTS * QUIET_ACCOUNT / 86_400, 0, ends, chance):
        yield some(at, ACCOUNTS)
    for at in poisson(1 / STOPPED_EVERY, SWEEP, ends, chance):
        yield at, "stopped", chance.randrange(1, ACCOUNTS), chance.choice(REGIONS), True
    if scene.storm:
        for at in poisson(STORM_A_SECOND, STORM, STORM + STORM_LASTS, chance):
            yield some(at, STORM_ACCOUNTS)
    if scene.attack:
        for at in poisson(FLOOD_A_SECOND, STORM, STORM + STORM_LASTS, chance):
            yield at, "role", 0, REGIONS[0], False
        # As often as CloudTrail lets anybody, in each region.
        for region in REGIONS:
            for number in range(int(STORM_LASTS * QUOTAS["cloudtrail:StopLogging"][0])):
                yield STORM + number, "stopped", 0, region, False


def schedules(families: tuple[str, ...], seed: int = 7) -> dict[str, float]:
    """When the scheduler starts the sweep of each family."""
    chance = random.Random(seed)
    return {family: SWEEP + chance.uniform(0, SCHEDULE_WINDOW) for family in families}
