"""The trail function as its role, with IAM enforced: its policies suffice, and nothing in them is idle."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from conftest import StartFunction
from envelope import Event, schedule
from given import CLOUDTRAIL, policy, refusal, role, trail, trust
from installed import Installed, all_actions, document, nobody_looks, visible
from local_aws.processes import ACCOUNT, REGION, Ministack
from observed import results
from trails import (
    DELIVERY, LOGS, OUR_BUCKET, OUR_GROUP, OUR_POLICY, OUR_ROLE, OUR_ROLE_ARN, OUR_TRAIL_ARN, basic, create_trail, is_logging,
    kept_trail, now, our_keys, our_roles, region_of, retentions, trail_call,
)

OBSERVE, REMEDIATE = "trail.observe", "trail.remediate"
NOTICES = "cloudtrail-delivery-notification"
OUR_TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:trailkeeper-cloudtrail-delivery"
OUR_QUEUE = OUR_TOPIC.replace(":sns:", ":sqs:")
ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


@pytest.fixture
def installed(ministack: Ministack, function: StartFunction) -> Installed:
    return of(ministack, function)


def of(ministack: Ministack, function: StartFunction) -> Installed:
    return Installed(ministack, function, "trail", TRAILKEEPER_CONTROLS=f"{NOTICES}=enforce")


# What makes the function need an action, and the event that wakes it.


def faulty(installed: Installed) -> Event:
    """A trail with every fault."""
    arn = trail(installed.ministack)
    cloudtrail = installed.ministack.client("cloudtrail")
    cloudtrail.put_event_selectors(TrailName=arn, EventSelectors=[basic("WriteOnly")])
    return create_trail(arn)


def none(_: Installed) -> Event:
    """An account without a trail."""
    return schedule()


def altered(installed: Installed) -> Event:
    """What we made for a trail, after someone changed all of it."""
    event, account = faulty(installed), installed.ministack
    assert visible(installed.invoke(event)) == ""
    for key in our_keys(account):
        alone = policy(Principal=ROOT, Action="kms:*", Resource="*")
        account.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=alone)
    other = policy(Action="logs:PutLogEvents", Resource="*")
    installed.iam.put_role_policy(RoleName=OUR_ROLE, PolicyName=OUR_POLICY, PolicyDocument=other)
    installed.iam.update_assume_role_policy(RoleName=OUR_ROLE, PolicyDocument=trust("ec2.amazonaws.com"))
    account.client("logs").delete_retention_policy(logGroupName=OUR_GROUP)
    ours = policy(Principal=ROOT, Action="sns:Publish", Resource=OUR_TOPIC)
    account.client("sns").set_topic_attributes(TopicArn=OUR_TOPIC, AttributeName="Policy", AttributeValue=ours)
    sqs = account.client("sqs")
    url = sqs.get_queue_url(QueueName=OUR_QUEUE.rpartition(":")[2])["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    return trail_call("UpdateTrail", event["detail"]["responseElements"]["trailARN"])


def unbounded(installed: Installed) -> Event:
    """The same, with our role out of its boundary."""
    event = altered(installed)
    installed.iam.delete_role_permissions_boundary(RoleName=OUR_ROLE)
    return event


def begun(installed: Installed) -> Event:
    """An account without a trail, but with its bucket."""
    installed.ministack.client("s3").create_bucket(Bucket=OUR_BUCKET)
    return schedule()


def unset(installed: Installed) -> Event:
    """A trail that lost its key, while ours is there."""
    event = faulty(installed)
    assert visible(installed.invoke(event)) == ""
    installed.ministack.client("cloudtrail").update_trail(Name="main", KmsKeyId="")
    return event


def customers(installed: Installed) -> Event:
    """A trail with a key, group and role of the customer's, the role with a managed policy besides."""
    arn = kept_trail(installed.ministack)
    rights = policy(Action="logs:*", Resource="*")
    made = installed.iam.create_policy(PolicyName="logs", PolicyDocument=rights)["Policy"]["Arn"]
    installed.iam.attach_role_policy(RoleName="main-writer", PolicyArn=made)
    return trail_call("UpdateTrail", arn)


def unrotated(installed: Installed) -> Event:
    """The same, with a key from before, which does not rotate."""
    event, kms = unset(installed), installed.ministack.client("kms")
    for key in our_keys(installed.ministack):
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(Principal=ROOT, Action="kms:*", Resource="*"))
        kms.disable_key_rotation(KeyId=key)
    return event


def of_organization(installed: Installed) -> Event:
    """The trail of an organization, in the account that owns it."""
    return create_trail(trail(installed.ministack, IsOrganizationTrail=True))


