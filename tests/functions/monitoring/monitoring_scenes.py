"""Accounts in which the monitoring function finds something missing, each with the event that wakes it."""

from __future__ import annotations

import json
from typing import Any

from alarms import NAMESPACE, QUEUE, Monitoring, publishing, topic_arn
from envelope import Event, api_call, schedule
from given import policy
from installed import VALUES, Installed, document, visible
from local_aws.processes import ACCOUNT, REGION
from observed import results
from runtime_api import Answer
from trails import kept_trail

OBSERVE, REMEDIATE = "monitoring.observe", "monitoring.remediate"
OURS = "trailkeeper-monitor-s3-policy-changes"
"""What we call our filter, metric, alarm and topic."""
ALIAS = "alias/trailkeeper-alarms"
ADDRESS = VALUES["${AlarmAddress}"]
INBOX = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{QUEUE}"
GROUP = "main"
"""The log group of the trail."""
PATTERN = "{($.eventSource = s3.amazonaws.com) && ($.eventName = *Bucket*)}"
ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
NAME = "s3-changes"
"""What the customer calls filter, metric and alarm."""


def found(answer: Answer) -> dict[str, Any]:
    """What is said of the one control that is on."""
    (only,) = [it for it in results(answer) if it["status"] != "exempt"]
    return only


def here(installed: Installed) -> Monitoring:
    return Monitoring(installed.ministack, group=GROUP)


def with_queue(installed: Installed) -> dict[str, str]:
    """The policy and the setting of a stack whose address is a queue, which needs no confirmation."""
    here(installed).queue()
    text = json.dumps(document(REMEDIATE)).replace(ADDRESS, INBOX)
    installed.give(REMEDIATE, json.loads(text))
    return {"TRAILKEEPER_ALARM_ADDRESS": INBOX}


# What makes the function need an action, and the event that wakes it.


def nothing(installed: Installed) -> Event:
    """A trail that feeds a log group, and nothing behind it."""
    kept_trail(installed.ministack)
    return api_call("s3", "PutBucketPolicy", requestParameters={"bucketName": "logs"})


def chained(installed: Installed, *statements: dict[str, Any], key: str | None = None, **alarm: Any) -> Event:
    """A customer's chain: whole, unless what is given breaks it."""
    event, there = nothing(installed), here(installed)
    topic = there.topic("security", *statements, key=key)
    there.filter_(NAME, PATTERN)
    there.alarm(NAME, topic, **alarm)
    there.subscribe_queue(topic)
    return event


def whole(installed: Installed) -> Event:
    """All of it, with a key of the customer's that CloudWatch may use."""
    use = {"Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": ["kms:GenerateDataKey*", "kms:Decrypt"]}
    text = policy(Principal=ROOT, Action="kms:*", Resource="*")
    both = json.loads(text)
    both["Statement"].append({"Effect": "Allow", "Resource": "*"} | use)
    made = installed.ministack.client("kms").create_key(Policy=json.dumps(both))["KeyMetadata"]["Arn"]
    return chained(installed, key=made)


def mute(installed: Installed) -> Event:
    """An alarm that takes three periods to go off."""
    return chained(installed, EvaluationPeriods=3)


def disabled(installed: Installed) -> Event:
    """An alarm whose actions are off."""
    return chained(installed, ActionsEnabled=False)


def by_function(installed: Installed) -> Event:
    """A topic that tells a function, and nobody else."""
    event, there = unheard(installed), here(installed)
    page = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:page"
    there.sns.subscribe(TopicArn=topic_arn(), Protocol="lambda", Endpoint=page)
    return event


def by_stream(installed: Installed) -> Event:
    """A topic that tells a Firehose stream, and nobody else."""
    event, there = unheard(installed), here(installed)
    there.subscribe_stream(topic_arn())
    return event


def transformed(installed: Installed) -> Event:
    """A filter that asks for transformed events."""
    event, there = nothing(installed), here(installed)
    metric = {"metricName": NAME, "metricNamespace": NAMESPACE, "metricValue": "1"}
    there.logs.put_metric_filter(
        logGroupName=GROUP, filterName=NAME, filterPattern=PATTERN, metricTransformations=[metric],
        applyOnTransformedLogs=True,
    )
    return event


def closed(installed: Installed) -> Event:
    """A topic that lets nobody but the account in."""
    return chained(installed, publishing(topic_arn()) | {"Principal": ROOT})


def borrowed_key(installed: Installed) -> Event:
    """A topic with someone else created the key of AWS's own, which CloudWatch may not use."""
    return chained(installed, key="alias/aws/sns")


def unheard(installed: Installed) -> Event:
    """A chain whose last subscription ended."""
    event, there = chained(installed), here(installed)
    (one,) = there.sns.list_subscriptions_by_topic(TopicArn=topic_arn())["Subscriptions"]
    there.sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])
    return event


def made(installed: Installed) -> Event:
    """What we made, as it must be."""
    event = nothing(installed)
    assert visible(installed.invoke(event)) == ""
    return event


def key_shut(installed: Installed) -> Event:
    """What we made, after someone took CloudWatch out of its key's policy."""
    event = made(installed)
    key_without_keeper(installed)
    return event


def unrotated(installed: Installed) -> Event:
    """What we made, without its topic, and with a key from before that rotates no more."""
    event = topic_gone(installed)
    key_without_keeper(installed)
    return event


def key_without_keeper(installed: Installed) -> None:
    """Has the account alone in the policy of our key."""
    alone = policy(Principal=ROOT, Action="kms:*", Resource="*")
    installed.ministack.client("kms").put_key_policy(KeyId=our_key(installed), PolicyName="default", Policy=alone)


def topic_gone(installed: Installed) -> Event:
    """What we made, without its topic, and with a key that rotates no more."""
    event = nothing(installed)
    assert visible(installed.invoke(event)) == ""
    installed.ministack.client("kms").disable_key_rotation(KeyId=our_key(installed))
    here(installed).sns.delete_topic(TopicArn=topic_arn(OURS))
    return event


def our_key(installed: Installed) -> str:
    """The key behind our alias."""
    return str(installed.ministack.client("kms").describe_key(KeyId=ALIAS)["KeyMetadata"]["Arn"])


def swept(installed: Installed) -> Event:
    """The account, by schedule."""
    nothing(installed)
    return schedule()
