"""Ministack, patched, decides about metric filters, alarms and topics as IAM does, in rpc-v2-cbor too."""

from __future__ import annotations

import datetime
import http.client
from collections.abc import Callable
from typing import Any

import cbor2
import pytest
from alarms import Monitoring
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from given import refusal
from installed import caller
from local_aws.processes import ACCOUNT, REGION, Ministack

ALARMS = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm"
GROUPS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:security"
PREFIX = "/service/GraniteServiceVersion20100801/operation/"
DENIED = ("AccessDenied", "AccessDeniedException", "AuthorizationError")
ALARM: dict[str, Any] = {
    "AlarmName": "root", "Namespace": "n", "MetricName": "m", "Statistic": "Sum", "Period": 300,
    "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}
METRIC = {"Namespace": "n", "MetricName": "m"}
FILTER: dict[str, Any] = {
    "logGroupName": "trail", "filterName": "root", "filterPattern": "{$.a = 1}",
    "metricTransformations": [{"metricName": "m", "metricNamespace": "n", "metricValue": "1"}],
}
TAGS = [{"Key": "by", "Value": "trailkeeper"}]

Call = Callable[[Any], Any]

CALLS: dict[str, tuple[str, str, Call]] = {
    "cloudwatch:PutMetricAlarm": (
        f"{ALARMS}:root", f"{ALARMS}:roo", lambda cloudwatch: cloudwatch.put_metric_alarm(**ALARM)
    ),
    "cloudwatch:EnableAlarmActions": (
        f"{ALARMS}:ro*", f"{ALARMS}:roo", lambda cloudwatch: cloudwatch.enable_alarm_actions(AlarmNames=["root", "rot"])
    ),
    "cloudwatch:DisableAlarmActions": (
        f"{ALARMS}:ro*", f"{ALARMS}:root", lambda cloudwatch: cloudwatch.disable_alarm_actions(AlarmNames=["root", "rot"])
    ),
    "cloudwatch:DescribeAlarms": (
        f"{ALARMS}:*", f"{ALARMS}:root", lambda cloudwatch: cloudwatch.describe_alarms(AlarmNames=["root"])
    ),
    "cloudwatch:DescribeAlarmsForMetric": (
        "*", f"{ALARMS}:*", lambda cloudwatch: cloudwatch.describe_alarms_for_metric(**METRIC)
    ),
    "cloudwatch:ListTagsForResource": (
        f"{ALARMS}:root", f"{ALARMS}:roo",
        lambda cloudwatch: cloudwatch.list_tags_for_resource(ResourceARN=f"{ALARMS}:root"),
    ),
    "logs:PutMetricFilter": (f"{GROUPS}:trail:*", f"{GROUPS}:trail", lambda logs: logs.put_metric_filter(**FILTER)),
    "logs:DescribeMetricFilters": (
        f"{GROUPS}:trail*", f"{GROUPS}:trai:*", lambda logs: logs.describe_metric_filters(logGroupName="trail")
    ),
    "sns:GetTopicAttributes": (TOPIC, f"{TOPIC}0", lambda sns: sns.get_topic_attributes(TopicArn=TOPIC)),
    "sns:ListSubscriptionsByTopic": (TOPIC, f"{TOPIC}0", lambda sns: sns.list_subscriptions_by_topic(TopicArn=TOPIC)),
    "sns:SetTopicAttributes": (
        TOPIC, f"{TOPIC}0",
        lambda sns: sns.set_topic_attributes(TopicArn=TOPIC, AttributeName="DisplayName", AttributeValue="a"),
    ),
    "sns:Subscribe": (
        TOPIC, f"{TOPIC}0", lambda sns: sns.subscribe(TopicArn=TOPIC, Protocol="email", Endpoint="team@example.com")
    ),
    "sns:CreateTopic": (f"{TOPIC}-new", TOPIC, lambda sns: sns.create_topic(Name="security-new")),
    "sns:TagResource": (TOPIC, f"{TOPIC}0", lambda sns: sns.tag_resource(ResourceArn=TOPIC, Tags=TAGS)),
    "sns:ListTagsForResource": (TOPIC, f"{TOPIC}0", lambda sns: sns.list_tags_for_resource(ResourceArn=TOPIC)),
}
IN_CBOR: dict[str, dict[str, Any]] = {
    "PutMetricAlarm": ALARM,
    "EnableAlarmActions": {"AlarmNames": ["root", "rot"]},
    "DisableAlarmActions": {"AlarmNames": ["root", "rot"]},
    "DescribeAlarms": {"AlarmNames": ["root"]},
    "DescribeAlarmsForMetric": METRIC,
    "ListTagsForResource": {"ResourceARN": f"{ALARMS}:root"},
}


def fill(ministack: Ministack) -> None:
    """What the calls are about."""
    here = Monitoring(ministack)
    here.topic()
    here.filter_("root", "{$.a = 1}")
    for name in ("root", "rot"):
        here.alarm(name, metric="m")


def cbor(ministack: Ministack, arn: str, operation: str, **given: Any) -> tuple[int, dict[str, str], Any]:
    """The answer to a call of the role as the SDK for Rust makes it."""
    keys = ministack.credentials_for(arn)
    headers = {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
    asked = AWSRequest("POST", ministack.endpoint + PREFIX + operation, headers, cbor2.dumps(given))
    SigV4Auth(Credentials(keys.access_key, keys.secret_key, keys.token), "monitoring", REGION).add_auth(asked)
    connection = http.client.HTTPConnection("127.0.0.1", ministack.port)
    connection.request("POST", PREFIX + operation, asked.body, dict(asked.headers))
    answer = connection.getresponse()
    body = answer.read()
    return answer.status, {k.lower(): v for k, v in answer.getheaders()}, cbor2.loads(body) if body else {}


@pytest.mark.parametrize("action", CALLS)
def test_a_call_needs_its_action_on_its_resource(ministack: Ministack, action: str) -> None:
    fill(ministack)
    resource, elsewhere, call = CALLS[action]
    service = action.partition(":")[0]
    for wrong in ({"Action": action, "Resource": elsewhere}, {"Action": f"{action}0", "Resource": "*"}):
        client = ministack.client_as(caller(ministack, wrong), service)
        _, code, message = refusal(lambda client=client: call(client))
        assert code in DENIED and action in message
    call(ministack.client_as(caller(ministack, {"Action": action, "Resource": resource}), service))


@pytest.mark.parametrize("operation", IN_CBOR)
def test_so_it_does_in_the_protocol_of_the_sdk_for_rust(ministack: Ministack, operation: str) -> None:
    fill(ministack)
    resource, elsewhere, _ = CALLS[f"cloudwatch:{operation}"]
    action = {"Action": f"cloudwatch:{operation}"}
    other = caller(ministack, action | {"Resource": elsewhere})
    status, headers, told = cbor(ministack, other, operation, **IN_CBOR[operation])
    assert (status, headers["smithy-protocol"]) == (403, "rpc-v2-cbor")
    assert told["__type"] in DENIED and f"cloudwatch:{operation}" in told["message"]
    right = caller(ministack, action | {"Resource": resource})
    assert cbor(ministack, right, operation, **IN_CBOR[operation])[0] == 200


def test_an_alarm_keeps_all_that_it_is_given_in_that_protocol(ministack: Ministack) -> None:
    root = caller(ministack, {"Action": "*", "Resource": "*"})
    whole = ALARM | {
        "AlarmActions": [TOPIC], "OKActions": [TOPIC], "InsufficientDataActions": [TOPIC], "ActionsEnabled": False,
        "Dimensions": [{"Name": "a", "Value": "b"}], "Unit": "Count", "DatapointsToAlarm": 1,
        "AlarmDescription": "d", "TreatMissingData": "notBreaching",
    }
    assert cbor(ministack, root, "PutMetricAlarm", **whole)[0] == 200
    (found,) = cbor(ministack, root, "DescribeAlarms")[2]["MetricAlarms"]
    assert found.items() >= whole.items()
    assert isinstance(found["Threshold"], float) and isinstance(found["StateUpdatedTimestamp"], datetime.datetime)
    assert cbor(ministack, root, "DescribeAlarmsForMetric", **METRIC)[2]["MetricAlarms"] == []
    of_metric = cbor(ministack, root, "DescribeAlarmsForMetric", **METRIC, Dimensions=whole["Dimensions"])[2]
    assert [it["AlarmName"] for it in of_metric["MetricAlarms"]] == ["root"]
    assert cbor(ministack, root, "PutMetricAlarm", **ALARM)[0] == 200
    (found,) = cbor(ministack, root, "DescribeAlarms")[2]["MetricAlarms"]
    assert (found["AlarmActions"], found["Dimensions"]) == ([], [])
    assert not {"Unit", "DatapointsToAlarm", "AlarmDescription", "TreatMissingData"} & set(found)
    status, _, told = cbor(ministack, root, "DeleteAlarms", AlarmNames=["none"])
    assert (status, told["__type"]) == (404, "ResourceNotFound")


def test_an_alarm_is_put_with_the_actions_and_tags_that_the_caller_may_give(ministack: Ministack) -> None:
    put = {"Action": "cloudwatch:PutMetricAlarm", "Resource": f"{ALARMS}:*"}
    only = {"Condition": {"ForAllValues:StringEquals": {"cloudwatch:AlarmActions": TOPIC}}}
    tag = {"Action": "cloudwatch:TagResource", "Resource": f"{ALARMS}:root"}
    cloudwatch = ministack.client_as(caller(ministack, put | only), "cloudwatch")
    for kind in ("AlarmActions", "OKActions"):
        assert refusal(cloudwatch.put_metric_alarm, **ALARM, **{kind: [f"{TOPIC}0"]})[1] in DENIED
    assert "cloudwatch:TagResource" in refusal(cloudwatch.put_metric_alarm, **ALARM, Tags=TAGS)[2]
    cloudwatch.put_metric_alarm(**ALARM, AlarmActions=[TOPIC])
    by = {"Condition": {"StringEquals": {"aws:RequestTag/by": "trailkeeper"}}}
    both = caller(ministack, put | by, tag | by)
    assert cbor(ministack, both, "PutMetricAlarm", **ALARM, Tags=TAGS)[0] == 200
    other = [{"Key": "by", "Value": "nobody"}]
    assert cbor(ministack, both, "PutMetricAlarm", **ALARM, Tags=other)[0] == 403


@pytest.mark.parametrize(("key", "right", "wrong"), [
    ("sns:Endpoint", "*@example.com", "*@example.org"), ("sns:Protocol", "email", "sqs"),
])
def test_a_subscription_is_decided_on_its_endpoint_and_protocol(
    ministack: Ministack, key: str, right: str, wrong: str
) -> None:
    fill(ministack)
    given = {"TopicArn": TOPIC, "Protocol": "email", "Endpoint": "team@example.com"}
    subscribe = {"Action": "sns:Subscribe", "Resource": TOPIC}

    def client(value: str) -> Any:
        condition = {"Condition": {"StringLike": {key: value}}}
        return ministack.client_as(caller(ministack, subscribe | condition), "sns")

    assert refusal(client(wrong).subscribe, **given)[1] in DENIED
    client(right).subscribe(**given)


def test_a_person_is_asked_first(ministack: Ministack) -> None:
    sns, topic = ministack.client("sns"), Monitoring(ministack).topic()
    given = {"TopicArn": topic, "Protocol": "email", "Endpoint": "team@example.com"}
    for _ in range(2):
        assert sns.subscribe(**given)["SubscriptionArn"] == "pending confirmation"
    assert sns.subscribe(**given, ReturnSubscriptionArn=True)["SubscriptionArn"].startswith(topic)
    (only,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert only["SubscriptionArn"] == "PendingConfirmation"
    counted = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (counted["SubscriptionsConfirmed"], counted["SubscriptionsPending"]) == ("0", "1")
    assert Monitoring(ministack).subscribe_queue(topic).startswith(topic)
