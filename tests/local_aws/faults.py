"""Faults between a client and a local server, and a record of the calls made."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from local_aws.clients import FAKE, REGION, client
from local_aws.server import Server, request

QUERY_SERVICES = frozenset(
    {"iam", "sns", "sts", "ec2", "cloudformation", "autoscaling", "cloudwatch"}
)
"""Those whose codes are the query protocol's, whichever one they speak."""
DENIED = {"sns": "AuthorizationError", "ec2": "UnauthorizedOperation"}
REST_JSON_SERVICES = frozenset({"account", "lambda"})
THROTTLED = {
    "s3": ("SlowDown", 503, "Please reduce your request rate."),
    "ec2": ("RequestLimitExceeded", 503, "Request limit exceeded."),
}
INTERNAL = {"s3": "InternalError"}
RECORDED = 2000

OLD_NAMES = {
    "GetBucketLifecycleConfiguration": "GetBucketLifecycle",
    "PutBucketLifecycleConfiguration": "PutBucketLifecycle",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
}
"""Two S3 operations have an old twin with the same request; the proxy tells the old one."""
NEW_NAMES = {old: new for new, old in OLD_NAMES.items()}

RECORDER = {"service": "*", "ttl_s": 1e9}
"""The proxy records only calls that a rule fits. This rule stays last, fits every call
and does nothing; its very long life marks it, so that others can be put before it."""


@dataclass(frozen=True)
class Call:
    """One request as it arrived; retries of an SDK are calls of their own."""

    service: str
    operation: str
    resource: str | None
    region: str | None


