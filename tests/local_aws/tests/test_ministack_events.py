"""Ministack, patched, delivers events as EventBridge does: what nobody lets in goes nowhere."""

from __future__ import annotations

import json
from typing import Any

import pytest
from deployed import Account, package
from envelope import create_server
from given import policy, refusal, role, trust
from local_aws.processes import ACCOUNT, REGION, Ministack
from local_aws.server import request

EVENTS = "events.amazonaws.com"
WEST, OTHER = "eu-west-1", "210987654321"
PATTERN = json.dumps({"source": ["aws.transfer"]})
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:woken"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/woken"
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/home"


@pytest.fixture
def here(ministack: Ministack) -> Account:
    return Account(ministack)


def rule(account: Account, region: str = REGION, name: str = "woken", bus: str = "default", **target: Any) -> None:
    """A rule for what Transfer Family does."""
    events = account.client("events", region)
    events.put_rule(Name=name, EventBusName=bus, EventPattern=PATTERN)
    events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "one"} | target])


def function(account: Account, **lets: str) -> None:
    """A function whose policy has one statement, unless it has none."""
    given = {"Role": role(account, "runs", trust("lambda.amazonaws.com")), "Code": {"ZipFile": package("transfer")}}
    functions = account.client("lambda")
    functions.create_function(FunctionName="woken", Runtime="provided.al2023", Handler="bootstrap", **given)
    if lets:
        functions.add_permission(FunctionName="woken", StatementId="s", Action="lambda:InvokeFunction", **lets)


def refused(account: Account, /, **event: Any) -> list[str | None]:
    """Why the event went to none of the targets; None for each that it went to."""
    return [it["refused"] for it in account.deliver(create_server("s-1") | event, invoke=False)]


def test_nobody_but_aws_puts_events_of_aws(here: Account) -> None:
    entry = {"Source": "aws.transfer", "DetailType": "AWS API Call via CloudTrail", "Detail": "{}"}
    answer = here.client("events").put_events(Entries=[entry])
    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"


@pytest.mark.parametrize(("lets", "invoked"), [
    ({}, False),
    ({"Principal": EVENTS, "SourceArn": RULE}, True),
    ({"Principal": EVENTS, "SourceArn": f"{RULE}2"}, False),
    ({"Principal": EVENTS, "SourceArn": RULE, "SourceAccount": ACCOUNT}, False),
    ({"Principal": "s3.amazonaws.com", "SourceArn": RULE}, False),
])
def test_a_function_lets_a_rule_in_or_is_left_alone(here: Account, lets: dict[str, str], invoked: bool) -> None:
    function(here, **lets)
    rule(here, Arn=FUNCTION)
    (why,) = refused(here)
    assert (why is None) == invoked, why
    assert refused(here, source="aws.s3") == []


def forwarder(account: Account, trusted: str = EVENTS, bus: str = BUS) -> str:
    """A role that may put events on a bus."""
    arn = role(account, "forwarder", trust(trusted))
    may = policy(Action="events:PutEvents", Resource=bus)
    account.client("iam").put_role_policy(RoleName="forwarder", PolicyName="put", PolicyDocument=may)
    return arn


def home_bus(here: Account) -> None:
    """A bus with a rule that wakes a function."""
    here.client("events").create_event_bus(Name="home")
    function(here, Principal=EVENTS, SourceArn=f"arn:aws:events:{REGION}:{ACCOUNT}:rule/home/woken")
    rule(here, bus="home", Arn=FUNCTION)


@pytest.mark.parametrize("region", [REGION, WEST])
def test_a_bus_gets_events_of_any_region_through_a_role(here: Account, region: str) -> None:
    home_bus(here)
    if region == REGION:
        rule(here, region, "forward", Arn=BUS)
        assert refused(here, region=region) == ["the target has no role"]
    rule(here, region, "forward", Arn=BUS, RoleArn=forwarder(here))
    assert refused(here, region=region) == [None, None]


