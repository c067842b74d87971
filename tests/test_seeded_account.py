"""One scheduled event for each family over a whole account: right for the right reason, and then silence."""

from __future__ import annotations

import re
from typing import Any

import pytest
from account_snapshot import difference, snapshot
from conftest import StartFunction
from envelope import schedule
from local_aws.faults import Faults
from local_aws.processes import Moto
from observed import results, writes
from seeded import REGIONS, seed

FAMILIES = ["trail", "bucket"]
RESTING = {"compliant", "advised", "not-applicable", "exempt"}

Outcomes = dict[tuple[str, str], dict[str, Any]]


def sweep(function: StartFunction, faults: Faults, family: str, mode: str) -> Outcomes:
    """What the family's scheduled event says of each control and resource."""
    started = function(family, endpoint=faults, mode=mode, timeout=180)
    return {(it["control"], it["resource"]): it for it in results(started.invoke(schedule()))}


def steps(outcomes: Outcomes) -> set[tuple[str, str, str, str]]:
    """Every step, with what it replaces and puts there, but for the names that AWS gives to new keys."""
    return {
        (step["action"], step["summary"].split(" to ")[0], str(step["before"]), named(str(step["after"])))
        for outcome in outcomes.values() for step in outcome["steps"]
    }


def named(after: str) -> str:
    return re.sub(r"arn:aws:kms:[^']*", "KEY", after)


@pytest.fixture
def account(moto: Moto) -> Moto:
    seed(moto)
    return moto


def test_it_ends_right_and_stays_so(function: StartFunction, account: Moto, faults: Faults) -> None:
    before = snapshot(account, REGIONS)
    planned = {family: sweep(function, faults, family, "dry-run") for family in FAMILIES}
    assert writes(faults) == []
    assert difference(before, snapshot(account, REGIONS)) == {}

    fixed = {family: sweep(function, faults, family, "enforce") for family in FAMILIES}
    for family in FAMILIES:
        wrong = {key: it for key, it in fixed[family].items() if it["status"] not in RESTING | {"fixed"}}
        assert wrong == {}
    assert any(it["status"] == "fixed" for it in fixed["trail"].values())
    # The trail family came first, and made nothing that the bucket family plans for.
    for family in FAMILIES:
        assert steps(fixed[family]) == steps(planned[family])

    faults.forget()
    after = snapshot(account, REGIONS)
    for family in FAMILIES:
        again = sweep(function, faults, family, "enforce")
        unrest = {key: (it["status"], it["because"]) for key, it in again.items() if it["status"] not in RESTING}
        assert unrest == {}
    assert writes(faults) == []
    assert difference(after, snapshot(account, REGIONS)) == {}
