"""The last record of the account keeps its bucket: no exemption ends it in silence, and no policy says whose it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import StartFunction
from given import client_of, trail, trail_arn, trail_bucket, trail_bucket_policy, trail_status
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, Moto
from log_buckets import DELIVERY, LOGS, bucket_call, check, only, policy_of, put_policy, statement_of, trail_policy
from observed import results, writes
from subscriber import Subscribers
from trails import OTHER

ORGANIZATION, LURE = "o-a1b2c3d4e5", "o-0000000000"
SET = {
    "TRAILKEEPER_ORGANIZATION": ORGANIZATION,
    "TRAILKEEPER_BUS": f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/trailkeeper",
}


def exempt(moto: Moto, value: str, bucket: str = LOGS) -> None:
    """Tags a bucket so that it is left alone."""
    tags = [{"Key": "trailkeeper:exempt", "Value": value}]
    moto.client("s3").put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})


def is_exempt(found: dict[str, Any]) -> bool:
    """Whether a result was left to the exemption, even if people are told that it hides something."""
    return found["steps"] == [] and found["because"].endswith("exempt by tag trailkeeper:exempt")


def recording(moto: Moto, name: str = "main", **given: Any) -> None:
    """A trail that records the account."""
    trail(moto, name, IsMultiRegionTrail=True, **given)
    moto.client("cloudtrail").start_logging(Name=name)


@pytest.mark.parametrize("by", ["all", DELIVERY, "setting"])
def test_no_exemption_ends_the_last_record(function: StartFunction, moto: Moto, faults: Faults, by: str) -> None:
    recording(moto)
    people, settings = Subscribers(moto), only(DELIVERY)
    if by == "setting":
        settings["TRAILKEEPER_EXEMPT"] = f"control=all name={LOGS}"
    else:
        exempt(moto, by)
    moto.client("s3").delete_bucket_policy(Bucket=LOGS)
    started = function("bucket", endpoint=faults, mode="enforce", TRAILKEEPER_TOPIC_ARN=people.topic, **settings)
    (found,) = [
        it for it in results(started.invoke(bucket_call(name="DeleteBucketPolicy"))) if it["control"] == DELIVERY
    ]
    assert found["status"] == "fixed", found
    assert found["because"].endswith("does not exempt it: no trail is known to record the account in another bucket")
    (letter,) = people.letters()
    assert letter.subject.startswith("FIXED ") and "To exempt" not in letter.text and "does not exempt it" in letter.text
    assert "LatestDeliveryError" not in trail_status(moto)


def blind(moto: Moto) -> None:
    selector = {"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}
    moto.client("cloudtrail").put_event_selectors(TrailName="second", EventSelectors=[selector])


DECOYS = {
    "it stands still": lambda moto: moto.client("cloudtrail").stop_logging(Name="second"),
    "it takes reads": blind,
    "it covers one region": lambda moto: moto.client("cloudtrail").update_trail(Name="second", IsMultiRegionTrail=False),
    "it does not deliver": lambda moto: moto.client("s3").delete_bucket_policy(Bucket="second-trail-logs"),
}


@pytest.mark.parametrize("decoy", DECOYS)
def test_a_decoy_is_no_record(function: StartFunction, moto: Moto, faults: Faults, decoy: str) -> None:
    recording(moto)
    recording(moto, "second")
    exempt(moto, "all")
    moto.client("s3").delete_bucket_policy(Bucket=LOGS)
    assert is_exempt(check(function, faults, DELIVERY)[DELIVERY]), "another trail records the account"
    DECOYS[decoy](moto)
    assert check(function, faults, DELIVERY)[DELIVERY]["status"] == "fixed"


def test_a_record_in_foreign_hands_counts_only_where_it_is_named(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    recording(moto)
    theirs = client_of(moto, OTHER, "s3")
    theirs.create_bucket(Bucket="theirs")
    theirs.put_bucket_policy(Bucket="theirs", Policy=trail_bucket_policy("theirs", trail_arn("second")))
    recording(moto, "second", S3BucketName="theirs")
    exempt(moto, "all")
    moto.client("s3").delete_bucket_policy(Bucket=LOGS)
    named = check(function, faults, DELIVERY, TRAILKEEPER_RECORD_DESTINATIONS="theirs")[DELIVERY]
    assert is_exempt(named)
    assert check(function, faults, DELIVERY)[DELIVERY]["status"] == "fixed"


def test_a_trail_that_may_not_be_read_is_not_known_to_record(function: StartFunction, moto: Moto, faults: Faults) -> None:
    recording(moto)
    recording(moto, "second")
    exempt(moto, "all")
    moto.client("s3").delete_bucket_policy(Bucket=LOGS)
    faults.deny("cloudtrail", "GetTrailStatus")
    found = check(function, faults, DELIVERY)[DELIVERY]
    assert found["status"] == "fixed"
    assert found["because"].endswith("since cloudtrail:GetTrailStatus was denied in us-east-1")


# Which organization it is.


def members(organization: str) -> dict[str, Any]:
    """The statement that lets CloudTrail write an organization's logs."""
    return {
        "Sid": "Members",
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{LOGS}/AWSLogs/{organization}/*",
        "Condition": {"StringEquals": {"aws:SourceArn": trail_arn(), "s3:x-amz-acl": "bucket-owner-full-control"}},
    }


def lure(organization: str = LURE) -> dict[str, Any]:
    """A statement that does no harm and names an organization."""
    return statement_of(LOGS, Effect="Allow", Principal={"AWS": ACCOUNT}, Action="s3:GetObject") | {
        "Resource": f"arn:aws:s3:::{LOGS}/AWSLogs/{organization}/*",
    }


def granted(moto: Moto) -> set[str]:
    """Where CloudTrail may write."""
    statements = policy_of(moto)["Statement"]
    return {it["Resource"].split("/")[2] for it in statements if it["Action"] == "s3:PutObject"}


def of_organization(moto: Moto, *more: dict[str, Any]) -> None:
    """An organization trail, into a bucket with these statements beside those for its own account."""
    trail_bucket(moto, LOGS)
    put_policy(moto, trail_policy(members(ORGANIZATION)))
    moto.client("cloudtrail").create_trail(Name="main", S3BucketName=LOGS, IsOrganizationTrail=True)
    put_policy(moto, trail_policy(*more))


def test_no_policy_says_whose_path_is_granted(function: StartFunction, moto: Moto, faults: Faults) -> None:
    of_organization(moto, lure())
    found = check(function, faults, DELIVERY, **SET)[DELIVERY]
    assert found["status"] == "advised" and LURE in found["because"] and ORGANIZATION in found["because"]
    assert granted(moto) == {ACCOUNT, ORGANIZATION}
    put_policy(moto, trail_policy(members(LURE)))
    assert check(function, faults, DELIVERY, **SET)[DELIVERY]["status"] == "advised"
    assert granted(moto) == {ACCOUNT, LURE, ORGANIZATION}
    put_policy(moto, trail_policy())
    assert check(function, faults, DELIVERY, **SET)[DELIVERY]["status"] == "fixed"
    assert check(function, faults, DELIVERY, **SET)[DELIVERY]["status"] == "compliant"
    assert faults.calls("organizations") == []


def test_aws_organizations_says_whose_path_is_granted(function: StartFunction, moto: Moto, faults: Faults) -> None:
    made = moto.client("organizations").create_organization(FeatureSet="ALL")["Organization"]["Id"]
    of_organization(moto)
    assert check(function, faults, DELIVERY)[DELIVERY]["status"] == "fixed"
    assert granted(moto) == {ACCOUNT, made}
    faults.deny("organizations")
    found = check(function, faults, DELIVERY)[DELIVERY]
    assert found["status"] == "unknown" and "organizations:DescribeOrganization was denied" in found["because"]
    put_policy(moto, trail_policy())
    found = check(function, faults, DELIVERY)[DELIVERY]
    assert found["status"] == "advised" and "TRAILKEEPER_ORGANIZATION" in found["advice"]


def test_an_account_in_no_organization_grants_nobody_a_path(function: StartFunction, moto: Moto, faults: Faults) -> None:
    of_organization(moto, members(LURE))
    faults.forget()
    found = check(function, faults, DELIVERY)[DELIVERY]
    assert found["status"] == "advised" and writes(faults) == []
    assert json.dumps(policy_of(moto)).count(LURE) == 1


def test_suspending_versioning_is_told_with_who(function: StartFunction, moto: Moto, faults: Faults) -> None:
    recording(moto)
    people = Subscribers(moto)
    started = function("bucket", endpoint=faults, mode="enforce", TRAILKEEPER_TOPIC_ARN=people.topic, **only(DELIVERY))
    for status, told in (("Enabled", []), ("Suspended", ["changed"])):
        event = bucket_call(name="PutBucketVersioning")
        event["detail"]["requestParameters"]["VersioningConfiguration"] = {"Status": status}
        found = results(started.invoke(event))
        assert [it["status"] for it in found if it["status"] == "changed"] == told
        letters = people.letters()
        assert len(letters) == len(told) and all("suspends versioning" in letter.text for letter in letters)
