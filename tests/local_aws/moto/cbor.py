"""CloudWatch in the protocol of newer SDKs, which moto does not speak: rpc-v2-cbor.

Sources: Smithy, "Smithy RPC v2 CBOR protocol" and "awsQueryCompatible trait": a call is
POST /service/NAME/operation/OPERATION, timestamps are epoch seconds under tag 1, an error has
its code in `__type` and, as the query protocol named it, in the header x-amzn-query-error. A
call without a modelled answer has an empty body.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from typing import Any

import botocore.session
import cbor2

Environ = dict[str, Any]
Start = Callable[..., Any]

PREFIX = "/service/GraniteServiceVersion20100801/operation/"
PROTOCOL = ("smithy-protocol", "rpc-v2-cbor")
TIMESTAMP = 1
"""The tag of a timestamp, RFC 8949."""


class CborApplication:
    """WSGI middleware that turns such a call into one in JSON, and the answer back."""

    def __init__(self, application: Callable[[Environ, Start], Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith(PREFIX):
            return self.application(environ, start)
        name = environ["PATH_INFO"].removeprefix(PREFIX)
        answer: list[Any] = []

        def keep(*status_and_headers: Any) -> Any:
            answer[:] = status_and_headers[:2]

        body = b"".join(self.application(_in_json(environ, name), keep))
        status, headers, translated = _in_cbor(name, *answer, body)
        start(status, headers)
        return [translated]


def _in_json(environ: Environ, name: str) -> Environ:
    size = -1 if environ.get("wsgi.input_terminated") else int(environ.get("CONTENT_LENGTH") or 0)
    raw = environ["wsgi.input"].read(size)
    if environ.get("HTTP_CONTENT_ENCODING") == "gzip":
        raw = gzip.decompress(raw)
    body = json.dumps(_plain(cbor2.loads(raw) if raw else {})).encode()
    left_out = ("HTTP_SMITHY_PROTOCOL", "HTTP_CONTENT_ENCODING", "wsgi.input_terminated")
    kept = {key: value for key, value in environ.items() if key not in left_out}
    return kept | {
        "PATH_INFO": "/",
        "REQUEST_URI": "/",
        "RAW_URI": "/",
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": "application/x-amz-json-1.0",
        "HTTP_X_AMZ_TARGET": f"GraniteServiceVersion20100801.{name}",
        "wsgi.input": io.BytesIO(body),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_plain(member) for member in value]
    return value.timestamp() if isinstance(value, datetime) else value


def _in_cbor(
    name: str, status: str, headers: list[tuple[str, str]], body: bytes
) -> tuple[str, list[tuple[str, str]], bytes]:
    kept = [(header, value) for header, value in headers if header.lower().startswith("x-amzn-")]
    if status.startswith("2"):
        shape = operation(name).output_shape
        if shape is None:
            return status, [*kept, PROTOCOL, ("Content-Length", "0")], b""
        translated = cbor2.dumps(typed(shape, json.loads(body or b"{}")))
    else:
        told = {key: value for key, value in json.loads(body).items() if isinstance(value, str)}
        translated = cbor2.dumps(told)
    length = ("Content-Length", str(len(translated)))
    return status, [*kept, PROTOCOL, ("Content-Type", "application/cbor"), length], translated


def typed(shape: Any, value: Any) -> Any:
    """A value as its shape in the service's model has it: a double is not an integer."""
    match shape.type_name:
        case "structure":
            return {
                name: typed(member, value[name])
                for name, member in shape.members.items()
                if value.get(name) is not None
            }
        case "list":
            return [typed(shape.member, member) for member in value]
        case "map":
            return {key: typed(shape.value, member) for key, member in value.items()}
        case "timestamp":
            return cbor2.CBORTag(TIMESTAMP, _epoch(value))
        case "double" | "float":
            return float(value)
        case "integer" | "long":
            return int(value)
    return value


def _epoch(value: Any) -> float:
    if isinstance(value, str):
        return datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
    return float(value)


@cache
def operation(name: str) -> Any:
    """The model of an operation of CloudWatch."""
    return botocore.session.get_session().get_service_model("cloudwatch").operation_model(name)
