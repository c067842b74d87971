"""Accounts full of resources with the same fault, for the sweeps: VPCs without a flow log, keys that do not rotate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kms_keys import ROOT, many, only
from local_aws.processes import ACCOUNT, REGION, Faults, Moto
from trails import OURS
from vpcs import tags_of, vpc, vpcs_in


@dataclass(frozen=True)
class Kind:
    """A kind of resource, and how accounts full of it are made, spoilt and looked at."""

    family: str
    what: str
    few: int
    many: int
    make: Callable[[Moto, int], set[str]]
    """Makes so many in an empty account; gives their ids."""
    right: Callable[[Moto, set[str]], set[str]]
    """Those of them that are as they must be."""
    spoil: Callable[[Moto, Faults, set[str]], object]
    """Sees to it that one of them cannot be repaired."""
    spoilt: str
    """What that is, in words."""


def silent_vpcs(moto: Moto, count: int) -> set[str]:
    """VPCs without a flow log, the default one among them."""
    for _ in range(count - len(vpcs_in(moto))):
        vpc(moto)
    return vpcs_in(moto)


def logged(moto: Moto, vpcs: set[str]) -> set[str]:
    """The VPCs that have one flow log, of ours."""
    found = moto.client("ec2").get_paginator("describe_flow_logs").paginate().build_full_result()["FlowLogs"]
    logs = [it["ResourceId"] for it in found if tags_of(it) == OURS and it["FlowLogStatus"] == "ACTIVE"]
    if len(set(logs)) != len(found):
        raise RuntimeError(f"{len(found)} flow logs are there, of ours on {len(set(logs))} VPCs")
    return vpcs & set(logs)


def still_keys(moto: Moto, count: int) -> set[str]:
    """Keys that do not rotate."""
    return many(moto, REGION, count)


def rotating(moto: Moto, keys: set[str]) -> set[str]:
    """The keys that rotate."""
    kms = moto.client("kms")
    return {key for key in keys if kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]}


def refuse_one(_: Moto, faults: Faults, _vpcs: set[str]) -> None:
    """The first CreateFlowLogs is refused, whichever VPC it is for."""
    faults.deny("ec2", "CreateFlowLogs", times=1)


def close_one(moto: Moto, _: Faults, keys: set[str]) -> None:
    """One key's policy lets the account see whether it rotates, and do nothing else."""
    one = sorted(keys)[len(keys) // 2]
    only(moto, f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{one}", {"Principal": ROOT, "Action": "kms:GetKeyRotationStatus"})


VPCS = Kind(
    "vpc", "VPCs without flow log", 50, 500, silent_vpcs, logged, refuse_one, "a VPC whose CreateFlowLogs is refused",
)
KEYS = Kind(
    "key", "keys that do not rotate", 200, 2000, still_keys, rotating, close_one, "a key whose policy lets nobody in",
)
