"""What a test told the local AWS to do; read by the patches, written by the control interface."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

DEFAULT_REGIONS = ("us-east-1", "eu-west-1")
HOLD_SECONDS = 30.0


class Bucket:
    """A token bucket, as AWS throttles: so many calls a second, and as many at once after a rest. By this machine's clock."""

    def __init__(self, a_second: int) -> None:
        self._a_second = self._tokens = float(a_second)
        self._filled = time.monotonic()

    def take(self) -> bool:
        """Takes a token, if there is one."""
        now = time.monotonic()
        self._tokens = min(self._a_second, self._tokens + (now - self._filled) * self._a_second)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


@dataclass
class Hold:
    """The order to hold back the nth call of an operation, and that call once it came."""

    operation: str
    when: str
    left: int
    drop: bool = False
    caught: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def held(self) -> bool:
        """Whether the call came and still waits."""
        return self.caught.is_set() and not self.released.is_set()

    def wait(self, sender_gone: Callable[[], bool]) -> bool:
        """In the call's thread: waits for the release; whether the call may go on."""
        self.caught.set()
        for _ in range(int(HOLD_SECONDS / 0.02)):
            if self.released.wait(0.02) or sender_gone():
                break
        self.drop = self.drop or sender_gone()
        self.released.set()
        return not self.drop


@dataclass
class Ec2Orders:
    """What was ordered about VPCs and flow logs; `ec2_verbs` says what each means."""

    owners: dict[str, str] = field(default_factory=dict)
    unseen: dict[str, int] = field(default_factory=dict)
    statuses: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    thrown: bool = False
    by_destination: bool = False
    page: int = 0
    sparse: bool = False
    traffic: bool = False


@dataclass
class Controls:
    """All that was ordered since the last reset."""

    hold: Hold | None = None
    unanswered: dict[str, int] = field(default_factory=dict)
    endpoint_pending: dict[str, int] = field(default_factory=dict)
    propagation: int = 0
    too_early: dict[str, int] = field(default_factory=dict)
    regions: list[str] = field(default_factory=lambda: list(DEFAULT_REGIONS))
    letters: list[dict[str, str]] = field(default_factory=list)
    confirmations: list[dict[str, str]] = field(default_factory=list)
    rates: dict[str, int] = field(default_factory=dict)
    buckets: dict[str, Bucket] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)
    delivery_errors: dict[str, tuple[str, bool]] = field(default_factory=dict)
    refusals: dict[tuple[str, str], str] = field(default_factory=dict)
    trails: int = 5
    """Trails that a region may have: AWS's quota, which nobody raises, unless a bench asks how calls grow beyond it."""
    untold: set[str] = field(default_factory=set)
    still_listed: dict[str, str] = field(default_factory=dict)
    """Buckets that are gone and still listed, with their regions."""
    history: list[dict[str, Any]] = field(default_factory=list)
    lookups: list[dict[str, Any]] = field(default_factory=list)
    throttled: int = 0
    public_keys: list[dict[str, str]] = field(default_factory=list)
    ec2: Ec2Orders = field(default_factory=Ec2Orders)
    lock: threading.RLock = field(default_factory=threading.RLock)
    request: threading.local = field(default_factory=threading.local)
    """What is known of the request that this thread answers: when it was `signed`."""

    @property
    def watching(self) -> bool:
        """Whether any order concerns calls by the name of their operation."""
        return self.hold is not None or bool(self.unanswered)

    def catch(self, operation: str) -> Hold | None:
        """Counts a call that arrived; the order to hold it, if it is the one."""
        with self.lock:
            hold = self.hold
            if hold is None or hold.operation != operation or hold.left < 1:
                return None
            hold.left -= 1
            return hold if hold.left == 0 else None

    def role_created(self, arn: str) -> None:
        """From now on the role is too new for other services, as often as was ordered."""
        with self.lock:
            if self.propagation:
                self.too_early[arn] = self.propagation

    @staticmethod
    def _take(counts: dict[str, int], key: str) -> bool:
        left = counts.get(key, 0)
        if left > 1:
            counts[key] = left - 1
        else:
            counts.pop(key, None)
        return left > 0

    def is_unanswered(self, operation: str) -> bool:
        """Whether this call's answer is to be lost; counts it."""
        with self.lock:
            return self._take(self.unanswered, operation)

    def is_endpoint_pending(self, server_id: str) -> bool:
        """Whether this call finds the server's VPC endpoint pending; counts it."""
        with self.lock:
            return self._take(self.endpoint_pending, server_id)

    def is_too_early(self, role_arn: str) -> bool:
        """Whether this use of the role comes before it is visible; counts it."""
        with self.lock:
            return self._take(self.too_early, role_arn)

    def is_unseen(self, vpc_id: str) -> bool:
        """Whether this call comes before the VPC is visible; counts it."""
        with self.lock:
            return self._take(self.ec2.unseen, vpc_id)

    def is_throttled(self, service: str, place: str) -> bool:
        """Whether this call is one too many of those signed in the same second; counts it if it is not.

        By the caller's clock: when calls arrive depends on how busy this machine is, when they are made does not.
        """
        with self.lock:
            rate, key = self.rates.get(service, 0), f"{service} {place} {self.request.signed}"
            if rate and self.sent[key] >= rate:
                return True
            self.sent[key] += 1
            return False

    def is_emptied(self, what: str, place: str) -> bool:
        """Whether the bucket of these calls is empty, by when they come; takes a token if it is not, and counts a refusal."""
        with self.lock:
            rate = self.rates.get(what, 0)
            if not rate or self.buckets.setdefault(f"{what} {place}", Bucket(rate)).take():
                return False
            self.throttled += 1
            return True

    def limit(self, service: str, per_second: int) -> None:
        """Sets the rate of a service; what was called before does not count."""
        with self.lock:
            self.rates[service] = per_second
            self.sent.clear()
            self.buckets.clear()
            self.throttled = 0

    def delivery_error(self, trail_arn: str, *, has_key: bool) -> str:
        """The error that the trail's deliveries are ordered to have, or nothing."""
        error, with_key_only = self.delivery_errors.get(trail_arn, ("", False))
        return error if has_key or not with_key_only else ""

    def forget(self) -> None:
        """Back to the start; a held call goes on."""
        with self.lock:
            if self.hold:
                self.hold.released.set()
            vars(self).update(vars(Controls(lock=self.lock, request=self.request)))


controls = Controls()
