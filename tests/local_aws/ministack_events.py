"""EventBridge for ministack: what CloudTrail puts on the default bus, who may invoke what, and buses elsewhere.

By itself ministack takes no event of AWS's own, invokes every function that a rule names, once,
and reaches no bus of another region or account. Sources: EventBridge User Guide, "AWS service
events delivered via CloudTrail", "Using resource-based policies", "Sending and receiving events
between AWS accounts", "between AWS Regions" and "between event buses in the same account and
Region"; Lambda Developer Guide, "Invoking a Lambda function asynchronously".

`POST /_local/deliver` with an event delivers it as CloudTrail does: on the default bus of the
event's account and region. It answers what became of it: for each target the rule, and why
nothing went there. With "invoke" false the functions are left alone.
"""

from __future__ import annotations

import contextvars
import json
import time
from typing import Any

from ministack import app
from ministack.core.arn import parse_arn
from ministack.core.responses import _request_account_id, get_account_id, get_region, set_request_region
from ministack.services import eventbridge, lambda_svc

from local_aws import ministack_checks, ministack_roles

SERVICE = "events.amazonaws.com"
Event = dict[str, Any]

_delivered: contextvars.ContextVar[list[dict[str, Any]] | None] = contextvars.ContextVar("delivered", default=None)
_invoking: contextvars.ContextVar[bool] = contextvars.ContextVar("invoking", default=True)
_current: contextvars.ContextVar[tuple[Event, Event]] = contextvars.ContextVar("current")
"""The target that is being served, and its rule."""


def told(refused: str | None) -> bool:
    """Notes what becomes of the current target; whether it is served."""
    target, rule = _current.get()
    if (journal := _delivered.get()) is not None:
        journal.append({"rule": rule["Arn"], "target": target["Arn"], "refused": refused})
    return refused is None


def to_function(arn: str, payload: str) -> None:
    """Invokes it asynchronously, with retries and destinations, if its own policy lets this rule in.

    The request has no aws:SourceAccount: a statement that asks for one lets nobody in.
    """
    _, rule = _current.get()
    function, config, _ = lambda_svc._get_func_record_for_ref(arn)
    if function is None or config is None:
        told(f"there is no function {arn}")
        return
    source = {"aws:SourceArn": rule["Arn"]}
    lets = ministack_roles.resource_lets(function["policy"], SERVICE, "lambda:InvokeFunction", arn, source)
    if told(None if lets else f"{arn} lets no {rule['Arn']} invoke it") and _invoking.get():
        lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(function, config), json.loads(payload))


def to_bus(spec: Any, event: Event, rule: Event, path: set[str], _input: str | None = None) -> None:
    """Puts it on a bus of any account and region with the target's role; account and region stay the sender's.

    A bus of another account has to let the role in; and no event that came from one goes to a third.
    """
    target, _ = _current.get()
    arn, bus = target["Arn"], spec.resource.partition("/")[2]
    foreign = spec.account_id != get_account_id()
    keys = {"events:source": event["Source"], "events:detail-type": event["DetailType"], "aws:SourceArn": rule["Arn"]}
    refused: str | None = f"there is no bus {arn}"
    if eventbridge._event_buses.get_scoped(spec.account_id, spec.region, bus) is not None:
        refused = _may_put(target.get("RoleArn"), arn, keys, foreign)
    if foreign and event["Account"] != get_account_id():
        refused = "it came from another account already"
    if not told(refused):
        return
    handed = event | {"EventBusName": bus, "_DispatchPath": [*path, eventbridge._rule_key(rule["Name"], rule["EventBusName"])]}
    contextvars.copy_context().run(_at, spec.account_id, spec.region, handed)


def _may_put(role: str | None, bus: str, keys: dict[str, str], foreign: bool) -> str | None:
    if not role:
        return "the target has no role"
    if refused := ministack_roles.refusal(role, SERVICE, "events:PutEvents", bus, keys):
        return refused
    _, _, _, region, account, resource = bus.split(":", 5)
    policy = eventbridge._event_bus_policies.get_scoped(account, region, resource.partition("/")[2])
    session = ministack_roles.session_of(role, SERVICE)
    if foreign and not ministack_roles.resource_lets(policy, session, "events:PutEvents", bus, keys):
        return f"{bus} lets no {session} in"
    return None


def put_permission(given: dict[str, Any]) -> ministack_checks.Response:
    """PutPermission: a whole policy, or a statement for an account, everybody or an organization."""
    bus = given.get("EventBusName", "default")
    if given.get("Policy"):
        eventbridge._event_bus_policies[bus] = json.loads(given["Policy"])
        return 200, {"Content-Type": "application/x-amz-json-1.1"}, b"{}"
    principal, condition = given["Principal"], given.get("Condition")
    statement = {
        "Sid": given["StatementId"], "Effect": "Allow", "Action": given["Action"],
        "Principal": principal if principal == "*" else {"AWS": f"arn:aws:iam::{principal}:root"},
        "Resource": ministack_checks.arn("events", f"event-bus/{bus}"),
    } | ({"Condition": {condition["Type"]: {condition["Key"]: condition["Value"]}}} if condition else {})
    policy_with(bus, statement)
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, b"{}"


def policy_with(bus: str, statement: dict[str, Any]) -> None:
    """The bus gets a statement in place of the one of the same Sid."""
    there = eventbridge._event_bus_policies.get(bus) or {"Version": "2012-10-17", "Statement": []}
    others = [it for it in there["Statement"] if it.get("Sid") != statement["Sid"]]
    eventbridge._event_bus_policies[bus] = there | {"Statement": [*others, statement]}


def _at(account: str, region: str, event: Event) -> None:
    _request_account_id.set(account)
    set_request_region(region)
    eventbridge._ensure_default_bus()
    eventbridge._dispatch_event(event)


def deliver(given: dict[str, Any]) -> list[dict[str, Any]]:
    """An event as EventBridge receives it from an AWS service."""
    event = given["event"]
    record = {
        "EventId": event["id"], "Source": event["source"], "DetailType": event["detail-type"],
        "Detail": json.dumps(event["detail"]), "EventBusName": "default", "Time": int(time.time()),
        "Resources": event["resources"], "Account": event["account"], "Region": event["region"],
    }
    journal: list[dict[str, Any]] = []
    _delivered.set(journal)
    _invoking.set(given.get("invoke", True))
    _at(event["account"], event["region"], record)
    return journal


def patch() -> None:
    """Puts them in place of ministack's own."""
    invoke, shortcuts = eventbridge._invoke_target, app._handle_post_body_shortcuts

    def invoke_target(target: Event, event: Event, rule: Event, view: Any = None) -> None:
        """Serves one target."""
        _current.set((target, rule))
        invoke(target, event, rule, view)

    async def handle(method: str, path: str, headers: Any, body: bytes, *rest: Any) -> Any:
        """The control interface, before everything else."""
        if (method, path) != ("POST", "/_local/deliver"):
            return await shortcuts(method, path, headers, body, *rest)
        journal = contextvars.copy_context().run(deliver, json.loads(body))
        return 200, {"Content-Type": "application/json"}, json.dumps(journal).encode()

    eventbridge._invoke_target, app._handle_post_body_shortcuts = invoke_target, handle
    eventbridge._dispatch_to_lambda, eventbridge._dispatch_to_event_bus = to_function, to_bus
    eventbridge._put_permission = put_permission
