"""Where what is recorded goes: the bucket of a channel that is missing, or whose bucket is gone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import StartFunction
from given import client_of, key_with, policy
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from observed import steps
from recorders import (
    BUCKET,
    CHANNEL,
    LOGS,
    OTHER,
    RECORDER,
    SERVICE,
    START,
    WEST,
    assert_made,
    assert_our_bucket,
    bucket_policy,
    buckets,
    changing,
    channel,
    channels,
    check,
    delete_bucket,
    delivery_bucket,
    is_recording,
    on,
    our_bucket,
    policy_of,
    recorder,
    start,
    stop,
)

# Where a channel is to deliver.


def in_west(moto: Moto, bucket: str = LOGS, **given: Any) -> None:
    """AWS Config of another region, which delivers there."""
    recorder(moto, WEST)
    channel(moto, WEST, s3BucketName=bucket, **given)


def test_the_bucket_of_another_region_is_used_as_it_is_used_there(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    allow = {"Effect": "Allow", "Principal": {"Service": SERVICE}, "Resource": "*"}
    own = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"}
    use = allow | {"Action": ["kms:GenerateDataKey", "kms:Decrypt"]}
    key = key_with(moto, {"Version": "2012-10-17", "Statement": [own, use]}, WEST)
    delivery_bucket(moto, LOGS, WEST, bucket_policy(prefix="audit"))
    topic = f"arn:aws:sns:{WEST}:{ACCOUNT}:told"
    in_west(moto, s3KeyPrefix="audit", s3KmsKeyArn=key, snsTopicARN=topic)
    found = check(function, faults)
    assert (found["status"], changing(faults)) == ("fixed", [RECORDER, CHANNEL, START])
    expected = {"name": "default", "s3BucketName": LOGS, "s3KeyPrefix": "audit", "s3KmsKeyArn": key}
    assert channels(moto) == [expected] and is_recording(moto) and buckets(moto) == []


@pytest.mark.parametrize("named", [False, True])
def test_a_bucket_that_serves_something_else_draws_no_other_region(
    function: StartFunction, moto: Moto, faults: Faults, named: bool
) -> None:
    visitors = {"Sid": "V", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shop/*"}
    shop = bucket_policy("shop")
    delivery_bucket(moto, "shop", WEST, {})
    moto.client("s3", WEST).delete_public_access_block(Bucket="shop")
    whole = json.dumps(shop | {"Statement": [*shop["Statement"], visitors]})
    moto.client("s3", WEST).put_bucket_policy(Bucket="shop", Policy=whole)
    in_west(moto, "shop")
    settings = {"TRAILKEEPER_RECORD_DESTINATIONS": "shop"} if named else {}
    assert check(function, faults, **settings)["status"] == "fixed"
    assert channels(moto)[0]["s3BucketName"] == ("shop" if named else our_bucket())


@pytest.mark.function_alone("the event is of a region that nobody sweeps")
def test_homes_bucket_comes_first(function: StartFunction, moto: Moto, faults: Faults) -> None:
    for region in (REGION, WEST):
        delivery_bucket(moto, f"of-{region}", region)
        recorder(moto, region)
        channel(moto, region, s3BucketName=f"of-{region}")
    assert check(function, faults, region="ap-south-1")["status"] == "fixed"
    assert channels(moto, "ap-south-1")[0]["s3BucketName"] == f"of-{REGION}"
    assert check(function, faults, region="ap-south-2", AWS_REGION=WEST)["status"] == "fixed"
    assert channels(moto, "ap-south-2")[0]["s3BucketName"] == f"of-{WEST}"


def test_only_the_configured_regions_are_asked(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    delivery_bucket(moto, LOGS, WEST)
    in_west(moto)
    assert check(function, faults, TRAILKEEPER_REGIONS=REGION)["status"] == "fixed"
    assert_made(moto)


def test_what_the_policy_lacks_is_added_first_and_the_rest_of_it_stays(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    delivery_bucket(moto)
    in_west(moto)
    reader = {
        "Sid": "R",
        "Effect": "Allow",
        "Principal": {"AWS": ACCOUNT},
        "Action": "s3:*",
        "Resource": f"arn:aws:s3:::{LOGS}",
    }
    theirs = {"Version": "2008-10-17", "Id": "theirs", "Statement": [reader]}
    moto.client("s3").put_bucket_policy(Bucket=LOGS, Policy=json.dumps(theirs))
    found = check(function, faults)
    assert (found["status"], changing(faults)) == (
        "fixed",
        ["s3:PutBucketPolicy", RECORDER, CHANNEL, START],
    )
    after = policy_of(moto)
    assert (
        after["Id"] == "theirs" and after["Statement"][0] == reader and len(after["Statement"]) == 4
    )
    put = found["steps"][0]
    assert (put["before"], put["after"]) == (theirs, after)
    assert is_recording(moto) and is_recording(moto, WEST) is False


@pytest.mark.parametrize("why", ["denies", "is too long"])
def test_a_policy_that_cannot_be_mended_is_told(
    function: StartFunction, moto: Moto, faults: Faults, why: str
) -> None:
    delivery_bucket(moto)
    in_west(moto)
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{LOGS}/*",
    }
    long = {
        "Version": "2012-10-17",
        "Id": "x" * 19_900,
        "Statement": bucket_policy()["Statement"][:1],
    }
    document = {"Version": "2012-10-17", "Statement": [deny]} if why == "denies" else long
    moto.client("s3").put_bucket_policy(Bucket=LOGS, Policy=json.dumps(document))
    found = check(function, faults)
    assert (found["status"], changing(faults)) == ("advised", [])
    assert LOGS in found["advice"] and "s3:PutObject" in found["advice"], found
    assert channels(moto) == [] and policy_of(moto) == document


ARCHIVE = {"TRAILKEEPER_RECORD_DESTINATIONS": "archive"}


def test_another_accounts_bucket_is_used_if_it_lets_us(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    delivery_bucket(moto, "archive", owner=OTHER)
    in_west(moto, "archive")
    found = check(function, faults, **ARCHIVE)
    assert (found["status"], changing(faults)) == ("fixed", [RECORDER, CHANNEL, START])
    assert channels(moto)[0]["s3BucketName"] == "archive"


def test_another_accounts_bucket_that_does_not_let_us_is_told(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    delivery_bucket(moto, "archive", owner=OTHER)
    in_west(moto, "archive")
    client_of(moto, OTHER, "s3").delete_bucket_policy(Bucket="archive")
    found = check(function, faults, **ARCHIVE)
    assert found["status"] == "failed" and "InsufficientDeliveryPolicyException" in found["because"]
    assert f"s3:PutObject on arn:aws:s3:::archive/AWSLogs/{ACCOUNT}/Config/*" in found["because"]
    assert steps(found) == [(RECORDER, "applied"), (CHANNEL, "failed"), (START, "skipped")]
    assert changing(faults).count(CHANNEL) == 1, "its policy is not on its way: nothing to wait for"
    assert channels(moto) == []


def test_a_bucket_that_is_gone_over_there_too_is_passed_over(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    delivery_bucket(moto)
    in_west(moto)
    delete_bucket(moto)
    assert check(function, faults)["status"] == "fixed"
    assert_made(moto)


# A bucket that is gone.


def test_a_bucket_of_ours_comes_back(function: StartFunction, moto: Moto, faults: Faults) -> None:
    assert check(function, faults)["status"] == "fixed"
    before = channels(moto)
    delete_bucket(moto, our_bucket())
    found = check(function, faults)
    assert (found["status"], changing(faults)) == ("fixed", BUCKET)
    assert "does not exist" in found["because"] and channels(moto) == before
    assert_made(moto)


def test_a_bucket_of_ours_comes_back_in_its_own_region(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    assert check(function, faults, region=WEST, TRAILKEEPER_REGIONS=WEST)["status"] == "fixed"
    assert check(function, faults)["status"] == "fixed"
    assert channels(moto)[0]["s3BucketName"] == our_bucket(WEST)
    delete_bucket(moto, our_bucket(WEST), WEST)
    assert check(function, faults)["status"] == "fixed"
    assert_our_bucket(moto, WEST)


def test_a_customers_bucket_that_is_gone_makes_for_another_and_all_else_stays(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    delivery_bucket(moto, LOGS, REGION, bucket_policy(prefix="audit"))
    recorder(moto)
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:told"
    whole = {
        "name": "mine",
        "s3BucketName": LOGS,
        "s3KeyPrefix": "audit",
        "snsTopicARN": topic,
        "configSnapshotDeliveryProperties": {"deliveryFrequency": "Six_Hours"},
    }
    channel(moto, **whole)
    start(moto)
    delete_bucket(moto)
    found = check(function, faults)
    assert (found["status"], changing(faults)) == ("fixed", [*BUCKET, CHANNEL])
    assert channels(moto) == [whole | {"s3BucketName": our_bucket()}]
    put = found["steps"][-1]
    assert put["before"] == whole and put["after"] == whole | {"s3BucketName": our_bucket()}
    assert json.dumps(whole, separators=(",", ":")) in put["undo"]
    assert_our_bucket(moto, prefix="audit")


def second() -> str:
    """Our bucket's second name."""
    return f"{our_bucket()}-an"


