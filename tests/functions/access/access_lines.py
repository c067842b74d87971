"""Lines of S3 server access logs, as S3 writes them. All ids are invented.

Fields: https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

OWNER = "5ba1e0de15ba1e0de15ba1e0de15ba1e0de15ba1e0de15ba1e0de15ba1e0de15"
READER_ROLE = "arn:aws:iam::111122223333:role/SiemReader"
READER = "arn:aws:sts::111122223333:assumed-role/SiemReader/collector-3"
ADMIN = "arn:aws:sts::111122223333:assumed-role/Admin/bob@example.com"
CLOUDTRAIL = "svc:cloudtrail.amazonaws.com"
INTRUDER = "arn:aws:sts::999999999999:assumed-role/Intruder/i-0ab"

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Line:
    """One request: by default, the reader reads a log file."""

    requester: str = READER
    operation: str = "REST.GET.OBJECT"
    second: int = 0
    bucket: str = "trail-logs"
    address: str = "192.0.2.10"
    key: str = "AWSLogs/111122223333/CloudTrail/eu-west-1/a.json.gz"
    uri: str = "GET /a.json.gz HTTP/1.1"
    status: int = 200
    error: str = "-"
    referer: str = "-"
    agent: str = "siem/4.1"
    cipher: str = "TLS_AES_128_GCM_SHA256"
    tls: str = "TLSv1.3"

    def refused(self) -> Line:
        return replace(self, status=403, error="AccessDenied")

    def __str__(self) -> str:
        time = (START + timedelta(seconds=self.second)).strftime("%d/%b/%Y:%H:%M:%S +0000")
        return (
            f"{OWNER} {self.bucket} [{time}] {self.address} {self.requester} K7Q2M0TRAIL00001 {self.operation} {self.key} "
            f'"{self.uri}" {self.status} {self.error} 5120 5120 31 17 "{self.referer}" "{self.agent}" - hostId= SigV4 '
            f"{self.cipher} AuthHeader {self.bucket}.s3.eu-west-1.amazonaws.com {self.tls} - - eu-west-1"
        )


def text(*lines: Line | str) -> str:
    """A log file."""
    return "".join(f"{line}\n" for line in lines)


def day() -> list[Line | str]:
    """Four hours around a log bucket: what is normal, and some of what is not."""
    lines: list[Line | str] = [Line(CLOUDTRAIL, "REST.PUT.OBJECT", 300 * n, address="-") for n in range(48)]
    lines += [Line(second=40 * n + (n * n) % 37) for n in range(360)]
    lines += [Line(ADMIN, second=5_000 + 20 * n, address="203.0.113.9", agent="aws-cli/2.15") for n in range(40)]
    lines += [Line(INTRUDER, second=9_000 + n, address="198.51.100.7").refused() for n in range(12)]
    lines += [
        Line(ADMIN, "REST.DELETE.OBJECT", 6_100, uri="DELETE /a.json.gz HTTP/1.1"),
        Line(OWNER, "REST.PUT.BUCKETPOLICY", 6_400, key="-", uri="PUT /?policy HTTP/1.1"),
        Line("-", "REST.GET.BUCKET", 11_000, key="-", uri="GET /?list-type=2 HTTP/1.1", address="198.51.100.99"),
        Line(second=12_000, cipher="-", tls="-"),
        Line(second=12_500, tls="TLSv1.1"),
        Line("arn:aws:iam::111122223333:user/carol", "REST.PUT.OBJECT", 13_000, bucket="config-logs"),
        Line(ADMIN, "REST.DELETE.LIFECYCLE", 13_100, bucket="config-logs").refused(),
        "this is no line of S3's",
    ]
    return lines
