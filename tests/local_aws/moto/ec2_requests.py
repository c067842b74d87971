"""EC2: what CreateFlowLogs asks for, and with which values it is refused at once.

Sources: Amazon EC2 API reference, CreateFlowLogs; Developer Guide, "Ensuring idempotency"
("up to 64 ASCII characters"). The messages are those of moto, or AWS's as they are quoted:
"Please only provide LogGroupName or only provide LogDestination", "DeliverLogsPermissionArn
is not applicable for s3 delivery" (aws-samples/aws-secure-environment-accelerator#1111).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NoReturn

from moto.ec2.exceptions import (
    EC2ClientError,
    InvalidAggregationIntervalParameterError,
    InvalidDependantParameterError,
    InvalidDependantParameterTypeError,
    MissingParameterError,
)
from moto.ec2.models import validate_resource_ids
from moto.ec2.responses.flow_logs import FlowLogs

from local_aws.moto.logs import NAME

KINDS = ("VPC", "Subnet", "NetworkInterface")
TRAFFIC = ("ACCEPT", "REJECT", "ALL")
LOGS, S3 = "cloud-watch-logs", "s3"
INTERVALS = (60, 600)
MOST_RESOURCES = 300
FORMAT = (
    "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} "
    "${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}"
)
GROUP = re.compile(rf"arn:[\w-]+:logs:([\w-]+):(\d{{12}}):log-group:({NAME.pattern})")
BUCKET = re.compile(r"arn:[\w-]+:s3:::([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?")


@dataclass(frozen=True)
class Asked:
    """A request whose parameters are sound; equal if it asks for the same."""

    kind: str
    resources: tuple[str, ...]
    traffic: str
    destination_type: str
    destination: str | None
    group: str | None
    role: str | None
    interval: int
    format: str
    options: tuple[tuple[str, Any], ...]
    tags: tuple[tuple[str, str], ...]


def read(request: FlowLogs) -> Asked:
    """The request, unless its parameters are refused."""
    kind, traffic = request._get_param("ResourceType"), request._get_param("TrafficType")
    resources = tuple(dict.fromkeys(request._get_param("ResourceIds", [])))
    _one_of("ResourceType", kind, KINDS)
    validate_resource_ids(list(resources))
    if len(resources) > MOST_RESOURCES:
        _invalid(f"At most {MOST_RESOURCES} resources can be given.")
    _one_of("TrafficType", traffic, TRAFFIC)
    interval = request._get_int_param("MaxAggregationInterval")
    if interval not in (None, *INTERVALS):
        raise InvalidAggregationIntervalParameterError("Flow Log Max Aggregation Interval")
    group, destination = request._get_param("LogGroupName"), request._get_param("LogDestination")
    to = request._get_param("LogDestinationType") or LOGS
    _one_of("LogDestinationType", to, (LOGS, S3, "kinesis-data-firehose"))
    role = request._get_param("DeliverLogsPermissionArn")
    if group and destination:
        _invalid("Please only provide LogGroupName or only provide LogDestination.")
    if not group and not destination:
        raise InvalidDependantParameterError("LogDestination", "LogGroupName", "not provided")
    if to == LOGS:
        group = group or _group_of(request, destination)
        _check_logs(group, role)
    elif to == S3:
        _check_bucket(group, destination, role)
    else:
        raise NotImplementedError("CreateFlowLogs to kinesis-data-firehose")
    tags = request._parse_tag_specification("vpc-flow-log").get("vpc-flow-log", {})
    options = request._get_param("DestinationOptions") or {}
    return Asked(
        kind, resources, traffic, to, destination, group, role, interval or 600,
        request._get_param("LogFormat") or FORMAT,
        tuple(sorted(options.items())), tuple(sorted(tags.items())),
    )


def read_token(request: FlowLogs) -> str | None:
    """ClientToken; with which code a long one is refused is an assumption."""
    token = request._get_param("ClientToken")
    if token and (len(token) > 64 or not token.isascii()):
        raise EC2ClientError("InvalidParameterValue", "The client token is not valid.")
    return token or None


def _invalid(message: str) -> NoReturn:
    raise EC2ClientError("InvalidParameter", message)


def _one_of(parameter: str, value: str | None, values: tuple[str, ...]) -> None:
    if not value:
        raise MissingParameterError(parameter)
    if value not in values:
        message = f"Value ({value}) for parameter {parameter} is invalid."
        raise EC2ClientError("InvalidParameterValue", message)


def _group_of(request: FlowLogs, destination: str) -> str:
    """The group of an ARN: of this region and account, and without the ":*" at its end.

    "the ARN must not include :*" (awsdocs/aws-cloudformation-user-guide#306). Another
    account's group, which takes DeliverCrossAccountRole, is not known here.
    """
    parts = GROUP.fullmatch(destination)
    if not parts or parts.groups()[:2] != (request.region, request.current_account):
        _invalid(f"LogDestination {destination} is not the ARN of a log group of this region.")
    return parts[3]


def _check_logs(group: str, role: str | None) -> None:
    if not NAME.fullmatch(group):
        _invalid(f"LogGroupName {group} is not valid.")
    if not role:
        raise InvalidDependantParameterError("DeliverLogsPermissionArn", "LogDestinationType", LOGS)


def _check_bucket(group: str | None, destination: str | None, role: str | None) -> None:
    """ "You can't use AWSLogs as a subfolder name. This is a reserved term"."""
    if group:
        raise InvalidDependantParameterTypeError("LogDestination", LOGS, "LogGroupName")
    if role:
        _invalid("DeliverLogsPermissionArn is not applicable for s3 delivery")
    parts = BUCKET.fullmatch(destination or "")
    if not parts:
        _invalid(f"LogDestination {destination} is not the ARN of a bucket.")
    if "AWSLogs" in (parts[2] or "").split("/"):
        _invalid(f"LogDestination {destination} has the reserved term AWSLogs.")