def test_a_stopped_recorder_whose_bucket_a_stranger_took_gets_another(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    on(moto)
    stop(moto)
    delete_bucket(moto)
    delivery_bucket(moto, our_bucket(), document={}, owner=OTHER)
    found = check(function, faults)
    assert found["status"] == "fixed" and (START, "applied") in steps(found)
    assert channels(moto)[0]["s3BucketName"] == second()


def test_a_name_of_ours_that_another_account_took_gets_nothing(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    delivery_bucket(moto, our_bucket(), owner=OTHER)
    found = check(function, faults)
    assert found["status"] == "fixed" and f"{our_bucket()} belongs to another account" in found["because"]
    assert channels(moto)[0]["s3BucketName"] == second()
    channel(moto, s3BucketName=our_bucket())
    found = check(function, faults)
    assert (found["status"], changing(faults)) == ("advised", []), "nor is it well that one delivers there"


@pytest.mark.parametrize("how", ["reader", "expiry"])
def test_a_bucket_of_our_name_that_is_not_as_we_make_it_is_not_used(
    function: StartFunction, moto: Moto, faults: Faults, how: str
) -> None:
    s3, name = moto.client("s3"), our_bucket()
    delivery_bucket(moto, name)
    if how == "reader":
        arn = f"arn:aws:s3:::{name}/*"
        reader = policy(Principal={"AWS": f"arn:aws:iam::{OTHER}:root"}, Action="s3:GetObject", Resource=arn)
        s3.put_bucket_policy(Bucket=name, Policy=reader)
    else:
        rule = {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
        s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]})
    found = check(function, faults)
    assert found["status"] == "fixed" and f"{name} existed already and is not used" in found["because"]
    assert channels(moto)[0]["s3BucketName"] == second()
    assert check(function, faults)["status"] == "compliant"


@pytest.mark.parametrize("harm", ["policy", "plain HTTP", "blocks"])
def test_a_bucket_of_ours_is_kept_as_it_was_made(
    function: StartFunction, moto: Moto, faults: Faults, harm: str
) -> None:
    assert check(function, faults)["status"] == "fixed"
    s3, name = moto.client("s3"), our_bucket()
    if harm == "policy":
        s3.delete_bucket_policy(Bucket=name)
    elif harm == "plain HTTP":
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps(bucket_policy(name)))
    else:
        s3.delete_public_access_block(Bucket=name)
    found = check(function, faults)
    assert found["status"] == "fixed" and "has been changed" in found["because"]
    assert changing(faults) == [
        "s3:PutPublicAccessBlock" if harm == "blocks" else "s3:PutBucketPolicy"
    ]
    assert_made(moto)
