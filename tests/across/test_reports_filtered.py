"""The filter policy that README.md shows lets through what matters, and nothing else."""

from __future__ import annotations

import json
import re
from typing import Any

from conftest import StartFunction
from envelope import create_server, schedule
from given import role, server
from inbox import Inbox
from kms_keys import key
from local_aws.processes import ACCOUNT, Moto
from repository import ROOT
from trails import kept_trail, single_trail, trail_call

README = (ROOT / "README.md").read_text()


def policy() -> str:
    """The one in the README's command, out of the shell's quotes."""
    (attributes,) = re.findall(r"--attributes '(.*)'", README)
    given: dict[str, str] = json.loads(attributes)
    assert given.keys() == {"FilterPolicy"}
    return given["FilterPolicy"]


def test_the_filter_policy_takes_what_is_wrong_and_cannot_be_fixed_as_well() -> None:
    """And a change that ends the record, whatever was found. The text beneath it says what it leaves out."""
    given = json.loads(policy())
    assert given["severity"] == ["critical", "high"]
    assert set(given["status"]) == {"changed", "fixed", "failed", "advised", "unknown"}
    told = set(re.findall(r"^\| `([a-z-]+)` \|.*\| yes[^|]* \|$", README, re.MULTILINE))
    (left_out,) = re.findall(r"^This filter leaves out (.*?)\n\n", README, re.MULTILINE | re.DOTALL)
    assert told - set(given["status"]) == {"planned"} and "`planned`" in left_out and "`found`" in left_out


def test_the_filter_policy_lets_through_what_is_only_told(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    """A violation that is never fixed, and a change of a trail that leaves nothing to fix."""
    got = listener(moto, inbox.topic)
    server(moto, LoggingRole=role(moto))
    settings = {"TRAILKEEPER_TOPIC_ARN": inbox.topic, "TRAILKEEPER_REGIONS": "us-east-1"}
    function(mode="enforce", **settings).invoke(schedule())
    assert got() == [("high", "advised")]

    kept_trail(moto)
    second = single_trail(moto, "second")
    function("trail", mode="enforce", **settings).invoke(trail_call("PutEventSelectors", second))
    (told,) = got()
    assert "changed" in told[1]


def listener(moto: Moto, topic: str) -> Any:
    """A queue that is subscribed with that policy; what it got since the last time."""
    sqs = moto.client("sqs")
    queue = sqs.create_queue(QueueName="filtered")["QueueUrl"]
    moto.client("sns").subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:filtered",
        Attributes={"FilterPolicy": policy()},
    )

    def got() -> list[tuple[str, str]]:
        found = []
        while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                given = json.loads(message["Body"])["MessageAttributes"]
                found.append((given["severity"]["Value"], given["status"]["Value"]))
        return found

    return got


def test_the_filter_policy_lets_repairs_of_what_matters_through(
    function: StartFunction, moto: Moto, inbox: Inbox
) -> None:
    got = listener(moto, inbox.topic)
    server_id = server(moto)

    function(TRAILKEEPER_TOPIC_ARN=inbox.topic).invoke(create_server(server_id))
    assert len(inbox.messages()) == 1
    assert got() == []

    function(mode="enforce", TRAILKEEPER_TOPIC_ARN=inbox.topic).invoke(create_server(server_id))
    assert len(inbox.messages()) == 1
    assert got() == [("high", "fixed")]

    key(moto)
    settings = {"TRAILKEEPER_TOPIC_ARN": inbox.topic, "TRAILKEEPER_REGIONS": "us-east-1"}
    function("key", mode="enforce", **settings).invoke(schedule())
    (medium,) = inbox.messages()
    assert medium["MessageAttributes"]["severity"]["Value"] == "medium"
    assert got() == []


def test_a_message_of_several_results_comes_through_when_one_of_them_matters(
    function: StartFunction, moto: Moto, inbox: Inbox
) -> None:
    got = listener(moto, inbox.topic)
    server(moto, LoggingRole=role(moto))
    server(moto)
    settings = {"TRAILKEEPER_TOPIC_ARN": inbox.topic, "TRAILKEEPER_REGIONS": "us-east-1"}

    function(mode="enforce", **settings).invoke(schedule())

    assert got() == [("high", '["advised","fixed"]')]
