"""CloudTrail: what a trail depends on, and what is wrong with it.

CreateTrail and UpdateTrail look at the whole trail that would result; GetTrailStatus tells
what is wrong later. Sources: CloudTrail User Guide, "Amazon S3 bucket policy for
CloudTrail", "Configure AWS KMS key policies for CloudTrail", "Role policy document for
CloudTrail to use CloudWatch Logs for monitoring", "Amazon SNS topic policy for CloudTrail";
API reference, the errors of UpdateTrail.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from moto.cloudtrail.models import Trail
from moto.iam.models import ManagedPolicy, Role, iam_backends
from moto.kms.models import Key
from moto.logs.models import logs_backends
from moto.organizations.models import organizations_backends
from moto.s3.models import FakeBucket, s3_backends
from moto.sns.models import Topic, sns_backends

from local_aws.moto.cloudtrail_find import CloudTrailError
from local_aws.moto.kms_keys import find_key
from local_aws.moto.policy import decides, identity_decides, listing
from local_aws.moto.state import controls
from local_aws.moto.trust import may_assume

SERVICE = "cloudtrail.amazonaws.com"
GROUP = re.compile(r"arn:[\w-]+:logs:([\w-]+):(\d{12}):log-group:([^:]+):\*")
KEY = re.compile(
    r"(arn:[\w-]+:kms:[\w-]+:\d{12}:(key|alias)/[\w/-]+|alias/[\w/-]+|(mrk-)?[0-9a-f-]{32,36})",
    re.ASCII,
)
NO_GROUP = "InvalidCloudWatchLogsLogGroupArnException"
NO_ROLE = "InvalidCloudWatchLogsRoleArnException"
DISABLED = "KmsKeyDisabledException"
"""The model says "no longer in use", and names no other error for a disabled key."""


@dataclass(frozen=True)
class Problem:
    """With what a trail is refused, and what GetTrailStatus says of it afterwards."""

    code: str
    message: str
    later: str


def check(trail: Trail) -> None:
    """Refuses a trail that would not work; a role created a moment ago is not visible yet."""
    for problem in (bucket_problem(trail), key_problem(trail), logs_problem(trail)):
        _refuse(problem)
    if trail.cw_role_arn and controls.is_too_early(trail.cw_role_arn):
        _refuse(UNTRUSTING)
    _refuse(topic_problem(trail))


def _refuse(problem: Problem | None) -> None:
    if problem:
        raise CloudTrailError(problem.code, problem.message)


def _context(trail: Trail) -> dict[str, str]:
    return {"aws:SourceArn": trail.arn, "aws:SourceAccount": trail.account_id}


def bucket_of(trail: Trail) -> FakeBucket | None:
    """The trail's bucket, in whichever account it is."""
    return bucket_named(trail.bucket_name)


def bucket_named(name: str) -> FakeBucket | None:
    """A bucket of any account."""
    owner = s3_backends.bucket_accounts.get(name)
    return s3_backends[owner[1]][owner[0]].buckets.get(name) if owner else None


def bucket_problem(trail: Trail) -> Problem | None:
    """The bucket's policy; "Requester Pays" must be off.

    Log and digest files are written below the same folder. Without a key CloudTrail is
    taken to ask for SSE-S3.
    """
    bucket, name = bucket_of(trail), trail.bucket_name
    if bucket is None:
        why = f"S3 bucket {name} does not exist!"
        return Problem("S3BucketDoesNotExistException", why, "NoSuchBucket")
    encrypted = {
        "s3:x-amz-acl": "bucket-owner-full-control",
        "s3:x-amz-server-side-encryption": "aws:kms" if trail.kms_key_id else "AES256",
    }
    if trail.kms_key_id:
        encrypted["s3:x-amz-server-side-encryption-aws-kms-key-id"] = trail.kms_key_id
    arn = f"arn:{trail.partition}:s3:::{name}"
    folder = "/".join(filter(None, (arn, trail.s3_key_prefix, "AWSLogs", trail.account_id)))
    given, files = _context(trail), f"{trail.region_name}/file.gz"
    asked = [
        ("s3:GetBucketAcl", arn, given),
        ("s3:PutObject", f"{folder}/CloudTrail/{files}", given | encrypted),
        ("s3:PutObject", f"{folder}/CloudTrail-Digest/{files}", given | encrypted),
    ]
    allowed = all(
        decides(bucket.policy, service=SERVICE, action=action, resource=resource, context=context)
        == "Allowed"
        for action, resource, context in asked
    )
    if allowed and bucket.payer == "BucketOwner":
        return None
    why = f"Incorrect S3 bucket policy is detected for bucket: {name}"
    return Problem("InsufficientS3BucketPolicyException", why, "AccessDenied")


