"""Records of CloudTrail's, files of them as they lie in a bucket, and the command that replays them."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from local_aws.clients import REGION
from local_aws.processes import ACCOUNT
from local_aws.server import Server
from repository import ROOT
from undoing import Desk, Done

Record = dict[str, Any]
TERRAFORM = "APN/1.0 HashiCorp/1.0 Terraform/1.9.5 (+https://www.terraform.io)"
NOW = datetime.now(UTC).replace(microsecond=0)


def record(service: str, name: str, request: Record, ago: timedelta, **more: Any) -> Record:
    """One call, so long ago, by alice at the AWS CLI."""
    return {
        "eventVersion": "1.11", "eventSource": f"{service}.amazonaws.com", "eventName": name, "eventType": "AwsApiCall",
        "eventTime": f"{NOW - ago:%Y-%m-%dT%H:%M:%SZ}", "awsRegion": REGION, "recipientAccountId": ACCOUNT, "readOnly": False,
        "userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/alice", "accountId": ACCOUNT},
        "userAgent": "aws-cli/2.31.9", "sourceIPAddress": "192.0.2.10", "requestParameters": request, "responseElements": None,
        "eventID": str(uuid.uuid4()),
    } | more


def by_role(name: str, agent: str = TERRAFORM) -> Record:
    """Who a session of a role is, in a record."""
    return {
        "userIdentity": {
            "type": "AssumedRole", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/run", "accountId": ACCOUNT,
            "sessionContext": {"sessionIssuer": {"type": "Role", "arn": f"arn:aws:iam::{ACCOUNT}:role/{name}"}},
        },
        "userAgent": agent,
    }


def stopped(ago: timedelta) -> list[Record]:
    """A trail that is stopped for an hour."""
    request = {"name": "main"}
    return [
        record("cloudtrail", "StopLogging", request, ago),
        record("cloudtrail", "StartLogging", request, ago - timedelta(hours=1)),
    ]


def packed(records: list[Record]) -> bytes:
    """A file of CloudTrail's."""
    return gzip.compress(json.dumps({"Records": records}).encode())


def key(number: int, kind: str = "CloudTrail") -> str:
    """The key of a file in a bucket."""
    stamp = f"{NOW - timedelta(hours=number):%Y%m%dT%H%MZ}"
    name = f"{ACCOUNT}_{kind}_{REGION}_{stamp}_{number:016d}.json.gz"
    return f"AWSLogs/{ACCOUNT}/{kind}/{REGION}/{NOW:%Y/%m/%d}/{name}"


def replay(server: Server, *arguments: str, **given: Any) -> Done:
    """Runs `trailkeeper replay`."""
    desk = Desk(server.endpoint, table=None)
    return replace(desk, **given).run("replay", *arguments)


def report(done: Done, code: int = 0) -> dict[str, Any]:
    """The report of a run with --json."""
    assert done.code == code, done.out + done.err
    found: dict[str, Any] = done.json
    return found


def permitted(heading: str) -> str:
    """The policy under a heading of docs/permissions.md."""
    page = (ROOT / "docs" / "permissions.md").read_text()
    return page.split(f"## {heading}\n", 1)[1].split("```json\n", 1)[1].split("```", 1)[0]


def woken(found: dict[str, Any]) -> dict[str, int]:
    """How often each function was woken."""
    return {it["function"]: it["woken"] for it in found["wakes"]}


class Signer:
    """CloudTrail's digest files: each lists a log file, names the one before, and is signed."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(65_537, 2_048)
        self._before: tuple[str, str, str] | None = None
        self.fingerprint = "31e8b5433410dfb61a9dc45cc65b22ff"

    def public(self) -> str:
        """The public key as CloudTrail gives it."""
        form = serialization.PublicFormat.PKCS1
        return base64.b64encode(self._key.public_key().public_bytes(serialization.Encoding.DER, form)).decode()

    def restart(self) -> None:
        """The next digest file names none before, as after a stop of the trail."""
        self._before = None

    def digest(self, bucket: str, hour: int, logs: dict[str, bytes]) -> tuple[str, bytes, str]:
        """The key of the next digest file, the file, and its signature."""
        end = datetime(2027, 1, 31, hour, tzinfo=UTC)
        name = f"{ACCOUNT}_CloudTrail-Digest_{REGION}_main_{REGION}_{end:%Y%m%dT%H%M%SZ}.json.gz"
        at = f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/2027/01/31/{name}"
        before = self._before or (None, None, None)
        listed = [
            {"s3Bucket": bucket, "s3Object": key, "hashAlgorithm": "SHA-256", "hashValue": _sum(gzip.decompress(file))}
            for key, file in logs.items()
        ]
        text = json.dumps({
            "awsAccountId": ACCOUNT, "digestStartTime": f"{end - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
            "digestEndTime": f"{end:%Y-%m-%dT%H:%M:%SZ}", "digestS3Bucket": bucket, "digestS3Object": at,
            "digestPublicKeyFingerprint": self.fingerprint, "digestSignatureAlgorithm": "SHA256withRSA",
            "previousDigestS3Bucket": bucket, "previousDigestS3Object": before[0], "previousDigestHashValue": before[1],
            "previousDigestHashAlgorithm": "SHA-256", "previousDigestSignature": before[2], "logFiles": listed,
        }).encode()
        signed = f"{end:%Y-%m-%dT%H:%M:%SZ}\n{bucket}/{at}\n{_sum(text)}\n{before[2] or 'null'}"
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()).hex()
        self._before = (at, _sum(text), signature)
        return at, gzip.compress(text), signature


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
