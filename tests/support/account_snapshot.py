"""What an account of the local AWS holds, to be compared before and after a function ran.

Read by boto3 calls alone. Left out is what changes by itself: times, counters, request
ids, when something was last used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from botocore.exceptions import ClientError
from local_aws.clients import REGION

Found = dict[str, Any]
Reader = Callable[[], Found]

THREADS = 8
ABSENT = frozenset(
    "NoSuchBucketPolicy NoSuchPublicAccessBlockConfiguration OwnershipControlsNotFoundError "
    "ServerSideEncryptionConfigurationNotFoundError NoSuchLifecycleConfiguration NoSuchTagSet "
    "NoSuchWebsiteConfiguration ObjectLockConfigurationNotFoundError NoSuchCORSConfiguration "
    "UnsupportedOperationException KMSInvalidStateException".split()
)
VOLATILE = frozenset(
    "ResponseMetadata CreateDate UpdateDate RoleLastUsed CreationDate DeletionDate NextKeyRotation "
    "creationTime storedBytes CreatedTimestamp LastModifiedTimestamp "
    "OnDemandRotationStartDate ETag CreationTime DeliverLogsStatus DeliverLogsErrorMessage "
    "AlarmConfigurationUpdatedTimestamp StateValue StateReason StateReasonData "
    "StateUpdatedTimestamp StateTransitionedTimestamp "
    "SubscriptionsConfirmed SubscriptionsPending SubscriptionsDeleted".split()
)
BUCKET: dict[str, str] = {
    "policy": "get_bucket_policy",
    "acl": "get_bucket_acl",
    "public access block": "get_public_access_block",
    "ownership": "get_bucket_ownership_controls",
    "encryption": "get_bucket_encryption",
    "logging": "get_bucket_logging",
    "lifecycle": "get_bucket_lifecycle_configuration",
    "versioning": "get_bucket_versioning",
    "website": "get_bucket_website",
    "object lock": "get_object_lock_configuration",
    "request payment": "get_bucket_request_payment",
    "tagging": "get_bucket_tagging",
    "cors": "get_bucket_cors",
    "notification": "get_bucket_notification_configuration",
}


class RegionalAccount(Protocol):
    """A local server whose boto3 clients are those of one region."""

    def client(self, service: str, region: str = REGION) -> Any: ...


def snapshot(account: RegionalAccount, regions: Iterable[str]) -> Found:
    """All that was found; a key is for instance "s3 my-bucket policy"."""
    readers: list[Reader] = [lambda: _iam(account), *_buckets(account)]
    for region in regions:
        for read in (_kms, _logs, _alarms, _trails, _topics, _queues, _config, _servers, _network):
            readers.append(lambda read=read, region=region: read(account, region))  # type: ignore[misc]
    with ThreadPoolExecutor(THREADS) as pool:
        parts = list(pool.map(lambda read: read(), readers))
    return dict(sorted((key, value) for part in parts for key, value in part.items()))


def difference(before: Found, after: Found) -> dict[str, tuple[Any, Any]]:
    """What came, went or changed: the value before and after, None where there was none."""
    return {
        key: (before.get(key), after.get(key))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    }


def _read(call: Callable[..., Any], **given: Any) -> Any:
    """An answer without what changes by itself; None where nothing is configured."""
    try:
        return _lasting(call(**given))
    except ClientError as refused:
        if refused.response["Error"]["Code"] in ABSENT:
            return None
        raise


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _lasting(v) for k, v in value.items() if k not in VOLATILE}
    if isinstance(value, list):
        return [_lasting(v) for v in value]
    return value


def _pages(client: Any, operation: str, member: str, **given: Any) -> Iterator[Any]:
    for page in client.get_paginator(operation).paginate(**given):
        yield from page.get(member, [])


def _iam(account: RegionalAccount) -> Found:
    found: Found = {}
    details = account.client("iam").get_paginator("get_account_authorization_details")
    for page in details.paginate(Filter=["Role", "LocalManagedPolicy"]):
        for role in page["RoleDetailList"]:
            key = f"iam role {role['RoleName']}"
            rest = _lasting(role)
            found[f"{key} trust"] = rest.pop("AssumeRolePolicyDocument")
            found[f"{key} tags"] = rest.pop("Tags", [])
            found[f"{key} attached"] = rest.pop("AttachedManagedPolicies")
            for inline in rest.pop("RolePolicyList"):
                found[f"{key} inline {inline['PolicyName']}"] = inline["PolicyDocument"]
            found[key] = rest
        for policy in page["Policies"]:
            found[f"iam policy {policy['Arn']}"] = _lasting(policy)
    return found


def _buckets(account: RegionalAccount) -> list[Reader]:
    names = [bucket["Name"] for bucket in account.client("s3").list_buckets()["Buckets"]]
    return [lambda name=name: _bucket(account, name) for name in names]  # type: ignore[misc]


def bucket_region(account: RegionalAccount, bucket: str) -> str:
    """Where the bucket is: no constraint stands for us-east-1, EU for eu-west-1."""
    answer = account.client("s3").get_bucket_location(Bucket=bucket)
    constraint = answer.get("LocationConstraint")
    return "eu-west-1" if constraint == "EU" else constraint or "us-east-1"


def _bucket(account: RegionalAccount, name: str) -> Found:
    region = bucket_region(account, name)
    s3 = account.client("s3", region)
    found = {"location": region} | {
        what: _read(getattr(s3, operation), Bucket=name) for what, operation in BUCKET.items()
    }
    return {f"s3 {name} {what}": value for what, value in found.items() if value is not None}


def _kms(account: RegionalAccount, region: str) -> Found:
    kms, found = account.client("kms", region), {}
    for key in _pages(kms, "list_keys", "Keys"):
        name, asked = f"kms {region} {key['KeyId']}", {"KeyId": key["KeyId"]}
        found[f"{name} metadata"] = _of_key(kms.describe_key, **asked)
        found[f"{name} policy"] = _read(kms.get_key_policy, **asked, PolicyName="default")
        found[f"{name} rotation"] = _of_key(kms.get_key_rotation_status, **asked)
        found[f"{name} tags"] = list(_pages(kms, "list_resource_tags", "Tags", **asked))
    for alias in _pages(kms, "list_aliases", "Aliases"):
        if not alias["AliasName"].startswith("alias/aws/"):
            found[f"kms {region} {alias['AliasName']}"] = alias.get("TargetKeyId")
    return found


def _of_key(call: Callable[..., Any], **given: Any) -> Any:
    """As `_read`; of a key whose policy does not let us in, that it is so."""
    try:
        told = _read(call, **given)
    except ClientError as refused:
        if refused.response["Error"]["Code"] != "AccessDeniedException":
            raise
        return "closed"
    return (told or {}).get("KeyMetadata", told)


def _logs(account: RegionalAccount, region: str) -> Found:
    logs = account.client("logs", region)
    return {
        f"logs {region} {group['logGroupName']}": _lasting(group)
        for group in _pages(logs, "describe_log_groups", "logGroups")
    }


def _alarms(account: RegionalAccount, region: str) -> Found:
    """Metric filters, and alarms without their state, which no function sets."""
    logs, cloudwatch, found = account.client("logs", region), account.client("cloudwatch", region), {}
    for group in _pages(logs, "describe_log_groups", "logGroups"):
        name = group["logGroupName"]
        for it in _pages(logs, "describe_metric_filters", "metricFilters", logGroupName=name):
            found[f"logs {region} {name} filter {it['filterName']}"] = _lasting(it)
    for alarm in _pages(cloudwatch, "describe_alarms", "MetricAlarms"):
        key = f"cloudwatch {region} {alarm['AlarmName']}"
        found[key] = _lasting(alarm)
        tags = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])
        found[f"{key} tags"] = tags.get("Tags", [])
    return found


def _trails(account: RegionalAccount, region: str) -> Found:
    cloudtrail, found = account.client("cloudtrail", region), {}
    for trail in cloudtrail.describe_trails(includeShadowTrails=False)["trailList"]:
        key, arn = f"cloudtrail {region} {trail['Name']}", trail["TrailARN"]
        found[key] = trail
        found[f"{key} logging"] = cloudtrail.get_trail_status(Name=arn)["IsLogging"]
        found[f"{key} selectors"] = _read(cloudtrail.get_event_selectors, TrailName=arn)
        tags = cloudtrail.list_tags(ResourceIdList=[arn])["ResourceTagList"]
        found[f"{key} tags"] = [tag for listed in tags for tag in listed.get("TagsList", [])]
    return found


def _topics(account: RegionalAccount, region: str) -> Found:
    sns, found = account.client("sns", region), {}
    for topic in _pages(sns, "list_topics", "Topics"):
        arn = topic["TopicArn"]
        attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
        found[f"sns {arn} attributes"] = _lasting(attributes)
        found[f"sns {arn} subscriptions"] = list(
            _pages(sns, "list_subscriptions_by_topic", "Subscriptions", TopicArn=arn)
        )
        found[f"sns {arn} tags"] = sns.list_tags_for_resource(ResourceArn=arn).get("Tags", [])
    return found


def _queues(account: RegionalAccount, region: str) -> Found:
    sqs, found = account.client("sqs", region), {}
    for url in _pages(sqs, "list_queues", "QueueUrls"):
        read = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        lasting = {k: v for k, v in _lasting(read).items() if not k.startswith("Approximate")}
        found[f"sqs {read['QueueArn']} attributes"] = lasting
        found[f"sqs {read['QueueArn']} tags"] = sqs.list_queue_tags(QueueUrl=url).get("Tags", {})
    return found


def _config(account: RegionalAccount, region: str) -> Found:
    config, found = account.client("config", region), {}
    for recorder in config.describe_configuration_recorders()["ConfigurationRecorders"]:
        key, arn = f"config {region} recorder {recorder['name']}", recorder["arn"]
        found[key] = recorder
        found[f"{key} tags"] = config.list_tags_for_resource(ResourceArn=arn)["Tags"]
    for status in config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]:
        found[f"config {region} recorder {status['name']} recording"] = status["recording"]
    for channel in config.describe_delivery_channels()["DeliveryChannels"]:
        found[f"config {region} channel {channel['name']}"] = channel
    return found


def _servers(account: RegionalAccount, region: str) -> Found:
    transfer = account.client("transfer", region)
    return {
        f"transfer {region} {listed['ServerId']}": transfer.describe_server(
            ServerId=listed["ServerId"]
        )["Server"]
        for listed in _pages(transfer, "list_servers", "Servers")
    }


def _network(account: RegionalAccount, region: str) -> Found:
    """Flow logs, without how their delivery goes, and VPCs but the one that is always there."""
    ec2, found = account.client("ec2", region), {}
    for flow_log in _pages(ec2, "describe_flow_logs", "FlowLogs"):
        found[f"ec2 {region} {flow_log['FlowLogId']}"] = _lasting(flow_log)
    for vpc in _pages(ec2, "describe_vpcs", "Vpcs"):
        if not vpc["IsDefault"]:
            found[f"ec2 {region} {vpc['VpcId']}"] = vpc
    return found
