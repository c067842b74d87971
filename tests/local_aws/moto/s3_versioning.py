"""S3: versioning with MFA delete, which moto does not keep, and the Object Lock that needs it.

Sources: Amazon S3 API reference, PutBucketVersioning, GetObjectLockConfiguration; User Guide, "Configuring MFA
delete"; the words of the refusals: cloudposse/terraform-aws-codebuild#76 (lifecycle),
versity/versitygw#838 (Object Lock).
"""

from __future__ import annotations

from typing import Any

import xmltodict
from moto.core.responses import ActionResult, EmptyResult
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from local_aws.moto.s3_refusal import Refusal, denied

STATES = {None, "Enabled", "Disabled"}


def has_mfa_delete(bucket: FakeBucket) -> bool:
    """Whether versions are deleted with a second factor only."""
    return getattr(bucket, "mfa_delete", None) == "Enabled"


def _put(self: S3Response, bucket: FakeBucket) -> Any:
    """PutBucketVersioning: with MFA delete on, or to turn it on, x-amz-mfa must be sent.

    Any value of the header is taken for a valid one: so a test brings MFA delete about.
    On AWS only the account's root has such a device.
    """
    given = xmltodict.parse(self.body).get("VersioningConfiguration") or {}
    status, mfa = given.get("Status"), given.get("MfaDelete")
    if status not in ("Enabled", "Suspended") or mfa not in STATES:
        raise Refusal(
            "IllegalVersioningConfigurationException",
            "The Versioning element must be specified",
        )
    if (mfa == "Enabled" or has_mfa_delete(bucket)) and not self.request.headers.get("x-amz-mfa"):
        raise denied("Mfa Authentication must be used for this request")
    if mfa == "Enabled" and bucket.rules:
        raise Refusal(
            "InvalidBucketState",
            "Mfa Authentication is not supported on a bucket with lifecycle configuration. "
            "Delete lifecycle configuration before enabling Mfa Authentication.",
        )
    if status == "Suspended" and bucket.object_lock_enabled:
        raise Refusal(
            "InvalidBucketState",
            "An Object Lock configuration is present on this bucket, so the versioning state "
            "cannot be changed.",
        )
    bucket.versioning_status = status
    bucket.mfa_delete = mfa or getattr(bucket, "mfa_delete", None)
    self.data["Action"] = "PutBucketVersioning"
    return self.serialized(EmptyResult())


def _get(self: S3Response, bucket: FakeBucket) -> Any:
    """GetBucketVersioning: MfaDelete "is only returned if the bucket has been configured
    with MFA delete"."""
    self.data["Action"] = "GetBucketVersioning"
    mfa = getattr(bucket, "mfa_delete", None)
    settings = {"Status": bucket.versioning_status, "MfaDelete": mfa}
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in settings.items() if value)
    root = f'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{inner}</VersioningConfiguration>'
    return 200, {"content-type": "application/xml"}, root


def _lock(self: S3Response, bucket: FakeBucket) -> Any:
    """GetObjectLockConfiguration: a default retention has days or years, not both."""
    if not bucket.object_lock_enabled:
        return None
    lock: dict[str, Any] = {"ObjectLockEnabled": "Enabled"}
    if bucket.default_lock_mode:
        periods = {"Days": bucket.default_lock_days, "Years": bucket.default_lock_years}
        given = {unit: number for unit, number in periods.items() if number}
        lock["Rule"] = {"DefaultRetention": {"Mode": bucket.default_lock_mode} | given}
    self.data["Action"] = "GetObjectLockConfiguration"
    return self.serialized(ActionResult({"ObjectLockConfiguration": lock}))


OPERATIONS = {
    ("GET", "versioning"): _get,
    ("PUT", "versioning"): _put,
    ("GET", "object-lock"): _lock,
}