def resolve_key(trail: Trail) -> None:
    """KmsKeyId: an id, an alias or the ARN of either; the trail keeps the key's ARN.

    An id or alias without a region is looked for where the bucket is.
    """
    bucket = bucket_of(trail)
    if trail.kms_key_id and not KEY.fullmatch(trail.kms_key_id):
        raise CloudTrailError("InvalidKmsKeyIdException", f"Invalid KMS key: {trail.kms_key_id}")
    if trail.kms_key_id and bucket:
        key = find_key(trail.account_id, bucket.region_name, trail.kms_key_id)
        trail.kms_key_id = key.arn if key else trail.kms_key_id


def key_problem(trail: Trail) -> Problem | None:
    """The key of the trail, in the bucket's region; with an S3 Bucket Key also for Decrypt.

    What GetTrailStatus says of a key is an assumption: "any Amazon S3 error", and S3 gives
    those of KMS as KMS.<error>.
    """
    bucket = bucket_of(trail)
    if not trail.kms_key_id or bucket is None:
        return None
    key = find_key(trail.account_id, bucket.region_name, trail.kms_key_id)
    if key is None:
        why = f"KMS key {trail.kms_key_id} does not exist in {bucket.region_name}"
        return Problem("KmsKeyNotFoundException", why, "KMS.NotFoundException")
    if key.key_state != "Enabled":
        later = "Disabled" if key.key_state == "Disabled" else "KMSInvalidState"
        return Problem(DISABLED, f"{key.arn} is not enabled", f"KMS.{later}Exception")
    actions = ["kms:GenerateDataKey", "kms:DescribeKey"]
    rules = listing((bucket.encryption or {}).get("Rule"))
    if any(str(rule.get("BucketKeyEnabled")).lower() == "true" for rule in rules):
        actions.append("kms:Decrypt")
    context = _context(trail) | {"kms:EncryptionContext:aws:cloudtrail:arn": trail.arn}
    if key.key_spec == "SYMMETRIC_DEFAULT" and _key_allows(key, actions, context):
        return None
    why = f"Insufficient permissions to access S3 bucket {bucket.name} or KMS key {key.arn}."
    return Problem("InsufficientEncryptionPolicyException", why, "KMS.AccessDeniedException")


def _key_allows(key: Key, actions: list[str], context: dict[str, str]) -> bool:
    return all(
        decides(key.policy, service=SERVICE, action=action, resource=key.arn, context=context)
        == "Allowed"
        for action in actions
    )


UNTRUSTING = Problem(
    NO_ROLE, "Access denied. Check the trust relationships for your role.", "AccessDenied"
)


