"""The status of a local trail is that of the things it depends on."""

from __future__ import annotations

from typing import Any

import pytest
from given import (
    client_of,
    policy,
    trail,
    trail_arn,
    trail_bucket,
    trail_key,
    trail_logs,
    trail_status,
    trail_topic,
    updated,
)
from local_aws.processes import ACCOUNT, Moto

BUCKET = "trail-logs"


def no_bucket(moto: Moto, key: str) -> None:
    moto.client("s3").delete_bucket(Bucket=BUCKET)


def no_policy(moto: Moto, key: str) -> None:
    moto.client("s3").delete_bucket_policy(Bucket=BUCKET)


def disabled(moto: Moto, key: str) -> None:
    moto.client("kms").disable_key(KeyId=key)


def no_key(moto: Moto, key: str) -> None:
    moto.client("kms").schedule_key_deletion(KeyId=key)


def no_key_policy(moto: Moto, key: str) -> None:
    document = policy(Principal={"AWS": ACCOUNT}, Action="kms:*", Resource="*")
    moto.client("kms").put_key_policy(KeyId=key, Policy=document)


def test_a_trail_that_logs_delivers(moto: Moto) -> None:
    trail(moto, EnableLogFileValidation=True, **trail_logs(moto))
    cloudtrail = moto.client("cloudtrail")
    cloudtrail.start_logging(Name="main")
    cloudtrail.start_logging(Name=trail_arn())
    found = trail_status(moto)
    assert found["IsLogging"]
    times = {"LatestDeliveryTime", "LatestDigestDeliveryTime", "LatestCloudWatchLogsDeliveryTime"}
    assert times <= found.keys()
    assert not [key for key in found if key.endswith("Error")]
    cloudtrail.stop_logging(Name="main")
    found = trail_status(moto)
    assert not found["IsLogging"] and "StopLoggingTime" in found and times <= found.keys()


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        (no_bucket, "NoSuchBucket"),
        (no_policy, "AccessDenied"),
        (disabled, "KMS.DisabledException"),
        (no_key, "KMS.KMSInvalidStateException"),
        (no_key_policy, "KMS.AccessDeniedException"),
    ],
)
def test_what_breaks_later_shows_in_the_status(moto: Moto, broken: Any, error: str) -> None:
    key = trail_key(moto)
    trail(moto, S3BucketName=trail_bucket(moto), KmsKeyId=key)
    moto.client("cloudtrail").start_logging(Name="main")
    broken(moto, key)
    assert trail_status(moto)["LatestDeliveryError"] == error


@pytest.mark.parametrize("broken", ["group", "role"])
def test_what_breaks_the_log_group_shows_in_the_status(moto: Moto, broken: str) -> None:
    trail(moto, **trail_logs(moto))
    moto.client("cloudtrail").start_logging(Name="main")
    if broken == "group":
        moto.client("logs").delete_log_group(logGroupName="trail")
    else:
        moto.client("iam").delete_role_policy(RoleName="trail-writer", PolicyName="write")
    errors = {"group": "ResourceNotFoundException", "role": "AccessDenied"}
    found = trail_status(moto)
    assert found["LatestCloudWatchLogsDeliveryError"] == errors[broken]
    assert "LatestDeliveryError" not in found


def test_a_delivery_error_can_be_ordered(moto: Moto) -> None:
    arn = trail(moto)
    moto.client("cloudtrail").start_logging(Name="main")
    moto.delivery_error(arn, "AccessDenied", with_key_only=True)
    assert "LatestDeliveryError" not in trail_status(moto)
    updated(moto, KmsKeyId=trail_key(moto))
    assert trail_status(moto)["LatestDeliveryError"] == "AccessDenied"
    updated(moto, KmsKeyId="")
    assert "LatestDeliveryError" not in trail_status(moto)
    moto.delivery_error(arn, "SlowDown")
    assert trail_status(moto)["LatestDeliveryError"] == "SlowDown"
    moto.reset()
    trail(moto)
    moto.client("cloudtrail").start_logging(Name="main")
    assert "LatestDeliveryError" not in trail_status(moto)


@pytest.mark.parametrize("kind", ["DigestDelivery", "CloudWatchLogsDelivery", "Notification"])
def test_the_other_deliveries_can_be_refused_one_by_one(moto: Moto, kind: str) -> None:
    arn = trail(moto, EnableLogFileValidation=True, SnsTopicName=trail_topic(moto), **trail_logs(moto))
    moto.client("cloudtrail").start_logging(Name="main")
    moto.refuse_delivery(arn, kind, "AccessDenied")
    found = trail_status(moto)
    assert {name for name in found if name.endswith("Error")} == {f"Latest{kind}Error"}
    moto.refuse_delivery(arn, kind, "")
    assert not {name for name in trail_status(moto) if name.endswith("Error")}


def test_a_member_may_be_told_nothing_of_its_organizations_deliveries(moto: Moto) -> None:
    arn = trail(moto, IsOrganizationTrail=True)
    moto.client("cloudtrail").start_logging(Name="main")
    member = client_of(moto, "210987654321", "cloudtrail")
    assert "LatestDeliveryTime" in member.get_trail_status(Name=arn)
    moto.untold(arn)
    told = member.get_trail_status(Name=arn)
    assert told["IsLogging"] and not {name for name in told if name.startswith("Latest")}
    assert "LatestDeliveryTime" in trail_status(moto), "its owner is told"
