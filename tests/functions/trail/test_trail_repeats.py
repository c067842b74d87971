"""The same event again, ten at once, a crash between any two calls, a fault in any of them: it ends right."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import StartFunction
from dying import dies
from envelope import schedule
from given import trail
from local_aws.faults import Faults
from local_aws.processes import REGION, Moto
from observed import results
from trails import (
    CONTROLS, EVENTS, GROUP_CALLS, KEY_CALLS, KMS, LOGGING, LOGS, MULTI, OUR_ROLE, ROLE_CALLS, START, UPDATE, VALIDATION,
    assert_kept, basic, changing, create_trail, is_logging, now, our_keys, our_roles, outcomes, selectors, statuses, trail_call,
)

pytestmark = pytest.mark.function_alone("others write meanwhile, or it is cut short: what the command sees is not what it acts on")

PUT = "cloudtrail:PutEventSelectors"
WRITES = [START, PUT, *KEY_CALLS, *GROUP_CALLS, *ROLE_CALLS, UPDATE]
READS = ["DescribeTrails", "GetTrailStatus", "GetEventSelectors", "HeadBucket", "DescribeKey", "DescribeLogGroups", "GetRole"]


def broken(moto: Moto, name: str = "main", region: str = REGION) -> str:
    """A trail of which everything is wrong."""
    arn = trail(moto, name, region)
    moto.client("cloudtrail", region).put_event_selectors(TrailName=arn, EventSelectors=[basic("ReadOnly")])
    return arn


def assert_right(moto: Moto, arn: str) -> None:
    assert_kept(moto, arn)
    assert selectors(moto, arn) == {"EventSelectors": [basic()]}


@pytest.mark.parametrize("copies", [2, 10])
def test_many_at_once_for_one_trail(function: StartFunction, moto: Moto, copies: int) -> None:
    arn = broken(moto)
    started = [function("trail", mode="enforce", timeout=90) for _ in range(copies)]
    with ThreadPoolExecutor(copies) as pool:
        answers = list(pool.map(lambda one: one.invoke(create_trail(arn)), started))
    assert all(answer.ok for answer in answers), [answer.error_message for answer in answers]
    said = {status for answer in answers for status in statuses(answer).values()}
    assert said <= {"fixed", "compliant"}, said
    assert our_roles(moto) == [OUR_ROLE]
    assert now(moto, arn)["KmsKeyId"] in our_keys(moto)
    assert len(our_keys(moto)) == 1, "one key is made, whoever is quicker"
    assert_right(moto, arn)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("operation", READS + [write.split(":")[1] for write in WRITES])
def test_a_process_that_dies_in_the_middle(function: StartFunction, moto: Moto, operation: str, when: str) -> None:
    arn = broken(moto)
    dies(function("trail", mode="enforce"), moto, create_trail(arn), operation, when)
    retried = function("trail", mode="enforce").invoke(create_trail(arn))
    assert set(statuses(retried).values()) <= {"fixed", "compliant"}
    assert_right(moto, arn)


@pytest.mark.parametrize("fault", ["throttle", "unavailable", "drop_before", "drop_after"])
@pytest.mark.parametrize("call", WRITES)
def test_a_passing_fault_is_sat_out_within_the_invocation(
    function: StartFunction, moto: Moto, faults: Faults, call: str, fault: str
) -> None:
    arn = broken(moto)
    getattr(faults, fault)(*call.split(":"), times=1)
    answer = function("trail", endpoint=faults, mode="enforce").invoke(create_trail(arn))
    assert answer.ok, answer.error_message
    assert set(statuses(answer).values()) <= {"fixed", "compliant"}, statuses(answer)
    assert_right(moto, arn)


CONCERNS = {START: {MULTI, LOGGING}, PUT: {EVENTS}, UPDATE: {MULTI, VALIDATION, KMS, LOGS}}


@pytest.mark.parametrize("call", WRITES)
def test_what_is_denied_fails_and_the_rest_is_fixed(
    function: StartFunction, moto: Moto, faults: Faults, call: str
) -> None:
    arn = broken(moto)
    faults.deny(*call.split(":"))
    started = function("trail", endpoint=faults, mode="enforce")
    found = outcomes(started.invoke(create_trail(arn)))
    concerned = CONCERNS.get(call) or {KMS if call in KEY_CALLS else LOGS}
    for control in CONTROLS:
        assert found[control]["status"] == ("failed" if control in concerned else "fixed"), control
    assert all(f"{call} was denied" in found[control]["because"] for control in concerned)
    assert changing(faults).count(call) == 1, "what is denied is not asked again"
    failing = [step for control in concerned for step in found[control]["steps"] if step["status"] == "failed"]
    assert failing and {step["action"] for step in failing} == {call}
    faults.clear()
    assert set(statuses(started.invoke(create_trail(arn))).values()) <= {"fixed", "compliant"}
    assert_right(moto, arn)


@pytest.mark.parametrize("call", [START, UPDATE, "kms:CreateKey", "logs:CreateLogGroup"])
def test_a_lasting_fault_is_given_back_to_lambda_and_the_rest_is_fixed(
    function: StartFunction, moto: Moto, faults: Faults, call: str
) -> None:
    arn = broken(moto)
    faults.throttle(*call.split(":"))
    started = function("trail", endpoint=faults, mode="enforce", timeout=90)
    answer = started.invoke(create_trail(arn))
    assert (answer.ok, answer.error_type) == (False, "Trailkeeper.TryAgain")
    assert call in (answer.error_message or "")
    assert selectors(moto, arn) == {"EventSelectors": [basic()]}
    assert is_logging(moto, arn) is (call != START)
    faults.clear()
    assert set(statuses(started.invoke(create_trail(arn))).values()) <= {"fixed", "compliant"}
    assert_right(moto, arn)


def test_time_running_out_is_an_error_and_the_retry_ends_right(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = broken(moto)
    started = function("trail", endpoint=faults, mode="enforce", timeout=6)
    faults.stall("kms", "CreateKey", ms=20_000)
    answer = started.invoke(create_trail(arn))
    assert (answer.ok, answer.error_type) == (False, "Trailkeeper.TryAgain")
    assert is_logging(moto, arn), "to record comes first"
    faults.clear()
    assert set(statuses(started.invoke(create_trail(arn))).values()) <= {"fixed", "compliant"}
    assert_right(moto, arn)


def test_five_trails_within_cloudtrails_rates(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arns = [broken(moto, f"trail-{number}") for number in range(5)]
    moto.throttle("cloudtrail", 1)
    answer = function("trail", endpoint=faults, mode="enforce", timeout=90).invoke(schedule())
    assert answer.ok, answer.error_message
    assert {it["status"] for it in results(answer) if it["control"] in CONTROLS} <= {"fixed", "compliant", "not-applicable"}
    assert all(is_logging(moto, arn) and now(moto, arn)["LogFileValidationEnabled"] for arn in arns)
    assert all(now(moto, arn)["KmsKeyId"] == our_keys(moto)[0] for arn in arns)
    assert [now(moto, arn)["IsMultiRegionTrail"] for arn in arns].count(True) == 1
    assert len(our_keys(moto)) == 1 and our_roles(moto) == [OUR_ROLE]


def test_calls_are_paced_to_cloudtrails_rates(function: StartFunction, moto: Moto, faults: Faults) -> None:
    """One a second of each kind: a call sent too early is refused, and its repetition takes another's turn."""
    for number in range(5):
        broken(moto, f"trail-{number}")
    moto.throttle("cloudtrail", 1)
    answer = function("trail", endpoint=faults, mode="enforce", timeout=90).invoke(schedule())
    assert answer.ok, answer.error_message
    sent = {call: changing(faults).count(call) for call in (START, UPDATE, PUT)}
    assert sent[START] <= 7 and sent[UPDATE] <= 7 and sent[PUT] <= 2, sent


def test_a_trail_deleted_meanwhile_is_no_failure(function: StartFunction, moto: Moto) -> None:
    arn = broken(moto)
    started = function("trail", mode="enforce")
    moto.hold("UpdateTrail", "before")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(started.invoke, create_trail(arn))
        moto.wait_until_held()
        moto.client("cloudtrail").delete_trail(Name=arn)
        moto.release()
        answer = running.result()
    assert answer.ok and "failed" not in set(statuses(answer, arn).values())


def test_somebody_who_puts_it_right_meanwhile_is_no_failure(function: StartFunction, moto: Moto) -> None:
    arn = broken(moto)
    started = function("trail", mode="enforce")
    moto.hold("CreateRole", "before")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(started.invoke, create_trail(arn))
        moto.wait_until_held()
        quicker = function("trail", mode="enforce").invoke(trail_call("UpdateTrail", arn))
        moto.release()
        answer = running.result()
    for one in (quicker, answer):
        assert set(statuses(one).values()) <= {"fixed", "compliant"}, statuses(one)
    assert_right(moto, arn)
