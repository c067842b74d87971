"""Reads and judges S3 server access logs as one would in Python: a compiled regular expression, and dictionaries.

Judges as the Rust example `access_reader` does, and counts the same, so that the two can be compared.

usage: access_python.py FILE [RUST_READER]
"""

from __future__ import annotations

import ipaddress
import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

ACCOUNT = b"111122223333"
BUCKETS = {b"trail-logs", b"config-logs"}
NETWORKS = [ipaddress.ip_network("192.0.2.0/24"), ipaddress.ip_network("2001:db8::/32")]
BURST, SLICE = 10, 150

LINE = re.compile(
    rb'(?P<owner>\S+) (?P<bucket>\S+) \[(?P<time>\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] (?P<ip>\S+) '
    rb'(?P<requester>\S+) (?P<id>\S+) (?P<operation>\S+) (?P<key>\S+) (?:"(?P<uri>.*?)"|-) (?P<status>\d{3}|-) '
    rb'(?P<error>[^\s"]+) (?P<sent>\d+|-) (?P<size>\d+|-) (?P<total>\d+|-) (?P<turn>\d+|-) (?:"(?P<referer>.*?)"|-) (?:"(?P<agent>.*)"|-)'
    rb'(?: (?P<version>\S+) (?P<host_id>\S+) (?P<signature>\S+) (?P<cipher>\S+) (?P<how>\S+) (?P<host>\S+) (?P<tls>\S+)'
    rb'(?: (?P<point>\S+))?(?: (?P<acl>\S+))?(?: (?P<region>\S+))?(?: (?P<later>.*))?)?'
)
DELIVERER = re.compile(
    rb"svc:(cloudtrail|config|delivery\.logs|logdelivery\.elasticloadbalancing|logdelivery\.elb|logging\.s3)"
    rb"\.amazonaws\.com"
    rb"|3272ee65a908a7677109fedda345db8d9554ba26398b2ca10581de88777e2b61"
    rb"|c4c1ede66af53448b93c283ce9448c4ba468c9432aa01d700d3878632f77d2d0")
READER = re.compile(rb"arn:aws[^:]*:sts::" + ACCOUNT + rb":assumed-role/SiemReader/.*")
SESSION = re.compile(rb"(?P<role>arn:aws[^:]*:sts::[^:]*:assumed-role/[^/]+)/(?P<session>.*)")
FOREIGN = re.compile(rb"arn:[^:]*:[^:]*:[^:]*:(?!" + ACCOUNT + rb":).*")
SET_UP = re.compile(
    rb"ABAC|ACCELERATE|ACL|ANALYTICS|BUCKETPOLICY|CORS|ENCRYPTION|INTELLIGENT_TIERING|INVENTORY|LEGAL_HOLD|LIFECYCLE"
    rb"|LOCATION|LOGGING_STATUS|METRICS|NOTIFICATION|OBJECT_LOCK_\w+|OBJECT_TAGGING|OWNERSHIP_CONTROLS|POLICY_STATUS"
    rb"|PUBLIC_ACCESS_BLOCK|REPLICATION|REQUEST_PAYMENT|RETENTION|TAGGING|VERSIONING|WEBSITE")


@cache
def sort(operation: bytes) -> str:
    """What kind of request it was."""
    kind, _, rest = operation.partition(b".")
    verb, _, resource_type = rest.partition(b".")
    if kind == b"S3":
        return "lifecycle" if verb in (b"EXPIRE", b"CREATE", b"DELETE") or verb.startswith(b"TRANSITION") else "unknown"
    if kind not in (b"REST", b"WEBSITE", b"BATCH"):
        return "unknown"
    set_up = SET_UP.fullmatch(resource_type)
    match verb:
        case b"GET" if resource_type in (b"BUCKET", b"BUCKETVERSIONS", b"UPLOADS", b"UPLOAD", b"SERVICE"):
            return "list"
        case b"GET" | b"HEAD":
            return "inspect" if set_up or (verb, resource_type) == (b"HEAD", b"BUCKET") else "read"
        case b"COPY":
            return "read" if resource_type.endswith(b"_GET") else "write"
        case b"DELETE":
            return "write" if resource_type == b"UPLOAD" else "change" if set_up else "delete"
        case b"POST" if resource_type == b"MULTI_OBJECT_DELETE":
            return "delete"
        case b"PUT" | b"POST":
            return "write" if resource_type in (b"OBJECT", b"PART", b"UPLOAD", b"UPLOADS") else "change"
    return "unknown"


@cache
def standing(requester: bytes) -> str:
    """What a requester may do."""
    if requester == b"-":
        return "anonymous"
    if DELIVERER.fullmatch(requester):
        return "deliverer"
    return "reader" if READER.fullmatch(requester) else "somebody"


@cache
def role(requester: bytes) -> bytes:
    """The role of a session, or whoever else it was."""
    match = SESSION.fullmatch(requester)
    return match["role"] if match else requester


@cache
def somebody(requester: bytes) -> bytes:
    """Who a request is told by: a role, unless the session names a person."""
    match = SESSION.fullmatch(requester)
    names = match is not None and (b"@" in match["session"] or b":assumed-role/AWSReservedSSO_" in match["role"])
    return requester if match is None or names else match["role"]


