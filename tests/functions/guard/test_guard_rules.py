"""The schedule finds rules that wake nobody, which no event may have told of."""

from __future__ import annotations

import json
from typing import Any

from conftest import StartFunction
from envelope import schedule
from guarded import ACCOUNT, CONTROL, REGION, SETTINGS, STACK
from inbox import Inbox, valid
from local_aws.processes import Moto

WEST = "eu-west-1"
EVENTS = json.dumps({"source": ["aws.kms"]})


def put_rule(moto: Moto, name: str, region: str = REGION, state: str = "ENABLED", leads: bool = True, **bus: str) -> None:
    events = moto.client("events", region)
    events.put_rule(Name=name, EventPattern=EVENTS, State=state, **bus)
    if leads:
        target = {"Id": "one", "Arn": f"arn:aws:lambda:{region}:{ACCOUNT}:function:{STACK}-key"}
        events.put_targets(Rule=name, Targets=[target], **bus)


def looked(function: StartFunction, inbox: Inbox, **settings: str) -> list[dict[str, Any]]:
    told = SETTINGS | {"TRAILKEEPER_TOPIC_ARN": inbox.topic} | settings
    answer = valid(function("guard", **told).invoke(schedule()))
    assert answer.ok, answer.error_message
    found: list[dict[str, Any]] = answer.body["results"]
    assert all(it["control"] == CONTROL and it["severity"] == "critical" for it in found)
    return found


def states(results: list[dict[str, Any]]) -> dict[str, str]:
    return {it["resource"].rsplit("/", 1)[1]: it["status"] for it in results}


def test_rules_that_wake_nobody_are_told(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    moto.client("events").create_event_bus(Name=STACK)
    put_rule(moto, f"{STACK}-right")
    put_rule(moto, f"{STACK}-off", state="DISABLED")
    put_rule(moto, f"{STACK}-astray", leads=False)
    put_rule(moto, "on-the-bus", state="DISABLED", EventBusName=STACK)
    put_rule(moto, "shop", state="DISABLED")
    assert states(looked(function, inbox)) == {
        f"{STACK}-right": "compliant", f"{STACK}-off": "advised", f"{STACK}-astray": "advised", "on-the-bus": "advised",
    }
    (letter,) = moto.mail()
    assert f"{STACK}-off" in letter["text"] and f"{STACK}-right" not in letter["text"]


def test_rules_of_every_region_are_looked_at(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    moto.client("events").create_event_bus(Name=STACK)
    put_rule(moto, f"{STACK}-right")
    put_rule(moto, f"{STACK}-regions-Kms", region=WEST, state="DISABLED")
    found = looked(function, inbox, TRAILKEEPER_REGIONS=f"{REGION},{WEST}")
    assert states(found) == {f"{STACK}-right": "compliant", f"{STACK}-regions-Kms": "advised"}
    assert {it["region"] for it in found if it["status"] == "advised"} == {WEST}


def test_where_no_rule_is_left_that_is_told(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    moto.client("events").create_event_bus(Name=STACK)
    (result,) = looked(function, inbox, TRAILKEEPER_REGIONS=f"{REGION},{WEST}")
    assert result["status"] == "advised" and "no rule in us-east-1" in result["because"]
    assert len(moto.mail()) == 1


def test_what_cannot_be_read_is_unknown_and_told(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    """There is no bus of ours any more."""
    put_rule(moto, f"{STACK}-right")
    (result,) = looked(function, inbox)
    assert result["status"] == "unknown" and "events:ListRules" in result["because"]
    assert len(moto.mail()) == 1


def test_all_being_well_nothing_is_told(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    moto.client("events").create_event_bus(Name=STACK)
    put_rule(moto, f"{STACK}-right")
    assert states(looked(function, inbox)) == {f"{STACK}-right": "compliant"} and moto.mail() == []
