"""The local CloudTrail looks at the bucket, the key and the topic of a trail."""

from __future__ import annotations

import json
from typing import Any

import pytest
from given import (
    CLOUDTRAIL,
    described_trail,
    key_with,
    refusal,
    refused_update,
    trail,
    trail_arn,
    trail_bucket,
    trail_bucket_policy,
    trail_key,
    trail_key_policy,
    trail_topic,
    updated,
)
from local_aws.processes import ACCOUNT, Moto

OTHER = "210987654321"
BUCKET = "trail-logs"
INSUFFICIENT = "InsufficientS3BucketPolicyException"
ENCRYPTION = "InsufficientEncryptionPolicyException"
NO_TOPIC = "InsufficientSnsTopicPolicyException"


def put_policy(moto: Moto, document: dict[str, Any]) -> None:
    moto.client("s3").put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(document))


def without_condition(document: dict[str, Any]) -> None:
    for statement in document["Statement"]:
        del statement["Condition"]


def of_another_trail(document: dict[str, Any]) -> None:
    text = json.dumps(document).replace("trail/main", "trail/other")
    document.update(json.loads(text))


def for_https_only(document: dict[str, Any]) -> None:
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Condition": condition}
    document["Statement"].append(deny | {"Resource": [f"arn:aws:s3:::{BUCKET}/*"]})


def no_more_writing(document: dict[str, Any]) -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:Put*"}
    document["Statement"].append(deny | {"Resource": f"arn:aws:s3:::{BUCKET}/AWSLogs/*"})


def no_acl_check(document: dict[str, Any]) -> None:
    del document["Statement"][0]


def log_files_only(document: dict[str, Any]) -> None:
    statement = document["Statement"][1]
    statement["Resource"] = statement["Resource"].replace("/*", "/CloudTrail/*")


def another_account(document: dict[str, Any]) -> None:
    statement = document["Statement"][1]
    statement["Condition"]["StringEquals"]["aws:SourceAccount"] = OTHER


@pytest.mark.parametrize(
    ("change", "sound"),
    [
        (without_condition, True),
        (for_https_only, True),
        (of_another_trail, False),
        (no_more_writing, False),
        (no_acl_check, False),
        (log_files_only, False),
        (another_account, False),
    ],
)
def test_the_bucket_policy_decides(moto: Moto, change: Any, sound: bool) -> None:
    document = json.loads(trail_bucket_policy(BUCKET, trail_arn()))
    trail_bucket(moto)
    change(document)
    put_policy(moto, document)
    if sound:
        assert trail(moto, S3BucketName=BUCKET) == trail_arn()
        return
    call = moto.client("cloudtrail").create_trail
    message = f"Incorrect S3 bucket policy is detected for bucket: {BUCKET}"
    assert refusal(call, Name="main", S3BucketName=BUCKET) == (400, INSUFFICIENT, message)
    assert moto.client("cloudtrail").describe_trails()["trailList"] == []


def test_a_bucket_without_policy_or_paid_by_the_requester_is_refused(moto: Moto) -> None:
    trail(moto)
    moto.client("s3").create_bucket(Bucket="plain")
    assert refused_update(moto, S3BucketName="plain") == INSUFFICIENT
    payer = {"Payer": "Requester"}
    s3 = moto.client("s3")
    s3.put_bucket_request_payment(
        Bucket="main-trail-logs", RequestPaymentConfiguration=payer
    )
    assert refused_update(moto, EnableLogFileValidation=True) == INSUFFICIENT


def test_the_prefix_is_part_of_the_folder(moto: Moto) -> None:
    trail(moto, S3BucketName=trail_bucket(moto))
    assert refused_update(moto, S3KeyPrefix="audit") == INSUFFICIENT
    put_policy(moto, json.loads(trail_bucket_policy(BUCKET, trail_arn(), prefix="audit")))
    assert updated(moto, S3KeyPrefix="audit")["S3KeyPrefix"] == "audit"
    assert refused_update(moto, S3KeyPrefix="x" * 201) == "InvalidS3PrefixException"


@pytest.mark.parametrize("form", ["id", "arn", "alias", "alias arn"])
def test_a_key_is_known_by_its_arn(moto: Moto, form: str) -> None:
    trail(moto)
    arn = trail_key(moto)
    moto.client("kms").create_alias(AliasName="alias/trail", TargetKeyId=arn)
    named = {
        "id": arn.rpartition("/")[2],
        "arn": arn,
        "alias": "alias/trail",
        "alias arn": f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/trail",
    }
    assert updated(moto, KmsKeyId=named[form])["KmsKeyId"] == arn
    assert described_trail(moto)["KmsKeyId"] == arn


