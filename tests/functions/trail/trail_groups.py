"""Log groups and roles of trails, for the tests of the trail function."""

from __future__ import annotations

from typing import Any

from conftest import StartFunction
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from trails import (
    LOGS, OUR_GROUP, OUR_ROLE_ARN, WITHOUT_LOGS, assert_role_in_order, every, kept_trail, now, outcomes, retentions,
    statuses, trail_call,
)

GROUP, WRITER = "main", "main-writer"
"""What kept_trail gives a trail to write to and with."""


def group_arn(name: str, region: str = REGION) -> str:
    return f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{name}:*"


def check_logs(function: StartFunction, faults: Faults, event: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """What enforce says of the log group; of the other controls there is nothing to say."""
    found = outcomes(function("trail", endpoint=faults, mode="enforce", **settings).invoke(event))
    assert {control: it["status"] for control, it in found.items()} == every("compliant", {LOGS: found[LOGS]["status"]})
    return found[LOGS]


def on_ours(function: StartFunction, moto: Moto, region: str = REGION) -> str:
    """A trail that feeds our group with our role."""
    arn = kept_trail(moto, region=region, **WITHOUT_LOGS)
    assert statuses(function("trail", mode="enforce").invoke(trail_call("UpdateTrail", arn)))[LOGS] == "fixed"
    assert_ours(moto, arn, region)
    return arn


def assert_ours(moto: Moto, arn: str, region: str = REGION) -> None:
    found = now(moto, arn)
    assert found["CloudWatchLogsLogGroupArn"] == group_arn(OUR_GROUP, region)
    assert found["CloudWatchLogsRoleArn"] == OUR_ROLE_ARN
    assert retentions(moto, region)[OUR_GROUP] == 365
    assert_role_in_order(moto, OUR_GROUP)
    assert_fed(moto, arn)


def assert_fed(moto: Moto, arn: str) -> None:
    """CloudTrail would deliver there."""
    told = moto.client("cloudtrail").get_trail_status(Name=arn)
    assert "LatestCloudWatchLogsDeliveryError" not in told


def drop_role(moto: Moto, name: str) -> None:
    """Deletes a role with its inline policies."""
    iam = moto.client("iam")
    for inline in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=inline)
    iam.delete_role(RoleName=name)
