"""The patched S3: MFA delete and Object Lock."""

from __future__ import annotations

from typing import Any

from given import refusal
from local_aws.processes import Moto
from test_local_s3 import bucket


def versions(s3: Any, status: str = "Enabled", mfa: str | None = None, **given: str) -> None:
    """Puts a versioning configuration."""
    configuration = {"Status": status} | ({"MFADelete": mfa} if mfa else {})
    s3.put_bucket_versioning(Bucket="files", VersioningConfiguration=configuration, **given)


def test_mfa_delete_is_kept_and_needs_the_second_factor(moto: Moto) -> None:
    s3 = bucket(moto)
    assert refusal(versions, s3=s3, mfa="Enabled") == (
        403, "AccessDenied", "Mfa Authentication must be used for this request"
    )
    versions(s3, mfa="Enabled", MFA="serial 123456")
    found = s3.get_bucket_versioning(Bucket="files")
    assert (found["Status"], found["MFADelete"]) == ("Enabled", "Enabled")
    assert refusal(versions, s3=s3, status="Suspended")[:2] == (403, "AccessDenied")
    versions(s3, mfa="Disabled", MFA="serial 123456")
    assert s3.get_bucket_versioning(Bucket="files")["MFADelete"] == "Disabled"
    versions(s3, "Suspended")
    assert s3.get_bucket_versioning(Bucket="files")["Status"] == "Suspended"


def test_versioning_has_two_states_and_stays_with_object_lock(moto: Moto) -> None:
    s3 = bucket(moto, ObjectLockEnabledForBucket=True)
    code = "IllegalVersioningConfigurationException"
    assert refusal(versions, s3=s3, status="Perhaps")[:2] == (400, code)
    assert refusal(versions, s3=s3, status="Suspended")[:2] == (409, "InvalidBucketState")
    lock = s3.get_object_lock_configuration(Bucket="files")["ObjectLockConfiguration"]
    assert lock == {"ObjectLockEnabled": "Enabled"}
    lock["Rule"] = {"DefaultRetention": {"Mode": "GOVERNANCE", "Years": 1}}
    s3.put_object_lock_configuration(Bucket="files", ObjectLockConfiguration=lock)
    assert s3.get_object_lock_configuration(Bucket="files")["ObjectLockConfiguration"] == lock
