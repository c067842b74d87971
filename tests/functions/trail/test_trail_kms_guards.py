"""No key is set where it would do harm, or where that cannot be told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import StartFunction
from envelope import schedule
from given import trail_bucket_policy
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from observed import steps
from trail_keys import Document, check, unencrypted
from trails import (
    KEY_CALLS, KMS, OTHER, OUR_BUCKET, OUR_TRAIL_ARN, UPDATE, VALIDATION, changes, changing, every, kept_trail, now,
    our_keys, outcomes, trail_call,
)

READER: Document = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"]}


@pytest.mark.parametrize(
    "principal", [{"AWS": f"arn:aws:iam::{OTHER}:root"}, {"AWS": [f"arn:aws:iam::{ACCOUNT}:root", OTHER]}, {"AWS": "*"}, "*"]
)
def test_no_key_where_other_accounts_read_the_files(
    function: StartFunction, moto: Moto, faults: Faults, principal: Any
) -> None:
    arn, bucket = unencrypted(moto), "main-trail-logs"
    document = json.loads(trail_bucket_policy(bucket, arn))
    places = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    document["Statement"].append(READER | {"Principal": principal, "Resource": places})
    moto.client("s3").delete_public_access_block(Bucket=bucket)
    moto.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))
    outcome = check(function, faults, arn)
    assert outcome["status"] == "advised" and "read the log files" in outcome["advice"]
    assert changes(faults) == [] and our_keys(moto) == [] and "KmsKeyId" not in now(moto, arn)


def test_readers_of_this_account_keep_no_key_away(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn, bucket = unencrypted(moto), "main-trail-logs"
    document = json.loads(trail_bucket_policy(bucket, arn))
    own = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    document["Statement"].append(READER | {"Principal": own, "Resource": f"arn:aws:s3:::{bucket}/*"})
    document["Statement"][-1]["Action"] = "s3:GetObject"
    moto.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))
    assert check(function, faults, arn)["status"] == "fixed"


HEADER = "s3:x-amz-server-side-encryption"
KEY_HEADER = f"{HEADER}-aws-kms-key-id"
THEIRS = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/theirs"


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"StringNotEquals": {HEADER: "AES256"}}, "advised"),
        ({"StringNotEquals": {KEY_HEADER: THEIRS}, "Null": {KEY_HEADER: "false"}}, "advised"),
        ({"StringEquals": {HEADER: "aws:kms:dsse"}}, "fixed"),
        ({"Null": {HEADER: "true"}}, "fixed"),
    ],
)
def test_no_key_is_made_where_the_buckets_policy_refuses_it(
    function: StartFunction, moto: Moto, faults: Faults, condition: dict[str, Any], said: str
) -> None:
    arn, bucket = unencrypted(moto), "main-trail-logs"
    document = json.loads(trail_bucket_policy(bucket, arn))
    objects = {"Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*", "Principal": "*"}
    document["Statement"].append({"Effect": "Deny", "Condition": condition} | objects)
    moto.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))
    outcome = check(function, faults, arn)
    assert outcome["status"] == said
    if said == "advised":
        assert bucket in outcome["advice"] and HEADER in outcome["advice"]
        assert changes(faults) == [] and our_keys(moto) == [] and "KmsKeyId" not in now(moto, arn)


def replicate(moto: Moto, bucket: str = "main-trail-logs", **selected: Any) -> None:
    """Copies the trail's bucket to another one."""
    s3 = moto.client("s3")
    s3.create_bucket(Bucket="vault")
    for name in (bucket, "vault"):
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    to: dict[str, Any] = {"Bucket": "arn:aws:s3:::vault"}
    if "SourceSelectionCriteria" in selected:
        to["EncryptionConfiguration"] = {"ReplicaKmsKeyID": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/copies"}
    rule = {
        "ID": "to-the-vault", "Priority": 1, "Status": "Enabled", "Filter": {"Prefix": ""}, "Destination": to,
        "DeleteMarkerReplication": {"Status": "Disabled"},
    }
    configuration = {"Role": f"arn:aws:iam::{ACCOUNT}:role/copy", "Rules": [rule | selected]}
    s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration=configuration)


ENCRYPTED = {"SseKmsEncryptedObjects": {"Status": "Enabled"}}


