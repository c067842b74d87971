"""The alarm on a filter's metric: what keeps one from ringing, and what is changed of it then."""

from __future__ import annotations

from typing import Any

import pytest
from alarms import topic_arn
from chains import (
    ADDRESS, ENABLE, NEW_TOPIC, OURS, PATTERN, PUT_ALARM, THEIRS, THEIR_TOPIC, Changes, but_key,
    left, mended, new_alarm, new_topic, theirs,
)
from conftest import StartFunction
from envelope import api_call
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto

THEIR_ALARM = f"cloudwatch {REGION} {THEIRS}"
RECORD = api_call("s3", "PutBucketPolicy")
LAMBDA = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:notify"


def only_change(changes: Changes) -> dict[str, Any]:
    """The members of the customer's alarm that have another value now, with that value."""
    assert changes.keys() == {THEIR_ALARM}
    ((before, after),) = changes.values()
    return {
        key: after.get(key)
        for key in before.keys() | after.keys() if before.get(key) != after.get(key)
    }


SOUND: dict[str, dict[str, Any]] = {
    "as CIS has it": {},
    "the average": {"Statistic": "Average"},
    "the largest": {"Statistic": "Maximum"},
    "the count": {"Statistic": "SampleCount"},
    "above zero": {"Threshold": 0.0, "ComparisonOperator": "GreaterThanThreshold"},
    "a minute": {"Period": 60},
    "one of five": {"EvaluationPeriods": 5, "DatapointsToAlarm": 1},
    "missing data as AWS has it": {"TreatMissingData": None},
    "told when it is over, too": {"OKActions": [THEIR_TOPIC]},
}


@pytest.mark.parametrize("given", SOUND.values(), ids=SOUND)
def test_one_that_rings_at_a_single_match_is_compliant(
    function: StartFunction, moto: Moto, faults: Faults, given: dict[str, Any]
) -> None:
    here = theirs(moto, **given)
    left(function, moto, faults, "compliant", **ADDRESS)
    assert [it["AlarmName"] for it in here.ring(RECORD)] == [THEIRS]


MUTE: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "threshold": ({"Threshold": 5.0}, "GreaterThanOrEqualToThreshold 5", {"Threshold": 1.0}),
    "above one": (
        {"ComparisonOperator": "GreaterThanThreshold"}, "GreaterThanThreshold 1",
        {"ComparisonOperator": "GreaterThanOrEqualToThreshold"},
    ),
    "below": (
        {"ComparisonOperator": "LessThanThreshold"}, "LessThanThreshold 1",
        {"ComparisonOperator": "GreaterThanOrEqualToThreshold"},
    ),
    "240 periods": ({"EvaluationPeriods": 240}, "240 of 240 periods", {"EvaluationPeriods": 1}),
    "two of three": (
        {"EvaluationPeriods": 3, "DatapointsToAlarm": 2}, "2 of 3 periods",
        {"EvaluationPeriods": 1, "DatapointsToAlarm": 1},
    ),
    "breaching": (
        {"TreatMissingData": "breaching"}, "missing data as breaching", {
            "TreatMissingData": "notBreaching"
        },
    ),
    "for ever": (
        {"TreatMissingData": "ignore"},
        "missing data as ignore",
        {"TreatMissingData": "notBreaching"},
    ),
    "ten seconds": ({"Period": 10}, "period of 10 s", {"Period": 300}),
    "a unit": ({"Unit": "Percent"}, "unit Percent", {"Unit": None}),
    "three at once": (
        {
            "Threshold": 2.0, "EvaluationPeriods": 2, "TreatMissingData": "breaching"
        }, "2 of 2 periods",
        {"Threshold": 1.0, "EvaluationPeriods": 1, "TreatMissingData": "notBreaching"},
    ),
}


@pytest.mark.parametrize(("given", "because", "expected"), MUTE.values(), ids=MUTE)
def test_one_that_does_not_ring_is_changed_in_that_alone(
    function: StartFunction, moto: Moto, faults: Faults, given: dict[
        str, Any
    ], because: str, expected: dict[str, Any]
) -> None:
    here = theirs(moto, **given)
    changes = mended(function, moto, faults, because, [PUT_ALARM], **ADDRESS)
    assert only_change(changes) == expected
    here.quiet()
    here.heard()
    assert [it["AlarmName"] for it in here.ring(RECORD)] == [THEIRS]


