"""Access logs move to Glacier and expire, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import StartFunction
from given import trail
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from log_buckets import ENDS, LIFECYCLE, LOGS, TARGET, check, customers_target, log_into, our_target
from observed import steps, writes


FILE = "2026-01-31-23-59-59-0123456789ABCDEF"
"""The name of an access log."""


def rules(moto: Moto, bucket: str = TARGET) -> dict[str, dict[str, Any]]:
    listed = moto.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    return {rule["ID"]: rule for rule in listed}


def judged(function: StartFunction, faults: Faults, bucket: str = TARGET, **settings: str) -> dict[str, Any]:
    return check(function, faults, ENDS, bucket=bucket, **settings)[ENDS]


@pytest.mark.function_alone("nobody logs into that bucket: only an event leads to it")
def test_our_target_gets_both_rules_in_one_call(function: StartFunction, moto: Moto, faults: Faults) -> None:
    our_target(moto)
    found = judged(function, faults, TRAILKEEPER_GLACIER_DAYS="30", TRAILKEEPER_ACCESS_LOG_DAYS="200")
    assert (found["status"], steps(found)) == ("fixed", [("s3:PutLifecycleConfiguration", "applied")])
    there = rules(moto)
    assert there["trailkeeper-glacier"]["Transitions"] == [{"Days": 30, "StorageClass": "GLACIER"}]
    assert there["trailkeeper-expire"]["Expiration"] == {"Days": 200}
    assert all(rule["Filter"] == {"Prefix": ""} for rule in there.values()) and len(there) == 2
    faults.forget()
    assert judged(function, faults)["status"] == "compliant" and writes(faults) == []


def test_what_was_made_with_the_bucket_is_left_as_it_is(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    check(function, faults)
    made = rules(moto)
    assert [*made] == ["trailkeeper-expire"]
    assert judged(function, faults, TRAILKEEPER_ACCESS_LOG_DAYS="400")["status"] == "fixed"
    after = rules(moto)
    assert after.pop("trailkeeper-glacier") and after == made


@pytest.mark.function_alone("nobody logs into that bucket: only an event leads to it")
def test_what_expires_first_is_not_moved(function: StartFunction, moto: Moto, faults: Faults) -> None:
    our_target(moto)
    assert judged(function, faults, TRAILKEEPER_GLACIER_DAYS="90", TRAILKEEPER_ACCESS_LOG_DAYS="90")["status"] == "fixed"
    assert [*rules(moto)] == ["trailkeeper-expire"]


def test_of_a_bucket_of_theirs_only_the_prefix_of_access_logs_ends(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    trail(moto)
    target = customers_target(moto)
    log_into(moto, target, TargetPrefix=f"{LOGS}/")
    moto.client("s3").put_object(Bucket=target, Key=f"{LOGS}/{FILE}")
    theirs = {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 1}}
    moto.client("s3").put_bucket_lifecycle_configuration(Bucket=target, LifecycleConfiguration={"Rules": [theirs]})
    assert judged(function, faults, target)["status"] == "not-applicable"
    assert judged(function, faults, target, TRAILKEEPER_ACCESS_TARGETS=target)["status"] == "fixed"
    there = rules(moto, target)
    assert there.pop("x") == theirs
    assert {name: rule["Filter"]["Prefix"] for name, rule in there.items()} == {
        f"trailkeeper-glacier-{LOGS}": f"{LOGS}/", f"trailkeeper-expire-{LOGS}": f"{LOGS}/",
    }


def test_what_else_may_lie_there_is_never_ended(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    target = customers_target(moto)
    named = {"TRAILKEEPER_ACCESS_TARGETS": f"{target},{LOGS}"}
    found = judged(function, faults, target, **named)
    assert found["status"] == "advised" and "not known" in found["advice"]
    log_into(moto, target, TargetPrefix="")
    found = judged(function, faults, target, **named)
    assert found["status"] == "advised" and "no prefix" in found["advice"]
    trail(moto, "second")
    log_into(moto, LOGS, "second-trail-logs", TargetPrefix="AWSLogs/x/")
    found = judged(function, faults, LOGS, **named)
    assert found["status"] == "advised" and "a trail" in found["advice"]
    assert writes(faults) == []


def test_a_prefix_that_somebody_chose_proves_nothing(function: StartFunction, moto: Moto, faults: Faults) -> None:
    """Whoever may configure a log bucket chooses the prefix of its access logs, and so what would be deleted."""
    trail(moto)
    target, s3 = customers_target(moto), moto.client("s3")
    s3.put_object(Bucket=target, Key="waf/2026/01/31.json")
    log_into(moto, target, TargetPrefix="waf/")
    found = judged(function, faults, target, TRAILKEEPER_ACCESS_TARGETS=target)
    assert found["status"] == "advised" and "waf/, which does not begin with main-trail-logs/" in found["advice"]
    assert faults.calls("s3", "ListObjectsV2") == []
    log_into(moto, target, TargetPrefix=f"{LOGS}/")
    for key in (FILE, f"{ACCOUNT}/{REGION}/{LOGS}/2026/01/31/{FILE}", "contracts.pdf"):
        s3.put_object(Bucket=target, Key=f"{LOGS}/{key}")
    found = judged(function, faults, target, TRAILKEEPER_ACCESS_TARGETS=target)
    assert found["status"] == "advised" and f"{LOGS}/contracts.pdf" in found["advice"]
    assert len(faults.calls("s3", "ListObjectsV2")) == 1, "one page"
    assert writes(faults) == []
    faults.deny("s3", "ListObjectsV2")
    found = judged(function, faults, target, TRAILKEEPER_ACCESS_TARGETS=target)
    assert found["status"] == "unknown" and "s3:ListBucket was denied" in found["because"]
    faults.clear()
    s3.delete_object(Bucket=target, Key=f"{LOGS}/contracts.pdf")
    assert judged(function, faults, target, TRAILKEEPER_ACCESS_TARGETS=target)["status"] == "fixed"


def test_rules_for_a_trail_and_for_access_logs_are_one_call(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    trail(moto, "second")
    log_into(moto, LOGS, "second-trail-logs", TargetPrefix="second-trail-logs/")
    found = check(function, faults, ENDS, LIFECYCLE, TRAILKEEPER_ACCESS_TARGETS=LOGS)
    assert {found[ENDS]["status"], found[LIFECYCLE]["status"]} == {"fixed"}
    assert len(faults.calls("s3", "PutBucketLifecycleConfiguration")) == 1
    assert {rule["Filter"]["Prefix"] for rule in rules(moto, LOGS).values()} == {"AWSLogs/", "second-trail-logs/"}
