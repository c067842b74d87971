"""SNS: subscriptions that wait to be confirmed, how they are counted, and topics made twice.

Sources: Amazon SNS API reference, Subscribe ("If the endpoint type is HTTP/S or email ... the
endpoint owner must run the ConfirmSubscription action", ReturnSubscriptionArn), CreateTopic
("This action is idempotent"), GetTopicAttributes, ListSubscriptionsByTopic, Unsubscribe. That
Subscribe sends another mail while the first is not confirmed, and the words of the refusals of
an endpoint, are an assumption.
"""

from __future__ import annotations

import json
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores
from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.models import SNSBackend, Subscription, Topic, sns_backends
from moto.sns.responses import SNSResponse

from local_aws.moto.state import controls

TO_CONFIRM = ("email", "email-json", "http", "https")
AT_ONCE = ("sqs", "lambda", "sms", "application", "firehose")
WAITING = "PendingConfirmation"


def is_pending(subscription: Subscription) -> bool:
    """Whether nobody has confirmed it yet."""
    return bool(subscription.attributes.get(WAITING))


def asked() -> dict[str, Any]:
    """Every request for a confirmation that was sent since the last reset, oldest first."""
    return {"confirmations": list(controls.confirmations)}


def confirm(topic: str, endpoint: str | None = None) -> dict[str, Any]:
    """The owner of an endpoint confirms; without one named, those of all do. How many it were."""
    _, _, _, region, account, _ = topic.split(":", 5)
    found = [
        one
        for one in _of(sns_backends[account][region], topic)
        if is_pending(one) and endpoint in (None, one.endpoint)
    ]
    if not found:
        raise ValueError(f"nothing to confirm: {topic}, {endpoint}")
    for one in found:
        one.attributes[WAITING] = False
    return {"confirmed": len(found)}


def _of(backend: SNSBackend, topic: str) -> list[Subscription]:
    return [one for one in backend.subscriptions.values() if one.topic.arn == topic]


def _told(one: Subscription) -> dict[str, str]:
    return {
        "SubscriptionArn": WAITING if is_pending(one) else one.arn,
        "Owner": one.owner,
        "Protocol": one.protocol,
        "Endpoint": one.endpoint,
        "TopicArn": one.topic.arn,
    }


def _check_endpoint(protocol: str, endpoint: str) -> None:
    sound = {
        "email": "@" in endpoint,
        "email-json": "@" in endpoint,
        "http": endpoint.startswith("http://"),
        "https": endpoint.startswith("https://"),
        "sqs": endpoint.startswith("arn:") and ":sqs:" in endpoint,
        "lambda": endpoint.startswith("arn:") and ":lambda:" in endpoint,
    }
    if protocol not in (*TO_CONFIRM, *AT_ONCE):
        raise SNSInvalidParameter(
            f"Invalid parameter: Amazon SNS does not support this protocol string: {protocol}"
        )
    if not sound.get(protocol, True):
        raise SNSInvalidParameter(f"Invalid parameter: Endpoint of {protocol}: {endpoint}")


def _patch_reading() -> None:
    attributes = SNSResponse.get_topic_attributes

    def get_topic_attributes(self: SNSResponse) -> ActionResult:
        """GetTopicAttributes: counts what is there; a DeliveryPolicy only if there is one."""
        topic: Topic = self.backend.get_topic(self._get_param("TopicArn"))
        found = _of(self.backend, topic.arn)
        waiting = sum(map(is_pending, found))
        topic.subscriptions_pending, topic.subscriptions_confimed = waiting, len(found) - waiting
        result: Any = attributes(self).result
        told = {k: v for k, v in result["Attributes"].items() if k != "DeliveryPolicy" or v}
        return ActionResult({"Attributes": told})

    def list_subscriptions(self: SNSResponse) -> ActionResult:
        """ListSubscriptions: 100 a page."""
        found, token = self.backend.list_subscriptions(self._get_param("NextToken"))
        return ActionResult({"Subscriptions": list(map(_told, found)), "NextToken": token})

    def list_subscriptions_by_topic(self: SNSResponse) -> ActionResult:
        """ListSubscriptionsByTopic: 100 a page, "PendingConfirmation" in place of an ARN."""
        arn, token = self._get_param("TopicArn"), self._get_param("NextToken")
        found, token = self.backend.list_subscriptions_by_topic(arn, token)
        return ActionResult({"Subscriptions": list(map(_told, found)), "NextToken": token})

    SNSResponse.get_topic_attributes = get_topic_attributes
    SNSResponse.list_subscriptions = list_subscriptions
    SNSResponse.list_subscriptions_by_topic = list_subscriptions_by_topic


