"""AWS is asked each question once: in a sweep and for an event, of each family, whatever it finds and mends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import seeded_network
from batches import again, anew, batch
from broken import BROKEN
from conftest import StartFunction
from envelope import api_call, role_call, schedule
from given import server, trail_arn
from local_aws.clients import FAKE, client
from local_aws.processes import REGION, Moto
from log_buckets import bucket_call
from many_trails import many_trails
from observed import results
from recorded_calls import ON_ITS_WAY_SECONDS, RecordedCalls, Sent, recorded, repeated
from seeded import seed
from trails import create_trail
from undoing import Desk

FAMILIES = ["trail", "bucket", "monitoring", "key", "vpc", "recorder", "transfer"]
LOOK, REPAIR = 220, 520
"""The most calls over all families of one account: to look at a healthy one, and to put it right."""
SPREAD = 1.05
ROLES, GROUPS = ("nobodys", "west-writer"), ("nobodys", "/aws/lambda/something")
"""Of nobody, and of the seeded account."""


@pytest.fixture
def calls(moto: Moto) -> Iterator[RecordedCalls]:
    """The way to `moto` on which every call is recorded."""
    with recorded(moto) as record:
        yield record


def told(again: list[Sent]) -> list[str]:
    """Repeated calls as people read them."""
    return [f"{it.service}:{it.operation} {it.region} {it.status} {it.arguments[:300]}" for it in again]


def run(function: StartFunction, calls: RecordedCalls, family: str, event: Any = None, mode: str = "enforce") -> list[Sent]:
    """The calls of one event, by default a sweep, in a fresh process."""
    calls.forget()
    results(function(family, endpoint=calls.endpoint, mode=mode, timeout=180).invoke(event or schedule()))
    return calls.asked


@pytest.mark.parametrize("family", FAMILIES)
def test_no_sweep_asks_twice(function: StartFunction, moto: Moto, calls: RecordedCalls, family: str) -> None:
    seed(moto)
    if family in ("vpc", "key", "recorder"):
        seeded_network.seed(moto)
    for _ in range(2 if family == "transfer" else 0):
        server(moto)
    for mode in ("dry-run", "enforce", "enforce"):
        assert told(repeated(run(function, calls, family, mode=mode))) == []


@pytest.mark.parametrize("family", BROKEN)
def test_no_event_asks_twice(function: StartFunction, moto: Moto, calls: RecordedCalls, family: str) -> None:
    event = BROKEN[family](moto)
    for mode in ("dry-run", "enforce", "enforce"):
        made = run(function, calls, family, event, mode)
        assert made and told(repeated(made)) == []


@pytest.mark.parametrize("family", BROKEN)
def test_no_batch_asks_twice(function: StartFunction, moto: Moto, calls: RecordedCalls, family: str) -> None:
    """Of calls on what is broken, and on roles, buckets, keys and groups of the account and of nobody."""
    seed(moto)
    # The seeded account has a trail of that name, which is stopped and blinded.
    event = create_trail(trail_arn()) if family == "trail" else BROKEN[family](moto)
    roles = [role_call(name, role) for name in ("PutRolePolicy", "AttachRolePolicy") for role in ROLES]
    buckets = [bucket_call("nobodys"), bucket_call()]
    groups = [api_call("logs", "PutRetentionPolicy", requestParameters={"logGroupName": it}) for it in GROUPS]
    sent = [event, *roles, *buckets, *groups]
    for mode in ("dry-run", "enforce", "enforce"):
        calls.forget()
        keeper = function(family, endpoint=calls.endpoint, mode=mode, timeout=180)
        assert again(keeper.invoke(batch(*map(anew, [*sent, *reversed(sent)])), timeout=180)) == []
        assert calls.asked and told(repeated(calls.asked)) == []


@pytest.mark.parametrize("seeds", [seed, seeded_network.seed], ids=["account", "network"])
def test_the_command_asks_nothing_twice(moto: Moto, calls: RecordedCalls, seeds: Callable[[Moto], Any]) -> None:
    """Though it checks all families at once, which ask much of the same."""
    seeds(moto)
    for asked in (["check", "--no-history", "--json"], ["check", "--no-history", "--family", "trail", "--json"]):
        calls.forget()
        assert Desk(calls.endpoint, table=None).run(*asked).code in (1, 2)
        assert calls.asked and told(repeated(calls.asked)) == []


def test_an_account_is_looked_at_and_mended_with_few_calls(
    function: StartFunction, moto: Moto, calls: RecordedCalls
) -> None:
    seed(moto)
    repair = {family: len(run(function, calls, family)) for family in FAMILIES}
    for family in FAMILIES:  # What one family makes, another looks after.
        run(function, calls, family)
    look = {family: len(run(function, calls, family)) for family in FAMILIES}
    assert sum(repair.values()) <= REPAIR, repair
    assert sum(look.values()) <= LOOK, look


@pytest.mark.parametrize("family", ["trail", "bucket"])
def test_the_calls_grow_with_the_account(
    function: StartFunction, moto: Moto, calls: RecordedCalls, family: str
) -> None:
    """Without what is the same for every account, twice the trails are twice the calls."""
    made = {}
    for count in (3, 6, 12):
        moto.reset()
        many_trails(moto, count)
        made[count] = len(run(function, calls, family, mode="dry-run"))
    each, then = (made[6] - made[3]) / 3, (made[12] - made[6]) / 6
    assert then <= each * SPREAD, made


def test_a_repetition_would_be_seen(moto: Moto, calls: RecordedCalls) -> None:
    iam = client(calls.endpoint, "iam", REGION, FAKE)
    iam.list_roles()
    iam.list_roles(PathPrefix="/other/")
    assert repeated(calls.asked) == []
    iam.create_group(GroupName="writes")
    time.sleep(2 * ON_ITS_WAY_SECONDS)
    iam.list_roles()
    assert repeated(calls.asked) == []
    iam.list_roles()
    (again,) = repeated(calls.asked)
    assert (again.service, again.operation, again.status) == ("iam", "ListRoles", 200)
