"""A deployment is one letter: what CloudFormation does while it runs is part of it, and what it does besides is not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from conftest import StartFunction
from guarded import ALICE, SETTINGS, STACK, calls, made, through_cloudformation
from inbox import Inbox
from local_aws.processes import Moto

TEMPLATE = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
LATER = {"eventTime": "2036-03-02T11:20:48Z"}
"""A time at which nothing was deployed."""


def settings(inbox: Inbox, stack: str) -> dict[str, str]:
    return SETTINGS | {"TRAILKEEPER_TOPIC_ARN": inbox.topic, "TRAILKEEPER_STACK": stack}


def deployed(moto: Moto) -> tuple[str, dict[str, str]]:
    """The id of the stack, and the time at which it was made, as CloudTrail writes it."""
    stacks = moto.client("cloudformation")
    stack = stacks.create_stack(StackName=STACK, TemplateBody=TEMPLATE)["StackId"]
    events = stacks.describe_stack_events(StackName=stack)["StackEvents"]
    (start,) = [
        it["Timestamp"] for it in events
        if it["PhysicalResourceId"] == stack and it["ResourceStatus"] == "CREATE_IN_PROGRESS"
    ]
    return stack, {"eventTime": f"{start:%Y-%m-%dT%H:%M:%SZ}"}


def parts() -> list[str]:
    """Calls that a deployment makes: all but those on the stack itself."""
    return [name for service, name, _, _ in calls() if service != "cloudformation"]


def test_a_deployment_is_one_letter(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    stack, during = deployed(moto)
    guard = function("guard", **settings(inbox, stack))
    for call in calls():
        if call[1] == "UpdateStack":
            assert guard.invoke(made(call, **during)).body["results"]
        elif call[0] != "cloudformation":
            answer = guard.invoke(made(call, **through_cloudformation(), **during))
            assert "CloudFormation made it" in answer.body["ignored"], call[1]
    (letter,) = moto.mail()
    assert ALICE in letter["text"] and "UpdateStack" in letter["text"]


def test_cloudformation_is_told_of_while_the_stack_is_not_deployed(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    """Others can have it change our parts: by a stack of their own, or by the Cloud Control API."""
    stack, _ = deployed(moto)
    guard = function("guard", **settings(inbox, stack))
    for call in calls():
        if call[0] != "cloudformation":
            (result,) = guard.invoke(made(call, eventID=str(call), **through_cloudformation(), **LATER)).body["results"]
            assert "through CloudFormation" in result["because"]
    assert len(moto.mail()) == len(parts())


def test_during_a_deployment_others_are_told_of(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    """Neither an agent nor an address of one's own makes a call CloudFormation's."""
    stack, during = deployed(moto)
    guard = function("guard", **settings(inbox, stack))
    told = {name: fields for name, fields in through_cloudformation().items() if name == "userAgent"}
    for number, fields in enumerate(({}, told, through_cloudformation(invokedBy="sns.amazonaws.com"))):
        assert guard.invoke(made(calls()[0], eventID=str(number), **fields, **during)).body["results"]
    assert len(moto.mail()) == 3


def test_where_the_stack_cannot_be_asked_the_call_is_told(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    """There is none of the name in this account, which answers with an error."""
    guard = function("guard", **settings(inbox, SETTINGS["TRAILKEEPER_STACK"]))
    assert guard.invoke(made(calls()[0], **through_cloudformation())).body["results"]
    assert len(moto.mail()) == 1


def test_a_change_set_without_its_stack_is_ours_if_our_stack_begins_to_change(
    function: StartFunction, moto: Moto, inbox: Inbox
) -> None:
    stack, during = deployed(moto)
    guard = function("guard", **settings(inbox, stack))
    change_set = {"requestParameters": {"changeSetName": "arn:aws:cloudformation:us-east-1:1:changeSet/c/1"}}
    long_ago = {"eventTime": f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"}
    execute = ("cloudformation", "ExecuteChangeSet", change_set, {})
    assert guard.invoke(made(execute, **long_ago)).body["ignored"] == "it is no part of Trailkeeper"
    (result,) = guard.invoke(made(execute, **during)).body["results"]
    assert result["resource"] == stack and len(moto.mail()) == 1
