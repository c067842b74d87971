"""`make regions` puts the forward rules into every region that is swept, as often as it is run, and takes them away."""

from __future__ import annotations

from typing import Any

import pytest
from local_aws.processes import ACCOUNT, REGION, Faults, Moto
from operated import deploy, tool

from tools.stacks import cause

# Those that are enabled in a new account.
REGIONS = """
    ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-southeast-1 ap-southeast-2 ca-central-1 eu-central-1
    eu-north-1 eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2
""".split()


def buses(moto: Moto, region: str) -> set[str]:
    """Where the rules of a region's default bus send their events."""
    events = moto.client("events", region)
    rules = [it["Name"] for it in events.list_rules()["Rules"]]
    return {target["Arn"] for rule in rules for target in events.list_targets_by_rule(Rule=rule)["Targets"]}


def bus(name: str) -> str:
    return f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{name}"


def words(output: str) -> dict[str, str]:
    """What became of each region."""
    lines = [line.split(maxsplit=1) for line in output.splitlines()[1:-1]]
    return {region: what for region, what in lines}


def test_every_region_but_the_home_region_gets_the_rules_and_a_new_one_too(moto: Moto) -> None:
    moto.regions(REGIONS)
    deploy(moto.client("cloudformation"))

    first = tool(moto, "regions")

    assert first.returncode == 0, first.stdout
    assert words(first.stdout) == dict.fromkeys(set(REGIONS) - {REGION}, "created")
    assert "16 of 16 regions done" in first.stdout
    assert all(buses(moto, region) == {bus("trailkeeper")} for region in REGIONS if region != REGION)
    assert buses(moto, REGION) == set()

    moto.regions([*REGIONS, "af-south-1"])
    again = words(tool(moto, "regions").stdout)
    assert again.pop("af-south-1") == "created"
    assert set(again.values()) == {"unchanged"}


def test_what_changed_is_brought_up_to_date_and_all_can_be_removed(moto: Moto) -> None:
    moto.regions([REGION, "eu-west-1", "eu-west-2"])
    deploy(moto.client("cloudformation"))
    tool(moto, "regions")
    deploy(moto.client("cloudformation"), BusName="another")

    assert set(words(tool(moto, "regions").stdout).values()) == {"updated"}
    assert buses(moto, "eu-west-1") == {bus("another")}

    removed = tool(moto, "regions", "--remove")
    assert removed.returncode == 0
    assert words(removed.stdout) == {"eu-west-1": "removed", "eu-west-2": "removed"}
    assert buses(moto, "eu-west-1") == set()
    assert set(words(tool(moto, "regions", "--remove").stdout).values()) == {"not there"}


def test_a_region_that_fails_is_told_and_keeps_no_other_from_being_done(moto: Moto, faults: Faults) -> None:
    moto.regions([REGION, "eu-west-1", "eu-west-2"])
    deploy(moto.client("cloudformation"))
    faults.rule(
        "cloudformation", "CreateStack", region="eu-west-1", error="AccessDenied", status=403, message="not here"
    )

    ran = tool(faults, "regions")

    assert ran.returncode == 1
    became = words(ran.stdout)
    assert became["eu-west-1"].startswith("FAILED: ")
    assert "not here" in became["eu-west-1"]
    assert became["eu-west-2"] == "created"
    assert "1 of 2 regions done" in ran.stdout


def event(resource: str, status: str, reason: str = "") -> dict[str, Any]:
    """An event of a stack, which is named `stack`."""
    return {
        "StackId": "stack",
        "LogicalResourceId": resource,
        "PhysicalResourceId": resource,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


@pytest.mark.parametrize(
    "newest_first",
    [
        [
            event("stack", "DELETE_COMPLETE"),
            event("stack", "DELETE_IN_PROGRESS"),
            event("B", "CREATE_FAILED", "Resource creation cancelled"),
            event("A", "CREATE_FAILED", "no right to put a rule"),
            event("stack", "CREATE_IN_PROGRESS"),
        ],
        [
            event("stack", "UPDATE_ROLLBACK_COMPLETE"),
            event("stack", "UPDATE_ROLLBACK_IN_PROGRESS"),
            event("A", "UPDATE_FAILED", "no right to put a rule"),
            event("stack", "UPDATE_IN_PROGRESS"),
            event("Old", "UPDATE_FAILED", "of another time"),
            event("stack", "UPDATE_IN_PROGRESS"),
        ],
    ],
    ids=["create", "update"],
)
def test_the_cause_is_what_failed_first_in_the_last_operation(newest_first: list[dict[str, Any]]) -> None:
    assert cause(newest_first) == "A: no right to put a rule"


def test_the_regions_are_those_of_the_stack_unless_others_are_named(moto: Moto) -> None:
    """What is removed may be in any region."""
    moto.regions([REGION, "eu-west-1", "eu-west-2", "eu-north-1"])
    deploy(moto.client("cloudformation"), Regions=f"{REGION},eu-west-1")

    assert words(tool(moto, "regions").stdout) == {"eu-west-1": "created"}
    assert words(tool(moto, "regions", "--regions", "eu-west-2, eu-west-1").stdout) == {
        "eu-west-2": "created", "eu-west-1": "unchanged"
    }
    assert words(tool(moto, "regions", "--remove").stdout) == {
        "eu-north-1": "not there", "eu-west-1": "removed", "eu-west-2": "removed"
    }


def test_a_region_that_the_organization_closes_is_said_once_and_fails_no_other(moto: Moto, faults: Faults) -> None:
    moto.regions([REGION, "eu-west-1", "eu-west-2", "sa-east-1"])
    deploy(moto.client("cloudformation"))
    for region in ("eu-west-2", "sa-east-1"):
        denied = "not authorized to perform: cloudformation:CreateStack with an explicit deny in a service control policy"
        faults.rule("cloudformation", "CreateStack", region=region, error="AccessDenied", status=403, message=denied)

    ran = tool(faults, "regions")

    assert ran.returncode == 0
    first, created, done, closed = ran.stdout.splitlines()
    assert (first.split()[0], created.split()) == ("Stack", ["eu-west-1", "created"])
    assert done == "1 of 3 regions done"
    assert closed.startswith("Closed by a service control policy: eu-west-2, sa-east-1.")
    # What was named was meant.
    assert tool(faults, "regions", "--regions", "eu-west-1,eu-west-2").returncode == 1


def test_the_stack_is_found_by_its_name_and_region(moto: Moto) -> None:
    moto.regions([REGION, "eu-west-1"])
    deploy(moto.client("cloudformation", "eu-west-1"), name="audit")
    deploy(moto.client("cloudformation"), name="trial")

    other = tool(moto, "regions", "--stack", "audit", "--region", "eu-west-1")
    usual = tool(moto, "regions", "--stack", "trial")

    assert "Stack audit in eu-west-1" in other.stdout
    assert words(other.stdout) == {"us-east-1": "created"}
    assert "Stack trial in us-east-1" in usual.stdout
    assert words(usual.stdout) == {"eu-west-1": "created"}
