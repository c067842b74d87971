"""Lifecycle rules: ours is added, those of others stay as they are."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import StartFunction
from given import trail
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, Moto
from log_buckets import LIFECYCLE, LOGS, TARGET, check
from observed import steps, writes

GLACIER = [{"Days": 30, "StorageClass": "GLACIER_IR"}]
SIZE = "varies_by_storage_class"
THEIRS: list[dict[str, Any]] = [
    {
        "ID": "odd",
        "Status": "Disabled",
        "Filter": {"And": {"Prefix": "a/", "Tags": [{"Key": "k", "Value": "v"}], "ObjectSizeGreaterThan": 500}},
        "Transitions": [{"Days": 40, "StorageClass": "STANDARD_IA"}],
        "NoncurrentVersionTransitions": [{"NoncurrentDays": 9, "StorageClass": "GLACIER", "NewerNoncurrentVersions": 3}],
        "NoncurrentVersionExpiration": {"NoncurrentDays": 99, "NewerNoncurrentVersions": 5},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3},
    },
    {"ID": "tmp", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 1}},
    {"ID": "tagged", "Status": "Enabled", "Filter": {"Tag": {"Key": "k", "Value": "v"}}, "Transitions": GLACIER},
]


def put(moto: Moto, rules: list[dict[str, Any]], **more: Any) -> None:
    moto.client("s3").put_bucket_lifecycle_configuration(Bucket=LOGS, LifecycleConfiguration={"Rules": rules}, **more)


def got(moto: Moto) -> dict[str, Any]:
    answer: dict[str, Any] = moto.client("s3").get_bucket_lifecycle_configuration(Bucket=LOGS)
    return answer


def judged(function: StartFunction, faults: Faults, bucket: str = LOGS, **settings: str) -> dict[str, Any]:
    return check(function, faults, LIFECYCLE, bucket=bucket, **settings)[LIFECYCLE]


def test_one_rule_is_made(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    found = judged(function, faults, TRAILKEEPER_GLACIER_DAYS="45")
    assert (found["status"], steps(found)) == ("fixed", [("s3:PutLifecycleConfiguration", "applied")])
    (rule,) = got(moto)["Rules"]
    assert rule == {
        "ID": "trailkeeper-glacier", "Status": "Enabled", "Filter": {"Prefix": "AWSLogs/"},
        "Transitions": [{"Days": 45, "StorageClass": "GLACIER"}],
    }
    faults.forget()
    assert judged(function, faults)["status"] == "compliant" and writes(faults) == []


def test_rules_of_others_stay_as_they_are(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    put(moto, THEIRS, TransitionDefaultMinimumObjectSize=SIZE)
    before = got(moto)
    found = judged(function, faults)
    assert found["status"] == "fixed"
    after = got(moto)
    assert after["Rules"][:-1] == before["Rules"] and after["Rules"][-1]["ID"] == "trailkeeper-glacier"
    assert after["TransitionDefaultMinimumObjectSize"] == SIZE
    assert found["steps"][0]["before"] == {"Rules": before["Rules"], "TransitionDefaultMinimumObjectSize": SIZE}


def test_the_old_style_is_followed(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    old = {"ID": "old", "Status": "Enabled", "Prefix": "tmp/", "Expiration": {"Days": 1}}
    put(moto, [old])
    assert judged(function, faults)["status"] == "fixed"
    first, ours = got(moto)["Rules"]
    assert first == old and ours["Prefix"] == "AWSLogs/" and "Filter" not in ours


@pytest.mark.parametrize("rule", [{"Filter": {}}, {"Filter": {"Prefix": ""}}, {"Prefix": "AWS"}, {"Filter": {"Prefix": "AWSLogs/"}}])
def test_a_rule_of_theirs_is_enough(function: StartFunction, moto: Moto, faults: Faults, rule: dict[str, Any]) -> None:
    trail(moto)
    put(moto, [{"ID": "x", "Status": "Enabled", "Transitions": GLACIER} | rule])
    assert judged(function, faults)["status"] == "compliant"
    assert writes(faults) == []


def test_a_thousand_rules_are_told(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    put(moto, [{"ID": str(n), "Status": "Enabled", "Filter": {"Prefix": f"{n}/"}, "Expiration": {"Days": 1}} for n in range(1000)])
    found = judged(function, faults)
    assert found["status"] == "advised" and "1,000" in found["advice"]
    assert writes(faults) == []


def test_mfa_delete_and_rules_exclude_each_other(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    versioning = {"Status": "Enabled", "MFADelete": "Enabled"}
    mfa = f"arn:aws:iam::{ACCOUNT}:mfa/root-account-mfa-device 123456"
    moto.client("s3").put_bucket_versioning(Bucket=LOGS, VersioningConfiguration=versioning, MFA=mfa)
    found = judged(function, faults)
    assert found["status"] == "advised" and "MFA delete" in found["advice"]
    assert writes(faults) == []


def test_targets_of_access_logs_are_not_asked(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    check(function, faults)
    assert judged(function, faults, TARGET)["status"] == "not-applicable"
