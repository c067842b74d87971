"""S3: what a bucket is like when it is new, where it is made, and who pays for requests.

Sources: Amazon S3 API reference, CreateBucket, GetBucketLocation, DeleteBucketEncryption,
PutBucketEncryption, PutBucketRequestPayment, "Error responses"; User Guide, "General
purpose bucket naming rules", "Setting default server-side
encryption", "Controlling ownership of objects", "Blocking public access".
"""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
import xmltodict
from moto.core.responses import ActionResult, EmptyResult
from moto.s3.models import FakeBucket, PublicAccessBlock, S3Backend
from moto.s3.responses import S3Response

from local_aws.moto.s3_acls import ENFORCED, is_public
from local_aws.moto.s3_refusal import Refusal, malformed

OLD_IRELAND = ("EU", "eu-west-1")
ALGORITHMS = {"AES256", "aws:kms", "aws:kms:dsse"}
PAYERS = {"BucketOwner", "Requester"}


def _default_encryption() -> dict[str, Any]:
    """SSE-S3: "all buckets have a default encryption configuration that uses" it."""
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    return {"Rule": rule | {"BucketKeyEnabled": "false"}}


def create(self: S3Response) -> Any:
    """CreateBucket: the region must be a known one, and an ACL must be allowed at all.

    The old constraint EU stands for eu-west-1, and GetBucketLocation keeps it. With ACLs
    disabled, the default, a request that sets one fails, and so does a public one: a new
    bucket blocks public access. Names may end in -an only in an account's own regional
    namespace.
    """
    constraint = _constraint(self)
    namespace = self.request.headers.get("x-amz-bucket-namespace")
    if str(self.bucket_name).endswith("-an") and namespace != "account-regional":
        raise Refusal("InvalidBucketName", "The specified bucket is not valid.")
    acl = self._acl_from_headers(self.request.headers)
    ownership = self.request.headers.get("x-amz-object-ownership", ENFORCED)
    if acl and ownership == ENFORCED and self.request.headers.get("x-amz-acl") != "private":
        raise Refusal(
            "InvalidBucketAclWithObjectOwnership",
            "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
        )
    if acl and is_public(acl):
        raise Refusal(
            "InvalidBucketAclWithBlockPublicAccessError",
            "Bucket cannot have public ACLs set with BlockPublicAccess enabled",
        )
    answer = self._bucket_response_put(self.request, self.bucket_name, {})
    if constraint == OLD_IRELAND[0]:
        self.backend.get_bucket(self.bucket_name).named_old = True
    return answer


def _constraint(self: S3Response) -> str | None:
    """The constraint asked for; a region that AWS does not have is refused."""
    asked = xmltodict.parse(self.body) if self.body else {}
    constraint = (asked.get("CreateBucketConfiguration") or {}).get("LocationConstraint")
    if constraint and constraint not in (*_regions(), OLD_IRELAND[0]):
        raise Refusal(
            "InvalidLocationConstraint",
            "The specified location-constraint is not valid",
            {"LocationConstraint": constraint},
        )
    return str(constraint) if constraint else None


@cache
def _regions() -> list[str]:
    return list(boto3.session.Session().get_available_regions("s3"))


def _location(self: S3Response, bucket: FakeBucket) -> Any:
    """GetBucketLocation: EU for a bucket that was made so; nothing for us-east-1."""
    if not getattr(bucket, "named_old", False):
        return None
    self.data["Action"] = "GetBucketLocation"
    return self.serialized(ActionResult({"LocationConstraint": OLD_IRELAND[0]}))


def _put_encryption(self: S3Response, bucket: FakeBucket) -> None:
    """PutBucketEncryption: one rule of a known algorithm; the key is not looked at."""
    configuration = xmltodict.parse(self.body).get("ServerSideEncryptionConfiguration") or {}
    rule = configuration.get("Rule")
    if not isinstance(rule, dict):
        raise malformed()
    default = rule.get("ApplyServerSideEncryptionByDefault") or {}
    if default.get("SSEAlgorithm") not in ALGORITHMS:
        raise malformed()
    if default["SSEAlgorithm"] == "AES256" and default.get("KMSMasterKeyID"):
        raise Refusal(
            "InvalidArgument",
            "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms",
        )


def _payer(self: S3Response, bucket: FakeBucket) -> Any:
    """GetBucketRequestPayment, which moto takes for a listing."""
    self.data["Action"] = "GetBucketRequestPayment"
    inner = f"<Payer>{bucket.payer}</Payer>"
    root = f'<RequestPaymentConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{inner}</RequestPaymentConfiguration>'
    return 200, {"content-type": "application/xml"}, root


def _put_payer(self: S3Response, bucket: FakeBucket) -> Any:
    """PutBucketRequestPayment, which moto takes for the making of a bucket."""
    payer = (xmltodict.parse(self.body).get("RequestPaymentConfiguration") or {}).get("Payer")
    if payer not in PAYERS:
        raise malformed()
    bucket.payer = payer
    self.data["Action"] = "PutBucketRequestPayment"
    return self.serialized(EmptyResult())


OPERATIONS = {
    ("GET", "location"): _location,
    ("PUT", "encryption"): _put_encryption,
    ("GET", "requestPayment"): _payer,
    ("PUT", "requestPayment"): _put_payer,
}


def patch() -> None:
    """Wraps the making of buckets."""
    create_bare, region_of = S3Backend.create_bucket, S3Response._get_location_constraint

    def create_bucket(
        self: S3Backend, bucket_name: str, region_name: str, bucket_namespace: str | None = None
    ) -> FakeBucket:
        """CreateBucket: encrypted, without ACLs, and closed to the public."""
        bucket = create_bare(self, bucket_name, region_name, bucket_namespace)
        bucket.encryption = _default_encryption()
        bucket.ownership_rule = ENFORCED
        bucket.public_access_block = PublicAccessBlock(*["true"] * 4)
        return bucket

    def get_location_constraint(self: S3Response) -> str | None:
        """CreateBucket: the region which the constraint stands for."""
        constraint = region_of(self)
        return OLD_IRELAND[1] if constraint == OLD_IRELAND[0] else constraint

    def delete_bucket_encryption(self: S3Backend, bucket_name: str) -> None:
        """DeleteBucketEncryption: "resets the default encryption for the bucket" to SSE-S3."""
        self.get_bucket(bucket_name).encryption = _default_encryption()

    S3Backend.create_bucket = create_bucket
    S3Response._get_location_constraint = get_location_constraint
    S3Backend.delete_bucket_encryption = delete_bucket_encryption
