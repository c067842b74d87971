"""What Lambda and EventBridge ask of a queue, which ministack serves whatever its policy and a function's role say.

Sources: Lambda Developer Guide, "Using Lambda with Amazon SQS" (the execution role's permissions, the
visibility timeout, which may not be less than the function's timeout, and that batches of more than ten messages need a
batching window); EventBridge User Guide, "Using resource-based policies" (a queue lets
the rule in by its own policy; the request has the rule's ARN as aws:SourceArn).
"""

from __future__ import annotations

from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import eventbridge, lambda_svc, sqs
from ministack.services.cloudformation import provisioners

from local_aws import ministack_events, ministack_lambda, ministack_roles

KIND = "AWS::Lambda::EventSourceMapping"
NEEDED = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
Given = dict[str, Any]


def refused(given: Given) -> str | None:
    """Why Lambda makes no mapping of a queue to a function; none if it makes one."""
    source = str(given.get("EventSourceArn", ""))
    queue = sqs._queue_by_arn(source) if ":sqs:" in source else None
    function, config, _ = lambda_svc._get_func_record_for_ref(str(given.get("FunctionName", "")))
    if queue is None or function is None or config is None:
        return None
    for action in NEEDED:
        # A queue's own policy may keep the role out, too.
        policy, session = queue["attributes"].get("Policy"), ministack_roles.session_of(config["Role"], ministack_lambda.SERVICE)
        denied = bool(policy) and ministack_roles.resource_denies(policy, session, f"sqs:{action}", source, {})
        if denied or ministack_lambda.refused(function, f"sqs:{action}", source):
            return f"The function execution role does not have permissions to call {action} on SQS"
    hidden, timeout = int(queue["attributes"].get("VisibilityTimeout", 30)), int(config.get("Timeout", 3))
    if hidden < timeout:
        return f"Queue visibility timeout: {hidden} seconds is less than Function timeout: {timeout} seconds"
    if int(given.get("BatchSize", 10)) > 10 and int(given.get("MaximumBatchingWindowInSeconds", 0)) < 1:
        return "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
    return None


def to_queue(spec: Any, payload: str, parameters: Any = None) -> None:
    """Sends it, if the queue's policy lets this rule in."""
    _, rule = ministack_events.current()
    arn = str(spec)
    queue = sqs._queue_by_arn(arn)
    policy = queue["attributes"].get("Policy") if queue else None
    source = {"aws:SourceArn": rule["Arn"]}
    lets = bool(policy) and ministack_roles.resource_lets(policy, ministack_events.SERVICE, "sqs:SendMessage", arn, source)
    if ministack_events.told(None if lets else f"{arn} lets no {rule['Arn']} send") and ministack_events.invoking():
        _send(spec, payload, parameters)


_send = eventbridge._dispatch_to_sqs


def patch() -> None:
    """Asks both before anything is made or sent."""
    create, handler = lambda_svc._create_esm, provisioners._RESOURCE_HANDLERS[KIND]
    make = handler["create"]

    def checked(given: Given) -> Any:
        why = refused(given)
        return error_response_json("InvalidParameterValueException", why, 400) if why else create(given)

    def made(logical_id: str, given: Given, stack: str) -> Any:
        if why := refused(given):
            raise ValueError(f"{KIND} {logical_id}: {why}")
        return make(logical_id, given, stack)

    lambda_svc._create_esm, eventbridge._dispatch_to_sqs = checked, to_queue
    provisioners._RESOURCE_HANDLERS[KIND] = handler | {"create": made}
