"""The patched S3: the access logging that S3 refuses, keeps, or takes in silence."""

from __future__ import annotations

from typing import Any

import pytest
from given import policy, refusal
from local_aws.processes import Moto
from test_local_s3 import bucket, stranger

GRANT = {
    "Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/s3/LogDelivery"},
    "Permission": "WRITE",
}


def logging(target: str = "logs", **given: Any) -> dict[str, Any]:
    """What turns on logging of "files"."""
    enabled = {"TargetBucket": target, "TargetPrefix": "files/"} | given
    return {"Bucket": "files", "BucketLoggingStatus": {"LoggingEnabled": enabled}}


def test_logging_is_kept_replaced_and_ended(moto: Moto) -> None:
    s3 = bucket(moto)
    bucket(moto, "logs", ObjectOwnership="ObjectWriter")
    by_event = {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}}
    put = logging(TargetGrants=[GRANT], TargetObjectKeyFormat=by_event)
    s3.put_bucket_logging(**put)
    enabled = s3.get_bucket_logging(Bucket="files")["LoggingEnabled"]
    assert enabled == put["BucketLoggingStatus"]["LoggingEnabled"]
    s3.put_bucket_logging(**logging(TargetPrefix=""))
    enabled = s3.get_bucket_logging(Bucket="files")["LoggingEnabled"]
    assert enabled == {"TargetBucket": "logs", "TargetPrefix": ""}
    s3.put_bucket_logging(Bucket="files", BucketLoggingStatus={})
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket="files")


def test_the_target_must_exist_in_the_same_account_and_region(moto: Moto) -> None:
    s3 = bucket(moto)
    stranger(moto).create_bucket(Bucket="theirs")
    bucket(moto, "far", "eu-west-1")
    status, code, message = refusal(s3.put_bucket_logging, **logging("none"))
    assert (status, code) == (400, "InvalidTargetBucketForLogging") and "not exist" in message
    status, code, message = refusal(s3.put_bucket_logging, **logging("theirs"))
    assert (status, code) == (400, "InvalidTargetBucketForLogging") and "owner" in message
    found = refusal(s3.put_bucket_logging, **logging("far"))
    assert found[:2] == (403, "CrossLocationLoggingProhibited")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"TargetGrants": [GRANT]}, "AccessControlListNotSupported"),
        ({"TargetGrants": [GRANT | {"Permission": "READ_ACP"}]}, "MalformedXML"),
        ({"TargetObjectKeyFormat": {"PartitionedPrefix": {"PartitionDateSource": "x"}}}, "MalformedXML"),
    ],
)
def test_what_is_wrong_in_itself_is_refused(moto: Moto, given: dict[str, Any], code: str) -> None:
    s3 = bucket(moto)
    bucket(moto, "logs")
    assert refusal(s3.put_bucket_logging, **logging(**given))[:2] == (400, code)


def test_a_target_that_gets_no_log_is_taken_all_the_same(moto: Moto) -> None:
    s3 = bucket(moto)
    bucket(moto, "logs", ObjectLockEnabledForBucket=True)
    whole = ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"]
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    deny = policy(Effect="Deny", Principal="*", Action="s3:*", Resource=whole, Condition=plain)
    s3.put_bucket_policy(Bucket="logs", Policy=deny)
    s3.put_bucket_logging(**logging())
    s3.put_bucket_logging(**logging("files"))
    s3.put_bucket_logging(**logging())
    assert s3.list_objects_v2(Bucket="logs")["KeyCount"] == 0
