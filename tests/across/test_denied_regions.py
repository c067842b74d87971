"""What is denied in a whole region is told once for each sweep and region, and never of a control that is off."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import StartFunction
from envelope import schedule
from inbox import Inbox
from local_aws.faults import Faults
from local_aws.processes import REGION, Moto
from observed import results
from trails import WEST, kept_trail

BY_ORGANIZATION = "User: x is not authorized to perform: y with an explicit deny in a service control policy"
BY_NOBODY = "User: x is not authorized to perform: y because no identity-based policy allows it"
FAMILIES = ["transfer", "trail", "bucket", "vpc", "key", "recorder"]


def close(faults: Faults, message: str) -> None:
    """Every call to the region is denied."""
    faults.rule("*", region=WEST, error="AccessDenied", status=403, message=message)


def swept(function: StartFunction, family: str, faults: Faults, inbox: Inbox) -> tuple[list[Any], list[Any]]:
    """The results of a sweep of two regions, and those that were told, of the one that is denied."""
    given = {"TRAILKEEPER_REGIONS": f"{REGION},{WEST}", "TRAILKEEPER_TOPIC_ARN": inbox.topic}
    answer = function(family, endpoint=faults, **given).invoke(schedule())
    told = [it for message in inbox.messages() for it in json.loads(message["Message"])["results"]]
    here = [it for it in results(answer) if it["region"] != WEST and "*" not in it["resource"]]
    assert not [it for it in here if it["status"] in ("unknown", "failed")], here
    there = [it for it in results(answer) if it not in here and it["region"] != REGION]
    return there, [it for it in told if it in there]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_region_that_the_organization_closes_is_one_result(
    function: StartFunction, moto: Moto, faults: Faults, inbox: Inbox, family: str
) -> None:
    kept_trail(moto)
    close(faults, BY_ORGANIZATION)
    (found,), (told,) = swept(function, family, faults, inbox)
    assert found == told and found["status"] == "advised", found
    assert found["because"].startswith(f"the organization closes {WEST} to Trailkeeper")
    assert "TRAILKEEPER_REGIONS" in found["advice"]


def test_a_closed_region_does_not_keep_an_account_from_its_first_trail(
    function: StartFunction, moto: Moto, faults: Faults, inbox: Inbox
) -> None:
    close(faults, BY_ORGANIZATION)
    given = {"TRAILKEEPER_REGIONS": f"{REGION},{WEST}"}
    answer = function("trail", mode="enforce", endpoint=faults, **given).invoke(schedule())
    made = {it["control"]: it["status"] for it in results(answer) if it["region"] == REGION}
    assert made["cloudtrail-multi-region"] == "fixed", results(answer)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_region_that_is_denied_otherwise_is_told_once_and_only_of_what_is_on(
    function: StartFunction, moto: Moto, faults: Faults, inbox: Inbox, family: str
) -> None:
    if family == "trail":
        kept_trail(moto)
    close(faults, BY_NOBODY)
    found, told = swept(function, family, faults, inbox)
    unknown = [it for it in found if it["status"] == "unknown"]
    assert {it["status"] for it in found} <= {"unknown", "exempt"} and unknown
    assert len([it for it in told if it["status"] == "unknown"]) == 1, told
    off = [it["control"] for it in found if it["status"] == "exempt"]
    (only,) = told
    assert not [control for control in off if control in only["because"]]
    assert all(it["control"] in only["because"] for it in unknown if it["control"] != only["control"])


def test_a_service_that_denies_everything_is_told_once_for_all_alarms(
    function: StartFunction, moto: Moto, faults: Faults, inbox: Inbox
) -> None:
    kept_trail(moto)
    faults.deny("cloudtrail")
    on = {"TRAILKEEPER_CONTROLS": "monitor-root-usage=dry-run,monitor-vpc-changes=dry-run"}
    given = {"TRAILKEEPER_TOPIC_ARN": inbox.topic} | on
    answer = function("monitoring", endpoint=faults, **given).invoke(schedule())
    unknown = [it["control"] for it in results(answer) if it["status"] == "unknown"]
    assert unknown == ["monitor-s3-policy-changes", "monitor-root-usage", "monitor-vpc-changes"]
    (message,) = inbox.messages()
    (told,) = json.loads(message["Message"])["results"]
    assert told["because"].endswith("the same is true of monitor-root-usage, monitor-vpc-changes")
