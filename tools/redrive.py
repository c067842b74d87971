"""Sends the events in the dead-letter queue back to the functions that failed to handle them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from home import Home, arguments, run

# Long enough for one batch. A program that dies gives its letters back when it is over.
HIDDEN_SECONDS = 300
# Asks all servers of the queue, so that no letter is missed.
WAIT_SECONDS = 1

Message = dict[str, Any]


@dataclass(frozen=True)
class Letter:
    """What a message tells. It can be sent back where it has a function and an event for it."""

    about: str
    function: str | None = None
    event: dict[str, Any] | None = None
    why_left: str = ""


def read(message: Message, functions: set[str], queues: dict[str, str]) -> Letter:
    """A message of the queue: a record by Lambda of an invocation that failed, an event of a batch, or something else."""
    try:
        body = json.loads(message["Body"])
    except ValueError:
        return Letter(line(message["Body"]), why_left="not JSON")
    record = body if isinstance(body, dict) else {}
    context, event = record.get("requestContext"), record.get("requestPayload")
    # SQS says which queue it has moved a message from.
    taken_by = queues.get(message.get("Attributes", {}).get("DeadLetterQueueSourceArn", ""))
    if taken_by and isinstance(record.get("detail-type"), str):
        return Letter(line(f"{record.get('time', '')} {taken_by.rsplit(':')[-1]}: {named(record)}: see its log"), taken_by, record)
    if not isinstance(context, dict) or not isinstance(context.get("functionArn"), str):
        return Letter(undelivered(message, record), why_left="not the record of a failed invocation")
    # The record names the version, too: arn:aws:lambda:REGION:ACCOUNT:function:NAME:$LATEST.
    function = ":".join(context["functionArn"].split(":")[:7])
    about = line(f"{record.get('timestamp', '')} {function.rsplit(':')[-1]}: {named(event)}: {error(record)}")
    if function not in functions:
        return Letter(about, why_left=f"{line(function)} is not a function of this stack")
    if not isinstance(event, dict):
        return Letter(about, why_left="it has no event")
    return Letter(about, function, event)


def named(event: Any) -> str:
    """What happened, and where."""
    if not isinstance(event, dict):
        return "no event"
    detail = event.get("detail")
    call = detail.get("eventName") if isinstance(detail, dict) else None
    what = call or event.get("detail-type") or "an event"
    return f"{what} ({event.get('account', '?')}, {event.get('region', '?')})"


def error(record: dict[str, Any]) -> str:
    """What the function said last, or why Lambda gave up before."""
    said = record.get("responsePayload")
    if isinstance(said, dict) and said.get("errorMessage"):
        return str(said["errorMessage"])
    return str(record["requestContext"].get("condition", "no error given"))


def undelivered(message: Message, event: dict[str, Any]) -> str:
    """An event that EventBridge could not deliver says why in the message's attributes."""
    given = {name: it.get("StringValue", "") for name, it in message.get("MessageAttributes", {}).items()}
    sender = given.get("RULE_ARN") or given.get("SCHEDULE_ARN") or "an unknown sender"
    return line(f"{sender}: {named(event)}: {given.get('ERROR_MESSAGE') or given.get('ERROR_CODE') or 'no error'}")


def line(text: str, longest: int = 300) -> str:
    """One line that a terminal shows as it is, whoever wrote the text."""
    shown = "".join(it if it.isprintable() else " " for it in text[: longest + 1])
    return shown if len(shown) <= longest else f"{shown[: longest - 3]}..."


class Queue:
    """The dead letters of a stack."""

    def __init__(self, home: Home) -> None:
        self._sqs, self._url = home.client("sqs"), home.output("DeadLetters")
        self._left: list[Message] = []

    def messages(self) -> Iterator[Message]:
        """Each once, those alone that were there at the start: what fails again waits for another run."""
        started, seen = time.time() * 1000, set()
        while batch := self._receive():
            for message in batch:
                if message["MessageId"] in seen or int(message["Attributes"]["SentTimestamp"]) > started:
                    self.leave(message)
                else:
                    seen.add(message["MessageId"])
                    yield message

    def _receive(self) -> list[Message]:
        found: list[Message] = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=HIDDEN_SECONDS,
            WaitTimeSeconds=WAIT_SECONDS,
            MessageSystemAttributeNames=["SentTimestamp", "DeadLetterQueueSourceArn"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        return found

    def delete(self, message: Message) -> None:
        """For good."""
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])

    def leave(self, message: Message) -> None:
        """It is shown to others again at the end."""
        self._left.append(message)

    def give_back(self) -> None:
        """What was left can be received at once; where this fails, when its time is over."""
        for start in range(0, len(self._left), 10):
            entries = [
                {"Id": str(number), "ReceiptHandle": it["ReceiptHandle"], "VisibilityTimeout": 0}
                for number, it in enumerate(self._left[start : start + 10])
            ]
            self._sqs.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)


def accepted(client: Any, letter: Letter) -> bool:
    """Whether Lambda took the event."""
    payload = json.dumps(letter.event, separators=(",", ":"), ensure_ascii=False).encode()
    try:
        answer = client.invoke(FunctionName=letter.function, InvocationType="Event", Payload=payload)
    except (BotoCoreError, ClientError) as refused:
        print(f"  refused: {line(str(refused))}")
        return False
    return bool(answer["StatusCode"] == 202)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--dry-run", action="store_true", help="only list the events")
    given = parser.parse_args()
    home = Home(given)
    queue, client = Queue(home), home.client("lambda")
    sent = left = refused = 0
    try:
        for message in queue.messages():
            letter = read(message, home.functions, home.queues)
            print(letter.about)
            if letter.why_left:
                print(f"  left: {letter.why_left}")
                left += 1
            elif given.dry_run:
                left += 1
            elif accepted(client, letter):
                # Only now: a letter that is sent twice does no harm, one that is lost does.
                queue.delete(message)
                sent += 1
                continue
            else:
                refused += 1
            queue.leave(message)
    finally:
        queue.give_back()
    print(f"{sent} sent back, {left} left, {refused} refused")
    return 1 if refused else 0


if __name__ == "__main__":
    run(main)