def test_the_key_is_one_of_the_buckets_region(moto: Moto) -> None:
    trail(moto, S3BucketName=trail_bucket(moto, "far-logs", "eu-west-1", trail_arn()))
    assert refused_update(moto, KmsKeyId=trail_key(moto)) == "KmsKeyNotFoundException"
    near = trail_key(moto, "eu-west-1", trail_arn())
    assert updated(moto, KmsKeyId=near)["KmsKeyId"] == near


def test_the_key_must_exist_and_be_enabled(moto: Moto) -> None:
    trail(moto)
    key, kms = trail_key(moto), moto.client("kms")
    assert refused_update(moto, KmsKeyId="alias/none") == "KmsKeyNotFoundException"
    assert refused_update(moto, KmsKeyId=key[:-4] + "0000") == "KmsKeyNotFoundException"
    assert refused_update(moto, KmsKeyId="arn:aws:s3:::x") == "InvalidKmsKeyIdException"
    kms.disable_key(KeyId=key)
    assert refused_update(moto, KmsKeyId=key) == "KmsKeyDisabledException"
    kms.schedule_key_deletion(KeyId=key)
    assert refused_update(moto, KmsKeyId=key) == "KmsKeyDisabledException"


@pytest.mark.parametrize("left_out", [1, 2])
def test_the_key_policy_decides(moto: Moto, left_out: int) -> None:
    trail(moto)
    document = trail_key_policy(trail_arn())
    del document["Statement"][left_out]
    assert refused_update(moto, KmsKeyId=key_with(moto, document)) == ENCRYPTION
    foreign = trail_key(moto, "us-east-1", trail_arn("other"))
    assert refused_update(moto, KmsKeyId=foreign) == ENCRYPTION
    assert refused_update(moto, KmsKeyId="alias/aws/s3") == ENCRYPTION


def test_a_bucket_key_needs_decrypt(moto: Moto) -> None:
    trail(moto)
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"},
        "BucketKeyEnabled": True,
    }
    moto.client("s3").put_bucket_encryption(
        Bucket="main-trail-logs", ServerSideEncryptionConfiguration={"Rules": [rule]}
    )
    document = trail_key_policy(trail_arn())
    assert refused_update(moto, KmsKeyId=key_with(moto, document)) == ENCRYPTION
    document["Statement"].append(document["Statement"][2] | {"Action": "kms:Decrypt"})
    assert updated(moto, KmsKeyId=key_with(moto, document))["KmsKeyId"]


def test_the_topic_must_be_here_and_let_cloudtrail_publish(moto: Moto) -> None:
    trail(moto)
    assert refused_update(moto, SnsTopicName="none") == NO_TOPIC
    assert refused_update(moto, SnsTopicName=trail_topic(moto, "eu-west-1")) == NO_TOPIC
    assert refused_update(moto, SnsTopicName=trail_topic(moto, allow=False)) == NO_TOPIC
    arn = trail_topic(moto)
    assert updated(moto, SnsTopicName="trail")["SnsTopicARN"] == arn
    assert updated(moto, SnsTopicName=arn)["SnsTopicARN"] == arn


def test_the_key_of_the_topic_must_let_cloudtrail_in(moto: Moto) -> None:
    trail(moto)
    sns, arn = moto.client("sns"), trail_topic(moto)

    def encrypt(key: str) -> None:
        sns.set_topic_attributes(TopicArn=arn, AttributeName="KmsMasterKeyId", AttributeValue=key)

    encrypt("alias/aws/sns")
    assert refused_update(moto, SnsTopicName=arn) == NO_TOPIC
    document = trail_key_policy(trail_arn())
    allow = {"Effect": "Allow", "Principal": {"Service": CLOUDTRAIL}, "Resource": "*"}
    document["Statement"].append(allow | {"Action": "kms:GenerateDataKey*"})
    encrypt(key_with(moto, document))
    assert refused_update(moto, SnsTopicName=arn) == NO_TOPIC
    document["Statement"].append(allow | {"Action": "kms:Decrypt"})
    encrypt(key_with(moto, document))
    assert updated(moto, SnsTopicName=arn)
