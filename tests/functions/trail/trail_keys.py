"""Keys of trails, for the tests of the trail function."""

from __future__ import annotations

import json
from typing import Any

from conftest import StartFunction
from given import trail_arn, trail_key_policy
from local_aws.faults import Faults
from local_aws.processes import Moto
from trails import KMS, assert_key_in_order, every, kept_trail, now, outcomes, region_of, statuses, trail_call

ENCRYPT = "kms:GenerateDataKey*"
Document = dict[str, Any]


def unencrypted(moto: Moto, **given: Any) -> str:
    """A trail that lacks a key, and nothing else."""
    return kept_trail(moto, KmsKeyId=None, **given)


def check(function: StartFunction, faults: Faults, arn: str, event: Any = None) -> dict[str, Any]:
    """What enforce says of the key; of the other controls there is nothing to say."""
    found = outcomes(function("trail", endpoint=faults, mode="enforce").invoke(event or trail_call("UpdateTrail", arn)))
    assert {control: it["status"] for control, it in found.items()} == every("compliant", {KMS: found[KMS]["status"]})
    return found[KMS]


def put_policy(moto: Moto, key: str, document: Document) -> None:
    kms = moto.client("kms", region_of(key))
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(document))


def only_the_root(*arns: str) -> Document:
    """The policy of a key that CloudTrail may not use."""
    whole = trail_key_policy(*(arns or (trail_arn(),)))
    return whole | {"Statement": whole["Statement"][:1]}


def on_our_key(function: StartFunction, moto: Moto) -> tuple[str, str]:
    """A trail that we encrypted, and its key."""
    arn = unencrypted(moto)
    assert statuses(function("trail", mode="enforce").invoke(trail_call("UpdateTrail", arn)))[KMS] == "fixed"
    key = assert_key_in_order(moto)
    assert now(moto, arn)["KmsKeyId"] == key
    return arn, key
