"""S3: the bucket policies that S3 refuses, and whether one is public.

Sources: Amazon S3 User Guide, "Bucket policies", "Policies and permissions in Amazon S3";
API reference, PutBucketPolicy, GetBucketPolicyStatus, "Error responses" (MalformedPolicy:
"Your policy contains a principal that is not valid"); AWS re:Post, "Invalid principal in
policy".
"""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.models import iam_backends
from moto.s3.exceptions import NoSuchBucketPolicy
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from local_aws.moto.s3_acls import blocks
from local_aws.moto.s3_public import is_public, listed
from local_aws.moto.s3_refusal import Refusal, denied
from local_aws.moto.state import controls

LIMIT = 20_480
VERSIONS = {"2012-10-17", "2008-10-17"}
FIELDS = {"Version", "Id", "Statement"}
PAIRS = (("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource"))
OF_STATEMENT = {"Sid", "Effect", "Condition", *(name for pair in PAIRS for name in pair)}
OPERATOR = re.compile(
    r"(?i:ForAnyValue:|ForAllValues:)?"
    r"(String(Not)?(Equals(IgnoreCase)?|Like)|Arn(Not)?(Equals|Like)|Bool|Null|BinaryEquals"
    r"|(Not)?IpAddress|(Date|Numeric)((Not)?Equals|(Less|Greater)Than(Equals)?))(IfExists)?"
)
PRINCIPAL_KINDS = {"AWS", "Service", "Federated", "CanonicalUser"}
SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?")
ACCOUNT = re.compile(r"\d{12}|arn:[\w-]+:iam::\d{12}:root")
ENTITY = re.compile(r"arn:[\w-]+:iam::(\d{12}):(user|role)/([^*?]+)")
SESSION = re.compile(r"arn:[\w-]+:sts::\d{12}:(assumed-role|federated-user)/[^*?]+")
RESOURCE = re.compile(r"arn:[\w-]+:s3:::([^/]+)(/.*)?")
OBJECT_ACTION = re.compile(
    r"s3:(.*Object(?!LockConfiguration).*|AbortMultipartUpload|ListMultipartUploadParts"
    r"|BypassGovernanceRetention|Replicate.*|Restore.*)"
)


def _malformed(message: str) -> Refusal:
    return Refusal("MalformedPolicy", message)


def check(text: bytes, bucket: FakeBucket) -> dict[str, Any]:
    """The policy for the bucket, which S3 would take.

    The size is counted without white space that means nothing (MIT-LCP/physionet-build#2094);
    the code PolicyTooLarge is an assumption, the API reference lists none for it.
    """
    try:
        document = json.loads(text)
    except ValueError as wrong:
        raise _malformed("This policy contains invalid Json") from wrong
    if not isinstance(document, dict):
        raise _malformed("Policies must be valid JSON and the first byte must be '{'")
    if len(json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()) > LIMIT:
        raise Refusal("PolicyTooLarge", "Policy exceeds the maximum allowed document size.")
    if unknown := document.keys() - FIELDS:
        raise _malformed(f"Unknown field {sorted(unknown)[0]}")
    if document.get("Version", "2008-10-17") not in VERSIONS:
        raise _malformed("The policy must contain a valid version string")
    statements = listed(document.get("Statement"))
    if not statements:
        raise _malformed("Missing required field Statement")
    for statement in statements:
        _check_statement(statement, bucket)
    names = [statement["Sid"] for statement in statements if statement.get("Sid")]
    if len(set(names)) < len(names):
        raise _malformed("Duplicate statement ID: each statement in a policy must have a unique Sid")
    return document


def _check_statement(statement: Any, bucket: FakeBucket) -> None:
    if not isinstance(statement, dict):
        raise _malformed("Invalid policy syntax.")
    if unknown := statement.keys() - OF_STATEMENT:
        raise _malformed(f"Unknown field {sorted(unknown)[0]}")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise _malformed(f"Invalid effect: {statement.get('Effect')}")
    for one, other in PAIRS:
        if (one in statement) == (other in statement):
            raise _malformed(f"Missing required field {one}")
    _check_principal(statement.get("Principal", statement.get("NotPrincipal")), bucket)
    resources = _texts(statement.get("Resource", statement.get("NotResource")))
    actions = _texts(statement.get("Action", statement.get("NotAction")))
    if not resources or not all(_is_of(resource, bucket) for resource in resources):
        raise _malformed("Policy has invalid resource")
    if not actions or not all(a == "*" or a.lower().startswith("s3:") for a in actions):
        raise _malformed("Policy has invalid action")
    if not all(any(_applies(a, r) for r in resources) for a in actions):
        raise _malformed("Action does not apply to any resource(s) in statement")
    _check_condition(statement.get("Condition", {}))


