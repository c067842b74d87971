"""A clean refusal of what the emulator cannot do.

Moto answers such calls with an HTML page and status 500, which an SDK retries and then
cannot read. AWS has no such answer; 501 in the service's own protocol is not retried,
and its message names the operation.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterable
from typing import Any

from microburst.detection.scope import CREDENTIAL_RE
from microburst.protocols import render_error

Environ = dict[str, Any]
Start = Callable[..., Any]


class RefusingApplication:
    """WSGI middleware that turns HTML and exceptions into errors of the service's protocol."""

    def __init__(self, application: Callable[[Environ, Start], Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        answer: list[Any] = []

        def keep(*status_and_headers: Any) -> Any:
            answer[:] = status_and_headers[:2]

        try:
            body = list(self.application(environ, keep))
        except NotImplementedError as missing:
            return _refuse(environ, start, 501, "NotImplemented", str(missing))
        except Exception as broken:
            traceback.print_exc(file=sys.stderr)
            return _refuse(environ, start, 500, "InternalFailure", repr(broken))
        if answer[0].startswith("404") and _is_html(answer[1]) and "HTTP_AUTHORIZATION" in environ:
            return _refuse(environ, start, 501, "NotImplemented", environ["PATH_INFO"])
        start(*answer)
        return body


def signed_for(environ: Environ) -> str | None:
    """The service that the request's signature names."""
    found = CREDENTIAL_RE.search(environ.get("HTTP_AUTHORIZATION", ""))
    return found.group("service") if found else None


def _is_html(headers: list[tuple[str, str]]) -> bool:
    return dict(headers).get("Content-Type", "").startswith("text/html")


def _spoken(environ: Environ) -> str | None:
    """The protocol of the request, where a service has several; None for the one of its model."""
    if "HTTP_SMITHY_PROTOCOL" in environ:
        return "smithy-rpc-v2-cbor"
    return "json" if "HTTP_X_AMZ_TARGET" in environ else None


def _refuse(
    environ: Environ, start: Start, status: int, code: str, why: str
) -> Iterable[bytes]:
    message = f"The local AWS cannot do this: {why}"
    number, headers, body = render_error(
        signed_for(environ), code, message, status, protocol=_spoken(environ)
    )
    start(f"{number} Refused", list(headers.items()))
    return [body]
