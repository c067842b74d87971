"""The filter policy that docs/reports.md shows lets through what matters, and nothing else."""

from __future__ import annotations

import json
import re
from typing import Any

from conftest import StartFunction
from envelope import create_server, schedule
from given import client_of, role, server
from inbox import Inbox
from kms_keys import key
from local_aws.processes import ACCOUNT, Moto
from repository import ROOT
from trails import OTHER, kept_trail, single_trail, trail_call
from vpcs import create_flow_logs, delete_flow_logs

PAGE = (ROOT / "docs" / "reports.md").read_text()


def policy() -> str:
    """The one in the page's command, out of the shell's quotes."""
    (attributes,) = re.findall(r"--attributes '(.*)'", PAGE)
    given: dict[str, str] = json.loads(attributes)
    assert given.keys() == {"FilterPolicy"}
    return given["FilterPolicy"]


def test_the_filter_policy_takes_what_is_wrong_and_cannot_be_fixed_as_well() -> None:
    """And a change that ends the record, whatever was found. The text beneath it says what it leaves out."""
    given = json.loads(policy())
    assert given["severity"] == ["critical", "high"]
    assert set(given["status"]) == {"changed", "fixed", "failed", "advised", "fought", "unknown"}
    told = set(re.findall(r"^\| \[?`([a-z-]+)`.*\| yes[^|]* \|$", PAGE, re.MULTILINE))
    (left_out,) = re.findall(r"^This filter leaves out (.*?)\n\n", PAGE, re.MULTILINE | re.DOTALL)
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


def test_the_filter_policy_lets_through_what_ends_the_record_of_a_vpc(
    function: StartFunction, moto: Moto, inbox: Inbox
) -> None:
    """Its control is of medium severity; a deleted flow log of an exempt VPC and one that goes to a stranger are not."""
    got = listener(moto, inbox.topic)
    ec2 = moto.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    settings = {"TRAILKEEPER_TOPIC_ARN": inbox.topic, "TRAILKEEPER_REGIONS": "us-east-1"}
    started = function("vpc", mode="enforce", **settings)
    started.invoke(schedule())
    assert got() == [], "a repair is of medium severity"

    abroad = client_of(moto, OTHER, "s3")
    abroad.create_bucket(Bucket="theirs")
    abroad.delete_public_access_block(Bucket="theirs")
    open_to_all = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::theirs", "arn:aws:s3:::theirs/*"]}
    abroad.put_bucket_policy(Bucket="theirs", Policy=json.dumps({"Version": "2012-10-17", "Statement": [open_to_all]}))
    given = {"ResourceIds": [vpc], "ResourceType": "VPC", "TrafficType": "ALL", "LogDestinationType": "s3"}
    ec2.create_flow_logs(**given, LogDestination="arn:aws:s3:::theirs/x")
    started.invoke(create_flow_logs(vpc))
    assert got() == [("high", "advised")]

    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "trailkeeper:exempt", "Value": "all"}])
    mine = [it["FlowLogId"] for it in ec2.describe_flow_logs()["FlowLogs"] if it["ResourceId"] == vpc]
    ec2.delete_flow_logs(FlowLogIds=mine)
    started.invoke(delete_flow_logs())
    assert got() == [("high", "changed")]


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
