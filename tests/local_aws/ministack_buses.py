"""Event buses of other accounts and regions, which ministack does not reach, and who may put what on one.

Sources: EventBridge User Guide, "Sending and receiving events between AWS accounts", "between AWS
Regions" and "between event buses in the same account and Region", "Example policy: Deny sending events
from specific Regions" (a Deny of a bus; it holds for the bus's own account, too); EventBridge API reference,
PutEvents and PutPermission; Service Authorization Reference, Amazon EventBridge (events:source, a
list, and events:detail-type).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import error_response_json, get_account_id, get_region
from ministack.services import eventbridge

from local_aws import ministack_checks, ministack_control, ministack_events, ministack_roles
from local_aws.ministack_checks import Call, Needed, Response
from local_aws.ministack_events import SERVICE, Event

PUT = "events:PutEvents"


def answer(body: dict[str, Any]) -> Response:
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(body).encode()


def policy_of(arn: str) -> Any:
    """The policy of a bus."""
    _, _, _, region, account, name = arn.split(":", 5)
    return eventbridge._event_bus_policies.get_scoped(account, region, name.removeprefix("event-bus/"))


def lets(arn: str, caller: str, keys: dict[str, Any]) -> bool:
    """Whether the policy of a bus lets a caller put an event there: from the same account, who is not denied."""
    if arn.split(":")[4] == caller.split(":")[4]:
        return not ministack_roles.resource_denies(policy_of(arn), caller, PUT, arn, keys)
    return ministack_roles.resource_lets(policy_of(arn), caller, PUT, arn, keys)


def refusal(arn: str, caller: str, keys: dict[str, Any]) -> Response | None:
    """The refusal of a bus that does not let a caller in."""
    if lets(arn, caller, keys):
        return None
    message = f"User: {caller} is not authorized to perform: {PUT} on resource: {arn}"
    refused: Response = error_response_json("AccessDeniedException", message, 400)
    return refused


def to_bus(spec: Any, event: Event, rule: Event, path: set[str], _input: str | None = None) -> None:
    """Puts it on the target bus with the target's role; its account and region stay the sender's.

    An event that came from another account goes to no third.
    """
    target, _ = ministack_events.current()
    arn, bus = target["Arn"], spec.resource.partition("/")[2]
    refused: str | None = f"there is no bus {arn}"
    if eventbridge._event_buses.get_scoped(spec.account_id, spec.region, bus) is not None:
        refused = why_not(target.get("RoleArn"), arn, event, rule["Arn"])
    if spec.account_id != get_account_id() and event["Account"] != get_account_id():
        refused = "it came from another account already"
    if not ministack_events.told(refused):
        return
    seen = [*path, eventbridge._rule_key(rule["Name"], rule["EventBusName"])]
    handed = event | {"EventBusName": bus, "_DispatchPath": seen}
    ministack_control.at(spec.account_id, spec.region, lambda: eventbridge._dispatch_event(handed))


def why_not(role: str | None, bus: str, event: Event, rule: str) -> str | None:
    """Why a rule's role may not put an event on a bus."""
    keys = {"events:source": [event["Source"]], "events:detail-type": event["DetailType"]}
    source = {"aws:SourceArn": rule, "aws:SourceAccount": get_account_id()}
    if not role:
        return "the target has no role"
    if refused := ministack_roles.refusal(role, SERVICE, PUT, bus, keys, source):
        return refused
    session = ministack_roles.session_of(role, SERVICE)
    if not lets(bus, session, keys):
        return f"{bus} lets no {session} in"
    return None


def keys_of(entry: dict[str, Any]) -> dict[str, Any]:
    """The condition keys of an event that is put."""
    return {"events:source": [entry.get("Source", "")], "events:detail-type": entry.get("DetailType", "")}


