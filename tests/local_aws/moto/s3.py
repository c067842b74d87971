"""S3: whose bucket a call may concern, where it must be sent, and the operations mended.

Sources: Amazon S3 User Guide, "Verifying bucket ownership with bucket owner condition" and
"Making requests" (redirection); API reference, HeadBucket, GetBucketLocation, "Error
responses". What each operation checks stands in the modules that are put together here.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from typing import Any

from moto.s3.models import FakeBucket, S3Backend, s3_backends
from moto.s3.responses import S3Response

from local_aws.moto import (
    s3_acls, s3_buckets, s3_lifecycle, s3_logging, s3_notifications, s3_policies, s3_replication, s3_versioning,
)
from local_aws.moto.s3_refusal import XML, Refusal, denied
from local_aws.moto.state import controls

Handler = Callable[[S3Response, FakeBucket], Any]
"""Gives the answer, or None when its checks passed and moto does the rest."""

OPERATIONS: dict[tuple[str, str], Handler] = {
    **s3_acls.OPERATIONS,
    **s3_buckets.OPERATIONS,
    **s3_lifecycle.OPERATIONS,
    **s3_logging.OPERATIONS,
    **s3_notifications.OPERATIONS,
    **s3_policies.OPERATIONS,
    **s3_replication.OPERATIONS,
    **s3_versioning.OPERATIONS,
}
MISSING = frozenset(
    "abac analytics intelligent-tiering metadataConfiguration metadataTable metrics session torrent".split()
)
"""What moto would take for a listing or the making of a bucket."""
FROM_EVERYWHERE = "location"


def without_encryption(bucket: str) -> None:
    """Brings about a bucket without any default encryption, as old accounts may have.

    GetBucketEncryption then answers ServerSideEncryptionConfigurationNotFoundError, which
    the API reference still lists; no call brings that state about any more.
    """
    _find(bucket).encryption = None


def _find(name: str) -> FakeBucket:
    """The bucket, whichever account it belongs to."""
    partition, account = s3_backends.bucket_accounts[name]
    return s3_backends[account][partition].get_bucket(name)


def _check_place(self: S3Response, bucket: FakeBucket, asked: set[str]) -> None:
    """A bucket is reached through its region only, GetBucketLocation excepted.

    "PermanentRedirect: The bucket that you are attempting to access must be addressed
    using the specified endpoint", 301; HeadBucket tells the region by the header alone.
    """
    if bucket.region_name == self.region or FROM_EVERYWHERE in asked:
        return
    endpoint = f"{bucket.name}.s3.{bucket.region_name}.amazonaws.com"
    raise Refusal(
        "PermanentRedirect",
        "The bucket you are attempting to access must be addressed using the specified "
        "endpoint. Please send all future requests to this endpoint.",
        {"Endpoint": endpoint, "Bucket": bucket.name},
        region=bucket.region_name,
    )


def _check_owner(self: S3Response, bucket: FakeBucket) -> None:
    """x-amz-expected-bucket-owner must name the owner, and nobody else is let in.

    "If the account ID that you provide does not match the actual owner of the bucket, the
    request fails with the HTTP status code 403 Forbidden (access denied)". That no policy
    of the bucket ever lets another account in is a simplification.
    """
    expected = self.request.headers.get("x-amz-expected-bucket-owner")
    if expected is not None and not (len(expected) == 12 and expected.isdigit()):
        raise Refusal(
            "InvalidBucketOwnerAWSAccountID",
            "The value of the expected bucket owner parameter must be an AWS Account ID... "
            f"[{expected}]",
        )
    if self.current_account != bucket.account_id or expected not in (None, bucket.account_id):
        raise denied(region=bucket.region_name)


def _guarded(self: S3Response, request: Any, on_bucket: bool) -> Any:
    """The answer to a request about an existing bucket, unless moto shall give it."""
    asked = set(request.args)
    if on_bucket and self.bucket_name and asked & MISSING:
        raise NotImplementedError(f"{request.method} ?{sorted(asked & MISSING)[0]}")
    creates = on_bucket and request.method == "PUT" and not asked - {"x-id"}
    if creates and self.bucket_name:
        return s3_buckets.create(self)
    if self.bucket_name not in s3_backends.bucket_accounts:
        return None
    bucket = _find(self.bucket_name)
    _check_place(self, bucket, asked if on_bucket else set())
    _check_owner(self, bucket)
    for part in sorted(asked) if on_bucket else ():
        if handler := OPERATIONS.get((request.method, part)):
            return handler(self, bucket)
    return None


def _guard(name: str, *, on_bucket: bool) -> None:
    answer_unguarded = getattr(S3Response, name)

    def answer(self: S3Response, request: Any, full_url: str) -> Any:
        """As moto answers, once the checks above are passed."""
        try:
            answered = _guarded(self, request, on_bucket)
        except Refusal as refused:
            return refused.answer(request.method)
        if answered is None:
            answered = answer_unguarded(self, request, full_url)
        if request.method == "HEAD" and isinstance(answered, tuple):
            # Else a 404 would go out as a page, which counts as not implemented.
            answered[1].setdefault("content-type", XML)
        return answered

    setattr(S3Response, name, answer)


def _one_write_at_a_time() -> None:
    """PutObject with If-None-Match or If-Match: of several at once one is let in.

    User guide, "Add preconditions to S3 operations with conditional requests": "the first write
    operation to finish succeeds. Amazon S3 then fails subsequent writes with a 412 Precondition
    Failed response". Moto looks first and writes then, each in a thread of its own.
    """
    writing, put = threading.Lock(), S3Response.put_object

    def put_object(self: S3Response) -> Any:
        with writing:
            return put(self)

    S3Response.put_object = put_object


DOCUMENTED = {"123456789012": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}
"""The canonical user id of AWS's own examples of access logs (User Guide, "Amazon S3 server access log format")."""


