"""What customers have made stays theirs: nothing but what was broken changes."""

from __future__ import annotations

from typing import Any

import pytest
from alarms import GROUP, Monitoring, topic_arn
from chains import (
    ADDRESS, CONTROL, ENABLE, OURS, PATTERN, PUT_ALARM, PUT_FILTER, S3_CALLS, THEIRS, THEIR_TOPIC,
    any_of, check, fed, filter_key, left, made, mended, theirs,
)
from conftest import StartFunction
from envelope import api_call
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto

RECORD = api_call("s3", "PutBucketPolicy")
THEIR_ALARM = f"cloudwatch {REGION} {THEIRS}"
LAMBDA = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:page"
TAGS = [{"Key": "team", "Value": "network"}, {"Key": "cost", "Value": "42"}]
RICH: dict[str, Any] = {
    "AlarmDescription": "Who changes buckets? https://example.com/x?a=1&b=<2> \u2014 day & night",
    "AlarmActions": [LAMBDA, THEIR_TOPIC, topic_arn("managers")],
    "OKActions": [topic_arn("managers"), LAMBDA],
    "InsufficientDataActions": [topic_arn("managers")],
    "Unit": "Count",
    "Period": 900,
    "EvaluationPeriods": 3,
    "DatapointsToAlarm": 1,
    "Threshold": 0.5,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "missing",
    "Statistic": "Maximum",
    "Tags": TAGS,
}
BROKEN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "threshold": (
        {"Threshold": 2.5},
        {"Threshold": 1.0, "ComparisonOperator": "GreaterThanOrEqualToThreshold"},
    ),
    "periods": ({"DatapointsToAlarm": 3}, {"DatapointsToAlarm": 1, "EvaluationPeriods": 1}),
    "missing data": ({"TreatMissingData": "breaching"}, {"TreatMissingData": "notBreaching"}),
    "statistic": (
        {
            "Statistic": None,
            "ExtendedStatistic": "p90",
            "EvaluateLowSampleCountPercentile": "ignore",
        },
        {},
    ),
}


def rich(moto: Moto, **alarm: Any) -> Monitoring:
    """A chain whose filter and alarm have all that they can have."""
    here = theirs(moto)
    here.topic("managers")
    here.filter_(THEIRS, PATTERN, unit="Count")
    here.cloudwatch.delete_alarms(AlarmNames=[THEIRS])
    here.alarm(THEIRS, **(RICH | alarm))
    return here


