"""Log buckets as the tests of the bucket function make them, and what it made of them."""

from __future__ import annotations

import json
from typing import Any

from conftest import StartFunction
from envelope import Event, api_call
from given import Emulator, policy, trail, trail_arn, trail_bucket_policy
from local_aws.processes import ACCOUNT, REGION
from local_aws.server import Server
from observed import results
from runtime_api import Answer

LOGS = "main-trail-logs"
"""The bucket of the trail "main"."""
TARGET = f"trailkeeper-access-logs-{ACCOUNT}-{REGION}"
DELIVERY, PUBLIC, OUTSIDERS, HTTPS, ENCRYPTION, LOGGING, RETENTION, LIFECYCLE, MFA = (
    f"log-bucket-{it}"
    for it in (
        "delivery", "public-access", "readers", "https-only", "encryption", "access-logging", "retention", "lifecycle",
        "mfa-delete",
    )
)
CONTROLS = [DELIVERY, PUBLIC, OUTSIDERS, HTTPS, ENCRYPTION, LOGGING, RETENTION, LIFECYCLE, MFA]
"""Of every log bucket."""
READERS, ENDS, EVENTS = (f"access-log-{it}" for it in ("readers", "lifecycle", "events"))
OF_TARGETS = [READERS, ENDS, EVENTS]
"""Of the buckets for access logs alone, and off until switched on."""
DELETE_MFA = "log-bucket-delete-mfa"
OPTIONAL = [DELETE_MFA, *OF_TARGETS]
"""Off until switched on, as most tests leave them."""
WRITERS = "logging.s3.amazonaws.com"
WEBSITE = {"IndexDocument": {"Suffix": "index.html"}}
KMS = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]}

Found = dict[str, Any]


def bucket_call(bucket: str = LOGS, name: str = "PutBucketPolicy", region: str = REGION) -> Event:
    """A call on a bucket, as S3 has it recorded."""
    return api_call("s3", name, region=region, requestParameters={"bucketName": bucket}, awsRegion=region)


def only(*controls: str, mode: str = "enforce") -> dict[str, str]:
    """Settings under which these controls alone are in force."""
    modes = {it: "off" for it in [*CONTROLS, *OPTIONAL]} | {it: mode for it in controls}
    return {"TRAILKEEPER_CONTROLS": ",".join(f"{it}={mode}" for it, mode in modes.items())}


def by_control(answer: Answer, bucket: str | None = None) -> dict[str, Found]:
    """The results of a bucket, the only one unless it is named; the optional ones as far as they are switched on."""
    found = [it for it in results(answer) if it["control"] not in OPTIONAL or it["status"] != "exempt"]
    of = [it for it in found if bucket is None or it["resource"] == f"arn:aws:s3:::{bucket}"]
    assert len({it["resource"] for it in of}) == 1, found
    return {it["control"]: it for it in of}


def check(
    function: StartFunction, endpoint: Server, *controls: str, bucket: str = LOGS, mode: str = "enforce", **env: str
) -> dict[str, Found]:
    """What the function says of a bucket; with controls named, these alone are in force."""
    settings = (only(*controls, mode=mode) if controls else {}) | env
    started = function("bucket", endpoint=endpoint, mode=mode, **settings)
    return by_control(started.invoke(bucket_call(bucket)))


def statement_of(bucket: str, condition: Any = None, **changes: Any) -> Found:
    """A statement that denies plain HTTP, with changes."""
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": condition or {"Bool": {"aws:SecureTransport": "false"}},
    } | changes


def policy_of(account: Emulator, bucket: str = LOGS, region: str = REGION) -> Found:
    """The bucket's policy as it is now."""
    document: Found = json.loads(account.client("s3", region).get_bucket_policy(Bucket=bucket)["Policy"])
    return document


def put_policy(account: Emulator, document: Any, bucket: str = LOGS) -> None:
    """Replaces the policy of a bucket."""
    text = document if isinstance(document, str) else json.dumps(document)
    account.client("s3").put_bucket_policy(Bucket=bucket, Policy=text)


def trail_policy(*more: Found, bucket: str = LOGS) -> Found:
    """The policy with which the trail "main" delivers, and more statements."""
    document: Found = json.loads(trail_bucket_policy(bucket, trail_arn()))
    document["Statement"] += more
    return document


def grant(bucket: str, source: str = LOGS, prefix: str = "logs/") -> str:
    """The policy with which access logs of a bucket arrive."""
    return policy(
        Principal={"Service": WRITERS},
        Action="s3:PutObject",
        Resource=f"arn:aws:s3:::{bucket}/{prefix}*",
        Condition={"ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{source}"}, "StringEquals": {"aws:SourceAccount": ACCOUNT}},
    )


def log_into(account: Emulator, target: str, bucket: str = LOGS, **more: Any) -> None:
    """Switches access logging on."""
    enabled = {"TargetBucket": target, "TargetPrefix": "logs/"} | more
    account.client("s3").put_bucket_logging(Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": enabled})


def customers_target(account: Emulator, name: str = "customers-target", *, granted: bool = True, **given: Any) -> str:
    """A bucket of the customer's own for access logs."""
    account.client("s3").create_bucket(Bucket=name, **given)
    if granted:
        put_policy(account, grant(name), name)
    return name


def our_target(account: Emulator, *more: Found) -> str:
    """The bucket for access logs as Trailkeeper makes it, and more statements in its policy."""
    account.client("s3").create_bucket(Bucket=TARGET)
    document = json.loads(grant(TARGET, "*", ""))
    document["Statement"] += [statement_of(TARGET), *more]
    put_policy(account, document, TARGET)
    return TARGET


def logging_of(account: Emulator, bucket: str = LOGS, region: str = REGION) -> Found:
    """Where access logs go now; empty if nowhere."""
    found: Found = account.client("s3", region).get_bucket_logging(Bucket=bucket).get("LoggingEnabled", {})
    return found


def flags(account: Emulator, bucket: str = LOGS) -> Found:
    """The public access block as it is now."""
    found: Found = account.client("s3").get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    return found


def whole_bucket(account: Emulator) -> str:
    """A log bucket with nothing wrong but MFA delete."""
    trail(account)
    put_policy(account, trail_policy(statement_of(LOGS)))
    log_into(account, customers_target(account))
    return LOGS


def bare_bucket(account: Emulator) -> str:
    """A log bucket with all wrong that can be put right, lifecycle aside."""
    trail(account)
    s3 = account.client("s3")
    s3.delete_public_access_block(Bucket=LOGS)
    s3.delete_bucket_policy(Bucket=LOGS)
    return LOGS
