"""The control interface at /_local/, and the calls it holds back or leaves unanswered.

A test that kills a function between two calls needs them to stop at a known point: a
call that is held "before" is not applied yet, one held "after" is applied and only its
answer is missing.
"""

from __future__ import annotations

import io
import json
import os
import select
import socket
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

from microburst.detection.operation import resolve_operation
from werkzeug.datastructures import EnvironHeaders

from local_aws.faults import NEW_NAMES
from local_aws.moto import cloudtrail_history, config_status, ec2_verbs, kms_rotation, mail, request_ids, s3, subscriptions
from local_aws.moto.refusal import signed_for
from local_aws.moto.state import Hold, controls

Environ = dict[str, Any]
Start = Callable[..., Any]


class ControlledApplication:
    """WSGI middleware around the emulator."""

    def __init__(self, application: Callable[[Environ, Start], Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        controls.request.signed = environ.get("HTTP_X_AMZ_DATE", "")
        if path.startswith("/_local/"):
            return _control(path.removeprefix("/_local/"), environ, start)
        if controls.watching and not path.startswith("/moto-api"):
            return self._watched(environ, start)
        return self.application(environ, start)

    def _watched(self, environ: Environ, start: Start) -> Iterable[bytes]:
        operation = _operation(environ)
        hold = controls.catch(operation)
        try:
            if hold and hold.when == "before" and not hold.wait(lambda: _sender_gone(environ)):
                return _cut(environ, start)
            answer: list[Any] = []

            def keep(*status_and_headers: Any) -> Any:
                answer[:] = status_and_headers[:2]

            body = b"".join(self.application(environ, keep))
            if hold and hold.when == "after" and not hold.wait(lambda: _sender_gone(environ)):
                return _cut(environ, start)
        finally:
            if hold:
                hold.done.set()
        if controls.is_unanswered(operation):
            return _cut(environ, start)
        start(*answer)
        return [body]


def _operation(environ: Environ) -> str:
    """The operation a request asks for; its body stays readable."""
    body = _body(environ)
    environ["wsgi.input"] = io.BytesIO(body)
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    headers = dict(EnvironHeaders(environ))
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    name = resolve_operation(signed_for(environ), headers, method, path, query, body) or ""
    return NEW_NAMES.get(name, name)


def _call(environ: Environ) -> tuple[str, str]:
    """The service that the request is signed for, and the operation."""
    return signed_for(environ) or "", _operation(environ)


def _body(environ: Environ) -> bytes:
    if environ.get("wsgi.input_terminated"):
        return bytes(environ["wsgi.input"].read())
    return bytes(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))


def _sender_gone(environ: Environ) -> bool:
    """Whether the other side has closed the connection."""
    connection: socket.socket = environ["werkzeug.socket"]
    readable, _, _ = select.select([connection], [], [], 0)
    try:
        return bool(readable) and connection.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True


def _cut(environ: Environ, start: Start) -> Iterable[bytes]:
    """Closes the connection; what is started here reaches nobody."""
    try:
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    start("503 Cut", [("Connection", "close")])
    return []


def _control(what: str, environ: Environ, start: Start) -> Iterable[bytes]:
    body = _body(environ)
    told = json.loads(body) if body else {}
    try:
        answer = _ORDERS[environ["REQUEST_METHOD"], what](**told)
        status = "200 OK"
    except (KeyError, TypeError, ValueError) as wrong:
        status, answer = "400 Bad Request", {"error": repr(wrong)}
    start(status, [("Content-Type", "application/json")])
    return [json.dumps(answer or {}).encode()]


def _hold(operation: str, when: str, nth: int) -> None:
    if when not in ("before", "after") or nth < 1:
        raise ValueError(f"no such hold: {when}, {nth}")
    with controls.lock:
        if controls.hold and controls.hold.held:
            raise ValueError("a call is being held")
        controls.hold = Hold(operation, when, nth)


def _release(drop: bool = False) -> None:
    with controls.lock:
        hold, controls.hold = controls.hold, None
    if hold:
        hold.drop = hold.drop or drop
        hold.released.set()
        if hold.caught.is_set():
            hold.done.wait(5)


def _held() -> dict[str, bool]:
    hold = controls.hold
    return {"held": bool(hold and hold.held)}


def _regions(enabled: list[str]) -> None:
    controls.regions = list(enabled)


def _trails(per_region: int) -> None:
    controls.trails = per_region


def _propagation(calls: int) -> None:
    controls.propagation = calls


def _throttle(service: str, per_second: int) -> None:
    if service not in ("cloudtrail", "cloudtrail-reads", "kms", "logs", "cloudwatch") or per_second < 0:
        raise ValueError(f"no such rate: {service}, {per_second}")
    controls.limit(service, per_second)


def _delivery_error(
    trail: str, error: str, with_key_only: bool = False, kind: str = "Delivery"
) -> None:
    if kind == "Delivery":
        controls.delivery_errors[trail] = (error, with_key_only)
    elif kind in ("DigestDelivery", "CloudWatchLogsDelivery", "Notification"):
        controls.refusals[trail, kind] = error
    else:
        raise ValueError(f"no such delivery: {kind}")


def _still_listed(buckets: dict[str, str]) -> None:
    controls.still_listed = dict(buckets)


def _untold(trail: str) -> None:
    controls.untold.add(trail)


_ORDERS: dict[tuple[str, str], Callable[..., dict[str, Any] | None]] = {
    ("GET", "pid"): lambda: {"pid": os.getpid()},
    ("GET", "held"): _held,
    ("GET", "calls"): lambda: {"calls": request_ids.take(_call)},
    ("GET", "beside"): lambda: {"calls": request_ids.take(_call, beside=True)},
    ("GET", "throttled"): lambda: {"throttled": controls.throttled},
    ("GET", "mail"): lambda: {"letters": mail.take()},
    ("GET", "confirmations"): subscriptions.asked,
    ("POST", "hold"): _hold,
    ("POST", "release"): _release,
    ("POST", "reset"): controls.forget,
    ("POST", "regions"): _regions,
    ("POST", "trails"): _trails,
    ("POST", "role-propagation"): _propagation,
    ("POST", "throttle"): _throttle,
    ("POST", "delivery-error"): _delivery_error,
    ("POST", "untold"): _untold,
    ("POST", "still-listed"): _still_listed,
    ("POST", "no-encryption"): s3.without_encryption,
    ("POST", "endpoint-pending"): lambda server_id, calls: controls.endpoint_pending.update(
        {server_id: calls}
    ),
    ("POST", "drop-answers"): lambda operation, times: controls.unanswered.update(
        {operation: times}
    ),
    ("POST", "kms/keys"): kms_rotation.make_keys,
    ("POST", "kms/state"): kms_rotation.set_state,
    ("POST", "request-ids"): lambda operation: {"ids": request_ids.of(operation, _operation)},
    ("POST", "confirm"): subscriptions.confirm,
    ("POST", "config/status"): config_status.set_status,
    **cloudtrail_history.ORDERS,
    **ec2_verbs.ORDERS,
}