@pytest.mark.parametrize(
    ("selected", "said"),
    [
        ({}, "advised"), ({"SourceSelectionCriteria": ENCRYPTED}, "fixed"), ({"Status": "Disabled"}, "fixed"),
        ({"Filter": {"Prefix": "elsewhere/"}}, "fixed"), ({"Filter": {"Prefix": "AWSLogs/"}}, "advised"),
    ],
)
def test_no_key_where_it_would_end_the_copies_of_the_files(
    function: StartFunction, moto: Moto, faults: Faults, selected: dict[str, Any], said: str
) -> None:
    arn = unencrypted(moto)
    replicate(moto, **selected)
    outcome = check(function, faults, arn)
    assert outcome["status"] == said
    if said == "advised":
        assert "to-the-vault" in outcome["advice"] and "SseKmsEncryptedObjects" in outcome["advice"]
        assert changes(faults) == [] and our_keys(moto) == [] and "KmsKeyId" not in now(moto, arn)


def test_a_new_trail_gets_no_key_where_it_would_end_the_copies_of_its_bucket(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    moto.client("s3").create_bucket(Bucket=OUR_BUCKET)
    replicate(moto, OUR_BUCKET)
    answer = function("trail", endpoint=faults, mode="enforce").invoke(schedule())
    outcome = outcomes(answer, OUR_TRAIL_ARN)[KMS]
    assert outcome["status"] == "advised" and "to-the-vault" in outcome["advice"]
    assert our_keys(moto) == [] and "KmsKeyId" not in now(moto, OUR_TRAIL_ARN)


def test_no_key_while_delivery_is_failing(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = unencrypted(moto)
    moto.delivery_error(arn, "AccessDenied")
    outcome = check(function, faults, arn)
    assert outcome["status"] == "advised" and "AccessDenied" in outcome["advice"]
    assert changes(faults) == [] and our_keys(moto) == []


def test_no_key_while_it_cannot_be_told_whether_delivery_is_failing(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    """Nor could it be told whether the key does harm."""
    arn = unencrypted(moto)
    faults.deny("cloudtrail", "GetTrailStatus")
    found = outcomes(function("trail", endpoint=faults, mode="enforce").invoke(trail_call("UpdateTrail", arn)))
    assert found[KMS]["status"] == "unknown" and "cloudtrail:GetTrailStatus" in found[KMS]["because"]
    assert changes(faults) == [] and "KmsKeyId" not in now(moto, arn)


def test_a_key_that_stops_delivery_is_taken_off_again(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = unencrypted(moto, EnableLogFileValidation=False)
    moto.delivery_error(arn, "AccessDenied", with_key_only=True)
    found = outcomes(function("trail", endpoint=faults, mode="enforce").invoke(trail_call("UpdateTrail", arn)))
    outcome = found[KMS]
    assert outcome["status"] == "failed"
    assert "could not deliver" in outcome["because"] and "AccessDenied" in outcome["because"]
    (key,) = our_keys(moto)
    updates = [step for step in outcome["steps"] if step["action"] == UPDATE]
    assert [step["after"].get("KmsKeyId") for step in updates] == [outcome["steps"][-2]["after"]["KmsKeyId"], ""]
    assert updates[1]["before"] == {"KmsKeyId": key}
    assert [status for _, status in steps(outcome)] == ["applied"] * 5
    assert changing(faults) == [*KEY_CALLS, UPDATE, UPDATE]
    assert not now(moto, arn).get("KmsKeyId")
    assert found[VALIDATION]["status"] == "fixed" and now(moto, arn)["LogFileValidationEnabled"]


ACTIONS = {"GetBucketReplication": "GetReplicationConfiguration"}
UNREADABLE = [("kms", "DescribeKey", True), ("kms", "GetKeyPolicy", True), ("kms", "DescribeKey", False), ("s3", "GetBucketPolicy", False), ("s3", "GetBucketReplication", False)]


@pytest.mark.parametrize(("service", "operation", "with_key"), UNREADABLE)
def test_what_cannot_be_read_is_unknown_and_the_rest_is_fixed(
    function: StartFunction, moto: Moto, faults: Faults, service: str, operation: str, with_key: bool
) -> None:
    arn = kept_trail(moto, EnableLogFileValidation=False, **({} if with_key else {"KmsKeyId": None}))
    faults.deny(service, operation)
    found = outcomes(function("trail", endpoint=faults, mode="enforce").invoke(trail_call("UpdateTrail", arn)))
    assert {control: it["status"] for control, it in found.items()} == every("compliant", {KMS: "unknown", VALIDATION: "fixed"})
    assert f"{service}:{ACTIONS.get(operation, operation)}" in found[KMS]["because"]
    assert changing(faults) == [UPDATE] and now(moto, arn)["LogFileValidationEnabled"]
    assert our_keys(moto) == [] and bool(now(moto, arn).get("KmsKeyId")) is with_key