@cache
def is_outside(ip: bytes) -> bool:
    """Whether an address is in none of the networks."""
    if ip == b"-":
        return False
    try:
        address = ipaddress.ip_address(ip.decode())
    except ValueError:
        return True
    return not any(address in network for network in NETWORKS)


@dataclass
class Group:
    """Requests that are alike."""

    count: int = 0
    refused: int = 0
    sent: int = 0
    first: bytes = b""
    last: bytes = b""
    addresses: Counter[bytes] = field(default_factory=Counter)
    objects: Counter[bytes] = field(default_factory=Counter)
    agents: Counter[bytes] = field(default_factory=Counter)


def kinds(match: re.Match[bytes], who: str, what: str) -> list[str]:
    """What is not normal about a request."""
    found = [what] if what in ("delete", "change", "unknown") else []
    if what == "read" and who != "reader":
        found.append("read")
    if who == "deliverer" or what == "lifecycle":
        return found
    if what == "list" and who != "reader":
        found.append("read")
    if what == "write":
        found.append("write")
    if who == "anonymous" and not (match["status"] >= b"400" and match["how"] not in (None, b"-")):
        found.append("anonymous")
    cipher, tls, ip = match["cipher"], match["tls"], match["ip"]
    if cipher == b"-" and tls == b"-" and match["uri"] not in (None, b"-") and ip != b"-":
        found.append("plain-http")
    if tls is not None and tls.lower() in (b"tlsv1", b"tlsv1.0", b"tlsv1.1"):
        found.append("old-tls")
    if is_outside(ip) and not (what == "inspect" and who != "anonymous" and not FOREIGN.fullmatch(match["requester"])):
        found.append("outside-networks")
    return found


class Reader:
    """Reads a file line by line."""

    def __init__(self) -> None:
        self.lines = self.blank = self.malformed = self.elsewhere = 0
        self.groups: defaultdict[tuple[bytes, str, bytes, str], Group] = defaultdict(Group)
        self.refused: defaultdict[tuple[bytes, int], int] = defaultdict(int)
        self.bursts: set[bytes] = set()

    def read(self, path: Path) -> None:
        """Reads all of it."""
        with path.open("rb") as file:
            for line in file:
                self.lines += 1
                text = line.rstrip()
                match = LINE.fullmatch(text)
                if match:
                    self.judge(match)
                elif text:
                    self.malformed += 1
                else:
                    self.blank += 1

    def judge(self, match: re.Match[bytes]) -> None:
        """Judges one request."""
        bucket, requester, status = match["bucket"], match["requester"], match["status"]
        if bucket not in BUCKETS:
            self.elsewhere += 1
            return
        who, what = standing(requester), sort(match["operation"])
        found = kinds(match, who, what)
        if status == b"403" or match["error"] == b"AccessDenied":
            found.append("denied-burst")
            self.deny(match, requester)
        for kind in found:
            group = self.groups[bucket, kind, somebody(requester), what]
            group.count += 1
            group.refused += status != b"-" and status >= b"400"
            group.sent += 0 if match["sent"] == b"-" else int(match["sent"])
            group.first, group.last = group.first or match["time"], match["time"]
            for counter, name in ((group.addresses, "ip"), (group.objects, "key"), (group.agents, "agent")):
                value = match[name]
                if value is not None and value != b"-":
                    counter[value] += 1

    def deny(self, match: re.Match[bytes], requester: bytes) -> None:
        """Counts a refused request."""
        who = match["ip"] if requester == b"-" else role(requester)
        slot = int(datetime.strptime(match["time"].decode(), "%d/%b/%Y:%H:%M:%S %z").timestamp()) // SLICE
        self.refused[who, slot] += 1
        near = max(self.refused.get((who, slot + by), 0) for by in (-1, 1))
        if self.refused[who, slot] + near >= BURST:
            self.bursts.add(somebody(requester))

    def counts(self) -> dict[str, list[int]]:
        """Of each finding how many requests, refused ones, and bytes."""
        return {
            " ".join((bucket.decode(), kind, "anonymous" if who == b"-" else who.decode(), what)):
                [it.count, it.refused, it.sent]
            for (bucket, kind, who, what), it in self.groups.items() if kind != "denied-burst" or who in self.bursts
        }


def counts_of(report: dict[str, Any]) -> dict[str, list[int]]:
    """The same out of the report of the Rust example."""
    return {
        " ".join((bucket["bucket"], it["kind"], it["who"]["requester"], it["operations"])):
            [it["count"], it["refused"], it["bytes"]]
        for bucket in report["buckets"] for it in bucket["findings"]
    }


def report_of(reader: Reader) -> dict[str, int]:
    """How many lines there were, of each kind."""
    return {name: getattr(reader, name) for name in ("lines", "blank", "malformed", "elsewhere")}


def differences(reader: Reader, report: dict[str, Any]) -> list[str]:
    """What was counted otherwise than in the report of the Rust example."""
    ours, theirs = reader.counts(), counts_of(report)
    numbers = report_of(reader)
    lines = [name for name in numbers if numbers[name] != report[name]]
    return lines + sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))


def main() -> int:
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    path, reader = Path(sys.argv[1]), Reader()
    reader.read(path)
    print(json.dumps(report_of(reader)))
    if len(sys.argv) == 2:
        return 0
    rust = subprocess.run([sys.argv[2], str(path)], capture_output=True, check=True)
    differ = differences(reader, json.loads(rust.stdout))
    print("\n".join(differ[:10]), file=sys.stderr)
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
