"""EventBridge for ministack: what CloudTrail puts on the default bus, and who may invoke what.

By itself ministack takes no event of AWS's own, and invokes every function that a rule names, once.
Sources: EventBridge User Guide, "AWS service events delivered via CloudTrail" and "Using
resource-based policies"; Lambda Developer Guide, "Invoking a Lambda function asynchronously".

`POST /_local/deliver` with an event delivers it as CloudTrail does: on the default bus of the
event's account and region, or on the "bus" of the "owner" that are named. It answers what became of it: for each
target the rule, and why nothing went there. With "invoke" false the functions are left alone.
"""

from __future__ import annotations

import contextvars
import json
import time
from typing import Any

from ministack.services import eventbridge, lambda_svc

from local_aws import ministack_control, ministack_roles

SERVICE = "events.amazonaws.com"
Event = dict[str, Any]

_journal: contextvars.ContextVar[list[dict[str, Any]] | None] = contextvars.ContextVar("journal", default=None)
_invoking: contextvars.ContextVar[bool] = contextvars.ContextVar("invoking", default=True)
_current: contextvars.ContextVar[tuple[Event, Event]] = contextvars.ContextVar("current")


def current() -> tuple[Event, Event]:
    """The target that is being served, and its rule."""
    return _current.get()


def invoking() -> bool:
    """Whether anything is to be delivered, and not only what would become of it to be told."""
    return _invoking.get()


def told(refused: str | None) -> bool:
    """Notes what becomes of the current target; whether it is served."""
    target, rule = current()
    if (journal := _journal.get()) is not None:
        journal.append({"rule": rule["Arn"], "target": target["Arn"], "refused": refused})
    return refused is None


def to_function(arn: str, payload: str) -> None:
    """Invokes it asynchronously, with retries and destinations, if its own policy lets this rule in.

    The request has no aws:SourceAccount: a statement that asks for one lets nobody in.
    """
    _, rule = current()
    function, config, _ = lambda_svc._get_func_record_for_ref(arn)
    if function is None or config is None:
        told(f"there is no function {arn}")
        return
    source = {"aws:SourceArn": rule["Arn"]}
    lets = ministack_roles.resource_lets(function["policy"], SERVICE, "lambda:InvokeFunction", arn, source)
    if told(None if lets else f"{arn} lets no {rule['Arn']} invoke it") and _invoking.get():
        lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(function, config), json.loads(payload))


def put(event: Event, bus: str) -> None:
    """Puts an event on a bus of the account and region that is being worked in."""
    eventbridge._ensure_default_bus()
    eventbridge._dispatch_event({
        "EventId": event["id"], "Source": event["source"], "DetailType": event["detail-type"],
        "Detail": json.dumps(event["detail"]), "EventBusName": bus, "Time": int(time.time()),
        "Resources": event["resources"], "Account": event["account"], "Region": event["region"],
    })


def deliver(given: dict[str, Any]) -> list[dict[str, Any]]:
    """An event as EventBridge receives it from an AWS service, or from the account itself."""
    event = given["event"]
    journal: list[dict[str, Any]] = []
    _journal.set(journal)
    _invoking.set(given.get("invoke", True))
    owner = given.get("owner", event["account"])
    ministack_control.at(owner, event["region"], lambda: put(event, given.get("bus", "default")))
    return journal


def patch() -> None:
    """Puts them in place of ministack's own."""
    invoke = eventbridge._invoke_target

    def invoke_target(target: Event, event: Event, rule: Event, view: Any = None) -> None:
        """Serves one target."""
        _current.set((target, rule))
        invoke(target, event, rule, view)

    eventbridge._invoke_target, eventbridge._dispatch_to_lambda = invoke_target, to_function
    ministack_control.serves("deliver", deliver)