SCENES: dict[str, Callable[[Installed], Event]] = {
    "cloudtrail:AddTags": none,
    "cloudtrail:CreateTrail": none,
    "iam:GetPolicy": customers,
    "iam:GetPolicyVersion": customers,
    "iam:PutRolePermissionsBoundary": unbounded,
    "iam:UpdateAssumeRolePolicy": altered,
    "kms:EnableKeyRotation": unrotated,
    "kms:GetKeyRotationStatus": unset,
    "kms:PutKeyPolicy": altered,
    "organizations:DescribeOrganization": of_organization,
    "organizations:ListAWSServiceAccessForOrganization": of_organization,
    "s3:CreateBucket": none,
    "s3:GetLifecycleConfiguration": begun,
    "s3:PutBucketOwnershipControls": none,
    "s3:PutBucketPolicy": none,
    "sns:SetTopicAttributes": altered,
    "sqs:SetQueueAttributes": altered,
}
"""Where each action shows; all others with a faulty trail."""

NOT_REPORTED = {
    "s3:ListAllMyBuckets": "a bucket that cannot be read is then taken for another account's, and left alone",
    "s3:ListBucket": "s3:ListAllMyBuckets stands in for it: a bucket is found by either",
}
"""Those whose absence no result calls unknown or failed; a test below shows what each is for."""


def test_no_action_is_told_of_that_is_not_there() -> None:
    assert SCENES.keys() | NOT_REPORTED.keys() <= set(all_actions(OBSERVE, REMEDIATE))


def test_the_policies_suffice_for_every_fault_of_a_trail(installed: Installed) -> None:
    event = faulty(installed)
    assert {it["status"] for it in results(installed.invoke(event)) if it["control"] != DELIVERY} == {"fixed"}
    assert_in_order(installed, event["detail"]["responseElements"]["trailARN"])
    assert {it["status"] for it in results(installed.invoke(event))} == {"compliant"}


def test_the_policies_suffice_for_the_first_trail(installed: Installed) -> None:
    assert visible(installed.invoke(none(installed))) == ""
    assert_in_order(installed, OUR_TRAIL_ARN)
    assert {it["status"] for it in results(installed.invoke(schedule()))} == {"compliant"}


@pytest.mark.parametrize("scene", [altered, unbounded])
def test_the_policies_suffice_for_repair_of_what_is_ours(
    installed: Installed, scene: Callable[[Installed], Event]
) -> None:
    event = scene(installed)
    found = {it["control"]: it["status"] for it in results(installed.invoke(event))}
    assert {control for control, status in found.items() if status == "fixed"} == {"cloudtrail-kms", LOGS, NOTICES}
    assert_in_order(installed, event["detail"]["requestParameters"]["name"])
    assert {it["status"] for it in results(installed.invoke(event))} == {"compliant"}


def assert_in_order(installed: Installed, arn: str) -> None:
    found, account = now(installed.ministack, arn), installed.ministack
    assert is_logging(account, arn) and found["IsMultiRegionTrail"] and found["LogFileValidationEnabled"]
    assert found["KmsKeyId"] in our_keys(account) and len(our_keys(account)) == 2
    bounds = installed.iam.get_role(RoleName=OUR_ROLE)["Role"]["PermissionsBoundary"]
    assert bounds["PermissionsBoundaryArn"] == installed.boundary
    assert found["CloudWatchLogsRoleArn"] == OUR_ROLE_ARN and retentions(account)[OUR_GROUP] == 365
    assert found["SnsTopicARN"] == OUR_TOPIC
    (subscription,) = account.client("sns").list_subscriptions_by_topic(TopicArn=OUR_TOPIC)["Subscriptions"]
    assert subscription["Endpoint"] == OUR_QUEUE


@pytest.mark.parametrize("scene", [faulty, none, altered, unbounded, customers])
def test_the_observing_policy_suffices_for_a_dry_run(
    installed: Installed, scene: Callable[[Installed], Event]
) -> None:
    event = scene(installed)
    installed.take(REMEDIATE)
    answer = installed.invoke(event, mode="dry-run", TRAILKEEPER_CONTROLS=f"{NOTICES}=dry-run")
    found = {it["status"] for it in results(answer)}
    assert "planned" in found and found <= {"planned", "compliant", "not-applicable"}


def test_the_policies_suffice_for_the_trail_of_an_organization(installed: Installed) -> None:
    assert visible(installed.invoke(of_organization(installed))) == ""
    inline = installed.iam.get_role_policy(RoleName=OUR_ROLE, PolicyName=OUR_POLICY)["PolicyDocument"]
    account = installed.ministack.client("organizations").describe_organization()["Organization"]["Id"]
    assert f"log-stream:{account}_*" in json.dumps(inline)


