"""From a record in a log group to a message in a queue, on the local AWS: and what breaks the chain."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alarms import (
    CLOUDWATCH,
    GROUP,
    NAMESPACE,
    PERSON,
    Monitoring,
    alarm_arn,
    publishing,
    topic_arn,
    topic_key,
)
from envelope import api_call
from given import policy
from local_aws.processes import ACCOUNT, Moto

PATTERN = "{($.eventName=CreateTrail) || ($.eventName=DeleteTrail)}"
RECORD = api_call("cloudtrail", "DeleteTrail")
OTHER = api_call("cloudtrail", "DescribeTrails")
NAME = "trail-changes"
ELSEWHERE = {"StringEquals": {"aws:SourceAccount": "210987654321"}}


@pytest.fixture
def here(moto: Moto) -> Monitoring:
    """The log group's region, in which nothing is yet."""
    return Monitoring(moto)


def test_a_record_rings_the_alarm(here: Monitoring) -> None:
    topic = here.chain(NAME, PATTERN)
    assert here.ring(OTHER) == [] and here.state(NAME) == "INSUFFICIENT_DATA"
    (told,) = here.ring(OTHER, RECORD)
    assert (told["AlarmName"], told["NewStateValue"], told["OldStateValue"]) == (NAME, "ALARM", "INSUFFICIENT_DATA")
    assert (told["AlarmArn"], told["AWSAccountId"]) == (alarm_arn(NAME), ACCOUNT)
    assert told["Trigger"]["MetricName"] == NAME and told["AlarmActions"] == [topic]
    assert here.state(NAME) == "ALARM" and here.failures(NAME) == []


def test_it_rings_again_only_after_it_was_quiet(here: Monitoring) -> None:
    here.chain(NAME, PATTERN)
    assert len(here.ring(RECORD)) == 1
    assert here.ring(RECORD) == []
    here.quiet()
    assert here.state(NAME) == "OK" and here.heard() == []
    assert len(here.ring(RECORD)) == 1


def test_ok_actions_are_told_too(here: Monitoring) -> None:
    topic = here.chain(NAME, PATTERN)
    here.alarm(NAME, OKActions=[topic])
    assert here.ring(RECORD) == []
    here.quiet(NAME)
    assert [it["NewStateValue"] for it in here.heard()] == ["OK"]


def test_alarms_whose_actions_are_off_ring_silently(here: Monitoring) -> None:
    topic = here.chain(NAME, PATTERN)
    here.alarm(NAME, topic, ActionsEnabled=False)
    assert here.ring(RECORD) == [] and here.state(NAME) == "ALARM"
    here.quiet(NAME)
    here.cloudwatch.enable_alarm_actions(AlarmNames=[NAME])
    assert len(here.ring(RECORD)) == 1


@pytest.mark.parametrize("wrong", [
    {"Namespace": "Other"}, {"metric": "other"}, {"Dimensions": [{"Name": "a", "Value": "b"}]}, {"Threshold": 2.0},
    {"EvaluationPeriods": 2}, {"Unit": "Count"}, {"ComparisonOperator": "LessThanThreshold"},
    {"ComparisonOperator": "GreaterThanThreshold"}, {"Statistic": None, "ExtendedStatistic": "p90"},
])
def test_an_alarm_on_something_else_stays_quiet(here: Monitoring, wrong: dict[str, Any]) -> None:
    topic = here.chain(NAME, PATTERN)
    here.alarm(NAME, topic, **wrong)
    assert here.ring(RECORD) == [] and here.state(NAME) == "INSUFFICIENT_DATA"


@pytest.mark.parametrize("right", [
    {"EvaluationPeriods": 5, "DatapointsToAlarm": 1}, {"Statistic": "Average"}, {"Statistic": "Maximum"},
    {"Statistic": "Minimum"}, {"Statistic": "SampleCount"}, {"Threshold": 0.0, "ComparisonOperator": "GreaterThanThreshold"},
])
def test_other_alarms_on_the_metric_ring(here: Monitoring, right: dict[str, Any]) -> None:
    topic = here.chain(NAME, PATTERN)
    here.alarm(NAME, topic, **right)
    assert len(here.ring(RECORD)) == 1


def test_values_within_the_period_add_up(here: Monitoring) -> None:
    topic = here.chain(NAME, PATTERN)
    here.alarm(NAME, topic, Threshold=3.0)
    assert here.ring(RECORD) == [] == here.ring(RECORD)
    assert len(here.ring(RECORD)) == 1


def test_an_average_with_a_default_value_is_too_low(here: Monitoring) -> None:
    topic = here.chain(NAME, PATTERN)
    here.filter_(NAME, PATTERN, defaultValue=0.0)
    here.alarm(NAME, topic, Statistic="Average")
    assert here.ring(OTHER, RECORD) == [] and here.state(NAME) == "INSUFFICIENT_DATA"
    here.alarm(NAME, topic)
    assert len(here.ring(OTHER)) == 1


def test_a_value_and_dimensions_come_from_the_event(here: Monitoring) -> None:
    topic = here.chain(NAME, PATTERN)
    here.filter_(NAME, "{$.size > 0}", metricValue="$.size", dimensions={"Event": "$.name"})
    dimensions = [{"Name": "Event", "Value": "up"}]
    here.alarm(NAME, topic, Threshold=5.0, Dimensions=dimensions)
    assert here.ring({"size": 4, "name": "up"}, {"size": 9, "name": "down"}, {"size": 9}) == []
    assert len(here.ring({"size": 5, "name": "up"})) == 1
    listed = here.cloudwatch.list_metrics(Namespace=NAMESPACE)["Metrics"]
    assert dimensions in [it["Dimensions"] for it in listed]


