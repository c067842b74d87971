"""The local KMS refuses and keeps what AWS does."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from given import policy, refusal, role
from local_aws.processes import ACCOUNT, Moto

ROOT = f"arn:aws:iam::{ACCOUNT}:root"
OWNER = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"}
MALFORMED = "MalformedPolicyDocumentException"
UNSUPPORTED = "UnsupportedOperationException"


def made(moto: Moto, **given: Any) -> str:
    return str(moto.client("kms").create_key(**given)["KeyMetadata"]["KeyId"])


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def rotation(moto: Moto, key: str, region: str = "us-east-1") -> dict[str, Any]:
    found = dict(moto.client("kms", region).get_key_rotation_status(KeyId=key))
    found.pop("ResponseMetadata")
    return found


def test_a_key_rotates_every_year_unless_told_otherwise(moto: Moto) -> None:
    key, kms = made(moto), moto.client("kms")
    assert rotation(moto, key) == {"KeyId": key, "KeyRotationEnabled": False}
    kms.enable_key_rotation(KeyId=key)
    assert rotation(moto, key)["RotationPeriodInDays"] == 365
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    assert rotation(moto, key)["RotationPeriodInDays"] == 90
    kms.disable_key_rotation(KeyId=key)
    assert rotation(moto, key) == {"KeyId": key, "KeyRotationEnabled": False}


def test_a_rotation_period_has_bounds(moto: Moto) -> None:
    key, call = made(moto), moto.client("kms").enable_key_rotation
    assert refusal(call, KeyId=key, RotationPeriodInDays=2561)[:2] == (400, "ValidationException")
    assert rotation(moto, key) == {"KeyId": key, "KeyRotationEnabled": False}


@pytest.mark.parametrize(
    "given",
    [
        {"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"},
        {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
        {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
        {"Origin": "EXTERNAL"},
        {"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "cks-1234567890abcdef0"},
    ],
)
def test_a_key_that_cannot_rotate_is_refused(moto: Moto, given: dict[str, Any]) -> None:
    key, kms = made(moto, **given), moto.client("kms")
    assert refusal(kms.enable_key_rotation, KeyId=key)[:2] == (400, UNSUPPORTED)
    assert given.items() <= kms.describe_key(KeyId=key)["KeyMetadata"].items()


def test_a_key_in_the_wrong_state_is_refused(moto: Moto) -> None:
    key, kms = made(moto), moto.client("kms")
    arn = kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    kms.enable_key_rotation(KeyId=key)
    kms.disable_key(KeyId=arn)
    found = refusal(kms.enable_key_rotation, KeyId=key)
    assert found == (400, "DisabledException", f"{arn} is disabled.")
    assert rotation(moto, key)["KeyRotationEnabled"]
    kms.schedule_key_deletion(KeyId=arn)
    found = refusal(kms.enable_key_rotation, KeyId=key)
    assert found == (400, "KMSInvalidStateException", f"{arn} is pending deletion.")
    assert not rotation(moto, key)["KeyRotationEnabled"]
    assert refusal(kms.enable_key, KeyId=key)[1] == "KMSInvalidStateException"
    call = kms.create_alias
    assert refusal(call, AliasName="alias/a", TargetKeyId=key)[1] == "KMSInvalidStateException"
    kms.put_key_policy(KeyId=key, Policy=document(OWNER))
    kms.cancel_key_deletion(KeyId=arn)
    kms.enable_key(KeyId=arn)
    assert rotation(moto, key)["KeyRotationEnabled"]


def test_an_imported_key_waits_for_its_material(moto: Moto) -> None:
    key = made(moto, Origin="EXTERNAL")
    found = moto.client("kms").describe_key(KeyId=key)["KeyMetadata"]
    assert (found["KeyState"], found["Enabled"]) == ("PendingImport", False)


def test_a_replica_rotates_with_its_primary(moto: Moto) -> None:
    here, far = moto.client("kms"), moto.client("kms", "eu-west-1")
    key = made(moto, MultiRegion=True)
    here.create_alias(AliasName="alias/a", TargetKeyId=key)
    here.replicate_key(KeyId=key, ReplicaRegion="eu-west-1")
    for kms, kind in ((far, "REPLICA"), (here, "PRIMARY")):
        found = kms.describe_key(KeyId=key)["KeyMetadata"]["MultiRegionConfiguration"]
        assert found["MultiRegionKeyType"] == kind
    assert refusal(far.enable_key_rotation, KeyId=key)[1] == UNSUPPORTED
    here.enable_key_rotation(KeyId=key, RotationPeriodInDays=100)
    assert rotation(moto, key, "eu-west-1")["RotationPeriodInDays"] == 100
    assert refusal(far.describe_key, KeyId="alias/a")[1] == "NotFoundException"
    call = here.replicate_key
    assert refusal(call, KeyId=made(moto), ReplicaRegion="eu-west-1")[1] == UNSUPPORTED


def test_a_key_is_found_by_id_or_by_the_arn_of_its_place(moto: Moto) -> None:
    key, kms = made(moto), moto.client("kms")
    arn = kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/a", TargetKeyId=arn)
    kms.enable_key_rotation(KeyId=arn)
    for name in ("alias/a", arn.replace("us-east-1", "eu-west-1"), "0" * 36, arn[:-4] + "0000"):
        assert refusal(kms.enable_key_rotation, KeyId=name)[1] == "NotFoundException"


@pytest.mark.parametrize("service", ["s3", "sns", "sqs"])
def test_a_key_that_aws_manages_is_not_the_customers(moto: Moto, service: str) -> None:
    kms = moto.client("kms")
    found = kms.describe_key(KeyId=f"alias/aws/{service}")["KeyMetadata"]
    assert (found["KeyManager"], found["KeySpec"]) == ("AWS", "SYMMETRIC_DEFAULT")
    key = found["KeyId"]
    assert rotation(moto, key)["KeyRotationEnabled"]
    assert refusal(kms.enable_key_rotation, KeyId=key)[1] == "AccessDeniedException"
    assert refusal(kms.put_key_policy, KeyId=key, Policy=document(OWNER))[1] == UNSUPPORTED
    assert "kms:ViaService" in kms.get_key_policy(KeyId=key)["Policy"]


def test_an_asymmetric_key_needs_a_usage(moto: Moto) -> None:
    call = moto.client("kms").create_key
    assert refusal(call, KeySpec="RSA_2048")[1] == "ValidationException"
    found = call()["KeyMetadata"]
    assert (found["KeyUsage"], found["KeyState"]) == ("ENCRYPT_DECRYPT", "Enabled")


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        document(),
        document(OWNER | {"Effect": "Permit"}),
        document(OWNER | {"Conditions": {}}),
        document({key: value for key, value in OWNER.items() if key != "Principal"}),
        document(OWNER, OWNER | {"Principal": {}}),
        document(OWNER, OWNER | {"Principal": {"AWS": []}}),
        document(OWNER).replace("2012-10-17", "2020-10-17"),
        document(OWNER, OWNER | {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/none"}}),
        document(OWNER | {"Principal": {"AWS": [ROOT, f"arn:aws:iam::{ACCOUNT}:user/none"]}}),
        document(OWNER, OWNER | {"Principal": {"AWS": "AROAEXAMPLEEXAMPLE123"}}),
        document(OWNER | {"Action": "kms:Describe*"}),
        document(OWNER | {"Principal": {"Service": "s3.amazonaws.com"}}),
        document(OWNER | {"Principal": {"AWS": "arn:aws:iam::210987654321:root"}}),
        document({key: value for key, value in OWNER.items() if key != "Resource"}),
        document(OWNER, OWNER | {"Effect": "Deny", "Principal": "*"}),
        document(OWNER | {"Condition": {"StringEquals": {"aws:PrincipalTag/a": "b"}}}),
    ],
)
def test_a_policy_that_is_no_key_policy_is_refused(moto: Moto, text: str) -> None:
    key, kms = made(moto), moto.client("kms")
    before = kms.get_key_policy(KeyId=key)["Policy"]
    assert refusal(kms.put_key_policy, KeyId=key, Policy=text)[:2] == (400, MALFORMED)
    assert refusal(kms.create_key, Policy=text)[:2] == (400, MALFORMED)
    assert kms.get_key_policy(KeyId=key)["Policy"] == before
    assert len(kms.list_keys()["Keys"]) == 1


@pytest.mark.parametrize(
    "text",
    [
        document(OWNER),
        document(OWNER | {"Principal": {"AWS": ACCOUNT}}),
        document(OWNER | {"Action": ["kms:Describe*", "kms:Put*"]}),
        document(OWNER, OWNER | {"Principal": {"AWS": "arn:aws:iam::210987654321:role/any"}}),
        document(OWNER, OWNER | {"Principal": {"Service": "cloudtrail.amazonaws.com"}}),
        document(OWNER, {"Effect": "Allow", "Principal": {"AWS": ROOT}}),
        document(OWNER, OWNER | {"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt"}),
    ],
)
def test_a_sound_policy_is_kept_word_for_word(moto: Moto, text: str) -> None:
    key, kms = made(moto), moto.client("kms")
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=text)
    assert kms.get_key_policy(KeyId=key)["Policy"] == text
    assert kms.describe_key(KeyId=key)


def test_a_policy_has_a_limit(moto: Moto) -> None:
    key, call = made(moto), moto.client("kms").put_key_policy
    text = document(OWNER)
    call(KeyId=key, Policy=text + " " * (32_768 - len(text)))
    longer = text + " " * (32_769 - len(text))
    assert refusal(call, KeyId=key, Policy=longer)[1] == "LimitExceededException"


def test_the_lockout_check_can_be_left_out_but_no_other(moto: Moto) -> None:
    key, call = made(moto), moto.client("kms").put_key_policy
    locking = document(OWNER | {"Action": "kms:Describe*"})
    call(KeyId=key, Policy=locking, BypassPolicyLockoutSafetyCheck=True)
    found = refusal(call, KeyId=key, Policy="{", BypassPolicyLockoutSafetyCheck=True)
    assert found[1] == MALFORMED
    assert made(moto, Policy=locking, BypassPolicyLockoutSafetyCheck=True)


def test_a_principal_must_be_visible(moto: Moto) -> None:
    key, call = made(moto), moto.client("kms").put_key_policy
    moto.role_propagation(1)
    text = document(OWNER, OWNER | {"Principal": {"AWS": role(moto)}})
    assert refusal(call, KeyId=key, Policy=text)[1] == MALFORMED
    call(KeyId=key, Policy=text)
    only = policy(Principal={"AWS": role(moto, "admin")}, Action="kms:*", Resource="*")
    assert refusal(call, KeyId=key, Policy=only)[1] == MALFORMED
    call(KeyId=key, Policy=only)


def test_an_alias_is_of_one_key(moto: Moto) -> None:
    key, kms = made(moto), moto.client("kms")
    kms.create_alias(AliasName="alias/a", TargetKeyId=key)
    found = refusal(kms.create_alias, AliasName="alias/a", TargetKeyId=made(moto))
    assert found[:2] == (400, "AlreadyExistsException")
    call = kms.create_alias
    assert refusal(call, AliasName="alias/b", TargetKeyId="0" * 36)[1] == "NotFoundException"


@pytest.mark.parametrize("name", ["a", "alias/", "alias/a b", "alias/a:b", "alias/" + "a" * 251])
def test_an_alias_has_a_sound_name(moto: Moto, name: str) -> None:
    call = moto.client("kms").create_alias
    assert refusal(call, AliasName=name, TargetKeyId=made(moto))[1] == "ValidationException"


@pytest.mark.parametrize("name", ["alias/aws/s3", "alias/aws/mine"])
def test_an_alias_of_aws_is_reserved(moto: Moto, name: str) -> None:
    call = moto.client("kms").create_alias
    assert refusal(call, AliasName=name, TargetKeyId=made(moto))[1] == "NotAuthorizedException"


def test_of_several_aliases_at_once_one_is_made(moto: Moto) -> None:
    keys, kms = [made(moto) for _ in range(8)], moto.client("kms")

    def create(key: str) -> bool:
        try:
            kms.create_alias(AliasName="alias/a", TargetKeyId=key)
        except ClientError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(create, keys)) == 1


def test_the_key_that_aws_manages_is_made_once(moto: Moto) -> None:
    kms = moto.client("kms")
    with ThreadPoolExecutor(8) as threads:
        found = threads.map(lambda _: kms.describe_key(KeyId="alias/aws/sns"), range(8))
        assert len({one["KeyMetadata"]["KeyId"] for one in found}) == 1


def test_grants_are_listed_by_pages(moto: Moto) -> None:
    key, kms = made(moto), moto.client("kms")
    grantees = [f"arn:aws:iam::{ACCOUNT}:role/r{number}" for number in range(3)]
    for grantee in grantees:
        kms.create_grant(KeyId=key, GranteePrincipal=grantee, Operations=["Decrypt"])
    first = kms.list_grants(KeyId=key, Limit=2)
    rest = kms.list_grants(KeyId=key, Limit=2, Marker=first["NextMarker"])
    assert (len(first["Grants"]), len(rest["Grants"]), rest["Truncated"]) == (2, 1, False)
    listed = [*first["Grants"], *rest["Grants"]]
    assert {it["GranteePrincipal"] for it in listed} == set(grantees)
    assert {it["IssuingAccount"] for it in listed} == {f"arn:aws:iam::{ACCOUNT}:root"}
    assert refusal(kms.list_grants, KeyId=key, Limit=101)[1] == "ValidationException"
    assert refusal(kms.list_grants, KeyId="alias/a")[0] == 400


def test_a_grant_is_of_known_operations_for_somebody(moto: Moto) -> None:
    key, call = made(moto), moto.client("kms").create_grant
    good = {"KeyId": key, "GranteePrincipal": f"arn:aws:iam::{ACCOUNT}:root", "Operations": ["Decrypt"]}
    assert refusal(call, **good | {"Operations": ["ListGrants"]})[1] == "ValidationException"
    assert refusal(call, **good | {"GranteePrincipal": "somebody"})[1] == "InvalidArnException"
    moto.client("kms").disable_key(KeyId=key)
    assert refusal(call, **good)[1] == "DisabledException"
