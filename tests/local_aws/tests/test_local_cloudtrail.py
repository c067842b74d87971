"""The local CloudTrail makes, changes and counts trails as AWS does."""

from __future__ import annotations

import time

import pytest
from given import (
    NEXT_SECOND,
    SECOND,
    described_trail,
    refusal,
    refused_update,
    signed_at,
    trail,
    trail_arn,
    trail_bucket,
    trail_key,
    trail_logs,
    trail_status,
    trail_topic,
    updated,
)
from local_aws.processes import Moto

BUCKET = "trail-logs"
INSUFFICIENT = "InsufficientS3BucketPolicyException"
NO_GROUP = "InvalidCloudWatchLogsLogGroupArnException"


@pytest.mark.parametrize(
    "name", ["ab", "a" * 129, "-main", "main-", "ma..in", "ma-_in", "192.168.5.4", "ma in"]
)
def test_a_trail_has_a_sound_name(moto: Moto, name: str) -> None:
    found = refusal(moto.client("cloudtrail").create_trail, Name=name, S3BucketName="none")
    assert found[:2] == (400, "InvalidTrailNameException")


def test_a_new_trail_does_not_log(moto: Moto) -> None:
    assert trail(moto) == trail_arn()
    assert described_trail(moto) == {
        "Name": "main",
        "S3BucketName": "main-trail-logs",
        "IncludeGlobalServiceEvents": True,
        "IsMultiRegionTrail": False,
        "HomeRegion": "us-east-1",
        "TrailARN": trail_arn(),
        "LogFileValidationEnabled": False,
        "HasCustomEventSelectors": False,
        "HasInsightSelectors": False,
        "IsOrganizationTrail": False,
    }
    found = trail_status(moto)
    assert not found["IsLogging"]
    assert "LatestDeliveryTime" not in found and "LatestDeliveryError" not in found


def test_a_second_trail_of_the_name_is_refused(moto: Moto) -> None:
    trail(moto, IsMultiRegionTrail=True)
    for region in ("us-east-1", "eu-west-1"):
        call = moto.client("cloudtrail", region).create_trail
        assert refusal(call, Name="main", S3BucketName="any")[1] == "TrailAlreadyExistsException"


def test_the_bucket_must_exist(moto: Moto) -> None:
    trail(moto)
    assert refused_update(moto, S3BucketName="not-there") == "S3BucketDoesNotExistException"


def test_an_update_keeps_what_it_is_not_given_and_clears_what_is_empty(moto: Moto) -> None:
    full = {
        "KmsKeyId": trail_key(moto),
        "SnsTopicName": trail_topic(moto),
        "IsMultiRegionTrail": True,
        "EnableLogFileValidation": True,
    } | trail_logs(moto)
    trail(moto, S3BucketName=trail_bucket(moto), **full)
    before = described_trail(moto)
    updated(moto, EnableLogFileValidation=False)
    assert described_trail(moto) == before | {"LogFileValidationEnabled": False}
    taken = ("KmsKeyId", "SnsTopicName", "CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn")
    updated(moto, **dict.fromkeys(taken, ""))
    kept = {key: value for key, value in before.items() if key not in (*taken, "SnsTopicARN")}
    assert described_trail(moto) == kept | {"LogFileValidationEnabled": False}


@pytest.mark.parametrize("broken", ["bucket", "policy", "key", "group"])
def test_an_update_looks_at_the_whole_trail(moto: Moto, broken: str) -> None:
    key, logs = trail_key(moto), trail_logs(moto)
    trail(moto, S3BucketName=trail_bucket(moto), KmsKeyId=key, **logs)
    codes = {
        "bucket": "S3BucketDoesNotExistException",
        "policy": INSUFFICIENT,
        "key": "KmsKeyDisabledException",
        "group": NO_GROUP,
    }
    if broken == "bucket":
        moto.client("s3").delete_bucket(Bucket=BUCKET)
    elif broken == "policy":
        moto.client("s3").delete_bucket_policy(Bucket=BUCKET)
    elif broken == "key":
        moto.client("kms").disable_key(KeyId=key)
    else:
        moto.client("logs").delete_log_group(logGroupName="trail")
    assert refused_update(moto, EnableLogFileValidation=True) == codes[broken]


def test_a_trail_of_all_regions_has_the_global_events(moto: Moto) -> None:
    trail(moto, IncludeGlobalServiceEvents=False)
    combination = "InvalidParameterCombinationException"
    both = {"IsMultiRegionTrail": True, "IncludeGlobalServiceEvents": False}
    assert refused_update(moto, **both) == combination
    assert updated(moto, IsMultiRegionTrail=True)["IncludeGlobalServiceEvents"]
    assert refused_update(moto, IncludeGlobalServiceEvents=False) == combination
    call = moto.client("cloudtrail").create_trail
    assert refusal(call, Name="other", S3BucketName="any", **both)[1] == combination


def test_a_region_has_five_trails_with_the_shadows(moto: Moto) -> None:
    trail(moto)
    for number in range(4):
        trail(moto, f"far{number}", "eu-west-1")
    trail(moto, "wide", IsMultiRegionTrail=True)
    limit = "MaximumNumberOfTrailsExceededException"
    call = moto.client("cloudtrail", "eu-west-1").create_trail
    assert refusal(call, Name="sixth", S3BucketName="any")[1] == limit
    assert refused_update(moto, IsMultiRegionTrail=True) == limit
    assert moto.client("cloudtrail").update_trail(Name="wide", EnableLogFileValidation=True)


def test_reads_are_throttled_when_ordered(moto: Moto) -> None:
    arn = trail(moto)
    cloudtrail = moto.client("cloudtrail")
    reads = [
        cloudtrail.describe_trails, lambda: cloudtrail.get_trail_status(Name=arn), lambda: cloudtrail.get_event_selectors(TrailName=arn),
        lambda: cloudtrail.list_tags(ResourceIdList=[arn]),
    ]
    moto.throttle("cloudtrail-reads", 1)
    for read in reads:
        read()
        assert refusal(read) == (400, "ThrottlingException", "Rate exceeded")
    assert moto.throttled() == len(reads)
    time.sleep(1.1)
    assert cloudtrail.describe_trails() and moto.client("cloudtrail", "eu-west-1").describe_trails()
    moto.throttle("cloudtrail-reads", 0)
    for _ in range(3):
        cloudtrail.describe_trails()
    assert moto.throttled() == 0


def test_writes_are_throttled_when_ordered(moto: Moto) -> None:
    trail(moto)
    cloudtrail = moto.client("cloudtrail")
    far = moto.client("cloudtrail", "eu-west-1")
    with signed_at(SECOND, cloudtrail):
        for _ in range(3):
            cloudtrail.start_logging(Name="main")
        moto.throttle("cloudtrail", 1)
        cloudtrail.stop_logging(Name="main")
        found = refusal(cloudtrail.stop_logging, Name="main")
        assert found == (400, "ThrottlingException", "Rate exceeded")
    with signed_at(NEXT_SECOND, cloudtrail, far):
        cloudtrail.stop_logging(Name="main")
        cloudtrail.put_event_selectors(TrailName="main", EventSelectors=[{}])
        assert refusal(far.stop_logging, Name=trail_arn())[1] == "InvalidHomeRegionException"
        moto.throttle("cloudtrail", 0)
        for _ in range(3):
            cloudtrail.stop_logging(Name="main")
