"""AWS Config: what a delivery channel depends on, and what is wrong with it.

Sources: AWS Config Developer Guide, "Permissions for the Amazon S3 Bucket for the AWS Config
Delivery Channel", "Permissions for the KMS Key for the AWS Config Delivery Channel"; API
reference, PutDeliveryChannel. The words of InsufficientDeliveryPolicyException, and those of a
delivery to a bucket that is gone, are AWS's; all others are an assumption.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from moto.config.models import ConfigBackend, ConfigDeliveryChannel, ConfigRecorder
from moto.core.exceptions import JsonRESTError
from moto.iam.models import Role, iam_backends
from moto.s3.models import FakeBucket

from local_aws.moto.cloudtrail_checks import bucket_named, role_may
from local_aws.moto.kms_keys import find_key
from local_aws.moto.policy import caller_decides, decides
from local_aws.moto.trust import may_assume

SERVICE = "config.amazonaws.com"
LINKED = f"aws-service-role/{SERVICE}/AWSServiceRoleForConfig"
KEY = re.compile(r"arn:[\w-]+:kms:([\w-]+):\d{12}:(key|alias)/[\w/-]+", re.ASCII)
TOPIC = re.compile(r"arn:[\w-]+:sns:[\w-]+:\d{12}:[\w-]{1,256}", re.ASCII)
ATTEMPT = "An exception occurred while trying to deliver data to your Amazon S3 bucket."


class ConfigError(JsonRESTError):
    """An error of AWS JSON 1.1: status 400, the code in __type."""

    code = 400


@dataclass(frozen=True)
class Problem:
    """With what a channel is refused, and what the status says of it afterwards."""

    code: str
    message: str
    later: str
    told: str


def source_arn(backend: ConfigBackend) -> str:
    """aws:SourceArn of AWS Config's own calls: it names no resource."""
    return f"arn:{backend.partition}:config:{backend.region_name}:{backend.account_id}:"


def role_of(backend: ConfigBackend, arn: str) -> Role | None:
    """The role, if it is one of the account and AWS Config may assume it."""
    roles = iam_backends[backend.account_id][backend.partition].get_roles()
    role = next((role for role in roles if role.arn == arn), None)
    if role is None:
        return None
    trusted = may_assume(
        role.assume_role_policy_document, SERVICE, backend.account_id, source_arn(backend)
    )
    return role if trusted else None


def problem(
    backend: ConfigBackend, recorder: ConfigRecorder, channel: ConfigDeliveryChannel
) -> Problem | None:
    """The bucket, its policy, and the key, as AWS Config meets them when it delivers.

    The bucket may be in any region or account. The service-linked role "does not have
    permission to put objects": AWS Config goes by its own principal then, as it also does
    where another role may not.
    """
    bucket = bucket_named(channel.s3_bucket_name)
    if bucket is None:
        why = f"Cannot find a S3 bucket with the name '{channel.s3_bucket_name}'."
        told = f"{ATTEMPT} The specified Bucket does not exist."
        return Problem("NoSuchBucketException", why, "NoSuchBucket", told)
    if not _bucket_allows(backend, recorder, channel, bucket):
        return _insufficient(channel)
    if channel.s3_kms_key_arn:
        return _key_problem(backend, channel, bucket)
    return None


def _insufficient(channel: ConfigDeliveryChannel) -> Problem:
    why = (
        f"Insufficient delivery policy to s3 bucket: {channel.s3_bucket_name}, unable to write to "
        f"bucket, provided s3 key prefix is '{channel.s3_key_prefix or 'null'}', "
        f"provided kms key is '{channel.s3_kms_key_arn or 'null'}'."
    )
    told = f"{ATTEMPT} Access Denied"
    return Problem("InsufficientDeliveryPolicyException", why, "AccessDenied", told)


def _bucket_allows(
    backend: ConfigBackend,
    recorder: ConfigRecorder,
    channel: ConfigDeliveryChannel,
    bucket: FakeBucket,
) -> bool:
    """Permissions check, existence check and delivery, by the service or else by the role."""
    account, arn = backend.account_id, f"arn:{backend.partition}:s3:::{bucket.name}"
    written = {"s3:x-amz-acl": "bucket-owner-full-control"}
    if channel.s3_kms_key_arn:
        written["s3:x-amz-server-side-encryption"] = "aws:kms"
        written["s3:x-amz-server-side-encryption-aws-kms-key-id"] = channel.s3_kms_key_arn
    folder = "/".join(filter(None, (arn, channel.s3_key_prefix, "AWSLogs", account, "Config")))
    asked: list[tuple[str, str, dict[str, str]]] = [
        ("s3:GetBucketAcl", arn, {}),
        ("s3:ListBucket", arn, {}),
        ("s3:PutObject", f"{folder}/ConfigWritabilityCheckFile", written),
        ("s3:PutObject", f"{folder}/{backend.region_name}/file.json.gz", written),
    ]
    given = {"aws:SourceAccount": account, "aws:SourceArn": source_arn(backend)}
    by_service = all(
        decides(
            bucket.policy, service=SERVICE, action=action, resource=resource, context=given | more
        )
        == "Allowed"
        for action, resource, more in asked
    )
    role = role_of(backend, recorder.role_arn)
    return by_service or (role is not None and all(_role_may(role, bucket, *one) for one in asked))


def _role_may(
    role: Role, bucket: FakeBucket, action: str, resource: str, context: dict[str, str]
) -> bool:
    """In its own account the role's policies suffice; in another the bucket's must allow it too."""
    root = f"arn:{role.partition}:iam::{role.account_id}:root"
    said = caller_decides(
        bucket.policy,
        names={role.arn, root, role.account_id},
        action=action,
        resource=resource,
        context=context | {"aws:PrincipalArn": role.arn, "aws:PrincipalAccount": role.account_id},
    )
    if said == "Denied" or (said == "NotAllowed" and bucket.account_id != role.account_id):
        return False
    return role_may(role, action, resource, context)


def _key_problem(
    backend: ConfigBackend, channel: ConfigDeliveryChannel, bucket: FakeBucket
) -> Problem | None:
    """ "Must belong to the same Region as the destination S3 bucket", and let Config use it."""
    arn = channel.s3_kms_key_arn or ""
    key = find_key(backend.account_id, bucket.region_name, arn) if KEY.fullmatch(arn) else None
    if key is None:
        why = f"The arn '{arn}' is not a valid kms key or alias arn."
        return Problem("InvalidS3KmsKeyArnException", why, "KMS.NotFoundException", why)
    given = {"aws:SourceAccount": backend.account_id, "aws:SourceArn": source_arn(backend)}
    allowed = key.key_state == "Enabled" and all(
        decides(key.policy, service=SERVICE, action=action, resource=key.arn, context=given)
        == "Allowed"
        for action in ("kms:GenerateDataKey", "kms:Decrypt")
    )
    return None if allowed else _insufficient(channel)
