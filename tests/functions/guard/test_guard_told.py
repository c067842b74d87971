"""Whoever changes, stops or deletes a part of Trailkeeper is told of, once, and nobody else is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import StartFunction
from envelope import api_call, role_session
from guarded import ACCOUNT, ALICE, CONTROL, KEY, REGION, SETTINGS, STACK, Call, calls, made
from inbox import Inbox, valid
from local_aws.processes import Moto
from repository import ROOT

MEMBER = "444455556666"
OTHER_KEY = KEY.replace("1234abcd", "9999abcd")
WATCHED = json.loads((ROOT / "tests" / "golden" / "guard.json").read_text())


def settings(inbox: Inbox, **more: str) -> dict[str, str]:
    return SETTINGS | {"TRAILKEEPER_TOPIC_ARN": inbox.topic} | more


def test_every_call_that_is_watched_is_tried() -> None:
    tried = {(service, name) for service, name, _, _ in calls()}
    for watch in (watch for ways in WATCHED.values() for watch in ways):
        service = watch["service"].split(".")[0]
        for name in watch["calls"]:
            assert any(known == service and it.startswith(name) for known, it in tried), name


def test_each_call_on_a_part_is_one_letter_that_says_who_and_what(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    guard = function("guard", **settings(inbox))
    for call in calls():
        service, name, _, part = call
        answer = valid(guard.invoke(made(call, eventID=f"{service}-{name}-{json.dumps(call[2])}")))
        assert answer.ok, (name, answer.error_message)
        (result,) = answer.body["results"]
        assert (result["control"], result["status"], result["severity"]) == (CONTROL, "changed", "critical"), name
        assert result["resource"] == part["part"], name
        (message,) = inbox.messages()
        assert message["MessageAttributes"]["status"]["Value"] == "changed"
        assert json.loads(message["Message"])["event"]["actor"] == ALICE
        assert message["Subject"].startswith("CHANGED critical: ")
    letters = moto.mail()
    assert len(letters) == len(calls())
    for call, letter in zip(calls(), letters, strict=True):
        assert ALICE in letter["text"] and call[1] in letter["text"] and call[3]["part"] in letter["text"]
        assert "exempt" not in letter["text"], "nothing exempts a part"


def test_what_is_somebody_elses_is_not_told(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    guard = function("guard", **settings(inbox))
    for call in calls("shop", OTHER_KEY):
        answer = guard.invoke(made(call))
        assert answer.body["results"] == [] and answer.body["ignored"], call[1]
    assert moto.mail() == []


@pytest.mark.parametrize("fields", [
    {"errorCode": "AccessDenied"}, {"readOnly": True}, {"eventType": "AwsServiceEvent"}, {"recipientAccountId": MEMBER},
])
def test_a_call_that_changed_nothing_here_is_not_told(
    function: StartFunction, moto: Moto, inbox: Inbox, fields: dict[str, Any]
) -> None:
    guard = function("guard", **settings(inbox))
    for call in calls():
        assert guard.invoke(made(call, **fields)).body["ignored"], call[1]
    assert moto.mail() == []


def test_our_own_role_is_told_of_like_anybody(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    session = role_session(f"{STACK}-GuardRole-r")
    answer = function("guard", **settings(inbox)).invoke(made(calls()[0], userIdentity=session))
    (letter,) = moto.mail()
    assert answer.ok and session["arn"] in letter["text"]


def test_an_event_that_comes_by_two_ways_is_told_once(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    guard = function("guard", **settings(inbox))
    (disable,) = [made(it) for it in calls() if it[1] == "DisableRule"]
    first, again = guard.invoke(disable), guard.invoke(disable | {"id": "another"})
    assert len(first.body["results"]) == 1 and again.body["ignored"] == "it was told already"
    assert len(moto.mail()) == 1
    guard.invoke(made(("events", "DisableRule", disable["detail"], {}), eventID="later"))
    assert len(moto.mail()) == 1, "another call is another letter"


def test_a_letter_that_did_not_go_out_is_not_taken_for_told(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    event = made(calls()[0])
    sns = moto.client("sns")
    guard = function("guard", **settings(inbox, TRAILKEEPER_TOPIC_ARN=inbox.topic.replace(":reports", ":gone")))
    assert "could not be published" in (guard.invoke(event).error_message or "")
    made_topic = sns.create_topic(Name="gone")["TopicArn"]
    sns.subscribe(TopicArn=made_topic, Protocol="email", Endpoint="team@example.com")
    moto.confirm(made_topic)
    assert guard.invoke(event).ok
    assert len(moto.mail()) == 1


def test_a_topic_that_was_cut_off_keeps_no_letter_from_the_other(
    function: StartFunction, moto: Moto, inbox: Inbox
) -> None:
    sns, event = moto.client("sns"), made(calls()[0])
    cut = inbox.topic.replace(":reports", ":cut")
    guard = function("guard", **settings(inbox, TRAILKEEPER_GUARD_TOPICS=f"{cut},{inbox.topic}"))
    assert "could not be published" in (guard.invoke(event).error_message or "")
    assert len(moto.mail()) == len(inbox.messages()) == 1
    sns.create_topic(Name="cut")
    assert guard.invoke(event).ok, "it is tried again"
    assert moto.mail() == inbox.messages() == [], "where it was told it is not told again"
    assert guard.invoke(event).body["ignored"] == "it was told already"


@pytest.mark.parametrize(("service", "name", "request_", "told"), [
    ("iam", "UpdateAssumeRolePolicy", {"roleName": "TrailkeeperRole"}, True),
    ("iam", "DeleteRole", {"roleName": "TrailkeeperForwarder"}, True),
    ("iam", "DeleteRole", {"roleName": f"{STACK}-TrailRole-r"}, False),
    ("events", "DisableRule", {"name": f"StackSet-{STACK}-regions-1a-Kms-x"}, True),
    ("events", "DisableRule", {"name": "nightly"}, False),
    ("lambda", "DeleteFunction20150331", {"functionName": f"{STACK}-trail"}, False),
])
def test_in_an_account_of_the_organization_the_way_in_is_watched(
    function: StartFunction, moto: Moto, inbox: Inbox, service: str, name: str, request_: dict[str, str], told: bool
) -> None:
    event = api_call(service, name, requestParameters=request_, recipientAccountId=MEMBER) | {"account": MEMBER}
    organization = {"TRAILKEEPER_ORGANIZATION": "o-a1b2c3d4e5"}
    alone = function("guard", **settings(inbox)).invoke(event)
    assert "not from this one" in alone.body["ignored"]
    answer = function("guard", **settings(inbox, **organization)).invoke(event)
    assert len(answer.body["results"]) == len(moto.mail()) == int(told)
    if told:
        assert answer.body["account"] == MEMBER and MEMBER in answer.body["results"][0]["resource"]


def test_without_its_stack_the_guard_fails_loudly(function: StartFunction) -> None:
    answer = function("guard").invoke(made(calls()[0]))
    assert not answer.ok and "TRAILKEEPER_STACK is not set" in (answer.error_message or "")


def test_several_parts_of_one_call_are_one_letter(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    alarms = {"requestParameters": {"alarmNames": [f"{STACK}-a", "shop", f"{STACK}-b"]}}
    call: Call = ("monitoring", "DeleteAlarms", alarms, {})
    answer = function("guard", **settings(inbox)).invoke(made(call))
    names = [it["resource"].rsplit(":", 1)[1] for it in answer.body["results"]]
    assert names == [f"{STACK}-a", f"{STACK}-b"] and len(moto.mail()) == 1
    assert {it["region"] for it in answer.body["results"]} == {REGION} and answer.body["account"] == ACCOUNT
