"""Metric filters, alarms and topics, for the tests of the monitoring function: what there is, and whether it rings."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from envelope import Event
from given import Emulator, key_with
from local_aws.processes import ACCOUNT, REGION

CLOUDWATCH = "cloudwatch.amazonaws.com"
GROUP, STREAM, NAMESPACE, TOPIC, QUEUE = "trail", "records", "CISBenchmark", "security", "heard"
PERSON = "team@example.com"
VOLATILE = frozenset(
    "creationTime AlarmConfigurationUpdatedTimestamp StateUpdatedTimestamp StateTransitionedTimestamp".split()
)

Found = dict[str, Any]


# What there is.


def alarm_arn(name: str, region: str = REGION) -> str:
    """The ARN of an alarm."""
    return f"arn:aws:cloudwatch:{region}:{ACCOUNT}:alarm:{name}"


def topic_arn(name: str = TOPIC, region: str = REGION) -> str:
    """The ARN of a topic."""
    return f"arn:aws:sns:{region}:{ACCOUNT}:{name}"


def publishing(arn: str, **condition: Any) -> Found:
    """The statement that lets the alarms of this account publish to a topic."""
    region = arn.split(":")[3]
    source = {
        "ArnLike": {"aws:SourceArn": alarm_arn("*", region)},
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    }
    return {
        "Sid": "AllowCloudWatchAlarms", "Effect": "Allow", "Principal": {"Service": CLOUDWATCH},
        "Action": "SNS:Publish", "Resource": arn, "Condition": condition or source,
    }


def topic_key(account: Emulator, region: str = REGION, *, usable: bool = True) -> str:
    """The ARN of a key of the customer's, with which alarms may publish if it is usable."""
    root = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    statements = [{"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}]
    if usable:
        actions = ["kms:Decrypt", "kms:GenerateDataKey*"]
        service = {"Effect": "Allow", "Principal": {"Service": CLOUDWATCH}, "Resource": "*"}
        statements.append(service | {"Action": actions})
    return key_with(account, {"Version": "2012-10-17", "Statement": statements}, region)


class Monitoring:
    """One region's log group, and what hangs on it."""

    def __init__(self, account: Emulator, region: str = REGION, group: str = GROUP) -> None:
        self.region, self.group = region, group
        self.logs, self.cloudwatch = account.client("logs", region), account.client("cloudwatch", region)
        self.sns, self.sqs = account.client("sns", region), account.client("sqs", region)
        self.firehose = account.client("firehose", region)

    def log_group(self, **given: Any) -> str:
        """The log group, which is made with `given` unless it is there."""
        listed = self.logs.describe_log_groups(logGroupNamePrefix=self.group)["logGroups"]
        if self.group not in {it["logGroupName"] for it in listed}:
            self.logs.create_log_group(logGroupName=self.group, **given)
        return self.group

    def filter_(self, name: str, pattern: str, *, metric: str | None = None, **transformation: Any) -> None:
        """A metric filter that counts into CISBenchmark, by default under its own name."""
        whole = {"metricName": metric or name, "metricNamespace": NAMESPACE, "metricValue": "1"}
        self.logs.put_metric_filter(
            logGroupName=self.log_group(), filterName=name, filterPattern=pattern,
            metricTransformations=[whole | transformation],
        )

    def alarm(self, name: str, *topics: str, metric: str | None = None, **given: Any) -> str:
        """An alarm as CIS has it, by default on the metric of its name; None leaves a member out. Its ARN."""
        whole = {
            "AlarmName": name, "Namespace": NAMESPACE, "MetricName": metric or name, "Statistic": "Sum",
            "Period": 300, "EvaluationPeriods": 1, "Threshold": 1.0, "TreatMissingData": "notBreaching",
            "ComparisonOperator": "GreaterThanOrEqualToThreshold", "AlarmActions": list(topics),
        } | given
        self.cloudwatch.put_metric_alarm(**{key: value for key, value in whole.items() if value is not None})
        return alarm_arn(name, self.region)

    def topic(self, name: str = TOPIC, *statements: Found, key: str | None = None) -> str:
        """A topic, its policy AWS's default one unless there are statements. Its ARN."""
        arn = str(self.sns.create_topic(Name=name)["TopicArn"])
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            self.sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=document)
        if key:
            self.sns.set_topic_attributes(TopicArn=arn, AttributeName="KmsMasterKeyId", AttributeValue=key)
        return arn

    def queue(self, name: str = QUEUE) -> str:
        """A queue that lets the topics of the account in. Its URL."""
        arn = f"arn:aws:sqs:{self.region}:{ACCOUNT}:{name}"
        lets = {
            "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
            "Resource": arn, "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [lets]})
        return str(self.sqs.create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"])

    def subscribe_queue(self, topic: str, name: str = QUEUE) -> str:
        """A queue that hears what the topic is told. The ARN of its subscription."""
        self.queue(name)
        queue = f"arn:aws:sqs:{self.region}:{ACCOUNT}:{name}"
        return str(self.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)["SubscriptionArn"])

    def subscribe_stream(self, topic: str, name: str = "siem") -> str:
        """A Firehose stream that hears what the topic is told. Its ARN."""
        role = f"arn:aws:iam::{ACCOUNT}:role/{name}"
        # What AWS fills in by itself, and always tells (Firehose API reference, ExtendedS3DestinationDescription).
        usual = {"BufferingHints": {}, "CompressionFormat": "UNCOMPRESSED", "EncryptionConfiguration": {}}
        to = {"BucketARN": f"arn:aws:s3:::{name}", "RoleARN": role} | usual
        made = self.firehose.create_delivery_stream(
            DeliveryStreamName=name, DeliveryStreamType="DirectPut", ExtendedS3DestinationConfiguration=to
        )
        stream = str(made["DeliveryStreamARN"])
        self.sns.subscribe(
            TopicArn=topic, Protocol="firehose", Endpoint=stream, Attributes={"SubscriptionRoleArn": role}
        )
        return stream

    def subscribe_person(self, topic: str, address: str = PERSON) -> None:
        """A person who is asked to confirm; `Moto.confirm` does."""
        self.sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=address)

    def chain(self, name: str, pattern: str) -> str:
        """All of it: filter, alarm, topic and a queue that hears it. The ARN of the topic."""
        topic = self.topic()
        self.filter_(name, pattern)
        self.alarm(name, topic)
        self.subscribe_queue(topic)
        return topic

    # Whether it rings.

    def ring(self, *records: Event | Found, queue: str = QUEUE) -> list[Found]:
        """Puts records, or the records in these events, into the log group; what the queue was told then.

        The alarms that ring are those that did not ring before: `quiet` puts them back.
        """
        self.log_group()
        streams = self.logs.describe_log_streams(logGroupName=self.group)["logStreams"]
        if STREAM not in {it["logStreamName"] for it in streams}:
            self.logs.create_log_stream(logGroupName=self.group, logStreamName=STREAM)
        now = int(time.time() * 1000)
        told = [json.dumps(record.get("detail", record)) for record in records]
        self.logs.put_log_events(
            logGroupName=self.group, logStreamName=STREAM,
            logEvents=[{"timestamp": now, "message": message} for message in told],
        )
        return self.heard(queue)

    def heard(self, queue: str = QUEUE) -> list[Found]:
        """The messages of alarms that the queue got and nobody read yet; none if there is no queue."""
        listed = self.sqs.list_queues(QueueNamePrefix=queue).get("QueueUrls", [])
        found: list[Found] = []
        for url in (it for it in listed if it.endswith(f"/{queue}")):
            while batch := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
                for message in batch:
                    self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                    found.append(json.loads(json.loads(message["Body"])["Message"]))
        return found

    def quiet(self, *names: str) -> None:
        """Puts alarms, by default all, back to OK."""
        for name in names or [it["AlarmName"] for it in self._alarms()]:
            self.cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="test")

    def state(self, name: str) -> str:
        """The state of an alarm."""
        (found,) = self.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return str(found["StateValue"])

    def failures(self, name: str) -> list[str]:
        """What the history of an alarm says of actions that failed, newest first."""
        asked = {"AlarmName": name, "HistoryItemType": "Action"}
        found = self.cloudwatch.describe_alarm_history(**asked)["AlarmHistoryItems"]
        return [it["HistorySummary"] for it in found if it["HistorySummary"].startswith("Failed")]

    # What there is afterwards.

    def everything(self) -> Found:
        """Filters, alarms with their tags and topics with their subscriptions, to be compared before and after."""
        found: Found = {}
        for group in self._pages(self.logs, "describe_log_groups", "logGroups"):
            name = group["logGroupName"]
            for it in self._pages(self.logs, "describe_metric_filters", "metricFilters", logGroupName=name):
                found[f"filter {name} {it['filterName']}"] = _lasting(it)
        for it in self._alarms():
            tags = self.cloudwatch.list_tags_for_resource(ResourceARN=it["AlarmArn"])["Tags"]
            found[f"alarm {it['AlarmName']}"] = _lasting(it) | {"Tags": tags}
        for it in self._pages(self.sns, "list_topics", "Topics"):
            arn = it["TopicArn"]
            attributes = self.sns.get_topic_attributes(TopicArn=arn)["Attributes"]
            attributes["Policy"] = json.loads(attributes["Policy"])
            found[f"topic {arn} attributes"] = attributes
            listed = self._pages(self.sns, "list_subscriptions_by_topic", "Subscriptions", TopicArn=arn)
            found[f"topic {arn} subscriptions"] = list(listed)
            found[f"topic {arn} tags"] = self.sns.list_tags_for_resource(ResourceArn=arn).get("Tags", [])
        return found

    def _alarms(self) -> list[Found]:
        return list(self._pages(self.cloudwatch, "describe_alarms", "MetricAlarms"))

    @staticmethod
    def _pages(client: Any, operation: str, member: str, **given: Any) -> Iterator[Found]:
        for page in client.get_paginator(operation).paginate(**given):
            yield from page.get(member, [])


def _lasting(value: Found) -> Found:
    return {key: member for key, member in value.items() if key not in VOLATILE}
