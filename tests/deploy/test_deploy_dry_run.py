"""The stack as it is by default, in dry-run: each function runs as its role, tells what is wrong, and cannot write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from account_snapshot import difference, snapshot
from broken import BROKEN, HEARD
from deployed import FAMILIES, Home
from envelope import Event, schedule
from installed import document
from local_aws.processes import REGION, Ministack
from observed import results

REGIONS = [REGION, "eu-west-1"]
TOLD = {"planned", "compliant", "exempt", "not-applicable", "advised"}


@dataclass
class Scene:
    """A deployed stack in an account in which much is broken."""

    home: Home
    events: dict[str, Event] = field(default_factory=dict)


@pytest.fixture(scope="module")
def scene(ministack_server: Ministack) -> Scene:
    ministack_server.reset()
    home = Home(ministack_server, AlarmAddress=HEARD)
    return Scene(home, {family: BROKEN[family](home) for family in FAMILIES})


@pytest.mark.parametrize("family", FAMILIES)
def test_a_function_plans_what_puts_right_what_an_event_tells_of(scene: Scene, family: str) -> None:
    found = results(scene.home.invoke(family, scene.events[family]))
    statuses = {it["status"] for it in found}
    assert "planned" in statuses and statuses <= TOLD, found


@pytest.mark.parametrize("family", FAMILIES)
def test_a_function_sweeps_every_region_and_may_read_all_that_it_needs(scene: Scene, family: str) -> None:
    found = results(scene.home.invoke(family, schedule()))
    statuses = {it["status"] for it in found}
    assert "planned" in statuses and statuses <= TOLD, found
    if family in ("vpc", "recorder"):
        assert {it["region"] for it in found} == set(REGIONS)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_a_function_says_is_in_its_own_log_group(scene: Scene, family: str) -> None:
    scene.home.invoke(family, scene.events[family])
    assert scene.home.told(family, family=family, level="INFO", status="planned")


def test_a_role_holds_no_right_to_write(scene: Scene) -> None:
    iam = scene.home.client("iam")
    for family in FAMILIES:
        role = scene.home.role(family).rpartition("/")[2]
        assert sorted(iam.list_role_policies(RoleName=role)["PolicyNames"]) == ["handing-on", "ledger", "log", "observe", "queue", "unsent"]
        written = iam.get_role_policy(RoleName=role, PolicyName="observe")["PolicyDocument"]["Statement"]
        repository = document(f"{family}.observe")["Statement"]
        assert [(it["Sid"], it["Action"]) for it in written] == [(it["Sid"], it["Action"]) for it in repository]


@dataclass
class Told:
    """What functions that were told to enforce answered, and what became of the account."""

    found: dict[str, list[dict[str, Any]]]
    changed: dict[str, Any]


@pytest.fixture(scope="module")
def told(scene: Scene) -> Iterator[Told]:
    before = snapshot(scene.home, REGIONS)
    for family in FAMILIES:
        scene.home.set(family, TRAILKEEPER_MODE="enforce")
    found = {family: results(scene.home.invoke(family, scene.events[family])) for family in FAMILIES}
    for family in FAMILIES:
        found[family] += results(scene.home.invoke(family, schedule()))
    yield Told(found, difference(before, snapshot(scene.home, REGIONS)))
    for family in FAMILIES:
        scene.home.set(family, TRAILKEEPER_MODE="dry-run")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_function_that_is_told_to_enforce_is_denied_each_first_call(told: Told, family: str, scene: Scene) -> None:
    found = told.found[family]
    tried = [it for it in found if it["steps"]]
    assert tried and {it["status"] for it in tried} == {"failed"}
    assert {step["status"] for it in tried for step in it["steps"]} <= {"failed", "skipped"}
    session = scene.home.role(family).replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")
    assert all("was denied" in it["because"] and f"{session}/" in it["because"] for it in tried), tried


def test_nothing_in_the_account_changes_then(told: Told) -> None:
    assert told.changed == {}
