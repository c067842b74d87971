"""What may not be read is unknown and leads to no write; what may not be written fails and changes nothing else."""

from __future__ import annotations

import pytest
from account_snapshot import difference, snapshot
from conftest import StartFunction
from given import trail
from local_aws.faults import Faults
from local_aws.processes import REGION, Moto
from log_buckets import (
    CONTROLS, DELIVERY, ENCRYPTION, HTTPS, LIFECYCLE, LOGGING, LOGS, MFA, OUTSIDERS, PUBLIC, RETENTION, TARGET, bare_bucket, check,
    customers_target, log_into, whole_bucket,
)
from observed import writes

ALL = f"{LIFECYCLE}=enforce"
BLIND = {
    ("s3", "HeadBucket"): {*CONTROLS},
    ("s3", "GetBucketPolicy"): {DELIVERY, PUBLIC, OUTSIDERS, HTTPS},
    ("s3", "GetPublicAccessBlock"): {DELIVERY, PUBLIC, HTTPS},
    ("s3", "GetBucketAcl"): {PUBLIC, OUTSIDERS},
    ("s3", "GetBucketWebsite"): {PUBLIC, HTTPS},
    ("s3", "GetBucketEncryption"): {ENCRYPTION, OUTSIDERS},
    ("s3", "GetBucketReplication"): {OUTSIDERS},
    ("s3", "GetBucketLogging"): {LOGGING},
    ("s3", "GetBucketLifecycleConfiguration"): {LIFECYCLE, RETENTION},
    ("s3", "GetBucketVersioning"): {LIFECYCLE, MFA},
    ("s3", "GetBucketRequestPayment"): {DELIVERY},
    ("cloudtrail", "DescribeTrails"): {*CONTROLS},
}
"""What cannot be told of a bucket with all wrong when one read is denied."""


def versioned(moto: Moto, bucket: str) -> None:
    """Has a bucket keep versions, without which it can have neither Object Lock nor replication."""
    moto.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


@pytest.mark.parametrize(("service", "operation"), BLIND)
def test_what_may_not_be_read_of_the_bucket_is_unknown(
    function: StartFunction, moto: Moto, faults: Faults, service: str, operation: str
) -> None:
    bare_bucket(moto)
    if operation == "GetBucketReplication":
        versioned(moto, LOGS)
    faults.deny(service, operation)
    if operation == "HeadBucket":
        faults.deny(service, "ListBuckets")
    found = check(function, faults, TRAILKEEPER_CONTROLS=f"{ALL},{LOGGING}=dry-run")
    blind = {control for control, it in found.items() if it["status"] == "unknown"}
    assert blind == BLIND[service, operation], {control: it["status"] for control, it in found.items()}
    assert all(":" in it["because"] and "denied" in it["because"] for it in found.values() if it["status"] == "unknown")
    if blind == {*CONTROLS}:
        assert writes(faults) == []


def test_a_region_that_may_not_be_asked_is_named(function: StartFunction, moto: Moto, faults: Faults) -> None:
    whole_bucket(moto)
    faults.rule("config", "DescribeDeliveryChannels", region="eu-west-1", error="AccessDeniedException", status=400)
    found = check(function, faults)
    assert found[DELIVERY]["status"] == "unknown"
    assert "config:DescribeDeliveryChannels was denied in eu-west-1" in found[DELIVERY]["because"]
    assert found[HTTPS]["status"] == "compliant", "it is a log bucket by what could be asked"
    assert writes(faults) == []


@pytest.mark.parametrize(
    "operation",
    [
        "HeadBucket", "GetBucketPolicy", "GetBucketEncryption", "GetBucketLogging", "GetObjectLockConfiguration",
        "GetBucketRequestPayment", "GetBucketOwnershipControls", "GetBucketAcl",
    ],
)
def test_a_customers_target_that_may_not_be_read_is_left_alone(
    function: StartFunction, moto: Moto, faults: Faults, operation: str
) -> None:
    trail(moto)
    target = customers_target(moto, granted=False, ObjectOwnership="BucketOwnerPreferred")
    log_into(moto, target)
    if operation == "GetObjectLockConfiguration":
        versioned(moto, target)
    faults.rule("s3", operation, resource=target, error="AccessDenied", status=403)
    if operation == "HeadBucket":
        faults.deny("s3", "ListBuckets")
    found = check(function, faults, LOGGING)[LOGGING]
    assert found["status"] == "unknown" and target in found["because"], found
    assert writes(faults) == []


@pytest.mark.parametrize(
    "operation",
    [
        "HeadBucket", "GetBucketPolicy", "GetPublicAccessBlock", "GetBucketEncryption", "GetBucketLogging",
        "GetObjectLockConfiguration", "GetBucketRequestPayment", "GetBucketLifecycleConfiguration",
    ],
)
def test_our_target_that_may_not_be_read_is_left_alone(
    function: StartFunction, moto: Moto, faults: Faults, operation: str
) -> None:
    trail(moto)
    moto.client("s3").create_bucket(Bucket=TARGET)
    if operation == "GetObjectLockConfiguration":
        versioned(moto, TARGET)
    faults.rule("s3", operation, resource=TARGET, error="AccessDenied", status=403)
    if operation == "HeadBucket":
        faults.deny("s3", "ListBuckets")
    found = check(function, faults, LOGGING)[LOGGING]
    assert found["status"] == ("advised" if operation == "HeadBucket" else "unknown"), found
    assert writes(faults) == []


def test_a_bucket_of_ours_that_lets_nobody_look_is_still_ours(function: StartFunction, moto: Moto, faults: Faults) -> None:
    """The account's own list of buckets says whose it is."""
    whole_bucket(moto)
    faults.deny("s3", "HeadBucket")
    found = check(function, faults)
    assert {found[DELIVERY]["status"], found[HTTPS]["status"]} == {"compliant"}
    assert len(faults.calls("s3", "ListBuckets")) >= 1 and writes(faults) == []


@pytest.mark.parametrize(
    ("operation", "control"),
    [
        ("PutBucketPolicy", HTTPS), ("PutBucketPolicy", DELIVERY), ("PutPublicAccessBlock", PUBLIC),
        ("PutBucketLifecycleConfiguration", LIFECYCLE), ("PutBucketLogging", LOGGING), ("CreateBucket", LOGGING),
    ],
)
def test_a_denied_write_fails_and_changes_nothing_else(
    function: StartFunction, moto: Moto, faults: Faults, operation: str, control: str
) -> None:
    bare_bucket(moto)
    before = snapshot(moto, [REGION])
    faults.deny("s3", operation)
    found = check(function, faults, control)[control]
    assert found["status"] == "failed" and "denied" in found["because"]
    assert [step["status"] for step in found["steps"]].count("failed") == 1
    assert len(faults.calls("s3", operation)) == 1, "a denial is final"
    changed = difference(before, snapshot(moto, [REGION]))
    assert {key for key in changed if not key.startswith(f"s3 {TARGET} ")} == set()


def test_one_denied_write_stops_no_other_control(function: StartFunction, moto: Moto, faults: Faults) -> None:
    bare_bucket(moto)
    faults.deny("s3", "CreateBucket")
    found = check(function, faults)
    assert {it: found[it]["status"] for it in (LOGGING, HTTPS, DELIVERY, PUBLIC)} == {
        LOGGING: "failed", HTTPS: "fixed", DELIVERY: "fixed", PUBLIC: "fixed",
    }
    assert LOGS in found[HTTPS]["resource"]