def _texts(value: Any) -> list[str]:
    found = listed(value)
    if not all(isinstance(text, str) for text in found):
        raise _malformed("Invalid policy syntax.")
    return found


def _is_of(resource: str, bucket: FakeBucket) -> bool:
    """Whether the resource is the bucket or something in it, by a pattern or not."""
    parts = RESOURCE.fullmatch(resource)
    return resource == "*" or bool(parts and fnmatchcase(bucket.name, parts[1]))


def _applies(action: str, resource: str) -> bool:
    """Whether an action on objects has a resource that may be one, and so for the bucket."""
    if "*" in action or "?" in action:
        return True
    if OBJECT_ACTION.fullmatch(action):
        return "/" in resource or "*" in resource
    return "/" not in resource or "*" in resource.partition("/")[0]


def _check_condition(condition: Any) -> None:
    if not isinstance(condition, dict):
        raise _malformed("Invalid policy syntax.")
    for operator, keys in condition.items():
        if not OPERATOR.fullmatch(operator):
            raise _malformed(f"Invalid Condition type : {operator}")
        if not isinstance(keys, dict) or not all(":" in key for key in keys):
            raise _malformed("Policy has an invalid condition key")


def _check_principal(principal: Any, bucket: FakeBucket) -> None:
    """Every principal must exist, and be given by its ARN.

    A deleted one shows as its unique id (AROA..., AIDA...), and is refused when put again.
    Principals of other accounts are taken as existing.
    """
    if principal == "*":
        return
    if not isinstance(principal, dict) or not principal or principal.keys() - PRINCIPAL_KINDS:
        raise _malformed("Invalid policy syntax.")
    services, others = _texts(principal.get("Service")), _texts(principal.get("AWS"))
    known = all(SERVICE.fullmatch(name) for name in services)
    if not known or not all(_exists(name, bucket) for name in others):
        raise Refusal(
            "MalformedPolicy",
            "Invalid principal in policy",
            {"Detail": ", ".join(name for name in others if not _exists(name, bucket))},
        )


def _exists(name: str, bucket: FakeBucket) -> bool:
    if name == "*" or ACCOUNT.fullmatch(name) or SESSION.fullmatch(name):
        return True
    parts = ENTITY.fullmatch(name)
    if not parts or parts[1] != bucket.account_id:
        return bool(parts)
    backend = iam_backends[bucket.account_id][bucket.partition]
    entities = backend.get_roles() if parts[2] == "role" else backend.users.values()
    return any(entity.arn == name for entity in entities) and not controls.is_too_early(name)


def _put(self: S3Response, bucket: FakeBucket) -> Any:
    """PutBucketPolicy: refused if malformed, or public while BlockPublicPolicy is on."""
    if is_public(check(self.body, bucket)) and blocks(bucket, "block_public_policy"):
        raise denied(
            f"User is not authorized to perform: s3:PutBucketPolicy on resource: \"{bucket.arn}\" "
            "because public policies are prevented by the BlockPublicPolicy setting in S3 "
            "Block Public Access."
        )
    bucket.policy = self.body
    return 204, {}, ""


def _status(self: S3Response, bucket: FakeBucket) -> Any:
    """GetBucketPolicyStatus: whether the policy is public, by what it says alone."""
    if not bucket.policy:
        raise NoSuchBucketPolicy(bucket_name=bucket.name)
    self.data["Action"] = "GetBucketPolicyStatus"
    public = is_public(json.loads(bucket.policy))
    return self.serialized(ActionResult({"PolicyStatus": {"IsPublic": public}}))


OPERATIONS = {("PUT", "policy"): _put, ("GET", "policyStatus"): _status}
