"""The lanes as they are deployed: what storms never wakes what is urgent, and what a queue gives up comes back when it is told to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from batches import anew
from deployed import FAMILIES, ROOT, Home, queued, until
from envelope import api_call, role_call
from given import refusal, trail, trail_status
from installed import caller
from local_aws.clients import client
from local_aws.processes import ACCOUNT, REGION, Ministack
from log_buckets import bucket_call
from operated import tool


REGISTRY = json.loads((ROOT / "tests" / "golden" / "registry.json").read_text())


@pytest.fixture(scope="module")
def home(ministack_server: Ministack) -> Home:
    ministack_server.reset()
    return Home(ministack_server, Mode="enforce", LogBuckets="our-audit,records-")


def woken(home: Home, event: dict[str, Any], *, invoke: bool = True) -> set[str]:
    """What an event goes to: functions by their names, queues by those of their families."""
    names = {home.function(family, lane): f"{family}{lane and '-'}{lane}" for family in FAMILIES for lane in ("", "batch", "sweep")}
    found = home.deliver(event, invoke=invoke)
    assert all(it["refused"] is None for it in found), found
    return {names.get(it["target"], queued(it["target"])) for it in found if it["target"] in names or queued(it["target"])}


def queues(*families: str) -> set[str]:
    return {f"trailkeeper-{family}queue" for family in families}


@pytest.mark.parametrize(("call", "bucket", "urgent"), [
    ("DeleteBucketPolicy", "anything", True), ("DeleteBucketReplication", "anything", True),
    ("PutBucketPolicy", "aws-cloudtrail-logs-123456789012-0a1b2c3d", True), ("DeleteBucket", "trailkeeper-cloudtrail-1-us-east-1", True),
    ("PutBucketPolicy", "our-audit", True), ("DeleteBucket", "records-eu", True), ("PutBucketPolicy", "our-audi", False),
    ("PutBucketPolicy", "my-aws-cloudtrail-logs-1", False), ("DeleteBucket", "anything", False), ("PutBucketAcl", "config-bucket-1", False),
])
def test_a_call_on_a_bucket_comes_by_the_lane_of_its_kind_or_its_name(home: Home, call: str, bucket: str, urgent: bool) -> None:
    found = woken(home, anew(bucket_call(bucket, call)), invoke=False)
    watching = {
        family["family"] for family in REGISTRY for watch in family["watches"]
        if watch["service"] == "s3.amazonaws.com" and call in watch["calls"]
    }
    assert found == (watching if urgent else queues(*watching))


@pytest.mark.parametrize("given", [None, {}, {"omitted": True}], ids=json.dumps)
def test_a_call_that_names_no_bucket_is_lost_by_neither_lane(home: Home, given: dict[str, Any] | None) -> None:
    call = anew(api_call("s3", "PutBucketPolicy", requestParameters=given))
    assert woken(home, call, invoke=False) == queues("bucket", "monitoring")


def test_a_flood_of_what_storms_wakes_nothing_that_is_urgent(home: Home) -> None:
    """And what is urgent in its midst is mended, though none of the flood has been handled."""
    arn = trail(home)  # type: ignore[arg-type]
    home.client("cloudtrail").stop_logging(Name=arn)
    flood = [anew(bucket_call(f"bucket-{number}")) for number in range(20)]
    flood += [anew(role_call("AttachRolePolicy", f"role-{number}")) for number in range(20)]
    for event in flood[:20]:
        assert woken(home, event, invoke=False) == queues("bucket", "monitoring")
    stopped = anew(api_call("cloudtrail", "StopLogging", requestParameters={"name": arn}))
    assert woken(home, stopped) == {"trail", "monitoring"}
    for event in flood[20:]:
        assert woken(home, event, invoke=False) == queues("transfer", "trail", "vpc")
    until(iter(lambda: trail_status(home)["IsLogging"], None))  # type: ignore[arg-type]


@pytest.mark.parametrize("family", FAMILIES)
def test_nobody_but_the_rules_and_the_family_touches_a_queue(home: Home, family: str) -> None:
    url = home.queue(family)
    anybody = caller(home.server, {"Action": "*", "Resource": "*"})
    for session in (home.client("sqs"), client(home.endpoint, "sqs", REGION, home.server.credentials_for(anybody))):
        assert refusal(session.send_message, QueueUrl=url, MessageBody="{}")[1].endswith("AccessDenied")
        assert refusal(session.receive_message, QueueUrl=url)[1].endswith("AccessDenied")
    other = next(it for it in FAMILIES if it != family)
    assert "Messages" not in home.client_as(family, "sqs").receive_message(QueueUrl=url)
    assert refusal(home.client_as(other, "sqs").receive_message, QueueUrl=url)[1].endswith("AccessDenied")
    assert refusal(home.client_as(family, "sqs").send_message, QueueUrl=url, MessageBody="{}")[1].endswith("AccessDenied")


def test_another_rule_of_the_bus_fills_no_queue(home: Home) -> None:
    """Whoever may put one could have it send a call that nobody made: a rule's input is what they write."""
    rule = {"Name": "trailkeeper-TrailQueueForged", "EventBusName": "trailkeeper"}
    home.client("events").put_rule(**rule, EventPattern=json.dumps({"source": ["forger"]}))
    arn = home.client("sqs").get_queue_attributes(QueueUrl=home.queue("trail"), AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    forged = json.dumps(role_call("AttachRolePolicy", "trailkeeper-cloudtrail-logs"))
    target = {"Id": "queue", "Arn": arn, "Input": forged}
    home.client("events").put_targets(Rule=rule["Name"], EventBusName=rule["EventBusName"], Targets=[target])
    found = home.deliver(anew(api_call("cloudtrail", "StopLogging")) | {"source": "forger"}, bus="trailkeeper", invoke=False)
    (refused,) = [it for it in found if queued(it["target"])]
    assert refused["refused"], refused
    home.client("events").remove_targets(Rule=rule["Name"], EventBusName=rule["EventBusName"], Ids=["queue"])
    home.client("events").delete_rule(Name=rule["Name"], EventBusName=rule["EventBusName"])


def letters(home: Home) -> Iterator[int]:
    """How many dead letters there are."""
    while True:
        asked = home.client("sqs").get_queue_attributes(QueueUrl=home.outputs["DeadLetters"], AttributeNames=["ApproximateNumberOfMessages"])
        yield int(asked["Attributes"]["ApproximateNumberOfMessages"])


def test_what_a_queue_gives_up_is_kept_and_goes_back_by_itself(home: Home) -> None:
    sqs, url = home.client("sqs"), home.queue("bucket")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    home.set("bucket", TRAILKEEPER_MODE="nonsense")
    event = anew(bucket_call("some-bucket"))
    event["detail"]["eventID"] = "given-up"
    home.deliver(event)
    until(letters(home))
    home.set("bucket", TRAILKEEPER_MODE="enforce")
    listed = tool(home.server, "redrive", "--dry-run")
    assert "trailkeeper-bucket-batch: PutBucketPolicy" in listed.stdout, listed
    assert "1 sent back, 0 left, 0 refused" in tool(home.server, "redrive").stdout
    assert home.told("bucket", event_id="given-up", message="PutBucketPolicy handled")
    assert next(letters(home)) == 0


def test_an_account_of_the_organization_fills_the_same_queue(home: Home) -> None:
    """Its events come over the bus; a rule asks for no account."""
    event = anew(bucket_call("theirs")) | {"account": "999988887777"}
    found = home.deliver(event, bus="trailkeeper", sender="999988887777", invoke=False)
    assert {queued(it["target"]) for it in found} >= queues("bucket"), (found, ACCOUNT, json.dumps(event))
