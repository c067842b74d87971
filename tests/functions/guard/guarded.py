"""Trailkeeper's own parts, as its stack makes them, and the calls on them as CloudTrail records them.

Names of events and parameters: CloudTrail user guide (record contents), Lambda developer guide
(logging using CloudTrail), KMS, SNS and S3 developer guides (CloudTrail), and the API references, whose
parameters CloudTrail writes with a small first letter.
"""

from __future__ import annotations

from typing import Any

from envelope import Event, api_call
from local_aws.processes import ACCOUNT, REGION

STACK = "trailkeeper"
STACK_ID = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/1f0b7d40-7a4e-11f0-9d0f-0affd0a1b2c3"
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{STACK}"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:{STACK}-ReportTopic-k3y"
SETTINGS = {"TRAILKEEPER_STACK": STACK_ID, "TRAILKEEPER_BUS": BUS, "TRAILKEEPER_KEYS": KEY, "TRAILKEEPER_REGIONS": REGION}
"""What the template tells the guard."""

CONTROL = "trailkeeper-intact"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
LAMBDA = {
    "AddPermission": "20150331v2", "CreateEventSourceMapping": "20150331", "DeleteFunction": "20150331",
    "DeleteFunctionConcurrency": "20171031", "DeleteFunctionEventInvokeConfig": "", "PutFunctionConcurrency": "20171031",
    "PutFunctionEventInvokeConfig": "", "RemovePermission": "20150331v2", "UpdateFunctionCode": "20150331v2",
    "UpdateFunctionConfiguration": "20150331v2", "UpdateFunctionEventInvokeConfig": "",
}
"""The calls that name a function, with the version in the names of their events."""
MAPPINGS = ["DeleteEventSourceMapping20150331", "UpdateEventSourceMapping20150331"]
"""Those that name it in the answer alone."""

