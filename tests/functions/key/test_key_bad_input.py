"""Events that are malformed, foreign or forged: a clear answer, no write, no panic."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import StartFunction, binary
from envelope import Event, api_call, changed, role_session, schedule
from kms_keys import id_of, key, key_call, rotation
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from observed import results, writes
from runtime_api import Function

HOSTILE = "1234'; DROP TABLE x; -- <script>\u202e\u0000\n../../etc"
ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/12345678-12ab-34cd-56ef-1234567890ab"
EVENT = key_call("EnableKey", ARN)
FOREIGN = "999999999999"


def naming(name: str, key_id: Any) -> Event:
    """A record that names its key by this alone."""
    given: Event = {
        "requestParameters": {"keyId": key_id},
        "responseElements": None,
        "resources": [],
    }
    if name == "CreateKey":
        given |= {"requestParameters": {}, "responseElements": {"keyMetadata": {"arn": key_id}}}
    return key_call(name, ARN, **given)


NO_EVENT: dict[str, Any] = {
    "not JSON": b"{not json",
    "an empty object": {},
    "a detail that is null": changed(EVENT, "detail", None),
    "no event name": key_call("EnableKey", ARN, eventName=None),
    "no event source": key_call("EnableKey", ARN, eventSource=""),
}

IGNORED: dict[str, tuple[Event, str]] = {
    "another account": (changed(EVENT, "account", FOREIGN), "not from this one"),
    "a record for another account": (
        key_call("EnableKey", ARN, recipientAccountId=FOREIGN),
        f"account {FOREIGN}",
    ),
    "a schedule of another account": (changed(schedule(), "account", FOREIGN), "not from this one"),
    "a failed call": (key_call("EnableKey", ARN, errorCode="AccessDenied"), "AccessDenied"),
    "a read": (key_call("EnableKey", ARN, readOnly=True), "read-only"),
    "another service": (
        key_call("EnableKey", ARN, eventSource="s3.amazonaws.com"),
        "s3.amazonaws.com",
    ),
    "another partition": (key_call("EnableKey", ARN, awsRegion="cn-north-1"), "partition"),
    "rotation that somebody switched on": (key_call("EnableKeyRotation", ARN), "EnableKeyRotation"),
    "a disabled key": (key_call("DisableKey", ARN), "DisableKey"),
    "a rotation by KMS itself": (
        key_call("RotateKey", ARN, eventType="AwsServiceEvent"),
        "AwsServiceEvent",
    ),
    "a key of another account": (
        naming("EnableKey", ARN.replace(ACCOUNT, FOREIGN)),
        f"belongs to account {FOREIGN}",
    ),
    "a made key of another account": (
        naming("CreateKey", ARN.replace(ACCOUNT, FOREIGN)),
        f"account {FOREIGN}",
    ),
    "a key of another partition": (
        naming("EnableKey", ARN.replace("arn:aws:", "arn:aws-cn:")),
        "not name a valid key",
    ),
    "a key of a region elsewhere": (
        naming("EnableKey", ARN.replace(REGION, "cn-north-1")),
        "not name a valid key",
    ),
    "a region that is a host": (
        naming("EnableKey", ARN.replace(REGION, "us-east-1.attacker.example/#")),
        "not name a valid key",
    ),
    "no region for a bare id": (
        changed(naming("EnableKey", id_of(ARN)), "detail.awsRegion", None),
        "names no valid region",
    ),
    "a region that is a path": (
        changed(naming("EnableKey", id_of(ARN)), "detail.awsRegion", "../us-east-1"),
        "names no valid region",
    ),
    "no key": (naming("EnableKey", None), "names no key"),
    "no key in the answer": (naming("CreateKey", None), "names no key"),
    "an answer without a key": (
        key_call("CreateKey", ARN, responseElements={}, resources=[]),
        "names no key",
    ),
    "a key that is a list": (naming("EnableKey", [ARN]), "names no key"),
    "a key that is a number": (naming("CreateKey", 17), "names no key"),
    "an empty id": (naming("EnableKey", ""), "names no key"),
    "an alias": (naming("EnableKey", "alias/aws/s3"), "not name a valid key"),
    "the ARN of an alias": (naming("EnableKey", ARN.replace("key/", "alias/")), "not name a valid key"),
    "the ARN of something else": (naming("EnableKey", ARN.replace(":kms:", ":s3:")), "not name a valid key"),
    "a key below a key": (naming("EnableKey", f"{ARN}/x"), "not name a valid key"),
    "a hostile id": (naming("EnableKey", HOSTILE), "not name a valid key"),
    "a hostile ARN": (
        naming("CreateKey", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{HOSTILE}"),
        "not name a valid key",
    ),
    "an endless id": (naming("EnableKey", "a" * 100_000), "not name a valid key"),
    "a wildcard": (naming("EnableKey", "*"), "not name a valid key"),
    "the wildcard of all keys": (
        naming("DisableKeyRotation", ARN.replace(id_of(ARN), "*")),
        "not name a valid key",
    ),
}

CHECKED: dict[str, Event] = {
    "a key that does not exist": EVENT,
    "resources of the wrong type": key_call("EnableKey", ARN, resources={"ARN": ARN}),
    "resources without an ARN": key_call("EnableKey", ARN, resources=[{"ARN": 7}, "x", None]),
    "hostile strings about the caller": key_call(
        "EnableKey", ARN, userAgent=HOSTILE * 100, sourceIPAddress=HOSTILE
    ),
    "300 KB of something else": key_call(
        "EnableKey", ARN, additionalEventData={"blob": "x" * 300_000}
    ),
    "a role of our name elsewhere": key_call(
        "EnableKey", ARN, userIdentity=role_session("someone")
    ),
}


@pytest.fixture(scope="module")
def enforcing(moto_server: Moto, faults_server: Faults) -> Iterator[Function]:
    """One function for all cases: a bad event must not harm the next one either."""
    moto_server.reset()
    settings = {"AWS_ENDPOINT_URL": faults_server.endpoint, "TRAILKEEPER_MODE": "enforce"}
    with Function([str(binary("key"))], settings) as started:
        yield started


@pytest.fixture
def tempting(moto: Moto, faults: Faults) -> Iterator[str]:
    """A key that could be fixed, and is not by any of these events."""
    arn = key(moto)
    yield arn
    assert writes(faults) == []
    assert rotation(moto, arn) is None


def legible(text: str) -> bool:
    return len(text) <= 600 and all(c.isprintable() for c in text)


@pytest.mark.parametrize("payload", NO_EVENT.values(), ids=NO_EVENT)
def test_what_is_no_event_is_an_error(enforcing: Function, tempting: str, payload: Any) -> None:
    answer = enforcing.invoke(payload)
    assert (answer.ok, answer.error_type) == (False, "Trailkeeper.BadEvent")
    assert answer.error_message and legible(answer.error_message)


@pytest.mark.parametrize(("event", "why"), IGNORED.values(), ids=IGNORED)
def test_what_is_none_of_ours_is_ignored_and_says_why(
    enforcing: Function, tempting: str, event: Event, why: str
) -> None:
    answer = enforcing.invoke(event)
    assert answer.ok, answer.error_message
    assert why in (answer.body["ignored"] or "") and legible(answer.body["ignored"]), answer.body
    assert answer.body["results"] == []


@pytest.mark.parametrize("event", CHECKED.values(), ids=CHECKED)
def test_what_is_odd_but_ours_is_checked(enforcing: Function, tempting: str, event: Event) -> None:
    assert [it["status"] for it in results(enforcing.invoke(event))] == ["not-applicable"]


def test_a_forged_event_can_at_most_cause_a_check(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    """What the record claims is not believed: that the key can rotate, or that it does not."""
    started = function("key", endpoint=faults, mode="enforce")
    signing = key(moto, KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    claims = {
        "keyMetadata": {
            "arn": signing,
            "keySpec": "SYMMETRIC_DEFAULT",
            "keyState": "Enabled",
            "keyManager": "CUSTOMER",
        }
    }
    forged = changed(key_call("CreateKey", signing, responseElements=claims), "source", "my.app")
    assert [it["status"] for it in results(started.invoke(forged))] == ["not-applicable"]
    rotating = key(moto)
    moto.client("kms").enable_key_rotation(KeyId=rotating, RotationPeriodInDays=180)
    asked = {"keyId": rotating, "rotationPeriodInDays": 90}
    answer = started.invoke(api_call("kms", "DisableKeyRotation", requestParameters=asked))
    assert [it["status"] for it in results(answer)] == ["compliant"]
    assert writes(faults) == [] and rotation(moto, rotating) == 180
    assert "90" not in json.dumps(answer.body["results"][0]["steps"])
