"""What is taken back stays so: the resource is exempted first, or it is said how."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from account_snapshot import snapshot
from broken import BROKEN, HEARD
from conftest import StartFunction
from given import trail
from local_aws.processes import REGION, Moto
from log_buckets import DELIVERY, HTTPS, LOGS, bucket_call, only
from observed import results
from undoing import Desk, fixed, ledger, left

TAG = "trailkeeper:exempt"
DAY = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
TAGGED = [family for family in BROKEN if family not in ("monitoring", "recorder")]


@pytest.fixture
def desk(moto: Moto) -> Desk:
    """A person with the ledger of the account."""
    ledger(moto)
    return Desk(moto.endpoint)


def test_the_other_tags_of_a_bucket_stay(function: StartFunction, moto: Moto, desk: Desk) -> None:
    trail(moto)
    s3, team = moto.client("s3"), {"Key": "team", "Value": "audit"}
    s3.put_bucket_tagging(Bucket=LOGS, Tagging={"TagSet": [team]})
    fixed(function, moto, "bucket", bucket_call(), **only(HTTPS))
    desk.undo(desk.history()[-1]["id"], "--exempt-until", DAY)
    tags = {it["Key"]: it["Value"] for it in s3.get_bucket_tagging(Bucket=LOGS)["TagSet"]}
    assert tags == {"team": "audit", "trailkeeper:exempt": HTTPS, "trailkeeper:exempt-until": DAY}


@pytest.mark.parametrize("family", [it for it in TAGGED if it != "trail"])
def test_the_next_event_leaves_it(function: StartFunction, moto: Moto, desk: Desk, family: str) -> None:
    event = BROKEN[family](moto)
    fixed(function, moto, family, event)
    change = desk.history()[-1]["id"]
    said = desk.undo(change, "--exempt-until", DAY).out
    assert said.index("First, the resource is exempted until") < said.index("Taken back: "), said
    after = fixed(function, moto, family, event)
    # The last record reaches its bucket and stays closed to the public, whatever is exempt.
    about = {it["control"] for it in desk.show(change)["findings"]} - {DELIVERY, "log-bucket-public-access"}
    found = {it["control"]: it["status"] for it in results(after) if it["control"] in about}
    # What hides something that matters is told as changed.
    assert found and set(found.values()) <= {"exempt", "changed"}, found


def test_without_it_the_command_is_said(function: StartFunction, moto: Moto, desk: Desk) -> None:
    fixed(function, moto, "vpc", BROKEN["vpc"](moto))
    said = desk.undo(desk.history()[-1]["id"]).out
    (command,) = [line.strip() for line in said.splitlines() if line.startswith("  aws ec2 create-tags")]
    assert subprocess.run(["bash", "-n", "-c", command], check=False).returncode == 0
    assert "trailkeeper:exempt" in " ".join(shlex.split(command)) and f"--region {REGION}" in command


def test_what_has_no_tags_is_refused_with_the_setting(function: StartFunction, moto: Moto, desk: Desk) -> None:
    fixed(function, moto, "monitoring", BROKEN["monitoring"](moto), TRAILKEEPER_ALARM_ADDRESS=HEARD)
    before = snapshot(moto, [REGION])
    done = desk.run("undo", desk.history()[-1]["id"], "--yes", "--exempt-until", DAY)
    assert done.code == 1 and "parameter Exempt: control=monitor-" in done.err and f"until={DAY}" in done.err, done
    assert left(moto, before) == set()


def exempt_tag(moto: Moto, family: str) -> tuple[Callable[[str], None], Callable[[], dict[str, str]]]:
    """Sets the tag on the resource of a family, and reads all of its tags."""
    if family == "vpc":
        ec2 = moto.client("ec2")
        (vpc, *_) = [it["VpcId"] for it in ec2.describe_vpcs()["Vpcs"] if not it["IsDefault"]]
        return (
            lambda value: ec2.create_tags(Resources=[vpc], Tags=[{"Key": TAG, "Value": value}]) and None,
            lambda: {it["Key"]: it["Value"] for it in ec2.describe_tags()["Tags"] if it["ResourceId"] == vpc},
        )
    kms = moto.client("kms")
    (key, *_) = [it["KeyId"] for it in kms.list_keys()["Keys"]]
    return (
        lambda value: kms.tag_resource(KeyId=key, Tags=[{"TagKey": TAG, "TagValue": value}]) and None,
        lambda: {it["TagKey"]: it["TagValue"] for it in kms.list_resource_tags(KeyId=key)["Tags"]},
    )


@pytest.mark.parametrize("family", ["key", "vpc"])
def test_a_tag_that_says_something_else_is_not_replaced(
    function: StartFunction, moto: Moto, desk: Desk, family: str
) -> None:
    fixed(function, moto, family, BROKEN[family](moto))
    put, tags = exempt_tag(moto, family)
    put("log-bucket-https-only")
    change, before = desk.history()[-1]["id"], tags()
    refused = desk.run("undo", change, "--yes", "--exempt-until", DAY)
    assert refused.code == 1 and "nothing was taken back: the resource is exempt already" in refused.err, refused
    assert tags() == before
    said = desk.undo(change).out
    assert "has the value `log-bucket-https-only` already" in said and "create-tags" not in said, said
    assert tags() == before
