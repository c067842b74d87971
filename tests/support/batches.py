"""Batches as Lambda takes them out of a queue, and what a function says of one."""

from __future__ import annotations

import json
import uuid
from typing import Any

from envelope import Event
from local_aws.processes import ACCOUNT, REGION
from runtime_api import Answer

QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:trailkeeper-queue"


def batch(*events: Event | str, received: int = 1) -> dict[str, Any]:
    """The messages, whose ids are `m0`, `m1`, ... (Lambda Developer Guide, "Using Lambda with Amazon SQS"); a text stands for
    a body that is no event."""
    return {"Records": [
        {
            "messageId": f"m{number}", "receiptHandle": f"r{number}",
            "body": event if isinstance(event, str) else json.dumps(event), "messageAttributes": {},
            "attributes": {"ApproximateReceiveCount": str(received), "SentTimestamp": "1", "SenderId": ACCOUNT},
            "md5OfBody": "", "eventSource": "aws:sqs", "eventSourceARN": QUEUE, "awsRegion": REGION,
        }
        for number, event in enumerate(events)
    ]}


def again(answer: Answer) -> list[str]:
    """The ids of the messages that are to be tried again."""
    assert answer.ok, (answer.error_type, answer.error_message)
    assert answer.body.keys() == {"batchItemFailures"}
    return [it["itemIdentifier"] for it in answer.body["batchItemFailures"]]


def anew(event: Event) -> Event:
    """The event as that of another call of the same kind."""
    return event | {"id": str(uuid.uuid4()), "detail": event["detail"] | {"eventID": str(uuid.uuid4())}}
