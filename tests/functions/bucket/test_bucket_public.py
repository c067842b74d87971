"""The public access block: what is closed, and who must not be cut off."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import StartFunction
from given import trail
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, Moto
from log_buckets import HTTPS, LOGS, PUBLIC, WEBSITE, check, flags, policy_of, put_policy, trail_policy
from observed import steps, writes

NAMES = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"]
ALL_ON = dict.fromkeys(NAMES, True)
OPEN = {"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{LOGS}/*"}
SIEM = OPEN | {"Sid": "Siem", "Principal": {"AWS": "arn:aws:iam::999999999999:root"}}


def opened(moto: Moto, *statements: dict[str, Any], **on: bool) -> None:
    """A log bucket that holds logs, whose block is as given, with these statements."""
    trail(moto)
    s3 = moto.client("s3")
    s3.put_object(Bucket=LOGS, Key=f"AWSLogs/{ACCOUNT}/CloudTrail/x", Body=b"x")
    s3.delete_public_access_block(Bucket=LOGS)
    put_policy(moto, trail_policy(*statements))
    if on:
        s3.put_public_access_block(Bucket=LOGS, PublicAccessBlockConfiguration=dict.fromkeys(NAMES, False) | on)


def judged(function: StartFunction, faults: Faults) -> dict[str, Any]:
    return check(function, faults, PUBLIC)[PUBLIC]


@pytest.mark.parametrize("on", [{}, {"BlockPublicAcls": True}, {"RestrictPublicBuckets": True, "BlockPublicPolicy": True}])
def test_all_four_are_switched_on(function: StartFunction, moto: Moto, faults: Faults, on: dict[str, bool]) -> None:
    opened(moto, SIEM, **on)
    found = judged(function, faults)
    assert (found["status"], steps(found)) == ("fixed", [("s3:PutBucketPublicAccessBlock", "applied")])
    assert found["steps"][0]["before"] == (dict.fromkeys(NAMES, False) | on if on else None)
    assert flags(moto) == ALL_ON and policy_of(moto) == trail_policy(SIEM)


def test_a_public_statement_stays_and_is_told_once_it_has_no_effect(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    opened(moto, OPEN)
    found = judged(function, faults)
    assert found["status"] == "advised" and "Open" in found["because"]
    assert steps(found) == [("s3:PutBucketPublicAccessBlock", "applied")]
    assert flags(moto) == ALL_ON and policy_of(moto) == trail_policy(OPEN)
    faults.forget()
    assert judged(function, faults)["status"] == "advised" and writes(faults) == []


def test_other_accounts_in_a_public_policy_are_not_cut_off(function: StartFunction, moto: Moto, faults: Faults) -> None:
    opened(moto, OPEN, SIEM)
    found = judged(function, faults)
    assert found["status"] == "advised" and "999999999999" in found["advice"]
    assert flags(moto) == ALL_ON | {"RestrictPublicBuckets": False}
    faults.forget()
    assert judged(function, faults)["status"] == "advised" and writes(faults) == []


@pytest.mark.parametrize(
    ("principal", "condition", "who"),
    [
        ("*", {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}, "o-a1b2c3d4e5"),
        ("*", {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/r-ab12/*"}}, "o-a1b2c3d4e5/r-ab12/*"),
        ({"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}, None, "canonical user 79a59df9"),
        ({"Federated": "cognito-identity.amazonaws.com"}, None, "identity provider cognito-identity.amazonaws.com"),
        ("*", {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, "whoever meets the conditions"),
    ],
)
def test_nobody_is_cut_off_whom_a_public_policy_lets_in_by_other_means(
    function: StartFunction, moto: Moto, faults: Faults, principal: Any, condition: Any, who: str
) -> None:
    others = OPEN | {"Sid": "Others", "Principal": principal} | ({"Condition": condition} if condition else {})
    opened(moto, OPEN, others)
    found = judged(function, faults)
    assert found["status"] == "advised" and who in found["advice"]
    assert flags(moto) == ALL_ON | {"RestrictPublicBuckets": False}


@pytest.mark.parametrize(
    ("principal", "condition"),
    [
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, None),
        ({"Service": "logging.s3.amazonaws.com"}, None),
        ("*", {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}),
    ],
)
def test_the_account_and_services_are_no_reason_to_leave_it_open(
    function: StartFunction, moto: Moto, faults: Faults, principal: Any, condition: Any
) -> None:
    own = OPEN | {"Sid": "Own", "Principal": principal} | ({"Condition": condition} if condition else {})
    opened(moto, OPEN, own)
    judged(function, faults)
    assert flags(moto) == ALL_ON


def test_https_comes_before_the_block_under_which_s3_would_refuse_it(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    opened(moto, OPEN)
    found = check(function, faults, PUBLIC, HTTPS)
    assert found[HTTPS]["status"] == "fixed" and found[PUBLIC]["status"] == "advised"
    assert [call.operation for call in writes(faults)] == ["PutBucketPolicy", "PutPublicAccessBlock"]


def test_a_failed_policy_holds_the_block_back_that_would_forbid_it(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    opened(moto, OPEN)
    # The bucket is not the last record's.
    trail(moto, "other", IsMultiRegionTrail=True)
    moto.client("cloudtrail").start_logging(Name="other")
    faults.deny("s3", "PutBucketPolicy")
    found = check(function, faults, PUBLIC, HTTPS)
    assert found[HTTPS]["status"] == found[PUBLIC]["status"] == "failed"
    assert [call.operation for call in writes(faults)] == ["PutBucketPolicy"]


def test_the_last_record_is_closed_whatever_fails_about_its_policy(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    opened(moto, OPEN)
    faults.deny("s3", "PutBucketPolicy")
    found = check(function, faults, PUBLIC, HTTPS)
    assert steps(found[PUBLIC])[-1] == ("s3:PutBucketPublicAccessBlock", "applied") and flags(moto) == ALL_ON
    assert found[HTTPS]["status"] == "advised", "under the block S3 takes no more changes to a public policy"


def test_a_website_is_told(function: StartFunction, moto: Moto, faults: Faults) -> None:
    opened(moto, OPEN)
    moto.client("s3").put_bucket_website(Bucket=LOGS, WebsiteConfiguration=WEBSITE)
    found = judged(function, faults)
    assert found["status"] == "advised" and "website" in found["advice"]
    assert writes(faults) == []


@pytest.mark.parametrize("acl", ["public-read", "authenticated-read"])
def test_a_public_acl_is_no_longer_heeded(function: StartFunction, moto: Moto, faults: Faults, acl: str) -> None:
    opened(moto)
    s3 = moto.client("s3")
    s3.put_bucket_ownership_controls(
        Bucket=LOGS, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    )
    s3.put_bucket_acl(Bucket=LOGS, ACL=acl)
    found = judged(function, faults)
    assert found["status"] == "fixed" and "public grants in its ACL" in found["because"]


def test_the_log_writers_group_is_not_the_public(function: StartFunction, moto: Moto, faults: Faults) -> None:
    opened(moto, **ALL_ON)
    s3 = moto.client("s3")
    s3.put_bucket_ownership_controls(
        Bucket=LOGS, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    )
    s3.put_bucket_acl(Bucket=LOGS, ACL="log-delivery-write")
    assert judged(function, faults)["status"] == "compliant"
