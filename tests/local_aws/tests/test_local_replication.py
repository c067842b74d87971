"""Replication: what S3 refuses, and that ciphertext is copied only by a rule that selects it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from given import refusal
from local_aws.processes import Moto

KEY = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"


def versioned(moto: Moto, name: str) -> None:
    s3 = moto.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def rule(*, ciphertext: bool = False, prefix: str = "", status: str = "Enabled") -> dict[str, Any]:
    to: dict[str, Any] = {"Bucket": "arn:aws:s3:::vault"}
    more: dict[str, Any] = {}
    if ciphertext:
        to["EncryptionConfiguration"] = {"ReplicaKmsKeyID": KEY}
        more = {"SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}}}
    return {
        "ID": "vault", "Priority": 1, "Status": status, "Filter": {"Prefix": prefix}, "Destination": to,
        "DeleteMarkerReplication": {"Status": "Disabled"}, **more,
    }


def replicate(moto: Moto, *rules: dict[str, Any]) -> None:
    moto.client("s3").put_bucket_replication(
        Bucket="logs", ReplicationConfiguration={"Role": "arn:aws:iam::123456789012:role/copy", "Rules": list(rules)}
    )


def copies(moto: Moto) -> list[str]:
    return [it["Key"] for it in moto.client("s3").list_objects_v2(Bucket="vault").get("Contents", [])]


def test_a_bucket_without_rules_says_so(moto: Moto) -> None:
    versioned(moto, "logs")
    assert refusal(moto.client("s3").get_bucket_replication, Bucket="logs")[1] == "ReplicationConfigurationNotFoundError"


def test_rules_are_kept_as_they_were_put(moto: Moto) -> None:
    versioned(moto, "logs")
    versioned(moto, "vault")
    replicate(moto, rule(ciphertext=True, prefix="AWSLogs/"))
    (kept,) = moto.client("s3").get_bucket_replication(Bucket="logs")["ReplicationConfiguration"]["Rules"]
    assert kept["SourceSelectionCriteria"] == {"SseKmsEncryptedObjects": {"Status": "Enabled"}}
    assert kept["Filter"] == {"Prefix": "AWSLogs/"} and kept["Status"] == "Enabled" and kept["ID"] == "vault"


def test_what_cannot_be_copied_is_refused(moto: Moto) -> None:
    moto.client("s3").create_bucket(Bucket="logs")
    versioned(moto, "vault")
    with pytest.raises(ClientError, match="Versioning must be"):
        replicate(moto, rule())
    moto.client("s3").put_bucket_versioning(Bucket="logs", VersioningConfiguration={"Status": "Enabled"})
    lacking = rule(ciphertext=True)
    del lacking["Destination"]["EncryptionConfiguration"]
    with pytest.raises(ClientError, match="together"):
        replicate(moto, lacking)


@pytest.mark.parametrize(
    ("ciphertext", "prefix", "status", "expected"),
    [
        (False, "", "Enabled", ["plain"]), (True, "", "Enabled", ["plain", "secret"]), (True, "s", "Enabled", ["secret"]),
        (True, "", "Disabled", []),
    ],
)
def test_ciphertext_is_copied_only_where_a_rule_selects_it(
    moto: Moto, ciphertext: bool, prefix: str, status: str, expected: list[str]
) -> None:
    versioned(moto, "logs")
    versioned(moto, "vault")
    replicate(moto, rule(ciphertext=ciphertext, prefix=prefix, status=status))
    moto.client("s3").put_object(Bucket="logs", Key="plain", Body=b"x")
    moto.client("s3").put_object(
        Bucket="logs", Key="secret", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=KEY
    )
    assert copies(moto) == expected
