"""Events that are unknown, malformed, oversized, foreign or forged: an answer, a line, no write."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import StartFunction, binary
from envelope import Event, api_call, changed, role_call, role_session, schedule
from local_aws.faults import Faults
from local_aws.processes import Moto
from observed import lines
from runtime_api import Function
from test_transfer_bad_input import deep, legible
from trails import changing, group_call
from vpcs import (
    GONE, assert_flows_with_ours, check, create_default_vpc, create_flow_logs, create_vpc,
    delete_flow_logs, flow_logs, listed, our_roles, retentions, vpc,
)

HOSTILE = "vpc-1'; DROP TABLE x; -- <script>\u202e\u0000\n../../etc"
EVENT = create_vpc(GONE)
FOREIGN = "999999999999"


def made(vpc_id: Any) -> Event:
    """CreateVpc with this in the place of the id."""
    return create_vpc(GONE, responseElements={"vpc": {"vpcId": vpc_id}})


def given(resource: Any) -> Event:
    """CreateFlowLogs with this in the place of the resources."""
    return create_flow_logs(
        GONE, requestParameters={"CreateFlowLogsRequest": {"ResourceId": resource}}
    )


NO_EVENT: dict[str, Any] = {
    "not JSON": b"{not json",
    "nothing": b"",
    "not text": b"\xff\xfe\x00\x01",
    "a JSON text": '"CreateVpc"',
    "a JSON null": "null",
    "a list": [EVENT],
    "an empty object": {},
    "deep nesting": deep(100_000),
    "a detail type of the wrong type": changed(EVENT, "detail-type", 7),
    "an account of the wrong type": changed(EVENT, "account", 123456789012),
    "a detail that is null": changed(EVENT, "detail", None),
    "a detail that is a list": changed(EVENT, "detail", [EVENT["detail"]]),
    "an empty detail": changed(EVENT, "detail", {}),
    "no event name": create_vpc(GONE, eventName=None),
    "no event source": create_vpc(GONE, eventSource=""),
}

NO_ID, NO_VPC, NO_RESOURCE = "not name a valid VPC id", "names no VPC", "names no resource"
FAILED = {"CreateFlowLogsResponse": {"unsuccessful": {"item": {"resourceId": GONE}}}}

IGNORED: dict[str, tuple[Event, str]] = {
    "another detail type": (changed(EVENT, "detail-type", "EC2 Change"), "not an event that"),
    "a hostile detail type": (changed(EVENT, "detail-type", HOSTILE), "not an event that"),
    "a schedule by someone else": (schedule("my.app"), "not an event that"),
    "a schedule of another account": (changed(schedule(), "account", FOREIGN), "not from this one"),
    "another account": (changed(EVENT, "account", FOREIGN), "not from this one"),
    "a null account": (changed(EVENT, "account", None), "not from this one"),
    "a record for another account": (create_vpc(GONE, recipientAccountId=FOREIGN), FOREIGN),
    "a record of another type": (create_vpc(GONE, eventType="AwsServiceEvent"), "AwsServiceEvent"),
    "no valid region": (create_vpc(GONE, awsRegion=None), "names no valid region"),
    "a region that is a host": (create_vpc(GONE, awsRegion="us-east-1.evil.com/#"), "no valid region"),
    "no region of a deletion": (delete_flow_logs(awsRegion="../../us-east-1"), "names no valid region"),
    "no region of a flow log": (create_flow_logs(GONE, awsRegion=["us-east-1"]), "names no valid region"),
    "another partition": (create_vpc(GONE, awsRegion="cn-north-1"), "partition"),
    "a failed call": (create_vpc(GONE, errorCode="Client.VpcLimitExceeded"), "VpcLimitExceeded"),
    "a failure in the answer": (create_flow_logs(GONE, responseElements=FAILED), "call failed"),
    "a read": (create_vpc(GONE, readOnly=True), "read-only"),
    "another service": (create_vpc(GONE, eventSource="s3.amazonaws.com"), "s3.amazonaws.com"),
    "a hostile service": (create_vpc(GONE, eventSource=HOSTILE), "does not watch"),
    "an unknown call": (create_vpc(GONE, eventName="DeleteVpc"), "DeleteVpc"),
    "a call in other letters": (create_vpc(GONE, eventName="createvpc"), "createvpc"),
    "a hostile call": (create_vpc(GONE, eventName=HOSTILE), "is not a call"),
    "a call of the wrong service": (api_call("iam", "CreateVpc"), "CreateVpc"),
    "no VPC in the answer": (create_vpc(GONE, responseElements={}), NO_VPC),
    "a VPC that is a text": (create_vpc(GONE, responseElements={"vpc": GONE}), NO_VPC),
    "a VPC that is null": (made(None), NO_VPC),
    "a VPC that is a list": (made([GONE]), NO_VPC),
    "a VPC that is an object": (made({"content": GONE}), NO_VPC),
    "a VPC that is a number": (made(17), NO_VPC),
    "an empty id": (made(""), NO_ID),
    "a hostile id": (made(HOSTILE), NO_ID),
    "a subnet for a VPC": (made("subnet-0123456789abcdef0"), NO_ID),
    "an id without digits": (made("vpc-"), NO_ID),
    "an id of other digits": (made("vpc-0123456789ABCDEFG"), NO_ID),
    "an ARN for an id": (made(f"arn:aws:ec2:us-east-1:123456789012:vpc/{GONE}"), NO_ID),
    "an endless id": (made("vpc-" + "a" * 100_000), NO_ID),
    "a wildcard": (made("vpc-*"), NO_ID),
    "a hostile default VPC": (create_default_vpc(HOSTILE, wrapped=True), NO_ID),
    "no resource": (given(None), NO_RESOURCE),
    "no list": (given({"tag": 1}), NO_RESOURCE),
    "an empty list": (given([]), NO_RESOURCE),
    "a resource that is a number": (given(listed(7)), NO_RESOURCE),  # type: ignore[arg-type]
    "resources that are lists": (given([[GONE], [[GONE]]]), NO_RESOURCE),
    "a hostile resource": (given({"tag": 1, "content": HOSTILE}), NO_ID),
    "no role": (role_call("DeleteRole", "x", requestParameters={}), "names no role"),
    "a hostile role": (role_call("DeleteRole", HOSTILE), "not name a valid role"),
    "a hostile group": (group_call(HOSTILE), "not name a valid log group"),
    "an endless group": (group_call("g" * 513), "not name a valid log group"),
    "no group": (api_call("logs", "DeleteLogGroup", requestParameters={}), "names no log group"),
}

CHECKED: dict[str, Event] = {
    "a VPC that does not exist": EVENT,
    "300 KB of something else": create_vpc(GONE, additionalEventData={"blob": "x" * 300_000}),
    "hostile strings about the caller": create_vpc(
        GONE, userAgent=HOSTILE * 100, sourceIPAddress=HOSTILE, eventID=HOSTILE,
        userIdentity={"type": "IAMUser", "arn": HOSTILE * 100},
    ),
    "an identity of the wrong type": create_vpc(GONE, userIdentity=["root"]),
    "a role of our name elsewhere": create_vpc(GONE, userIdentity=role_session("someone")),
    "a plain id among the resources": given([GONE, {"content": "subnet-01234567"}, 7, None]),
    "a short id of old": made("vpc-1a2b3c4d"),
}


@pytest.fixture(scope="module")
def enforcing(moto_server: Moto, faults_server: Faults) -> Iterator[Function]:
    """One function for all cases: a bad event must not harm the next one either."""
    moto_server.reset()
    settings = {"AWS_ENDPOINT_URL": faults_server.endpoint, "TRAILKEEPER_MODE": "enforce"}
    with Function([str(binary("vpc"))], settings) as started:
        yield started


@pytest.fixture
def tempting(moto: Moto, faults: Faults) -> Iterator[str]:
    """A VPC that could be fixed, and is not by any of these events."""
    one = vpc(moto)
    yield one
    assert changing(faults) == []
    assert flow_logs(moto, one) == {} and our_roles(moto) == [] and retentions(moto) == {}


@pytest.mark.parametrize("payload", NO_EVENT.values(), ids=NO_EVENT)
def test_what_is_no_event_is_an_error(enforcing: Function, tempting: str, payload: Any) -> None:
    logged = len(enforcing.log_json)
    answer = enforcing.invoke(payload)
    message = answer.error_message or ""
    assert (answer.ok, answer.error_type) == (False, "Trailkeeper.BadEvent")
    assert message and legible(message), message
    assert enforcing.alive
    (line,) = lines(enforcing, logged, level="ERROR")
    assert line["message"].endswith(message)


@pytest.mark.parametrize(("event", "why"), IGNORED.values(), ids=IGNORED)
def test_what_is_none_of_ours_is_ignored_and_says_why(
    enforcing: Function, tempting: str, event: Event, why: str
) -> None:
    logged = len(enforcing.log_json)
    answer = enforcing.invoke(event)
    assert answer.ok, answer.error_message
    assert why in answer.body["ignored"] and legible(answer.body["ignored"])
    assert answer.body["results"] == []
    (line,) = lines(enforcing, logged, family="vpc")
    assert (line["level"], line["ignored"]) == ("INFO", answer.body["ignored"])


@pytest.mark.parametrize("event", CHECKED.values(), ids=CHECKED)
def test_what_is_odd_but_ours_is_checked(enforcing: Function, tempting: str, event: Event) -> None:
    answer = enforcing.invoke(event)
    assert answer.ok, answer.error_message
    assert [outcome["status"] for outcome in answer.body["results"]] == ["not-applicable"]
    assert all(legible(text) for text in answer.body["event"].values() if text)


FORGED: dict[str, Callable[[str], Event]] = {
    "what was made": lambda one: create_vpc(
        one, responseElements={"vpc": {"vpcId": one, "ownerId": FOREIGN, "isDefault": "yes"}}
    ),
    "where it delivers": lambda one: create_flow_logs(
        one, requestParameters={"CreateFlowLogsRequest": {
            "ResourceId": listed(one), "LogGroupName": "attackers",
            "DeliverLogsPermissionArn": "arn:aws:iam::123456789012:role/attackers",
        }},
    ),
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_a_forged_event_can_at_most_cause_a_check(
    function: StartFunction, moto: Moto, faults: Faults, forged: Callable[[str], Event]
) -> None:
    """What the record claims is not believed, before the fix and after it."""
    one, started = vpc(moto), function("vpc", endpoint=faults, mode="enforce")
    event = changed(forged(one), "source", "my.app")
    for status in ("fixed", "compliant"):
        answer = started.invoke(event)
        assert [outcome["status"] for outcome in answer.body["results"]] == [status]
        assert "attackers" not in json.dumps(answer.body) and FOREIGN not in json.dumps(answer.body)
        assert_flows_with_ours(moto, one)


@pytest.mark.parametrize("name", ["CreateFlowLogs", "CreateVpc"])
def test_a_session_of_another_role_is_not_ours(
    function: StartFunction, moto: Moto, name: str
) -> None:
    """Locally we are a user, so nothing is ours; with IAM enforced see test_vpc_policies."""
    one, who = vpc(moto), role_session("vpc-function")
    event = create_vpc(one, userIdentity=who)
    if name == "CreateFlowLogs":
        event = create_flow_logs(one, userIdentity=who)
    assert check(function, moto, one, event=event, mode="dry-run")["status"] == "planned"
