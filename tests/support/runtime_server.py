"""The HTTP side of the Lambda Runtime API: small, kept alive, and quick enough to measure with."""

from __future__ import annotations

import json
import queue
import socketserver
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Self

VERSION = "/2018-06-01/runtime/"
RESPONSE_LIMIT = 6 * 1024 * 1024 + 100
"""Largest response of a synchronous invocation (Lambda quotas: 6 MB)."""


@dataclass(frozen=True)
class Posted:
    """What the function posted: the kind is "response", "error", "init" or "too-large"."""

    kind: str
    body: bytes
    error_type: str | None = None


@dataclass(frozen=True)
class Answer:
    """What the function made of one event."""

    ok: bool
    body: Any
    raw: bytes
    error_type: str | None = None
    error_message: str | None = None

    @classmethod
    def of(cls, posted: Posted) -> Self:
        """Reads what was posted; the body is None where it is not JSON."""
        try:
            body = json.loads(posted.body) if posted.body else None
        except ValueError:
            body = None
        if posted.kind == "response":
            return cls(True, body, posted.body)
        told = body if isinstance(body, dict) else {}
        kind = told.get("errorType") or posted.error_type
        return cls(False, body, posted.body, kind, told.get("errorMessage"))


@dataclass
class Offer:
    """One event that waits to be taken, or was taken and waits for its answer."""

    request_id: str
    body: bytes
    headers: dict[str, str]
    seconds: float
    """How long it may take; counted, as Lambda does, from when it is taken: `until`."""
    until: float | None = None
    posted: queue.SimpleQueue[Posted] = field(default_factory=queue.SimpleQueue)


class RuntimeServer(socketserver.ThreadingTCPServer):
    """Serves one function process on a port of its own."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.asked = threading.Event()
        self.first_next_at = 0.0
        self.asked_at: list[float] = []
        self.init_error: Posted | None = None
        self._waiting: queue.SimpleQueue[Offer | None] = queue.SimpleQueue()
        self._taken: dict[str, Offer] = {}
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    @property
    def address(self) -> str:
        """What AWS_LAMBDA_RUNTIME_API holds: host and port, without a scheme."""
        return f"127.0.0.1:{self.server_address[1]}"

    def start(self) -> None:
        """Begins to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Ends serving, and whoever waits for an event."""
        self._waiting.put(None)
        self.shutdown()
        self.server_close()

    def offer(self, offer: Offer) -> None:
        """Puts an event at the end of the queue."""
        self._waiting.put(offer)

    def next_event(self) -> Offer | None:
        """The next event, once there is one; None when the server stops."""
        if not self.asked.is_set():
            self.first_next_at = time.monotonic()
            self.asked.set()
        self.asked_at.append(time.monotonic())
        offer = self._waiting.get()
        if offer:
            offer.headers["Lambda-Runtime-Deadline-Ms"] = str(int((time.time() + offer.seconds) * 1000))
            offer.until = time.monotonic() + offer.seconds
            self._taken[offer.request_id] = offer
        return offer

    def post(self, request_id: str, posted: Posted) -> int:
        """Hands an answer to whoever waits for it; returns the status to answer with."""
        offer = self._taken.pop(request_id, None)
        if offer is None:
            return 400
        if posted.kind == "response" and len(posted.body) > RESPONSE_LIMIT:
            offer.posted.put(Posted("too-large", b"", "Function.ResponseSizeTooLarge"))
            return 413
        offer.posted.put(posted)
        return 202


class _Connection(socketserver.StreamRequestHandler):
    """One connection of the function, over which it sends one request after the other."""

    server: RuntimeServer
    disable_nagle_algorithm = True

    def handle(self) -> None:
        try:
            while self._one_request():
                pass
        except OSError:
            pass

    def _one_request(self) -> bool:
        start = self.rfile.readline().split()
        if len(start) != 3:
            return False
        headers: dict[str, str] = {}
        while (line := self.rfile.readline()) not in (b"\r\n", b"\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        body = self._body(headers)
        method, path = start[0].decode(), start[1].decode()
        return self._answer(method, path.removeprefix(VERSION), headers, body)

    def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(headers.get("content-length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline() not in (b"\r\n", b"\n", b""):
            pass
        return b"".join(parts)

    def _answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> bool:
        error_type = headers.get("lambda-runtime-function-error-type")
        match method, *path.split("/"):
            case "GET", "invocation", "next":
                offer = self.server.next_event()
                if offer is None:
                    return False
                self._send(200, offer.body, offer.headers)
            case "POST", "invocation", request_id, ("response" | "error") as kind:
                self._status(self.server.post(request_id, Posted(kind, body, error_type)))
            case "POST", "init", "error":
                self.server.init_error = Posted("init", body, error_type)
                self._status(202)
            case _:
                self._status(404)
        return True

    def _status(self, status: int) -> None:
        self._send(status, b'{"status":"OK"}' if status < 300 else b'{"errorMessage":"refused"}', {})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        fields = {"Content-Type": "application/json", "Content-Length": str(len(body))} | headers
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.connection.sendall(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode("latin-1") + body)
