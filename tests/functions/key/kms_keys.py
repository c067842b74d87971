"""KMS keys, for the tests of the key function: what wakes it, says, and leaves behind."""

from __future__ import annotations

import json
from typing import Any

from conftest import StartFunction
from envelope import Event, api_call
from given import Emulator
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from local_aws.server import request
from observed import result
from runtime_api import Answer

CONTROL = "kms-key-rotation"
ENABLE = "kms:EnableKeyRotation"
TRIGGERS = ("CancelKeyDeletion", "CreateKey", "DisableKeyRotation", "EnableKey", "ReplicateKey")
WEST = "eu-west-1"
ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
READING = ["kms:DescribeKey", "kms:GetKeyRotationStatus", "kms:ListResourceTags"]


def id_of(arn: str) -> str:
    return arn.rpartition("/")[2]


def region_of(arn: str) -> str:
    return arn.split(":")[3]


def key(account: Emulator, region: str = REGION, **given: Any) -> str:
    """The ARN of a key; it can rotate, and does not, unless it is given otherwise."""
    return str(account.client("kms", region).create_key(**given)["KeyMetadata"]["Arn"])


def many(moto: Moto, region: str, count: int, *, rotating: bool = False) -> set[str]:
    """The ids of so many keys."""
    given = {"region": region, "count": count, "rotating": rotating}
    return set(request("POST", f"{moto.endpoint}/_local/kms/keys", given)["keys"])


def put_state(moto: Moto, arn: str, state: str) -> None:
    """Puts a key into a state that only time or AWS brings about."""
    given = {"region": region_of(arn), "key": id_of(arn), "state": state}
    request("POST", f"{moto.endpoint}/_local/kms/state", given)


def only(moto: Moto, arn: str, *statements: dict[str, Any]) -> None:
    """Makes these the whole policy of a key."""
    whole = {
        "Version": "2012-10-17",
        "Statement": [{"Resource": "*", "Effect": "Allow"} | it for it in statements],
    }
    kms = moto.client("kms", region_of(arn))
    kms.put_key_policy(KeyId=arn, Policy=json.dumps(whole), BypassPolicyLockoutSafetyCheck=True)


def rotation(account: Emulator, arn: str) -> int | None:
    """The rotation period of a key; none where it does not rotate."""
    found = account.client("kms", region_of(arn)).get_key_rotation_status(KeyId=arn)
    return int(found["RotationPeriodInDays"]) if found["KeyRotationEnabled"] else None


# What wakes the function.


def key_call(name: str, arn: str, **record: Any) -> Event:
    """A call on a key as KMS records it: by the id that the caller wrote, and by its ARN."""
    given = {
        "requestParameters": {"keyId": id_of(arn)},
        "responseElements": {"keyId": arn},
        "resources": [{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": arn}],
    }
    if name == "CreateKey":
        given |= {
            "requestParameters": {"origin": "AWS_KMS", "multiRegion": False},
            "responseElements": {
                "keyMetadata": {"aWSAccountId": ACCOUNT, "keyId": id_of(arn), "arn": arn}
            },
        }
    return api_call("kms", name, region=region_of(arn), **(given | record))


def invoke(function: StartFunction, faults: Faults, event: Event, **settings: Any) -> Answer:
    """The function's answer, in enforce mode unless it is given otherwise."""
    return function("key", endpoint=faults, **({"mode": "enforce"} | settings)).invoke(event)


def check(
    function: StartFunction, faults: Faults, arn: str, name: str = "CreateKey", **settings: Any
) -> dict[str, Any]:
    """What is said of a key."""
    outcome = result(invoke(function, faults, key_call(name, arn), **settings))
    assert (outcome["control"], outcome["resource"], outcome["region"]) == (
        CONTROL,
        arn,
        region_of(arn),
    )
    return outcome


def calls(faults: Faults) -> list[str]:
    """The operations of KMS that were called, in order."""
    return [call.operation for call in faults.calls("kms")]
