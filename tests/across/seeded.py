"""An account as one finds it: many trails and buckets over three regions, most of them wrong in one way or another."""

from __future__ import annotations

import json
from typing import Any

from given import (
    client_of, key_with, trail, trail_arn, trail_bucket, trail_bucket_policy, trail_key_policy, trail_logs,
)
from local_aws.processes import ACCOUNT, Moto

EAST, WEST, SOUTH = REGIONS = ["us-east-1", "eu-west-1", "ap-southeast-2"]
STRANGER = "999999999999"
BLIND = {"ReadWriteType": "All", "IncludeManagementEvents": False, "DataResources": []}
DATA = {
    "ReadWriteType": "WriteOnly", "IncludeManagementEvents": False,
    "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::accounts/"]}],
}
ADVANCED = [{"Name": "data", "FieldSelectors": [
    {"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
]}]


def seed(moto: Moto) -> None:
    """Fills an empty account."""
    moto.regions(REGIONS)
    _blinded(moto)
    _narrow(moto)
    _far_away(moto)
    _healthy(moto)
    _of_others(moto)
    _bystanders(moto)


def _extended(bucket: str, *arns: str, more: list[dict[str, Any]], single: bool = False) -> str:
    """A bucket policy by which trails deliver, with statements of somebody else's."""
    document = json.loads(trail_bucket_policy(bucket, *arns))
    document["Id"] = "kept-by-hand"
    document["Statement"] = [*document["Statement"], *more]
    return json.dumps(document, indent=1 if single else None)


def _blinded(moto: Moto) -> None:
    """A multi-region trail that an intruder stopped and blinded; its bucket is logged to itself."""
    arn = trail(moto, "main", IsMultiRegionTrail=True)
    moto.client("cloudtrail").put_event_selectors(TrailName=arn, EventSelectors=[BLIND, DATA])
    s3 = moto.client("s3")
    own = {"LoggingEnabled": {"TargetBucket": "main-trail-logs", "TargetPrefix": "access/"}}
    s3.put_bucket_logging(Bucket="main-trail-logs", BucketLoggingStatus=own)
    s3.delete_public_access_block(Bucket="main-trail-logs")


def _narrow(moto: Moto) -> None:
    """A single-region trail with a customer's key that lacks a statement; foreign statements on its bucket, Requester Pays."""
    arn = trail(moto, "narrow", WEST, EnableLogFileValidation=True, **trail_logs(moto, "west", WEST))
    key = key_with(moto, trail_key_policy(arn), WEST)
    cloudtrail = moto.client("cloudtrail", WEST)
    cloudtrail.update_trail(Name=arn, KmsKeyId=key)
    cloudtrail.start_logging(Name=arn)
    cut = {"Version": "2012-10-17", "Statement": trail_key_policy(arn)["Statement"][:1]}
    moto.client("kms", WEST).put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(cut))
    auditors = {
        "Sid": "Auditors", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::narrow-trail-logs/*",
    }
    document = _extended("narrow-trail-logs", arn, more=[auditors], single=True)
    moto.client("s3", WEST).put_bucket_policy(Bucket="narrow-trail-logs", Policy=document)
    moto.client("s3", WEST).put_bucket_request_payment(
        Bucket="narrow-trail-logs", RequestPaymentConfiguration={"Payer": "Requester"}
    )


def _far_away(moto: Moto) -> None:
    """A stopped trail for data events, whose bucket in another region is a website and public by ACL and by policy."""
    arn = trail_arn("data", SOUTH)
    trail_bucket(moto, "data-logs", WEST, arn)
    trail(moto, "data", SOUTH, S3BucketName="data-logs")
    moto.client("cloudtrail", SOUTH).put_event_selectors(TrailName=arn, AdvancedEventSelectors=ADVANCED)
    s3 = moto.client("s3", WEST)
    s3.delete_public_access_block(Bucket="data-logs")
    s3.put_bucket_ownership_controls(
        Bucket="data-logs", OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    )
    s3.put_bucket_acl(Bucket="data-logs", ACL="public-read")
    everybody = {
        "Sid": "Everybody", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::data-logs/*",
    }
    s3.put_bucket_policy(Bucket="data-logs", Policy=_extended("data-logs", arn, more=[everybody]))
    s3.put_bucket_website(Bucket="data-logs", WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})


def _healthy(moto: Moto) -> None:
    """A single-region trail that lacks nothing but a key; its access logs go to a target with object lock."""
    arn = trail(moto, "healthy", EAST, EnableLogFileValidation=True, **trail_logs(moto, "healthy"))
    moto.client("cloudtrail").start_logging(Name=arn)
    s3 = moto.client("s3")
    s3.create_bucket(Bucket="locked-target", ObjectLockEnabledForBucket=True)
    target = {"LoggingEnabled": {"TargetBucket": "locked-target", "TargetPrefix": "healthy/"}}
    s3.put_bucket_logging(Bucket="healthy-trail-logs", BucketLoggingStatus=target)


def _of_others(moto: Moto) -> None:
    """An organization's trail that another account owns, and a trail of ours into another account's bucket."""
    theirs = trail_arn("organization", EAST, STRANGER)
    bucket = "organization-logs"
    s3 = client_of(moto, STRANGER, "s3")
    s3.create_bucket(Bucket=bucket)
    ours = trail_arn("central", EAST)
    common = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    document = {"Version": "2012-10-17", "Statement": [
        common | {"Action": "s3:GetBucketAcl", "Resource": f"arn:aws:s3:::{bucket}"},
        common | {"Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"},
    ]}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))
    cloudtrail = client_of(moto, STRANGER, "cloudtrail")
    cloudtrail.create_trail(Name="organization", S3BucketName=bucket, IsOrganizationTrail=True)
    assert theirs and trail(moto, "central", EAST, S3BucketName=bucket) == ours


def _bystanders(moto: Moto) -> None:
    """What has nothing to do with any log: nobody may touch it."""
    for region, name in [(EAST, "accounts"), (WEST, "uploads")]:
        placed = {} if region == EAST else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3 = moto.client("s3", region)
        s3.create_bucket(Bucket=name, **placed)
        s3.delete_public_access_block(Bucket=name)
    moto.client("kms").create_key(Description="somebody else's")
    moto.client("logs").create_log_group(logGroupName="/aws/lambda/something")
    moto.client("sns").create_topic(Name="something")
