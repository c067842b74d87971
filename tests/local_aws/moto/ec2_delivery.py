"""EC2: whether the records of a flow log would arrive, in a log group or in a bucket.

Sources: Amazon VPC User Guide, "IAM role for publishing flow logs to CloudWatch Logs",
"Amazon S3 bucket permissions for flow logs", "Amazon S3 log files" (where they are put),
"Troubleshoot VPC Flow Logs". That a bucket of which AWS "creates" the policy is refused here
is meant: the sources do not agree whether it keeps the policy that is there.
"""

from __future__ import annotations

from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.flow_logs import FlowLogs
from moto.iam.models import Role, iam_backends
from moto.logs.models import logs_backends

from local_aws.moto.cloudtrail_checks import bucket_named, role_may
from local_aws.moto.ec2_requests import BUCKET, LOGS
from local_aws.moto.policy import decides
from local_aws.moto.state import controls
from local_aws.moto.trust import may_assume

WRITER, BUCKET_WRITER = "vpc-flow-logs.amazonaws.com", "delivery.logs.amazonaws.com"
STREAM = "eni-0123456789abcdef0"

Cache = dict[Any, bool]


def check_role(flow_log: FlowLogs) -> None:
    """ "Unable to assume given IAM role": unknown, not trusting, or new a moment ago."""
    if not _assumable(flow_log) or controls.is_too_early(flow_log.deliver_logs_permission_arn):
        raise EC2ClientError("InvalidParameter", "Unable to assume given IAM role")


def check_bucket(flow_log: FlowLogs) -> None:
    """An item of "Unsuccessful", code 400: "Access Denied for LogDestination: ... ".

    As hashicorp/terraform-provider-aws has it from AWS, for a bucket that does not exist too.
    """
    if not _bucket_takes(flow_log):
        name = _bucket_name(flow_log)
        why = f"Access Denied for LogDestination: {name}. Please check LogDestination permission"
        raise EC2ClientError("400", why)


def works(flow_log: FlowLogs, cache: Cache) -> bool:
    """Whether records would arrive now; the role's policies are read once for each cache."""
    if flow_log.log_destination_type != LOGS:
        return _bucket_takes(flow_log)
    key = (flow_log.deliver_logs_permission_arn, flow_log.log_group_name, flow_log.traffic_type)
    if key not in cache:
        cache[key] = _may_write(flow_log)
    return cache[key] and _assumable(flow_log)


def make_group(flow_log: FlowLogs) -> None:
    """The group of a flow log with traffic is made by the service: "a new or existing" one."""
    logs = logs_backends[flow_log.ec2_backend.account_id][flow_log.ec2_backend.region_name]
    if flow_log.log_destination_type == LOGS and flow_log.log_group_name not in logs.groups:
        logs.create_log_group(flow_log.log_group_name, {})


def _assumable(flow_log: FlowLogs) -> bool:
    """By the service, for this flow log: "vpc-flow-log/*" or its id in aws:SourceArn."""
    role, backend = _role(flow_log), flow_log.ec2_backend
    place = f"{backend.region_name}:{backend.account_id}"
    source = f"arn:{backend.partition}:ec2:{place}:vpc-flow-log/{flow_log.id}"
    return role is not None and may_assume(
        role.assume_role_policy_document, WRITER, backend.account_id, source
    )


def _role(flow_log: FlowLogs) -> Role | None:
    backend, arn = flow_log.ec2_backend, flow_log.deliver_logs_permission_arn
    roles = iam_backends[backend.account_id][backend.partition].get_roles()
    return next((role for role in roles if role.arn == arn), None)


def _may_write(flow_log: FlowLogs) -> bool:
    """Streams are named "<interface>-<accept, reject or all>"; a missing group must be made.

    CreateLogGroup is decided on the group, and named by AWS as its "log-stream:".
    """
    role, backend = _role(flow_log), flow_log.ec2_backend
    if role is None:
        return False
    account, region = backend.account_id, backend.region_name
    group = f"arn:{backend.partition}:logs:{region}:{account}:log-group:{flow_log.log_group_name}"
    stream = f"{group}:log-stream:{STREAM}-{flow_log.traffic_type.lower()}"
    writes = all(role_may(role, f"logs:{it}", stream) for it in ("CreateLogStream", "PutLogEvents"))
    if not writes or flow_log.log_group_name in logs_backends[account][region].groups:
        return writes
    return any(role_may(role, "logs:CreateLogGroup", it) for it in (group, f"{group}:log-stream:"))


def _bucket_name(flow_log: FlowLogs) -> str:
    parts = BUCKET.fullmatch(flow_log.log_destination)
    return parts[1] if parts else ""


def _bucket_takes(flow_log: FlowLogs) -> bool:
    """AWSLogDeliveryWrite and AWSLogDeliveryAclCheck of the policy of a bucket of any account."""
    bucket, backend = bucket_named(_bucket_name(flow_log)), flow_log.ec2_backend
    if bucket is None:
        return False
    account, region = backend.account_id, backend.region_name
    base = flow_log.log_destination.rstrip("/")
    options = getattr(flow_log, "destination_options", None) or {}
    folder = f"AWSLogs/{account}/vpcflowlogs/{region}"
    if str(options.get("HiveCompatiblePartitions", "")).lower() == "true":
        folder = f"AWSLogs/aws-account-id={account}/aws-service=vpcflowlogs/aws-region={region}"
    given = {
        "aws:SourceAccount": account,
        "aws:SourceArn": f"arn:{backend.partition}:logs:{region}:{account}:{flow_log.id}",
    }
    full = {"s3:x-amz-acl": "bucket-owner-full-control"}
    asked = (
        ("s3:GetBucketAcl", bucket.arn, given),
        ("s3:PutObject", f"{base}/{folder}/file.log.gz", given | full),
    )
    return all(
        decides(bucket.policy, service=BUCKET_WRITER, action=it, resource=on, context=context)
        == "Allowed"
        for it, on, context in asked
    )