Call = tuple[str, str, dict[str, Any], dict[str, Any]]


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def calls(stack: str = STACK, key: str = KEY) -> list[Call]:
    """Every call on a part of a stack: service, event, what of the record names the part, and the part."""
    function, rule, alarm = f"{stack}-trail", f"{stack}-TrailFunctionTrailCalls-a1", f"{stack}-TrailErrors-x"
    topic = arn("sns", f"{stack}-ReportTopic-k3y")
    queue = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{stack}-DeadLetters-q"
    role, policy = f"{stack}-TrailRole-r", f"arn:aws:iam::{ACCOUNT}:policy/{stack}-Never-p"
    of_function = {"part": arn("lambda", f"function:{function}")}
    of_rule, of_topic = {"part": arn("events", f"rule/{rule}")}, {"part": topic}
    of_bus = {"part": arn("events", f"event-bus/{stack}")}
    of_queue, of_bucket = {"part": arn("sqs", f"{stack}-DeadLetters-q")}, {"part": f"arn:aws:s3:::{stack}-notes-n"}
    of_role = {"part": f"arn:aws:iam::{ACCOUNT}:role/{role}"}
    of_stack, of_set = {"part": arn("cloudformation", f"stack/{stack}")}, {"part": arn("cloudformation", f"stackset/{stack}-members")}
    of_alarm, of_key = {"part": arn("cloudwatch", f"alarm:{alarm}")}, {"part": key}
    of_schedule = {"part": arn("scheduler", f"schedule/default/{stack}-TrailFunctionSchedule-s")}
    of_group = {"part": arn("logs", f"log-group:/aws/lambda/{function}")}
    found: list[Call] = []

    def add(service: str, part: dict[str, Any], request: dict[str, Any], *names: str, **record: Any) -> None:
        found.extend((service, name, {"requestParameters": request} | record, part) for name in names)

    add("lambda", of_function, {"functionName": function}, *(f"{name}{version}" for name, version in LAMBDA.items()))
    add("lambda", of_function, {"functionName": of_function["part"]}, "UpdateFunctionCode20150331v2")
    add("lambda", of_function, {"resource": of_function["part"]}, "TagResource20170331v2", "UntagResource20170331v2")
    add("lambda", of_function, {"uuid": "u"}, *MAPPINGS, responseElements={"functionArn": of_function["part"]})
    add("events", of_rule, {"name": rule}, "DeleteRule", "DisableRule", "PutRule")
    add("events", of_rule, {"rule": rule, "ids": ["bus"]}, "PutTargets", "RemoveTargets")
    add("events", of_bus, {"eventBusName": stack}, "PutPermission", "RemovePermission")
    add("events", of_bus, {"name": stack}, "DeleteEventBus", "UpdateEventBus")
    add("scheduler", of_schedule, {"name": f"{stack}-TrailFunctionSchedule-s"}, "DeleteSchedule", "UpdateSchedule")
    add("sns", of_topic, {"topicArn": topic}, "AddPermission", "DeleteTopic", "RemovePermission", "SetTopicAttributes",
        "Subscribe")
    add("sns", of_topic, {"resourceArn": topic}, "PutDataProtectionPolicy", "TagResource", "UntagResource")
    add("sns", of_topic, {"subscriptionArn": f"{topic}:c3019def"}, "SetSubscriptionAttributes", "Unsubscribe")
    id_of_key, resources = key.rsplit("/", 1)[1], [{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": key}]
    add("kms", of_key, {"keyId": id_of_key}, "DisableKey", "PutKeyPolicy", "ScheduleKeyDeletion", "TagResource",
        "UntagResource", resources=resources)
    add("sqs", of_queue, {"queueUrl": queue}, "AddPermission", "DeleteQueue", "PurgeQueue", "RemovePermission", "SetQueueAttributes",
        "TagQueue", "UntagQueue")
    table = f"{stack}-Ledger-t"
    of_table = {"part": arn("dynamodb", f"table/{table}")}
    add("dynamodb", of_table, {"tableName": table}, "DeleteTable", "UpdateContinuousBackups", "UpdateTable", "UpdateTimeToLive")
    add("dynamodb", of_table, {"resourceArn": of_table["part"]}, "DeleteResourcePolicy", "PutResourcePolicy")
    add("s3", of_bucket, {"bucketName": f"{stack}-notes-n"}, "DeleteBucket", "DeleteBucketPolicy", "PutBucketLifecycle", "PutBucketPolicy")
    add("monitoring", of_alarm, {"alarmNames": [alarm]}, "DeleteAlarms", "DisableAlarmActions")
    add("monitoring", of_alarm, {"alarmName": alarm}, "PutMetricAlarm")
    add("monitoring", of_alarm, {"name": "quiet", "muteTargets": {"alarmNames": [alarm]}}, "PutAlarmMuteRule")
    add("logs", of_group, {"logGroupName": f"/aws/lambda/{function}"}, "AssociateKmsKey", "DeleteLogGroup", "DeleteLogStream",
        "PutRetentionPolicy", "PutSubscriptionFilter")
    add("logs", of_group, {"logGroupIdentifier": of_group["part"]}, "PutDataProtectionPolicy")
    add("cloudformation", of_stack, {"stackName": stack}, "ContinueUpdateRollback", "DeleteStack", "RollbackStack",
        "SetStackPolicy", "UpdateStack", "UpdateTerminationProtection")
    add("cloudformation", of_stack, {"stackName": stack, "changeSetName": "c"}, "ExecuteChangeSet")
    add("cloudformation", of_set, {"stackSetName": f"{stack}-members"}, "DeleteStackInstances", "DeleteStackSet",
        "UpdateStackInstances", "UpdateStackSet")
    add("iam", of_role, {"roleName": role}, "AttachRolePolicy", "DeleteRole", "DeleteRolePermissionsBoundary",
        "DeleteRolePolicy", "DetachRolePolicy", "PutRolePermissionsBoundary", "PutRolePolicy",
        "TagRole", "UntagRole", "UpdateAssumeRolePolicy")
    add("iam", {"part": policy}, {"policyArn": policy}, "CreatePolicyVersion", "SetDefaultPolicyVersion")
    return found


def made(call: Call, **record: Any) -> Event:
    """The call as an event of its own."""
    service, name, fields, _ = call
    return api_call(service, name, **({"eventID": f"{service}-{name}"} | fields | record))


def through_cloudformation(**identity: Any) -> dict[str, Any]:
    """The fields of a record that say that CloudFormation made the call for its caller."""
    service = "cloudformation.amazonaws.com"
    who = {"type": "IAMUser", "arn": ALICE, "accountId": ACCOUNT, "invokedBy": service} | identity
    return {"userIdentity": who, "sourceIPAddress": service, "userAgent": service}