def test_an_alarm_with_everything_is_compliant(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = rich(moto)
    left(function, moto, faults, "compliant", **ADDRESS)
    assert len(here.ring(RECORD)) == 1


@pytest.mark.parametrize(("given", "expected"), BROKEN.values(), ids=BROKEN)
def test_an_alarm_with_everything_changes_in_what_was_broken_alone(
    function: StartFunction, moto: Moto, faults: Faults, given: dict[str, Any], expected: dict[
        str, Any
    ]
) -> None:
    rich(moto, **given)
    if not expected:
        left(function, moto, faults, "compliant", **ADDRESS)
        return
    changes = mended(function, moto, faults, f"alarm {THEIRS} cannot go off", [PUT_ALARM], **ADDRESS)
    assert changes.keys() == {THEIR_ALARM}, "its tags are what they were, too"
    ((before, after),) = changes.values()
    assert after == before | expected


def test_the_state_of_an_alarm_stays(function: StartFunction, moto: Moto, faults: Faults) -> None:
    here = rich(moto, Threshold=2.5)
    here.cloudwatch.set_alarm_state(AlarmName=THEIRS, StateValue="OK", StateReason="by hand")
    assert check(function, faults, **ADDRESS)["status"] == "fixed"
    assert here.state(THEIRS) == "OK" and here.heard() == []


def test_an_alarm_with_everything_is_switched_on_by_one_call(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    rich(moto, ActionsEnabled=False)
    changes = mended(
        function, moto, faults, f"the actions of alarm {THEIRS} are disabled", [ENABLE], **ADDRESS
    )
    ((before, after),) = changes.values()
    assert after == before | {"ActionsEnabled": True}


def test_a_dead_topic_among_many_actions_leaves_all_of_them(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = rich(moto)
    for topic in (THEIR_TOPIC, topic_arn("managers")):
        here.sns.delete_topic(TopicArn=topic)
    assert check(function, faults, **ADDRESS)["status"] == "fixed"
    (alarm,) = here.cloudwatch.describe_alarms()["MetricAlarms"]
    assert alarm["AlarmActions"] == [*RICH["AlarmActions"], topic_arn(OURS)]
    assert {name: alarm[name] for name in RICH.keys() - {"AlarmActions", "Tags"}} == {
        name: RICH[name] for name in RICH.keys() - {"AlarmActions", "Tags"}
    }
    assert here.cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"] == TAGS


@pytest.mark.parametrize("kept", [
    {"unit": "Count"}, {"defaultValue": 0.0}, {"defaultValue": 0.0, "unit": "Bytes"}, {
        "metricValue": "7"
    },
    {"metric": "Other/Metric", "metricNamespace": "Our-Own/Space"},
])
def test_a_filter_that_is_completed_keeps_what_it_counts(
    function: StartFunction, moto: Moto, faults: Faults, kept: dict[str, Any]
) -> None:
    here, own = theirs(moto), any_of(S3_CALLS[1:], source="s3.amazonaws.com")
    here.filter_(THEIRS, own, **kept)
    if "metric" in kept:
        here.alarm(THEIRS, THEIR_TOPIC, metric=kept["metric"], Namespace=kept["metricNamespace"])
    changes = mended(function, moto, faults, "does not match everything", [PUT_FILTER], **ADDRESS)
    ((before, after),) = changes.values()
    assert changes.keys() == {filter_key(THEIRS)} and after == before | {
        "filterPattern": after["filterPattern"]
    }
    (transformation,) = after["metricTransformations"]
    assert kept.items() - {("metric", kept.get("metric"))} <= transformation.items()


def test_the_report_has_what_it_takes_to_go_back(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = rich(moto, Threshold=2.5)
    here.filter_(THEIRS, any_of(S3_CALLS[1:]), unit="Count")
    (before,) = here.cloudwatch.describe_alarms()["MetricAlarms"]
    outcome = check(function, faults, **ADDRESS)
    filter_step, alarm_step = outcome["steps"]
    assert filter_step["before"]["filterPattern"] == any_of(S3_CALLS[1:])
    told = {key: value for key, value in alarm_step["before"].items() if value is not None}
    assert {key: before[key] for key in told} == told
    assert "put-metric-filter" in filter_step["undo"] and "put-metric-alarm" in alarm_step["undo"]
    assert made(faults) == [PUT_FILTER, PUT_ALARM]


def test_what_has_nothing_to_do_with_it_is_never_touched(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = fed(moto)
    here.filter_("console", "{ $.eventName = ConsoleLogin }")
    here.alarm("console", Threshold=100.0, ActionsEnabled=False, EvaluationPeriods=5)
    here.alarm("cpu", metric="CPUUtilization", Namespace="AWS/EC2", ActionsEnabled=False)
    here.topic("lonely")
    before = here.everything()
    assert check(function, faults, **ADDRESS)["status"] == "fixed"
    after = here.everything()
    assert {key: after[key] for key in before} == before
    assert all(CONTROL in key for key in after.keys() - before.keys())


def test_a_filter_of_the_same_metric_in_another_group_does_not_matter(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = theirs(moto)
    Monitoring(moto, group="other").filter_(THEIRS, "{ $.eventName = Nothing }")
    left(function, moto, faults, "compliant", **ADDRESS)
    assert here.group == GROUP
