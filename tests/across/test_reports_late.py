"""A report that cannot be published is kept, and sent by a later invocation of any function: nothing is lost, nothing fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from conftest import StartFunction
from envelope import api_call, schedule
from given import trail
from inbox import Inbox
from local_aws.processes import Faults, Moto
from observed import lines
from runtime_api import Function

Start = Callable[..., Function]


@pytest.fixture
def queue(moto: Moto) -> str:
    """The stack's queue of unsent reports."""
    return str(moto.client("sqs").create_queue(QueueName="unsent")["QueueUrl"])


@pytest.fixture
def start(function: StartFunction, inbox: Inbox, faults: Faults, queue: str) -> Start:
    """Starts a function that knows the topic and the queue, behind the proxy of faults."""
    settings = {"TRAILKEEPER_TOPIC_ARN": inbox.topic, "TRAILKEEPER_UNSENT": queue}
    return lambda name, **more: function(name, endpoint=faults, **({"mode": "enforce"} | settings | more))


def kept(moto: Moto, queue: str) -> int:
    """How many reports are kept."""
    asked = moto.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    return int(asked["ApproximateNumberOfMessages"]) + int(asked["ApproximateNumberOfMessagesNotVisible"])


def subjects(moto: Moto) -> list[str]:
    return [letter["subject"] for letter in moto.mail()]


def logging_stopped(moto: Moto) -> dict[str, object]:
    """A trail that was made to record, and stopped, and the event about that."""
    arn = trail(moto)
    moto.client("cloudtrail").stop_logging(Name=arn)
    return api_call("cloudtrail", "StopLogging", requestParameters={"name": arn})


@pytest.mark.parametrize("fault", ["deny", "throttle"])
def test_what_was_done_while_the_topic_was_shut_is_told_when_it_is_open_again(
    start: Start, moto: Moto, inbox: Inbox, faults: Faults, queue: str, fault: str
) -> None:
    event, started = logging_stopped(moto), start("trail")
    getattr(faults, fault)("sns", "Publish")
    before = datetime.now(UTC) - timedelta(seconds=1)
    answer = started.invoke(event, timeout=90)
    assert answer.ok, answer.error_message
    assert any((it["control"], it["status"]) == ("cloudtrail-logging", "fixed") for it in answer.body["results"])
    assert (inbox.messages(), moto.mail(), kept(moto, queue)) == ([], [], 1)
    assert lines(started, level="WARN") and [it for it in lines(started, level="INFO") if "report" in it]
    # Another function, which has nothing to tell itself.
    faults.clear()
    assert start("key").invoke(schedule()).ok
    (letter,) = moto.mail()
    assert letter["subject"].startswith("Late: FIXED critical: ") and "cloudtrail-logging" in letter["text"]
    first, at = letter["text"].split("\n")[0], letter["text"].split(" ")[8].rstrip(",")
    assert first.startswith("Sent late: this could not be sent at ")
    assert before <= datetime.fromisoformat(at) <= datetime.now(UTC)
    (message,) = inbox.messages()
    report = json.loads(message["Message"])
    assert report["event"]["name"] == "StopLogging" and "fixed" in message["MessageAttributes"]["status"]["Value"]
    assert kept(moto, queue) == 0
    assert start("key").invoke(schedule()).ok and moto.mail() == []


def test_what_cannot_be_kept_either_fails_and_is_in_the_log(
    start: Start, moto: Moto, faults: Faults, queue: str
) -> None:
    event, started = logging_stopped(moto), start("trail")
    faults.deny("sns", "Publish")
    faults.deny("sqs", "SendMessage")
    answer = started.invoke(event)
    assert (answer.ok, answer.error_type) == (False, "Trailkeeper.TryAgain")
    told = answer.error_message or ""
    assert "could not be published: sns:Publish was denied" in told and "nor could it be kept: sqs:SendMessage was" in told
    (logged,) = [it for it in lines(started, level="INFO") if "report" in it]
    assert json.loads(logged["report"])["results"] and kept(moto, queue) == 0


def test_what_is_kept_stays_while_the_topic_is_shut(start: Start, moto: Moto, faults: Faults, queue: str) -> None:
    event = logging_stopped(moto)
    faults.deny("sns", "Publish")
    assert start("trail").invoke(event).ok and kept(moto, queue) == 1
    quiet = start("key")
    assert quiet.invoke(schedule()).ok and kept(moto, queue) == 1 and moto.mail() == []
    assert any("could not be sent" in it["message"] for it in lines(quiet, level="WARN"))


@pytest.mark.parametrize("operation", ["ReceiveMessage", "DeleteMessage"])
def test_a_queue_that_cannot_be_read_is_no_failure(
    start: Start, moto: Moto, faults: Faults, queue: str, operation: str
) -> None:
    faults.deny("sqs", operation)
    moto.client("sqs").send_message(QueueUrl=queue, MessageBody="nonsense")
    started = start("key")
    assert started.invoke(schedule()).ok
    assert any(f"sqs:{operation} was denied" in it["message"] for it in lines(started, level="WARN"))


def test_what_is_no_report_is_logged_and_taken_away(start: Start, moto: Moto, queue: str) -> None:
    moto.client("sqs").send_message(QueueUrl=queue, MessageBody='{"subject": "forged"}')
    started = start("key")
    assert started.invoke(schedule()).ok and (kept(moto, queue), moto.mail()) == (0, [])
    (logged,) = lines(started, level="ERROR")
    assert "no report of Trailkeeper" in logged["message"] and "forged" in logged["text"]


def test_an_event_that_is_ignored_asks_for_nothing(start: Start, faults: Faults) -> None:
    started = start("key")
    faults.forget()
    assert started.invoke(api_call("kms", "DescribeKey", readOnly=True)).body["ignored"]
    assert faults.calls("sqs") == []
