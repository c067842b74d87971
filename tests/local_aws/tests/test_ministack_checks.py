"""Ministack, patched, decides about what is checked along with a call, and by whose trail, key and bucket it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from given import CLOUDTRAIL, described_trail, policy, refusal, trail, trail_bucket, trail_logs
from installed import caller
from local_aws.clients import Credentials, client
from local_aws.processes import ACCOUNT, REGION, Ministack
from trails import OTHER

BY = {"by": "trailkeeper"}
TAGS = [{"Key": key, "Value": value} for key, value in BY.items()]
KMS_TAGS = [{"TagKey": key, "TagValue": value} for key, value in BY.items()]
KEYS = f"arn:aws:kms:{REGION}:{ACCOUNT}"
TRAILS = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail"
GROUPS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group"

Call = Callable[[Any], Any]

ALONG: dict[str, tuple[str, str, Call]] = {
    "sns:TagResource": (
        "sns:CreateTopic", f"arn:aws:sns:{REGION}:{ACCOUNT}:new", lambda sns: sns.create_topic(Name="new", Tags=TAGS)
    ),
    "sqs:TagQueue": (
        "sqs:CreateQueue", f"arn:aws:sqs:{REGION}:{ACCOUNT}:new", lambda sqs: sqs.create_queue(QueueName="new", tags=BY)
    ),
    "logs:TagResource": (
        "logs:CreateLogGroup", f"{GROUPS}:new", lambda logs: logs.create_log_group(logGroupName="new", tags=BY)
    ),
    "kms:TagResource": ("kms:CreateKey", "*", lambda kms: kms.create_key(Tags=KMS_TAGS)),
    "cloudtrail:AddTags": (
        "cloudtrail:CreateTrail", f"{TRAILS}/new",
        lambda cloudtrail: cloudtrail.create_trail(Name="new", S3BucketName="logs", TagsList=TAGS),
    ),
    "s3:PutBucketOwnershipControls": (
        "s3:CreateBucket", "arn:aws:s3:::new",
        lambda s3: s3.create_bucket(Bucket="new", ObjectOwnership="BucketOwnerEnforced"),
    ),
}


@pytest.mark.parametrize("action", ALONG)
def test_what_is_made_with_tags_or_an_ownership_needs_that_action_too(ministack: Ministack, action: str) -> None:
    alone, resource, call = ALONG[action]
    create = {"Action": alone, "Resource": resource}
    also = {"Action": action, "Resource": resource}
    other = {"Condition": {"StringEquals": {"aws:RequestTag/by": "nobody"}}}
    service = action.partition(":")[0]
    for allowed in ([create], [create, also | other]):
        message = refusal(lambda: call(ministack.client_as(caller(ministack, *allowed), service)))[2]
        assert action in message
    call(ministack.client_as(caller(ministack, create, also), service))


def passing(service: str, arn: str) -> dict[str, Any]:
    condition = {"StringEquals": {"iam:PassedToService": service}}
    return {"Action": "iam:PassRole", "Resource": arn, "Condition": condition}


@pytest.mark.parametrize("operation", ["create_trail", "update_trail"])
def test_a_role_for_log_groups_must_be_one_that_the_caller_may_pass(ministack: Ministack, operation: str) -> None:
    logs, bucket = trail_logs(ministack), trail_bucket(ministack)
    if operation == "update_trail":
        trail(ministack, S3BucketName=bucket)
    given = {"Name": "main", "S3BucketName": bucket, **logs}
    write = {"Action": ["cloudtrail:CreateTrail", "cloudtrail:UpdateTrail"], "Resource": f"{TRAILS}/main"}
    arn = logs["CloudWatchLogsRoleArn"]
    for wrong in ([], [passing("ec2.amazonaws.com", arn)], [passing(CLOUDTRAIL, arn + "0")]):
        cloudtrail = ministack.client_as(caller(ministack, write, *wrong), "cloudtrail")
        _, code, message = refusal(getattr(cloudtrail, operation), **given)
        assert code == "AccessDeniedException" and "iam:PassRole" in message
    cloudtrail = ministack.client_as(caller(ministack, write, passing(CLOUDTRAIL, arn)), "cloudtrail")
    getattr(cloudtrail, operation)(**given)
    assert described_trail(ministack).items() >= logs.items()


def test_a_trail_keeps_what_it_is_created_with(ministack: Ministack) -> None:
    arn = trail(ministack, SnsTopicName="told", TagsList=TAGS)
    assert described_trail(ministack)["SnsTopicARN"] == f"arn:aws:sns:{REGION}:{ACCOUNT}:told"
    (found,) = ministack.client("cloudtrail").list_tags(ResourceIdList=[arn])["ResourceTagList"]
    assert found["TagsList"] == TAGS


@pytest.mark.parametrize("operation", ["start_logging", "stop_logging", "get_trail_status", "list_tags"])
def test_a_call_on_a_trail_is_decided_on_that_trail(ministack: Ministack, operation: str) -> None:
    arn = trail(ministack)
    for name in ("main", arn):
        named: dict[str, Any] = {"ResourceIdList": [arn]} if operation == "list_tags" else {"Name": name}
        other = caller(ministack, {"Action": "cloudtrail:*", "Resource": f"{TRAILS}/mai"})
        call = getattr(ministack.client_as(other, "cloudtrail"), operation)
        assert refusal(call, **named)[1] == "AccessDeniedException"
        right = caller(ministack, {"Action": "cloudtrail:*", "Resource": arn})
        getattr(ministack.client_as(right, "cloudtrail"), operation)(**named)


def test_listing_log_groups_takes_a_wildcard(ministack: Ministack) -> None:
    def listing(resource: str) -> Any:
        logs = ministack.client_as(caller(ministack, {"Action": "logs:DescribeLogGroups", "Resource": resource}), "logs")
        return logs.describe_log_groups(logGroupNamePrefix="/trailkeeper")

    assert listing(f"{GROUPS}:*")["logGroups"] == []
    assert refusal(lambda: listing(f"{GROUPS}:/trailkeeper*"))[1] == "AccessDeniedException"


def test_an_alias_is_made_by_whoever_may_name_the_key_and_use_the_name(ministack: Ministack) -> None:
    key = ministack.client("kms").create_key(Tags=KMS_TAGS)["KeyMetadata"]["Arn"]
    on_alias = {"Action": "kms:CreateAlias", "Resource": f"{KEYS}:alias/new"}
    on_key = {"Action": "kms:CreateAlias", "Resource": f"{KEYS}:key/*"}
    tagged = on_key | {"Condition": {"StringEquals": {"aws:ResourceTag/by": "trailkeeper"}}}
    other = on_key | {"Condition": {"StringEquals": {"aws:ResourceTag/by": "nobody"}}}
    given = {"AliasName": "alias/new", "TargetKeyId": key}
    for allowed in ([on_alias], [on_key], [on_alias, other]):
        kms = ministack.client_as(caller(ministack, *allowed), "kms")
        assert refusal(kms.create_alias, **given)[1] == "AccessDeniedException"
    kms = ministack.client_as(caller(ministack, on_alias, tagged), "kms")
    kms.create_alias(**given)


def test_a_call_by_alias_is_decided_on_the_key(ministack: Ministack) -> None:
    kms = ministack.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/known", TargetKeyId=key)

    def looking(resource: str, alias: str) -> Any:
        looker = caller(ministack, {"Action": "kms:DescribeKey", "Resource": resource})
        return ministack.client_as(looker, "kms").describe_key(KeyId=alias)

    assert looking(key, "alias/known")["KeyMetadata"]["Arn"] == key
    assert refusal(lambda: looking(f"{KEYS}:alias/known", "alias/known"))[1] == "AccessDeniedException"
    assert refusal(lambda: looking(f"{KEYS}:key/*", "alias/unknown"))[1] == "NotFoundException"


def test_a_bucket_is_its_owners(ministack: Ministack) -> None:
    theirs = client(ministack.endpoint, "s3", REGION, Credentials(OTHER, "root"))
    theirs.create_bucket(Bucket="theirs")
    theirs.delete_public_access_block(Bucket="theirs")
    text = policy(Principal="*", Action="s3:*", Resource="arn:aws:s3:::theirs")
    theirs.put_bucket_policy(Bucket="theirs", Policy=text)

    def looking(bucket: str, owner: str) -> Any:
        condition = {"StringEquals": {"s3:ResourceAccount": owner}}
        looker = caller(ministack, {"Action": "s3:*", "Resource": "*", "Condition": condition})
        return ministack.client_as(looker, "s3").get_bucket_versioning(Bucket=bucket)

    assert looking("theirs", OTHER)
    assert refusal(lambda: looking("theirs", ACCOUNT))[0] == 403
    assert refusal(lambda: looking("nobodys", OTHER))[1] == "NoSuchBucket"


def test_a_bucket_that_asks_for_tls_is_not_locked_and_tells_who_pays(ministack: Ministack) -> None:
    s3 = ministack.client("s3")
    s3.create_bucket(Bucket="logs")
    plain = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::logs"}
    condition = {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    s3.put_bucket_policy(Bucket="logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": [plain | condition]}))
    looker = ministack.client_as(caller(ministack, {"Action": "s3:*", "Resource": "*"}), "s3")
    assert looker.get_bucket_request_payment(Bucket="logs")["Payer"] == "BucketOwner"
    s3.put_bucket_request_payment(Bucket="logs", RequestPaymentConfiguration={"Payer": "Requester"})
    assert looker.get_bucket_request_payment(Bucket="logs")["Payer"] == "Requester"
