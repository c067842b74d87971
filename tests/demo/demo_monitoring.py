"""The story of a bucket policy that changes unseen: nobody is told, and then an alarm rings."""

from __future__ import annotations

import json
from typing import Any

from alarms import CLOUDWATCH, Monitoring
from demo_story import Run, State, Story, recorded
from given import described_trail
from local_aws.clients import ACCOUNT, REGION
from local_aws.moto.policy import decides
from local_aws.processes import Moto

TEAM = "security-team"
CIS = (
    "{($.eventSource=s3.amazonaws.com) && (($.eventName=PutBucketAcl) || ($.eventName=PutBucketPolicy) || "
    "($.eventName=PutBucketCors) || ($.eventName=PutBucketLifecycle) || ($.eventName=PutBucketReplication) || "
    "($.eventName=DeleteBucketPolicy) || ($.eventName=DeleteBucketCors) || ($.eventName=DeleteBucketLifecycle) || "
    "($.eventName=DeleteBucketReplication))}"
)
"""The pattern of CIS AWS Foundations Benchmark 4.8, as Security Hub checks it."""


class SilentChange(Story):
    """PutBucketPolicy, recorded in the log group of the trail, where nobody looks."""

    function = "monitoring"
    title = "Someone changes a bucket policy, and no alarm goes off"
    fault = "the missing filter, alarm and topic"
    settings = {"TRAILKEEPER_ALARM_ADDRESS": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{TEAM}"}
    """A queue, which needs nobody to confirm."""

    def __init__(self, moto: Moto) -> None:
        self.moto = moto
        self.event = recorded("s3.put-bucket-policy")
        # The one that the trail of the stories before feeds.
        name = recorded("cloudtrail.create-trail")["detail"]["requestParameters"]["name"]
        group = described_trail(moto, name)["CloudWatchLogsLogGroupArn"].split(":")[6]
        self.here = Monitoring(moto, group=group)
        self._queue()
        self.before = self.here.ring(self.event, queue=TEAM)
        self.now: list[dict[str, Any]] = []

    def _queue(self) -> None:
        """The queue of those who are to be told; any topic of the account may send there."""
        url = self.here.sqs.create_queue(QueueName=TEAM)["QueueUrl"]
        send = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": self.settings["TRAILKEEPER_ALARM_ADDRESS"],
            "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [send]})
        self.here.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})

    def state(self) -> State:
        """From the log group of the trail to whoever is told, as the API describes it."""
        found: State = {"log group of the trail": self.here.group}
        for it in self.here.logs.describe_metric_filters(logGroupName=self.here.group)["metricFilters"]:
            found |= {"metric filter": it["filterName"], "pattern": it["filterPattern"]}
        alarms = self._alarms()
        found["alarms"] = ", ".join(it["AlarmName"] for it in alarms) or None
        for alarm in alarms:
            found["goes off"] = f"when {alarm['MetricName']} is {alarm['Threshold']:g} or more in {alarm['Period']} s"
            for topic in alarm["AlarmActions"]:
                found |= self._topic(topic)
        return found

    def tried(self) -> State:
        """The same record comes into the log group once more."""
        self.now = self.here.ring(self.event, queue=TEAM)
        found: State = {"alarms before the fix": len(self.before), "alarms now": len(self.now)}
        for it in self.now:
            found |= {"alarm": it["AlarmName"], "its state": f"{it['OldStateValue']} -> {it['NewStateValue']}"}
        return found

    def _alarms(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.here.cloudwatch.describe_alarms()["MetricAlarms"]
        return found

    def _topic(self, arn: str) -> State:
        """The topic that an alarm tells, its key, and who hears it."""
        attributes = self.here.sns.get_topic_attributes(TopicArn=arn)["Attributes"]
        listed = self.here.sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
        told = [it["Endpoint"] for it in listed if it["SubscriptionArn"].startswith("arn:")]
        return {
            "topic": arn,
            "CloudWatch may use its key": self._serves(attributes.get("KmsMasterKeyId")),
            "notified": ", ".join(told) or None,
        }

    def _serves(self, key: str | None) -> bool:
        """Whether CloudWatch may encrypt with the key for an alarm of this account."""
        if key is None:
            return False
        kms = self.moto.client("kms")
        document = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
        arn = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:any"
        context = {"aws:SourceArn": arn, "aws:SourceAccount": ACCOUNT}
        asked = ("kms:GenerateDataKey", "kms:Decrypt")
        allowed = [
            decides(document, service=CLOUDWATCH, action=action, resource=key, context=context) for action in asked
        ]
        return allowed == ["Allowed"] * len(asked)

    def claims(self, fix: Run) -> dict[str, bool]:
        now = fix.after
        return {
            "there was no alarm, and when the call was logged, nobody was notified":
                fix.before["alarms"] is None and self.before == [],
            "the metric filter has the exact pattern of CIS 4.8": now.get("pattern") == CIS,
            "the topic is encrypted with a key that CloudWatch may use":
                now.get("CloudWatch may use its key") is True,
            "the security team is notified, and nobody else":
                now.get("notified") == self.settings["TRAILKEEPER_ALARM_ADDRESS"],
            "when the same call is logged now, the alarm goes off and the team's queue gets the message":
                [(it["AlarmName"], it["NewStateValue"]) for it in self.now] == [(now.get("alarms"), "ALARM")],
        }