def _patch_subscribing() -> None:
    make, subscribe_at = SNSBackend.subscribe, SNSResponse.subscribe
    gone, publish_to = SNSBackend.unsubscribe, Subscription.publish

    def subscribe(self: SNSBackend, topic_arn: str, endpoint: str, protocol: str) -> Subscription:
        """What one Subscribe does, here and in a template."""
        _check_endpoint(protocol, endpoint or "")
        before = set(self.subscriptions)
        one = make(self, topic_arn, endpoint, protocol)
        if protocol in TO_CONFIRM and one.arn not in before:
            one.attributes[WAITING] = True
        if is_pending(one):
            sent = {"topic": topic_arn, "protocol": protocol, "endpoint": endpoint}
            controls.confirmations.append(sent)
        return one

    def subscribe_call(self: SNSResponse) -> ActionResult:
        """Subscribe: the ARN, or "pending confirmation" unless ReturnSubscriptionArn is true."""
        result: Any = subscribe_at(self).result
        one = self.backend.subscriptions[result["SubscriptionArn"]]
        if is_pending(one) and not self._get_bool_param("ReturnSubscriptionArn", False):
            return ActionResult({"SubscriptionArn": "pending confirmation"})
        return ActionResult(result)

    def unsubscribe(self: SNSBackend, subscription_arn: str) -> None:
        """Unsubscribe: by an ARN, which "PendingConfirmation" is not."""
        if subscription_arn.count(":") < 5:
            raise SNSInvalidParameter(
                "Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements"
            )
        if subscription_arn in self.subscriptions:
            self.subscriptions[subscription_arn].topic.subscriptions_deleted += 1
        gone(self, subscription_arn)

    def publish(self: Subscription, message: str, message_id: str, **told: Any) -> None:
        """Delivers nothing until the subscription is confirmed."""
        if not is_pending(self):
            publish_to(self, message, message_id, **told)

    SNSBackend.subscribe, SNSResponse.subscribe = subscribe, subscribe_call
    SNSBackend.unsubscribe, Subscription.publish = unsubscribe, publish


def _patch_topics() -> None:
    make, find = SNSBackend.create_topic, SNSBackend.get_topic

    def create_topic(
        self: SNSBackend,
        name: str,
        attributes: dict[str, str] | None = None,
        tags: dict[str, str] | None = None,
    ) -> Topic:
        """CreateTopic: gives the topic of that name, unless it is asked for another one."""
        arn = f"arn:aws:sns:{self.region_name}:{self.account_id}:{name}"
        known = self.topics.get(arn)
        for what, value in (attributes or {}).items() if known else ():
            if not _same(getattr(known, camelcase_to_underscores(what), None), value):
                raise _different("Attributes")
        if known and any(known._tags.get(key) != value for key, value in (tags or {}).items()):
            raise _different("Tags")
        return known or make(self, name, attributes, tags)

    def get_topic(self: SNSBackend, arn: str) -> Topic:
        """The topic; what is no ARN of one is an invalid parameter."""
        if not arn or arn.count(":") != 5 or not arn.startswith("arn:"):
            raise SNSInvalidParameter("Invalid parameter: TopicArn")
        return find(self, arn)

    SNSBackend.create_topic, SNSBackend.get_topic = create_topic, get_topic


def _different(what: str) -> SNSInvalidParameter:
    why = f"Topic already exists with different {what.lower()}"
    return SNSInvalidParameter(f"Invalid parameter: {what} Reason: {why}")


def _same(held: Any, asked_for: Any) -> bool:
    if isinstance(held, str) and held.startswith("{"):
        return bool(json.loads(held) == json.loads(asked_for or "{}"))
    return (held or "") == (asked_for or "")


def patch() -> None:
    """Puts the above into moto's service, around what `mail` does."""
    _patch_reading()
    _patch_subscribing()
    _patch_topics()
