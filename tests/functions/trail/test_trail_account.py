"""One trail covers the account: which one, however it was harmed, and never a second."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from conftest import StartFunction
from envelope import schedule
from given import trail
from local_aws.faults import Faults
from local_aws.processes import REGION, Moto
from our_role import as_our_role
from trails import (
    EVENTS, KMS, LOGGING, MULTI, START, UPDATE, VALIDATION, WEST, changes, changing, create_trail, every, home,
    is_logging, kept_trail, now, outcomes, resources, single_trail, statuses, trail_call,
)

DATA_ONLY = [
    {"ReadWriteType": "All", "IncludeManagementEvents": False,
     "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::d/"]}]}
]
BLIND = [{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}]


def test_a_second_trail_is_not_made_a_second_copy(function: StartFunction, moto: Moto, faults: Faults) -> None:
    kept_trail(moto)
    second = trail(moto, "second", WEST)
    answer = function("trail", endpoint=faults, mode="enforce").invoke(create_trail(second))
    assert statuses(answer, second) == every("fixed", {MULTI: "compliant", EVENTS: "compliant"})
    assert now(moto, second)["IsMultiRegionTrail"] is False
    assert {call.region for call in changes(faults) if call.service == "cloudtrail"} == {WEST}


def test_a_narrow_second_trail_stays_narrow(function: StartFunction, moto: Moto, faults: Faults) -> None:
    kept_trail(moto)
    second = single_trail(moto, "second")
    moto.client("cloudtrail").put_event_selectors(TrailName=second, EventSelectors=BLIND)
    answer = function("trail", endpoint=faults, mode="enforce").invoke(trail_call("PutEventSelectors", second))
    assert statuses(answer) == every("compliant") | {"cloudtrail-management-events": "changed"}
    assert changes(faults) == []


@pytest.mark.parametrize("first", [REGION, WEST])
def test_of_two_single_region_trails_one_covers_the_account_whichever_event_comes(
    function: StartFunction, moto: Moto, first: str
) -> None:
    arns = {region: single_trail(moto, region, region) for region in (REGION, WEST)}
    started = function("trail", mode="enforce")
    answer = started.invoke(create_trail(arns[first]))
    assert statuses(answer, arns[REGION])[MULTI] == "fixed"
    if first == WEST:
        assert outcomes(answer, arns[WEST])[MULTI]["status"] == "not-applicable"
        assert arns[REGION] in outcomes(answer, arns[WEST])[MULTI]["because"]
    multi = {region: now(moto, arn)["IsMultiRegionTrail"] for region, arn in arns.items()}
    assert multi == {REGION: True, WEST: False}, "the function's own region comes first"
    again = started.invoke(create_trail(arns[WEST]))
    assert statuses(again) == every("compliant")


@pytest.mark.function_alone("the other event is quicker than the function")
def test_two_events_at_once_make_one_trail_cover_the_account(function: StartFunction, moto: Moto) -> None:
    arns = [single_trail(moto, region, region) for region in (REGION, WEST)]
    copies = [(function("trail", mode="enforce"), arn) for arn in arns * 3]
    with ThreadPoolExecutor(len(copies)) as pool:
        answers = list(pool.map(lambda copy: copy[0].invoke(create_trail(copy[1])), copies))
    assert all(answer.ok for answer in answers)
    assert [now(moto, arn)["IsMultiRegionTrail"] for arn in arns] == [True, False]


def test_a_sweep_makes_one_of_many_cover_the_account(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arns = [single_trail(moto, name, region) for name, region in [("b", REGION), ("a", REGION), ("c", WEST)]
            for name in [f"trail-{name}"]]
    answer = function("trail", endpoint=faults, mode="enforce").invoke(schedule())
    assert sorted(resources(answer)) == sorted(arns)
    assert changing(faults) == [UPDATE]
    assert [now(moto, arn)["IsMultiRegionTrail"] for arn in arns] == [False, True, False], "the first by name"


@pytest.mark.parametrize("call", ["StopLogging", "UpdateTrail", "StartLogging"])
def test_a_stopped_trail_is_started_again(
    function: StartFunction, moto: Moto, faults: Faults, call: str
) -> None:
    arn = kept_trail(moto)
    moto.client("cloudtrail").stop_logging(Name=arn)
    answer = function("trail", endpoint=faults, mode="enforce").invoke(trail_call(call, arn))
    assert statuses(answer) == every("compliant", {LOGGING: "fixed", MULTI: "fixed"})
    assert changing(faults) == [START] and is_logging(moto, arn)


def test_a_trail_that_only_has_to_be_started_is_started_before_another_region_is_asked(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    """Nor after it: what covers every region is listed in each, and nothing else comes before this one."""
    arn = kept_trail(moto, region=WEST)
    single_trail(moto, "beside", REGION)
    home(moto, arn).stop_logging(Name=arn)
    answer = function("trail", endpoint=faults, mode="enforce").invoke(trail_call("StopLogging", arn))
    assert statuses(answer, arn) == every("compliant", {LOGGING: "fixed", MULTI: "fixed"}) and is_logging(moto, arn)
    assert {it.region for it in faults.calls("cloudtrail")} == {WEST}
    assert len(faults.calls("cloudtrail", "DescribeTrails")) == 2


@pytest.mark.parametrize("name", ["main", "arn", "both"])
def test_a_trail_is_found_by_name_and_by_arn(function: StartFunction, moto: Moto, name: str) -> None:
    arn = kept_trail(moto, region=WEST)
    home(moto, arn).stop_logging(Name=arn)
    named: dict[str, Any] = {"main": {"name": "main"}, "arn": {"name": arn}, "both": {"name": "main", "trailARN": arn}}[name]
    answer = function("trail", mode="enforce").invoke(trail_call("StopLogging", arn, requestParameters=named))
    assert statuses(answer, arn)[LOGGING] == "fixed" and is_logging(moto, arn)


@pytest.mark.parametrize("call", ["StopLogging", "DeleteTrail"])
def test_what_we_never_call_is_undone_though_our_role_called_it(
    function: StartFunction, moto: Moto, faults: Faults, call: str
) -> None:
    arn = kept_trail(moto)
    moto.client("cloudtrail").stop_logging(Name=arn)
    environment, ours = as_our_role(moto)
    started = function("trail", endpoint=faults, mode="enforce", **environment)
    answer = started.invoke(trail_call(call, arn, userIdentity=ours))
    assert statuses(answer)[LOGGING] == "fixed" and is_logging(moto, arn)


@pytest.mark.parametrize("call", ["UpdateTrail", "StartLogging", "CreateTrail"])
def test_our_own_calls_are_looked_into_and_end_there(function: StartFunction, moto: Moto, faults: Faults, call: str) -> None:
    """What these set harms nothing; what may is told: see test_record_told.py."""
    arn = trail(moto)
    environment, ours = as_our_role(moto)
    started = function("trail", endpoint=faults, mode="enforce", **environment)
    answer = started.invoke(trail_call(call, arn, userIdentity=ours))
    assert statuses(answer)[LOGGING] == "fixed" and is_logging(moto, arn)
    before = changes(faults)
    again = started.invoke(trail_call(call, arn, userIdentity=ours))
    assert set(statuses(again).values()) == {"compliant"} and changes(faults) == before


@pytest.mark.parametrize("first", [0, 1])
def test_a_trail_for_data_events_stays_one_beside_one_for_management_events(
    function: StartFunction, moto: Moto, faults: Faults, first: int
) -> None:
    data, management = kept_trail(moto, "data"), single_trail(moto, "management", WEST)
    moto.client("cloudtrail").put_event_selectors(TrailName=data, EventSelectors=DATA_ONLY)
    answer = function("trail", endpoint=faults, mode="enforce").invoke(
        trail_call("UpdateTrail", [data, management][first])
    )
    assert statuses(answer, management) == every("compliant", {MULTI: "fixed"})
    assert [(call.operation, call.region) for call in changes(faults)] == [("UpdateTrail", WEST)]
    assert now(moto, management)["IsMultiRegionTrail"] is True
    found = moto.client("cloudtrail").get_event_selectors(TrailName=data)["EventSelectors"]
    assert [it["IncludeManagementEvents"] for it in found] == [False]


def test_only_where_there_is_no_other_a_trail_for_data_events_takes_management_events_too(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    data = kept_trail(moto, "data")
    moto.client("cloudtrail").put_event_selectors(TrailName=data, EventSelectors=DATA_ONLY)
    answer = function("trail", endpoint=faults, mode="enforce").invoke(trail_call("PutEventSelectors", data))
    assert statuses(answer) == every("compliant", {EVENTS: "fixed"})
    assert changing(faults) == ["cloudtrail:PutEventSelectors"]


def test_a_region_that_is_full_refuses_and_the_rest_is_fixed(function: StartFunction, moto: Moto, faults: Faults) -> None:
    """Five trails in the west: the shadow of the only one in the east has no room there."""
    arn = kept_trail(moto, IsMultiRegionTrail=False, EnableLogFileValidation=False, KmsKeyId=None)
    for number in range(5):
        west = single_trail(moto, f"west-{number}", WEST)
        moto.client("cloudtrail", WEST).put_event_selectors(TrailName=west, EventSelectors=DATA_ONLY)
    answer = function("trail", endpoint=faults, mode="enforce").invoke(trail_call("UpdateTrail", arn))
    found = outcomes(answer, arn)
    assert found[MULTI]["status"] == "failed" and "MaximumNumberOfTrails" in found[MULTI]["because"]
    assert now(moto, arn)["IsMultiRegionTrail"] is False
    assert {control: found[control]["status"] for control in (VALIDATION, KMS)} == {VALIDATION: "fixed", KMS: "fixed"}
    assert now(moto, arn)["LogFileValidationEnabled"] is True


@pytest.mark.parametrize("regions", [REGION, WEST])
def test_five_trails_in_a_region_are_all_put_right(function: StartFunction, moto: Moto, regions: str) -> None:
    arns = [trail(moto, f"trail-{number}", regions) for number in range(5)]
    started = function("trail", mode="enforce", timeout=60, TRAILKEEPER_REGIONS=regions)
    answer = started.invoke(schedule())
    assert sorted(resources(answer)) == sorted(arns)
    assert all(is_logging(moto, arn) and now(moto, arn)["LogFileValidationEnabled"] for arn in arns)
    assert [now(moto, arn)["IsMultiRegionTrail"] for arn in arns].count(True) == 1
    assert len({now(moto, arn)["KmsKeyId"] for arn in arns}) == 1
    assert all(now(moto, arn)["CloudWatchLogsRoleArn"] for arn in arns)
    assert set(statuses(started.invoke(trail_call("UpdateTrail", arns[3]))).values()) == {"compliant"}
