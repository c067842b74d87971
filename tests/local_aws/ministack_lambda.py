"""What Lambda does with a function's role, which ministack does whatever the role may.

Sources: Lambda Developer Guide, "Defining Lambda function permissions with an execution role"
and "Capturing records of Lambda asynchronous invocations". What the role may not do is not
done, and nobody is told but the metrics.
"""

from __future__ import annotations

import logging
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import lambda_svc

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
        """The record of an event that failed for good."""
        if not refused(lambda_svc._functions[name], SEND[target.split(":")[2]], target):
            send(target, name, event, result)

    lambda_svc._emit_lambda_logs, lambda_svc._route_async_failure = emit, route
