"""What was there before, and was replaced by something else, is there again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from account_snapshot import snapshot
from chains import ADDRESS, S3_CALLS, THEIRS, any_of, delete_alarms, filter_key, theirs
from conftest import StartFunction
from envelope import role_call
from given import policy
from local_aws.processes import REGION, Moto
from recorders import OTHER, bucket_policy, config_call, delivery_bucket
from trail_groups import on_ours
from trails import OUR_POLICY, OUR_ROLE
from undoing import Broken, Desk, all_undone, fixed, kinds, ledger, left
from vpcs import OUR_GROUP, create_vpc, failing_ours


def numb(_: StartFunction, moto: Moto) -> Broken:
    """An alarm that nine events set off."""
    theirs(moto, Threshold=9.0)
    return Broken("monitoring", delete_alarms(), ADDRESS, {f"cloudwatch {REGION} {THEIRS}"})


def blind(_: StartFunction, moto: Moto) -> Broken:
    """A metric filter that misses a call."""
    theirs(moto, any_of(S3_CALLS[1:], source="s3.amazonaws.com"))
    return Broken("monitoring", delete_alarms(), ADDRESS, {filter_key(THEIRS)})


def brief(function: StartFunction, moto: Moto) -> Broken:
    """A log group of ours that keeps its events for a day."""
    one, _ = failing_ours(function, moto, "SUCCESS", "")
    moto.client("logs").put_retention_policy(logGroupName=OUR_GROUP, retentionInDays=1)
    return Broken("vpc", create_vpc(one), {}, {f"logs {REGION} {OUR_GROUP}"})


def cut(function: StartFunction, moto: Moto) -> Broken:
    """A role of ours whose policy lacks a right."""
    on_ours(function, moto)
    text = policy(Action="logs:PutLogEvents", Resource="*")
    moto.client("iam").put_role_policy(RoleName=OUR_ROLE, PolicyName=OUR_POLICY, PolicyDocument=text)
    return Broken("trail", role_call("PutRolePolicy", OUR_ROLE), {}, {f"iam role {OUR_ROLE} inline {OUR_POLICY}"})


def turned(function: StartFunction, moto: Moto) -> Broken:
    """A channel that was turned to the bucket of another account."""
    function("recorder", mode="enforce").invoke(config_call())
    delivery_bucket(moto, "archive", document=bucket_policy("archive", "audit"), owner=OTHER)
    whole = {"name": "default", "s3BucketName": "archive", "s3KeyPrefix": "audit"}
    moto.client("config").put_delivery_channel(DeliveryChannel=whole)
    return Broken("recorder", config_call(), {}, {f"config {REGION} channel default"})


SCENES: dict[str, Callable[[StartFunction, Moto], Broken]] = {
    "alarm": numb, "metric-filter": blind, "log-group-retention": brief, "role-policy": cut, "config-channel": turned,
}
"""By the kind of property that is set."""


@pytest.mark.parametrize("kind", SCENES)
def test_it_is_as_before(function: StartFunction, moto: Moto, kind: str) -> None:
    ledger(moto)
    desk, it = Desk(moto.endpoint), SCENES[kind](function, moto)
    before = snapshot(moto, [REGION])
    fixed(function, moto, it.family, it.event, **it.settings)
    assert kinds(desk) == {kind} and left(moto, before) == it.changed
    all_undone(desk)
    assert left(moto, before) == set()
