"""One scheduled event for VPCs, keys and Config each over three regions: right for the right reason, and then silence."""

from __future__ import annotations

import re

import pytest
from account_snapshot import difference, snapshot
from conftest import StartFunction
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, Moto
from observed import writes
from seeded import EAST, REGIONS, SOUTH, WEST
from seeded_network import seed
from test_seeded_account import RESTING, Outcomes, steps, sweep

FAMILIES = ["vpc", "key", "recorder"]
WRONG = {
    "vpc": {
        "silent in the east", "silent in the west", "accepted only", "subnet only", "failing", "ours, failing",
        "role gone",
    },
    "key": {"rotating never", "rotating never in the south", "rotating never in the west", "primary"},
}
# What came: all of it named as ours, tagged as ours, or made by AWS along with it.
MADE = re.compile(
    r"iam role trailkeeper-vpc-flow-logs|logs \S+ /trailkeeper/vpc-flow-logs|ec2 \S+ fl-"
    r"|config ap-southeast-2 (recorder|channel|delivery channel) default"
)


@pytest.fixture
def names(moto: Moto) -> dict[str, str]:
    """The account, and the ids of what is in it."""
    return seed(moto)


def by_name(outcomes: Outcomes, names: dict[str, str]) -> dict[str, dict[str, str]]:
    """The outcomes of what was put into the account, by what is told of it. A replica has the id of its primary key."""
    concerned_last = sorted(outcomes.items(), key=lambda it: it[1]["status"] != "not-applicable")
    found = {arn.rpartition("/")[2]: outcome for (_, arn), outcome in concerned_last}
    return {name: found[it] for name, it in names.items() if it in found}


def test_it_ends_right_and_stays_so(
    function: StartFunction, moto: Moto, names: dict[str, str], faults: Faults
) -> None:
    before = snapshot(moto, REGIONS)
    planned = {family: sweep(function, faults, family, "dry-run") for family in FAMILIES}
    assert writes(faults) == []
    assert difference(before, snapshot(moto, REGIONS)) == {}

    fixed = {family: sweep(function, faults, family, "enforce") for family in FAMILIES}
    for family in FAMILIES:
        assert {key: it for key, it in fixed[family].items() if it["status"] not in RESTING | {"fixed"}} == {}
        # The first of several to need it makes what they share; the plan says it for each of them.
        assert steps(fixed[family]) <= steps(planned[family])
        mended = {key for key, it in fixed[family].items() if it["status"] == "fixed"}
        assert mended == {key for key, it in planned[family].items() if it["status"] == "planned"}
    for family, wrong in WRONG.items():
        told = by_name(fixed[family], names)
        # Each region has its default VPC as well.
        assert {name for name, it in told.items() if it["status"] == "fixed"} == wrong

    faults.forget()
    after = snapshot(moto, REGIONS)
    for family in FAMILIES:
        again = sweep(function, faults, family, "enforce")
        assert {key: it["status"] for key, it in again.items() if it["status"] not in RESTING} == {}
    assert writes(faults) == []
    assert difference(after, snapshot(moto, REGIONS)) == {}


def test_all_that_was_planned_is_done(
    function: StartFunction, moto: Moto, names: dict[str, str], faults: Faults
) -> None:
    """What several VPCs of a region share is made once; all else as often as it was planned."""
    planned = sweep(function, faults, "vpc", "dry-run")
    fixed = sweep(function, faults, "vpc", "enforce")
    once = {"iam:CreateRole", "iam:PutRolePolicy", "logs:CreateLogGroup", "logs:PutRetentionPolicy"}
    for key, outcome in planned.items():
        told = {step["summary"] for step in outcome["steps"] if step["action"] not in once}
        done = {step["summary"] for step in fixed[key]["steps"] if step["action"] not in once}
        assert told == done, key
    assert {step[0] for step in steps(planned)} == {step[0] for step in steps(fixed)}


def test_nothing_else_has_changed(
    function: StartFunction, moto: Moto, names: dict[str, str], faults: Faults
) -> None:
    before = snapshot(moto, REGIONS)
    for family in FAMILIES:
        sweep(function, faults, family, "enforce")
    found = difference(before, snapshot(moto, REGIONS))
    assert [key for key, (was, _) in found.items() if was is None and not MADE.match(key)] == []
    # One with our tag failed, but delivers where ours do not: it stays, beside the new one.
    assert [key for key, (_, now) in found.items() if now is None] == []
    changed = {key for key, (was, now) in found.items() if was is not None and now is not None}
    rotating = {
        f"kms {region} {names[name]} rotation"
        for name, region in [
            ("rotating never", EAST), ("rotating never in the south", SOUTH), ("primary", SOUTH),
            ("rotating never in the west", WEST),
        ]
    }
    # A replica shows the rotation of its primary key.
    replica = f"kms {WEST} {names['primary']} rotation"
    assert changed - {replica} == rotating | {f"config {WEST} recorder recorder recording"}


def test_what_is_said_is_said_for_the_right_reason(
    function: StartFunction, moto: Moto, names: dict[str, str], faults: Faults
) -> None:
    told = {family: sweep(function, faults, family, "enforce") for family in FAMILIES}
    for family, name, status, reason in [
        ("vpc", "all", "compliant", ""),
        ("vpc", "rejected only", "compliant", ""),
        ("vpc", "into a bucket", "compliant", ""),
        ("vpc", "accepted and rejected", "compliant", ""),
        ("vpc", "accepted only", "fixed", "records only accepted traffic"),
        ("vpc", "subnet only", "fixed", "no flow log"),
        ("vpc", "failing", "fixed", "Access error"),
        ("vpc", "role gone", "fixed", "Access error"),
        ("vpc", "another owner's", "not-applicable", "999999999999"),
        ("key", "rotating", "compliant", ""),
        ("key", "asymmetric", "not-applicable", "RSA_2048"),
        ("key", "HMAC", "not-applicable", "HMAC_256"),
        ("key", "imported", "not-applicable", "import"),
        ("key", "disabled", "not-applicable", "isabled"),
        ("key", "going", "not-applicable", "PendingDeletion"),
    ]:
        said = by_name(told[family], names)[name]
        assert said["status"] == status and reason in said["because"], (name, said)
    # The primary key rotates; of its replica, under the same id, that is told.
    primary = {
        region: told["key"]["kms-key-rotation", f"arn:aws:kms:{region}:{ACCOUNT}:key/{names['primary']}"]
        for region in (SOUTH, WEST)
    }
    assert (primary[SOUTH]["status"], primary[WEST]["status"]) == ("fixed", "not-applicable")
    assert SOUTH in primary[WEST]["because"]
    recorders = {it["region"]: it for it in told["recorder"].values()}
    assert {region: it["status"] for region, it in recorders.items()} == {
        EAST: "compliant", WEST: "fixed", SOUTH: "fixed",
    }
    assert [step["action"] for step in recorders[WEST]["steps"]] == ["config:StartConfigurationRecorder"]
    config = moto.client("config", SOUTH)
    (channel,) = config.describe_delivery_channels()["DeliveryChannels"]
    assert channel["s3BucketName"] == "config-history", "the account's own bucket"
    (recorder,) = config.describe_configuration_recorders()["ConfigurationRecorders"]
    assert recorder["recordingGroup"]["allSupported"]
    assert not recorder["recordingGroup"].get("includeGlobalResourceTypes")
