"""The patched S3: bucket policies and ACLs that S3 refuses, and what it calls public."""

from __future__ import annotations

import json
from typing import Any

import pytest
from given import policy, refusal, role
from local_aws.processes import ACCOUNT, Moto

SERVICE = {"Service": "logging.s3.amazonaws.com"}
INSIDE = "arn:aws:s3:::files/*"
LOGS = "http://acs.amazonaws.com/groups/s3/LogDelivery"


def files(moto: Moto, **given: Any) -> Any:
    """A bucket, and the client for it."""
    s3 = moto.client("s3")
    s3.create_bucket(Bucket="files", **given)
    return s3


def allow(**given: Any) -> str:
    """A policy that lets the log writer put objects, unless told otherwise."""
    return policy(**{"Principal": SERVICE, "Action": "s3:PutObject", "Resource": INSIDE} | given)


def put(s3: Any, document: str) -> tuple[int, str, str]:
    """The refusal of a bucket policy."""
    return refusal(s3.put_bucket_policy, Bucket="files", Policy=document)


def test_a_policy_comes_back_byte_for_byte(moto: Moto) -> None:
    s3 = files(moto)
    document = '{ "Version":"2008-10-17",\n "Id":"ours", "Statement": ' + (
        json.dumps(json.loads(allow(Sid="é"))["Statement"][0], ensure_ascii=False) + "}"
    )
    s3.put_bucket_policy(Bucket="files", Policy=document)
    assert s3.get_bucket_policy(Bucket="files")["Policy"] == document
    s3.delete_bucket_policy(Bucket="files")
    assert refusal(s3.get_bucket_policy, Bucket="files")[:2] == (404, "NoSuchBucketPolicy")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("nonsense", "invalid Json"),
        ("[]", "first byte"),
        (json.dumps({"Version": "2012-10-17"}), "Statement"),
        (json.dumps({"Version": "2020-01-01", "Statement": json.loads(allow())["Statement"]}), "version"),
        (allow(Effect="Maybe"), "effect"),
        (allow(Reason="none"), "Unknown field"),
        (policy(Action="s3:PutObject", Resource=INSIDE), "Principal"),
        (policy(Principal=SERVICE, Resource=INSIDE), "Action"),
        (policy(Principal=SERVICE, Action="s3:PutObject"), "Resource"),
        (allow(Resource="arn:aws:s3:::others/*"), "invalid resource"),
        (allow(Resource=[INSIDE, "arn:aws:sns:us-east-1::x"]), "invalid resource"),
        (allow(Action="sns:Publish"), "invalid action"),
        (allow(Resource="arn:aws:s3:::files"), "does not apply"),
        (allow(Action="s3:GetBucketAcl"), "does not apply"),
        (allow(Action=["s3:PutObject", "s3:ListBucket"]), "does not apply"),
        (allow(Condition={"StringIs": {"aws:SourceAccount": ACCOUNT}}), "Invalid Condition type"),
        (allow(Principal={"Robot": "r2"}), "syntax"),
        (allow(Principal={"AWS": "AROAEXAMPLEEXAMPLE123"}), "Invalid principal"),
        (allow(Principal={"AWS": "AIDAEXAMPLEEXAMPLE123"}), "Invalid principal"),
        (allow(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/none"}), "Invalid principal"),
        (allow(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/none"}), "Invalid principal"),
        (allow(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/*"}), "Invalid principal"),
        (allow(Principal={"Service": "logging"}), "Invalid principal"),
    ],
)
def test_a_malformed_policy_is_refused(moto: Moto, document: str, message: str) -> None:
    status, code, told = put(files(moto), document)
    assert (status, code) == (400, "MalformedPolicy") and message in told


@pytest.mark.parametrize(
    "document",
    [
        allow(Principal={"AWS": [ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root"]}),
        allow(Principal={"AWS": "arn:aws:iam::999999999999:role/known-there"}),
        allow(Action=["s3:PutObject", "s3:GetBucketAcl"], Resource=[INSIDE, "arn:aws:s3:::files"]),
        allow(Action="s3:*", Resource="arn:aws:s3:::files*"),
        policy(Effect="Deny", Principal="*", NotAction="s3:Get*", Resource="arn:aws:s3:::files",
               Condition={"Bool": {"aws:SecureTransport": "false"}}),
    ],
)
def test_a_well_formed_policy_is_taken(moto: Moto, document: str) -> None:
    files(moto).put_bucket_policy(Bucket="files", Policy=document)


def test_each_statement_has_its_own_sid(moto: Moto) -> None:
    statement = json.loads(allow(Sid="same"))["Statement"][0]
    document = {"Version": "2012-10-17", "Statement": [statement, statement]}
    assert put(files(moto), json.dumps(document))[:2] == (400, "MalformedPolicy")


def test_a_policy_has_20_kilobytes_white_space_aside(moto: Moto) -> None:
    s3 = files(moto)
    names = [f"arn:aws:s3:::files/{n:040}" for n in range(400)]
    s3.put_bucket_policy(Bucket="files", Policy=allow(Resource=names[:300]) + " " * 30_000)
    assert put(s3, allow(Resource=names))[:2] == (400, "PolicyTooLarge")


def test_a_principal_may_be_too_new(moto: Moto) -> None:
    s3 = files(moto)
    moto.role_propagation(1)
    document = allow(Principal={"AWS": role(moto)})
    assert put(s3, document)[:2] == (400, "MalformedPolicy")
    s3.put_bucket_policy(Bucket="files", Policy=document)


@pytest.mark.parametrize(
    ("public", "statement"),
    [
        (True, {"Principal": "*"}),
        (True, {"Principal": {"AWS": "*"}}),
        (True, {"Principal": {"AWS": [ACCOUNT, "*"]}}),
        (True, {"Principal": {"Federated": "graph.facebook.com"}}),
        (True, {"Principal": "*", "Condition": {"StringLike": {"aws:SourceVpc": "vpc-*"}}}),
        (True, {"Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
        (True, {"Principal": "*", "Condition": {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}}),
        (True, {"Principal": "*", "Condition": {"StringEqualsIfExists": {"aws:SourceVpc": "v"}}}),
        (True, {"Principal": "*", "Condition": {"StringEquals": {"aws:userid": "${aws:userid}"}}}),
        (True, {"Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}}),
        (True, {"Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": ["1.2.3.4", "::/8"]}}}),
        (False, {"Principal": SERVICE}),
        (False, {"Principal": {"AWS": "999999999999"}}),
        (False, {"Principal": "*", "Effect": "Deny"}),
        (False, {"Principal": "*", "Condition": {"StringEquals": {"AWS:SourceVpc": "vpc-1"}}}),
        (False, {"Principal": "*", "Condition": {"StringLike": {"aws:PrincipalOrgID": ["o-1"]}}}),
        (False, {"Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}),
        (False, {"Principal": "*", "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::b"}}}),
    ],
)
def test_a_public_policy_is_known_and_blocked(
    moto: Moto, public: bool, statement: dict[str, Any]
) -> None:
    s3, document = files(moto), allow(**statement)
    if public:
        assert put(s3, document)[:2] == (403, "AccessDenied")
    s3.delete_public_access_block(Bucket="files")
    s3.put_bucket_policy(Bucket="files", Policy=document)
    status = s3.get_bucket_policy_status(Bucket="files")["PolicyStatus"]
    assert status == {"IsPublic": public}


def _without_account(request: Any, **_: Any) -> None:
    """Takes the account out of the host name, where it does not resolve."""
    request.url = request.url.replace(f"//{ACCOUNT}.", "//")


def test_the_accounts_block_counts_too(moto: Moto) -> None:
    s3 = files(moto)
    s3.delete_public_access_block(Bucket="files")
    s3control = moto.client("s3control", read_timeout=59.0)
    s3control.meta.events.register("before-sign.s3-control", _without_account)
    s3control.put_public_access_block(
        AccountId=ACCOUNT, PublicAccessBlockConfiguration={"BlockPublicPolicy": True}
    )
    assert put(s3, allow(Principal="*"))[:2] == (403, "AccessDenied")


def grants(s3: Any) -> set[tuple[str | None, str]]:
    """Who has which permission by the ACL; None is the owner."""
    return {
        (grant["Grantee"].get("URI"), grant["Permission"])
        for grant in s3.get_bucket_acl(Bucket="files")["Grants"]
    }


def test_without_acls_none_is_put(moto: Moto) -> None:
    s3 = files(moto)
    for acl in ("private", "log-delivery-write", "public-read"):
        found = refusal(s3.put_bucket_acl, Bucket="files", ACL=acl)
        assert found[:2] == (400, "AccessControlListNotSupported")
    read = s3.get_bucket_acl(Bucket="files")
    owner = {"Owner": read["Owner"], "Grants": read["Grants"]}
    s3.put_bucket_acl(Bucket="files", AccessControlPolicy=owner)
    found = refusal(s3.create_bucket, Bucket="new", ACL="log-delivery-write")
    assert found[:2] == (400, "InvalidBucketAclWithObjectOwnership")


def test_an_acl_is_kept_hidden_and_comes_back(moto: Moto) -> None:
    s3 = files(moto, ObjectOwnership="ObjectWriter")
    s3.put_bucket_acl(Bucket="files", ACL="log-delivery-write")
    whole = {(None, "FULL_CONTROL"), (LOGS, "WRITE"), (LOGS, "READ_ACP")}
    assert grants(s3) == whole
    enforced = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    found = refusal(s3.put_bucket_ownership_controls, Bucket="files", OwnershipControls=enforced)
    assert found[:2] == (400, "InvalidBucketAclWithObjectOwnership")
    s3.put_bucket_acl(Bucket="files", ACL="private")
    s3.put_bucket_ownership_controls(Bucket="files", OwnershipControls=enforced)
    assert grants(s3) == {(None, "FULL_CONTROL")}


def test_a_public_acl_is_blocked_or_ignored(moto: Moto) -> None:
    s3 = files(moto, ObjectOwnership="ObjectWriter")
    blocked = refusal(s3.put_bucket_acl, Bucket="files", ACL="public-read")
    assert blocked[:2] == (403, "AccessDenied")
    s3.delete_public_access_block(Bucket="files")
    s3.put_bucket_acl(Bucket="files", ACL="authenticated-read")
    assert len(grants(s3)) == 2
    s3.put_public_access_block(
        Bucket="files", PublicAccessBlockConfiguration={"IgnorePublicAcls": True}
    )
    assert grants(s3) == {(None, "FULL_CONTROL")}
    given = {"Bucket": "new", "ACL": "public-read", "ObjectOwnership": "ObjectWriter"}
    code = "InvalidBucketAclWithBlockPublicAccessError"
    assert refusal(s3.create_bucket, **given)[:2] == (400, code)
