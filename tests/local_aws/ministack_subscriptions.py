"""E-mail subscriptions for ministack, which confirms them at once: they wait for their owner.

Source: Amazon SNS API reference, Subscribe, ReturnSubscriptionArn, ListSubscriptionsByTopic.
There is no way to confirm one here.
"""

from __future__ import annotations

import uuid
from typing import Any

from ministack.services import sns

from local_aws.ministack_checks import Response

MAIL = ("email", "email-json")


def _of(topic: dict[str, Any] | None) -> dict[str, dict[str, Any]]:
    return {one["arn"]: one for one in (topic or {}).get("subscriptions", [])}


def _hidden(answer: Response, topic: dict[str, Any] | None, words: str) -> Response:
    """The answer with these words in place of the ARN of what is not confirmed."""
    status, headers, body = answer
    for arn, one in _of(topic).items():
        if not one["confirmed"]:
            body = body.replace(f">{arn}<".encode(), f">{words}<".encode())
    kept = {name: value for name, value in headers.items() if name.lower() != "content-length"}
    return status, kept, body


def patch() -> None:
    """Wraps what subscribes and what lists."""
    subscribe_at, listed = sns._subscribe, sns._list_subscriptions_by_topic

    def subscribe(params: Any) -> Response:
        """Subscribe: the ARN, or "pending confirmation" unless ReturnSubscriptionArn is true."""
        topic = sns._topic_by_arn_any_scope(sns._p(params, "TopicArn"))
        before = set(_of(topic))
        answer: Response = subscribe_at(params)
        for arn, one in _of(topic).items():
            if arn not in before and one["protocol"] in MAIL:
                one |= {"confirmed": False, "token": uuid.uuid4().hex}
                one["attributes"] |= {"PendingConfirmation": "true"}
                sns._refresh_subscription_counts(topic)
        if sns._p(params, "ReturnSubscriptionArn") == "true":
            return answer
        return _hidden(answer, topic, "pending confirmation")

    def list_subscriptions_by_topic(params: Any) -> Response:
        """ListSubscriptionsByTopic: "PendingConfirmation" in place of an ARN."""
        topic = sns._topic_by_arn_any_scope(sns._p(params, "TopicArn"))
        return _hidden(listed(params), topic, "PendingConfirmation")

    sns._subscribe, sns._list_subscriptions_by_topic = subscribe, list_subscriptions_by_topic
