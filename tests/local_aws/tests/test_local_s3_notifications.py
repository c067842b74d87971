"""The patched S3: whom a bucket tells is kept, replaced as a whole and given back."""

from __future__ import annotations

from typing import Any

from given import refusal
from local_aws.processes import ACCOUNT, REGION, Moto
from test_local_s3 import bucket

QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
SUFFIX = {"Key": {"FilterRules": [{"Name": "suffix", "Value": ".gz"}]}}


def told(s3: Any) -> dict[str, Any]:
    found: dict[str, Any] = s3.get_bucket_notification_configuration(Bucket="files")
    return {name: value for name, value in found.items() if name != "ResponseMetadata"}


def put(s3: Any, configuration: dict[str, Any], **more: Any) -> None:
    s3.put_bucket_notification_configuration(Bucket="files", NotificationConfiguration=configuration, **more)


def test_what_is_told_is_kept_replaced_and_ended(moto: Moto) -> None:
    s3 = bucket(moto)
    assert told(s3) == {}
    moto.client("sqs").create_queue(QueueName="q")
    queue = {"QueueArn": QUEUE, "Events": ["s3:ObjectCreated:*"], "Filter": SUFFIX}
    put(s3, {"QueueConfigurations": [queue], "EventBridgeConfiguration": {}})
    found = told(s3)
    (kept,) = found["QueueConfigurations"]
    assert kept.pop("Id") and kept == queue and found["EventBridgeConfiguration"] == {}
    put(s3, {"EventBridgeConfiguration": {}})
    assert told(s3) == {"EventBridgeConfiguration": {}}
    put(s3, {})
    assert told(s3) == {}


def test_destinations_are_looked_for_unless_that_is_skipped(moto: Moto) -> None:
    s3 = bucket(moto)
    gone = {"QueueConfigurations": [{"Id": "q", "QueueArn": QUEUE, "Events": ["s3:ObjectCreated:*"]}]}
    found = refusal(s3.put_bucket_notification_configuration, Bucket="files", NotificationConfiguration=gone)
    assert found[:2] == (400, "InvalidArgument") and told(s3) == {}
    put(s3, gone, SkipDestinationValidation=True)
    assert told(s3) == gone
