"""The same event again, ten at once, a crash between two calls, too many calls: it ends right."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import StartFunction
from dying import dies
from envelope import schedule
from kms_keys import calls, check, invoke, key, key_call, many, put_state, rotation
from local_aws.faults import Faults
from local_aws.processes import REGION, Moto
from observed import result, results, writes

pytestmark = pytest.mark.function_alone("others write meanwhile, or it is cut short: what the command sees is not what it acts on")

READS = ["DescribeKey", "GetKeyRotationStatus"]
OPERATIONS = [*READS, "EnableKeyRotation"]


def test_the_second_time_nothing_is_written(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = key(moto)
    started = function("key", endpoint=faults, mode="enforce")
    assert result(started.invoke(key_call("CreateKey", arn)))["status"] == "fixed"
    faults.forget()
    assert result(started.invoke(key_call("CreateKey", arn)))["status"] == "compliant"
    assert (writes(faults), calls(faults)) == ([], READS)
    assert rotation(moto, arn) == 365


@pytest.mark.parametrize("keys", [1, 10])
def test_ten_at_once(function: StartFunction, moto: Moto, keys: int) -> None:
    arns = [key(moto) for _ in range(keys)]
    copies = [(function("key", mode="enforce"), arns[n % keys]) for n in range(10)]
    with ThreadPoolExecutor(len(copies)) as pool:
        answers = list(
            pool.map(lambda copy: copy[0].invoke(key_call("CreateKey", copy[1])), copies)
        )
    outcomes = [result(answer) for answer in answers]
    assert {outcome["status"] for outcome in outcomes} <= {"fixed", "compliant"}, outcomes
    assert any(outcome["status"] == "fixed" for outcome in outcomes)
    assert [rotation(moto, arn) for arn in arns] == [365] * keys


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_process_that_dies_in_the_middle(
    function: StartFunction, moto: Moto, operation: str, when: str
) -> None:
    arn = key(moto)
    dies(function("key", mode="enforce"), moto, key_call("CreateKey", arn), operation, when)
    retried = function("key", mode="enforce").invoke(key_call("CreateKey", arn))
    assert result(retried)["status"] in {"fixed", "compliant"}
    assert rotation(moto, arn) == 365


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("fault", ["throttle", "unavailable", "drop_before", "drop_after"])
def test_a_passing_fault_is_sat_out_within_the_invocation(
    function: StartFunction, moto: Moto, faults: Faults, operation: str, fault: str
) -> None:
    arn = key(moto)
    getattr(faults, fault)("kms", operation, times=1)
    assert check(function, faults, arn)["status"] == "fixed"
    assert rotation(moto, arn) == 365


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_lasting_fault_is_given_back_to_lambda_and_the_retry_ends_right(
    function: StartFunction, moto: Moto, faults: Faults, operation: str
) -> None:
    arn = key(moto)
    started = function("key", endpoint=faults, mode="enforce", timeout=90)
    faults.throttle("kms", operation)
    answer = started.invoke(key_call("CreateKey", arn))
    assert (answer.ok, answer.error_type) == (False, "Trailkeeper.TryAgain")
    assert "Throttling" in (answer.error_message or "") and operation in (
        answer.error_message or ""
    )
    assert calls(faults).count(operation) == 6, "the SDK tries six times"
    assert rotation(moto, arn) is None
    faults.clear()
    assert result(started.invoke(key_call("CreateKey", arn)))["status"] == "fixed"


def test_time_running_out_is_an_error_and_the_retry_ends_right(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = key(moto)
    started = function("key", endpoint=faults, mode="enforce", timeout=6)
    faults.stall("kms", "EnableKeyRotation", ms=20_000)
    answer = started.invoke(key_call("CreateKey", arn))
    assert (answer.ok, answer.error_type) == (False, "Trailkeeper.TryAgain")
    assert "ran out of time" in (answer.error_message or "")
    faults.clear()
    assert result(started.invoke(key_call("CreateKey", arn)))["status"] == "fixed"


def test_a_sweep_stays_within_the_rate_of_kms(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    many(moto, REGION, 60)
    moto.throttle("kms", 15)
    answer = invoke(function, faults, schedule(), timeout=60, TRAILKEEPER_REGIONS=REGION)
    assert [it["status"] for it in results(answer)] == ["fixed"] * 60
    assert len(faults.calls("kms", "EnableKeyRotation")) == 60, "none was one too many"


@pytest.mark.parametrize(
    ("state", "because"), [("Disabled", "disabled"), ("PendingDeletion", "scheduled for deletion")]
)
def test_a_key_that_somebody_takes_away_meanwhile_is_no_failure(
    function: StartFunction, moto: Moto, state: str, because: str
) -> None:
    arn = key(moto)
    started = function("key", mode="enforce")
    moto.hold("EnableKeyRotation", "before")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(started.invoke, key_call("CreateKey", arn))
        moto.wait_until_held()
        put_state(moto, arn, state)
        moto.release()
        outcome = result(running.result())
    assert outcome["status"] == "not-applicable" and because in outcome["because"]
    assert outcome["steps"] == []


def test_a_key_that_is_gone_meanwhile_is_no_failure(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = key(moto)
    started = function("key", endpoint=faults, mode="enforce")
    moto.hold("EnableKeyRotation", "before")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(started.invoke, key_call("CreateKey", arn))
        moto.wait_until_held()
        faults.rule(
            "kms", error="NotFoundException", status=400, message=f"Key '{arn}' does not exist"
        )
        moto.release(drop=True)
        outcome = result(running.result())
    assert (outcome["status"], outcome["because"]) == ("not-applicable", "it no longer exists")


def test_a_key_that_is_enabled_a_moment_later_is_fixed_all_the_same(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = key(moto)
    why = f"{arn} is disabled."
    faults.rule(
        "kms", "EnableKeyRotation", times=1, error="DisabledException", status=400, message=why
    )
    assert check(function, faults, arn, "EnableKey")["status"] == "fixed"
    assert len(faults.calls("kms", "EnableKeyRotation")) == 2
