"""A snapshot tells every change of the account, and nothing that changes by itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from account_snapshot import difference, snapshot
from alarms import Monitoring
from given import policy, role, server, trust
from local_aws.processes import ACCOUNT, Faults, Moto

REGIONS = ("us-east-1", "eu-west-1")
KEY_FORMAT = {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}}


def fill(moto: Moto) -> None:
    """Puts one thing of each kind into the account."""
    role(moto)
    s3 = moto.client("s3")
    s3.create_bucket(Bucket="files")
    s3.create_bucket(Bucket="logs")
    moto.client("s3", "eu-west-1").create_bucket(
        Bucket="far", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    moto.client("kms").create_key(Description="ours")
    moto.client("logs").create_log_group(logGroupName="group")
    arn = moto.client("sns").create_topic(Name="alarms")["TopicArn"]
    chain = Monitoring(moto, group="group")
    chain.filter_("root", "{$.a = 1}")
    chain.alarm("root", arn)
    moto.client("sqs", "eu-west-1").create_queue(QueueName="work")
    moto.client("sns").subscribe(
        TopicArn=arn, Protocol="sqs", Endpoint=f"arn:aws:sqs:eu-west-1:{ACCOUNT}:work"
    )
    role(moto, "config", trust("config.amazonaws.com"))
    deliver = policy(Action="s3:*", Resource=["arn:aws:s3:::files", "arn:aws:s3:::files/*"])
    moto.client("iam").put_role_policy(
        RoleName="config", PolicyName="deliver", PolicyDocument=deliver
    )
    recorder = {"name": "default", "roleARN": f"arn:aws:iam::{ACCOUNT}:role/config"}
    moto.client("config").put_configuration_recorder(ConfigurationRecorder=recorder)
    moto.client("config").put_delivery_channel(
        DeliveryChannel={"name": "default", "s3BucketName": "files"}
    )
    server(moto)


def test_reading_changes_nothing_and_two_readings_are_the_same(moto: Moto) -> None:
    fill(moto)
    first = snapshot(moto, REGIONS)
    assert difference(first, snapshot(moto, REGIONS)) == {}
    assert json.dumps(first, default=str)
    assert {key.split()[0] for key in first} == {
        "cloudwatch", "config", "iam", "kms", "logs", "s3", "sns", "sqs", "transfer",
    }
    assert first["s3 far location"] == "eu-west-1"
    assert first["iam role logging trust"] == json.loads(trust())


def test_an_empty_account_is_empty(moto: Moto) -> None:
    assert snapshot(moto, REGIONS) == {}


def test_it_reads_through_the_proxy_and_by_reading_calls_only(moto: Moto, faults: Faults) -> None:
    fill(moto)
    assert snapshot(faults, REGIONS) == snapshot(moto, REGIONS)
    verbs = {call.operation for call in faults.calls()}
    assert all(verb.startswith(("Get", "List", "Describe")) for verb in verbs)


CHANGES: list[tuple[str, Callable[[Moto], Any]]] = [
    ("s3 files policy", lambda moto: moto.client("s3").put_bucket_policy(
        Bucket="files", Policy=policy(
            Principal={"AWS": ACCOUNT}, Action="s3:GetObject", Resource="arn:aws:s3:::files/*"))),
    ("s3 files logging", lambda moto: moto.client("s3").put_bucket_logging(
        Bucket="files", BucketLoggingStatus={"LoggingEnabled": {
            "TargetBucket": "logs", "TargetPrefix": "", "TargetObjectKeyFormat": KEY_FORMAT}})),
    ("s3 files lifecycle", lambda moto: moto.client("s3").put_bucket_lifecycle_configuration(
        Bucket="files", LifecycleConfiguration={"Rules": [
            {"ID": "a", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}}]})),
    ("s3 files public access block", lambda moto: moto.client("s3").delete_public_access_block(
        Bucket="files")),
    ("s3 files versioning", lambda moto: moto.client("s3").put_bucket_versioning(
        Bucket="files", VersioningConfiguration={"Status": "Enabled"})),
    ("s3 files request payment", lambda moto: moto.client("s3").put_bucket_request_payment(
        Bucket="files", RequestPaymentConfiguration={"Payer": "Requester"})),
    ("iam role logging inline p", lambda moto: moto.client("iam").put_role_policy(
        RoleName="logging", PolicyName="p", PolicyDocument=policy(Action="logs:*", Resource="*"))),
    ("iam role logging trust", lambda moto: moto.client("iam").update_assume_role_policy(
        RoleName="logging", PolicyDocument=trust("ec2.amazonaws.com"))),
    ("iam role logging tags", lambda moto: moto.client("iam").tag_role(
        RoleName="logging", Tags=[{"Key": "a", "Value": "b"}])),
    ("logs us-east-1 group filter root", lambda moto: Monitoring(moto, group="group").filter_(
        "root", "{$.a = 2}")),
    ("cloudwatch us-east-1 root", lambda moto: moto.client("cloudwatch").disable_alarm_actions(
        AlarmNames=["root"])),
    ("cloudwatch us-east-1 root tags", lambda moto: moto.client("cloudwatch").tag_resource(
        ResourceARN=f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:root",
        Tags=[{"Key": "a", "Value": "b"}])),
    (f"sns arn:aws:sns:us-east-1:{ACCOUNT}:alarms subscriptions", lambda moto: moto.client("sns").unsubscribe(
        SubscriptionArn=moto.client("sns").list_subscriptions()["Subscriptions"][0]["SubscriptionArn"])),
    ("logs us-east-1 group", lambda moto: moto.client("logs").put_retention_policy(
        logGroupName="group", retentionInDays=7)),
    (f"sns arn:aws:sns:us-east-1:{ACCOUNT}:alarms attributes",
     lambda moto: moto.client("sns").set_topic_attributes(
         TopicArn=f"arn:aws:sns:us-east-1:{ACCOUNT}:alarms",
         AttributeName="KmsMasterKeyId", AttributeValue="alias/ours")),
    (f"sqs arn:aws:sqs:eu-west-1:{ACCOUNT}:work attributes",
     lambda moto: moto.client("sqs", "eu-west-1").set_queue_attributes(
         QueueUrl=moto.client("sqs", "eu-west-1").get_queue_url(QueueName="work")["QueueUrl"],
         Attributes={"VisibilityTimeout": "9"})),
    ("config us-east-1 recorder default recording",
     lambda moto: moto.client("config").start_configuration_recorder(
         ConfigurationRecorderName="default")),
    ("config us-east-1 channel default", lambda moto: moto.client("config").put_delivery_channel(
        DeliveryChannel={"name": "default", "s3BucketName": "files", "s3KeyPrefix": "history"})),
]


@pytest.mark.parametrize(("key", "change"), CHANGES, ids=[key for key, _ in CHANGES])
def test_a_change_is_told_by_its_key_alone(
    moto: Moto, key: str, change: Callable[[Moto], Any]
) -> None:
    fill(moto)
    before = snapshot(moto, REGIONS)
    change(moto)
    after = snapshot(moto, REGIONS)
    assert difference(before, after) == {key: (before.get(key), after.get(key))}


def test_keys_and_their_rotation_are_told(moto: Moto) -> None:
    kms = moto.client("kms")
    name = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    before = snapshot(moto, REGIONS)
    kms.enable_key_rotation(KeyId=name)
    kms.create_alias(AliasName="alias/ours", TargetKeyId=name)
    changed = difference(before, snapshot(moto, REGIONS))
    assert set(changed) == {f"kms us-east-1 {name} rotation", "kms us-east-1 alias/ours"}
    assert changed["kms us-east-1 alias/ours"] == (None, name)


def test_a_closed_key_is_told_as_such(moto: Moto) -> None:
    kms = moto.client("kms")
    name = kms.create_key()["KeyMetadata"]["KeyId"]
    only = policy(Principal={"AWS": role(moto)}, Action="kms:*", Resource="*")
    kms.put_key_policy(KeyId=name, Policy=only, BypassPolicyLockoutSafetyCheck=True)
    found = snapshot(moto, REGIONS)
    assert {found[f"kms us-east-1 {name} {what}"] for what in ("metadata", "rotation")} == {"closed"}


def test_trails_are_told_in_their_home_region(moto: Moto) -> None:
    fill(moto)
    allowed = policy(
        Principal={"Service": "cloudtrail.amazonaws.com"}, Action=["s3:GetBucketAcl", "s3:PutObject"],
        Resource=["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"],
    )
    moto.client("s3").put_bucket_policy(Bucket="logs", Policy=allowed)
    cloudtrail = moto.client("cloudtrail")
    cloudtrail.create_trail(Name="audit", S3BucketName="logs", IsMultiRegionTrail=True)
    before = snapshot(moto, REGIONS)
    assert [key for key in before if key.startswith("cloudtrail eu")] == []
    assert before["cloudtrail us-east-1 audit logging"] is False
    cloudtrail.start_logging(Name="audit")
    assert difference(before, snapshot(moto, REGIONS)) == {
        "cloudtrail us-east-1 audit logging": (False, True)
    }
