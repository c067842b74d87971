"""Every region and every account of the organization: their events, and no others, come to the one bus of the home account."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from deployed import FAMILIES, ROOT, Account, Home, organization
from envelope import Event, create_server
from given import refusal
from local_aws.processes import ACCOUNT, REGION, Ministack
from trails import WEST
from vpcs import create_vpc, vpc

STRANGER = "444455556666"
OURS: list[Path] = sorted((ROOT / "tests" / "events").glob("*.*.json"))


@dataclass
class World:
    """The home account with its stacks in two regions, a member account with its own, and a stranger with the same."""

    home: Home
    member: Account
    stranger: Account


@pytest.fixture(scope="module")
def world(ministack_server: Ministack) -> World:
    ministack_server.reset()
    ours = organization(ministack_server)
    home = Home(ministack_server, Organization=ours)
    bus, member, stranger = home.outputs["Bus"], home.joined("member"), Account(ministack_server, STRANGER)
    home.deploy("regions.yaml", WEST, name="trailkeeper-region", Bus=bus)
    for account in (member, stranger):
        account.deploy("members.yaml", HomeAccount=ACCOUNT, Bus=bus, ExternalId=ours)
        for region in (REGION, WEST):
            account.deploy("regions.yaml", region, name="trailkeeper-region", Bus=bus)
    return World(home, member, stranger)


@pytest.mark.parametrize("file", OURS, ids=lambda file: file.stem)
@pytest.mark.parametrize("region", [REGION, WEST])
def test_an_event_wakes_the_same_functions_wherever_it_happens(world: World, file: Path, region: str) -> None:
    """But the guard, which is woken for parts of the home stack by rules of its own, in the home region alone."""
    event = json.loads(file.read_text())
    here = world.home.reached(world.home.deliver(event, invoke=False))
    there = event | {"region": region}
    for account in (world.home, world.member):
        reached = world.home.reached(account.deliver(there, invoke=False))
        assert reached - {"guard"} == here - {"guard"} != set()
        assert reached <= here
        assert event["source"] != "aws.iam" or "guard" in reached


def test_an_event_of_another_region_is_looked_into(world: World) -> None:
    event = create_vpc(vpc(world.home, WEST), awsRegion=WEST) | {"region": WEST}
    assert world.home.reached(world.home.deliver(event)) == {"vpc"}
    (line,) = world.home.told("vpc", event_id=event["detail"]["eventID"], status="planned")
    assert line["region"] == WEST


def test_an_account_outside_the_organization_is_let_in_by_nobody(world: World) -> None:
    (only,) = world.stranger.deliver(create_server("s-1"), invoke=False)
    assert only["target"] == world.home.outputs["Bus"] and "lets no" in only["refused"]


def test_other_rules_of_the_home_account_never_see_what_members_do(world: World) -> None:
    events = world.home.client("events")
    events.put_rule(Name="everything", EventPattern=json.dumps({"source": [{"prefix": ""}]}))
    target = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/elsewhere"
    events.put_targets(Rule="everything", Targets=[{"Id": "one", "Arn": target}])
    assert target in {it["target"] for it in world.home.deliver(create_server("s-1"), invoke=False)}
    for region in (REGION, WEST):
        journal = world.member.deliver(create_server("s-1") | {"region": region}, invoke=False)
        assert world.home.reached(journal) == {"transfer"} and target not in {it["target"] for it in journal}
    events.remove_targets(Rule="everything", Ids=["one"])
    events.delete_rule(Name="everything")


# Sweeps that are handed on.


def sweep(family: str, **detail: Any) -> Event:
    """A sweep as a function hands it on."""
    return create_server("any") | {
        "source": "trailkeeper", "detail-type": "Trailkeeper Sweep", "detail": {"family": family, "account": STRANGER} | detail,
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_a_sweep_that_is_handed_on_wakes_its_function_alone(world: World, family: str) -> None:
    journal = world.home.deliver(sweep(family, region=WEST), bus="trailkeeper", invoke=False)
    assert world.home.reached(journal) == {family}


def entry(world: World, **other: Any) -> dict[str, Any]:
    """A sweep for PutEvents."""
    bus = world.home.outputs["Bus"]
    return {"Source": "trailkeeper", "DetailType": "Trailkeeper Sweep", "Detail": "{}", "EventBusName": bus} | other


@pytest.mark.parametrize("family", FAMILIES)
def test_a_function_may_hand_sweeps_on_and_nothing_else(world: World, family: str) -> None:
    events = world.home.client_as(family, "events")
    assert events.put_events(Entries=[entry(world)])["FailedEntryCount"] == 0
    elsewhere = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    for other in ({"Source": "my.app"}, {"DetailType": "Something"}, {"EventBusName": elsewhere}):
        for entries in ([entry(world, **other)], [entry(world), entry(world, **other)]):
            assert refusal(events.put_events, Entries=entries)[1] == "AccessDeniedException"


def test_a_member_can_hand_on_no_sweep(world: World) -> None:
    """EventBridge says whose event it is, and the rules ask for one of the home account."""
    put = world.member.client("events").put_events
    assert refusal(put, Entries=[entry(world)])[1] == "AccessDeniedException", "the bus takes the forwarders alone"
    for family in FAMILIES:
        assert world.home.deliver(sweep(family), bus="trailkeeper", sender=world.member.account, invoke=False) == []
    assert refusal(world.stranger.client("events").put_events, Entries=[entry(world)])[1] == "AccessDeniedException"
