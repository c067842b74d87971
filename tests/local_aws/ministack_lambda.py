"""What Lambda does with a function's role, which ministack does whatever the role may.

Sources: Lambda Developer Guide, "Defining Lambda function permissions with an execution role"
and "Capturing records of Lambda asynchronous invocations", which says what a record has. What
the role may not do is not done, and nobody is told but the metrics.
"""

from __future__ import annotations

import hashlib
import json
import logging
import uuid
from datetime import UTC, datetime
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import lambda_svc, sqs

from local_aws import ministack_roles

SERVICE = "lambda.amazonaws.com"
SEND = {"sqs": "sqs:SendMessage", "sns": "sns:Publish", "lambda": "lambda:InvokeFunction"}
log = logging.getLogger("lambda")


def refused(function: dict[str, Any], action: str, resource: str) -> bool:
    """Whether the function's role may not do this."""
    config = function.get("config") or function
    why = ministack_roles.refusal(config["Role"], SERVICE, action, resource, {}, {})
    if why:
        log.warning("%s: %s", config["FunctionName"], why)
    return why is not None


def whole(record: dict[str, Any]) -> dict[str, Any]:
    """A record as Lambda writes it: its version and time, and which version of the function failed."""
    context, response = record["requestContext"], record["responseContext"]
    context |= {"requestId": str(uuid.uuid4()), "functionArn": f"{context['functionArn']}:$LATEST"}
    response["executedVersion"] = "$LATEST"
    written = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"version": "1.0", "timestamp": written} | record


def patch() -> None:
    """Wraps what writes the logs and what sends to a destination."""
    write, send = lambda_svc._emit_lambda_logs, lambda_svc._route_async_failure

    def emit(function: dict[str, Any], *given: Any, **named: Any) -> None:
        """A stream in the function's group, then its lines."""
        config = function.get("config") or function
        group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config['FunctionName']}"
        stream = f"arn:aws:logs:{get_region()}:{get_account_id()}:log-group:{group}:log-stream:s"
        if not any(refused(function, action, stream) for action in ("logs:CreateLogStream", "logs:PutLogEvents")):
            write(function, *given, **named)

    def route(target: str, name: str, event: dict[str, Any], result: dict[str, Any]) -> None:
        """The record of an event that failed for good, with what ministack leaves out of it."""
        if refused(lambda_svc._functions[name], SEND[target.split(":")[2]], target):
            return
        send(target, name, event, result)
        if target.split(":")[2] == "sqs":
            message = sqs._queue_by_arn(target)["messages"][-1]
            message["body"] = json.dumps(whole(json.loads(message["body"])))
            message["md5_body"] = hashlib.md5(message["body"].encode()).hexdigest()  # noqa: S324 - SQS's own check

    lambda_svc._emit_lambda_logs, lambda_svc._route_async_failure = emit, route
