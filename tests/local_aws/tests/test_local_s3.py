"""The patched S3: new buckets, where they are reached and by whom, and who pays."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import Any

import pytest
from given import refusal
from local_aws.clients import Credentials, client
from local_aws.processes import ACCOUNT, Moto
from local_aws.server import request

ELSEWHERE = "eu-west-1"
STRANGER = "999999999999"
READS = {
    "get_bucket_policy": (404, "NoSuchBucketPolicy"),
    "get_bucket_policy_status": (404, "NoSuchBucketPolicy"),
    "get_bucket_website": (404, "NoSuchWebsiteConfiguration"),
    "get_bucket_tagging": (404, "NoSuchTagSet"),
    "get_object_lock_configuration": (404, "ObjectLockConfigurationNotFoundError"),
    "get_bucket_lifecycle_configuration": (404, "NoSuchLifecycleConfiguration"),
    "get_bucket_cors": (404, "NoSuchCORSConfiguration"),
    "get_bucket_replication": (404, "ReplicationConfigurationNotFoundError"),
}


def bucket(moto: Moto, name: str = "files", region: str = "us-east-1", **given: Any) -> Any:
    """Makes a bucket; a client for its region."""
    s3 = moto.client("s3", region)
    if region != "us-east-1":
        given["CreateBucketConfiguration"] = {"LocationConstraint": region}
    s3.create_bucket(Bucket=name, **given)
    return s3


def stranger(moto: Moto, region: str = "us-east-1") -> Any:
    """An S3 client of another account."""
    role = f"arn:aws:iam::{STRANGER}:role/visitor"
    keys = moto.client("sts").assume_role(RoleArn=role, RoleSessionName="visit")["Credentials"]
    credentials = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    return client(moto.endpoint, "s3", region, credentials)


def raw(moto: Moto, method: str, path: str) -> tuple[int, str | None, bytes]:
    """A request signed for us-east-1: the status, where the bucket is, and the body.

    boto3 follows redirections by itself, and so hides them.
    """
    scope = "testing/20260101/us-east-1/s3/aws4_request"
    sign = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    asked = urllib.request.Request(
        f"{moto.endpoint}/{path}", method=method, headers={"Authorization": sign}
    )
    try:
        with urllib.request.urlopen(asked) as answer:
            return answer.status, answer.headers["x-amz-bucket-region"], answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers["x-amz-bucket-region"], refused.read()


def test_a_new_bucket_is_encrypted_without_acls_and_closed(moto: Moto) -> None:
    s3 = bucket(moto)
    rules = s3.get_bucket_encryption(Bucket="files")["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules == [
        {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
    ]
    ownership = s3.get_bucket_ownership_controls(Bucket="files")["OwnershipControls"]
    assert ownership == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    closed = s3.get_public_access_block(Bucket="files")["PublicAccessBlockConfiguration"]
    assert set(closed.values()) == {True} and len(closed) == 4
    other = bucket(moto, "written", ObjectOwnership="ObjectWriter")
    rules = other.get_bucket_ownership_controls(Bucket="written")["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "ObjectWriter"}]


@pytest.mark.parametrize("operation", READS)
def test_what_is_not_configured_is_not_found(moto: Moto, operation: str) -> None:
    s3 = bucket(moto)
    assert refusal(getattr(s3, operation), Bucket="files")[:2] == READS[operation]
    assert refusal(getattr(s3, operation), Bucket="none")[:2] == (404, "NoSuchBucket")
    assert refusal(s3.head_bucket, Bucket="none")[0] == 404


def test_an_object_that_is_not_there_is_not_found(moto: Moto) -> None:
    s3 = bucket(moto)
    assert refusal(s3.get_object, Bucket="files", Key="k")[:2] == (404, "NoSuchKey")
    assert refusal(s3.head_object, Bucket="files", Key="k")[0] == 404
    assert refusal(s3.head_object, Bucket="none", Key="k")[0] == 404


def test_what_is_off_is_empty(moto: Moto) -> None:
    s3 = bucket(moto)
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket="files")
    assert "Status" not in s3.get_bucket_versioning(Bucket="files")
    assert s3.get_bucket_request_payment(Bucket="files")["Payer"] == "BucketOwner"


def test_default_encryption_is_reset_and_can_be_none_at_all(moto: Moto) -> None:
    s3 = bucket(moto)

    def algorithm() -> str:
        found = s3.get_bucket_encryption(Bucket="files")["ServerSideEncryptionConfiguration"]
        return str(found["Rules"][0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"])

    def put(**default: str) -> dict[str, Any]:
        return {"Bucket": "files", "ServerSideEncryptionConfiguration": {
            "Rules": [{"ApplyServerSideEncryptionByDefault": default}]}}

    s3.put_bucket_encryption(**put(SSEAlgorithm="aws:kms", KMSMasterKeyID="nobody-looks-at-it"))
    assert algorithm() == "aws:kms"
    s3.delete_bucket_encryption(Bucket="files")
    assert algorithm() == "AES256"
    assert refusal(s3.put_bucket_encryption, **put(SSEAlgorithm="rot13"))[1] == "MalformedXML"
    wrong = put(SSEAlgorithm="AES256", KMSMasterKeyID="key")
    assert refusal(s3.put_bucket_encryption, **wrong)[1] == "InvalidArgument"
    request("POST", f"{moto.endpoint}/_local/no-encryption", {"bucket": "files"})
    missing = (404, "ServerSideEncryptionConfigurationNotFoundError")
    assert refusal(s3.get_bucket_encryption, Bucket="files")[:2] == missing


def test_public_access_block_and_ownership_can_be_taken_away(moto: Moto) -> None:
    s3 = bucket(moto)
    s3.delete_public_access_block(Bucket="files")
    missing = (404, "NoSuchPublicAccessBlockConfiguration")
    assert refusal(s3.get_public_access_block, Bucket="files")[:2] == missing
    s3.put_public_access_block(
        Bucket="files", PublicAccessBlockConfiguration={"BlockPublicAcls": True}
    )
    block = s3.get_public_access_block(Bucket="files")["PublicAccessBlockConfiguration"]
    assert [name for name, on in block.items() if on] == ["BlockPublicAcls"]
    s3.delete_bucket_ownership_controls(Bucket="files")
    missing = (404, "OwnershipControlsNotFoundError")
    assert refusal(s3.get_bucket_ownership_controls, Bucket="files")[:2] == missing


@pytest.mark.parametrize(
    ("region", "constraint", "code"),
    [
        (ELSEWHERE, None, "IllegalLocationConstraintException"),
        (ELSEWHERE, "us-west-2", "IllegalLocationConstraintException"),
        ("us-east-1", "us-east-1", "InvalidLocationConstraint"),
        ("us-east-1", "mars-north-1", "InvalidLocationConstraint"),
    ],
)
def test_a_bucket_is_made_in_the_region_that_is_asked(
    moto: Moto, region: str, constraint: str | None, code: str
) -> None:
    given = {"CreateBucketConfiguration": {"LocationConstraint": constraint}} if constraint else {}
    assert refusal(moto.client("s3", region).create_bucket, Bucket="new", **given)[:2] == (400, code)


def test_a_name_of_the_regional_namespace_is_the_accounts_alone(moto: Moto) -> None:
    s3, own = moto.client("s3"), {"BucketNamespace": "account-regional"}
    name = f"files-{ACCOUNT}-us-east-1-an"
    assert refusal(s3.create_bucket, Bucket=name)[:2] == (400, "InvalidBucketName")
    assert refusal(s3.create_bucket, Bucket="files", **own)[:2] == (400, "InvalidNamespaceHeader")
    taken = refusal(stranger(moto).create_bucket, Bucket=name, **own)
    assert taken[:2] == (400, "InvalidNamespaceHeader")
    s3.create_bucket(Bucket=name, **own)


def test_a_bucket_of_ones_own_is_made_again_in_us_east_1_only(moto: Moto) -> None:
    bucket(moto)
    bucket(moto)
    s3 = bucket(moto, "far", ELSEWHERE)
    given = {"Bucket": "far", "CreateBucketConfiguration": {"LocationConstraint": ELSEWHERE}}
    assert refusal(s3.create_bucket, **given)[:2] == (409, "BucketAlreadyOwnedByYou")
    assert refusal(stranger(moto).create_bucket, Bucket="files")[:2] == (409, "BucketAlreadyExists")


def test_the_location_is_told_everywhere_in_three_forms(moto: Moto) -> None:
    bucket(moto, "here")
    bucket(moto, "there", "eu-central-1")
    moto.client("s3", ELSEWHERE).create_bucket(
        Bucket="old", CreateBucketConfiguration={"LocationConstraint": "EU"}
    )
    for region in ("us-east-1", ELSEWHERE):
        locate = moto.client("s3", region).get_bucket_location
        found = [locate(Bucket=name).get("LocationConstraint") for name in ("here", "there", "old")]
        assert found == [None, "eu-central-1", "EU"]


def test_a_bucket_elsewhere_is_pointed_at(moto: Moto) -> None:
    bucket(moto, "elsewhere", ELSEWHERE)
    assert raw(moto, "HEAD", "elsewhere") == (301, ELSEWHERE, b"")
    for method, path in (("GET", "?acl"), ("DELETE", "?policy"), ("GET", "/key"), ("PUT", "/key")):
        status, region, body = raw(moto, method, f"elsewhere{path}")
        assert (status, region) == (301, ELSEWHERE)
        assert b"<Code>PermanentRedirect</Code>" in body
    assert raw(moto, "GET", "elsewhere?location")[0] == 200


def test_boto3_follows_to_a_bucket_elsewhere(moto: Moto) -> None:
    bucket(moto, "followed", ELSEWHERE)
    here = moto.client("s3")
    assert here.head_bucket(Bucket="followed")["BucketRegion"] == ELSEWHERE
    assert len(here.get_bucket_acl(Bucket="followed")["Grants"]) == 1
    assert [b["Name"] for b in here.list_buckets()["Buckets"]] == ["followed"]


def test_the_owner_of_buckets_is_the_account_by_its_canonical_id(moto: Moto) -> None:
    bucket(moto)
    ours, theirs = moto.client("s3").list_buckets(), stranger(moto).list_buckets()
    assert [len(it["Buckets"]) for it in (ours, theirs)] == [1, 0]
    ids = [it["Owner"]["ID"] for it in (ours, theirs)]
    assert ids[0] != ids[1] and all(len(it) == 64 and int(it, 16) for it in ids)


def test_buckets_are_listed_with_their_regions_and_page_by_page_if_a_parameter_is_given(moto: Moto) -> None:
    bucket(moto, "far", ELSEWHERE)
    bucket(moto, "near")
    s3 = moto.client("s3")
    assert all("BucketRegion" not in it for it in s3.list_buckets()["Buckets"])
    first = s3.list_buckets(MaxBuckets=1)
    assert [(it["Name"], it["BucketRegion"]) for it in first["Buckets"]] == [("far", ELSEWHERE)]
    rest = s3.list_buckets(MaxBuckets=1, ContinuationToken=first["ContinuationToken"])
    assert [(it["Name"], it["BucketRegion"]) for it in rest["Buckets"]] == [("near", "us-east-1")]
    assert "ContinuationToken" not in rest
    assert [it["Name"] for it in s3.list_buckets(Prefix="f")["Buckets"]] == ["far"]


CONFIGURATION = [
    "head_bucket", "get_bucket_location", "get_bucket_acl", "get_bucket_logging",
    "delete_bucket_policy", "list_objects_v2", "get_bucket_request_payment", "delete_bucket",
]


@pytest.mark.parametrize("operation", CONFIGURATION)
def test_a_bucket_is_its_owners(moto: Moto, operation: str) -> None:
    s3 = bucket(moto)
    for call, given in (
        (getattr(s3, operation), {"ExpectedBucketOwner": STRANGER}),
        (getattr(stranger(moto), operation), {}),
        (getattr(stranger(moto), operation), {"ExpectedBucketOwner": ACCOUNT}),
    ):
        found = refusal(call, Bucket="files", **given)
        assert found[:2] == ((403, "403") if operation == "head_bucket" else (403, "AccessDenied"))
    getattr(s3, operation)(Bucket="files", ExpectedBucketOwner=ACCOUNT)


def test_an_expected_owner_is_an_account(moto: Moto) -> None:
    s3 = bucket(moto)
    found = refusal(s3.get_bucket_acl, Bucket="files", ExpectedBucketOwner="me")
    assert found[:2] == (400, "InvalidBucketOwnerAWSAccountID")


def test_the_requester_pays(moto: Moto) -> None:
    s3 = bucket(moto)
    paid = {"Payer": "Requester"}
    s3.put_bucket_request_payment(Bucket="files", RequestPaymentConfiguration=paid)
    assert s3.get_bucket_request_payment(Bucket="files")["Payer"] == "Requester"
    wrong = {"Bucket": "files", "RequestPaymentConfiguration": {"Payer": "Nobody"}}
    assert refusal(s3.put_bucket_request_payment, **wrong)[1] == "MalformedXML"


def test_what_moto_would_mistake_for_something_else_is_refused(moto: Moto) -> None:
    s3 = bucket(moto)
    found = refusal(s3.list_bucket_metrics_configurations, Bucket="files")
    assert found[:2] == (501, "NotImplemented")
