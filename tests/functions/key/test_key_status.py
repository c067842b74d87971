"""Each status that the key function reports, and what the account holds afterwards."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from account_snapshot import difference, snapshot
from conftest import StartFunction
from kms_keys import (
    CONTROL,
    ENABLE,
    TRIGGERS,
    WEST,
    calls,
    check,
    id_of,
    key,
    key_call,
    put_state,
    rotation,
)
from local_aws.faults import Faults
from local_aws.processes import REGION, Moto
from observed import lines, result, steps, writes

READS, TAGS = ["DescribeKey", "GetKeyRotationStatus"], "ListResourceTags"


@pytest.mark.parametrize("name", TRIGGERS)
def test_fixed_after_each_call(
    function: StartFunction, moto: Moto, faults: Faults, name: str
) -> None:
    arn = key(moto)
    outcome = check(function, faults, arn, name)
    assert (outcome["status"], steps(outcome)) == ("fixed", [(ENABLE, "applied")])
    assert calls(faults) == [*READS, TAGS, "EnableKeyRotation", *READS]
    assert rotation(moto, arn) == 365
    (step,) = outcome["steps"]
    assert (step["before"], step["after"]) == (
        {"KeyRotationEnabled": False},
        {"KeyRotationEnabled": True, "RotationPeriodInDays": 365},
    )
    assert step["undo"] == f"aws kms disable-key-rotation --region {REGION} --key-id {arn}"


def test_nothing_but_the_rotation_changes(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = key(moto, Description="a", Tags=[{"TagKey": "a", "TagValue": "b"}])
    key(moto)
    before = snapshot(moto, [REGION, WEST])
    assert check(function, faults, arn)["status"] == "fixed"
    assert list(difference(before, snapshot(moto, [REGION, WEST]))) == [
        f"kms {REGION} {id_of(arn)} rotation"
    ]


@pytest.mark.parametrize("days", ["90", "180", "2560"])
def test_the_period_is_that_of_the_setting(
    function: StartFunction, moto: Moto, faults: Faults, days: str
) -> None:
    arn = key(moto)
    assert check(function, faults, arn, TRAILKEEPER_KEY_ROTATION_DAYS=days)["status"] == "fixed"
    assert rotation(moto, arn) == int(days)


@pytest.mark.parametrize("days", ["89", "2561", "0", "-365", "yearly", "365.5"])
def test_a_period_that_kms_does_not_take_stops_the_function(
    function: StartFunction, days: str
) -> None:
    started = function("key", endpoint="http://127.0.0.1:9", TRAILKEEPER_KEY_ROTATION_DAYS=days)
    assert started.wait_exit(10) != 0
    assert "TRAILKEEPER_KEY_ROTATION_DAYS" in lines(started, level="ERROR")[0]["message"]


@pytest.mark.parametrize("name", TRIGGERS)
def test_a_key_that_rotates_keeps_its_period(
    function: StartFunction, moto: Moto, faults: Faults, name: str
) -> None:
    arn = key(moto)
    moto.client("kms").enable_key_rotation(KeyId=arn, RotationPeriodInDays=180)
    outcome = check(function, faults, arn, name, TRAILKEEPER_KEY_ROTATION_DAYS="90")
    assert (outcome["status"], outcome["steps"]) == ("compliant", [])
    assert calls(faults) == READS
    assert rotation(moto, arn) == 180


def test_a_dry_run_plans_exactly_what_enforce_then_applies(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = key(moto)
    planned = check(function, faults, arn, mode="dry-run", TRAILKEEPER_KEY_ROTATION_DAYS="100")
    assert (planned["status"], calls(faults)) == ("planned", [*READS, TAGS])
    assert rotation(moto, arn) is None
    applied = check(function, faults, arn, TRAILKEEPER_KEY_ROTATION_DAYS="100")
    assert applied["status"] == "fixed" and applied["because"] == planned["because"]
    assert [it | {"status": None} for it in planned["steps"]] == [
        it | {"status": None} for it in applied["steps"]
    ]
    assert rotation(moto, arn) == 100


def test_a_key_that_is_not_known_everywhere_yet_is_waited_for(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = key(moto)
    faults.rule(
        "kms",
        "DescribeKey",
        times=2,
        error="NotFoundException",
        status=400,
        message=f"Key '{arn}' does not exist",
    )
    assert check(function, faults, arn)["status"] == "fixed"


@pytest.mark.function_alone("the key is there after so many calls")
def test_a_key_in_the_making_is_waited_for(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = key(moto)
    put_state(moto, arn, "Creating")
    started = function("key", endpoint=faults, mode="enforce")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(started.invoke, key_call("CreateKey", arn))
        while not faults.calls("kms", "DescribeKey"):
            time.sleep(0.02)
        put_state(moto, arn, "Enabled")
        assert result(running.result())["status"] == "fixed"


def test_a_key_that_is_gone_is_no_failure(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    gone = key(moto).replace("key/", "key/0")
    outcome = check(function, faults, gone)
    assert (outcome["status"], outcome["because"]) == ("not-applicable", "it no longer exists")
    assert set(calls(faults)) == {"DescribeKey"}


def test_failed_when_what_was_written_does_not_show(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = key(moto)
    started = function("key", endpoint=faults, mode="enforce", timeout=60)
    moto.hold("EnableKeyRotation", "after")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(started.invoke, key_call("CreateKey", arn))
        moto.wait_until_held()
        moto.client("kms").disable_key_rotation(KeyId=arn)
        moto.release()
        outcome = result(running.result())
    assert outcome["status"] == "failed" and "still wrong when read back" in outcome["because"]


# The modes.


@pytest.mark.parametrize("mode", ["dry-run", "enforce"])
def test_exempt_when_switched_off(
    function: StartFunction, moto: Moto, faults: Faults, mode: str
) -> None:
    outcome = check(function, faults, key(moto), mode=mode, TRAILKEEPER_CONTROLS=f"{CONTROL}=off")
    assert (outcome["status"], calls(faults)) == ("exempt", [])


def test_a_control_may_go_further_or_less_far_than_the_mode(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = key(moto)
    assert (
        check(function, faults, arn, TRAILKEEPER_CONTROLS=f"{CONTROL}=dry-run")["status"]
        == "planned"
    )
    assert writes(faults) == []
    outcome = check(
        function, faults, arn, mode="dry-run", TRAILKEEPER_CONTROLS=f"{CONTROL}=enforce"
    )
    assert outcome["status"] == "fixed"
