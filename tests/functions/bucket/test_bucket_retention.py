"""Log files are kept long enough: lifecycle rules that delete them early are told, and left as they are."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import StartFunction
from envelope import ALICE
from given import trail
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, Moto
from log_buckets import (
    LIFECYCLE, LOGGING, LOGS, RETENTION, TARGET, bucket_call, by_control, check, customers_target, log_into, only,
)
from observed import writes
from subscriber import Subscribers

PART = f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/"
Rule = dict[str, Any]


def put(moto: Moto, rule: Rule, bucket: str = LOGS) -> None:
    """A lifecycle of one rule."""
    rules = {"Rules": [{"ID": "tidy", "Status": "Enabled", "Filter": {"Prefix": ""}} | rule]}
    moto.client("s3").put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=rules)


def versioned(moto: Moto, status: str = "Enabled") -> None:
    moto.client("s3").put_bucket_versioning(Bucket=LOGS, VersioningConfiguration={"Status": status})


def judged(function: StartFunction, faults: Faults, bucket: str = LOGS, **settings: str) -> dict[str, Any]:
    return check(function, faults, RETENTION, bucket=bucket, **settings)[RETENTION]


EARLY: dict[str, tuple[Rule, str]] = {
    "days": ({"Expiration": {"Days": 1}}, "after 1 day"),
    "a date": ({"Expiration": {"Date": "2036-01-01T00:00:00Z"}}, "from 2036-01-01"),
    "a part": ({"Filter": {"Prefix": PART}, "Expiration": {"Days": 364}}, f"expires {PART} after 364 days"),
    "a size": ({"Filter": {"ObjectSizeGreaterThan": 100}, "Expiration": {"Days": 1}}, "after 1 day"),
    "both": (
        {"Filter": {"And": {"Prefix": "AWSLogs/", "ObjectSizeLessThan": 9_000_000}}, "Expiration": {"Days": 1}}, "after 1 day",
    ),
}


@pytest.mark.parametrize("how", EARLY)
def test_a_rule_that_deletes_log_files_early_is_told(function: StartFunction, moto: Moto, faults: Faults, how: str) -> None:
    rule, said = EARLY[how]
    trail(moto)
    put(moto, rule)
    found = judged(function, faults)
    assert (found["status"], found["severity"], found["steps"]) == ("advised", "high", [])
    assert "rule tidy expires" in found["because"] and said in found["because"]
    assert writes(faults) == []


@pytest.mark.parametrize(
    "rule",
    [
        {"Expiration": {"Days": 365}},
        {"Expiration": {"Days": 1}, "Status": "Disabled"},
        {"Expiration": {"ExpiredObjectDeleteMarker": True}},
        {"Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 1}},
        {"Filter": {"Prefix": f"AWSLogs/{ACCOUNT}/elasticloadbalancing/"}, "Expiration": {"Days": 1}},
        {"Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]},
        {"NoncurrentVersionExpiration": {"NoncurrentDays": 1}},
    ],
)
def test_what_keeps_log_files_is_right(function: StartFunction, moto: Moto, faults: Faults, rule: Rule) -> None:
    trail(moto)
    put(moto, rule)
    assert judged(function, faults)["status"] == "compliant"


@pytest.mark.parametrize("status", ["Enabled", "Suspended"])
def test_versions_that_are_destroyed_are_told(function: StartFunction, moto: Moto, faults: Faults, status: str) -> None:
    trail(moto)
    versioned(moto, status)
    put(moto, {"NoncurrentVersionExpiration": {"NoncurrentDays": 1}})
    found = judged(function, faults)
    assert found["status"] == "advised" and "for good after 1 day" in found["because"]
    put(moto, {"NoncurrentVersionExpiration": {"NoncurrentDays": 365}, "Expiration": {"Days": 365}})
    assert judged(function, faults)["status"] == "compliant"


def test_whether_a_rule_for_tags_deletes_log_files_is_not_known(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    put(moto, {"Filter": {"Tag": {"Key": "class", "Value": "temporary"}}, "Expiration": {"Days": 1}})
    found = judged(function, faults)
    assert found["status"] == "unknown" and "only what is tagged class=temporary" in found["because"]


def test_how_long_is_a_setting(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    put(moto, {"Expiration": {"Days": 400}})
    assert judged(function, faults)["status"] == "compliant"
    assert judged(function, faults, TRAILKEEPER_LOG_FILE_DAYS="401")["status"] == "advised"


def test_our_target_follows_its_own_setting(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    short = {"TRAILKEEPER_ACCESS_LOG_DAYS": "30"}
    assert check(function, faults, LOGGING, **short)[LOGGING]["status"] == "fixed"
    assert judged(function, faults, TARGET, **short)["status"] == "compliant"
    put(moto, {"ID": "trailkeeper-expire", "Expiration": {"Days": 1}}, TARGET)
    assert judged(function, faults, TARGET, **short)["status"] == "advised"


def test_a_target_of_theirs_keeps_access_logs_as_long_as_other_logs(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    trail(moto)
    target = customers_target(moto)
    log_into(moto, target)
    put(moto, {"Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 364}}, target)
    short = {"TRAILKEEPER_ACCESS_LOG_DAYS": "30"}
    assert judged(function, faults, target, **short)["status"] == "advised"
    assert judged(function, faults, target, TRAILKEEPER_ACCESS_TARGETS=target, **short)["status"] == "compliant"
    put(moto, {"Filter": {"Prefix": "reports/"}, "Expiration": {"Days": 1}}, target)
    assert judged(function, faults, target)["status"] == "compliant"


def test_who_made_the_rule_is_told(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    put(moto, {"Expiration": {"Days": 1}})
    people = Subscribers(moto)
    started = function("bucket", endpoint=faults, mode="enforce", TRAILKEEPER_TOPIC_ARN=people.topic, **only(RETENTION))
    assert by_control(started.invoke(bucket_call(name="PutBucketLifecycle")))[RETENTION]["status"] == "advised"
    (letter,) = people.letters()
    assert ALICE["arn"] in letter.text and "rule tidy expires" in letter.text


def test_what_may_not_be_read_is_not_known(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    versioned(moto)
    put(moto, {"NoncurrentVersionExpiration": {"NoncurrentDays": 1}})
    faults.deny("s3", "GetBucketVersioning")
    found = judged(function, faults)
    assert found["status"] == "unknown" and "s3:GetBucketVersioning" in found["because"]
    faults.deny("s3", "GetBucketLifecycleConfiguration")
    assert judged(function, faults)["status"] == "unknown"


@pytest.mark.parametrize("days", [1, 90])
def test_nothing_is_moved_beside_an_expiry_that_comes_first(
    function: StartFunction, moto: Moto, faults: Faults, days: int
) -> None:
    trail(moto)
    put(moto, {"Expiration": {"Days": days}})
    found = check(function, faults, LIFECYCLE)[LIFECYCLE]
    assert found["status"] == "advised" and "rule tidy expires" in found["advice"]
    assert writes(faults) == []
