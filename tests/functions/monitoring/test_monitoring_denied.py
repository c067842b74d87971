"""What may not be read is never taken for absent; what may not be written fails and says so."""

from __future__ import annotations

from typing import Any

import pytest
from alarms import QUEUE, Monitoring, topic_arn, topic_key
from conftest import StartFunction
from envelope import api_call
from local_aws.faults import Faults
from local_aws.processes import Moto
from monitoring_scenes import GROUP, INBOX, NAME, OURS, PATTERN, found
from observed import READS, steps
from trails import kept_trail

CONTROL = "monitor-s3-policy-changes"
ALONG_THE_CHAIN = [
    "cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus", "cloudtrail:GetEventSelectors",
    "logs:DescribeMetricFilters", "cloudwatch:DescribeAlarmsForMetric",
    "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "kms:DescribeKey", "kms:GetKeyPolicy",
    "cloudwatch:ListAlarmMuteRules", "sns:GetSubscriptionAttributes", "sqs:GetQueueUrl", "sqs:GetQueueAttributes",
]
"""The reads of a chain that is whole, with a topic that is encrypted."""
EVERYTHING = [
    "kms:CreateKey", "kms:CreateAlias", "kms:EnableKeyRotation", "sns:CreateTopic", "sns:Subscribe",
    "logs:PutMetricFilter", "cloudwatch:PutMetricAlarm",
]
"""The writes where there is nothing behind the log group."""


@pytest.fixture
def there(moto: Moto) -> Monitoring:
    """A trail that feeds a log group; nothing hangs on it yet."""
    kept_trail(moto)
    made = Monitoring(moto, group=GROUP)
    made.queue()
    return made


def chain(moto: Moto, there: Monitoring, *more: str) -> str:
    """A customer's chain that is whole, its topic encrypted; the alarm tells these topics too. The topic."""
    topic = there.topic(key=topic_key(moto))
    there.filter_(NAME, PATTERN)
    there.alarm(NAME, *more, topic)
    there.subscribe_queue(topic)
    return topic


def check(function: StartFunction, faults: Faults, mode: str = "enforce", **settings: Any) -> dict[str, Any]:
    """What is said after a bucket's policy was changed; `faults` holds the calls of that alone."""
    faults.forget()
    given = {"TRAILKEEPER_ALARM_ADDRESS": INBOX} | settings
    return found(function("monitoring", endpoint=faults, mode=mode, **given).invoke(api_call("s3", "PutBucketPolicy")))


def changing(faults: Faults) -> list[str]:
    """The calls that change something, as IAM names them."""
    return [f"{it.service}:{it.operation}" for it in faults.calls() if not it.operation.startswith(READS)]


@pytest.mark.parametrize("action", ALONG_THE_CHAIN)
def test_what_may_not_be_read_is_unknown(
    function: StartFunction, moto: Moto, there: Monitoring, faults: Faults, action: str
) -> None:
    chain(moto, there)
    assert check(function, faults)["status"] == "compliant"
    before = there.everything()
    faults.deny(*action.split(":"))
    told = check(function, faults)
    assert told["status"] == "unknown" and f"{action} was denied" in told["because"], told
    assert changing(faults) == [] and told["steps"] == [] and there.everything() == before


@pytest.mark.parametrize("action", ["cloudwatch:DescribeAlarms", "sns:GetTopicAttributes", "kms:DescribeKey"])
def test_what_may_be_ours_is_not_made_again_unread(
    function: StartFunction, there: Monitoring, faults: Faults, action: str
) -> None:
    faults.deny(*action.split(":"))
    told = check(function, faults)
    assert told["status"] == "unknown" and f"{action} was denied" in told["because"], told
    made = set(changing(faults))
    assert not made & {"kms:CreateKey", "sns:CreateTopic", "sns:Subscribe"}, "nobody would be told of it"
    assert action != "cloudwatch:DescribeAlarms" or not made


