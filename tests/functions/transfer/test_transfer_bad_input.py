"""Events that are unknown, malformed, oversized, foreign or forged: a clear answer, no write, no panic."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import StartFunction
from envelope import Event, api_call, changed, create_server, role_call, role_session, schedule
from given import server
from local_aws.faults import Faults
from local_aws.processes import Moto
from observed import lines, logging_role, writes
from runtime_api import Function

HOSTILE = "s-1'; DROP TABLE x; -- <script>\u202e\u0000\n../../etc"
ID = "s-0123456789abcdef0"
EVENT = create_server(ID)
FOREIGN = "999999999999"


def deep(levels: int) -> str:
    return '{"detail": ' + "[" * levels + "]" * levels + "}"


NO_EVENT: dict[str, Any] = {
    "not JSON": b"{not json",
    "nothing": b"",
    "not text": b"\xff\xfe\x00\x01",
    "a JSON text": '"CreateServer"',
    "a JSON number": "42",
    "a JSON null": "null",
    "a list": [EVENT],
    "an empty object": {},
    "deep nesting": deep(10_000),
    "very deep nesting": deep(100_000),
    "a detail type of the wrong type": changed(EVENT, "detail-type", ["AWS API Call via CloudTrail"]),
    "a source of the wrong type": changed(EVENT, "source", {"aws": "transfer"}),
    "an account of the wrong type": changed(EVENT, "account", 123456789012),
    "a time that is none": changed(EVENT, "time", "yesterday"),
    "resources of the wrong type": changed(EVENT, "resources", "none"),
    "a detail that is null": changed(EVENT, "detail", None),
    "a detail that is a list": changed(EVENT, "detail", [EVENT["detail"]]),
    "a detail that is a text": changed(EVENT, "detail", json.dumps(EVENT["detail"])),
    "an empty detail": changed(EVENT, "detail", {}),
    "no event name": create_server(ID, eventName=None),
    "an event name of the wrong type": create_server(ID, eventName=["CreateServer"]),
    "no event source": create_server(ID, eventSource=""),
}

IGNORED: dict[str, tuple[Event, str]] = {
    "another detail type": (changed(EVENT, "detail-type", "AWS Service Event via CloudTrail"), "not an event that"),
    "a console sign-in": (changed(EVENT, "detail-type", "AWS Console Sign In via CloudTrail"), "not an event that"),
    "a hostile detail type": (changed(EVENT, "detail-type", HOSTILE), "not an event that"),
    "a schedule by someone else": (schedule("my.app"), "not an event that"),
    "a schedule of another account": (changed(schedule(), "account", FOREIGN), "not from this one"),
    "another account": (changed(EVENT, "account", FOREIGN), "not from this one"),
    "no account": (changed(EVENT, "account", ""), "not from this one"),
    "a null account": (changed(EVENT, "account", None), "not from this one"),
    "a record for another account": (create_server(ID, recipientAccountId=FOREIGN), f"account {FOREIGN}"),
    "a record of another type": (create_server(ID, eventType="AwsServiceEvent"), "AwsServiceEvent"),
    "no valid region": (create_server(ID, awsRegion=None), "names no valid region"),
    "a region that is a host": (create_server(ID, awsRegion="us-east-1.attacker.example/#"), "names no valid region"),
    "a region with a path": (create_server(ID, awsRegion="../../us-east-1"), "names no valid region"),
    "a region of the wrong type": (create_server(ID, awsRegion=["us-east-1"]), "names no valid region"),
    "a record without a type": (create_server(ID, eventType=None), "(none)"),
    "a record with a type that is none": (create_server(ID, eventType=7), "(none)"),
    "a failed call": (create_server(ID, errorCode="AccessDenied"), "AccessDenied"),
    "a failed call of EC2's kind": (create_server(ID, errorCode="Client.VpcLimitExceeded"), "VpcLimitExceeded"),
    "a failure in the answer": (create_server(ID, responseElements={"serverId": ID, "errorCode": "Bad"}), "Bad"),
    "a failure deep in the answer": (
        create_server(ID, responseElements={"CreateServerResponse": {"unsuccessful": {"item": {"code": "Bad"}}}}), "Bad",
    ),
    "a read": (create_server(ID, readOnly=True), "read-only"),
    "a read as text": (create_server(ID, readOnly="true"), "read-only"),
    "another service": (create_server(ID, eventSource="s3.amazonaws.com"), "s3.amazonaws.com"),
    "a hostile service": (create_server(ID, eventSource=HOSTILE), "does not watch"),
    "an unknown call": (create_server(ID, eventName="CreateSomething"), "CreateSomething"),
    "a call in other letters": (create_server(ID, eventName="createserver"), "createserver"),
    "a hostile call": (create_server(ID, eventName=HOSTILE), "is not a call"),
    "a call of the wrong service": (api_call("iam", "CreateServer", responseElements={"serverId": ID}), "CreateServer"),
    "another partition": (create_server(ID, awsRegion="cn-north-1"), "partition"),
    "no server in the answer": (create_server(ID, responseElements={}), "names no server"),
    "a server that is null": (create_server(ID, responseElements={"serverId": None}), "names no server"),
    "a server that is a list": (create_server(ID, responseElements={"serverId": [ID]}), "names no server"),
    "a server that is an object": (create_server(ID, responseElements={"serverId": {"id": ID}}), "names no server"),
    "a server that is a number": (create_server(ID, responseElements={"serverId": 17}), "names no server"),
    "an empty id": (create_server(ID, responseElements={"serverId": ""}), "names no server"),
    "a hostile id": (create_server(HOSTILE), "not name a valid server id"),
    "an ARN for an id": (create_server(f"arn:aws:transfer:us-east-1:123456789012:server/{ID}"), "not name a valid server id"),
    "an endless id": (create_server("s-" + "a" * 100_000), "not name a valid server id"),
    "a wildcard": (create_server("s-*"), "not name a valid server id"),
    "no role": (role_call("DeleteRole", "x", requestParameters={}), "names no role"),
    "a role that is a list": (role_call("DeleteRole", "x", requestParameters={"roleName": ["x"]}), "names no role"),
    "a hostile role": (role_call("DeleteRole", HOSTILE), "not name a valid role"),
    "an endless role": (role_call("DeleteRole", "r" * 65), "not name a valid role"),
}

CHECKED: dict[str, Event] = {
    "a server that does not exist": EVENT,
    "300 KB of something else": create_server(ID, additionalEventData={"blob": "x" * 300_000}),
    "hostile strings about the caller": create_server(
        ID, userAgent=HOSTILE * 100, sourceIPAddress=HOSTILE, eventID=HOSTILE,
        userIdentity={"type": "IAMUser", "arn": HOSTILE * 100},
    ),
    "an identity of the wrong type": create_server(ID, userIdentity=["root"]),
    "fields of the wrong type": create_server(ID, userAgent={"a": 1}, sourceIPAddress=7, eventID=[], eventTime=None),
    "a role of our name elsewhere": create_server(ID, userIdentity=role_session("someone")),
    "fields that nobody knows": changed(EVENT, "detail.brandNew", {"a": [1, 2, 3]}),
}


@pytest.fixture(scope="module")
def enforcing(moto_server: Moto, faults_server: Faults, request: pytest.FixtureRequest) -> Iterator[Function]:
    """One function for all cases: a bad event must not harm the next one either."""
    from conftest import binary

    moto_server.reset()
    settings = {"AWS_ENDPOINT_URL": faults_server.endpoint, "TRAILKEEPER_MODE": "enforce"}
    with Function([str(binary("transfer"))], settings) as started:
        yield started


@pytest.fixture
def tempting(moto: Moto, faults: Faults) -> Iterator[str]:
    """A server that could be fixed, and is not by any of these events."""
    server_id = server(moto)
    yield server_id
    assert writes(faults) == []
    assert logging_role(moto, server_id) is None


def legible(text: str) -> bool:
    return len(text) <= 600 and all(c.isprintable() for c in text)


@pytest.mark.parametrize("payload", NO_EVENT.values(), ids=NO_EVENT)
def test_what_is_no_event_is_an_error(enforcing: Function, tempting: str, payload: Any) -> None:
    logged = len(enforcing.log_json)
    answer = enforcing.invoke(payload)
    assert not answer.ok
    message = answer.error_message or ""
    assert answer.error_type == "Trailkeeper.BadEvent"
    assert message and legible(message), message
    assert enforcing.alive
    (line,) = lines(enforcing, logged, level="ERROR")
    assert line["message"].endswith(message)


@pytest.mark.parametrize(("event", "why"), IGNORED.values(), ids=IGNORED)
def test_what_is_none_of_ours_is_ignored_and_says_why(enforcing: Function, tempting: str, event: Event, why: str) -> None:
    answer = enforcing.invoke(event)
    assert answer.ok, answer.error_message
    assert why in answer.body["ignored"] and legible(answer.body["ignored"])
    assert answer.body["results"] == []


@pytest.mark.parametrize("event", CHECKED.values(), ids=CHECKED)
def test_what_is_odd_but_ours_is_checked(enforcing: Function, tempting: str, event: Event) -> None:
    answer = enforcing.invoke(event)
    assert answer.ok, answer.error_message
    assert [outcome["status"] for outcome in answer.body["results"]] == ["not-applicable"]
    assert all(legible(text) for text in answer.body["event"].values() if text)


def test_a_forged_event_can_at_most_cause_a_check(function: StartFunction, moto: Moto, faults: Faults) -> None:
    """What the record claims is not believed: the server logs, whatever the event says."""
    arn = "arn:aws:iam::123456789012:role/attackers"
    claims = {"serverId": ID, "loggingRole": arn, "structuredLogDestinations": []}
    server_id = server(moto)
    started = function(endpoint=faults, mode="enforce")
    started.invoke(create_server(server_id))
    faults.forget()
    forged = api_call("transfer", "UpdateServer", requestParameters=claims | {"serverId": server_id})
    answer = started.invoke(changed(forged, "source", "my.app"))
    assert [outcome["status"] for outcome in answer.body["results"]] == ["compliant"]
    assert writes(faults) == []
    assert arn not in json.dumps(answer.body)


@pytest.mark.parametrize("name", ["UpdateServer", "CreateServer"])
def test_calls_by_a_role_of_another_name_are_looked_into(function: StartFunction, moto: Moto, name: str) -> None:
    """Locally we are a user, so nothing is ours; with IAM enforced see test_transfer_policies."""
    server_id = server(moto)
    mine = api_call(
        "transfer", name, responseElements={"serverId": server_id}, userIdentity=role_session("transfer-function")
    )
    answer = function().invoke(mine)
    assert [outcome["status"] for outcome in answer.body["results"]] == ["planned"]
