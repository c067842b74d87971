"""One trail with all six controls: what is written for it, once, and what the account holds afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from account_snapshot import difference, snapshot
from conftest import StartFunction
from given import trail, trail_bucket, trail_topic
from local_aws.faults import Faults
from local_aws.processes import REGION, Moto
from observed import steps
from trails import (
    CONTROLS, DELIVERY, EVENTS, GROUP_CALLS, KEY_CALLS, KMS, LOGGING, LOGS, MULTI, ROLE_CALLS, START, UPDATE, VALIDATION,
    WEST, WITHOUT_LOGS, assert_kept, changes, changing, create_trail, every, is_logging, kept_trail, now, outcomes, selectors,
    statuses, trail_call,
)

BLIND = [{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}]
DATA = {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::my-data/"]}
OF_THE_TRAIL = {
    "IsMultiRegionTrail", "LogFileValidationEnabled", "KmsKeyId", "CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn",
}


def test_one_event_puts_everything_right(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = trail(moto)
    answer = function("trail", endpoint=faults, mode="enforce").invoke(create_trail(arn))
    assert statuses(answer) == every("fixed", {EVENTS: "compliant"})
    assert_kept(moto, arn)
    assert sorted(changing(faults)) == sorted([START, *KEY_CALLS, *GROUP_CALLS, *ROLE_CALLS, UPDATE])
    assert changing(faults)[0] == START, "to record comes first"
    found = outcomes(answer)
    sets = [step["after"] for it in found.values() for step in it["steps"] if step["action"] == UPDATE]
    assert len(sets) == 4 and all(it == sets[0] for it in sets)
    assert sets[0].keys() == {
        "IsMultiRegionTrail", "EnableLogFileValidation", "KmsKeyId", "CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn",
    }


def test_all_else_of_the_trail_stays_as_it_is(function: StartFunction, moto: Moto) -> None:
    bucket = trail_bucket(moto)
    tags = [{"Key": "team", "Value": "audit"}]
    arn = trail(moto, S3BucketName=bucket, SnsTopicName=trail_topic(moto), TagsList=tags, IncludeGlobalServiceEvents=True)
    chosen = [{"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": [DATA]}]
    moto.client("cloudtrail").put_event_selectors(TrailName=arn, EventSelectors=chosen)
    before, had = snapshot(moto, [REGION, WEST]), now(moto, arn)
    function("trail", mode="enforce").invoke(create_trail(arn))
    differs = difference(before, snapshot(moto, [REGION, WEST]))
    of_trails = {name for name in differs if name.startswith("cloudtrail")}
    assert of_trails == {f"cloudtrail {REGION} main", f"cloudtrail {REGION} main logging"}
    assert not [name for name in differs if name.startswith(("s3", "sns"))]
    assert {k: v for k, v in now(moto, arn).items() if had.get(k) != v}.keys() == OF_THE_TRAIL


def test_the_second_time_nothing_is_written(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = trail(moto)
    started = function("trail", endpoint=faults, mode="enforce")
    started.invoke(create_trail(arn))
    faults.forget()
    assert statuses(started.invoke(trail_call("UpdateTrail", arn))) == every("compliant")
    assert changes(faults) == []
    # The account's policies are asked for by their kinds.
    calls = [it for it in faults.calls() if it.operation != "DescribeAccountPolicies"]
    made = [(call.operation, call.resource, call.region) for call in calls]
    assert len(made) == len(set(made)), "nothing is read twice"
    assert_kept(moto, arn)


def test_the_retention_is_the_one_that_is_set(function: StartFunction, moto: Moto) -> None:
    arn = trail(moto)
    started = function("trail", mode="enforce", TRAILKEEPER_LOG_RETENTION_DAYS="90")
    assert statuses(started.invoke(create_trail(arn)))[LOGS] == "fixed"
    assert_kept(moto, arn, retention=90)


def test_a_dry_run_plans_exactly_what_enforce_then_applies(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = trail(moto)
    moto.client("cloudtrail").put_event_selectors(TrailName=arn, EventSelectors=BLIND)
    before = snapshot(moto, [REGION, WEST])
    planned = outcomes(function("trail", endpoint=faults).invoke(create_trail(arn)))
    assert changes(faults) == [] and difference(before, snapshot(moto, [REGION, WEST])) == {}
    applied = outcomes(function("trail", mode="enforce").invoke(create_trail(arn)))
    for control in CONTROLS:
        plan, done = planned[control], applied[control]
        assert (plan["status"], done["status"]) == ("planned", "fixed"), control
        assert plan["because"] == done["because"]
        assert {status for _, status in steps(plan)} == {"planned"}
        for would, did in zip(plan["steps"], done["steps"], strict=True):
            for field in ("action", "summary", "before", "after", "undo"):
                assert would[field] == did[field], (control, field)
    assert_kept(moto, arn)


def stop(moto: Moto, arn: str) -> None:
    moto.client("cloudtrail").stop_logging(Name=arn)


def blind(moto: Moto, arn: str) -> None:
    moto.client("cloudtrail").put_event_selectors(TrailName=arn, EventSelectors=BLIND)


def nothing(moto: Moto, arn: str) -> None:
    pass


ALONE: dict[str, tuple[dict[str, Any], Any, set[str], list[str]]] = {
    "stopped": ({}, stop, {LOGGING, MULTI}, [START]),
    "blind": ({}, blind, {EVENTS}, ["cloudtrail:PutEventSelectors"]),
    "one region": ({"IsMultiRegionTrail": False}, nothing, {MULTI}, [UPDATE]),
    "no digests": ({"EnableLogFileValidation": False}, nothing, {VALIDATION}, [UPDATE]),
    "no key": ({"KmsKeyId": None}, nothing, {KMS}, [*KEY_CALLS, UPDATE]),
    "no log group": (WITHOUT_LOGS, nothing, {LOGS}, [*GROUP_CALLS, *ROLE_CALLS, UPDATE]),
}


@pytest.mark.parametrize(("given", "harm", "wrong", "expected"), ALONE.values(), ids=ALONE)
def test_what_alone_is_wrong_is_alone_written(
    function: StartFunction, moto: Moto, faults: Faults, given: dict[str, Any], harm: Any, wrong: set[str],
    expected: list[str],
) -> None:
    arn = kept_trail(moto, **given)
    harm(moto, arn)
    had = now(moto, arn)
    answer = function("trail", endpoint=faults, mode="enforce").invoke(trail_call("UpdateTrail", arn))
    assert statuses(answer) == every("compliant", dict.fromkeys(wrong, "fixed"))
    assert changing(faults) == expected
    for control in wrong:
        assert [action for action, _ in steps(outcomes(answer)[control])] == expected
    has = now(moto, arn)
    differs = {name for name in OF_THE_TRAIL if has.get(name) != had.get(name)}
    asked = {name for name in OF_THE_TRAIL if name in given or name == "LogFileValidationEnabled" and VALIDATION in wrong}
    assert differs == asked
    assert is_logging(moto, arn)


def test_compliant_on_what_the_customer_made(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = kept_trail(moto)
    before = snapshot(moto, [REGION])
    answer = function("trail", endpoint=faults, mode="enforce").invoke(trail_call("UpdateTrail", arn))
    assert statuses(answer) == every("compliant")
    assert changes(faults) == [] and difference(before, snapshot(moto, [REGION])) == {}
    assert {call.region for call in faults.calls()} == {REGION}, "one trail covers all: nothing else is asked"
    assert faults.calls("account") == []


UNREAD = {
    KMS: {"kms"},
    LOGS: {"logs", "iam"},
    # Whether a trail may stay stopped hangs on the others.
    f"{MULTI} {EVENTS} {LOGGING}": {"account"},
    " ".join((*CONTROLS, DELIVERY)): {"cloudtrail", "s3"},
}


@pytest.mark.parametrize(("off", "services"), UNREAD.items(), ids=["kms", "logs", "account", "all"])
def test_what_is_switched_off_is_exempt_and_not_read(
    function: StartFunction, moto: Moto, faults: Faults, off: str, services: set[str]
) -> None:
    arn = trail(moto)
    settings = ",".join(f"{control}=off" for control in off.split())
    started = function("trail", endpoint=faults, mode="enforce", TRAILKEEPER_CONTROLS=settings)
    found = statuses(started.invoke(create_trail(arn)))
    assert {control for control, status in found.items() if status == "exempt"} == set(off.split()) - {DELIVERY}
    assert not {call.service for call in faults.calls()} & services
    if KMS in off:
        assert faults.calls("s3", "GetBucketPolicy") == [] and not now(moto, arn).get("KmsKeyId")
    if MULTI in off:
        assert now(moto, arn)["IsMultiRegionTrail"] is False


@pytest.mark.function_alone("which changes share a call depends on which are made")
@pytest.mark.parametrize("default", ["dry-run", "enforce"])
def test_each_control_goes_as_far_as_its_own_mode(
    function: StartFunction, moto: Moto, faults: Faults, default: str
) -> None:
    arn = kept_trail(moto, EnableLogFileValidation=False, KmsKeyId=None)
    modes = {"dry-run": f"{VALIDATION}=enforce", "enforce": f"{KMS}=dry-run"}[default]
    started = function("trail", endpoint=faults, mode=default, TRAILKEEPER_CONTROLS=modes)
    found = outcomes(started.invoke(trail_call("UpdateTrail", arn)))
    assert {control: it["status"] for control, it in found.items()} == every("compliant", {VALIDATION: "fixed", KMS: "planned"})
    assert changing(faults) == [UPDATE]
    assert steps(found[KMS]) == [(action, "planned") for action in [*KEY_CALLS, UPDATE]]
    assert found[VALIDATION]["steps"][0]["after"] == {"EnableLogFileValidation": True}
    has = now(moto, arn)
    assert has["LogFileValidationEnabled"] is True and "KmsKeyId" not in has


def test_a_stopped_trail_is_started_though_the_rest_is_only_planned(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = trail(moto)
    started = function("trail", endpoint=faults, TRAILKEEPER_CONTROLS=f"{LOGGING}=enforce")
    found = statuses(started.invoke(create_trail(arn)))
    assert found == every("planned", {LOGGING: "fixed", EVENTS: "compliant"})
    assert changing(faults) == [START] and is_logging(moto, arn)


def test_a_trail_that_is_gone_concerns_no_control(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = kept_trail(moto)
    gone = arn.replace("trail/main", "trail/gone")
    answer = function("trail", endpoint=faults, mode="enforce").invoke(trail_call("UpdateTrail", gone))
    assert statuses(answer, gone) == every("not-applicable")
    assert changes(faults) == [] and selectors(moto, arn)["EventSelectors"][0]["ReadWriteType"] == "All"
