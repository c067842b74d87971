"""S3: access control lists, whether a bucket has them at all, and what the public may not get.

Sources: Amazon S3 User Guide, "Controlling ownership of objects and disabling ACLs",
"Blocking public access" and "Access control list (ACL) overview"; API reference, "Error
responses".
"""

from __future__ import annotations

from typing import Any
from xml.parsers.expat import ExpatError

import xmltodict
from moto.core.responses import ActionResult
from moto.s3.models import OWNER, FakeAcl, FakeBucket, FakeGrant, get_canned_acl
from moto.s3.responses import S3Response
from moto.s3control.models import s3control_backends

from local_aws.moto.s3_refusal import Refusal, denied, malformed

ENFORCED = "BucketOwnerEnforced"
OWNERSHIPS = {ENFORCED, "BucketOwnerPreferred", "ObjectWriter"}
PUBLIC = {
    "http://acs.amazonaws.com/groups/global/AllUsers",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
}


def is_public(acl: FakeAcl) -> bool:
    """Whether it "grants any permissions to members of the predefined AllUsers or
    AuthenticatedUsers groups"."""
    return any(grantee.uri in PUBLIC for grant in acl.grants for grantee in grant.grantees)


def blocks(bucket: FakeBucket, setting: str) -> bool:
    """Whether a setting of the public access block is on: "the most restrictive combination
    of the access point, bucket, and account settings" counts."""
    account = s3control_backends[bucket.account_id][bucket.partition].public_access_block
    return any(getattr(block, setting, False) for block in (bucket.public_access_block, account))


def _grants(acl: FakeAcl) -> list[tuple[Any, str]]:
    """Every grantee with every permission; moto tells the first ones only."""
    return [
        (grantee, permission)
        for grant in acl.grants
        for grantee in grant.grantees
        for permission in grant.permissions
    ]


def _only_owner(acl: FakeAcl) -> bool:
    """Whether the owner has full control, and nobody else anything."""
    return [(who.id, what) for who, what in _grants(acl)] == [(OWNER, "FULL_CONTROL")]


def _asked(self: S3Response) -> FakeAcl:
    """The ACL that a request names, by its headers or else by its body."""
    try:
        acl = self._acl_from_headers(self.request.headers)
        return acl or self._acl_from_body() or FakeAcl([])
    except AssertionError as unknown:
        raise Refusal("InvalidArgument", "x-amz-acl is not valid") from unknown
    except ExpatError as empty:
        raise Refusal(
            "MissingSecurityHeader", "Your request was missing a required header"
        ) from empty


def _put(self: S3Response, bucket: FakeBucket) -> Any:
    """PutBucketAcl: refused without ACLs, and when public while BlockPublicAcls is on.

    Without ACLs a bucket accepts "bucket owner full control ACLs, for example, the
    bucket-owner-full-control canned ACL or equivalent forms of this ACL expressed in XML".
    The canned ACL private is refused, too: hashicorp/terraform-provider-aws#34079.
    """
    acl = _asked(self)
    if bucket.ownership_rule == ENFORCED:
        if self.request.headers.get("x-amz-acl") == "private" or not _only_owner(acl):
            raise Refusal("AccessControlListNotSupported", "The bucket does not allow ACLs")
        return 200, {}, ""
    if is_public(acl) and blocks(bucket, "block_public_acls"):
        raise denied()
    bucket.set_acl(acl)
    return 200, {}, ""


def _get(self: S3Response, bucket: FakeBucket) -> Any:
    """GetBucketAcl tells "the access permissions that Amazon S3 is enforcing".

    Without ACLs that is the owner's full control alone, and with IgnorePublicAcls on the
    public's permissions are left out.
    """
    acl = bucket.acl or FakeAcl([])
    if bucket.ownership_rule == ENFORCED:
        acl = get_canned_acl("private")
    hidden = PUBLIC if blocks(bucket, "ignore_public_acls") else set()
    effective = [
        FakeGrant([who], [what]) for who, what in _grants(acl) if who.uri not in hidden
    ]
    self.data["Action"] = "GetBucketAcl"
    return self.serialized(ActionResult(self._acl_to_dict(FakeAcl(effective))))


def _put_ownership(self: S3Response, bucket: FakeBucket) -> None:
    """PutBucketOwnershipControls: ACLs are disabled only once nobody else has a grant.

    User Guide, "Prerequisites for disabling ACLs": else the call fails with
    InvalidBucketAclWithObjectOwnership.
    """
    rule = (xmltodict.parse(self.body).get("OwnershipControls") or {}).get("Rule")
    if not isinstance(rule, dict) or rule.get("ObjectOwnership") not in OWNERSHIPS:
        raise malformed()
    if rule["ObjectOwnership"] == ENFORCED and bucket.acl and not _only_owner(bucket.acl):
        raise Refusal(
            "InvalidBucketAclWithObjectOwnership",
            "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
        )


OPERATIONS = {
    ("GET", "acl"): _get,
    ("PUT", "acl"): _put,
    ("PUT", "ownershipControls"): _put_ownership,
}