def canonical_id(account: str) -> str:
    """The canonical user id of an account: "an alpha-numeric identifier ... that is an obfuscated form of the AWS
    account ID", 64 hexadecimal digits (User Guide, "Finding the canonical user ID for your AWS account")."""
    return DOCUMENTED.get(account) or hashlib.sha256(account.encode()).hexdigest()


GONE_SINCE = "2026-03-01T00:00:00.000Z"
"""When a bucket was made that is gone and still listed."""


def _page(self: S3Response) -> dict[str, Any]:
    """ListBuckets: the buckets of a page, and the token of the next one.

    "BucketRegion indicates the AWS Region where the bucket is located. If the request contains at least one valid
    parameter, it is included in the response"; "ContinuationToken is included in the response when there are more buckets
    that can be listed with pagination".
    """
    given = {name: self._get_param(name) for name in ("max-buckets", "continuation-token", "prefix", "bucket-region")}
    there = self.backend.list_buckets(given["prefix"], given["bucket-region"], None)
    dates = {it.name: it.creation_date_ISO8601 for it in there}
    buckets = {name: region for name, region in controls.still_listed.items() if name.startswith(given["prefix"] or "")}
    buckets |= {it.name: it.region_name for it in there}
    after = sorted(name for name in buckets if name > (given["continuation-token"] or ""))
    page = after[: int(given["max-buckets"] or len(after) or 1)]
    named = any(given.values())
    told = [
        {"Name": name, "CreationDate": dates.get(name, GONE_SINCE)} | ({"BucketRegion": buckets[name]} if named else {})
        for name in page
    ]
    return {"Buckets": told} | ({"ContinuationToken": page[-1]} if len(page) < len(after) else {})


def _owned_by_the_account() -> None:
    """ListBuckets: "Owner: the owner of the buckets listed" is the account of the request, by its canonical user id.

    Moto names the same 32 digits to everybody, and neither regions nor further pages.
    """
    serialize = S3Response.serialized

    def serialized(self: S3Response, action_result: Any) -> Any:
        if self.data.get("Action") == "ListBuckets":
            action_result.result.update(_page(self))
            action_result.result["Owner"] = {"ID": canonical_id(self.current_account)}
        return serialize(self, action_result)

    S3Response.serialized = serialized


def patch() -> None:
    """Puts the checks before moto's operations."""
    _one_write_at_a_time()
    _owned_by_the_account()
    _guard("_bucket_response", on_bucket=True)
    _guard("_key_response", on_bucket=False)
    s3_buckets.patch()
    s3_replication.patch()
    # Moto delivers an access log at each request; S3 does so hours later, if at all.
    S3Backend.log_incoming_request = lambda self, request, bucket_name: None
