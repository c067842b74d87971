"""Events about trails, keys, groups and roles that are malformed, foreign or forged: a clear answer, and no write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from account_snapshot import difference, snapshot
from conftest import StartFunction, binary
from envelope import Event, api_call, changed, role_call, schedule
from given import trail
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from runtime_api import Function
from trails import (
    LOGGING,
    OTHER, WEST, changes, create_trail, every, group_call, home, is_logging, kept_trail, key_call, now, statuses, trail_call,
)

HOSTILE = "main'; DROP TABLE x; -- <script>\u202e\u0000\n"
ARN = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/main"
"""The broken trail that all of these events could lead to."""
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000"


def stop(name: Any, **record: Any) -> Event:
    return trail_call("StopLogging", ARN, requestParameters={"name": name}, **record)


def selectors(name: Any) -> Event:
    return trail_call("PutEventSelectors", ARN, requestParameters={"trailName": name})


IGNORED: dict[str, tuple[Event, str]] = {
    "no name": (trail_call("StopLogging", ARN, requestParameters={}), "names no trail"),
    "a null": (stop(None), "names no trail"),
    "a number": (stop(17), "names no trail"),
    "a list": (stop(["main"]), "names no trail"),
    "an object": (stop({"name": "main"}), "names no trail"),
    "an empty name": (stop(""), "names no trail"),
    "a wildcard": (stop("*"), "not name a valid trail"),
    "a path": (stop("../main"), "not name a valid trail"),
    "a path in an ARN": (stop(f"{ARN}/../main"), "not name a valid trail"),
    "a hostile name": (stop(HOSTILE), "not name a valid trail"),
    "an endless name": (stop("m" * 10_240), "not name a valid trail"),
    "an endless ARN": (stop(ARN + "n" * 10_240), "not name a valid trail"),
    "a short name": (stop("ma"), "not name a valid trail"),
    "an ARN of another service": (stop(f"arn:aws:s3:::{ACCOUNT}/main"), "not name a valid trail"),
    "an ARN of another thing": (stop(ARN.replace("trail/", "channel/")), "not name a valid trail"),
    "an ARN without a region": (stop(ARN.replace(REGION, "")), "not name a valid trail"),
    "an ARN of a host": (stop(ARN.replace(REGION, "attacker.example/#")), "not name a valid trail"),
    "an ARN of another account": (stop(ARN.replace(ACCOUNT, OTHER)), OTHER),
    "an ARN of another partition": (stop(ARN.replace("arn:aws:", "arn:aws-cn:")), "partition"),
    "hostile selectors": (selectors(HOSTILE), "not name a valid trail"),
    "selectors of nothing": (selectors(None), "names no trail"),
    "an answer that names something else": (
        create_trail(ARN, responseElements={"trailARN": "arn:aws:s3:::main"}), "not name a valid trail",
    ),
    "a failed call": (stop("main", errorCode="TrailNotFoundException"), "TrailNotFoundException"),
    "a failed call for its rights": (create_trail(ARN, errorCode="AccessDenied"), "AccessDenied"),
    "a read": (stop("main", readOnly=True), "read-only"),
    "a record for another account": (stop("main", recipientAccountId=OTHER), OTHER),
    "another account": (changed(stop("main"), "account", OTHER), "not from this one"),
    "a schedule of another account": (changed(schedule(), "account", OTHER), "not from this one"),
    "a record of another type": (stop("main", eventType="AwsServiceEvent"), "AwsServiceEvent"),
    "no valid region": (stop("main", awsRegion=None), "names no valid region"),
    "a region that is a host": (stop("main", awsRegion="us-east-1.attacker.example/#"), "names no valid region"),
    "another partition": (stop("main", awsRegion="cn-north-1"), "partition"),
    "another call": (trail_call("PutInsightSelectors", ARN), "PutInsightSelectors"),
    "a call in other letters": (trail_call("stoplogging", ARN), "stoplogging"),
    "a call of another service": (api_call("s3", "StopLogging", requestParameters={"name": "main"}), "s3"),
    "a key by its id alone": (key_call("DisableKey", KEY, resources=[]), "names no key"),
    "a key that is null": (key_call("DisableKey", KEY, resources=None, requestParameters={"keyId": None}), "names no key"),
    "a resource that is no key": (key_call("PutKeyPolicy", KEY, resources=[{"ARN": ARN}]), "names no key"),
    "resources of the wrong type": (key_call("PutKeyPolicy", KEY, resources="all"), "names no key"),
    "a key by an alias": (
        key_call("PutKeyPolicy", KEY, resources=[], requestParameters={"keyId": "alias/x"}), "names no key",
    ),
    "no log group": (api_call("logs", "DeleteLogGroup", requestParameters={}), "names no log group"),
    "a hostile log group": (group_call(HOSTILE), "not name a valid log group"),
    "a log group of wildcards": (group_call("*"), "not name a valid log group"),
    "an endless log group": (group_call("g" * 513), "not name a valid log group"),
    "no role": (role_call("DeleteRole", "x", requestParameters={}), "names no role"),
    "a hostile role": (role_call("DeleteRole", HOSTILE), "not name a valid role"),
}

NO_RECORD: dict[str, Any] = {
    "no event name": stop("main", eventName=None),
    "no event source": stop("main", eventSource=""),
    "a detail that is a text": changed(stop("main"), "detail", json.dumps(stop("main")["detail"])),
    "no JSON": b"{not json",
}


@pytest.fixture(scope="module")
def enforcing(moto_server: Moto, faults_server: Faults) -> Iterator[Function]:
    """One function for all cases: a bad event must not harm the next one either."""
    moto_server.reset()
    settings = {"AWS_ENDPOINT_URL": faults_server.endpoint, "TRAILKEEPER_MODE": "enforce"}
    with Function([str(binary("trail"))], settings) as started:
        yield started


@pytest.fixture
def tempting(moto: Moto, faults: Faults) -> Iterator[str]:
    """A trail of which everything is wrong, and stays so."""
    arn = trail(moto)
    before = now(moto, arn)
    yield arn
    assert changes(faults) == []
    assert now(moto, arn) == before and not is_logging(moto, arn)


def legible(text: str) -> bool:
    return len(text) <= 600 and all(c.isprintable() for c in text)


@pytest.mark.parametrize(("event", "why"), IGNORED.values(), ids=IGNORED)
def test_what_names_no_trail_of_ours_is_ignored_and_says_why(
    enforcing: Function, tempting: str, event: Event, why: str
) -> None:
    answer = enforcing.invoke(event)
    assert answer.ok, answer.error_message
    assert answer.body["ignored"] and why in answer.body["ignored"] and legible(answer.body["ignored"])
    assert answer.body["results"] == []


@pytest.mark.parametrize("event", NO_RECORD.values(), ids=NO_RECORD)
def test_what_is_no_record_is_an_error(enforcing: Function, tempting: str, event: Any) -> None:
    answer = enforcing.invoke(event)
    assert (answer.ok, answer.error_type) == (False, "Trailkeeper.BadEvent")
    assert legible(answer.error_message or "") and enforcing.alive


ELSEWHERE: dict[str, Event] = {
    "a key that no trail uses": key_call("DisableKey", KEY),
    "a key of another account": key_call("DisableKey", KEY.replace(ACCOUNT, OTHER)),
    "a log group that no trail feeds": group_call("/aws/lambda/x"),
    "a role that no trail uses": role_call("DeleteRole", "x"),
}


@pytest.mark.parametrize("event", ELSEWHERE.values(), ids=ELSEWHERE)
def test_what_no_trail_leans_on_leads_nowhere(enforcing: Function, tempting: str, event: Event) -> None:
    answer = enforcing.invoke(event)
    assert answer.ok and answer.body["ignored"] is None and answer.body["results"] == []


def test_a_trail_that_does_not_exist_is_said_to(function: StartFunction, moto: Moto, faults: Faults) -> None:
    kept_trail(moto)
    gone = ARN.replace("trail/main", "trail/gone")
    answer = function("trail", endpoint=faults, mode="enforce").invoke(stop("gone"))
    assert statuses(answer, gone) == every("not-applicable", {LOGGING: "changed"})
    assert changes(faults) == []


def test_what_a_record_claims_is_not_believed(function: StartFunction, moto: Moto, faults: Faults) -> None:
    """It says that the trail was stopped, blinded and moved; the trail says otherwise."""
    arn = kept_trail(moto)
    before = snapshot(moto, [REGION, WEST])
    claims = {
        "name": arn, "s3BucketName": "attackers-bucket", "isMultiRegionTrail": False, "kmsKeyId": KEY,
        "cloudWatchLogsRoleArn": f"arn:aws:iam::{OTHER}:role/attackers", "eventSelectors": [],
    }
    started = function("trail", endpoint=faults, mode="enforce")
    for name in ("UpdateTrail", "StopLogging", "PutEventSelectors", "CreateTrail"):
        forged = trail_call(name, arn, requestParameters=claims | {"trailName": arn}, responseElements=claims | {"trailARN": arn})
        answer = started.invoke(changed(forged, "source", "my.app"))
        assert statuses(answer) == every("compliant")
        assert "attackers" not in json.dumps(answer.body)
    assert changes(faults) == [] and difference(before, snapshot(moto, [REGION, WEST])) == {}


def test_what_is_odd_but_ours_is_put_right(function: StartFunction, moto: Moto) -> None:
    arn = kept_trail(moto)
    odd = [
        stop("main", userAgent=HOSTILE * 100, sourceIPAddress=HOSTILE, userIdentity={"type": "IAMUser", "arn": HOSTILE * 100}),
        stop("main", userIdentity=["root"], eventTime=None),
        stop("main", additionalEventData={"blob": "x" * 300_000}),
        changed(stop("main"), "detail.brandNew", {"a": [1, 2, 3]}),
        stop(arn, readOnly=None, managementEvent=None),
    ]
    started = function("trail", mode="enforce")
    for event in odd:
        home(moto, arn).stop_logging(Name=arn)
        answer = started.invoke(event)
        assert answer.ok, answer.error_message
        assert is_logging(moto, arn)
        assert all(legible(text) for text in answer.body["event"].values() if text)
