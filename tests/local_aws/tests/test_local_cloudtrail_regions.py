"""A local trail is seen from other regions and accounts, and changed at home."""

from __future__ import annotations

from typing import Any

import pytest
from given import (
    client_of,
    described_trail,
    refusal,
    role,
    trail,
    trail_arn,
    trail_bucket_policy,
    trail_status,
)
from local_aws.processes import Moto

OTHER = "210987654321"
WRITES: list[tuple[str, dict[str, Any]]] = [
    ("update_trail", {"EnableLogFileValidation": True}),
    ("start_logging", {}),
    ("stop_logging", {}),
    ("delete_trail", {}),
    ("put_event_selectors", {"EventSelectors": [{}]}),
]


def test_reads_work_by_arn_in_any_region(moto: Moto) -> None:
    arn = trail(moto)
    far = moto.client("cloudtrail", "eu-west-1")
    assert far.get_trail(Name=arn)["Trail"]["HomeRegion"] == "us-east-1"
    assert far.get_trail_status(Name=arn)["IsLogging"] is False
    assert far.get_event_selectors(TrailName=arn)["TrailARN"] == arn
    assert described_trail(moto, arn, "eu-west-1")["TrailARN"] == arn
    assert far.describe_trails(trailNameList=["main"])["trailList"] == []
    for call, given in (
        (far.get_trail, {"Name": "main"}),
        (far.get_trail_status, {"Name": "main"}),
        (far.get_event_selectors, {"TrailName": "main"}),
    ):
        assert refusal(call, **given)[:2] == (400, "TrailNotFoundException")
    assert refusal(far.get_trail, Name="arn:aws:s3:::main")[1] == "CloudTrailARNInvalidException"


@pytest.mark.parametrize(("operation", "given"), WRITES)
def test_writes_work_at_home_only(moto: Moto, operation: str, given: dict[str, Any]) -> None:
    arn = trail(moto, IsMultiRegionTrail=True)
    member = "TrailName" if "EventSelectors" in given else "Name"
    far = getattr(moto.client("cloudtrail", "eu-west-1"), operation)
    home = getattr(moto.client("cloudtrail"), operation)
    for name in (arn, "main"):
        assert refusal(far, **given, **{member: name})[1] == "InvalidHomeRegionException"
    for name in ("other", trail_arn("other"), trail_arn("main", "eu-west-1")):
        assert refusal(home, **given, **{member: name})[1] == "TrailNotFoundException"
    assert home(**given, **{member: arn})


def test_tags_are_those_of_the_region(moto: Moto) -> None:
    arn, tags = trail(moto, TagsList=[{"Key": "a", "Value": "b"}]), [{"Key": "c", "Value": "d"}]
    here, far = moto.client("cloudtrail"), moto.client("cloudtrail", "eu-west-1")
    here.add_tags(ResourceId=arn, TagsList=tags)
    listed = here.list_tags(ResourceIdList=[arn])["ResourceTagList"]
    assert listed == [{"ResourceId": arn, "TagsList": [{"Key": "a", "Value": "b"}, *tags]}]
    invalid = "CloudTrailARNInvalidException"
    assert refusal(far.add_tags, ResourceId=arn, TagsList=tags)[1] == invalid
    assert refusal(far.list_tags, ResourceIdList=[arn])[1] == invalid
    gone = trail_arn("none")
    found = refusal(here.add_tags, ResourceId=gone, TagsList=tags)
    assert found[1] == "ResourceNotFoundException"


def organization_trail(moto: Moto, **given: Any) -> str:
    """One of another account, which manages the organization."""
    arn = trail_arn("org", account_id=OTHER)
    s3 = client_of(moto, OTHER, "s3")
    s3.create_bucket(Bucket="org-logs")
    s3.put_bucket_policy(Bucket="org-logs", Policy=trail_bucket_policy("org-logs", arn))
    client_of(moto, OTHER, "cloudtrail").create_trail(
        Name="org", S3BucketName="org-logs", IsOrganizationTrail=True, **given
    )
    return arn


def arns(moto: Moto, region: str, **given: Any) -> list[str]:
    found = moto.client("cloudtrail", region).describe_trails(**given)["trailList"]
    return [str(one["TrailARN"]) for one in found]


def test_a_member_sees_the_trails_of_its_organization(moto: Moto) -> None:
    own, arn = trail(moto), organization_trail(moto)
    assert arns(moto, "us-east-1") == [own, arn]
    assert arns(moto, "us-east-1", includeShadowTrails=False) == [own]
    assert arns(moto, "eu-west-1") == []
    client_of(moto, OTHER, "cloudtrail").update_trail(Name="org", IsMultiRegionTrail=True)
    assert arns(moto, "eu-west-1") == [arn]
    assert described_trail(moto, arn)["IsOrganizationTrail"] is True
    assert trail_status(moto, arn)["IsLogging"] is False


@pytest.mark.parametrize(("operation", "given"), WRITES)
def test_a_member_changes_no_organization_trail(
    moto: Moto, operation: str, given: dict[str, Any]
) -> None:
    arn = organization_trail(moto)
    member = "TrailName" if "EventSelectors" in given else "Name"
    call = getattr(moto.client("cloudtrail"), operation)
    assert refusal(call, **given, **{member: arn})[:2] == (400, "AccessDeniedException")


def test_an_ordinary_trail_of_another_account_is_unknown(moto: Moto) -> None:
    arn = organization_trail(moto)
    client_of(moto, OTHER, "cloudtrail").update_trail(Name="org", IsOrganizationTrail=False)
    found = refusal(moto.client("cloudtrail").get_trail, Name=arn)
    assert found[1] == "TrailNotFoundException"


def test_a_client_of_another_account_is_one(moto: Moto) -> None:
    assert client_of(moto, OTHER, "sts").get_caller_identity()["Account"] == OTHER
    role(moto)
    assert "logging" not in str(client_of(moto, OTHER, "iam").list_roles()["Roles"])
