"""The guard as its role, with IAM enforced: its policy suffices, and none of it is idle."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import StartFunction
from envelope import Event, schedule
from given import refusal
from guarded import BUS, SETTINGS, STACK, calls, made, through_cloudformation
from installed import Installed, all_actions, visible
from local_aws.processes import Ministack

REGIONAL = {key: value for key, value in SETTINGS.items() if key != "TRAILKEEPER_REGIONS"}
EVENTS = '{"source": ["aws.kms"]}'
TEMPLATE = '{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}'


@pytest.fixture
def installed(ministack: Ministack, function: StartFunction) -> Installed:
    events = ministack.client("events")
    events.create_event_bus(Name=STACK)
    for bus in ({}, {"EventBusName": STACK}):
        events.put_rule(Name=f"{STACK}-one", EventPattern=EVENTS, State="ENABLED", **bus)
        events.put_targets(Rule=f"{STACK}-one", Targets=[{"Id": "one", "Arn": BUS}], **bus)
    stack = ministack.client("cloudformation").create_stack(StackName=STACK, TemplateBody=TEMPLATE)["StackId"]
    return Installed(ministack, function, "guard", **(REGIONAL | {"TRAILKEEPER_STACK": stack}))


def deploying(installed: Installed) -> Event:
    """A call that CloudFormation made while the stack was made."""
    found = installed.ministack.client("cloudformation").describe_stack_events(StackName=STACK)["StackEvents"]
    start = min(it["Timestamp"] for it in found)
    return made(calls()[0], eventTime=f"{start:%Y-%m-%dT%H:%M:%SZ}", **through_cloudformation())


def test_the_policy_suffices(installed: Installed) -> None:
    told = installed.invoke(made(calls()[0]))
    assert told.ok and told.body["results"]
    quiet = installed.invoke(deploying(installed))
    assert "CloudFormation made it" in quiet.body["ignored"]
    looked = installed.invoke(schedule())
    assert looked.ok, looked.error_message
    found = {it["resource"]: (it["status"], it["because"]) for it in looked.body["results"]}
    assert [status for status, _ in found.values()] == ["compliant", "compliant"], found


@pytest.mark.parametrize("action", all_actions("guard.observe"))
def test_every_action_taken_away_is_missed(installed: Installed, action: str) -> None:
    installed.take_action(action)
    if action == "cloudformation:DescribeStackEvents":
        assert installed.invoke(deploying(installed)).body["results"], "what cannot be asked about is told"
        return
    event = made(calls()[0], eventID="x") if action == "sns:Publish" else schedule()
    missed = visible(installed.invoke(event))
    assert action in missed and "denied" in missed


@pytest.mark.parametrize(("service", "operation", "given"), [
    ("events", "disable_rule", {"Name": f"{STACK}-one"}),
    ("events", "delete_rule", {"Name": f"{STACK}-one"}),
    ("cloudformation", "delete_stack", {"StackName": STACK}),
    ("cloudformation", "get_template", {"StackName": STACK}),
    ("sqs", "purge_queue", {"QueueUrl": "https://sqs/123456789012/dead"}),
    ("lambda", "update_function_configuration", {"FunctionName": f"{STACK}-trail"}),
    ("sts", "assume_role", {"RoleArn": "arn:aws:iam::123456789012:role/TrailkeeperRole", "RoleSessionName": "trailkeeper"}),
])
def test_it_changes_nothing_and_enters_nothing(
    installed: Installed, service: str, operation: str, given: dict[str, Any]
) -> None:
    client = installed.ministack.client_as(installed.arn, service)
    assert refusal(getattr(client, operation), **given)[1].startswith("AccessDenied")
