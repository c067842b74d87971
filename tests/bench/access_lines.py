"""Writes S3 server access logs of two log buckets: mostly what is normal, and some of everything that is not.

usage: access_lines.py LINES [SEED] > FILE
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

ACCOUNT = "111122223333"
OWNER = "7d1f0a3c" * 8
READER = f"arn:aws:sts::{ACCOUNT}:assumed-role/SiemReader/collector-"
ADMIN = f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_Admin_0a1b2c3d4e5f6071/"
CLOUDTRAIL, CONFIG = "svc:cloudtrail.amazonaws.com", "svc:config.amazonaws.com"
BEGIN = datetime(2026, 3, 2, tzinfo=timezone.utc)
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
TLS13, TLS12 = ("TLS_AES_128_GCM_SHA256", "TLSv1.3"), ("ECDHE-RSA-AES128-GCM-SHA256", "TLSv1.2")
TLS11, PLAIN = ("ECDHE-RSA-AES128-SHA", "TLSv1.1"), ("-", "-")
AGENTS = [
    "aws-cli/2.15.30 md/awscrt#0.19.19 ua/2.0 os/linux#6.1.79 md/arch#x86_64 lang/python#3.11.8 md/pyimpl#CPython "
    "cfg/retry-mode#standard md/installer#exe md/prompt#off md/command#s3.cp",
    "Boto3/1.34.69 md/Botocore#1.34.69 ua/2.0 os/linux#5.10 md/arch#aarch64 lang/python#3.12.1 "
    "exec-env/AWS_Lambda_python3.12",
    "[aws-sdk-java/2.25.11 Linux/6.1 OpenJDK_64-Bit_Server_VM/17.0.10+7-LTS Java/17 vendor/Amazon.com_Inc. io/sync]",
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 Safari/537.36',
]


class Lines:
    """Makes lines, each the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.second = 0
        # What most lines have in common is made once; a generator need not be slow.
        self.host_ids = ["".join(self.random.choices(BASE64, k=75)) + "=" for _ in range(512)]

    def key(self) -> str:
        number, region = self.random.randrange(10**12), self.random.choice(["eu-west-1", "us-east-1", "ap-south-1"])
        day = BEGIN + timedelta(seconds=self.second)
        return (f"AWSLogs/{ACCOUNT}/CloudTrail/{region}/{day:%Y/%m/%d}/"
                f"{ACCOUNT}_CloudTrail_{region}_{day:%Y%m%dT%H%MZ}_{number:012x}.json.gz")

    def line(
        self, requester: str, operation: str, *, request: str | None = None, key: str | None = None,
        status: str = "200 -", ip: str | None = None, agent: str | None = None, tls: tuple[str, str] = TLS13,
        bucket: str = "trail-logs", referer: str = "-", signed: str = "SigV4", how: str = "AuthHeader",
        version: str = "-",
    ) -> str:
        it = self.random
        self.second += it.random() < 0.3
        key = self.key() if key is None else key
        method = operation.split(".")[1]
        request = f'"{method} /{quote(key)} HTTP/1.1"' if request is None else request
        ip = f"192.0.2.{it.randrange(1, 255)}" if ip is None else ip
        agent = it.choice(AGENTS[:3]) if agent is None else agent
        sent = "-" if method in ("PUT", "DELETE") else str(it.randrange(200, 90_000))
        time = (BEGIN + timedelta(seconds=self.second)).strftime("%d/%b/%Y:%H:%M:%S +0000")
        return (
            f"{OWNER} {bucket} [{time}] {ip} {requester} {it.randrange(16**16):016X} {operation} {key} {request} "
            f"{status} {sent} {it.randrange(500, 90_000)} {it.randrange(5, 300)} {it.randrange(4, 200)} "
            f'"{referer}" "{agent}" '
            f"{version} {it.choice(self.host_ids)} {signed} {tls[0]} {how} {bucket}.s3.eu-west-1.amazonaws.com {tls[1]} "
            "- - eu-west-1"
        )

    def delivery(self) -> str:
        service, bucket = self.random.choice([(CLOUDTRAIL, "trail-logs"), (CONFIG, "config-logs")])
        return self.line(service, "REST.PUT.OBJECT", ip="-", bucket=bucket, agent=service[4:], tls=TLS12)

    def reader(self) -> str:
        return self.line(f"{READER}{self.random.randrange(8)}", "REST.GET.OBJECT")

    def listing(self) -> str:
        request = f'"GET /?list-type=2&prefix={quote(self.key()[:60], safe="")}&max-keys=1000 HTTP/1.1"'
        return self.line(f"{READER}{self.random.randrange(8)}", "REST.GET.BUCKET", key="-", request=request)

    def lifecycle(self) -> str:
        return self.line(
            "AmazonS3", "S3.EXPIRE.OBJECT", ip="-", request='"-"', status="- -", tls=PLAIN, agent="-", signed="-",
            how="-")

    def admin(self) -> str:
        person = self.random.choice(["bob@example.com", "dora@example.com", "erin@example.com"])
        operation = self.random.choice(
            ["REST.GET.OBJECT", "REST.GET.OBJECT", "REST.HEAD.OBJECT", "REST.GET.BUCKETPOLICY"])
        return self.line(ADMIN + person, operation, ip="203.0.113.40")

    def presigned(self) -> str:
        key = self.key()
        request = (
            f'"GET /{key}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAINVENTED%2F20260302%2Feu-west-1%2Fs3'
            f'%2Faws4_request&X-Amz-Date=20260302T101010Z&X-Amz-Expires=600&X-Amz-SignedHeaders=host&X-Amz-Signature='
            f'{self.random.randrange(16**64):064x} HTTP/1.1"')
        user = f"arn:aws:iam::{ACCOUNT}:user/frank"
        return self.line(user, "REST.GET.OBJECT", key=key, request=request, how="QueryString", agent=AGENTS[3])

    def stranger(self) -> str:
        ip = f"198.51.100.{self.random.randrange(1, 255)}"
        agent = self.random.choice(['curl/8.5.0', 'scanner "deep" \\"x\\"', 'x" - h= SigV4 - - - TLSv1.2 - - -', "-"])
        return self.line(
            "-", "REST.GET.BUCKET", key="-", request='"GET / HTTP/1.1"', status="403 AccessDenied", ip=ip, agent=agent,
            signed="-", how="-", referer=self.random.choice(["-", 'https://example.com/?q="logs"']))

    def intruder(self) -> str:
        operation, status = self.random.choice([
            ("REST.GET.OBJECT", "403 AccessDenied"), ("REST.DELETE.OBJECT", "204 -"), ("BATCH.DELETE.OBJECT", "204 -"),
            ("REST.PUT.LIFECYCLE", "200 -"), ("REST.PUT.OBJECT", "200 -")])
        session = f"arn:aws:sts::999999999999:assumed-role/Deploy/i-{self.random.randrange(16):017x}"
        return self.line(session, operation, status=status, tls=self.random.choice([TLS12, TLS11, PLAIN]), version="v1")

    def child(self) -> str:
        """One object of a request for many, as S3 writes it: without quotes."""
        whole = self.line(ADMIN + "bob@example.com", "BATCH.DELETE.OBJECT", request="-", status="204 -", agent="")
        return whole.replace(' "-" "" ', " - - ")

    def damaged(self) -> str:
        whole = self.reader()
        cut, garbled = whole[: self.random.randrange(40, 200)], whole.replace("/2026:", "-2026:")
        return self.random.choice([cut, "", garbled, "-- cut --"])


# Of a hundred thousand lines, so many are of each kind.
MIX: list[tuple[Callable[[Lines], str], int]] = [
    (Lines.delivery, 60_000), (Lines.reader, 25_000), (Lines.listing, 5_000), (Lines.lifecycle, 5_000),
    (Lines.admin, 3_000), (Lines.presigned, 500), (Lines.stranger, 1_000), (Lines.intruder, 390), (Lines.child, 100),
    (Lines.damaged, 10),
]


def main() -> int:
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    lines = Lines(int(sys.argv[2]) if len(sys.argv) == 3 else 1)
    kinds, weights = zip(*MIX, strict=True)
    for kind in lines.random.choices(kinds, weights, k=int(sys.argv[1])):
        sys.stdout.write(kind(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