@pytest.mark.parametrize("action", ["kms:GetKeyPolicy", "kms:GetKeyRotationStatus"])
def test_a_key_of_ours_that_may_not_be_read_encrypts_no_new_topic(
    function: StartFunction, there: Monitoring, faults: Faults, action: str
) -> None:
    assert check(function, faults)["status"] == "fixed"
    there.sns.delete_topic(TopicArn=topic_arn(OURS))
    faults.deny(*action.split(":"))
    told = check(function, faults)
    assert told["status"] == "unknown" and f"{action} was denied" in told["because"], told
    assert changing(faults) == []


def test_a_trail_that_may_not_be_read_may_feed_the_chain_that_is_missing(
    function: StartFunction, moto: Moto, there: Monitoring, faults: Faults
) -> None:
    kept_trail(moto, "second")
    faults.rule("cloudtrail", "GetTrailStatus", resource="second", error="AccessDeniedException", status=400)
    told = check(function, faults)
    assert told["status"] == "unknown" and "trail/second" in told["because"], told
    chain(moto, there)
    assert check(function, faults)["status"] == "compliant"


@pytest.mark.parametrize("call", EVERYTHING)
def test_what_is_denied_fails_and_says_so(
    function: StartFunction, there: Monitoring, faults: Faults, call: str
) -> None:
    faults.deny(*call.split(":"))
    told = check(function, faults)
    assert told["status"] == "failed" and f"{call} was denied" in told["because"], told
    ended = [status for _, status in steps(told)]
    assert ended.count("failed") == 1 and ended.index("failed") == EVERYTHING.index(call)
    assert set(ended[ended.index("failed") + 1:]) <= {"skipped"}
    assert changing(faults) == EVERYTHING[: EVERYTHING.index(call) + 1], "what is denied is not asked again"
    faults.clear()
    assert check(function, faults)["status"] == "fixed"
    assert check(function, faults)["status"] == "compliant"
    assert there.ring(api_call("s3", "PutBucketPolicy")), "it rings"


@pytest.mark.parametrize(("call", "given"), [
    ("cloudwatch:EnableAlarmActions", {"ActionsEnabled": False}),
    ("cloudwatch:PutMetricAlarm", {"EvaluationPeriods": 3}),
])
def test_an_alarm_that_may_not_be_put_right_is_left_as_it_is(
    function: StartFunction, moto: Moto, there: Monitoring, faults: Faults, call: str, given: dict[str, Any]
) -> None:
    there.alarm(NAME, chain(moto, there), **given)
    before = there.everything()
    faults.deny(*call.split(":"))
    told = check(function, faults)
    assert (told["status"], steps(told)) == ("failed", [(call, "failed")])
    assert there.everything() == before


def test_a_dry_run_plans_exactly_what_is_made(function: StartFunction, there: Monitoring, faults: Faults) -> None:
    before = there.everything()
    planned = check(function, faults, "dry-run")
    assert (planned["status"], changing(faults), there.everything()) == ("planned", [], before)
    applied = check(function, faults)
    assert applied["status"] == "fixed" and len(planned["steps"]) == len(EVERYTHING)
    for would, did in zip(planned["steps"], applied["steps"], strict=True):
        assert would | {"status": ""} == did | {"status": ""}


def test_a_control_that_is_off_reads_no_more_than_where_its_chain_is(
    function: StartFunction, there: Monitoring, faults: Faults
) -> None:
    off = {"TRAILKEEPER_ALARM_ADDRESS": INBOX, "TRAILKEEPER_CONTROLS": f"{CONTROL}=off"}
    faults.forget()
    answer = function("monitoring", endpoint=faults, mode="enforce", **off).invoke(api_call("s3", "PutBucketPolicy"))
    assert {it["status"] for it in answer.body["results"]} == {"exempt"}
    assert {it.operation for it in faults.calls()} <= {"GetCallerIdentity", "DescribeTrails"}
    assert there.heard() == []
