"""Proves that a call is noticed, and that what is noticed is reported, with a log group and a test event of its own."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from alive import Line
from home import Home

# CloudTrail gives most calls to EventBridge within a minute or two; longer, and something is in the way.
PATIENCE_SECONDS = 600
POLL_SECONDS = 5
# A function that is told of every log group that is deleted, and does nothing about one that it does not use.
NOTICES = "transfer"
REPORTS = "trail"
UNSENT = "ApproximateNumberOfMessages"


class Probe:
    """One call and one event, neither of which harms anything."""

    def __init__(self, home: Home) -> None:
        self._home, self._name = home, f"/trailkeeper/probe-{secrets.token_hex(4)}"

    def run(self) -> Iterator[Line]:
        """The report first, which takes seconds."""
        yield self._reported()
        yield self._noticed()

    def _noticed(self) -> Line:
        """Makes a log group and deletes it, and waits until the function says that it was told."""
        logs, started = self._home.client("logs"), time.time()
        logs.create_log_group(logGroupName=self._name)
        logs.delete_log_group(logGroupName=self._name)
        print(f"  ..  deleted the log group {self._name}; waiting up to {PATIENCE_SECONDS // 60} minutes to be told", flush=True)
        asked = {
            "logGroupName": f"/aws/lambda/{self._home.name}-{NOTICES}",
            "filterPattern": '{ $.event = "DeleteLogGroup" && $.message = "DeleteLogGroup *" }',
            "startTime": int(started * 1000),
        }
        while time.time() - started < PATIENCE_SECONDS:
            for page in logs.get_paginator("filter_log_events").paginate(**asked):
                if page["events"]:
                    return Line(f"call to function: {NOTICES} was told within {time.time() - started:.0f} seconds")
            time.sleep(POLL_SECONDS)
        where = "is there a trail in this region that records management events, and are the rules on?"
        return Line(f"call to function: nothing came in {PATIENCE_SECONDS // 60} minutes; {where}", well=False)

    def _reported(self) -> Line:
        """Has a function be told that a trail of a name that nobody has was stopped: that is always reported."""
        client, trail = self._home.client("lambda"), self._name.rsplit("/", 1)[-1]
        before = self._unsent()
        answer = client.invoke(FunctionName=f"{self._home.name}-{REPORTS}", Payload=json.dumps(self._event(trail)))
        report = json.loads(answer["Payload"].read())
        if answer.get("FunctionError"):
            return Line(f"event to report: the function failed: {report.get('errorMessage', report)}", well=False)
        told = [it for it in report.get("results", []) if it["status"] == "changed" and trail in it["resource"]]
        if not told:
            return Line(f"event to report: nothing was reported ({report.get('ignored') or 'no result'})", well=False)
        where = self._home.output("ReportTopic").rsplit(":", 1)[-1]
        if self._unsent() > before:
            why = f"`aws logs tail /aws/lambda/{self._home.name}-{REPORTS}` says why"
            return Line(f"event to report: the topic {where} did not take the report, which is kept in UnsentReports; {why}", well=False)
        return Line(f"event to report: the topic {where} has one on {trail}; its mail must be with you now")

    def _unsent(self) -> int:
        """How many reports wait that could not be sent."""
        asked = {"QueueUrl": self._home.parts("AWS::SQS::Queue")["UnsentReports"], "AttributeNames": [UNSENT]}
        return int(self._home.client("sqs").get_queue_attributes(**asked)["Attributes"][UNSENT])

    def _event(self, trail: str) -> dict[str, Any]:
        """StopLogging, as CloudTrail would tell of it."""
        account, region = self._home.account, self._home.region
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        arn = f"arn:{self._home.partition}:cloudtrail:{region}:{account}:trail/{trail}"
        return {
            "version": "0",
            "id": secrets.token_hex(16),
            "detail-type": "AWS API Call via CloudTrail",
            "source": "aws.cloudtrail",
            "account": account,
            "time": now,
            "region": region,
            "resources": [],
            "detail": {
                "eventVersion": "1.11",
                "userIdentity": {"type": "Root", "arn": f"arn:{self._home.partition}:iam::{account}:root", "accountId": account},
                "eventTime": now,
                "eventSource": "cloudtrail.amazonaws.com",
                "eventName": "StopLogging",
                "awsRegion": region,
                "sourceIPAddress": "a test of make verify",
                "userAgent": "trailkeeper verify",
                "requestParameters": {"name": arn},
                "responseElements": None,
                "requestID": secrets.token_hex(16),
                "eventID": secrets.token_hex(16),
                "eventType": "AwsApiCall",
                "recipientAccountId": account,
            },
        }
