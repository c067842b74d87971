"""The whole organization: what happens in a member wakes a function at home, which puts it right there through its role."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from account_snapshot import difference, snapshot
from broken import BROKEN, HEARD
from deployed import FAMILIES, Account, Home, organization, until
from envelope import Event, create_server
from given import described, server
from local_aws.processes import ACCOUNT, REGION, Ministack
from local_aws.server import request
from trails import WEST
from vpcs import flow_logs, vpc

REGIONS = [REGION, WEST]
NUMBERS = itertools.count()
RIGHT = {"fixed", "compliant", "exempt", "not-applicable", "advised"}


class Member(Account):
    """A member account, in which the tests' helpers make things as they do at home."""

    def client(self, service: str, region: str = REGION) -> Any:
        """A boto3 client that writes this account's id for ours."""
        made = super().client(service, region)
        made.meta.events.register("provide-client-params.*", self.moved_parameters, unique_id="moved")
        return made

    def moved_parameters(self, params: dict[str, Any], **_: Any) -> dict[str, Any]:
        return dict(self.moved(params))

    def moved(self, told: Any) -> Any:
        """The same of this account; names of buckets are nobody else's."""
        text = json.dumps(told).replace(ACCOUNT, self.account)
        return json.loads(re.sub(r"-trail-logs(?!-)", f"-trail-logs-{self.account}", text))


@dataclass
class World:
    """The home account, and two members: one that lets things be fixed, and one that does not."""

    home: Home
    fixed: Member
    shown: Member


@pytest.fixture(scope="module")
def world(ministack_server: Ministack) -> World:
    ministack_server.reset()
    ours = organization(ministack_server)
    home = Home(ministack_server, Organization=ours, Mode="enforce", AlarmAddress=HEARD, Concurrency="0")
    given = {"HomeAccount": ACCOUNT, "Bus": home.outputs["Bus"], "ExternalId": ours, "AlarmAddress": HEARD}
    members = [Member(ministack_server, home.joined(name).account) for name in ("fixed", "shown")]
    for member, may_fix in zip(members, ("true", "false"), strict=True):
        Account(ministack_server, member.account).deploy("members.yaml", **given, MayFix=may_fix)
        for region in REGIONS:
            Account(ministack_server, member.account).deploy("regions.yaml", region, name="ears", Bus=home.outputs["Bus"])
    return World(home, *members)


def told(world: World, member: Member, family: str, event: Event) -> list[dict[str, Any]]:
    """What a function tells of an event of a member that EventBridge brings to it."""
    one = f"{family}-in-{member.account}-{next(NUMBERS)}"
    event["detail"]["eventID"] = one
    assert family in world.home.reached(member.deliver(event))
    (ending,) = world.home.told(family, event_id=one, message=f"{event['detail']['eventName']} handled")
    assert ending["account"] == member.account
    return [line for line in world.home.log(family) if line.get("event_id") == one and "status" in line]


@pytest.mark.parametrize("family", FAMILIES)
def test_what_an_event_of_a_member_tells_of_is_put_right_there(world: World, family: str) -> None:
    event = world.fixed.moved(BROKEN[family](world.fixed))
    told(world, world.fixed, family, event)
    # An event for another function may have woken this one before.
    found = [it for it in world.home.log(family) if it.get("account") == world.fixed.account and "status" in it]
    statuses = {it["status"] for it in found}
    assert statuses & {"fixed", "advised"} and statuses <= RIGHT, found
    again = told(world, world.fixed, family, event)
    # A call that ended the record is told each time that its event comes.
    assert {it["status"] for it in again} <= RIGHT - {"fixed"} | {"changed"}, again


def test_a_server_of_a_member_has_a_role_of_that_account_then(world: World) -> None:
    found = described(world.fixed, server(world.fixed))
    assert "LoggingRole" not in found
    told(world, world.fixed, "transfer", world.fixed.moved(create_server(found["ServerId"])))
    role = described(world.fixed, found["ServerId"])["LoggingRole"]
    assert role == f"arn:aws:iam::{world.fixed.account}:role/trailkeeper-transfer-logging"


def test_a_member_that_lets_nothing_be_fixed_stays_as_it_is(world: World) -> None:
    events = {family: world.shown.moved(BROKEN[family](world.shown)) for family in FAMILIES}
    before = snapshot(world.shown, REGIONS)
    for family, event in events.items():
        found = told(world, world.shown, family, event)
        tried = [it for it in found if it["status"] not in RIGHT]
        assert tried and {it["status"] for it in tried} == {"failed"}, found
        assert all("was denied" in it["because"] and "TrailkeeperRole" in it["because"] for it in tried)
    assert difference(before, snapshot(world.shown, REGIONS)) == {}


def test_a_schedule_sweeps_every_region_of_every_account(world: World) -> None:
    vpcs = {(account, region): vpc(account, region) for account in (world.home, world.fixed) for region in REGIONS}
    schedules = world.home.client("scheduler").list_schedules()["Schedules"]
    (arn,) = [it["Arn"] for it in schedules if it["Target"]["Arn"] == world.home.function("vpc", "sweep")]
    assert request("POST", f"{world.home.endpoint}/_local/schedule", {"arn": arn}) == {"refused": None}

    def logged() -> Iterator[bool]:
        while True:
            yield all(flow_logs(account, one, region) for (account, region), one in vpcs.items())

    assert until(logged())

    def refused() -> Iterator[bool]:
        while True:
            told = world.home.told("vpc", account=world.shown.account, status="failed", event="Trailkeeper Sweep")
            yield {it["region"] for it in told} == set(REGIONS)

    assert until(refused())
