"""The function of access logs as it is deployed: S3 delivers a file, at home or in a member account, and it is told once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from access_logs import BOB, KEY, NAME, TARGET, bucket, created, delivered, line
from deployed import Account, Home, organization, until
from envelope import Event
from given import policy, refusal
from local_aws.processes import ACCOUNT, REGION, Ministack

READERS = f"arn:aws:iam::{ACCOUNT}:role/SiemReader"
WEST = "eu-west-1"


@dataclass
class World:
    """The home account, a member, and a queue that hears what is told."""

    home: Home
    member: Account
    queue: str

    def heard(self) -> list[dict[str, Any]]:
        """What was told since the last time, once there is something."""
        sqs = self.home.client("sqs")

        def received() -> Iterator[list[dict[str, Any]]]:
            while True:
                found = sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", [])
                for it in found:
                    sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=it["ReceiptHandle"])
                yield [json.loads(it["Body"]) for it in found]

        messages: list[dict[str, Any]] = until(received())
        return messages

    def noted(self, key: str) -> bool:
        """Whether there is, or comes, a note."""

        def there() -> Iterator[bool]:
            while True:
                listed = self.home.client("s3").list_objects_v2(Bucket=self.home.outputs["Notes"], Prefix=key)
                yield listed["KeyCount"] > 0

        return bool(until(there()))


@pytest.fixture(scope="module")
def world(ministack_server: Ministack) -> World:
    ministack_server.reset()
    ours = organization(ministack_server)
    home = Home(ministack_server, Organization=ours, AccessReaders=READERS, AccessTargets="our-access-logs,more-access-logs")
    member, bus = home.joined("member"), home.outputs["Bus"]
    targets = {"AccessTargets": "our-access-logs,more-access-logs"}
    home.deploy("regions.yaml", WEST, name="trailkeeper-region", Bus=bus, **targets)
    member.deploy("members.yaml", HomeAccount=ACCOUNT, Bus=bus, ExternalId=ours, **targets)
    member.deploy("regions.yaml", WEST, name="trailkeeper-region", Bus=bus, **targets)
    sqs, sns = home.client("sqs"), home.client("sns")
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:heard"
    lets_in = policy(Principal={"Service": "sns.amazonaws.com"}, Action="sqs:SendMessage", Resource=arn)
    queue = sqs.create_queue(QueueName="heard", Attributes={"Policy": lets_in})["QueueUrl"]
    sns.subscribe(TopicArn=home.outputs["ReportTopic"], Protocol="sqs", Endpoint=arn)
    return World(home, member, str(queue))


def file(account: Account, name: str, region: str = REGION, key: str = KEY) -> Event:
    """An access log in which somebody reads logs, and the event about it."""
    return delivered(account, line(), line(BOB), name=name, region=region, key=key) | {"account": account.account}


@pytest.mark.parametrize(("name", "region"), [
    (TARGET, REGION), (f"trailkeeper-access-logs-{ACCOUNT}-{WEST}", WEST), ("our-access-logs", REGION),
    ("more-access-logs", WEST),
])
def test_a_file_of_the_home_account_is_told_once(world: World, name: str, region: str) -> None:
    event = file(world.home, name, region)
    assert world.home.reached(world.home.deliver(event)) == {"access"}
    (message,) = world.heard()
    report = json.loads(message["Message"])
    assert [it["who"]["requester"] for it in report["buckets"][0]["findings"]] == [BOB]
    assert report["file"] == {"region": region, "bucket": name, "key": KEY}
    assert world.noted(f"told/{name}/{KEY}") and world.home.told("access", bucket=name)
    world.home.deliver(event)
    assert world.home.told("access", ignored=f"s3://{name}/{KEY} was already reported")


def test_a_file_of_a_member_is_read_there_and_told_at_home(world: World) -> None:
    name = f"trailkeeper-access-logs-{world.member.account}-{WEST}"
    event = file(world.member, name, WEST)
    assert world.home.reached(world.member.deliver(event)) == {"access"}
    (message,) = world.heard()
    assert json.loads(message["Message"])["account"] == world.member.account
    assert message["MessageAttributes"]["region"]["Value"] == WEST
    (logged,) = world.home.told("access", bucket=name)
    assert (logged["account"], logged["findings"]) == (world.member.account, 1)
    assert world.noted(f"told/{name}/{KEY}")


def test_s3_announces_a_file_where_it_is_told_to(world: World) -> None:
    """As it is in AWS, from the file to the message; the event has the key as it is."""
    s3, key = world.home.client("s3"), f"logs/a file + one%20more/{NAME}"
    file(world.home, TARGET)
    s3.put_bucket_notification_configuration(
        Bucket=TARGET, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    s3.put_object(Bucket=TARGET, Key=key, Body=line(BOB))
    (message,) = world.heard()
    assert json.loads(message["Message"])["file"]["key"] == key
    # The local AWS puts the file for the account: that another than S3's log service writes is told once a day.
    assert world.noted(f"told/{TARGET}/written by ")


def test_a_file_that_is_gone_is_told_and_no_failure(world: World) -> None:
    """IAM lets S3 say so, to those who may list."""
    for account in (world.home, world.member):
        name = f"trailkeeper-access-logs-{account.account}-{WEST}"
        bucket(account, name, WEST)
        answer = world.home.invoke("access", created(f"gone-{NAME}", name, region=WEST) | {"account": account.account})
        assert answer.ok and answer.body["gone"] is True
        (message,) = world.heard()
        assert json.loads(message["Message"])["file"]["bucket"] == name


@pytest.mark.parametrize("name", ["logs", "access-logs", "our-access-logs-2"])
def test_other_files_wake_nobody(world: World, name: str) -> None:
    event = created(name=name)
    assert world.home.reached(world.home.deliver(event, invoke=False)) == set()


def test_its_role_reads_nothing_else_and_takes_nothing_back(world: World) -> None:
    s3, notes = world.home.client_as("access", "s3"), world.home.outputs["Notes"]
    home = world.home.client("s3")
    bucket(world.home, "logs")
    file(world.home, TARGET, key="there")
    home.put_object(Bucket=notes, Key="told/x", Body=b"{}")
    home.put_object(Bucket=notes, Key="other", Body=b"{}")
    home.put_object(Bucket="logs", Key="secret", Body=b"")
    assert s3.get_object(Bucket=TARGET, Key="there") and s3.get_object(Bucket=notes, Key="told/x")
    for call, given in (
        (s3.get_object, {"Bucket": "logs", "Key": "secret"}),
        (s3.list_objects_v2, {"Bucket": "logs"}),
        (s3.put_object, {"Bucket": TARGET, "Key": "there"}),
        (s3.delete_object, {"Bucket": TARGET, "Key": "there"}),
        (s3.delete_object, {"Bucket": notes, "Key": "told/x"}),
        (s3.get_object, {"Bucket": notes, "Key": "other"}),
        (s3.put_object, {"Bucket": notes, "Key": "other"}),
        (s3.get_bucket_policy, {"Bucket": notes}),
    ):
        assert refusal(call, **given)[1] == "AccessDenied", (call, given)
