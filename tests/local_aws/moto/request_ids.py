"""The id of each request: in the answer, and kept for a test that reports the call as CloudTrail does.

The same record says which calls were made.

Sources: AWS CloudTrail User Guide, "CloudTrail record contents", `requestID`: the value that the service
called generated to identify the request; Amazon S3 API reference, "Common Response Headers",
`x-amz-request-id`. Other services answer with `x-amzn-RequestId`.
"""

from __future__ import annotations

import io
import uuid
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

Environ = dict[str, Any]
Start = Callable[..., Any]
Operation = Callable[[Environ], str]
Resolve = Callable[[Environ], tuple[str, str]]

NAMES = ("x-amz-request-id", "x-amzn-requestid")
_answered: deque[tuple[Environ, bytes, str]] = deque(maxlen=500)
_beside: deque[tuple[Environ, bytes, str]] = deque(maxlen=2000)
BESIDE = "app/beside"
"""In the user agent of who works beside a test: the calls are kept apart."""


class IdentifiedApplication:
    """WSGI middleware around the emulator."""

    def __init__(self, application: Callable[[Environ, Start], Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(("/_local/", "/moto-api")):
            return self.application(environ, start)
        whole = environ.get("wsgi.input_terminated")
        body = environ["wsgi.input"].read(*([] if whole else [int(environ.get("CONTENT_LENGTH") or 0)]))
        environ["wsgi.input"] = io.BytesIO(body)

        def identified(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            given = next((value for name, value in headers if name.lower() in NAMES), "")
            fresh = [] if given else [(name, str(uuid.uuid4())) for name in NAMES[:1]]
            request_id = given or fresh[0][1]
            texts = {name: value for name, value in environ.items() if isinstance(value, str)}
            agents = environ.get("HTTP_USER_AGENT", "") + environ.get("HTTP_X_AMZ_USER_AGENT", "")
            kept = _beside if BESIDE in agents else _answered
            kept.append((texts | {"wsgi.input_terminated": True}, body, request_id))
            return start(status, [*headers, *fresh], *more)

        return self.application(environ, identified)


def of(operation: str, resolve: Operation) -> list[str]:
    """The ids of the latest requests of an operation, the oldest first."""
    asked = [(environ | {"wsgi.input": io.BytesIO(body)}, request_id) for environ, body, request_id in list(_answered)]
    return [request_id for environ, request_id in asked if resolve(environ) == operation]


def take(resolve: Resolve, *, beside: bool = False) -> list[tuple[str, str]]:
    """The service and operation of each request since the last time, the oldest first; at most the latest 500."""
    kept = _beside if beside else _answered
    asked = list(kept)
    kept.clear()
    return [resolve(environ | {"wsgi.input": io.BytesIO(body)}) for environ, body, _ in asked]