def test_without_the_remediating_policy_nothing_can_be_written(installed: Installed) -> None:
    event = faulty(installed)
    installed.take(REMEDIATE)
    found = [it for it in results(installed.invoke(event)) if it["control"] != DELIVERY]
    assert {it["status"] for it in found} == {"failed"} and all("was denied" in it["because"] for it in found)
    assert our_keys(installed.ministack) == [] and our_roles(installed.ministack) == []


ENDS = {"account:ListRegions": [pytest.mark.function_alone("where no region is listed the command ends, and says nothing else")]}


@pytest.mark.parametrize(
    "action", [pytest.param(it, marks=ENDS.get(it, [])) for it in all_actions(OBSERVE, REMEDIATE) if it not in NOT_REPORTED]
)
def test_every_action_taken_away_is_reported(installed: Installed, action: str) -> None:
    event = SCENES.get(action, faulty)(installed)
    installed.take_action(action)
    missed = visible(installed.invoke(event))
    assert "denied" in missed and action in missed, f"without {action} nothing is missed"


def test_a_bucket_is_found_by_a_look_or_by_the_list(installed: Installed) -> None:
    event = faulty(installed)
    nobody_looks(installed.ministack, "main-trail-logs")
    installed.take_action("s3:ListAllMyBuckets")
    left = {it["control"]: it for it in results(installed.invoke(event))}
    assert "cannot be read" in left["cloudtrail-log-validation"]["advice"]
    installed.take_action("s3:ListBucket")
    assert {it["status"] for it in results(installed.invoke(event))} <= {"fixed", "compliant"}


# What it may not do, whatever the code would ask for.


def denied(installed: Installed, service: str, operation: str, action: str, **given: Any) -> None:
    call = getattr(installed.ministack.client_as(installed.arn, service), operation)
    _, code, message = refusal(call, **given)
    assert code.startswith(("AccessDenied", "AuthorizationError")) and action in message


def test_only_keys_with_our_alias_are_ours_to_change(installed: Installed) -> None:
    kms = installed.ministack.client("kms")
    theirs = kms.create_key(Tags=[{"TagKey": "managed-by", "TagValue": "trailkeeper"}])["KeyMetadata"]["KeyId"]
    text = policy(Principal=ROOT, Action="kms:*", Resource="*")
    denied(installed, "kms", "put_key_policy", "kms:PutKeyPolicy", KeyId=theirs, PolicyName="default", Policy=text)
    tags = [{"TagKey": "managed-by", "TagValue": "trailkeeper"}]
    denied(installed, "kms", "tag_resource", "kms:TagResource", KeyId=theirs, Tags=tags)
    _, code, _ = refusal(installed.ministack.client_as(installed.arn, "kms").create_key, Policy=text)
    assert code == "MalformedPolicyDocumentException", "a key whose policy its maker could not change"
    denied(installed, "kms", "create_alias", "kms:CreateAlias", AliasName="alias/theirs", TargetKeyId=theirs)
    denied(installed, "kms", "schedule_key_deletion", "kms:ScheduleKeyDeletion", KeyId=theirs)


def test_only_our_role_is_made_and_handed_on(installed: Installed) -> None:
    arn, theirs = trail(installed.ministack), role(installed.ministack, "theirs", trust(CLOUDTRAIL))
    write = {"RoleName": "theirs", "PolicyName": "p", "PolicyDocument": policy(Action="*", Resource="*")}
    denied(installed, "iam", "put_role_policy", "iam:PutRolePolicy", **write)
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:g:*"
    given = {"Name": arn, "CloudWatchLogsLogGroupArn": group, "CloudWatchLogsRoleArn": theirs}
    denied(installed, "cloudtrail", "update_trail", "iam:PassRole", **given)


def test_trails_are_neither_stopped_nor_deleted_and_no_other_is_made(installed: Installed) -> None:
    arn = trail(installed.ministack)
    assert region_of(arn) == REGION
    denied(installed, "cloudtrail", "stop_logging", "cloudtrail:StopLogging", Name=arn)
    denied(installed, "cloudtrail", "delete_trail", "cloudtrail:DeleteTrail", Name=arn)
    denied(installed, "cloudtrail", "create_trail", "cloudtrail:CreateTrail", Name="other", S3BucketName="main-trail-logs")
    text = json.dumps(document(OBSERVE))
    denied(installed, "s3", "put_bucket_policy", "s3:PutBucketPolicy", Bucket="main-trail-logs", Policy=text)