def entries(call: Call) -> Iterator[Needed]:
    """What PutEvents is decided on: each entry's bus, with its own condition keys."""
    for entry in call.json.get("Entries", []) if call.operation == "PutEvents" else []:
        bus = entry.get("EventBusName") or "default"
        arn = bus if bus.startswith("arn:") else ministack_checks.arn("events", f"event-bus/{bus}")
        yield PUT, arn, keys_of(entry)


def put_elsewhere(entry: dict[str, Any]) -> Response | None:
    """Puts an event on a bus of another account, as the caller's; the refusal where that lets nobody in."""
    arn = entry["EventBusName"]
    if refused := refusal(arn, iam_evaluator.caller_arn(), keys_of(entry)):
        return refused
    _, _, _, region, account, name = arn.split(":", 5)
    event = {
        "id": str(uuid.uuid4()), "source": entry["Source"], "detail-type": entry["DetailType"],
        "account": get_account_id(), "region": get_region(), "resources": entry.get("Resources", []),
        "detail": json.loads(entry["Detail"]),
    }
    ministack_control.at(account, region, lambda: ministack_events.put(event, name.removeprefix("event-bus/")))
    return None


def put_permission(given: dict[str, Any]) -> Response:
    """PutPermission: a whole policy, or a statement for an account, everybody or an organization."""
    bus = given.get("EventBusName", "default")
    if given.get("Policy"):
        eventbridge._event_bus_policies[bus] = json.loads(given["Policy"])
        return answer({})
    principal, condition = given["Principal"], given.get("Condition")
    conditions = {"Condition": {condition["Type"]: {condition["Key"]: condition["Value"]}}} if condition else {}
    policy_with(bus, {
        "Sid": given["StatementId"], "Effect": "Allow", "Action": given["Action"],
        "Principal": principal if principal == "*" else {"AWS": f"arn:aws:iam::{principal}:root"},
        "Resource": ministack_checks.arn("events", f"event-bus/{bus}"), **conditions,
    })
    return answer({})


def policy_with(bus: str, statement: dict[str, Any]) -> None:
    """The bus gets a statement in place of the one of the same Sid."""
    there = eventbridge._event_bus_policies.get(bus) or {"Version": "2012-10-17", "Statement": []}
    others = [it for it in there["Statement"] if it.get("Sid") != statement["Sid"]]
    eventbridge._event_bus_policies[bus] = there | {"Statement": [*others, statement]}


def patch() -> None:
    """Puts them in place of ministack's own."""
    context, puts = iam_actions.request_tag_context, eventbridge._put_events

    def request_tag_context(service: str, action: str, body: bytes, params: dict[str, Any]) -> dict[str, Any]:
        """The condition keys of a request: of the first entry, since `entries` has each decided by itself."""
        found: dict[str, Any] = context(service, action, body, params)
        first = (json.loads(body or b"{}").get("Entries") or [{}])[0] if action == PUT else None
        return found if first is None else found | keys_of(first)

    def put_events(given: dict[str, Any], *more: Any, **named: Any) -> Response:
        """PutEvents: one entry at a time goes to another account, as the functions send them."""
        bus = str(given["Entries"][0].get("EventBusName")).split(":")
        if len(bus) > 4 and bus[4] != get_account_id():
            return put_elsewhere(given["Entries"][0]) or answer({"FailedEntryCount": 0, "Entries": [{"EventId": "e"}]})
        for entry in given["Entries"]:
            name = (entry.get("EventBusName") or "default").rpartition("/")[2]
            arn = ministack_checks.arn("events", f"event-bus/{name}")
            if refused := refusal(arn, iam_evaluator.caller_arn(), keys_of(entry)):
                return refused
        own: Response = puts(given, *more, **named)
        return own

    iam_actions.request_tag_context, eventbridge._put_events = request_tag_context, put_events
    eventbridge._dispatch_to_event_bus, eventbridge._put_permission = to_bus, put_permission
    ministack_checks.also(eventbridge, "events", entries)
