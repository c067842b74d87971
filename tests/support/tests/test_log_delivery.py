"""Whether access logs would arrive is told as S3 decides it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from local_aws.processes import ACCOUNT, Moto
from log_delivery import access_logs_arrive
from test_local_s3 import bucket, stranger

INSIDE = "arn:aws:s3:::logs/files/*"
SERVICE = {"Service": "logging.s3.amazonaws.com"}
WHOLE = ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"]


def grant(**given: Any) -> dict[str, Any]:
    """The statement that lets the logs of "files" in, unless told otherwise."""
    condition = {
        "ArnLike": {"aws:SourceArn": "arn:aws:s3:::files"},
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    }
    whole = {"Principal": SERVICE, "Action": "s3:PutObject", "Resource": INSIDE, "Condition": condition}
    return {"Effect": "Allow"} | whole | given


def deny(**condition: Any) -> dict[str, Any]:
    """A statement that denies everyone everything under a condition."""
    return {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": WHOLE, "Condition": condition}


def permit(s3: Any, *statements: dict[str, Any]) -> None:
    """Puts the policy of the bucket "logs"."""
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    s3.put_bucket_policy(Bucket="logs", Policy=json.dumps(document))


def log(s3: Any, target: str = "logs", prefix: str = "files/", **given: Any) -> None:
    """Turns on the logging of "files"."""
    enabled = {"TargetBucket": target, "TargetPrefix": prefix} | given
    s3.put_bucket_logging(Bucket="files", BucketLoggingStatus={"LoggingEnabled": enabled})


def logged(moto: Moto, **target: Any) -> Any:
    """Two buckets, one logged into the other, which lets the logs in; the client."""
    s3 = bucket(moto)
    bucket(moto, "logs", **target)
    log(s3)
    permit(s3, grant())
    return s3


def test_logs_arrive_where_all_is_well(moto: Moto) -> None:
    s3 = logged(moto)
    assert access_logs_arrive(moto, "files") is None
    permit(s3, grant(Condition={}), deny(Bool={"aws:SecureTransport": "false"}))
    assert access_logs_arrive(moto, "files") is None
    partitioned = {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}}
    log(s3, prefix="", TargetObjectKeyFormat=partitioned)
    permit(s3, grant(Resource=f"arn:aws:s3:::logs/{ACCOUNT}/us-east-1/files/*"))
    assert access_logs_arrive(moto, "files") is None


def test_logs_arrive_in_another_region_than_the_default_one(moto: Moto) -> None:
    s3 = bucket(moto, "files", "eu-west-1")
    bucket(moto, "logs", "eu-west-1")
    log(s3)
    assert access_logs_arrive(moto, "files") is not None
    permit(s3, grant())
    assert access_logs_arrive(moto, "files") is None


def by_acl(s3: Any, acl: str) -> None:
    s3.delete_bucket_policy(Bucket="logs")
    s3.put_bucket_acl(Bucket="logs", ACL=acl)


def test_logs_arrive_by_the_acl_unless_denied(moto: Moto) -> None:
    s3 = logged(moto, ObjectOwnership="ObjectWriter")
    by_acl(s3, "private")
    assert access_logs_arrive(moto, "files") is not None
    by_acl(s3, "log-delivery-write")
    assert access_logs_arrive(moto, "files") is None
    permit(s3, deny(StringNotEquals={"aws:SourceVpce": "vpce-1"}))
    assert access_logs_arrive(moto, "files") == "the target's policy denies the log writer"


NOTHING = "nothing lets the log writer"
WRONG: list[tuple[str, Callable[[Any], Any]]] = [
    ("off", lambda s3: s3.put_bucket_logging(Bucket="files", BucketLoggingStatus={})),
    ("itself", lambda s3: log(s3, "files")),
    ("not exist", lambda s3: (s3.delete_bucket(Bucket="logs"))),
    ("itself or back", lambda s3: s3.put_bucket_logging(Bucket="logs", BucketLoggingStatus={
        "LoggingEnabled": {"TargetBucket": "files", "TargetPrefix": ""}})),
    ("SSE-KMS", lambda s3: s3.put_bucket_encryption(
        Bucket="logs", ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]})),
    ("requesters pay", lambda s3: s3.put_bucket_request_payment(
        Bucket="logs", RequestPaymentConfiguration={"Payer": "Requester"})),
    (NOTHING, lambda s3: s3.delete_bucket_policy(Bucket="logs")),
    (NOTHING, lambda s3: permit(s3, grant(Resource="arn:aws:s3:::logs/others/*"))),
    (NOTHING, lambda s3: permit(s3, grant(Action="s3:GetObject"))),
    (NOTHING, lambda s3: permit(s3, grant(Principal={"AWS": ACCOUNT}))),
    (NOTHING, lambda s3: permit(
        s3, grant(Condition={"ArnLike": {"aws:SourceArn": "arn:aws:s3:::others"}}))),
    (NOTHING, lambda s3: permit(
        s3, grant(Condition={"StringEquals": {"aws:SourceAccount": "999999999999"}}))),
    ("denies", lambda s3: permit(s3, grant(), deny(StringNotEquals={"aws:PrincipalOrgID": "o-1"}))),
    ("denies", lambda s3: permit(s3, grant(), deny())),
]


@pytest.mark.parametrize(("why", "spoil"), WRONG)
def test_logs_do_not_arrive(moto: Moto, why: str, spoil: Callable[[Any], Any]) -> None:
    s3 = logged(moto)
    spoil(s3)
    assert why in str(access_logs_arrive(moto, "files"))


def test_an_object_lock_keeps_logs_out(moto: Moto) -> None:
    logged(moto, ObjectLockEnabledForBucket=True)
    assert access_logs_arrive(moto, "files") == "the target has an Object Lock"


@pytest.mark.parametrize("theirs", [True, False])
def test_a_target_that_became_anothers_or_moved_gets_nothing(moto: Moto, theirs: bool) -> None:
    s3 = logged(moto)
    s3.delete_bucket(Bucket="logs")
    if theirs:
        stranger(moto).create_bucket(Bucket="logs")
    else:
        bucket(moto, "logs", "eu-west-1")
    found = access_logs_arrive(moto, "files")
    assert found == ("the target belongs to another account" if theirs else "the target is in eu-west-1")
