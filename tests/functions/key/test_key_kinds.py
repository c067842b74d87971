"""Keys that cannot be made to rotate: left alone, with the reason."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import StartFunction
from kms_keys import (
    WEST,
    calls,
    check,
    id_of,
    invoke,
    key,
    key_call,
    put_state,
    rotation,
)
from local_aws.faults import Faults
from local_aws.processes import REGION, Moto
from observed import result

SIGNING = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}

KINDS: dict[str, tuple[dict[str, Any], str]] = {
    "asymmetric": ({"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}, "RSA_2048"),
    "signing": (SIGNING, "ECC_NIST_P256 for SIGN_VERIFY"),
    "hmac": ({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}, "HMAC_256"),
    "imported": ({"Origin": "EXTERNAL"}, "imported"),
    "cloudhsm": (
        {"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "cks-1234567890abcdef0"},
        "cks-1234567890abcdef0",
    ),
    "external store": (
        {"Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": "cks-1234567890abcdef1"},
        "cks-1234567890abcdef1",
    ),
}


def not_applicable(function: StartFunction, faults: Faults, arn: str, mode: str = "enforce") -> str:
    """Why, with no call but the one that tells what the key is."""
    outcome = check(function, faults, arn, mode=mode)
    assert (outcome["status"], outcome["steps"]) == ("not-applicable", [])
    assert set(calls(faults)) == {"DescribeKey"}
    return str(outcome["because"])


@pytest.mark.parametrize("mode", ["dry-run", "enforce"])
@pytest.mark.parametrize("kind", KINDS)
def test_not_applicable_by_what_the_key_is(
    function: StartFunction, moto: Moto, faults: Faults, kind: str, mode: str
) -> None:
    given, why = KINDS[kind]
    assert why in not_applicable(function, faults, key(moto, **given), mode)


def test_not_applicable_when_aws_manages_the_key(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = moto.client("kms").describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["Arn"]
    assert "managed by AWS" in not_applicable(function, faults, arn)


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("Disabled", "disabled"),
        ("PendingDeletion", "scheduled for deletion"),
        ("PendingReplicaDeletion", "once its replicas are"),
        ("PendingImport", "imported"),
        ("Creating", "still being created"),
        ("Updating", "primary region"),
        ("Unavailable", "key store"),
    ],
)
def test_not_applicable_by_the_keys_state(
    function: StartFunction, moto: Moto, faults: Faults, state: str, why: str
) -> None:
    arn = key(moto)
    put_state(moto, arn, state)
    because = not_applicable(function, faults, arn)
    assert why in because and state in because
    assert len(calls(faults)) == (4 if state == "Creating" else 1), (
        "only what passes by itself is waited for"
    )


def test_a_key_is_looked_at_again_once_it_is_back(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn, kms = key(moto), moto.client("kms")
    kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
    not_applicable(function, faults, arn)
    kms.cancel_key_deletion(KeyId=arn)
    assert "disabled" in check(function, faults, arn, "CancelKeyDeletion")["because"]
    kms.enable_key(KeyId=arn)
    assert check(function, faults, arn, "EnableKey")["status"] == "fixed"


def test_a_replica_is_its_primary_keys_matter(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = key(moto, MultiRegion=True)
    moto.client("kms").replicate_key(KeyId=arn, ReplicaRegion=WEST)
    replica = arn.replace(REGION, WEST)
    because = not_applicable(function, faults, replica)
    assert f"primary key {arn} in {REGION}" in because
    metadata = {"replicaKeyMetadata": {"arn": replica, "keyId": id_of(replica)}}
    event = key_call("ReplicateKey", arn, responseElements=metadata, resources=[{"ARN": replica}])
    outcome = result(invoke(function, faults, event))
    assert (outcome["resource"], outcome["status"]) == (arn, "fixed")
    assert rotation(moto, arn) == rotation(moto, replica) == 365
