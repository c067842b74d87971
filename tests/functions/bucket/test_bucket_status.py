"""Each control of the bucket function: fixed, left alone, told; and what a look costs."""

from __future__ import annotations

from typing import Any

import pytest
from account_snapshot import difference, snapshot
from conftest import StartFunction
from envelope import api_call
from given import trail
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from log_buckets import (
    CONTROLS, DELIVERY, ENCRYPTION, HTTPS, LIFECYCLE, LOGGING, LOGS, MFA, OUTSIDERS, PUBLIC, RETENTION, TARGET, bare_bucket,
    bucket_call, by_control, check, flags, logging_of, only, policy_of, whole_bucket,
)
from log_delivery import access_logs_arrive
from observed import steps, writes

ALL_ON = dict.fromkeys(["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"], True)
REGIONS = [REGION, "eu-west-1"]


def statuses(found: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {control: it["status"] for control, it in found.items()}


def test_what_is_right_is_left_alone_and_read_once(function: StartFunction, moto: Moto, faults: Faults) -> None:
    whole_bucket(moto)
    found = statuses(check(function, faults))
    assert found.pop(LIFECYCLE) == "exempt" and found.pop(MFA) == "advised"
    assert set(found.values()) == {"compliant"}
    assert writes(faults) == []
    made = [(call.operation, call.resource, call.region) for call in faults.calls()]
    assert len(made) == len(set(made)), "nothing is read twice"
    s3 = [call for call in faults.calls("s3")]
    assert len(s3) == 19, "the bucket and its target; and its tags, as MFA delete is missing"


def test_all_that_is_wrong_is_put_right(function: StartFunction, moto: Moto, faults: Faults) -> None:
    bare_bucket(moto)
    found = check(function, faults)
    fixed = {DELIVERY, PUBLIC, HTTPS, LOGGING}
    assert {it for it, status in statuses(found).items() if status == "fixed"} == fixed
    assert flags(moto) == ALL_ON
    sids = [it["Sid"] for it in policy_of(moto)["Statement"]]
    assert sids == ["AWSCloudTrailAclCheck20150319", "AWSCloudTrailWrite20150319", "TrailkeeperHttpsOnly"]
    assert logging_of(moto) == {"TargetBucket": TARGET, "TargetPrefix": f"{LOGS}/"}
    assert access_logs_arrive(moto, LOGS) is None
    assert len(faults.calls("s3", "PutBucketPolicy")) == 2, "one document for all controls, and one for the target"
    assert steps(found[DELIVERY]) == steps(found[HTTPS]) == [("s3:PutBucketPolicy", "applied")]
    # The trail still takes its bucket: CloudTrail looks at the whole of it.
    moto.client("cloudtrail").update_trail(Name="main", IncludeGlobalServiceEvents=True)


def test_the_second_time_nothing_is_written(function: StartFunction, moto: Moto, faults: Faults) -> None:
    bare_bucket(moto)
    check(function, faults)
    faults.forget()
    found = statuses(check(function, faults))
    assert "fixed" not in found.values() and "planned" not in found.values()
    assert writes(faults) == []


def test_our_target_is_right_by_our_own_measure(function: StartFunction, moto: Moto, faults: Faults) -> None:
    bare_bucket(moto)
    check(function, faults)
    faults.forget()
    found = statuses(check(function, faults, bucket=TARGET))
    assert {it: status for it, status in found.items() if status != "not-applicable"} == {
        DELIVERY: "compliant", PUBLIC: "compliant", HTTPS: "compliant", ENCRYPTION: "compliant", LIFECYCLE: "exempt",
        OUTSIDERS: "compliant", RETENTION: "compliant",
    }
    assert faults.calls("s3", "GetBucketLogging") == [], "its name says what it is"
    s3 = moto.client("s3")
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=TARGET)["Rules"]
    assert rule["Expiration"] == {"Days": 365} and rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}


def test_a_dry_run_plans_what_enforce_does_and_writes_nothing(function: StartFunction, moto: Moto, faults: Faults) -> None:
    bare_bucket(moto)
    before = snapshot(moto, REGIONS)
    planned = check(function, faults, mode="dry-run")
    assert writes(faults) == [] and difference(before, snapshot(moto, REGIONS)) == {}
    done = check(function, faults)

    def told(found: dict[str, Any]) -> list[Any]:
        return [(it["control"], step["summary"], step["before"], step["after"]) for it in found.values() for step in it["steps"]]

    assert told(planned) == told(done)
    assert {step["status"] for it in planned.values() for step in it["steps"]} == {"planned"}


def test_nothing_else_in_the_account_changes(function: StartFunction, moto: Moto, faults: Faults) -> None:
    bare_bucket(moto)
    before = snapshot(moto, REGIONS)
    check(function, faults)
    changed = difference(before, snapshot(moto, REGIONS))
    of_bucket = {key for key in changed if not key.startswith(f"s3 {TARGET} ")}
    assert of_bucket == {f"s3 {LOGS} policy", f"s3 {LOGS} public access block", f"s3 {LOGS} logging"}


