"""Schedules, and records that do not say which trail: every trail is looked at once, in its home region."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import StartFunction
from envelope import api_call, role_call, schedule
from given import trail, trail_arn, trail_bucket, trail_logs
from inbox import Inbox, valid
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from observed import results
from trails import (
    CONTROLS, LOGGING, OUR_GROUP, OUR_ROLE, VALIDATION, WEST, assert_key_in_order, assert_role_in_order,
    changes, changing, every, home, is_logging, kept_trail, now, outcomes, region_of, resources, retentions, single_trail, statuses,
    trail_call,
)

NORTH = "eu-north-1"
REGIONS = [REGION, WEST, NORTH]
OMITTED: list[Any] = [None, {"omitted": True, "originalSize": 204_800, "reason": "requestParameters too large"}]


@pytest.fixture
def three(moto: Moto) -> list[str]:
    """A fresh trail in each of three regions; the first is multi-region, so that the others see its shadow."""
    moto.regions(REGIONS)
    return [trail(moto, f"in-{region}", region, IsMultiRegionTrail=region == WEST) for region in REGIONS]


@pytest.mark.parametrize("source", ["aws.events", "aws.scheduler"])
def test_a_schedule_puts_every_trail_of_every_region_right(
    function: StartFunction, moto: Moto, faults: Faults, three: list[str], source: str
) -> None:
    started = function("trail", endpoint=faults, mode="enforce", timeout=60)
    answer = started.invoke(schedule(source))
    assert sorted(resources(answer)) == sorted(three), "each once, a shadow is no trail"
    for arn in three:
        assert {it["region"] for it in outcomes(answer, arn).values()} == {region_of(arn)}
        assert is_logging(moto, arn) and now(moto, arn)["LogFileValidationEnabled"]
        assert now(moto, arn)["KmsKeyId"] == assert_key_in_order(moto, region_of(arn))
        assert retentions(moto, region_of(arn))[OUR_GROUP] == 365
    assert [now(moto, arn)["IsMultiRegionTrail"] for arn in three] == [False, True, False]
    assert_role_in_order(moto, OUR_GROUP)
    for operation in ("StartLogging", "UpdateTrail", "CreateKey", "CreateLogGroup"):
        assert sorted(call.region or "" for call in faults.calls(operation=operation)) == sorted(REGIONS)
    faults.forget()
    again = started.invoke(schedule(source))
    assert {it["status"] for it in results(again) if it["control"] in CONTROLS} == {"compliant"}
    assert changes(faults) == []


@pytest.mark.function_alone("the command says it on standard error, of no resource")
def test_a_control_that_is_not_there_any_more_is_told_by_each_sweep_and_stops_none(
    function: StartFunction, moto: Moto, three: list[str], inbox: Inbox
) -> None:
    started = function("trail", TRAILKEEPER_CONTROLS="an-old-one=enforce", TRAILKEEPER_TOPIC_ARN=inbox.topic)
    answer = valid(started.invoke(schedule()))
    (told,) = [it for it in results(answer) if it["control"] == "an-old-one"]
    assert (told["status"], told["severity"], told["region"]) == ("advised", "high", REGION)
    assert "no such control" in told["because"] and "parameter Controls" in told["advice"]
    assert set(resources(answer)) == set(three)
    assert any("an-old-one" in it["Message"] for it in inbox.messages())
    # A call is about a trail, and says nothing of the settings.
    assert "an-old-one" not in {it["control"] for it in results(started.invoke(trail_call("StopLogging", three[0])))}


def test_configured_regions_bound_a_sweep(
    function: StartFunction, moto: Moto, faults: Faults, three: list[str]
) -> None:
    started = function("trail", endpoint=faults, mode="enforce", TRAILKEEPER_REGIONS=f"{WEST},{NORTH}")
    answer = started.invoke(schedule())
    assert sorted(resources(answer)) == sorted(three[1:])
    assert {call.region for call in changes(faults) if call.service == "cloudtrail"} == {WEST, NORTH}
    assert faults.calls("account") == [] and not is_logging(moto, three[0])


def test_trails_beyond_the_configured_regions_still_count(function: StartFunction, moto: Moto, faults: Faults) -> None:
    """One that covers the account is seen as a shadow, wherever it is at home."""
    kept_trail(moto, "covers", WEST)
    own = single_trail(moto, "own")
    started = function("trail", endpoint=faults, mode="enforce", TRAILKEEPER_REGIONS=REGION)
    answer = started.invoke(trail_call("UpdateTrail", own))
    assert statuses(answer) == every("compliant")
    assert changes(faults) == []


def test_one_bad_trail_stops_no_other(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arns = [trail(moto, name) for name in ("bad", "good", "other")]
    for operation in ("StartLogging", "UpdateTrail"):
        faults.rule("cloudtrail", operation, resource="bad", error="AccessDeniedException", status=400)
    answer = function("trail", endpoint=faults, mode="enforce", timeout=60).invoke(schedule())
    assert sorted(resources(answer)) == sorted(arns)
    assert [is_logging(moto, arn) for arn in arns] == [False, True, True]
    assert [bool(now(moto, arn).get("KmsKeyId")) for arn in arns] == [False, True, True]
    assert [statuses(answer, arn)[VALIDATION] for arn in arns] == ["failed", "fixed", "fixed"]


def test_one_bad_region_stops_no_other(
    function: StartFunction, moto: Moto, faults: Faults, three: list[str]
) -> None:
    faults.rule("cloudtrail", "DescribeTrails", region=NORTH, error="AccessDeniedException", status=400)
    answer = function("trail", endpoint=faults, mode="enforce", timeout=60).invoke(schedule())
    whole = f"arn:aws:cloudtrail:{NORTH}:{ACCOUNT}:trail/*"
    assert sorted(resources(answer)) == sorted([*three[:2], whole])
    assert statuses(answer, whole) == every("unknown")
    assert [is_logging(moto, arn) for arn in three] == [True, True, False]
    found = statuses(answer, three[0])
    assert (found[LOGGING], found[VALIDATION]) == ("fixed", "fixed")


def test_the_regions_that_cannot_be_told_are_an_error(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = trail(moto)
    faults.deny("account", "ListRegions")
    answer = function("trail", endpoint=faults, mode="enforce").invoke(schedule())
    assert not answer.ok and "account:ListRegions" in (answer.error_message or "")
    assert changes(faults) == [] and not is_logging(moto, arn)


@pytest.mark.parametrize(
    "region", ["us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1", "eusc-de-east-1"]
)
def test_where_aws_lists_no_regions_it_is_said_what_to_set(function: StartFunction, moto: Moto, region: str) -> None:
    started = function("trail", mode="enforce", AWS_REGION=region, AWS_DEFAULT_REGION=region)
    answer = started.invoke(schedule() | {"region": region})
    assert not answer.ok and f"set TRAILKEEPER_REGIONS (parameter Regions) to those that you use, such as {region}" in (
        answer.error_message or ""
    )


def test_china_lists_its_regions(function: StartFunction, moto: Moto) -> None:
    started = function("trail", mode="dry-run", AWS_REGION="cn-north-1", AWS_DEFAULT_REGION="cn-north-1")
    assert started.invoke(schedule() | {"region": "cn-north-1"}).ok


@pytest.mark.parametrize("omitted", OMITTED)
@pytest.mark.parametrize("name", ["UpdateTrail", "PutEventSelectors"])
def test_a_name_left_out_for_size_leads_to_every_trail_of_that_region(
    function: StartFunction, moto: Moto, three: list[str], name: str, omitted: Any
) -> None:
    second = trail(moto, "second", NORTH)
    event = trail_call(name, second, requestParameters=omitted, responseElements=omitted)
    found = resources(function("trail").invoke(event))
    assert sorted(found) == sorted([three[1], three[2], second]), "and the one that is to cover the account"


@pytest.mark.parametrize("omitted", OMITTED)
@pytest.mark.parametrize("region", [REGION, WEST])
def test_a_log_group_left_out_for_size_leads_to_every_trail_of_that_region(
    function: StartFunction, moto: Moto, three: list[str], region: str, omitted: Any
) -> None:
    event = api_call("logs", "DeleteLogGroup", region=region, requestParameters=omitted)
    found = resources(function("trail").invoke(event))
    assert set(found) == {three[REGIONS.index(region)], three[1]}, "and the one that is to cover the account"


@pytest.mark.parametrize("service", ["kms", "iam"])
def test_a_key_or_role_left_out_for_size_leads_to_every_trail(
    function: StartFunction, moto: Moto, three: list[str], service: str
) -> None:
    name = {"kms": "PutKeyPolicy", "iam": "PutRolePolicy"}[service]
    event = api_call(service, name, requestParameters=None)
    assert sorted(resources(function("trail").invoke(event))) == sorted(three)


def test_our_role_leads_to_the_trails_that_write_with_it_in_every_region(
    function: StartFunction, moto: Moto, faults: Faults, three: list[str]
) -> None:
    started = function("trail", endpoint=faults, mode="enforce", timeout=60)
    started.invoke(schedule())
    theirs = kept_trail(moto, "theirs", IsMultiRegionTrail=False)
    moto.client("iam").delete_role_policy(RoleName=OUR_ROLE, PolicyName="write-trail-logs")
    faults.forget()
    answer = started.invoke(role_call("DeleteRolePolicy", OUR_ROLE))
    assert sorted(resources(answer)) == sorted(three) and theirs not in resources(answer)
    assert set(changing(faults)) == {"iam:PutRolePolicy"}
    assert_role_in_order(moto, OUR_GROUP)
    assert resources(started.invoke(role_call("DeleteRole", "theirs-writer"))) == [theirs]
    assert results(started.invoke(role_call("DeleteRole", "nobodys"))) == []


def test_the_region_of_the_call_counts_not_the_functions_own(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    kept_trail(moto, "covers")
    east, west = (single_trail(moto, "twin", region, **without(moto, region)) for region in (REGION, WEST))
    for arn in (east, west):
        home(moto, arn).stop_logging(Name=arn)
    event = trail_call("StopLogging", west, requestParameters={"name": "twin"})
    answer = function("trail", endpoint=faults, mode="enforce").invoke(event)
    assert statuses(answer, west) == every("compliant", {LOGGING: "fixed"})
    assert [(call.operation, call.region) for call in changes(faults)] == [("StartLogging", WEST)]
    assert is_logging(moto, west) and not is_logging(moto, east)


def without(moto: Moto, region: str) -> dict[str, Any]:
    """What a second trail of the same name cannot share: the names of its bucket and role."""
    arn = trail_arn("twin", region)
    return {"S3BucketName": trail_bucket(moto, f"twin-{region}", region, arn), **trail_logs(moto, f"twin-{region}", region)}
