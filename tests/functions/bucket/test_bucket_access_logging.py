"""Access logs: a target that receives is kept, one that cannot is replaced or told, judged from outside."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import StartFunction
from given import client_of, policy, trail
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, Moto
from log_buckets import (
    DELIVERY, KMS, LOGGING, LOGS, TARGET, check, customers_target, grant, log_into, logging_of, policy_of, put_policy,
    statement_of, whole_bucket,
)
from log_delivery import access_logs_arrive
from observed import steps, writes

LOCK = {"ObjectLockEnabledForBucket": True}
OTHER = "999999999999"
GROUP = "uri=http://acs.amazonaws.com/groups/s3/LogDelivery"


def judged(function: StartFunction, faults: Faults, bucket: str = LOGS, **settings: str) -> dict[str, Any]:
    return check(function, faults, LOGGING, bucket=bucket, **settings)[LOGGING]


def spoil(moto: Moto, target: str, how: str) -> None:
    """Makes a bucket one that receives no access logs."""
    s3 = moto.client("s3")
    match how:
        case "kms":
            s3.put_bucket_encryption(Bucket=target, ServerSideEncryptionConfiguration=KMS)
        case "pays":
            s3.put_bucket_request_payment(Bucket=target, RequestPaymentConfiguration={"Payer": "Requester"})
        case "logs-itself":
            log_into(moto, target, target)
        case "denied":
            deny = statement_of(target, {"StringNotEquals": {"aws:SourceAccount": OTHER}})
            document = json.loads(grant(target))
            document["Statement"].append(deny)
            put_policy(moto, document, target)


@pytest.mark.parametrize("key_format", [None, {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}}])
def test_a_customers_target_that_receives_is_kept(
    function: StartFunction, moto: Moto, faults: Faults, key_format: dict[str, Any] | None
) -> None:
    trail(moto)
    log_into(moto, customers_target(moto), **({"TargetObjectKeyFormat": key_format} if key_format else {}))
    assert judged(function, faults)["status"] == "compliant"
    assert writes(faults) == [] and access_logs_arrive(moto, LOGS) is None


def test_a_target_with_acls_that_let_the_writer_in_is_kept(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    target = customers_target(moto, granted=False, ObjectOwnership="BucketOwnerPreferred")
    moto.client("s3").put_bucket_acl(Bucket=target, GrantWrite=GROUP, GrantReadACP=GROUP)
    log_into(moto, target)
    assert access_logs_arrive(moto, LOGS) is None
    assert judged(function, faults)["status"] == "compliant"
    assert writes(faults) == []


def test_a_target_that_merely_lacks_the_grant_gets_it(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    target = customers_target(moto, granted=False)
    theirs = {"Version": "2012-10-17", "Statement": [statement_of(target)]}
    put_policy(moto, theirs, target)
    log_into(moto, target)
    assert access_logs_arrive(moto, LOGS)
    found = judged(function, faults)
    assert (found["status"], steps(found)) == ("fixed", [("s3:PutBucketPolicy", "applied")])
    assert policy_of(moto, target)["Statement"][:1] == theirs["Statement"]
    assert logging_of(moto)["TargetBucket"] == target and access_logs_arrive(moto, LOGS) is None


@pytest.mark.parametrize("how", ["kms", "pays", "logs-itself", "denied", "lock"])
def test_a_target_that_cannot_receive_is_replaced_by_ours(
    function: StartFunction, moto: Moto, faults: Faults, how: str
) -> None:
    trail(moto)
    target = customers_target(moto, **(LOCK if how == "lock" else {}))
    key_format = {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}}
    log_into(moto, target, TargetObjectKeyFormat=key_format)
    spoil(moto, target, how)
    assert access_logs_arrive(moto, LOGS)
    found = judged(function, faults)
    assert found["status"] == "fixed", found
    assert found["steps"][-1]["before"]["LoggingEnabled"]["TargetBucket"] == target
    assert logging_of(moto) == {"TargetBucket": TARGET, "TargetPrefix": f"{LOGS}/", "TargetObjectKeyFormat": key_format}
    assert access_logs_arrive(moto, LOGS) is None


def test_a_target_that_logs_into_a_third_bucket_is_told_and_kept(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    trail(moto)
    target = customers_target(moto)
    log_into(moto, target)
    log_into(moto, customers_target(moto, "third"), target)
    assert access_logs_arrive(moto, LOGS) is None
    found = judged(function, faults)
    assert found["status"] == "advised" and "logs access into third" in found["because"]
    assert writes(faults) == [] and logging_of(moto)["TargetBucket"] == target


def test_a_bucket_that_logs_into_itself_is_freed_of_it(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    log_into(moto, LOGS)
    assert judged(function, faults)["status"] == "fixed"
    assert logging_of(moto)["TargetBucket"] == TARGET


def test_a_target_that_is_gone_is_replaced(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    log_into(moto, customers_target(moto))
    moto.client("s3").delete_bucket(Bucket="customers-target")
    found = judged(function, faults)
    assert found["status"] == "fixed" and "does not exist" in found["because"]


def test_grants_to_others_cannot_be_carried_over(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    target = customers_target(moto, ObjectOwnership="BucketOwnerPreferred")
    reader = {"Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/s3/LogDelivery"}, "Permission": "READ"}
    log_into(moto, target, TargetGrants=[reader])
    spoil(moto, target, "kms")
    found = judged(function, faults)
    assert found["status"] == "advised" and "TargetGrants" in found["advice"]
    assert writes(faults) == []


@pytest.mark.parametrize("how", ["kms", "pays", "lock"])
def test_a_bucket_of_our_name_that_cannot_receive_is_told(
    function: StartFunction, moto: Moto, faults: Faults, how: str
) -> None:
    trail(moto)
    moto.client("s3").create_bucket(Bucket=TARGET, **(LOCK if how == "lock" else {}))
    spoil(moto, TARGET, how)
    found = judged(function, faults)
    assert found["status"] == "advised" and TARGET in found["advice"]
    assert writes(faults) == [] and logging_of(moto) == {}


@pytest.mark.parametrize("how", ["another account", "reader", "expiry"])
def test_a_bucket_of_our_name_that_is_not_ours_is_not_used(
    function: StartFunction, moto: Moto, faults: Faults, how: str
) -> None:
    trail(moto)
    s3 = client_of(moto, OTHER, "s3") if how == "another account" else moto.client("s3")
    s3.create_bucket(Bucket=TARGET)
    if how == "reader":
        reader = policy(
            Principal={"AWS": f"arn:aws:iam::{OTHER}:root"}, Action="s3:GetObject", Resource=f"arn:aws:s3:::{TARGET}/*"
        )
        s3.put_bucket_policy(Bucket=TARGET, Policy=reader)
    if how == "expiry":
        rule = {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
        s3.put_bucket_lifecycle_configuration(Bucket=TARGET, LifecycleConfiguration={"Rules": [rule]})
    found = judged(function, faults)
    assert found["status"] == "fixed" and f"bucket {TARGET}" in found["because"]
    assert {step["action"] for step in found["steps"]} >= {"s3:CreateBucket", "s3:PutBucketLogging"}
    assert TARGET + "-an" in found["steps"][-1]["summary"]
    assert judged(function, moto)["status"] == "compliant"


@pytest.mark.parametrize("lost", ["policy", "lifecycle", "block"])
def test_our_target_is_repaired(function: StartFunction, moto: Moto, faults: Faults, lost: str) -> None:
    trail(moto)
    assert judged(function, faults)["status"] == "fixed"
    s3 = moto.client("s3")
    match lost:
        case "policy":
            s3.delete_bucket_policy(Bucket=TARGET)
        case "lifecycle":
            s3.delete_bucket_lifecycle(Bucket=TARGET)
        case _:
            s3.delete_public_access_block(Bucket=TARGET)
    faults.forget()
    found = judged(function, faults)
    assert found["status"] == "fixed" and len(found["steps"]) == 1
    assert access_logs_arrive(moto, LOGS) is None


@pytest.mark.parametrize("ours", [True, False])
def test_a_target_that_lost_its_policy_is_mended_by_the_event_about_it(
    function: StartFunction, moto: Moto, faults: Faults, ours: bool
) -> None:
    if ours:
        trail(moto)
        judged(function, faults)
    else:
        whole_bucket(moto)
    target = logging_of(moto)["TargetBucket"]
    moto.client("s3").delete_bucket_policy(Bucket=target)
    assert access_logs_arrive(moto, LOGS)
    found = check(function, faults, bucket=target)
    assert found[DELIVERY]["status"] == "fixed" and found[LOGGING]["status"] == "not-applicable"
    assert access_logs_arrive(moto, LOGS) is None


def test_two_log_buckets_share_one_target_and_one_statement(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    trail(moto, "second")
    judged(function, faults)
    found = judged(function, faults, "second-trail-logs")
    assert steps(found) == [("s3:PutBucketLogging", "applied")]
    assert len(policy_of(moto, TARGET)["Statement"]) == 2
    for bucket in (LOGS, "second-trail-logs"):
        assert access_logs_arrive(moto, bucket) is None


def test_how_long_logs_are_kept_is_a_setting(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    judged(function, faults, TRAILKEEPER_ACCESS_LOG_DAYS="30")
    (rule,) = moto.client("s3").get_bucket_lifecycle_configuration(Bucket=TARGET)["Rules"]
    assert rule["Expiration"] == {"Days": 30}
    assert TARGET.startswith(f"trailkeeper-access-logs-{ACCOUNT}")
