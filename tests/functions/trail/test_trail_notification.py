"""Who is told of delivered log files: no trail, a trail without a topic, and both; a customer's topic; repairs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import StartFunction
from envelope import schedule
from given import policy, trail, trail_topic
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, Moto
from observed import results
from runtime_api import Answer
from trails import changes, changing, create_trail, now

CONTROL = "cloudtrail-delivery-notification"
NAME = "trailkeeper-cloudtrail-delivery"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:{NAME}"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{NAME}"
ON = {"TRAILKEEPER_CONTROLS": f"{CONTROL}=enforce"}
OWN_STEPS = [
    "kms:CreateKey", "kms:CreateAlias", "kms:EnableKeyRotation", "sns:CreateTopic", "sqs:CreateQueue", "sns:Subscribe",
]


def told(answer: Answer) -> dict[str, Any]:
    """What is said of the control."""
    (only,) = [it for it in results(answer) if it["control"] == CONTROL]
    return only


def queue(moto: Moto) -> tuple[str, dict[str, str]]:
    sqs = moto.client("sqs")
    url = str(sqs.get_queue_url(QueueName=NAME)["QueueUrl"])
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def assert_told(moto: Moto, arn: str) -> None:
    """CloudTrail may publish to the trail's topic, the queue gets it, and both are encrypted with a key that rotates."""
    assert now(moto, arn)["SnsTopicARN"] == TOPIC
    sns, kms = moto.client("sns"), moto.client("kms")
    topic = sns.get_topic_attributes(TopicArn=TOPIC)["Attributes"]
    allowed = [it for it in json.loads(topic["Policy"])["Statement"] if it["Principal"] == {"Service": "cloudtrail.amazonaws.com"}]
    assert [it["Action"] for it in allowed] == ["SNS:Publish"] and "aws:SourceArn" in json.dumps(allowed)
    subscribed = sns.list_subscriptions_by_topic(TopicArn=TOPIC)["Subscriptions"]
    assert [(it["Protocol"], it["Endpoint"]) for it in subscribed] == [("sqs", QUEUE)]
    _, attributes = queue(moto)
    assert attributes["KmsMasterKeyId"] == topic["KmsMasterKeyId"] and TOPIC in attributes["Policy"]
    key = kms.describe_key(KeyId=topic["KmsMasterKeyId"])["KeyMetadata"]["KeyId"]
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
    used_by = json.dumps(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    assert "cloudtrail.amazonaws.com" in used_by and "sns.amazonaws.com" in used_by


def test_it_is_off_until_it_is_switched_on(function: StartFunction, moto: Moto, faults: Faults) -> None:
    outcome = told(function("trail", endpoint=faults, mode="enforce").invoke(create_trail(trail(moto))))
    assert outcome["status"] == "exempt" and "turns it on" in outcome["because"]
    assert not faults.calls("sqs") and not faults.calls("sns", "GetTopicAttributes")


@pytest.mark.parametrize("there", [False, True], ids=["no trail", "a trail without a topic"])
def test_topic_queue_and_key_are_made(function: StartFunction, moto: Moto, faults: Faults, there: bool) -> None:
    arn = trail(moto) if there else f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/trailkeeper-trail"
    started = function("trail", endpoint=faults, mode="enforce", **ON)
    outcome = told(started.invoke(schedule()))
    assert outcome["status"] == "fixed"
    made = [step["action"] for step in outcome["steps"]]
    assert [action for action in made if action in OWN_STEPS] == OWN_STEPS
    assert changing(faults).count("cloudtrail:UpdateTrail" if there else "cloudtrail:CreateTrail") == 1
    assert_told(moto, arn)
    faults.forget()
    assert told(started.invoke(schedule()))["status"] == "compliant"
    assert changes(faults) == []


def test_a_topic_that_works_is_left_alone(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = trail(moto, SnsTopicName=trail_topic(moto))
    before = moto.client("sns").get_topic_attributes(TopicArn=trail_topic(moto))
    outcome = told(function("trail", endpoint=faults, mode="enforce", **ON).invoke(create_trail(arn)))
    assert (outcome["status"], outcome["steps"]) == ("compliant", [])
    assert not any(call.service in {"sns", "sqs"} for call in changes(faults))
    assert moto.client("sns").get_topic_attributes(TopicArn=trail_topic(moto))["Attributes"] == before["Attributes"]


def test_a_customers_topic_that_lost_its_policy_is_reported(function: StartFunction, moto: Moto, faults: Faults) -> None:
    topic = trail_topic(moto)
    arn = trail(moto, SnsTopicName=topic)
    cut = policy(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, Action="sns:Publish", Resource=topic)
    moto.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=cut)
    outcome = told(function("trail", endpoint=faults, mode="enforce", **ON).invoke(create_trail(arn)))
    assert outcome["status"] == "advised" and "AWSCloudTrailSNSPolicy20131101" in outcome["advice"]
    assert not any(call.service in {"sns", "sqs"} for call in changes(faults))


def test_a_topic_that_is_gone_is_replaced_by_ours(function: StartFunction, moto: Moto) -> None:
    topic = trail_topic(moto)
    arn = trail(moto, SnsTopicName=topic)
    moto.client("sns").delete_topic(TopicArn=topic)
    outcome = told(function("trail", mode="enforce", **ON).invoke(create_trail(arn)))
    assert outcome["status"] == "fixed" and topic in outcome["because"]
    assert_told(moto, arn)


@pytest.mark.parametrize("harm", ["topic policy", "queue policy", "queue", "subscription"])
def test_what_is_missing_of_ours_is_put_back(function: StartFunction, moto: Moto, faults: Faults, harm: str) -> None:
    arn = trail(moto)
    started = function("trail", endpoint=faults, mode="enforce", **ON)
    assert told(started.invoke(create_trail(arn)))["status"] == "fixed"
    sns, sqs, (url, _) = moto.client("sns"), moto.client("sqs"), queue(moto)
    match harm:
        case "topic policy":
            cut = policy(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, Action="sns:Publish", Resource=TOPIC)
            sns.set_topic_attributes(TopicArn=TOPIC, AttributeName="Policy", AttributeValue=cut)
        case "queue policy":
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
        case "queue":
            sqs.delete_queue(QueueUrl=url)
        case _:
            (it,) = sns.list_subscriptions_by_topic(TopicArn=TOPIC)["Subscriptions"]
            sns.unsubscribe(SubscriptionArn=it["SubscriptionArn"])
    faults.forget()
    outcome = told(started.invoke(create_trail(arn)))
    assert outcome["status"] == "fixed" and len(outcome["steps"]) == 1, outcome
    assert "cloudtrail:UpdateTrail" not in changing(faults)
    assert_told(moto, arn)


@pytest.mark.parametrize(("service", "operation"), [("sns", "GetTopicAttributes"), ("sqs", "GetQueueUrl")])
def test_what_may_not_be_read_is_unknown(function: StartFunction, moto: Moto, faults: Faults, service: str, operation: str) -> None:
    arn = trail(moto)
    faults.deny(service, operation)
    outcome = told(function("trail", endpoint=faults, mode="enforce", **ON).invoke(create_trail(arn)))
    assert outcome["status"] == "unknown" and operation in outcome["because"]
    assert not any(call.service in {"sns", "sqs"} for call in changes(faults))
