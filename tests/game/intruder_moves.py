"""What an intruder does: some forty kinds of calls, each as AWS takes it, and the facets of the record that it is about."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from audit_record import GROUP, OTHER, THEIRS, Record
from envelope import Event
from local_aws.processes import ACCOUNT, REGION
from intruder_calls import called

EXEMPT = "trailkeeper:exempt"
CONTROLS = ("all", "cloudtrail-logging", "log-bucket-delivery", "cloudtrail-kms", "transfer-server-logging")


@dataclass(frozen=True)
class Move:
    """A kind of call: what it is about, and how it is made."""

    name: str
    facets: tuple[str, ...]
    make: Callable[[Record, Random], Event | None]


MOVES: list[Move] = []
Make = Callable[[Record, Random], Event | None]


def move(*facets: str) -> Callable[[Make], Make]:
    def add(make: Make) -> Make:
        MOVES.append(Move(make.__name__, facets, make))
        return make
    return add


def _simple(name: str, facets: tuple[str, ...], service: str, operation: str, given: Callable[[Record], dict[str, Any]]) -> None:
    MOVES.append(Move(name, facets, lambda it, _: called(it.moto, service, operation, **given(it))))


TRAIL = ("trail",)
for name, given in {
        "one_region": lambda _: {"IsMultiRegionTrail": False},
    "other_prefix": lambda _: {"S3KeyPrefix": "elsewhere"},
    "no_group": lambda _: {"CloudWatchLogsLogGroupArn": "", "CloudWatchLogsRoleArn": ""},
    "no_validation": lambda _: {"EnableLogFileValidation": False},
    "no_global_events": lambda _: {"IncludeGlobalServiceEvents": False, "IsMultiRegionTrail": False},
}.items():
    _simple(name, TRAIL, "cloudtrail", "UpdateTrail", lambda it, more=given: {"Name": it.trail, **more(it)})
# What lies in a bucket that no trail names any more is not looked after: the letter about the move is the last one.
_simple("moved_abroad", ("trail", "files"), "cloudtrail", "UpdateTrail", lambda it: {"Name": it.trail, "S3BucketName": THEIRS})
_simple("stopped", TRAIL, "cloudtrail", "StopLogging", lambda it: {"Name": it.trail})
_simple("deleted", TRAIL, "cloudtrail", "DeleteTrail", lambda it: {"Name": it.trail})
_simple("key_disabled", TRAIL, "kms", "DisableKey", lambda it: {"KeyId": it.key})
_simple("key_deleted", TRAIL, "kms", "ScheduleKeyDeletion", lambda it: {"KeyId": it.key, "PendingWindowInDays": 7})
_simple("key_closed", TRAIL, "kms", "PutKeyPolicy", lambda it: {
    "KeyId": it.key, "PolicyName": "default", "Policy": _policy(AWS=f"arn:aws:iam::{ACCOUNT}:root", Action="kms:*", Resource="*")})
_simple("policy_deleted", (*TRAIL, "files"), "s3", "DeleteBucketPolicy", lambda it: {"Bucket": it.bucket})
_simple("versions_suspended", (), "s3", "PutBucketVersioning", lambda it: {
    "Bucket": it.bucket, "VersioningConfiguration": {"Status": "Suspended"}})
_simple("expiring", ("files",), "s3", "PutBucketLifecycleConfiguration", lambda it: {
    "Bucket": it.bucket, "LifecycleConfiguration": {"Rules": [
        {"ID": "tidy", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}]}})
_simple("group_deleted", (), "logs", "DeleteLogGroup", lambda _: {"logGroupName": GROUP})
_simple("retention", (), "logs", "PutRetentionPolicy", lambda _: {"logGroupName": GROUP, "retentionInDays": 1})
_simple("recorder_stopped", ("config",), "config", "StopConfigurationRecorder", lambda it: {"ConfigurationRecorderName": _recorder(it)})
_simple("recorder_deleted", ("config",), "config", "DeleteConfigurationRecorder", lambda it: {"ConfigurationRecorderName": _recorder(it)})
_simple("channel_deleted", ("config",), "config", "DeleteDeliveryChannel", lambda it: {"DeliveryChannelName": _channel(it)["name"]})
_simple("channel_abroad", ("config",), "config", "PutDeliveryChannel", lambda it: {
    "DeliveryChannel": _channel(it) | {"s3BucketName": THEIRS}})
_simple("server_silenced", ("server",), "transfer", "UpdateServer", lambda it: {"ServerId": it.server, "LoggingRole": ""})
_simple("logging_role_emptied", ("server",), "iam", "DeleteRolePolicy", lambda _: {"RoleName": "transfer-logging", "PolicyName": "write"})
_simple("group_role_emptied", (), "iam", "DeleteRolePolicy", lambda _: {"RoleName": f"{GROUP}-writer", "PolicyName": "write"})
_simple("group_role_closed", (), "iam", "UpdateAssumeRolePolicy", lambda _: {
    "RoleName": f"{GROUP}-writer", "PolicyDocument": _policy(AWS=f"arn:aws:iam::{OTHER}:root", Action="sts:AssumeRole")})


def _policy(Action: str, Resource: str | None = None, **principal: str) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": Action}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement | ({"Resource": Resource} if Resource else {})]})


def _recorder(it: Record) -> str:
    found = it.moto.client("config").describe_configuration_recorders()["ConfigurationRecorders"]
    return str(found[0]["name"]) if found else "default"


def _channel(it: Record) -> dict[str, Any]:
    found = it.moto.client("config").describe_delivery_channels()["DeliveryChannels"]
    return dict(found[0]) if found else {"name": "default"}


@move("trail")
def reads_only(it: Record, random: Random) -> Event | None:
    kind = random.choice(["ReadOnly", "WriteOnly", "All"])
    excluded = ["kms.amazonaws.com"] if kind == "All" else []
    chosen = {"ReadWriteType": kind, "IncludeManagementEvents": True, "ExcludeManagementEventSources": excluded}
    return called(it.moto, "cloudtrail", "PutEventSelectors", TrailName=it.trail, EventSelectors=[chosen])


@move("trail")
def data_events_alone(it: Record, _: Random) -> Event | None:
    chosen = {"ReadWriteType": "All", "IncludeManagementEvents": False}
    return called(it.moto, "cloudtrail", "PutEventSelectors", TrailName=it.trail, EventSelectors=[chosen])


@move("trail")
def trail_exempted(it: Record, random: Random) -> Event | None:
    tags = [{"Key": EXEMPT, "Value": random.choice(CONTROLS)}]
    return called(it.moto, "cloudtrail", "AddTags", ResourceId=it.trail, TagsList=tags)


@move("trail", "files")
def bucket_exempted(it: Record, random: Random) -> Event | None:
    tags = {"TagSet": [{"Key": EXEMPT, "Value": random.choice(CONTROLS)}]}
    return called(it.moto, "s3", "PutBucketTagging", Bucket=it.bucket, Tagging=tags)


@move("server")
def server_exempted(it: Record, random: Random) -> Event | None:
    arn = f"arn:aws:transfer:{REGION}:{ACCOUNT}:server/{it.server}"
    return called(it.moto, "transfer", "TagResource", Arn=arn, Tags=[{"Key": EXEMPT, "Value": random.choice(CONTROLS)}])


@move("config")
def recorder_exempted(it: Record, random: Random) -> Event | None:
    found = it.moto.client("config").describe_configuration_recorders()["ConfigurationRecorders"]
    tags = [{"Key": EXEMPT, "Value": random.choice(("all", "config-recorder"))}]
    return called(it.moto, "config", "TagResource", ResourceArn=found[0]["arn"], Tags=tags) if found else None


@move("flow logs")
def vpc_exempted(it: Record, random: Random) -> Event | None:
    return called(it.moto, "ec2", "CreateTags", Resources=[it.vpc], Tags=[{"Key": EXEMPT, "Value": "all"}])


@move("trail")
def decoy_abroad(it: Record, _: Random) -> Event | None:
    return called(it.moto, "cloudtrail", "CreateTrail", Name="decoy-abroad", S3BucketName=THEIRS, IsMultiRegionTrail=True)


@move("trail")
def decoy_of_one_region(it: Record, _: Random) -> Event | None:
    return called(it.moto, "cloudtrail", "CreateTrail", "eu-west-1", Name="decoy-narrow", S3BucketName=THEIRS)


@move("trail")
def decoy_in_the_same_bucket(it: Record, _: Random) -> Event | None:
    return called(it.moto, "cloudtrail", "CreateTrail", Name="decoy", S3BucketName=it.bucket, IsMultiRegionTrail=True)


@move("trail")
def decoy_started(it: Record, random: Random) -> Event | None:
    name = random.choice(["decoy", "decoy-abroad"])
    return called(it.moto, "cloudtrail", "StartLogging", Name=name)


@move("trail", "files")
def bucket_closed(it: Record, _: Random) -> Event | None:
    document = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{it.bucket}/*"}]}
    return called(it.moto, "s3", "PutBucketPolicy", Bucket=it.bucket, Policy=json.dumps(document))


@move("files")
def bucket_shared(it: Record, _: Random) -> Event | None:
    document = json.loads(it.moto.client("s3").get_bucket_policy(Bucket=it.bucket)["Policy"])
    reader = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
              "Action": ["s3:GetObject", "s3:DeleteObject", "s3:DeleteObjectVersion"], "Resource": f"arn:aws:s3:::{it.bucket}/*"}
    document["Statement"].append(reader)
    return called(it.moto, "s3", "PutBucketPolicy", Bucket=it.bucket, Policy=json.dumps(document))


@move("files")
def bucket_opened(it: Record, _: Random) -> Event | None:
    return called(it.moto, "s3", "DeletePublicAccessBlock", Bucket=it.bucket)


@move("files")
def bucket_logged_elsewhere(it: Record, _: Random) -> Event | None:
    target = {"LoggingEnabled": {"TargetBucket": it.bucket, "TargetPrefix": "x';id;'"}}
    return called(it.moto, "s3", "PutBucketLogging", Bucket=it.bucket, BucketLoggingStatus=target)


@move("trail", "files")
def bucket_emptied_and_deleted(it: Record, _: Random) -> Event | None:
    s3 = it.moto.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=it.bucket):
        for version in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            s3.delete_object(Bucket=it.bucket, Key=version["Key"], VersionId=version["VersionId"])
    return called(it.moto, "s3", "DeleteBucket", Bucket=it.bucket)


@move("flow logs")
def flow_logs_deleted(it: Record, random: Random) -> Event | None:
    logs = it.moto.client("ec2").describe_flow_logs()["FlowLogs"]
    chosen = [each["FlowLogId"] for each in logs if random.random() < 0.7]
    return called(it.moto, "ec2", "DeleteFlowLogs", FlowLogIds=chosen) if chosen else None


@move("flow logs")
def flow_log_abroad(it: Record, _: Random) -> Event | None:
    return called(
        it.moto, "ec2", "CreateFlowLogs", ResourceIds=[it.vpc], ResourceType="VPC", TrafficType="REJECT",
        LogDestinationType="s3", LogDestination=f"arn:aws:s3:::{THEIRS}",
    )


@move("flow logs")
def flow_log_tagged_as_ours(it: Record, random: Random) -> Event | None:
    logs = it.moto.client("ec2").describe_flow_logs()["FlowLogs"]
    if not logs:
        return None
    tags = [{"Key": "managed-by", "Value": "trailkeeper"}]
    return called(it.moto, "ec2", "CreateTags", Resources=[random.choice(logs)["FlowLogId"]], Tags=tags)


@move("config")
def recorder_narrowed(it: Record, _: Random) -> Event | None:
    found = it.moto.client("config").describe_configuration_recorders()["ConfigurationRecorders"]
    if not found:
        return None
    group = {"allSupported": False, "includeGlobalResourceTypes": False, "resourceTypes": ["AWS::SNS::Topic"]}
    narrow = {"name": found[0]["name"], "roleARN": found[0]["roleARN"], "recordingGroup": group}
    return called(it.moto, "config", "PutConfigurationRecorder", ConfigurationRecorder=narrow)