@pytest.mark.parametrize(("trusted", "bus"), [("lambda.amazonaws.com", BUS), (EVENTS, f"{BUS}2")])
def test_a_role_that_may_not_put_forwards_nothing(here: Account, trusted: str, bus: str) -> None:
    home_bus(here)
    rule(here, name="forward", Arn=BUS, RoleArn=forwarder(here, trusted, bus))
    (why,) = refused(here)
    assert why and "may not" in why


def test_a_bus_lets_in_another_account_or_not(here: Account) -> None:
    home_bus(here)
    there = Account(here.server, OTHER)
    rule(there, name="forward", Arn=BUS, RoleArn=forwarder(there))
    (why,) = refused(there, account=OTHER)
    assert why and "lets no" in why
    here.client("events").put_permission(
        EventBusName="home", Principal=OTHER, Action="events:PutEvents", StatementId="theirs"
    )
    assert refused(there, account=OTHER) == [None, None]
    assert refused(here) == []


def test_a_bus_keeps_out_whom_it_denies_even_of_its_own_account(here: Account) -> None:
    """Whatever his own policies say; a rule's role is its own principal."""
    home_bus(here)
    arn = forwarder(here)
    rule(here, name="forward", Arn=BUS, RoleArn=arn)
    for name, lets in (("forwarder", True), ("another", False)):
        shut = {
            "Effect": "Deny", "Principal": "*", "Action": "events:PutEvents", "Resource": BUS, "Sid": "shut",
            "Condition": {"ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::*:role/{name}"}},
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [shut]})
        here.client("events").put_permission(EventBusName="home", Policy=document)
        assert (refused(here) == [None, None]) == lets
        entry = {"Source": "me", "DetailType": "any", "Detail": "{}", "EventBusName": "home"}
        assert refusal(here.client("events").put_events, Entries=[entry])[1] == "AccessDeniedException"
    assert here.client("events").put_events(Entries=[entry | {"EventBusName": "default"}])["FailedEntryCount"] == 0


def test_an_event_of_another_account_goes_to_no_third(here: Account) -> None:
    home_bus(here)
    third = Account(here.server, "111122223333")
    third.client("events").create_event_bus(Name="third")
    there = Account(here.server, OTHER)
    on = f"arn:aws:events:{REGION}:111122223333:event-bus/third"
    rule(here, bus="home", name="on", Arn=on, RoleArn=role(here, "on", trust(EVENTS)))
    here.client("events").put_permission(
        EventBusName="home", Principal=OTHER, Action="events:PutEvents", StatementId="theirs"
    )
    rule(there, name="forward", Arn=BUS, RoleArn=forwarder(there))
    assert "it came from another account already" in refused(there, account=OTHER)


def test_a_bus_that_is_not_there_gets_nothing(here: Account) -> None:
    rule(here, name="forward", Arn=BUS, RoleArn=forwarder(here))
    assert refused(here) == [f"there is no bus {BUS}"]


@pytest.mark.parametrize(("trusted", "action", "runs"), [
    ("scheduler.amazonaws.com", "lambda:InvokeFunction", True),
    ("scheduler.amazonaws.com", "lambda:GetFunction", False),
    (EVENTS, "lambda:InvokeFunction", False),
])
def test_a_schedule_invokes_through_its_role(here: Account, trusted: str, action: str, runs: bool) -> None:
    function(here)
    arn = role(here, "schedules", trust(trusted, StringEquals={"aws:SourceAccount": ACCOUNT}))
    may = policy(Action=action, Resource=FUNCTION)
    here.client("iam").put_role_policy(RoleName="schedules", PolicyName="may", PolicyDocument=may)
    made = here.client("scheduler").create_schedule(
        Name="daily", ScheduleExpression="rate(1 day)", FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": FUNCTION, "RoleArn": arn},
    )
    answer = request("POST", f"{here.endpoint}/_local/schedule", {"arn": made["ScheduleArn"]})
    assert (answer["refused"] is None) == runs, answer