def test_an_average_that_a_default_value_drowns_becomes_a_sum(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = theirs(moto, Statistic="Average")
    here.filter_(THEIRS, PATTERN, defaultValue=0.0)
    changes = mended(
        function, moto, faults, "its statistic Average hides a single match", [PUT_ALARM], **ADDRESS
    )
    assert only_change(changes) == {"Statistic": "Sum"}


def test_the_threshold_is_what_a_match_counts(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = theirs(moto, Threshold=5.0)
    here.filter_(THEIRS, PATTERN, metricValue="5")
    left(function, moto, faults, "compliant", **ADDRESS)
    here.alarm(THEIRS, THEIR_TOPIC, Threshold=6.0)
    changes = mended(
        function, moto, faults, "a single match does not set it off", [PUT_ALARM], **ADDRESS
    )
    assert only_change(changes) == {"Threshold": 5.0}


def test_actions_that_are_off_are_switched_on_and_nothing_is_put(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = theirs(moto)
    here.cloudwatch.disable_alarm_actions(AlarmNames=[THEIRS])
    changes = mended(
        function, moto, faults, f"the actions of alarm {THEIRS} are disabled", [ENABLE], **ADDRESS
    )
    assert only_change(changes) == {"ActionsEnabled": True}
    assert len(here.ring(RECORD)) == 1


def test_one_that_is_mute_and_off_takes_one_call(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    theirs(moto, Threshold=9.0, ActionsEnabled=False)
    changes = mended(function, moto, faults, f"alarm {THEIRS} cannot go off", [PUT_ALARM], **ADDRESS)
    assert only_change(changes) == {"ActionsEnabled": True, "Threshold": 1.0}


def test_a_metric_without_an_alarm_gets_ours(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = theirs(moto)
    here.cloudwatch.delete_alarms(AlarmNames=[THEIRS])
    because = f"there is no alarm on metric {THEIRS} in namespace CISBenchmark"
    changes = mended(function, moto, faults, because, [*NEW_TOPIC, PUT_ALARM], **ADDRESS)
    assert but_key(changes) == new_alarm() | new_topic()
    assert changes[f"cloudwatch {REGION} {OURS}"][1]["MetricName"] == THEIRS
    assert [it["AlarmName"] for it in here.ring(RECORD)] == [OURS]


OTHERS: dict[str, dict[str, Any]] = {
    "namespace": {"Namespace": "LogMetrics"},
    "metric": {"metric": "others"},
    "dimension": {"Dimensions": [{"Name": "Event", "Value": "PutBucketAcl"}]},
    "metric maths": {
        "Namespace": None, "MetricName": None, "Statistic": None, "Period": None,
        "Metrics": [{
            "Id": "m", "ReturnData": True,
            "MetricStat": {
                "Metric": {
                    "Namespace": "CISBenchmark", "MetricName": THEIRS
                }, "Period": 300, "Stat": "Sum",
            },
        }],
    },
}


@pytest.mark.parametrize("given", OTHERS.values(), ids=OTHERS)
def test_one_on_something_else_is_left_and_gets_ours_beside_it(
    function: StartFunction, moto: Moto, faults: Faults, given: dict[str, Any]
) -> None:
    theirs(moto, **given)
    changes = mended(
        function, moto, faults, "there is no alarm on metric", [*NEW_TOPIC, PUT_ALARM], **ADDRESS
    )
    assert but_key(changes) == new_alarm() | new_topic()


def test_ours_that_somebody_had_watch_something_else_watches_again(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = theirs(moto)
    here.cloudwatch.delete_alarms(AlarmNames=[THEIRS])
    here.alarm(OURS, THEIR_TOPIC, metric="others", AlarmDescription="mine")
    changes = mended(function, moto, faults, "there is no alarm on metric", [PUT_ALARM], **ADDRESS)
    ((before, after),) = changes.values()
    assert after == before | {"MetricName": THEIRS}


@pytest.mark.parametrize("others", [[], [LAMBDA]], ids=["none", "a function"])
def test_one_that_tells_no_topic_tells_ours_besides(
    function: StartFunction, moto: Moto, faults: Faults, others: list[str]
) -> None:
    here = theirs(moto)
    here.alarm(THEIRS, *others)
    because = f"alarm {THEIRS} notifies no SNS topic"
    changes = mended(function, moto, faults, because, [*NEW_TOPIC, PUT_ALARM], **ADDRESS)
    assert but_key(changes) == {THEIR_ALARM} | new_topic()
    before, after = changes[THEIR_ALARM]
    assert after == before | {"AlarmActions": [*others, topic_arn(OURS)]}
    assert len(here.ring(RECORD)) == 1


def test_one_with_five_actions_is_left_to_a_person(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = theirs(moto)
    five = [f"{LAMBDA}-{number}" for number in range(5)]
    here.alarm(THEIRS, *five)
    outcome = left(
        function, moto, faults, "advised", f"alarm {THEIRS} notifies no SNS topic", **ADDRESS
    )
    assert "Remove an action" in outcome["advice"]


def test_of_several_alarms_one_that_is_whole_is_enough(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = theirs(moto)
    here.alarm("another", metric=THEIRS, Threshold=100.0)
    here.alarm("a-third", metric=THEIRS, ActionsEnabled=False)
    left(function, moto, faults, "compliant", **ADDRESS)


def test_of_several_alarms_the_one_that_needs_least_is_mended(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = theirs(moto, ActionsEnabled=False)
    here.alarm("a-first", THEIR_TOPIC, metric=THEIRS, Threshold=100.0)
    here.alarm("z-last", metric=THEIRS)
    changes = mended(
        function, moto, faults, f"the actions of alarm {THEIRS} are disabled", [ENABLE], **ADDRESS
    )
    assert only_change(changes) == {"ActionsEnabled": True}
