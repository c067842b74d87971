"""SNS topics and SQS queues: their policies and encryption, where moto takes anything.

Sources: Amazon SNS API reference, SetTopicAttributes; Amazon SQS API reference,
SetQueueAttributes; Amazon SQS Developer Guide, "Encryption at rest". The words of the
refusals of a policy are an assumption.
"""

from __future__ import annotations

import json
from typing import Any

from moto.core.responses import ActionResult
from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.responses import SNSResponse
from moto.sqs.exceptions import InvalidAttributeValue
from moto.sqs.models import Queue, SQSBackend

ATTRIBUTES = frozenset(
    "ApplicationFailureFeedbackRoleArn ApplicationSuccessFeedbackRoleArn "
    "ApplicationSuccessFeedbackSampleRate ArchivePolicy ContentBasedDeduplication DataProtectionPolicy "
    "DeliveryPolicy DisplayName FifoThroughputScope FirehoseFailureFeedbackRoleArn "
    "FirehoseSuccessFeedbackRoleArn FirehoseSuccessFeedbackSampleRate HTTPFailureFeedbackRoleArn "
    "HTTPSuccessFeedbackRoleArn HTTPSuccessFeedbackSampleRate KmsMasterKeyId "
    "LambdaFailureFeedbackRoleArn LambdaSuccessFeedbackRoleArn LambdaSuccessFeedbackSampleRate "
    "Policy SQSFailureFeedbackRoleArn SQSSuccessFeedbackRoleArn SQSSuccessFeedbackSampleRate "
    "SignatureVersion TracingConfig".split()
)


def _is_policy(text: str, service: str, resource: str) -> bool:
    """Whether it is a policy with a principal and the service's actions, for the resource."""
    try:
        document = json.loads(text)
        statements = document["Statement"]
    except (ValueError, KeyError, TypeError):
        return False
    listed = statements if isinstance(statements, list) else [statements]
    return bool(listed) and all(_is_statement(s, service, resource) for s in listed)


def _is_statement(statement: Any, service: str, resource: str) -> bool:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        return False
    if ("Principal" in statement) == ("NotPrincipal" in statement):
        return False
    actions = _list(statement.get("Action", statement.get("NotAction")))
    of_service = all(a == "*" or str(a).lower().startswith(f"{service}:") for a in actions)
    named = _list(statement.get("Resource", statement.get("NotResource", resource)))
    return bool(actions) and of_service and all(_covers(str(n), resource) for n in named)


def _covers(pattern: str, resource: str) -> bool:
    return pattern in ("*", resource) or (
        "*" in pattern and resource.startswith(pattern.partition("*")[0])
    )


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def patch() -> None:
    """Wraps moto's operations."""
    set_topic, set_queue, make = (
        SNSResponse.set_topic_attributes,
        SQSBackend.set_queue_attributes,
        SQSBackend.create_queue,
    )

    def set_topic_attributes(self: SNSResponse) -> ActionResult:
        """SetTopicAttributes: a known attribute, and a policy about this topic's own actions."""
        arn, name = self._get_param("TopicArn"), self._get_param("AttributeName")
        self.backend.get_topic(arn)
        if name not in ATTRIBUTES:
            raise SNSInvalidParameter("Invalid parameter: AttributeName")
        if name == "Policy" and not _is_policy(self._get_param("AttributeValue") or "", "sns", arn):
            raise SNSInvalidParameter("Invalid parameter: Policy Error: null")
        return set_topic(self)

    def set_queue_attributes(
        self: SQSBackend, queue_name: str, attributes: dict[str, Any]
    ) -> Queue:
        """SetQueueAttributes: what is left out keeps its value, the policy too.

        "Only one server-side encryption option is supported per queue": a key ends SSE-SQS,
        and SSE-SQS ends the use of a key.
        """
        queue = self.get_queue(queue_name)
        policy = attributes.get("Policy")
        if policy and not _is_policy(policy, "sqs", queue.queue_arn):
            raise InvalidAttributeValue("Policy")
        given = attributes | ({} if "Policy" in attributes else {"Policy": queue.policy})
        changed = set_queue(self, queue_name, given)
        _encrypt_once(changed, attributes)
        return changed

    def create_queue(
        self: SQSBackend, name: str, tags: dict[str, str] | None = None, **given: Any
    ) -> Queue:
        """CreateQueue: the same about encryption."""
        queue = make(self, name, tags, **given)
        _encrypt_once(queue, given)
        return queue

    SNSResponse.set_topic_attributes = set_topic_attributes
    SQSBackend.set_queue_attributes = set_queue_attributes
    SQSBackend.create_queue = create_queue


def _encrypt_once(queue: Queue, given: dict[str, Any]) -> None:
    if given.get("KmsMasterKeyId"):
        queue.sqs_managed_sse_enabled = "false"
    elif str(given.get("SqsManagedSseEnabled", "")).lower() == "true":
        queue.kms_master_key_id = None
