"""Keys of trails, for the tests of the trail function."""

from __future__ import annotations

import json
from typing import Any

from conftest import StartFunction
from given import trail_arn, trail_key_policy
from local_aws.faults import Faults
from local_aws.processes import Moto
from trails import KMS, LOGGING, MULTI, assert_key_in_order, every, kept_trail, now, outcomes, region_of, statuses, trail_call

ENCRYPT = "kms:GenerateDataKey*"
Document = dict[str, Any]


def unencrypted(moto: Moto, **given: Any) -> str:
    """A trail that lacks a key, and nothing else."""
    return kept_trail(moto, KmsKeyId=None, **given)


def check(function: StartFunction, faults: Faults, arn: str, event: Any = None) -> dict[str, Any]:
    """What enforce says of the key; of the others there is nothing to say, but that nothing arrives while it is broken."""
    found = outcomes(function("trail", endpoint=faults, mode="enforce").invoke(event or trail_call("UpdateTrail", arn)))
    status, arrives = found[KMS]["status"], found[LOGGING]["status"] == "compliant"
    others = every("compliant", {} if arrives else {LOGGING: "advised", MULTI: "advised"})
    assert {control: it["status"] for control, it in found.items()} == others | {KMS: status}
    assert arrives or status == "advised" and "do not arrive" in found[LOGGING]["because"]
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