def test_a_bucket_without_encryption_gets_sse_s3(function: StartFunction, moto: Moto, faults: Faults) -> None:
    whole_bucket(moto)
    faults.rule("s3", "GetBucketEncryption", times=1, error="ServerSideEncryptionConfigurationNotFoundError", status=404)
    found = check(function, faults, ENCRYPTION)[ENCRYPTION]
    assert (found["status"], steps(found)) == ("fixed", [("s3:PutEncryptionConfiguration", "applied")])


@pytest.mark.parametrize("algorithm", ["aws:kms", "aws:kms:dsse", "AES256"])
def test_an_encryption_that_is_there_is_never_changed(
    function: StartFunction, moto: Moto, faults: Faults, algorithm: str
) -> None:
    whole_bucket(moto)
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm}}]}
    moto.client("s3").put_bucket_encryption(Bucket=LOGS, ServerSideEncryptionConfiguration=rules)
    assert check(function, faults, ENCRYPTION)[ENCRYPTION]["status"] == "compliant"
    assert writes(faults) == []


def test_mfa_delete_is_advised_with_the_command(function: StartFunction, moto: Moto, faults: Faults) -> None:
    whole_bucket(moto)
    found = check(function, faults, MFA)[MFA]
    assert found["status"] == "advised" and f"--bucket {LOGS}" in found["advice"]
    versioning = {"Status": "Enabled", "MFADelete": "Enabled"}
    mfa = f"arn:aws:iam::{ACCOUNT}:mfa/root-account-mfa-device 123456"
    moto.client("s3").put_bucket_versioning(Bucket=LOGS, VersioningConfiguration=versioning, MFA=mfa)
    assert check(function, faults, MFA)[MFA]["status"] == "compliant"


def test_what_is_no_log_bucket_is_not_read(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    moto.client("s3").create_bucket(Bucket="photos")
    found = check(function, faults, bucket="photos")
    assert statuses(found) == {it: "not-applicable" for it in CONTROLS} | {LIFECYCLE: "exempt"}
    made = sorted((call.service, call.operation) for call in faults.calls())
    regions = len(faults.calls("cloudtrail"))
    assert made == sorted([
        ("sts", "GetCallerIdentity"), ("account", "ListRegions"), ("s3", "GetBucketLogging"),
        *[("cloudtrail", "DescribeTrails"), ("config", "DescribeDeliveryChannels")] * regions,
    ])
    assert [call.resource for call in faults.calls("s3") if "photos" in str(call.resource)] == []


def test_what_is_off_is_not_read_for(function: StartFunction, moto: Moto, faults: Faults) -> None:
    whole_bucket(moto)
    check(function, faults, ENCRYPTION)
    made = {call.operation for call in faults.calls("s3")}
    assert made == {"HeadBucket", "GetBucketEncryption"}


def test_a_bucket_in_another_region_than_the_function(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto, region="eu-west-1")
    started = function("bucket", endpoint=faults, mode="enforce")
    found = by_control(started.invoke(bucket_call(LOGS, region="eu-west-1")))
    assert found[LOGGING]["status"] == "fixed" and found[HTTPS]["status"] == "fixed"
    target = f"trailkeeper-access-logs-{ACCOUNT}-eu-west-1"
    assert logging_of(moto, region="eu-west-1")["TargetBucket"] == target
    assert access_logs_arrive(moto, LOGS) is None


@pytest.mark.function_alone("which changes share a call depends on which are made")
def test_modes_of_controls_are_kept_apart(function: StartFunction, moto: Moto, faults: Faults) -> None:
    bare_bucket(moto)
    settings = {"TRAILKEEPER_CONTROLS": f"{HTTPS}=enforce"}
    started = function("bucket", endpoint=faults, mode="dry-run", **settings)
    found = statuses(by_control(started.invoke(bucket_call())))
    assert (found[HTTPS], found[DELIVERY], found[PUBLIC], found[LOGGING]) == ("fixed", "planned", "planned", "planned")
    assert [it["Sid"] for it in policy_of(moto)["Statement"]] == ["TrailkeeperHttpsOnly"]
    assert {call.operation for call in writes(faults)} <= {"PutBucketPolicy", "HeadBucket"}


def test_all_off_is_not_even_looked_at(function: StartFunction, moto: Moto, faults: Faults) -> None:
    bare_bucket(moto)
    started = function("bucket", endpoint=faults, mode="enforce", **only())
    assert set(statuses(by_control(started.invoke(bucket_call()))).values()) == {"exempt"}
    assert {call.service for call in faults.calls()} <= {"sts"}


def test_a_trail_names_its_bucket_wherever_it_is(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto, region="eu-west-1")
    event = api_call("cloudtrail", "CreateTrail", requestParameters={"name": "main"}, responseElements={"s3BucketName": LOGS})
    found = by_control(function("bucket", endpoint=faults, mode="enforce").invoke(event))
    assert found[HTTPS]["status"] == "fixed" and found[HTTPS]["region"] == "eu-west-1"
