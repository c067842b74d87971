"""Records that are foreign, hostile or forged: ignored, or looked into without being believed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import StartFunction, binary
from envelope import Event, api_call, changed, role_session, schedule
from local_aws.faults import Faults
from local_aws.processes import Moto
from observed import result
from recorders import (
    CHANNEL,
    RECORDER,
    START,
    changing,
    channels,
    config_call,
    is_recording,
    on,
    our_bucket,
    recorders,
    stop,
)
from runtime_api import Function

HOSTILE = "x'; DROP TABLE y; -- <script>\u202e\u0000\n../../etc"
FOREIGN = "999999999999"
EVENT = config_call()

IGNORED: dict[str, tuple[Event, str]] = {
    "another account": (changed(EVENT, "account", FOREIGN), "not from this one"),
    "a record for another account": (config_call(recipientAccountId=FOREIGN), FOREIGN),
    "a schedule by someone else": (schedule("my.app"), "not an event that"),
    "a failed call": (config_call(errorCode="AccessDenied"), "AccessDenied"),
    "a read": (config_call(readOnly=True), "read-only"),
    "no valid region": (config_call(awsRegion=None), "names no valid region"),
    "a region that is a host": (config_call(awsRegion="eu-west-1.example/#"), "names no valid region"),
    "another partition": (config_call(awsRegion="cn-north-1"), "partition"),
    "a call that is not watched": (config_call("StartConfigurationRecorder"), "is not a call"),
    "a rule of Config": (config_call("PutConfigRule"), "is not a call"),
    "a hostile call": (config_call(HOSTILE), "is not a call"),
    "a call of another service": (api_call("s3", "PutDeliveryChannel"), "does not watch"),
}

ODD: dict[str, Event] = {
    "nothing named": config_call(requestParameters=None),
    "left out for size": config_call(requestParameters={"omitted": True, "originalSize": 204_800}),
    "a hostile name": config_call(requestParameters={"configurationRecorderName": HOSTILE}),
    "a name of the wrong type": config_call(requestParameters={"configurationRecorderName": [1]}),
    "a recorder of a service": config_call(
        "PutConfigurationRecorder",
        requestParameters={"configurationRecorder": {"name": "AWSConfigurationRecorderForX"}},
    ),
    "a recorder that is not there": config_call(
        "DeleteConfigurationRecorder", requestParameters={"configurationRecorderName": "none"}
    ),
    "an identity of the wrong type": config_call(userIdentity=["root"]),
    "300 KB of something else": config_call(additionalEventData={"blob": "x" * 300_000}),
}


@pytest.fixture(scope="module")
def enforcing(moto_server: Moto, faults_server: Faults) -> Iterator[Function]:
    """One function for all cases: a bad event must not harm the next one either."""
    moto_server.reset()
    settings = {"AWS_ENDPOINT_URL": faults_server.endpoint, "TRAILKEEPER_MODE": "enforce"}
    with Function([str(binary("recorder"))], settings) as started:
        yield started


@pytest.mark.parametrize(("event", "why"), IGNORED.values(), ids=IGNORED)
def test_what_is_none_of_ours_is_ignored_and_says_why(
    enforcing: Function, moto: Moto, faults: Faults, event: Event, why: str
) -> None:
    on(moto)
    stop(moto)
    answer = enforcing.invoke(event)
    assert answer.ok, answer.error_message
    assert why in answer.body["ignored"] and answer.body["ignored"].isprintable()
    assert faults.calls("config") == [] and not is_recording(moto)


@pytest.mark.parametrize("event", ODD.values(), ids=ODD)
def test_whatever_a_record_names_its_region_is_looked_at(
    enforcing: Function, moto: Moto, faults: Faults, event: Event
) -> None:
    on(moto)
    stop(moto)
    assert result(enforcing.invoke(event))["status"] == "fixed"
    assert changing(faults) == [START] and is_recording(moto)


def test_what_a_record_claims_is_not_believed(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    """A forged record of a region with nothing: what is made is ours, not what it says."""
    claims: dict[str, Any] = {
        "deliveryChannel": {"name": "evil", "s3BucketName": "attackers"},
        "configurationRecorder": {"name": "evil", "roleARN": f"arn:aws:iam::{FOREIGN}:role/evil"},
    }
    forged = changed(
        config_call("PutDeliveryChannel", requestParameters=claims), "source", "my.app"
    )
    found = function("recorder", endpoint=faults, mode="enforce").invoke(forged)
    assert result(found)["status"] == "fixed"
    assert [it["s3BucketName"] for it in channels(moto)] == [our_bucket()]
    assert [it["name"] for it in recorders(moto)] == ["default"]
    assert "attackers" not in json.dumps(found.body) and "evil" not in json.dumps(found.body)


@pytest.mark.parametrize("name", ["StopConfigurationRecorder", "DeleteDeliveryChannel"])
def test_a_stop_by_a_role_of_our_name_is_undone(
    function: StartFunction, moto: Moto, faults: Faults, name: str
) -> None:
    on(moto)
    stop(moto)
    mine = config_call(name, userIdentity=role_session("recorder-function"))
    found = result(function("recorder", endpoint=faults, mode="enforce").invoke(mine))
    assert found["status"] == "fixed" and is_recording(moto)
    assert RECORDER not in changing(faults) and CHANNEL not in changing(faults)
