"""Buckets for access logs tell EventBridge, and go on to tell whom they told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import StartFunction
from given import trail
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from log_buckets import EVENTS, LOGS, TARGET, check, customers_target, log_into, our_target
from observed import steps, writes
from trails import OTHER, client_of

THEIRS: dict[str, Any] = {
    "TopicConfigurations": [
        {"Id": "t", "TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:gone", "Events": ["s3:ObjectRemoved:*"]}
    ],
    "QueueConfigurations": [
        {
            "Id": "q", "QueueArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:gone", "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": ".gz"}]}},
        }
    ],
    "LambdaFunctionConfigurations": [
        {"Id": "f", "LambdaFunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f", "Events": ["s3:ObjectCreated:Put"]}
    ],
}


def told(moto: Moto, bucket: str = TARGET) -> dict[str, Any]:
    found: dict[str, Any] = moto.client("s3").get_bucket_notification_configuration(Bucket=bucket)
    return {name: value for name, value in found.items() if name != "ResponseMetadata"}


def judged(function: StartFunction, faults: Faults, bucket: str = TARGET, **more: str) -> dict[str, Any]:
    return check(function, faults, EVENTS, bucket=bucket, **more)[EVENTS]


@pytest.mark.function_alone("nobody logs into that bucket: only an event leads to it")
def test_our_target_tells_eventbridge(function: StartFunction, moto: Moto, faults: Faults) -> None:
    our_target(moto)
    assert judged(function, faults, mode="dry-run")["status"] == "planned" and told(moto) == {}
    found = judged(function, faults)
    assert (found["status"], steps(found)) == ("fixed", [("s3:PutBucketNotification", "applied")])
    assert told(moto) == {"EventBridgeConfiguration": {}}
    faults.forget()
    assert judged(function, faults)["status"] == "compliant" and writes(faults) == []


@pytest.mark.function_alone("nobody logs into that bucket: only an event leads to it")
def test_whom_it_told_is_told_still(function: StartFunction, moto: Moto, faults: Faults) -> None:
    """Though the topic and the queue are gone: that is not ours to judge."""
    moto.client("s3").put_bucket_notification_configuration(
        Bucket=our_target(moto), NotificationConfiguration=THEIRS, SkipDestinationValidation=True
    )
    found = judged(function, faults)
    assert found["status"] == "fixed", found
    assert told(moto) == THEIRS | {"EventBridgeConfiguration": {}}
    (step,) = found["steps"]
    assert step["before"] == THEIRS and step["after"] == told(moto)
    undo = json.loads(step["undo"].split("--notification-configuration '")[1].removesuffix("'"))
    assert undo == THEIRS


def test_a_target_is_looked_after_where_the_settings_name_it(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    target = customers_target(moto)
    named = {"TRAILKEEPER_ACCESS_TARGETS": f"other,{target}"}
    assert judged(function, faults, target)["status"] == "not-applicable"
    assert judged(function, faults, LOGS, **named)["status"] == "not-applicable"
    assert writes(faults) == []
    assert judged(function, faults, target, **named)["status"] == "fixed"
    assert told(moto, target) == {"EventBridgeConfiguration": {}}


def test_a_bucket_of_another_account_is_advised(function: StartFunction, moto: Moto, faults: Faults) -> None:
    client_of(moto, OTHER, "s3").create_bucket(Bucket="theirs")
    found = judged(function, faults, "theirs", TRAILKEEPER_ACCESS_TARGETS="theirs")
    assert found["status"] == "advised" and "another account" in found["because"] and writes(faults) == []


def test_what_may_not_be_read_is_unknown_and_what_may_not_be_written_fails(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    trail(moto)
    log_into(moto, our_target(moto))
    faults.deny("s3", "PutBucketNotificationConfiguration")
    assert judged(function, faults)["status"] == "failed" and told(moto) == {}
    faults.clear()
    faults.deny("s3", "GetBucketNotificationConfiguration")
    faults.forget()
    found = judged(function, faults)
    assert found["status"] == "unknown" and "s3:GetBucketNotification" in found["because"] and writes(faults) == []


@pytest.mark.function_alone("nobody logs into that bucket: only an event leads to it")
def test_it_is_off_until_switched_on(function: StartFunction, moto: Moto, faults: Faults) -> None:
    our_target(moto)
    assert EVENTS not in check(function, faults, bucket=TARGET)
    assert faults.calls("s3", "GetBucketNotificationConfiguration") == [] and told(moto) == {}
