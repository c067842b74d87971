"""Whether S3 would deliver the server access logs of a bucket, judged from outside.

Source: Amazon S3 User Guide, "Logging requests with server access logging", "Enabling
Amazon S3 server access logging" and "Troubleshoot server access logging". S3 accepts many
configurations under which nothing ever arrives; here each has its reason.
"""

from __future__ import annotations

from typing import Any

from account_snapshot import RegionalAccount, bucket_region
from botocore.exceptions import ClientError
from local_aws.moto.policy import decides

SERVICE = "logging.s3.amazonaws.com"
GROUP = "http://acs.amazonaws.com/groups/s3/LogDelivery"
FILE = "2026-01-31-23-59-59-0123456789ABCDEF"


def access_logs_arrive(account: RegionalAccount, source_bucket: str) -> str | None:
    """None when the logs of the bucket would arrive, else why they would not."""
    region = bucket_region(account, source_bucket)
    s3 = account.client("s3", region)
    enabled = s3.get_bucket_logging(Bucket=source_bucket).get("LoggingEnabled")
    if not enabled:
        return "logging is off"
    target = enabled["TargetBucket"]
    if target == source_bucket:
        return "the target is the bucket itself"
    return (
        _place(s3, target)
        or _state(s3, source_bucket, target)
        or _permission(account, s3, source_bucket, region, enabled)
    )


def _place(s3: Any, target: str) -> str | None:
    """The target must be there, in the same account and region."""
    try:
        location = s3.get_bucket_location(Bucket=target).get("LocationConstraint")
    except ClientError as refused:
        code = refused.response["Error"]["Code"]
        if code == "NoSuchBucket":
            return "the target does not exist"
        if code == "AccessDenied":
            return "the target belongs to another account"
        raise
    there = "eu-west-1" if location == "EU" else location or "us-east-1"
    return None if there == s3.meta.region_name else f"the target is in {there}"


def _state(s3: Any, source: str, target: str) -> str | None:
    """Neither KMS encryption, Object Lock nor Requester Pays; and no logs that come back as more logs."""
    if s3.get_bucket_logging(Bucket=target).get("LoggingEnabled", {}).get("TargetBucket") in {source, target}:
        return "the target logs into itself or back"
    encryption = _configured(s3.get_bucket_encryption, target)
    for rule in encryption.get("ServerSideEncryptionConfiguration", {}).get("Rules", []):
        default = rule.get("ApplyServerSideEncryptionByDefault", {})
        if default.get("SSEAlgorithm", "").startswith("aws:kms"):
            return "the target is encrypted with SSE-KMS"
    if _configured(s3.get_object_lock_configuration, target):
        return "the target has an Object Lock"
    if s3.get_bucket_request_payment(Bucket=target)["Payer"] == "Requester":
        return "the target has its requesters pay"
    return None


def _configured(call: Any, bucket: str) -> dict[str, Any]:
    """What is configured, empty if nothing is."""
    try:
        found: dict[str, Any] = call(Bucket=bucket)
    except ClientError as refused:
        if refused.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return {}
        raise
    return found


def _permission(
    account: RegionalAccount, s3: Any, source: str, region: str, enabled: dict[str, Any]
) -> str | None:
    """The log writer may put objects, by the policy or by the ACL, and nothing denies it."""
    owner = account.client("sts").get_caller_identity()["Account"]
    key_format = enabled.get("TargetObjectKeyFormat") or {}
    partition = f"{owner}/{region}/{source}/2026/01/31/" if "PartitionedPrefix" in key_format else ""
    target = enabled["TargetBucket"]
    decision = decides(
        _configured(s3.get_bucket_policy, target).get("Policy"),
        service=SERVICE,
        action="s3:PutObject",
        resource=f"arn:aws:s3:::{target}/{enabled['TargetPrefix']}{partition}{FILE}",
        context={"aws:SourceArn": f"arn:aws:s3:::{source}", "aws:SourceAccount": owner},
    )
    if decision == "Denied":
        return "the target's policy denies the log writer"
    if decision == "Allowed" or _granted_by_acl(s3, target):
        return None
    return "nothing lets the log writer put objects into the target"


def _granted_by_acl(s3: Any, target: str) -> bool:
    """WRITE and READ_ACP of the group, which count only where ACLs are not disabled."""
    rules = _configured(s3.get_bucket_ownership_controls, target).get("OwnershipControls", {})
    if any(r["ObjectOwnership"] == "BucketOwnerEnforced" for r in rules.get("Rules", [])):
        return False
    granted = {
        grant["Permission"]
        for grant in s3.get_bucket_acl(Bucket=target)["Grants"]
        if grant["Grantee"].get("URI") == GROUP
    }
    return "FULL_CONTROL" in granted or {"WRITE", "READ_ACP"} <= granted
