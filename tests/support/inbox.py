"""What subscribers of the report topic get, and the shape of a report."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
from given import policy
from local_aws.processes import ACCOUNT, Moto
from repository import ROOT
from runtime_api import Answer

SCHEMA = json.loads((ROOT / "docs" / "report.schema.json").read_text())


class Inbox:
    """A queue subscribed to the report topic."""

    def __init__(self, moto: Moto) -> None:
        sns = moto.client("sns")
        self.topic = str(sns.create_topic(Name="reports")["TopicArn"])
        self._sqs = moto.client("sqs")
        arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:inbox"
        lets_in = policy(Principal={"Service": "sns.amazonaws.com"}, Action="sqs:SendMessage", Resource=arn)
        self._queue = self._sqs.create_queue(QueueName="inbox", Attributes={"Policy": lets_in})["QueueUrl"]
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=arn)
        sns.subscribe(TopicArn=self.topic, Protocol="email", Endpoint="team@example.com")
        moto.confirm(self.topic)

    def messages(self) -> list[dict[str, Any]]:
        """The notifications that arrived."""
        found = []
        while batch := self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages"):
            for message in batch:
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]))
        return found


def valid(answer: Answer) -> Answer:
    """The answer, whose report is of the documented shape."""
    jsonschema.Draft202012Validator(SCHEMA).validate(answer.body)
    return answer
