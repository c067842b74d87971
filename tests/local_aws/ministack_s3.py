"""S3 for ministack: who pays, whose a bucket is, names that are free, s3:PutBucketOwnershipControls, objects that are not there.

Sources: S3 API reference (CreateBucket, GetBucketRequestPayment, GetObject, error NoSuchBucket);
Service Authorization Reference, Amazon S3 (s3:ResourceAccount).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import s3

from local_aws.ministack_checks import Call, Needed, Response, also

ARN = "arn:aws:s3:::"
OWNERSHIP = "s3:PutBucketOwnershipControls"
CREATING = ("s3:CreateBucket", OWNERSHIP)


def needs(call: Call) -> Iterator[Needed]:
    """CreateBucket with the header x-amz-object-ownership "requires s3:PutBucketOwnershipControls"; GetObject of what is not there.

    "If the object that you request doesn't exist, the error that Amazon S3 returns depends on whether you also have the
    s3:ListBucket permission": 404 with it, 403 without it.
    """
    name, _, key = call.path.lstrip("/").partition("/")
    reads = call.method in ("GET", "HEAD") and key and not call.query.keys() - {"x-id", "versionId"}
    if reads and owner(f"{ARN}{name}") and s3._get_object_data(name, key, call.one("versionId") or None) is None:
        yield "s3:ListBucket", f"{ARN}{name}", {}
    bucket = call.path.strip("/")
    plain = "/" not in bucket and not call.query.keys() - {"x-id"}
    if call.method == "PUT" and bucket and plain and "x-amz-object-ownership" in call.headers:
        yield OWNERSHIP, f"{ARN}{bucket}", {}


def owner(resource_arn: str) -> str | None:
    """The account whose bucket it is; nobody's where there is none."""
    found: str | None = s3._bucket_owner_account(resource_arn.removeprefix(ARN).partition("/")[0])
    return found


def patch_owner() -> None:
    """s3:ResourceAccount is the account that owns the bucket; ministack takes it for the caller's."""
    elsewhere = iam_evaluator._resolve_condition_key

    def resolve(key: str, context: Any) -> Any:
        if key.lower() == "s3:resourceaccount" and context.resource_arn.startswith(ARN):
            return owner(context.resource_arn) or context.principal_account
        return elsewhere(key, context)

    iam_evaluator._resolve_condition_key = resolve


def patch_names() -> None:
    """NoSuchBucket is told to everybody: there is no owner whose policies could decide."""
    elsewhere = iam_evaluator.enforce

    def enforce(
        access_key: str, action: str, service: str, region: str, resource_arn: str = "*",
        service_context: dict[str, Any] | None = None,
    ) -> Any:
        free = resource_arn.startswith(ARN) and owner(resource_arn) is None
        if service == "s3" and action not in CREATING and free:
            return None
        return elsewhere(access_key, action, service, region, resource_arn, service_context)

    iam_evaluator.enforce = enforce


def patch_payer() -> None:
    """GetBucketRequestPayment, which ministack awaits under another name."""
    elsewhere = s3.handle_request

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        if method == "GET" and "requestPayment" in query:
            query = query | {"request-payment": [""]}
        answer: Response = await elsewhere(method, path, headers, body, query)
        return answer

    s3.handle_request = handle_request


def patch() -> None:
    """All of it."""
    also(s3, "s3", needs)
    patch_owner()
    patch_names()
    patch_payer()
