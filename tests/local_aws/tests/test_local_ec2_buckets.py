"""The local EC2 lets flow logs go only into a bucket that takes them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from given import refusal
from local_aws.processes import ACCOUNT, REGION, Moto
from test_local_ec2 import INVALID, asking, create, described, failed, order, vpc

BUCKET = "arn:aws:s3:::flows"
SERVICE = "delivery.logs.amazonaws.com"


def document(**changed: Any) -> dict[str, Any]:
    """The bucket policy of the VPC guide; `changed` replaces members of the writing statement."""
    source = {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:*"},
    }
    full = source["StringEquals"] | {"s3:x-amz-acl": "bucket-owner-full-control"}
    common = {"Effect": "Allow", "Principal": {"Service": SERVICE}}
    write = common | {
        "Sid": "AWSLogDeliveryWrite",
        "Action": "s3:PutObject",
        "Resource": f"{BUCKET}/AWSLogs/{ACCOUNT}/*",
        "Condition": source | {"StringEquals": full},
    }
    check = common | {
        "Sid": "AWSLogDeliveryAclCheck",
        "Action": "s3:GetBucketAcl",
        "Resource": BUCKET,
        "Condition": source,
    }
    return {"Version": "2012-10-17", "Statement": [write | changed, check]}


def bucket(moto: Moto, policy: dict[str, Any] | None = None) -> None:
    moto.client("s3").create_bucket(Bucket="flows")
    if policy:
        moto.client("s3").put_bucket_policy(Bucket="flows", Policy=json.dumps(policy))


def into(destination: str = BUCKET, **given: Any) -> dict[str, Any]:
    return {
        "LogDestinationType": "s3", "LogDestination": destination,
        "LogGroupName": None, "DeliverLogsPermissionArn": None,
    } | given


def test_a_bucket_with_the_policy_of_the_guide_takes_them(moto: Moto) -> None:
    bucket(moto, document())
    assert create(moto, **into())["Unsuccessful"] == []
    (found,) = described(moto)
    assert (found["LogDestinationType"], found["LogDestination"]) == ("s3", BUCKET)
    assert "LogGroupName" not in found and "DeliverLogsPermissionArn" not in found
    one = found["ResourceId"]
    assert failed(create(moto, one, **into(f"{BUCKET}/"))) == (one, "FlowLogAlreadyExists")


@pytest.mark.parametrize("prefix", ["vpc", "vpc/", "a/b"])
def test_a_folder_of_it_too(moto: Moto, prefix: str) -> None:
    folder = prefix.rstrip("/")
    bucket(moto, document(Resource=f"{BUCKET}/{folder}/AWSLogs/{ACCOUNT}/*"))
    assert create(moto, **into(f"{BUCKET}/{prefix}"))["Unsuccessful"] == []
    assert failed(create(moto, **into()))[1] == "400"


def test_a_bucket_of_another_region_too(moto: Moto) -> None:
    placed = {"LocationConstraint": "eu-west-1"}
    s3 = moto.client("s3", "eu-west-1")
    s3.create_bucket(Bucket="flows", CreateBucketConfiguration=placed)
    s3.put_bucket_policy(Bucket="flows", Policy=json.dumps(document()))
    assert create(moto, **into())["Unsuccessful"] == []


@pytest.mark.parametrize(
    ("destination", "given"),
    [
        (f"{BUCKET}/AWSLogs", {}),
        (f"{BUCKET}/vpc/AWSLogs/", {}),
        ("flows", {}),
        (BUCKET, {"LogGroupName": "flows", "LogDestination": None}),
        (BUCKET, {"DeliverLogsPermissionArn": f"arn:aws:iam::{ACCOUNT}:role/flows"}),
    ],
)
def test_nonsense_is_refused(moto: Moto, destination: str, given: dict[str, Any]) -> None:
    bucket(moto, document(Resource=f"{BUCKET}/*"))
    asked = asking(moto, **into(destination, **given))
    assert refusal(moto.client("ec2").create_flow_logs, **asked)[:2] == (400, INVALID)


SHORT: dict[str, dict[str, Any] | None] = {
    "no policy": None,
    "another service": document(Principal={"Service": "logging.s3.amazonaws.com"}),
    "another action": document(Action="s3:GetObject"),
    "another folder": document(Resource=f"{BUCKET}/AWSLogs/210987654321/*"),
    "another account": document(Condition={"StringEquals": {"aws:SourceAccount": "210987654321"}}),
    "another region": document(
        Condition={"ArnLike": {"aws:SourceArn": f"arn:aws:logs:eu-west-1:{ACCOUNT}:*"}}
    ),
    "another ACL": document(Condition={"StringEquals": {"s3:x-amz-acl": "private"}}),
    "a Deny": document(Effect="Deny"),
    "no look at the ACL": {"Version": "2012-10-17", "Statement": document()["Statement"][:1]},
}


@pytest.mark.parametrize("lack", SHORT)
def test_a_bucket_that_does_not_take_them_is_refused_and_left_alone(moto: Moto, lack: str) -> None:
    bucket(moto, SHORT[lack])
    one = vpc(moto)
    answer = create(moto, one, **into())
    assert failed(answer) == (one, "400")
    assert answer["Unsuccessful"][0]["Error"]["Message"] == (
        "Access Denied for LogDestination: flows. Please check LogDestination permission"
    )
    assert described(moto) == []
    if SHORT[lack]:
        kept = moto.client("s3").get_bucket_policy(Bucket="flows")["Policy"]
        assert json.loads(kept) == SHORT[lack]


def test_a_bucket_that_is_not_there_is_refused(moto: Moto) -> None:
    assert failed(create(moto, **into()))[1] == "400"


def test_folders_for_hive_are_other_folders(moto: Moto) -> None:
    options = {"FileFormat": "parquet", "HiveCompatiblePartitions": True, "PerHourPartition": False}
    bucket(moto, document())
    assert failed(create(moto, **into(DestinationOptions=options)))[1] == "400"
    resource = f"{BUCKET}/AWSLogs/aws-account-id={ACCOUNT}/*"
    text = json.dumps(document(Resource=resource))
    moto.client("s3").put_bucket_policy(Bucket="flows", Policy=text)
    assert create(moto, **into(DestinationOptions=options))["Unsuccessful"] == []
    assert described(moto)[0]["DestinationOptions"] == options


def test_records_do_not_arrive_in_a_bucket_that_is_shut_later(moto: Moto) -> None:
    bucket(moto, document())
    create(moto, **into())
    assert "DeliverLogsStatus" not in described(moto)[0]
    order(moto, "traffic")
    assert described(moto)[0]["DeliverLogsStatus"] == "SUCCESS"
    moto.client("s3").delete_bucket_policy(Bucket="flows")
    assert described(moto)[0]["DeliverLogsStatus"] == "FAILED"
