"""A sweep that gets late leaves the rest to other invocations, over the bus; nothing is left out or looked at twice."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import StartFunction
from envelope import schedule
from inbox import Inbox
from kms_keys import key
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from observed import results

BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/keeper"
# One more than are swept at once.
REGIONS = [
    "ap-northeast-1", "ap-south-1", "ap-southeast-1", "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "us-east-1",
    "us-west-2",
]


def bus(moto: Moto) -> Any:
    """A bus; gives what it has delivered since the last time."""
    sqs, events = moto.client("sqs"), moto.client("events")
    url = sqs.create_queue(QueueName="sweeps")["QueueUrl"]
    events.create_event_bus(Name="keeper")
    events.put_rule(Name="sweeps", EventBusName="keeper", EventPattern=json.dumps({"source": ["trailkeeper"]}))
    target = {"Id": "queue", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:sweeps"}
    events.put_targets(Rule="sweeps", EventBusName="keeper", Targets=[target])

    def delivered() -> list[dict[str, Any]]:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        # The local AWS leaves the sender out.
        return [json.loads(it["Body"]) | {"account": ACCOUNT} for it in messages]

    return delivered


def test_the_regions_that_are_not_begun_in_time_are_left_to_others(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    keys = {region: key(moto, region) for region in REGIONS}
    delivered = bus(moto)
    faults.rule("kms", "ListKeys", latency_ms=4_000)
    settings = {"TRAILKEEPER_BUS": BUS, "TRAILKEEPER_REGIONS": ",".join(REGIONS)}
    started = function("key", endpoint=faults, timeout=10.0, **settings)
    answer = started.invoke(schedule("aws.scheduler"))
    assert answer.ok and answer.body["handed_on"] == 1
    first = {it["region"]: it["resource"] for it in results(answer)}
    (rest,) = delivered()
    assert rest["detail"].keys() == {"family", "account", "region", "part"}
    assert rest["detail"]["region"] not in first and len(first) == 8
    faults.clear()
    answer = started.invoke(rest)
    assert answer.ok and "handed_on" not in answer.body
    assert first | {it["region"]: it["resource"] for it in results(answer)} == keys


def test_what_the_bus_does_not_take_is_told_and_tried_again(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    for region in REGIONS:
        key(moto, region)
    faults.rule("kms", "ListKeys", latency_ms=4_000)
    faults.rule("events", "PutEvents", error="ThrottlingException")
    settings = {"TRAILKEEPER_BUS": BUS, "TRAILKEEPER_REGIONS": ",".join(REGIONS)}
    answer = function("key", endpoint=faults, timeout=10.0, **settings).invoke(schedule())
    assert not answer.ok and "key/*" in (answer.error_message or "")


def forged(**rest: Any) -> dict[str, Any]:
    """A sweep of the home account that names a place."""
    return {
        "version": "0", "id": "f", "detail-type": "Trailkeeper Sweep", "source": "trailkeeper", "account": ACCOUNT,
        "time": "2026-03-02T06:00:00Z", "region": REGION, "resources": [],
        "detail": {"family": "key", "account": ACCOUNT, **rest},
    }


def test_a_region_that_the_account_has_not_is_not_swept(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    moto.regions([REGION])
    key(moto)
    started = function("key", mode="enforce", TRAILKEEPER_BUS=BUS, TRAILKEEPER_TOPIC_ARN=inbox.topic)
    for region in ("xx-evil-1", "eu-west-1"):
        answer = started.invoke(forged(region=region))
        assert answer.ok and answer.body["ignored"] == f"a sweep of region {region}, which account {ACCOUNT} has not enabled"
    assert inbox.messages() == []
    assert started.invoke(forged(region=REGION)).body["ignored"] is None


@pytest.mark.parametrize("token", ["never given", "x" * 100_000, "'; rm -rf /\n<script>"])
def test_a_sweep_with_a_token_that_aws_does_not_take_begins_again(
    function: StartFunction, moto: Moto, inbox: Inbox, faults: Faults, token: str
) -> None:
    """Nothing fails, and nothing is left out."""
    found = key(moto)
    faults.rule("kms", "ListKeys", error="InvalidMarkerException", status=400, times=1)
    started = function("key", endpoint=faults, mode="enforce", TRAILKEEPER_BUS=BUS, TRAILKEEPER_TOPIC_ARN=inbox.topic)
    answer = started.invoke(forged(region=REGION, after=token, part=1))
    assert answer.ok and {it["resource"]: it["status"] for it in results(answer)} == {found: "fixed"}
    assert [call.operation for call in faults.calls()].count("ListKeys") == 2
    (letter,) = inbox.messages()
    assert "FAILED" not in letter["Subject"]