class Faults(Server):
    """A proxy (microburst) in front of `upstream`, which passes everything on until told.

    Service names are botocore's, and "*" means every service. The first rule that
    fits a request decides about it; a rule with `times` fits that often only, then
    the next one counts. It breaks signatures: use it in front of `Moto` only.
    """

    name = "faults"
    ended_by = signal.SIGKILL
    """It has nothing to save, and asked to end it waits for its connections."""

    def __init__(self, upstream: Server) -> None:
        super().__init__()
        self.upstream = upstream
        self._rules: list[dict[str, Any]] = []
        self._apart: list[tuple[int, int]] = []

    def command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "local_aws.proxy", "--no-resign"),
            *("--upstream", self.upstream.endpoint, "--port", str(self.port)),
        ]

    def answers(self) -> bool:
        health = request("GET", self._control("health"), timeout=5)
        return bool(health["upstream"] == self.upstream.endpoint)

    def start(self) -> None:
        """Starts it, and has it load the models that a first call would wait seconds for."""
        super().start()
        self.clear()
        self.client("sts").get_caller_identity()
        self.forget()

    def client(self, service: str, region: str = REGION, **options: Any) -> Any:
        """A boto3 client which talks to the upstream through this proxy."""
        return client(self.endpoint, service, region, FAKE, **options)

    def rule(
        self,
        service: str,
        operation: str | None = None,
        *,
        times: int | None = None,
        error: str | None = None,
        status: int | None = None,
        message: str | None = None,
        timeout_ms: float | None = None,
        latency_ms: float | None = None,
        reset: bool = False,
        region: str | None = None,
        resource: str | None = None,
        after: bool = False,
        cut: int | None = None,
    ) -> None:
        """Adds a rule for the next `times` calls of an operation, or for all of them.

        error, status, message: answer so, in the service's protocol; not applied.
        timeout_ms: keep the client waiting, then answer 504; not applied.
        latency_ms: wait, then do what the rest of the rule says, or pass it on.
        reset: cut the connection before the request is passed on; not applied.
        after: pass it on, then cut the connection instead of the answer; applied.
        cut: pass it on, and cut the connection after so many bytes of the answer's body.
        region, resource: only calls in the region, or whose resource has this in it.
        """
        effects = {
            "error": error and {"code": error, "status": status, "message": message},
            "timeout_ms": timeout_ms,
            "latency": latency_ms,
            "reset": reset or None,
            "response": {"abort_bytes": cut or 0} if after or cut else None,
        }
        told = OLD_NAMES.get(operation, operation) if operation else None
        which = {"operation": told, "times": times, "region": region, "resource": resource}
        added = {k: v for k, v in (which | effects).items() if v is not None}
        self._rules.append({"service": service} | added)
        request("DELETE", self._control("rules"), [RECORDER])
        request("PATCH", self._control("rules"), [self._rules[-1], RECORDER])

    def throttle(
        self, service: str, operation: str | None = None, times: int | None = None,
        code: str | None = None,
    ) -> None:
        """Refuses calls as too many, by default in the code the service's protocol uses."""
        usual = "Throttling" if service in QUERY_SERVICES else "ThrottlingException"
        error, status, message = (usual, 400, "Rate exceeded")
        if code is None:
            error, status, message = THROTTLED.get(service, (error, status, message))
        self.rule(service, operation, times=times, error=code or error, status=status,
                  message=message)

    def deny(self, service: str, operation: str | None = None, times: int | None = None) -> None:
        """Refuses calls as not authorized, in the code the service's protocol uses."""
        query = service in QUERY_SERVICES or service == "s3"
        code = "AccessDenied" if query else "AccessDeniedException"
        code = DENIED.get(service, code)
        status = 403 if query or service in REST_JSON_SERVICES else 400
        self.rule(service, operation, times=times, error=code, status=status,
                  message=f"User is not authorized to perform: {service}:{operation or '*'}")

    def unavailable(
        self, service: str, operation: str | None = None, times: int | None = None,
        status: int = 503,
    ) -> None:
        """Answers with a server error: 500 is an internal one, 503 an unavailable service."""
        internal = INTERNAL.get(service, "InternalFailure")
        code = internal if status == 500 else "ServiceUnavailable"
        self.rule(service, operation, times=times, error=code, status=status, message="try later")

    def stall(
        self, service: str, operation: str | None = None, ms: float = 60_000,
        times: int | None = None,
    ) -> None:
        """Keeps the client waiting for `ms`, then answers 504; the call is not applied."""
        self.rule(service, operation, times=times, timeout_ms=ms)

    def drop_before(self, service: str, operation: str | None = None, times: int = 1) -> None:
        """Cuts the connection when the request has arrived: the call is not applied."""
        self.rule(service, operation, times=times, reset=True)

    def drop_after(self, service: str, operation: str | None = None, times: int = 1) -> None:
        """Lets the call be applied, then cuts the connection: the answer is lost."""
        self.rule(service, operation, times=times, after=True)

    def clear(self) -> None:
        """Takes away every rule; the record stays."""
        self._rules = []
        request("POST", self._control("rules"), [RECORDER])

    def refuse_like(self, other: Faults) -> None:
        """Takes the rules of another way in the place of its own; what fits here does not use up those there."""
        self._rules = list(other._rules)
        request("POST", self._control("rules"), [*self._rules, RECORDER])

    def refuses_for_a_while(self, operations: tuple[str, ...]) -> bool:
        """Whether a rule that fits so many calls only may fit one whose name begins like this."""
        return any("times" in rule and rule.get("operation", operations[0]).startswith(operations) for rule in self._rules)

    @contextmanager
    def unrecorded(self) -> Iterator[None]:
        """Keeps the calls that are made meanwhile out of `calls`, if nobody else makes any."""
        before = len(self._recorded())
        yield
        self._apart.append((before, len(self._recorded())))

    def calls(self, service: str | None = None, operation: str | None = None) -> list[Call]:
        """The calls since `forget`, oldest first, the last 2000 at most."""
        seen = [
            Call(f["service"], NEW_NAMES.get(f["operation"], f["operation"]), f["resource"], f["region"])
            for at, f in enumerate(self._recorded())
            if not any(first <= at < end for first, end in self._apart)
        ]
        return [
            call for call in seen
            if service in (None, call.service) and operation in (None, call.operation)
        ]

    def forget(self) -> None:
        """Empties the record; the rules stay."""
        request("DELETE", self._control("fired"))
        self._apart = []

    def _recorded(self) -> list[dict[str, Any]]:
        fired: list[dict[str, Any]] = request("GET", self._control(f"fired?limit={RECORDED}"))
        return fired

    def _control(self, path: str) -> str:
        return f"{self.endpoint}/_microburst/{path}"
