"""Faults and refusals on the way: sat out, left to the retry, or told with the action's name."""

from __future__ import annotations

import pytest
from alarms import publishing
from chains import (
    ADDRESS, ENABLE, OURS, PUT_ALARM, SET_TOPIC, THEIR_TOPIC, WHOLE_CHAIN, actions, check,
    delete_alarms, fed, made, of, theirs,
)
from conftest import StartFunction
from local_aws.faults import Faults
from local_aws.processes import Moto
from observed import steps
from test_monitoring_repeats import assert_one_chain

pytestmark = pytest.mark.function_alone("a call of it fails, and not the same one of the command")

FAULTS = ["throttle", "unavailable", "drop_before", "drop_after"]
TRY_AGAIN = (False, "Trailkeeper.TryAgain")
READS = [
    "cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus", "cloudtrail:GetEventSelectors",
    "logs:DescribeMetricFilters", "cloudwatch:DescribeAlarmsForMetric",
]
"""What is asked of every chain."""
# A log group that has filters is of a class that may have them.
OF_NOTHING = [*READS, "logs:DescribeLogGroups", "cloudwatch:DescribeAlarms", "sns:GetTopicAttributes", "kms:DescribeKey"]
OF_THEIRS = [*READS, "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"]


@pytest.mark.parametrize("call", OF_NOTHING)
def test_unknown_where_there_is_nothing_and_that_may_not_be_read(
    function: StartFunction, moto: Moto, faults: Faults, call: str
) -> None:
    here = fed(moto)
    faults.deny(*call.split(":"))
    outcome = check(function, faults, **ADDRESS)
    assert (outcome["status"], outcome["steps"]) == ("unknown", []), outcome
    assert f"{call} was denied" in outcome["because"]
    assert made(faults) == [] and here.everything() == {}
    assert len(faults.calls(*call.split(":"))) == 1, "what is denied is not asked again"


@pytest.mark.parametrize("call", OF_THEIRS)
def test_unknown_where_a_customers_chain_may_not_be_read(
    function: StartFunction, moto: Moto, faults: Faults, call: str
) -> None:
    here = theirs(moto)
    before = here.everything()
    faults.deny(*call.split(":"))
    outcome = check(function, faults, **ADDRESS)
    assert (outcome["status"], made(faults)) == ("unknown", []), outcome
    assert f"{call} was denied" in outcome["because"] and here.everything() == before


@pytest.mark.parametrize("call", WHOLE_CHAIN)
@pytest.mark.parametrize("how", ["denied", "refused"])
def test_failed_when_a_write_is_denied_or_refused(
    function: StartFunction, moto: Moto, faults: Faults, call: str, how: str
) -> None:
    fed(moto)
    service, operation = call.split(":")
    if how == "denied":
        faults.deny(service, operation)
    else:
        faults.rule(service, operation, error="ValidationException", status=400, message="no")
    outcome = check(function, faults, **ADDRESS)
    assert outcome["status"] == "failed" and call in outcome["because"], outcome
    done = WHOLE_CHAIN[: WHOLE_CHAIN.index(call)]
    assert steps(outcome)[: len(done) + 1] == [*((it, "applied") for it in done), (call, "failed")]
    assert {status for _, status in steps(outcome)[len(done) + 1 :]} <= {"skipped", "planned"}
    assert made(faults) == [*done, call]
    faults.clear()
    again = check(function, faults, **ADDRESS)
    assert again["status"] == "fixed" and set(actions(again)) <= set(WHOLE_CHAIN)


@pytest.mark.parametrize(("call", "broken"), [
    (ENABLE, "actions"), (PUT_ALARM, "threshold"), (SET_TOPIC, "policy"),
])
def test_failed_when_a_customers_may_not_be_mended(
    function: StartFunction, moto: Moto, faults: Faults, call: str, broken: str
) -> None:
    given = {"actions": {"ActionsEnabled": False}, "threshold": {"Threshold": 9.0}}
    here = theirs(moto, **given.get(broken, {}))
    if broken == "policy":
        here.topic("security", publishing(THEIR_TOPIC) | {"Action": "SNS:Subscribe"})
    before = here.everything()
    faults.deny(*call.split(":"))
    outcome = check(function, faults, **ADDRESS)
    assert (outcome["status"], steps(outcome)) == ("failed", [(call, "failed")]), outcome
    assert call in outcome["because"] and here.everything() == before


@pytest.mark.parametrize("call", OF_NOTHING + WHOLE_CHAIN)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_passing_fault_is_sat_out_within_the_invocation(
    function: StartFunction, moto: Moto, faults: Faults, call: str, fault: str
) -> None:
    here = fed(moto)
    getattr(faults, fault)(*call.split(":"), times=1)
    started = function("monitoring", endpoint=faults, mode="enforce", timeout=60, **ADDRESS)
    assert of(started.invoke(delete_alarms()))["status"] in {"fixed", "compliant"}
    assert_one_chain(here, moto)


@pytest.mark.parametrize("call", [*READS[:1], READS[4], *WHOLE_CHAIN])
def test_a_lasting_fault_is_given_back_to_lambda_and_the_retry_ends_right(
    function: StartFunction, moto: Moto, faults: Faults, call: str
) -> None:
    here = fed(moto)
    started = function("monitoring", endpoint=faults, mode="enforce", timeout=90, **ADDRESS)
    faults.throttle(*call.split(":"))
    answer = started.invoke(delete_alarms())
    assert (answer.ok, answer.error_type) == TRY_AGAIN
    assert call in (answer.error_message or "")
    assert f"alarm {OURS}" not in here.everything()
    faults.clear()
    assert of(started.invoke(delete_alarms()))["status"] == "fixed"
    assert_one_chain(here, moto)


def test_time_running_out_is_an_error_and_the_retry_ends_right(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = fed(moto)
    started = function("monitoring", endpoint=faults, mode="enforce", timeout=6, **ADDRESS)
    faults.stall("logs", "PutMetricFilter", ms=20_000)
    answer = started.invoke(delete_alarms())
    assert (answer.ok, answer.error_type) == TRY_AGAIN
    assert "ran out of time" in (answer.error_message or "")
    faults.clear()
    assert of(started.invoke(delete_alarms()))["status"] == "fixed"
    assert_one_chain(here, moto)