def test_a_filter_of_another_group_or_that_is_gone_does_nothing(here: Monitoring, moto: Moto) -> None:
    here.chain(NAME, PATTERN)
    assert Monitoring(moto, group="other").ring(RECORD) == []
    here.logs.delete_metric_filter(logGroupName=GROUP, filterName=NAME)
    assert here.ring(RECORD) == []


def test_nobody_hears_an_alarm_whose_topic_is_gone(here: Monitoring) -> None:
    topic = here.chain(NAME, PATTERN)
    here.sns.delete_topic(TopicArn=topic)
    assert here.ring(RECORD) == [] and here.state(NAME) == "ALARM"
    (failure,) = here.failures(NAME)
    assert "does not exist" in failure and topic in failure


POLICIES: dict[str, tuple[list[dict[str, Any]], bool]] = {
    "ours": ([publishing(topic_arn())], True),
    "any source": ([publishing(topic_arn(), Bool={"aws:SecureTransport": "true"})], True),
    "other account": ([publishing(topic_arn(), **ELSEWHERE)], False),
    "other alarm": ([publishing(topic_arn(), ArnLike={"aws:SourceArn": alarm_arn("other")})], False),
    "other service": ([publishing(topic_arn()) | {"Principal": {"Service": "events.amazonaws.com"}}], False),
    "root alone": ([publishing(topic_arn()) | {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}], False),
    "denied": ([publishing(topic_arn()), publishing(topic_arn()) | {"Effect": "Deny", "Sid": "No"}], False),
}


@pytest.mark.parametrize("which", POLICIES)
def test_a_topic_must_let_cloudwatch_publish(here: Monitoring, which: str) -> None:
    statements, heard = POLICIES[which]
    here.chain(NAME, PATTERN)
    here.topic("security", *statements)
    assert len(here.ring(RECORD)) == int(heard) and here.state(NAME) == "ALARM"
    assert [("is not authorized to perform: SNS:Publish" in it) for it in here.failures(NAME)] == [True] * (not heard)


@pytest.mark.parametrize(("key", "heard"), [
    ("usable", True), ("closed", False), ("alias/aws/sns", False), ("disabled", False), ("alias/none", False),
])
def test_an_encrypted_topic_needs_a_key_that_cloudwatch_may_use(here: Monitoring, moto: Moto, key: str, heard: bool) -> None:
    here.chain(NAME, PATTERN)
    name = key if "/" in key else topic_key(moto, usable=key != "closed")
    if key == "disabled":
        moto.client("kms").disable_key(KeyId=name)
    here.topic(key=name)
    assert len(here.ring(RECORD)) == int(heard)
    assert ["encryption key" in it for it in here.failures(NAME)] == [True] * (not heard)


def test_a_key_needs_both_actions(here: Monitoring, moto: Moto) -> None:
    here.chain(NAME, PATTERN)
    name, kms = topic_key(moto, usable=False), moto.client("kms")
    kms.create_alias(AliasName="alias/ours", TargetKeyId=name)
    here.topic(key="alias/ours")
    for actions, heard in ((["kms:Decrypt"], 0), (["kms:GenerateDataKey*"], 0), (["kms:Decrypt", "kms:GenerateDataKey"], 1)):
        document = policy(Principal={"Service": CLOUDWATCH}, Action=actions, Resource="*")
        kms.put_key_policy(KeyId=name, Policy=document, BypassPolicyLockoutSafetyCheck=True)
        here.quiet()
        assert len(here.ring(RECORD)) == heard


def test_a_person_hears_it_once_confirmed(here: Monitoring, moto: Moto) -> None:
    topic = here.chain(NAME, PATTERN)
    here.subscribe_person(topic)
    here.ring(RECORD)
    assert moto.mail() == []
    moto.confirm(topic, PERSON)
    here.quiet()
    here.ring(RECORD)
    (letter,) = moto.mail()
    assert letter["subject"] == f'ALARM: "{NAME}" in US East (N. Virginia)'


def test_regions_have_chains_of_their_own(here: Monitoring, moto: Moto) -> None:
    west = Monitoring(moto, "eu-west-1")
    west.chain(NAME, PATTERN)
    here.chain(NAME, PATTERN)
    assert len(west.ring(RECORD)) == 1 and here.heard() == []
    assert here.state(NAME) == "INSUFFICIENT_DATA"


def test_everything_is_told_for_comparison(here: Monitoring, moto: Moto) -> None:
    assert here.everything() == {}
    topic = here.chain(NAME, PATTERN)
    before = here.everything()
    assert set(before) == {
        f"filter {GROUP} {NAME}", f"alarm {NAME}", *(f"topic {topic} {it}" for it in ("attributes", "subscriptions", "tags")),
    }
    here.alarm(NAME, topic)
    here.filter_(NAME, PATTERN)
    assert here.everything() == before
    here.subscribe_person(topic)
    changed = {key for key, value in here.everything().items() if value != before[key]}
    assert changed == {f"topic {topic} attributes", f"topic {topic} subscriptions"}


def test_a_metric_can_be_read_after_it_rang(here: Monitoring) -> None:
    here.chain(NAME, PATTERN)
    here.ring(RECORD, RECORD)
    asked = {"Namespace": NAMESPACE, "MetricName": NAME, "Period": 3600, "Statistics": ["Sum"]}
    now, day = datetime.now(UTC), timedelta(days=1)
    times = {"StartTime": now - day, "EndTime": now + day}
    found = here.cloudwatch.get_metric_statistics(**asked, **times)["Datapoints"]
    assert sum(it["Sum"] for it in found) == 2.0
