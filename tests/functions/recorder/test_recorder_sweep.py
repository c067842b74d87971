"""Schedules: every configured region is looked at once, and gets what it lacks."""

from __future__ import annotations

import pytest
from conftest import StartFunction
from envelope import schedule
from local_aws.faults import Faults
from local_aws.processes import REGION, Moto
from observed import results, steps
from recorders import (
    CHANNEL,
    LOGS,
    NORTH,
    RECORDER,
    START,
    WEST,
    Found,
    assert_made,
    buckets,
    changing,
    channels,
    is_recording,
    on,
    our_bucket,
    recorders,
    stop,
    subject,
)
from runtime_api import Answer

REGIONS = [REGION, WEST, NORTH]


@pytest.fixture
def three(moto: Moto) -> None:
    """Three regions: on, stopped, and without anything."""
    moto.regions(REGIONS)
    on(moto, REGION)
    on(moto, WEST)
    stop(moto, WEST)


def by_region(answer: Answer) -> dict[str, Found]:
    """The result of each region, which there is one of."""
    found = results(answer)
    assert [it["resource"] for it in found] == [subject(it["region"]) for it in found]
    assert len({it["region"] for it in found}) == len(found)
    return {it["region"]: it for it in found}


@pytest.mark.parametrize("source", ["aws.events", "aws.scheduler"])
def test_a_schedule_puts_every_region_right(
    function: StartFunction, moto: Moto, faults: Faults, three: None, source: str
) -> None:
    started = function("recorder", endpoint=faults, mode="enforce")
    found = by_region(started.invoke(schedule(source)))
    statuses = {region: it["status"] for region, it in found.items()}
    assert statuses == {REGION: "compliant", WEST: "fixed", NORTH: "fixed"}
    assert steps(found[WEST]) == [(START, "applied")]
    assert [step for step, _ in steps(found[NORTH])] == [RECORDER, CHANNEL, START]
    assert all(is_recording(moto, region) for region in REGIONS)
    assert channels(moto, NORTH) == [{"name": "default", "s3BucketName": LOGS}]
    assert recorders(moto, NORTH)[0]["recordingGroup"]["includeGlobalResourceTypes"] is False
    assert buckets(moto) == [], "the account has a bucket for it"
    faults.forget()
    again = by_region(started.invoke(schedule(source)))
    assert {it["status"] for it in again.values()} == {"compliant"}
    assert changing(faults) == []


def test_a_dry_run_plans_exactly_that(
    function: StartFunction, moto: Moto, faults: Faults, three: None
) -> None:
    planned = by_region(function("recorder", endpoint=faults).invoke(schedule()))
    assert changing(faults) == []
    applied = by_region(function("recorder", mode="enforce").invoke(schedule()))
    for region in REGIONS:
        would = [step | {"status": ""} for step in planned[region]["steps"]]
        assert would == [step | {"status": ""} for step in applied[region]["steps"]]
    assert planned[WEST]["status"] == planned[NORTH]["status"] == "planned"


def test_an_account_without_any_gets_one_for_each_region(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    """All are chosen for by what there was at first, so that it does not hang on who is quicker."""
    moto.regions(REGIONS)
    started = function("recorder", endpoint=faults, mode="enforce", timeout=60)
    assert {it["status"] for it in by_region(started.invoke(schedule())).values()} == {"fixed"}
    assert sorted(buckets(moto)) == sorted(our_bucket(region) for region in REGIONS)
    for region in REGIONS:
        assert_made(moto, region)
    faults.forget()
    assert {it["status"] for it in by_region(started.invoke(schedule())).values()} == {"compliant"}
    assert changing(faults) == []


def test_configured_regions_bound_a_sweep(
    function: StartFunction, moto: Moto, faults: Faults, three: None
) -> None:
    started = function(
        "recorder", endpoint=faults, mode="enforce", TRAILKEEPER_REGIONS=f"{WEST},{NORTH}"
    )
    assert sorted(by_region(started.invoke(schedule()))) == sorted([WEST, NORTH])
    assert {call.region for call in faults.calls("config")} == {WEST, NORTH}
    assert faults.calls("account") == []


@pytest.mark.parametrize("error", ["AccessDeniedException", "ThrottlingException"])
def test_one_bad_region_stops_no_other(
    function: StartFunction, moto: Moto, faults: Faults, three: None, error: str
) -> None:
    faults.rule("config", "StartConfigurationRecorder", region=WEST, error=error, status=400)
    answer = function("recorder", endpoint=faults, mode="enforce", timeout=90).invoke(schedule())
    assert answer.ok is (error == "AccessDeniedException")
    assert [is_recording(moto, region) for region in REGIONS] == [True, False, True]
    if answer.ok:
        statuses = {region: it["status"] for region, it in by_region(answer).items()}
        assert statuses == {REGION: "compliant", WEST: "failed", NORTH: "fixed"}


def test_regions_that_cannot_be_listed_are_an_error(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    faults.deny("account", "ListRegions")
    answer = function("recorder", endpoint=faults).invoke(schedule())
    assert not answer.ok and "account:ListRegions" in (answer.error_message or "")
