"""What is not ours to change, and what cannot be read: said with its reason, and never written."""

from __future__ import annotations

from typing import Any

import pytest
from account_snapshot import difference, snapshot
from conftest import StartFunction
from envelope import schedule
from given import trail, trail_arn
from local_aws.faults import Faults
from local_aws.processes import REGION, Moto
from trails import (
    EVENTS, KMS, LOGGING, LOGS, MULTI, OUR_TRAIL_ARN, START, UPDATE, VALIDATION, WEST, basic, changes, changing, create_trail,
    every, foreign_bucket, home, is_logging, kept_trail, now, organization_trail, outcomes, resources, single_trail, statuses, trail_call,
)


def foreign(moto: Moto) -> str:
    """A trail of all writes, and of no reads, whose bucket is in another account."""
    arn = trail(moto, S3BucketName=foreign_bucket(moto, trail_arn()), IsMultiRegionTrail=True)
    moto.client("cloudtrail").put_event_selectors(TrailName=arn, EventSelectors=[basic("WriteOnly")])
    moto.client("cloudtrail").start_logging(Name=arn)
    return arn


def test_a_trail_into_another_accounts_bucket_is_never_written(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = foreign(moto)
    before = snapshot(moto, [REGION, WEST])
    answer = function("trail", endpoint=faults, mode="enforce").invoke(create_trail(arn))
    found = outcomes(answer)
    for control in (MULTI, EVENTS, VALIDATION, KMS, LOGS):
        assert found[control]["status"] == "advised", control
        assert "another account" in found[control]["advice"], control
    assert changes(faults) == [] and difference(before, snapshot(moto, [REGION, WEST])) == {}


def test_beside_such_a_trail_no_other_is_made(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = foreign(moto)
    answer = function("trail", endpoint=faults, mode="enforce").invoke(schedule())
    assert resources(answer) == [arn] and changes(faults) == []


def test_where_such_a_trail_records_nothing_one_is_made(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = foreign(moto)
    nothing = basic("ReadOnly", management=False, data=[{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::b/"]}])
    moto.client("cloudtrail").put_event_selectors(TrailName=arn, EventSelectors=[nothing])
    answer = function("trail", endpoint=faults, mode="enforce").invoke(trail_call("PutEventSelectors", arn))
    made = outcomes(answer, OUR_TRAIL_ARN)[MULTI]
    assert made["status"] == "fixed" and arn in made["because"]
    assert is_logging(moto, OUR_TRAIL_ARN)
    again = function("trail", endpoint=faults, mode="enforce").invoke(schedule())
    assert outcomes(again, arn)[MULTI]["status"] == "compliant"


def test_a_stopped_trail_is_started_whosever_its_bucket_is(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = kept_trail(moto, S3BucketName=foreign_bucket(moto, trail_arn()))
    moto.client("cloudtrail").stop_logging(Name=arn)
    answer = function("trail", endpoint=faults, mode="enforce").invoke(trail_call("StopLogging", arn))
    assert statuses(answer, arn) == every("compliant", {LOGGING: "fixed", MULTI: "fixed"})
    assert changing(faults) == [START] and is_logging(moto, arn)


def test_a_stopped_trail_into_a_bucket_that_is_refused_stays_stopped(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    """Whoever stopped it may have meant to: the settings name other destinations, and not this one."""
    arn = kept_trail(moto, S3BucketName=foreign_bucket(moto, trail_arn()))
    moto.client("cloudtrail").stop_logging(Name=arn)
    key = f"arn:aws:kms:{REGION}:210987654321:key/1"
    started = function("trail", endpoint=faults, mode="enforce", TRAILKEEPER_RECORD_DESTINATIONS=key)
    found = outcomes(started.invoke(trail_call("StopLogging", arn)), arn)
    assert found[LOGGING]["status"] == "advised" and "another account" in found[LOGGING]["advice"]
    assert START not in changing(faults)[:1] and not is_logging(moto, arn)


def test_beside_such_a_trail_one_of_ours_is_widened(function: StartFunction, moto: Moto, faults: Faults) -> None:
    foreign(moto)
    own = single_trail(moto, "own", WEST)
    answer = function("trail", endpoint=faults, mode="enforce").invoke(trail_call("UpdateTrail", own))
    assert statuses(answer, own)[MULTI] == "fixed"
    assert [call.region for call in changes(faults)] == [WEST] and changing(faults) == [UPDATE]


def test_a_trail_whose_bucket_is_gone_is_advised_and_another_is_made(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = trail(moto)
    moto.client("s3").delete_bucket_policy(Bucket="main-trail-logs")
    moto.client("s3").delete_bucket(Bucket="main-trail-logs")
    answer = function("trail", endpoint=faults, mode="enforce").invoke(create_trail(arn))
    found = outcomes(answer, arn)
    for control in (VALIDATION, KMS, LOGS):
        assert found[control]["status"] == "advised", control
        assert "bucket does not exist" in found[control]["advice"], control
    assert outcomes(answer, OUR_TRAIL_ARN)[MULTI]["status"] == "fixed" and is_logging(moto, OUR_TRAIL_ARN)
    assert now(moto, arn)["S3BucketName"] == "main-trail-logs"


def test_an_organizations_trail_is_told_and_never_written(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = organization_trail(moto)
    answer = function("trail", endpoint=faults, mode="enforce").invoke(schedule())
    assert set(resources(answer)) <= {arn}
    found = outcomes(answer, arn)
    assert [found[control]["status"] for control in (MULTI, LOGGING, EVENTS)] == ["compliant"] * 3
    for control in (VALIDATION, KMS, LOGS):
        assert found[control]["status"] == "advised", control
        assert "organization" in found[control]["advice"], control
    assert changes(faults) == []


def test_under_an_organizations_trail_a_trail_of_ours_stays_of_one_region(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    organization_trail(moto)
    arn = single_trail(moto, "own")
    answer = function("trail", endpoint=faults, mode="enforce").invoke(trail_call("UpdateTrail", arn))
    assert statuses(answer) == every("compliant")
    assert changes(faults) == [] and now(moto, arn)["IsMultiRegionTrail"] is False


def test_a_shadow_of_a_region_that_is_not_looked_after_is_told_and_never_written(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = kept_trail(moto, region=WEST, EnableLogFileValidation=False)
    home(moto, arn).stop_logging(Name=arn)
    started = function("trail", endpoint=faults, mode="enforce", TRAILKEEPER_REGIONS=REGION)
    answer = started.invoke(schedule())
    assert resources(answer) == [arn]
    found = outcomes(answer)
    for control in (LOGGING, VALIDATION):
        assert found[control]["status"] == "advised", control
        assert f"home region {WEST}" in found[control]["advice"], control
    assert changes(faults) == [] and not is_logging(moto, arn)


UNREADABLE: dict[str, tuple[str, str, set[str]]] = {
    "status": ("cloudtrail", "GetTrailStatus", {MULTI, LOGGING, EVENTS}),
    "selectors": ("cloudtrail", "GetEventSelectors", {MULTI, EVENTS}),
    "regions": ("account", "ListRegions", {MULTI, EVENTS}),
}


ENDS = {"regions": [pytest.mark.function_alone("where no region is listed the command ends, and says nothing else")]}


@pytest.mark.parametrize(
    ("service", "operation", "unknown"), [pytest.param(*it, id=name, marks=ENDS.get(name, [])) for name, it in UNREADABLE.items()]
)
def test_what_cannot_be_read_is_unknown_and_the_rest_is_fixed(
    function: StartFunction, moto: Moto, faults: Faults, service: str, operation: str, unknown: set[str]
) -> None:
    arn = kept_trail(moto, IsMultiRegionTrail=False, EnableLogFileValidation=False)
    faults.deny(service, operation)
    found = outcomes(function("trail", endpoint=faults, mode="enforce").invoke(trail_call("UpdateTrail", arn)))
    for control in unknown:
        assert found[control]["status"] == "unknown", control
        assert f"{service}:{operation}" in found[control]["because"]
    assert {found[control]["status"] for control in found.keys() - unknown - {VALIDATION}} <= {"compliant"}
    assert found[VALIDATION]["status"] == "fixed" and changing(faults) == [UPDATE]
    assert now(moto, arn)["IsMultiRegionTrail"] is False


def test_trails_of_a_region_that_cannot_be_listed_may_cover_the_account(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = single_trail(moto)
    faults.rule("cloudtrail", "DescribeTrails", region=WEST, error="AccessDeniedException", status=400)
    answer = function("trail", endpoint=faults, mode="enforce").invoke(trail_call("UpdateTrail", arn))
    assert statuses(answer) == every("compliant", {MULTI: "unknown", EVENTS: "unknown"})
    assert changes(faults) == []


def test_no_trail_is_made_while_a_region_cannot_be_listed(function: StartFunction, moto: Moto, faults: Faults) -> None:
    kept_trail(moto, region=WEST, IsMultiRegionTrail=False)
    faults.rule("cloudtrail", "DescribeTrails", region=WEST, error="AccessDeniedException", status=400)
    answer = function("trail", endpoint=faults, mode="enforce").invoke(schedule())
    assert "unknown" in {it["status"] for it in answer.body["results"]}
    assert changes(faults) == []


def test_a_trail_that_cannot_be_described_is_unknown(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = trail(moto)
    faults.deny("cloudtrail", "DescribeTrails")
    answer = function("trail", endpoint=faults, mode="enforce").invoke(create_trail(arn))
    assert statuses(answer) == every("unknown")
    assert all("cloudtrail:DescribeTrails" in it["because"] for it in outcomes(answer).values())
    assert changes(faults) == [] and not is_logging(moto, arn)


@pytest.mark.parametrize("denied", ["GetTrailStatus", "GetEventSelectors"])
def test_another_trail_that_cannot_be_read_may_cover_the_account(
    function: StartFunction, moto: Moto, faults: Faults, denied: str
) -> None:
    kept_trail(moto, "covers", WEST)
    arn = single_trail(moto)
    faults.rule("cloudtrail", denied, region=WEST, error="AccessDeniedException", status=400)
    answer = function("trail", endpoint=faults, mode="enforce").invoke(trail_call("UpdateTrail", arn))
    expected: dict[str, Any] = every("compliant", {MULTI: "unknown", EVENTS: "unknown"})
    assert statuses(answer) == expected
    assert changes(faults) == []