def logs_problem(trail: Trail) -> Problem | None:
    """Log group and role: only together; the role must be assumed by CloudTrail and may write.

    CloudTrail gives no source when it assumes it: "Role policy document for CloudTrail to use
    CloudWatch Logs for monitoring" says that such a role supports neither aws:SourceArn nor
    aws:SourceAccount. The stream is ACCOUNT_CloudTrail_REGION, or that with a number when there
    are several; an organization trail also has those of its members,
    ORGANIZATION_MEMBER_CloudTrail_REGION. That a role which may not write these is refused at
    once, and not only later, is the stricter reading.
    """
    group, arn = trail.cw_log_group_arn, trail.cw_role_arn
    if not group and not arn:
        return None
    if not arn:
        return Problem(NO_ROLE, "You must specify a role ARN as well as a log group.", "")
    if not group:
        return Problem(NO_GROUP, "You must specify a log group as well as a role ARN.", "")
    parts, home = GROUP.fullmatch(group), (trail.region_name, trail.account_id)
    groups = logs_backends[trail.account_id][trail.region_name].groups
    if not parts or parts.groups()[:2] != home or parts[3] not in groups:
        why = "Check the log group ARN: CloudTrail can't validate it."
        return Problem(NO_GROUP, why, "ResourceNotFoundException")
    roles = iam_backends[trail.account_id][trail.partition].get_roles()
    role = next((role for role in roles if role.arn == arn), None)
    if role is None or not may_assume(role.assume_role_policy_document, SERVICE, None, None):
        return UNTRUSTING
    stream = f"{trail.account_id}_CloudTrail_{trail.region_name}"
    streams = [stream, f"{stream}_2"]
    if trail.is_org_trail and (organization := organization_of(trail)):
        streams.append(f"{organization}_999999999999_CloudTrail_{trail.region_name}")
    if all(_may_write(role, f"{group.removesuffix(':*')}:log-stream:{it}") for it in streams):
        return None
    return Problem(NO_GROUP, "Access denied. Check the permissions for your role.", "AccessDenied")


def organization_of(trail: Trail) -> str | None:
    """The id of the organization that the trail's account manages, if there is one."""
    managed = organizations_backends[trail.account_id][trail.partition].org
    return str(managed.id) if managed else None


def _may_write(role: Role, stream: str) -> bool:
    return all(
        role_may(role, action, stream) for action in ("logs:CreateLogStream", "logs:PutLogEvents")
    )


def role_may(
    role: Role, action: str, resource: str, context: dict[str, str] | None = None
) -> bool:
    """By its inline and attached policies, and within its boundary."""
    attached = [_document(policy) for policy in role.managed_policies.values()]
    layers = [[*role.policies.values(), *attached]]
    if boundary := role.permissions_boundary_arn:
        managed = iam_backends[role.account_id][role.partition].managed_policies
        layers.append([_document(managed[boundary])])
    return all(
        identity_decides(documents, action=action, resource=resource, context=context) == "Allowed"
        for documents in layers
    )


def _document(policy: ManagedPolicy) -> str:
    """The version in force."""
    in_force = policy.default_version_id
    return next(str(v.document) for v in policy.versions if v.version_id == in_force)


def topic_of(trail: Trail) -> Topic | None:
    """The trail's topic, which is of its home region."""
    owner, arn = trail.topic_arn.split(":")[4], trail.topic_arn
    return sns_backends[owner][trail.region_name].topics.get(arn)


def topic_problem(trail: Trail) -> Problem | None:
    """The topic's policy, and that of its key; the key AWS manages for SNS never allows it."""
    if not trail.sns_topic_name:
        return None
    topic = topic_of(trail)
    why = "SNS Topic does not exist or the topic policy is incorrect!"
    if topic is None:
        return Problem("InsufficientSnsTopicPolicyException", why, "NotFound")
    denied = Problem("InsufficientSnsTopicPolicyException", why, "AccessDenied")
    given = {"service": SERVICE, "action": "SNS:Publish", "resource": topic.arn}
    if decides(topic.policy, context=_context(trail), **given) != "Allowed":
        return denied
    if not topic.kms_master_key_id:
        return None
    key = find_key(topic.account_id, trail.region_name, topic.kms_master_key_id)
    if key is None:
        why = f"KMS key {topic.kms_master_key_id} of the SNS topic does not exist"
        return Problem("KmsKeyNotFoundException", why, "KMSNotFound")
    if key.key_state != "Enabled":
        return Problem(DISABLED, f"{key.arn} is not enabled", "KMSDisabled")
    actions = ["kms:GenerateDataKey", "kms:Decrypt"]
    context = _context(trail) | {"kms:EncryptionContext:aws:sns:topicArn": topic.arn}
    return None if _key_allows(key, actions, context) else denied
