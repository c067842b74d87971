"""The local SNS waits for subscriptions to be confirmed, counts them, and makes a topic once."""

from __future__ import annotations

from typing import Any

import pytest
from given import policy, refusal
from local_aws.processes import ACCOUNT, Moto
from local_aws.server import ServerError

TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:alarms"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:work"
TEAM = "team@example.com"
INVALID = "InvalidParameter"


def topic(moto: Moto, **given: Any) -> str:
    return str(moto.client("sns").create_topic(Name="alarms", **given)["TopicArn"])


def subscribe(moto: Moto, protocol: str = "email", endpoint: str = TEAM, **given: Any) -> str:
    answer = moto.client("sns").subscribe(TopicArn=topic(moto), Protocol=protocol, Endpoint=endpoint, **given)
    return str(answer["SubscriptionArn"])


def listed(moto: Moto) -> list[str]:
    found = moto.client("sns").list_subscriptions_by_topic(TopicArn=TOPIC)["Subscriptions"]
    assert found == moto.client("sns").list_subscriptions()["Subscriptions"]
    return [it["SubscriptionArn"] for it in found]


def counted(moto: Moto) -> tuple[str, str, str]:
    """How many are confirmed, pending and deleted."""
    found = moto.client("sns").get_topic_attributes(TopicArn=TOPIC)["Attributes"]
    return tuple(found[f"Subscriptions{it}"] for it in ("Confirmed", "Pending", "Deleted"))  # type: ignore[return-value]


@pytest.mark.parametrize(("protocol", "endpoint"), [
    ("email", TEAM), ("email-json", TEAM), ("http", "http://team.example.com"), ("https", "https://team.example.com"),
])
def test_a_subscription_waits_for_its_owner(moto: Moto, protocol: str, endpoint: str) -> None:
    assert subscribe(moto, protocol, endpoint) == "pending confirmation"
    assert listed(moto) == ["PendingConfirmation"] and counted(moto) == ("0", "1", "0")
    assert moto.confirmations() == [{"topic": TOPIC, "protocol": protocol, "endpoint": endpoint}]
    moto.client("sns").publish(TopicArn=TOPIC, Message="nobody reads this")
    assert moto.mail() == []
    moto.confirm(TOPIC, endpoint)
    (arn,) = listed(moto)
    assert arn.startswith(f"{TOPIC}:") and counted(moto) == ("1", "0", "0")


def test_a_letter_arrives_once_confirmed(moto: Moto) -> None:
    subscribe(moto)
    subscribe(moto, endpoint="other@example.com")
    moto.confirm(TOPIC, TEAM)
    moto.client("sns").publish(TopicArn=TOPIC, Message="wake up")
    assert [letter["to"] for letter in moto.mail()] == [TEAM]
    moto.confirm(TOPIC)
    assert counted(moto) == ("2", "0", "0")
    with pytest.raises(ServerError, match="nothing to confirm"):
        moto.confirm(TOPIC)


def test_each_subscribe_sends_a_mail_until_it_is_confirmed(moto: Moto) -> None:
    subscribe(moto)
    subscribe(moto)
    assert len(moto.confirmations()) == 2 and counted(moto) == ("0", "1", "0")
    moto.confirm(TOPIC)
    assert subscribe(moto).startswith(TOPIC)
    assert len(moto.confirmations()) == 2
    moto.reset()
    assert moto.confirmations() == []


def test_the_arn_is_told_early_if_asked_for(moto: Moto) -> None:
    arn = subscribe(moto, ReturnSubscriptionArn=True)
    assert arn.startswith(f"{TOPIC}:") and listed(moto) == ["PendingConfirmation"]
    found = moto.client("sns").get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert found["PendingConfirmation"] == "true"


def test_a_queue_is_confirmed_at_once(moto: Moto) -> None:
    arn = subscribe(moto, "sqs", QUEUE)
    assert listed(moto) == [arn] and counted(moto) == ("1", "0", "0") and moto.confirmations() == []
    moto.client("sns").unsubscribe(SubscriptionArn=arn)
    assert listed(moto) == [] and counted(moto) == ("0", "0", "1")
    assert refusal(moto.client("sns").unsubscribe, SubscriptionArn="PendingConfirmation")[:2] == (400, INVALID)


@pytest.mark.parametrize(("protocol", "endpoint"), [
    ("pigeon", TEAM), ("email", "team"), ("http", "https://a.example.com"), ("https", "a.example.com"), ("sqs", "work"),
    ("lambda", QUEUE),
])
def test_what_is_no_endpoint_is_refused(moto: Moto, protocol: str, endpoint: str) -> None:
    given = {"TopicArn": topic(moto), "Protocol": protocol, "Endpoint": endpoint}
    assert refusal(moto.client("sns").subscribe, **given)[:2] == (400, INVALID)
    assert listed(moto) == []


def test_subscriptions_are_listed_by_the_page(moto: Moto) -> None:
    for number in range(103):
        subscribe(moto, endpoint=f"a{number}@example.com")
    pages = moto.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=TOPIC)
    assert [len(page["Subscriptions"]) for page in pages] == [100, 3]


def test_a_topic_that_is_not_there_is_not_found(moto: Moto) -> None:
    sns = moto.client("sns")
    for call in (sns.list_subscriptions_by_topic, sns.get_topic_attributes):
        assert refusal(call, TopicArn=TOPIC)[:2] == (404, "NotFound")
        assert refusal(call, TopicArn="alarms")[:2] == (400, INVALID)
    assert refusal(sns.subscribe, TopicArn=TOPIC, Protocol="email", Endpoint=TEAM)[:2] == (404, "NotFound")


def test_a_topic_is_made_once_and_with_the_same_attributes(moto: Moto) -> None:
    sns = moto.client("sns")
    document = policy(Principal="*", Action="sns:Publish", Resource=TOPIC)
    given = {"KmsMasterKeyId": "alias/ours", "Policy": document}
    assert topic(moto, Attributes=given, Tags=[{"Key": "a", "Value": "b"}]) == TOPIC
    subscribe(moto)
    assert topic(moto) == topic(moto, Attributes=given) == topic(moto, Tags=[{"Key": "a", "Value": "b"}])
    for wrong in (
        {"Attributes": {"KmsMasterKeyId": "alias/other"}}, {"Attributes": {"DisplayName": "Alarms"}},
        {"Attributes": {"Policy": policy(Principal="*", Action="sns:*", Resource=TOPIC)}},
        {"Tags": [{"Key": "a", "Value": "c"}]},
    ):
        status, code, message = refusal(sns.create_topic, Name="alarms", **wrong)
        assert (status, code) == (400, INVALID) and "already exists with different" in message
    found = sns.get_topic_attributes(TopicArn=TOPIC)["Attributes"]
    assert (found["KmsMasterKeyId"], found["DisplayName"]) == ("alias/ours", "")
    assert "DeliveryPolicy" not in found and listed(moto) == ["PendingConfirmation"]


def test_the_subscriptions_go_with_their_topic(moto: Moto) -> None:
    subscribe(moto)
    moto.client("sns").delete_topic(TopicArn=TOPIC)
    assert topic(moto) == TOPIC and listed(moto) == []
