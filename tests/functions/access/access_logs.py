"""Server access logs as S3 delivers them, and what tests see of the function that reads them."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
from botocore.exceptions import ClientError
from envelope import Event
from given import Emulator
from inbox import Inbox
from local_aws.processes import ACCOUNT, REGION
from repository import EVENTS, ROOT
from runtime_api import Answer

SCHEMA = json.loads((ROOT / "docs" / "access.schema.json").read_text())
EVENT: Event = json.loads((EVENTS / "s3.object-created.json").read_text())
TARGET = f"trailkeeper-access-logs-{ACCOUNT}-{REGION}"
KEY = str(EVENT["detail"]["object"]["key"])
NAME = KEY.rpartition("/")[2]
"""What S3 calls a file, behind the prefix that it is told."""
STATE = "trailkeeper-notes"
OWNER = "0" * 64
"""Who owns a bucket that is logged: whoever owns the bucket that the file is put into."""
LOG_SERVICE = "svc:logging.s3.amazonaws.com"
SIEM = f"arn:aws:sts::{ACCOUNT}:assumed-role/SiemReader"
READER = f"{SIEM}/collector-3"
BOB = f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/bob@example.com"
READS = ["GetObject", "HeadObject", "ListObjects", "ListObjectsV2"]


def line(
    requester: str = READER,
    operation: str = "REST.GET.OBJECT",
    *,
    bucket: str = "trail-logs",
    key: str = "AWSLogs/a.json.gz",
    request: str | None = None,
    status: str = "200 -",
    ip: str = "192.0.2.10",
    agent: str = "siem/4.1",
    referer: str = "-",
    sent: int = 5120,
    number: int = 1,
    tls: str = "TLS_AES_128_GCM_SHA256 AuthHeader {host} TLSv1.3",
) -> bytes:
    """A request, as S3 logs it: by default the reader's, which is normal."""
    asked = f"{operation.split('.')[1]} /{key} HTTP/1.1" if request is None else request
    host = f"{bucket}.s3.us-east-1.amazonaws.com"
    return (
        f"{OWNER} {bucket} [02/Mar/2026:11:20:48 +0000] {ip} {requester} R{number:015X} {operation} {key} "
        f'"{asked}" {status} {sent} 5120 31 17 "{referer}" "{agent}" - {"h" * 75}= SigV4 {tls.format(host=host)} - - '
        f"{REGION}\n"
    ).encode()


def bucket(account: Emulator, name: str = TARGET, region: str = REGION) -> str:
    """A bucket, if there is none of that name yet."""
    s3, placed = account.client("s3", region), {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        s3.create_bucket(Bucket=name, **({} if region == "us-east-1" else placed))
    except ClientError as there:
        assert there.response["Error"]["Code"] == "BucketAlreadyOwnedByYou"
    return name


def created(
    key: str = KEY,
    name: str = TARGET,
    *,
    region: str = REGION,
    version: str | None = None,
    etag: str = "9b2cf535f27731c974343645a3985328",
    size: int = 5120,
    by: str = LOG_SERVICE,
) -> Event:
    """What S3 tells EventBridge of a new object."""
    event: Event = json.loads(json.dumps(EVENT))
    event |= {"region": region, "resources": [f"arn:aws:s3:::{name}"]}
    event["detail"]["bucket"]["name"] = name
    event["detail"]["object"] |= {"key": key, "etag": etag, "size": size} | ({"version-id": version} if version else {})
    event["detail"]["requester"] = by
    return event


def delivered(
    account: Emulator, *lines: bytes, key: str = KEY, name: str = TARGET, region: str = REGION, by: str = LOG_SERVICE
) -> Event:
    """A log file of these lines, and the event about it."""
    return put(account.client("s3", region), *lines, key=key, name=bucket(account, name, region), region=region, by=by)


def put(
    s3: Any, *lines: bytes, key: str = KEY, name: str = TARGET, region: str = REGION, by: str = LOG_SERVICE
) -> Event:
    """A log file of these lines about buckets of the account, in a bucket that there is, and the event about it."""
    body = b"".join(lines).replace(OWNER.encode(), s3.list_buckets()["Owner"]["ID"].encode())
    there = s3.put_object(Bucket=name, Key=key, Body=body)
    etag = there["ETag"].strip('"')
    return created(key, name, region=region, version=there.get("VersionId"), etag=etag, size=len(body), by=by)


def telling(account: Emulator, inbox: Inbox, **settings: str) -> dict[str, str]:
    """The settings of a function that tells of each file once, and knows one reader."""
    return {
        "TRAILKEEPER_TOPIC_ARN": inbox.topic,
        "TRAILKEEPER_ACCESS_STATE": bucket(account, STATE),
        "TRAILKEEPER_ACCESS_READERS": f"arn:aws:iam::{ACCOUNT}:role/SiemReader",
    } | settings


def found(answer: Answer) -> list[tuple[str, str, int]]:
    """The findings of an answer of the documented shape: kind, requester, how many."""
    assert answer.ok, (answer.error_type, answer.error_message)
    jsonschema.Draft202012Validator(SCHEMA).validate(answer.body)
    assert answer.body["ignored"] is None, answer.body["ignored"]
    findings = [it for each in answer.body["buckets"] for it in each["findings"]]
    return [(it["kind"], it["who"]["requester"], it["count"]) for it in findings]


def ignored(answer: Answer) -> str:
    """Why nothing was read; the answer then tells of no lines."""
    assert answer.ok, (answer.error_type, answer.error_message)
    jsonschema.Draft202012Validator(SCHEMA).validate(answer.body)
    assert answer.body["lines"] == 0 and answer.body["buckets"] == []
    return str(answer.body["ignored"])


def notes(account: Emulator) -> dict[str, Any]:
    """The notes of what was told, by their keys."""
    s3 = account.client("s3")
    keys = [it["Key"] for it in s3.list_objects_v2(Bucket=STATE).get("Contents", [])]
    return {key: json.loads(s3.get_object(Bucket=STATE, Key=key)["Body"].read()) for key in keys}
