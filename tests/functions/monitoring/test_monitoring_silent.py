"""Chains that look whole and tell nobody: subscriptions that receive nothing, muted alarms, transformed events."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alarms import GROUP, NAMESPACE, QUEUE, Monitoring, topic_arn
from chains import ADDRESS, CONTROL, PATTERN, THEIRS, THEIR_TOPIC, check, fed, left, of, theirs
from conftest import StartFunction
from envelope import api_call, schedule
from inbox import Inbox
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from trails import OTHER

RECORD = api_call("s3", "PutBucketPolicy")
ALWAYS = {"Schedule": {"Expression": "cron(* * * * *)", "Duration": "PT1H"}}
SENDS = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*"}
SETTINGS: list[dict[str, str]] = [ADDRESS, {}]


def subscriptions(here: Monitoring) -> list[dict[str, Any]]:
    return list(here.sns.list_subscriptions_by_topic(TopicArn=THEIR_TOPIC)["Subscriptions"])


def subscription(here: Monitoring) -> str:
    (one,) = subscriptions(here)
    return str(one["SubscriptionArn"])


def filtered(here: Monitoring, policy: dict[str, Any], scope: str = "MessageAttributes") -> None:
    for name, value in (("FilterPolicyScope", scope), ("FilterPolicy", json.dumps(policy))):
        here.sns.set_subscription_attributes(
            SubscriptionArn=subscription(here), AttributeName=name, AttributeValue=value
        )


@pytest.mark.parametrize("setting", SETTINGS, ids=["named", "anybody"])
def test_a_filter_policy_on_attributes_lets_no_alarm_through(
    function: StartFunction, moto: Moto, faults: Faults, setting: dict[str, str]
) -> None:
    here = theirs(moto)
    filtered(here, {"severity": ["critical"]})
    assert here.ring(RECORD) == []
    outcome = left(function, moto, faults, "advised", "wants attributes", **setting)
    assert "Remove the filter policy" in outcome["advice"]
    here.quiet()
    filtered(here, {"severity": [{"exists": False}, "critical"]})
    assert len(here.ring(RECORD)) == 1
    left(function, moto, faults, "compliant", **setting)


def test_of_a_filter_policy_on_the_body_nothing_can_be_told(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = theirs(moto)
    filtered(here, {"AlarmName": ["another"]}, scope="MessageBody")
    left(function, moto, faults, "unknown", "the body of messages", **ADDRESS)
    here.subscribe_person(THEIR_TOPIC)
    moto.confirm(THEIR_TOPIC)
    left(function, moto, faults, "compliant")


@pytest.mark.parametrize("setting", SETTINGS, ids=["named", "anybody"])
def test_a_queue_that_was_deleted_hears_nothing(
    function: StartFunction, moto: Moto, faults: Faults, setting: dict[str, str]
) -> None:
    here = theirs(moto)
    here.sqs.delete_queue(QueueUrl=here.sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"])
    outcome = left(function, moto, faults, "advised", "does not exist", **setting)
    assert QUEUE in outcome["because"] and "nobody" in outcome["because"]
    event = api_call("sqs", "DeleteQueue", requestParameters={"queueUrl": f"https://sqs/{ACCOUNT}/{QUEUE}"})
    assert check(function, faults, event, **setting)["status"] == "advised"


def test_a_stream_that_was_deleted_hears_nothing(function: StartFunction, moto: Moto, faults: Faults) -> None:
    here = theirs(moto)
    stream = here.subscribe_stream(THEIR_TOPIC)
    here.sns.unsubscribe(SubscriptionArn=next(it["SubscriptionArn"] for it in subscriptions(here) if it["Protocol"] == "sqs"))
    left(function, moto, faults, "compliant")
    here.firehose.delete_delivery_stream(DeliveryStreamName=stream.rpartition("/")[2])
    outcome = left(function, moto, faults, "advised", "does not exist")
    assert stream in outcome["because"]
    event = api_call("firehose", "DeleteDeliveryStream", requestParameters={"deliveryStreamName": "siem"})
    assert check(function, faults, event)["status"] == "advised"


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({}, "compliant"),
        ({"Condition": {"ArnLike": {"aws:SourceArn": THEIR_TOPIC}}}, "compliant"),
        ({"Condition": {"ArnLike": {"aws:SourceArn": topic_arn("another")}}}, "advised"),
        ({"Effect": "Deny"}, "advised"),
    ],
)
def test_the_queue_has_to_let_the_topic_in(
    function: StartFunction, moto: Moto, faults: Faults, more: dict[str, Any], status: str
) -> None:
    here = theirs(moto)
    policy = json.dumps({"Version": "2012-10-17", "Statement": [SENDS | more]})
    url = here.sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    here.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    because = "does not let the topic in" if status == "advised" else ""
    left(function, moto, faults, status, because, **ADDRESS)


@pytest.mark.parametrize("setting", SETTINGS, ids=["named", "anybody"])
def test_a_queue_without_a_policy_hears_nothing(
    function: StartFunction, moto: Moto, faults: Faults, setting: dict[str, str]
) -> None:
    here = theirs(moto)
    left(function, moto, faults, "compliant", **setting)
    url = here.sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    here.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    left(function, moto, faults, "advised", f"{QUEUE}, which is subscribed, does not let the topic in", **setting)


def test_what_belongs_to_another_account_is_not_judged(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = theirs(moto)
    here.sns.unsubscribe(SubscriptionArn=subscription(here))
    queue = f"arn:aws:sqs:{REGION}:{OTHER}:{QUEUE}"
    here.sns.subscribe(TopicArn=THEIR_TOPIC, Protocol="sqs", Endpoint=queue)
    faults.deny("sns", "GetSubscriptionAttributes")
    left(function, moto, faults, "compliant")
    assert faults.calls("sqs") == []


def test_a_function_that_is_gone_or_lets_nobody_in_hears_nothing(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = theirs(moto)
    here.sns.unsubscribe(SubscriptionArn=subscription(here))
    page = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:page"
    here.sns.subscribe(TopicArn=THEIR_TOPIC, Protocol="lambda", Endpoint=page)
    left(function, moto, faults, "advised", f"function {page} is subscribed and does not exist")
    faults.deny("lambda", "GetPolicy")
    left(function, moto, faults, "unknown", "lambda:GetPolicy was denied")


# Mute rules.


def mute(here: Monitoring, rule: dict[str, Any], **given: Any) -> None:
    here.cloudwatch.put_alarm_mute_rule(
        Name="quiet", Rule=rule, MuteTargets={"AlarmNames": [THEIRS]}, **given
    )


def test_a_mute_rule_is_told_with_who_put_it(
    function: StartFunction, moto: Moto, inbox: Inbox, faults: Faults
) -> None:
    here = theirs(moto)
    mute(here, ALWAYS)
    assert here.ring(RECORD) == []
    outcome = left(function, moto, faults, "advised", "muted by alarm mute rule quiet, which is active", **ADDRESS)
    assert "delete alarm mute rule quiet" in outcome["advice"]
    put = api_call("monitoring", "PutAlarmMuteRule", requestParameters={"name": "quiet"})
    told = {"TRAILKEEPER_TOPIC_ARN": inbox.topic} | ADDRESS
    assert of(function("monitoring", mode="enforce", **told).invoke(put))["status"] == "advised"
    (letter,) = moto.mail()
    assert "quiet" in letter["text"] and put["detail"]["userIdentity"]["arn"] in letter["text"]
    here.cloudwatch.delete_alarm_mute_rule(AlarmMuteRuleName="quiet")
    left(function, moto, faults, "compliant", **ADDRESS)


def soon(days: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


NIGHTLY = {"Schedule": {"Expression": "cron(0 2 30 FEB *)", "Duration": "PT1H"}}
PLANNED = {"Schedule": {"Expression": f"at({soon(1):%Y-%m-%dT%H:%M})", "Duration": "PT4H"}}


@pytest.mark.parametrize(
    ("rule", "given", "status"),
    [
        (NIGHTLY, {}, "advised"),
        (NIGHTLY, {"ExpireDate": soon(3_000)}, "advised"),
        (NIGHTLY, {"ExpireDate": soon(30)}, "compliant"),
        (PLANNED, {}, "compliant"),
        (ALWAYS, {"ExpireDate": soon(-1)}, "compliant"),
    ],
)
def test_what_mutes_for_ever_is_told_and_planned_work_is_not(
    function: StartFunction, moto: Moto, faults: Faults, rule: dict[str, Any], given: dict[str, Any], status: str
) -> None:
    mute(theirs(moto), rule, **given)
    left(function, moto, faults, status, **ADDRESS)


def test_another_alarms_rule_and_another_alarm_that_rings_do_not_matter(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = theirs(moto)
    here.alarm("second", THEIR_TOPIC, metric=THEIRS)
    mute(here, ALWAYS)
    left(function, moto, faults, "compliant", **ADDRESS)
    here.cloudwatch.delete_alarms(AlarmNames=["second"])
    left(function, moto, faults, "advised", **ADDRESS)


# Filters.


def put_filter(here: Monitoring, name: str, pattern: str, **given: Any) -> None:
    metric = {"metricName": THEIRS, "metricNamespace": NAMESPACE, "metricValue": "1"}
    here.logs.put_metric_filter(
        logGroupName=GROUP, filterName=name, filterPattern=pattern, metricTransformations=[metric], **given
    )


def test_a_filter_of_transformed_events_is_told(function: StartFunction, moto: Moto, faults: Faults) -> None:
    here = theirs(moto)
    put_filter(here, THEIRS, PATTERN, applyOnTransformedLogs=True)
    left(function, moto, faults, "compliant", **ADDRESS)
    ocsf = {"eventSource": "CloudTrail", "ocsfVersion": "V1.1"}
    here.logs.put_transformer(logGroupIdentifier=GROUP, transformerConfig=[{"parseToOCSF": ocsf}])
    assert here.ring(RECORD) == []
    left(function, moto, faults, "advised", f"metric filter {THEIRS} applies to transformed events", **ADDRESS)
    here.logs.delete_transformer(logGroupIdentifier=GROUP)
    policy = json.dumps([{"parseJSON": {}}])
    here.logs.put_account_policy(policyName="all", policyType="TRANSFORMER_POLICY", policyDocument=policy)
    left(function, moto, faults, "advised", "applies to transformed events", **ADDRESS)
    for action in ("DescribeAccountPolicies", "GetTransformer"):
        faults.deny("logs", action)
        left(function, moto, faults, "unknown", f"logs:{action} was denied", **ADDRESS)


def test_ours_sees_events_as_they_are(function: StartFunction, moto: Moto, faults: Faults) -> None:
    here = fed(moto)
    assert check(function, faults, schedule(), **ADDRESS)["status"] == "fixed"
    (made,) = here.logs.describe_metric_filters(logGroupName=GROUP)["metricFilters"]
    assert not made.get("applyOnTransformedLogs")
    (metric,) = made["metricTransformations"]
    here.logs.put_metric_filter(
        logGroupName=GROUP, filterName=made["filterName"], filterPattern=made["filterPattern"],
        metricTransformations=[metric], applyOnTransformedLogs=True,
    )
    assert check(function, faults, schedule(), **ADDRESS)["status"] == "fixed"
    (made,) = here.logs.describe_metric_filters(logGroupName=GROUP)["metricFilters"]
    assert not made.get("applyOnTransformedLogs")


def test_one_filter_for_each_call_on_one_metric_is_as_good(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = theirs(moto)
    here.logs.delete_metric_filter(logGroupName=GROUP, filterName=THEIRS)
    calls = [part.partition(")")[0] for part in PATTERN.split("($.eventName=")[1:]]
    for name in calls:
        put_filter(here, f"on {name}", f"{{ $.eventName = {name} }}")
    left(function, moto, faults, "compliant", **ADDRESS)
    here.logs.delete_metric_filter(logGroupName=GROUP, filterName=f"on {calls[-1]}")
    assert check(function, faults, mode="dry-run", **ADDRESS)["status"] == "planned"


@pytest.mark.parametrize(
    ("control", "pattern", "status"),
    [
        ("monitor-root-usage", '{ $.userIdentity.type = "Root" }', "compliant"),
        ("monitor-root-usage", '{ $.userIdentity.type = "Root" && $.eventName != ConsoleLogin }', "planned"),
        ("monitor-kms-key-deletion", "{ $.eventSource = kms.amazonaws.com }", "planned"),
    ],
)
def test_looser_filters_are_as_good_and_narrower_ones_are_not(
    function: StartFunction, moto: Moto, control: str, pattern: str, status: str
) -> None:
    theirs(moto, pattern)
    on = {"TRAILKEEPER_CONTROLS": f"{CONTROL}=off,{control}=dry-run"} | ADDRESS
    answer = function("monitoring", mode="dry-run", **on).invoke(schedule())
    assert of(answer, control)["status"] == status
