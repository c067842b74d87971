"""A way to a local server that records each call with its arguments, and which of them were asked before."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from urllib.parse import parse_qsl, urlsplit

from microburst.detection.operation import resolve_operation

from local_aws.faults import NEW_NAMES
from local_aws.server import Server

READS = ("Describe", "Get", "Head", "List")
ASIDE = {
    ("dynamodb", None), ("sts", None), ("sns", "Publish"), ("events", "PutEvents"),
    ("sqs", "SendMessage"), ("sqs", "ReceiveMessage"), ("sqs", "DeleteMessage"),
}
"""Calls that are no part of what is looked after: the ledger, who is asking, reports, and what is handed on."""
TRANSPORT = ("host", "connection", "content-length", "transfer-encoding")
OF_ATTEMPT = ("amz-sdk-", "x-amz-date", "x-amz-security-token", "user-agent", "x-amz-user-agent", "authorization", "accept")
"""Headers that differ from one attempt to the next."""


@dataclass(frozen=True)
class Sent:
    """One request as it arrived, and the status of its answer."""

    service: str
    operation: str
    region: str
    path: str
    arguments: str
    status: int
    began: int
    ended: int
    arrived: float
    answered: float
    """When it arrived and was answered, in seconds."""

    @property
    def reads(self) -> bool:
        """Whether it only reads."""
        return self.operation.startswith(READS)

    @property
    def what(self) -> tuple[str, str, str, str]:
        """What it asks, and where."""
        return (self.service, self.operation, self.region, self.arguments)

    @property
    def aside(self) -> bool:
        """Whether it is no part of what is looked after."""
        return (self.service, None) in ASIDE or (self.service, self.operation) in ASIDE


class RecordedCalls:
    """What was sent since it was last emptied, in order of arrival."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.all: list[Sent] = []

    def forget(self) -> None:
        """Empties the record."""
        self.all.clear()

    @property
    def asked(self) -> list[Sent]:
        """The calls that are a part of what is looked after."""
        return [it for it in self.all if not it.aside]

    def by_name(self) -> Counter[str]:
        """How often each operation was called."""
        return Counter(f"{it.service}:{it.operation}" for it in self.asked)


BEFORE_REPLACING = {"GetBucketPolicy", "GetBucketLifecycleConfiguration", "GetBucketNotificationConfiguration"}
"""What is read once more right before it is replaced, since S3 knows no conditional write of it."""


ON_ITS_WAY_SECONDS = 0.5
"""The longest time that a write, or its answer, is on its way, while its caller may read."""


def repeated(calls: Iterable[Sent]) -> list[Sent]:
    """The reads that were made before with the same arguments and are answered, while nothing was written in between.

    A write lies between two reads if it was under way at any time from the beginning of the first to that of the second.
    A write that is refused, since somebody else was quicker, has everything read once more.
    """
    calls = sorted((it for it in calls if not it.aside), key=lambda it: it.began)
    writes = [it for it in calls if not it.reads]
    latest: dict[tuple[str, str, str, str], Sent] = {}
    excused: Counter[tuple[str, str, str, str]] = Counter()
    again = []
    for it in calls:
        if not it.reads:
            continue
        before = latest.get(it.what)
        latest[it.what] = it
        if before is None or any(
            write.arrived <= it.arrived + ON_ITS_WAY_SECONDS
            and write.answered + ON_ITS_WAY_SECONDS >= before.arrived
            for write in writes
        ):
            continue
        if it.operation in BEFORE_REPLACING and _replaced(it, writes):
            continue
        if excused[it.what] < sum(write.status >= 400 and write.ended < it.began for write in writes):
            excused[it.what] += 1
            continue
        again.append(it)
    return again


def _replaced(read: Sent, writes: list[Sent]) -> bool:
    """Whether what was read is written next."""
    put = read.operation.replace("Get", "Put", 1)
    return any(it.began > read.began and it.operation == put and it.path == read.path for it in writes)


@contextmanager
def recorded(upstream: Server) -> Iterator[RecordedCalls]:
    """A way to this server on which every call is recorded."""
    to, ticks = urlsplit(upstream.endpoint), count()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            self.upstream = HTTPConnection(to.hostname or "", to.port, timeout=60)

        def finish(self) -> None:
            self.upstream.close()
            super().finish()

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kept = {name: value for name, value in self.headers.items() if name.lower() not in TRANSPORT}
            began, at = next(ticks), time.monotonic()
            self.upstream.request(self.command, self.path, body, {"Host": self.headers["Host"], **kept})
            answer = self.upstream.getresponse()
            found = answer.read()
            record.all.append(self.sent(body, answer.status, (began, next(ticks)), (at, time.monotonic())))
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in TRANSPORT or self.command == "HEAD" and name.lower() == "content-length":
                    self.send_header(name, value)
            if self.command != "HEAD":
                self.send_header("Content-Length", str(len(found)))
            self.end_headers()
            self.wfile.write(found)

        def sent(self, body: bytes, status: int, ticks: tuple[int, int], times: tuple[float, float]) -> Sent:
            headers = {name.lower(): value for name, value in self.headers.items()}
            scope = headers.get("authorization", "").partition("Credential=")[2].split("/")
            region, service = (scope[2], scope[3]) if len(scope) > 3 else ("", "")
            path, _, query = self.path.partition("?")
            given = dict(parse_qsl(query, keep_blank_values=True))
            named = {name.title(): value for name, value in headers.items()}
            name = resolve_operation(service, named, self.command, path, given, body) or ""
            told = sorted((k, v) for k, v in headers.items() if not k.startswith(OF_ATTEMPT) and k not in TRANSPORT)
            arguments = f"{self.command} {self.path} {told} {body!r}"
            return Sent(service, NEW_NAMES.get(name, name), region, self.path, arguments, status, *ticks, *times)

    class Proxy(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that has gone is no news."""

    server = Proxy(("127.0.0.1", 0), Handler)
    record = RecordedCalls(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield record
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
