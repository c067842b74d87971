"""One property after the other, taken back: byte for byte where it is a document."""

from __future__ import annotations

import json
from typing import Any

import pytest
from account_snapshot import snapshot
from broken import BROKEN
from conftest import StartFunction
from given import described, server, trail
from kms_keys import key, key_call, rotation
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from log_buckets import ENCRYPTION, HTTPS, LIFECYCLE, LOGGING, LOGS, PUBLIC, bucket_call, only, trail_policy
from trails import basic, create_trail, kept_trail, trail_call
from undoing import Desk, all_undone, fixed, ledger, left

GROUP = "/trailkeeper/vpc-flow-logs"
READER = {
    "Sid": "Readers", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": [f"arn:aws:s3:::{LOGS}/*", f"arn:aws:s3:::{LOGS}"],
}
RULES: list[dict[str, Any]] = [
    {"ID": "a", "Filter": {"Prefix": "tmp/"}, "Status": "Enabled", "Expiration": {"Days": 3}},
    {"ID": "b", "Filter": {"And": {"Prefix": "x/", "Tags": [{"Key": "k", "Value": "v"}]}}, "Status": "Disabled",
     "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}],
     "NoncurrentVersionExpiration": {"NoncurrentDays": 9}},
]


@pytest.fixture
def desk(moto: Moto) -> Desk:
    """A person with the ledger of the account."""
    ledger(moto)
    return Desk(moto.endpoint)


def test_a_bucket_policy_byte_for_byte(function: StartFunction, moto: Moto, desk: Desk) -> None:
    trail(moto)
    s3 = moto.client("s3")
    written = json.dumps(trail_policy(READER), separators=(",", ":"))
    s3.put_bucket_policy(Bucket=LOGS, Policy=written)
    fixed(function, moto, "bucket", bucket_call(), **only(HTTPS))
    assert s3.get_bucket_policy(Bucket=LOGS)["Policy"] != written
    all_undone(desk)
    assert s3.get_bucket_policy(Bucket=LOGS)["Policy"] == written


def test_a_public_access_block_partly_on(function: StartFunction, moto: Moto, desk: Desk) -> None:
    trail(moto)
    four = {"BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": False, "RestrictPublicBuckets": True}
    moto.client("s3").put_public_access_block(Bucket=LOGS, PublicAccessBlockConfiguration=four)
    before = snapshot(moto, [REGION])
    fixed(function, moto, "bucket", bucket_call(), **only(PUBLIC))
    assert left(moto, before)
    all_undone(desk)
    assert left(moto, before) == set()


@pytest.mark.parametrize("rules", [[], RULES])
def test_a_lifecycle(function: StartFunction, moto: Moto, desk: Desk, rules: list[dict[str, Any]]) -> None:
    trail(moto)
    s3 = moto.client("s3")
    if rules:
        s3.put_bucket_lifecycle_configuration(Bucket=LOGS, LifecycleConfiguration={"Rules": rules})
    before = snapshot(moto, [REGION])
    fixed(function, moto, "bucket", bucket_call(), **only(LIFECYCLE), TRAILKEEPER_GLACIER_DAYS="90")
    assert left(moto, before)
    all_undone(desk)
    assert left(moto, before) == set()


def test_access_logging_and_the_bucket_that_was_made_for_it(function: StartFunction, moto: Moto, desk: Desk) -> None:
    trail(moto)
    before = snapshot(moto, [REGION])
    fixed(function, moto, "bucket", bucket_call(), **only(LOGGING))
    assert any("access-logs" in it for it in left(moto, before))
    all_undone(desk)
    assert left(moto, before) == set()


def test_a_trail_that_was_stopped(function: StartFunction, moto: Moto, desk: Desk) -> None:
    arn = kept_trail(moto)
    moto.client("cloudtrail").stop_logging(Name=arn)
    before = snapshot(moto, [REGION])
    fixed(function, moto, "trail", trail_call("StopLogging", arn))
    assert moto.client("cloudtrail").get_trail_status(Name=arn)["IsLogging"]
    all_undone(desk)
    assert left(moto, before) == set()


def test_the_selectors_and_settings_of_a_trail(function: StartFunction, moto: Moto, desk: Desk) -> None:
    arn = trail(moto)
    moto.client("cloudtrail").put_event_selectors(TrailName=arn, EventSelectors=[basic("WriteOnly")])
    moto.client("cloudtrail").start_logging(Name=arn)
    before = snapshot(moto, [REGION])
    off = "cloudtrail-kms=off,cloudtrail-cloudwatch-logs=off"
    fixed(function, moto, "trail", create_trail(arn), TRAILKEEPER_CONTROLS=off)
    found = moto.client("cloudtrail").get_trail(Name=arn)["Trail"]
    assert found["IsMultiRegionTrail"] and found["LogFileValidationEnabled"]
    all_undone(desk)
    assert left(moto, before) == set()


def test_the_rotation_of_a_key(function: StartFunction, moto: Moto, desk: Desk) -> None:
    arn = key(moto)
    fixed(function, moto, "key", key_call("CreateKey", arn))
    assert rotation(moto, arn)
    all_undone(desk)
    assert not rotation(moto, arn)


def test_the_logging_role_of_a_server(function: StartFunction, moto: Moto, desk: Desk) -> None:
    from envelope import create_server

    made = server(moto)
    before = snapshot(moto, [REGION])
    fixed(function, moto, "transfer", create_server(made))
    assert described(moto, made)["LoggingRole"]
    all_undone(desk)
    assert left(moto, before) == set()


def test_a_role_that_another_server_uses_stays(function: StartFunction, moto: Moto, desk: Desk) -> None:
    from envelope import create_server

    one, other = server(moto), server(moto)
    fixed(function, moto, "transfer", create_server(one))
    fixed(function, moto, "transfer", create_server(other))
    first = desk.history()[0]["id"]
    said = desk.undo(first).out
    assert f"is used by server {other}" in said, said
    assert not described(moto, one).get("LoggingRole") and described(moto, other)["LoggingRole"]
    moto.client("iam").get_role(RoleName="trailkeeper-transfer-logging")
    told_in_part(desk, first, "trailkeeper-transfer-logging", f"is used by server {other}")
    # Once nothing is in the way, it is taken back by the same command.
    desk.undo(desk.history()[1]["id"])
    assert desk.show(first)["undone"] is None and desk.undo(first).code == 0
    assert moto.client("iam").list_roles()["Roles"] == [] and desk.show(first)["undone"]
    (listed,) = [it for it in desk.history() if it["id"] == first]
    assert listed["undone"] and listed["undone_in_part"] is None
    shown = desk.run("show", first).out
    assert "  in part   " in shown and "still stands" not in shown and "To take" not in shown, shown


def test_after_a_call_that_fails_the_same_again_takes_the_rest_back(
    function: StartFunction, moto: Moto, faults: Faults, desk: Desk
) -> None:
    from envelope import create_server

    made = server(moto)
    before = snapshot(moto, [REGION])
    fixed(function, moto, "transfer", create_server(made))
    change = desk.history()[0]["id"]
    faults.deny("iam", "DeleteRolePolicy")
    done = Desk(faults.endpoint).run("undo", change, "--yes")
    assert done.code == 1 and not described(moto, made).get("LoggingRole"), done
    told_in_part(desk, change, "trailkeeper-transfer-logging", "iam:DeleteRolePolicy")
    assert any("after one that failed" in it["because"] for it in desk.history()[0]["undone_in_part"]["left"])
    faults.clear()
    assert desk.undo(change).code == 0 and left(moto, before) == set()


def told_in_part(desk: Desk, change: str, stands: str, because: str) -> None:
    """What took a part of a change back, who did, and what of it stands, is told by the list and by the change itself."""
    (listed,) = [it for it in desk.history() if it["id"] == change]
    part = listed["undone_in_part"]
    (by,) = [it for it in desk.history() if it["id"] == part["change"]]
    assert by["cause"] == "trailkeeper undo" and by["actor"] == part["by"] and listed["undone"] is None
    assert any(stands in it["summary"] and because in it["because"] for it in part["left"]), part
    assert desk.show(change)["undone_in_part"] == [part]
    done = f" UTC by {part['by']}, with change {part['change']}"
    lines = desk.run("history").out.splitlines()
    (first,) = [number for number, line in enumerate(lines) if line.startswith(change)]
    assert "  undone in part  " in lines[first] and "a part was taken back" in lines[first + 1] and done in lines[first + 1]
    assert lines[first + 2].startswith("    still stands: ") and stands in "".join(lines[first + 2:])
    assert "    run again, the same undo takes the rest back, once nothing is in its way" in lines, lines
    shown = desk.run("show", change).out
    assert "  in part   " in shown and done in shown and "\nWhat still stands\n" in shown and because in shown, shown
    assert f"\nTo take the rest back, the same again: trailkeeper undo {change} --table" in shown, shown
    assert f"  undoes    change {change}\n" in desk.run("show", part["change"]).out


def test_encryption_of_a_bucket(function: StartFunction, moto: Moto, desk: Desk) -> None:
    trail(moto)
    moto.client("s3").delete_bucket_encryption(Bucket=LOGS)
    before = snapshot(moto, [REGION])
    fixed(function, moto, "bucket", bucket_call(), **only(ENCRYPTION))
    if desk.history():
        all_undone(desk)
    assert left(moto, before) == set()


def test_a_log_group_that_another_flow_log_writes_to_stays(function: StartFunction, moto: Moto, desk: Desk) -> None:
    one = BROKEN["vpc"](moto)
    fixed(function, moto, "vpc", one)
    ec2, logs = moto.client("ec2"), moto.client("logs")
    other = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    role = moto.client("iam").get_role(RoleName="trailkeeper-vpc-flow-logs")["Role"]["Arn"]
    ec2.create_flow_logs(
        ResourceIds=[other], ResourceType="VPC", TrafficType="ALL", LogGroupName=GROUP, DeliverLogsPermissionArn=role
    )
    said = all_undone(desk)[0]
    assert f"log group {GROUP} is used by flow log" in said and other in said, said
    assert [it["logGroupName"] for it in logs.describe_log_groups()["logGroups"]] == [GROUP]
