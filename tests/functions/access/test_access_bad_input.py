"""Events that are malformed, foreign or forged: an error or a reason, never a read, never a panic."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from access_logs import EVENT, TARGET, created, ignored
from conftest import binary
from envelope import Event, api_call, changed, schedule
from local_aws.processes import ACCOUNT, Faults, Moto
from runtime_api import Function

HOSTILE = "x'; DROP TABLE x; -- <script>\u202e\u0000\n../../etc"
FOREIGN = "999999999999"


def without(path: str) -> Event:
    """The event without a field."""
    event: Event = json.loads(json.dumps(EVENT))
    *parents, last = path.split(".")
    place: dict[str, Any] = event
    for parent in parents:
        place = place[parent]
    del place[last]
    return event


ERRORS: dict[str, Any] = {
    "nothing": b"",
    "not JSON": b"{not json",
    "half of it": json.dumps(EVENT).encode()[:200],
    "null": b"null",
    "a number": b"7",
    "a text": json.dumps("Object Created").encode(),
    "a list": json.dumps([EVENT]).encode(),
    "bytes that are no text": b'{"detail-type": "\xff\xfe"}',
    "an empty object": {},
    "deep nesting": b"[" * 5000 + b"]" * 5000,
    "no valid region": without("region"),
    "an empty region": changed(EVENT, "region", ""),
    "a region that is a host": changed(EVENT, "region", "us-east-1.attacker.example/#"),
    "a region that is a path": changed(EVENT, "region", "../us-east-1"),
    "a region that is a list": changed(EVENT, "region", ["us-east-1"]),
    "an account that is a list": changed(EVENT, "account", [ACCOUNT]),
    "no detail": without("detail"),
    "a detail that is null": changed(EVENT, "detail", None),
    "a detail that is a text": changed(EVENT, "detail", json.dumps(EVENT["detail"])),
    "a detail that is empty": changed(EVENT, "detail", {}),
    "not a bucket": without("detail.bucket"),
    "a bucket that is a text": changed(EVENT, "detail.bucket", TARGET),
    "a bucket without a name": changed(EVENT, "detail.bucket", {}),
    "a bucket that is a number": created(name=7),  # type: ignore[arg-type]
    "an empty bucket": created(name=""),
    "a bucket that is a path": created(name="../logs"),
    "a bucket that is an ARN": created(name=f"arn:aws:s3:us-east-1:{ACCOUNT}:accesspoint/logs"),
    "a bucket that is a host": created(name="logs.attacker.example/"),
    "a bucket with a query": created(name="logs?policy"),
    "a bucket in capitals": created(name="Logs"),
    "a bucket of hostile characters": created(name=HOSTILE),
    "an endless bucket": created(name="b" * 100_000),
    "no valid S3 object": without("detail.object"),
    "no key": without("detail.object.key"),
    "a key that is null": created(key=None),  # type: ignore[arg-type]
    "a key that is a number": created(key=7),  # type: ignore[arg-type]
    "a key that is a list": created(key=["k"]),  # type: ignore[arg-type]
    "an empty key": created(key=""),
    "a key of 1,025 bytes": created(key="k" * 1025),
    "a key of 1,026 bytes in 342 letters": created(key="日" * 342),
    "a version that is a number": changed(EVENT, "detail.object.version-id", 7),
}

IGNORED: dict[str, tuple[Event, str]] = {
    "no account": (without("account"), "an event from account , not from this one"),
    "another account": (changed(EVENT, "account", FOREIGN), f"an event from account {FOREIGN}, not from this one"),
    "an account that is none": (changed(EVENT, "account", HOSTILE), "not from this one"),
    "another bucket": (created(name="logs"), "logs is not a bucket whose access logs are read"),
    "the target of another account": (created(name=TARGET.replace(ACCOUNT, FOREIGN)), "not a bucket"),
    "the target of another region": (changed(EVENT, "region", "eu-west-1"), "not a bucket"),
    "the target with more behind it": (created(name=f"{TARGET}-x"), "not a bucket"),
    "another detail-type": (changed(EVENT, "detail-type", "Object Deleted"), "Object Deleted from aws.s3"),
    "another source": (changed(EVENT, "source", "my.app"), "Object Created from my.app"),
    "a call": (api_call("s3", "PutBucketPolicy"), "AWS API Call via CloudTrail from aws.s3"),
    "a schedule": (schedule(), "Scheduled Event from aws.events"),
    "a type of hostile characters": (changed(EVENT, "detail-type", HOSTILE), "not an event that Trailkeeper handles"),
}


@pytest.fixture(scope="module")
def started(moto_server: Moto, faults_server: Faults) -> Iterator[Function]:
    """One function for all of them."""
    moto_server.reset()
    settings = {"AWS_ENDPOINT_URL": faults_server.endpoint, "TRAILKEEPER_ACCESS_STATE": "trailkeeper-notes"}
    with Function([str(binary("access"))], settings) as running:
        yield running


@pytest.fixture
def calls(faults_server: Faults) -> Iterator[list[str]]:
    """None of them makes a call but to ask who we are."""
    faults_server.clear()
    faults_server.forget()
    yield []
    assert {call.operation for call in faults_server.calls()} <= {"GetCallerIdentity"}


@pytest.mark.usefixtures("calls")
@pytest.mark.parametrize("payload", ERRORS.values(), ids=ERRORS)
def test_what_names_no_file_is_an_error(started: Function, payload: Any) -> None:
    answer = started.invoke(payload)
    assert (answer.ok, answer.error_type) == (False, "Trailkeeper.BadEvent"), answer
    told = answer.error_message or ""
    assert told and len(told) < 2000 and "\u202e" not in told and "\x00" not in told
    assert started.alive


@pytest.mark.usefixtures("calls")
@pytest.mark.parametrize(("event", "because"), IGNORED.values(), ids=IGNORED)
def test_what_is_none_of_ours_is_ignored(started: Function, event: Event, because: str) -> None:
    why = ignored(started.invoke(event))
    assert because in why and "\u202e" not in why and "\x00" not in why
    assert started.alive


@pytest.mark.usefixtures("calls")
def test_a_setting_that_cannot_be_used_stops_the_function_at_its_start() -> None:
    for name, value in (
        ("READERS", "*"), ("KEEPERS", "arn:aws:iam::111122223333:role/A,**"), ("NETWORKS", "192.0.2.1/33"),
        ("TARGETS", "Access_Logs"), ("STATE", "s3://notes"), ("STATE", "one,two"),
    ):
        with Function([str(binary("access"))], {f"TRAILKEEPER_ACCESS_{name}": value}) as stopped:
            assert stopped.wait_exit() == 1
            assert any(f"TRAILKEEPER_ACCESS_{name}" in line for line in stopped.log), stopped.log
