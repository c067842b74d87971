"""The local KMS lets those keys rotate that AWS does, for whom their policy lets in."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from given import NEXT_SECOND, SECOND, client_of, refusal, role, signed_at, trust
from local_aws.clients import Credentials, client
from local_aws.processes import ACCOUNT, REGION, Faults, Moto
from local_aws.server import request

WEST = "eu-west-1"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
EVERYTHING = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
UNSUPPORTED = "UnsupportedOperationException"
DENIED = "AccessDeniedException"
INVALID = "KMSInvalidStateException"


def made(moto: Moto, **given: Any) -> str:
    return str(moto.client("kms").create_key(**given)["KeyMetadata"]["Arn"])


def order(moto: Moto, what: str, **given: Any) -> Any:
    return request("POST", f"{moto.endpoint}/_local/kms/{what}", given)


def as_role(moto: Moto, arn: str) -> Any:
    given = moto.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    signed = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    return client(moto.endpoint, "kms", REGION, signed)


def keep_to(moto: Moto, key: str, *statements: dict[str, Any]) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    moto.client("kms").put_key_policy(
        KeyId=key, Policy=document, BypassPolicyLockoutSafetyCheck=True
    )


def test_the_status_tells_the_period_and_the_next_date(moto: Moto) -> None:
    key, kms = made(moto), moto.client("kms")
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=100)
    found = kms.get_key_rotation_status(KeyId=key)
    assert key.endswith(found["KeyId"])
    assert (found["KeyRotationEnabled"], found["RotationPeriodInDays"]) == (True, 100)
    assert 99.9 < (found["NextRotationDate"].timestamp() - time.time()) / 86_400 < 100.1
    kms.enable_key_rotation(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 365


def test_a_period_is_looked_at_before_the_key(moto: Moto) -> None:
    kms, key = moto.client("kms"), made(moto, KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    found = refusal(kms.enable_key_rotation, KeyId=key, RotationPeriodInDays=2561)
    assert found[:2] == (400, "ValidationException")


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}, False),
        ({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}, False),
        ({"Origin": "EXTERNAL"}, UNSUPPORTED),
        ({"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "cks-1234567890abcdef0"}, UNSUPPORTED),
    ],
)
def test_the_status_of_a_key_that_cannot_rotate_is_false_or_refused(
    moto: Moto, given: dict[str, Any], status: bool | str
) -> None:
    kms, key = moto.client("kms"), made(moto, **given)
    assert refusal(kms.enable_key_rotation, KeyId=key)[:2] == (400, UNSUPPORTED)
    assert refusal(kms.disable_key_rotation, KeyId=key)[:2] == (400, UNSUPPORTED)
    if status is False:
        assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
        return
    found = refusal(kms.get_key_rotation_status, KeyId=key)
    why = f"{key} origin is {given['Origin']} which is not valid for this operation."
    assert found == (400, status, why)


def test_a_key_that_aws_manages_rotates_and_nobody_changes_that(moto: Moto) -> None:
    kms = moto.client("kms")
    key = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["Arn"]
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True
    for call in (kms.enable_key_rotation, kms.disable_key_rotation):
        assert refusal(call, KeyId=key)[:2] == (400, DENIED)


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("Creating", INVALID),
        ("PendingReplicaDeletion", INVALID),
        ("PendingDeletion", INVALID),
        ("Disabled", "DisabledException"),
        ("Updating", None),
    ],
)
def test_the_state_decides(moto: Moto, state: str, code: str | None) -> None:
    kms, key = moto.client("kms"), made(moto)
    kms.enable_key_rotation(KeyId=key)
    order(moto, "state", region=REGION, key=key.rpartition("/")[2], state=state)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == state
    deletion = state.endswith("Deletion")
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is not deletion
    if code is None:
        kms.enable_key_rotation(KeyId=key)
    else:
        assert refusal(kms.enable_key_rotation, KeyId=key)[:2] == (400, code)


def test_a_status_comes_back_with_the_key(moto: Moto) -> None:
    kms, key = moto.client("kms"), made(moto)
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=180)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert "RotationPeriodInDays" not in kms.get_key_rotation_status(KeyId=key)
    kms.cancel_key_deletion(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 180


@pytest.mark.parametrize("operation", ["enable_key_rotation", "get_key_rotation_status"])
def test_a_key_is_not_named_by_an_alias(moto: Moto, operation: str) -> None:
    kms, key = moto.client("kms"), made(moto)
    kms.create_alias(AliasName="alias/a", TargetKeyId=key)
    call, place = getattr(kms, operation), key.partition(":key/")[0]
    assert refusal(call, KeyId="alias/a")[1] == "NotFoundException"
    for name in (f"{place}:alias/a", "arn:aws:s3:::a"):
        assert refusal(call, KeyId=name)[1] == "InvalidArnException"
    assert (
        refusal(call, KeyId=f"{place}:key/{'0' * 8}-0000-0000-0000-{'0' * 12}")[1]
        == "NotFoundException"
    )


def test_primary_and_replicas_know_each_other(moto: Moto) -> None:
    here, key = moto.client("kms"), made(moto, MultiRegion=True)
    for region in (WEST, "us-west-2"):
        here.replicate_key(KeyId=key, ReplicaRegion=region)
    replicas = [
        {"Arn": key.replace(REGION, region), "Region": region} for region in (WEST, "us-west-2")
    ]
    for region, kind in ((REGION, "PRIMARY"), (WEST, "REPLICA"), ("us-west-2", "REPLICA")):
        kms = moto.client("kms", region)
        found = kms.describe_key(KeyId=key.replace(REGION, region))["KeyMetadata"][
            "MultiRegionConfiguration"
        ]
        primary = {"Arn": key, "Region": REGION}
        assert found == {"MultiRegionKeyType": kind, "PrimaryKey": primary, "ReplicaKeys": replicas}
    name, call = key.rpartition("/")[2], moto.client("kms", WEST).enable_key_rotation
    assert refusal(call, KeyId=name)[1] == UNSUPPORTED
    order(moto, "state", region=WEST, key=name, state="Creating")
    assert refusal(call, KeyId=name)[1] == INVALID
    here.enable_key_rotation(KeyId=key)


CALLS = {
    "kms:DescribeKey": "describe_key",
    "kms:GetKeyRotationStatus": "get_key_rotation_status",
    "kms:EnableKeyRotation": "enable_key_rotation",
    "kms:DisableKeyRotation": "disable_key_rotation",
}


@pytest.mark.parametrize("action", CALLS)
def test_a_key_that_lets_nobody_of_the_account_in_is_closed(moto: Moto, action: str) -> None:
    key, kms = made(moto), moto.client("kms")
    keep_to(moto, key, EVERYTHING | {"Principal": {"AWS": role(moto, "keeper")}})
    caller = moto.client("sts").get_caller_identity()["Arn"]
    assert refusal(getattr(kms, CALLS[action]), KeyId=key) == (
        400,
        DENIED,
        f"User: {caller} is not authorized to perform: {action} on resource: {key} "
        f"because no resource-based policy allows the {action} action",
    )


def test_one_who_is_named_or_delegated_to_gets_in(moto: Moto) -> None:
    key, arn = made(moto), role(moto, "keeper", trust("ec2.amazonaws.com"))
    session = arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/test"
    keeper = as_role(moto, arn)
    for principal in (arn, session, ROOT, ACCOUNT, "*"):
        keep_to(moto, key, EVERYTHING | {"Principal": {"AWS": principal}})
        keeper.enable_key_rotation(KeyId=key)
        keeper.describe_key(KeyId=key)
    other = as_role(moto, role(moto, "other"))
    keep_to(moto, key, EVERYTHING | {"Principal": {"AWS": arn}})
    assert refusal(other.describe_key, KeyId=key)[1] == DENIED


def test_reading_may_be_allowed_alone_and_a_deny_wins(moto: Moto) -> None:
    key, kms, arn = made(moto), moto.client("kms"), role(moto, "keeper")
    reading = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Resource": "*"}
    keep_to(moto, key, reading | {"Action": ["kms:Describe*", "kms:Get*"]})
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    assert refusal(kms.enable_key_rotation, KeyId=key)[1] == DENIED
    deny = {
        "Effect": "Deny",
        "Principal": {"AWS": arn},
        "Action": "kms:EnableKeyRotation",
        "Resource": "*",
    }
    keep_to(moto, key, EVERYTHING | {"Principal": {"AWS": ROOT}}, deny)
    found = refusal(as_role(moto, arn).enable_key_rotation, KeyId=key)
    assert found[1] == DENIED and "with an explicit deny in a resource-based policy" in found[2]
    kms.enable_key_rotation(KeyId=key)


def test_a_condition_of_the_policy_counts(moto: Moto) -> None:
    key, kms = made(moto), moto.client("kms")
    here = {"StringEquals": {"kms:CallerAccount": ACCOUNT}}
    keep_to(moto, key, EVERYTHING | {"Principal": "*", "Condition": here})
    kms.enable_key_rotation(KeyId=key)
    through = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
    keep_to(moto, key, EVERYTHING | {"Principal": "*", "Condition": through})
    assert refusal(kms.enable_key_rotation, KeyId=key)[1] == DENIED


def test_another_account_is_not_let_in(moto: Moto) -> None:
    key = made(moto)
    theirs = client_of(moto, "210987654321", "kms")
    assert refusal(theirs.enable_key_rotation, KeyId=key)[1] == "NotFoundException"


def test_keys_are_listed_by_the_page(moto: Moto) -> None:
    kms, ids = moto.client("kms"), set(order(moto, "keys", region=REGION, count=230)["keys"])
    first = kms.list_keys()
    assert (len(first["Keys"]), first["Truncated"]) == (100, True)
    pages = list(kms.get_paginator("list_keys").paginate())
    assert [len(page["Keys"]) for page in pages] == [100, 100, 30]
    assert {key["KeyId"] for page in pages for key in page["Keys"]} == ids
    last = kms.list_keys(Limit=1000)
    assert len(last["Keys"]) == 230 and not last["Truncated"] and "NextMarker" not in last
    assert refusal(kms.list_keys, Limit=1001)[1] == "ValidationException"
    assert refusal(kms.list_keys, Marker="nonsense")[1] == "InvalidMarkerException"


def test_aliases_are_listed_by_the_page(moto: Moto) -> None:
    kms, key = moto.client("kms"), made(moto)
    names = {f"alias/a{number:03}" for number in range(120)}
    for name in names:
        kms.create_alias(AliasName=name, TargetKeyId=key)
    first = kms.list_aliases()
    assert (len(first["Aliases"]), first["Truncated"]) == (50, True)
    pages = kms.get_paginator("list_aliases").paginate()
    assert {one["AliasName"] for page in pages for one in page["Aliases"]} >= names
    of_key = [
        len(page["Aliases"]) for page in kms.get_paginator("list_aliases").paginate(KeyId=key)
    ]
    assert of_key == [50, 50, 20]
    assert refusal(kms.list_aliases, Limit=101)[1] == "ValidationException"


def test_many_keys_are_made_at_once_and_apart_by_region(moto: Moto) -> None:
    start = time.monotonic()
    ids = order(moto, "keys", region=REGION, count=2000, rotating=True)["keys"]
    assert len(set(ids)) == 2000 and time.monotonic() - start < 10
    kms = moto.client("kms")
    assert kms.get_key_rotation_status(KeyId=ids[7])["RotationPeriodInDays"] == 365
    assert kms.describe_key(KeyId=ids[-1])["KeyMetadata"]["KeyState"] == "Enabled"
    assert moto.client("kms", WEST).list_keys()["Keys"] == []


def test_the_quota_of_a_region_can_be_ordered(moto: Moto) -> None:
    key, kms = made(moto), moto.client("kms")
    moto.throttle("kms", 2)
    with signed_at(SECOND, kms):
        for _ in range(2):
            kms.enable_key_rotation(KeyId=key)
        assert refusal(kms.enable_key_rotation, KeyId=key)[:2] == (400, "ThrottlingException")
        kms.get_key_rotation_status(KeyId=key)
    with signed_at(NEXT_SECOND, kms):
        kms.enable_key_rotation(KeyId=key)


def test_a_throttled_call_is_tried_again(moto: Moto, faults: Faults) -> None:
    key = made(moto)
    faults.throttle("kms", "EnableKeyRotation", 2)
    faults.client("kms", attempts=4).enable_key_rotation(KeyId=key)
    assert len(faults.calls("kms", "EnableKeyRotation")) == 3
