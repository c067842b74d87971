"""S3: server access logging as it is configured; nothing is ever delivered.

Sources: Amazon S3 API reference, PutBucketLogging and GetBucketLogging; User Guide,
"Enabling Amazon S3 server access logging" and "Troubleshoot server access logging".

The API looks at the target's existence, owner and region only. An Object Lock, SSE-KMS, a
Deny or a missing grant on the target are accepted, and no log arrives.
"""

from __future__ import annotations

from typing import Any

import xmltodict
from moto.s3.exceptions import MalformedXML
from moto.s3.models import FakeBucket, s3_backends
from moto.s3.responses import S3Response

from local_aws.moto.s3_acls import ENFORCED
from local_aws.moto.s3_refusal import XML, Refusal, malformed

OFF = '<BucketLoggingStatus xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'
PERMISSIONS = ["READ", "WRITE", "FULL_CONTROL"]
DATE_SOURCES = {"EventTime", "DeliveryTime"}


def _put(self: S3Response, bucket: FakeBucket) -> Any:
    """PutBucketLogging: replaces the whole configuration; without LoggingEnabled, ends it."""
    enabled = (xmltodict.parse(self.body).get("BucketLoggingStatus") or {}).get("LoggingEnabled")
    if enabled:
        _check_form(self, enabled)
        _check_target(enabled, bucket)
    bucket.logging_document = self.body.decode() if enabled else None
    bucket.logging = (
        {"TargetBucket": enabled["TargetBucket"], "TargetPrefix": enabled["TargetPrefix"] or ""}
        if enabled
        else {}
    )
    return 200, {}, ""


def _check_form(self: S3Response, enabled: dict[str, Any]) -> None:
    """TargetBucket and TargetPrefix are required; the key format is one of two."""
    if not enabled.get("TargetBucket") or "TargetPrefix" not in enabled:
        raise malformed()
    grants = (enabled.get("TargetGrants") or {}).get("Grant") or []
    self._get_grants_from_xml(
        grants if isinstance(grants, list) else [grants], MalformedXML, PERMISSIONS
    )
    key_format = enabled.get("TargetObjectKeyFormat")
    if key_format is None:
        return
    partitioned = key_format.get("PartitionedPrefix") or {}
    if "PartitionedPrefix" in key_format and (
        "SimplePrefix" in key_format or partitioned.get("PartitionDateSource") not in DATE_SOURCES
    ):
        raise malformed()


def _check_target(enabled: dict[str, Any], bucket: FakeBucket) -> None:
    """The target must exist, in the account and region of the bucket, and take grants.

    The refusal of grants: hashicorp/terraform-provider-aws#31771.
    """
    name = enabled["TargetBucket"]
    partition, account = s3_backends.bucket_accounts.get(name, (None, None))
    if partition is None:
        raise _invalid("The target bucket for logging does not exist", name)
    if account != bucket.account_id:
        raise _invalid("The owner for the bucket to be logged and the target bucket must be the same.", name)
    target = s3_backends[account][partition].get_bucket(name)
    if target.region_name != bucket.region_name:
        raise Refusal(
            "CrossLocationLoggingProhibited",
            "Cross S3 location logging not allowed. ",
            {"TargetBucketLocation": target.region_name, "SourceBucketLocation": bucket.region_name},
        )
    if enabled.get("TargetGrants") and target.ownership_rule == ENFORCED:
        raise Refusal(
            "AccessControlListNotSupported",
            "Target grants not allowed for bucket owner enforced buckets",
        )


def _invalid(message: str, target: str) -> Refusal:
    return Refusal("InvalidTargetBucketForLogging", message, {"TargetBucket": target})


def _get(self: S3Response, bucket: FakeBucket) -> Any:
    """GetBucketLogging: what was put, grants and key format included; an empty one is off."""
    return 200, {"content-type": XML}, getattr(bucket, "logging_document", None) or OFF


OPERATIONS = {("GET", "logging"): _get, ("PUT", "logging"): _put}
