"""A topic for reports with two subscribers: a mailbox and a queue."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from local_aws.processes import Moto

ADDRESS = "operator@example.com"


@dataclass(frozen=True)
class Letter:
    """What the mailbox received: for people."""

    subject: str
    text: str


@dataclass(frozen=True)
class Message:
    """What the queue received: for programs."""

    attributes: dict[str, str]
    body: Any


class Subscribers:
    """Creates the topic and both subscriptions; `letters` and `messages` take what arrived."""

    def __init__(self, moto: Moto) -> None:
        self._moto = moto
        self._sqs = moto.client("sqs")
        sns = moto.client("sns")
        self.topic: str = sns.create_topic(Name="trailkeeper-reports")["TopicArn"]
        self._queue: str = self._sqs.create_queue(QueueName="trailkeeper-reports")["QueueUrl"]
        asked = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        arn = asked["Attributes"]["QueueArn"]
        self._sqs.set_queue_attributes(QueueUrl=self._queue, Attributes={"Policy": self._policy(arn)})
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=arn)
        sns.subscribe(TopicArn=self.topic, Protocol="email", Endpoint=ADDRESS)
        moto.confirm(self.topic)

    def _policy(self, queue: str) -> str:
        """Lets the topic write to the queue."""
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue,
            "Condition": {"ArnEquals": {"aws:SourceArn": self.topic}},
        }
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    def letters(self) -> list[Letter]:
        """What the mailbox received since it was last looked into."""
        return [Letter(letter["subject"], letter["text"]) for letter in self._moto.mail()]

    def messages(self) -> list[Message]:
        """What the queue received since it was last emptied, out of the envelopes of SNS."""
        found = []
        while got := self._sqs.receive_message(QueueUrl=self._queue, WaitTimeSeconds=0).get("Messages"):
            self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=got[0]["ReceiptHandle"])
            envelope = json.loads(got[0]["Body"])
            given = envelope.get("MessageAttributes", {})
            attributes = {name: attribute["Value"] for name, attribute in given.items()}
            found.append(Message(attributes, json.loads(envelope["Message"])))
        return found
