"""Trails that were blinded by PutEventSelectors see again, and nothing else of their selectors is lost."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import StartFunction
from local_aws.faults import Faults
from local_aws.processes import Moto
from observed import steps
from trails import EVENTS, MULTI, basic, changes, changing, every, kept_trail, outcomes, selectors, statuses, trail_call

Selector = dict[str, Any]

OURS: Selector = {
    "Name": "Management events (Trailkeeper)", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}],
}
WHOLE: Selector = {
    "ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": [], "ExcludeManagementEventSources": [],
}
OBJECTS = [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::b/", "arn:aws:s3:::a/x"]}]
FUNCTIONS = [{"Type": "AWS::Lambda::Function", "Values": ["arn:aws:lambda"]}]


def advanced(name: str | None, category: str, *fields: Selector) -> Selector:
    named = {} if name is None else {"Name": name}
    return named | {"FieldSelectors": [{"Field": "eventCategory", "Equals": [category]}, *fields]}


DATA = advanced(
    "objects of ours, but not logs", "Data", {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
    {"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::b/", "arn:aws:s3:::a/"], "NotEndsWith": [".log"]},
    {"Field": "readOnly", "Equals": ["false"]},
)
ACCOUNTS = {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::accounts/"]}
NETWORK = advanced(None, "NetworkActivity", {"Field": "eventSource", "Equals": ["kms.amazonaws.com"]})
READS = advanced("reads", "Management", {"Field": "readOnly", "Equals": ["true"]})
WITHOUT_KMS = advanced("quiet", "Management", {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]})

BASIC: dict[str, tuple[list[Selector], list[Selector]]] = {
    "no management events": ([basic(management=False)], [WHOLE]),
    "the recorded attack": ([basic("ReadOnly", management=False)], [WHOLE]),
    "reads only": ([basic("ReadOnly")], [WHOLE]),
    "writes only": ([basic("WriteOnly")], [WHOLE]),
    "without KMS": ([basic(excluded=("kms.amazonaws.com",))], [WHOLE]),
    "without KMS and RDS": ([basic(excluded=("kms.amazonaws.com", "rdsdata.amazonaws.com"))], [WHOLE]),
    "data events of writes": (
        [basic("WriteOnly", True, OBJECTS)], [basic("WriteOnly", True, OBJECTS), WHOLE],
    ),
    "data events of two kinds": (
        [basic("ReadOnly", False, OBJECTS), basic("WriteOnly", True, FUNCTIONS, ("kms.amazonaws.com",))],
        [basic("ReadOnly", False, OBJECTS), basic("WriteOnly", True, FUNCTIONS, ("kms.amazonaws.com",)), WHOLE],
    ),
    "data events and a pure one": (
        [basic("All", False, OBJECTS), basic("ReadOnly")], [basic("All", False, OBJECTS), WHOLE],
    ),
}
ADVANCED: dict[str, list[Selector]] = {
    "data events only": [DATA],
    "network activity only": [NETWORK],
    "reads": [READS],
    "without KMS": [WITHOUT_KMS],
    "all of it": [DATA, READS, NETWORK, WITHOUT_KMS],
}


def blinded(moto: Moto, **given: Any) -> str:
    arn = kept_trail(moto)
    moto.client("cloudtrail").put_event_selectors(TrailName=arn, **given)
    return arn


def restore(function: StartFunction, faults: Faults, arn: str) -> dict[str, Any]:
    """What is said of the selectors; no other control has anything to say."""
    answer = function("trail", endpoint=faults, mode="enforce").invoke(trail_call("PutEventSelectors", arn))
    found = outcomes(answer)
    assert {control: it["status"] for control, it in found.items()} == every("compliant", {EVENTS: found[EVENTS]["status"]})
    return found[EVENTS]


@pytest.mark.parametrize(("blind", "expected"), BASIC.values(), ids=BASIC)
def test_basic_selectors_are_widened(
    function: StartFunction, moto: Moto, faults: Faults, blind: list[Selector], expected: list[Selector]
) -> None:
    arn = blinded(moto, EventSelectors=blind)
    outcome = restore(function, faults, arn)
    assert outcome["status"] == "fixed"
    assert changing(faults) == ["cloudtrail:PutEventSelectors"]
    assert selectors(moto, arn) == {"EventSelectors": expected}
    (step,) = outcome["steps"]
    assert step["before"] == {"EventSelectors": blind} and step["after"] == {"EventSelectors": expected}


@pytest.mark.parametrize("blind", ADVANCED.values(), ids=ADVANCED)
def test_advanced_selectors_get_one_more(
    function: StartFunction, moto: Moto, faults: Faults, blind: list[Selector]
) -> None:
    arn = blinded(moto, AdvancedEventSelectors=blind)
    outcome = restore(function, faults, arn)
    assert outcome["status"] == "fixed"
    assert changing(faults) == ["cloudtrail:PutEventSelectors"]
    assert selectors(moto, arn) == {"AdvancedEventSelectors": [*blind, OURS]}
    assert outcome["steps"][0]["before"] == {"AdvancedEventSelectors": blind}


SEEING: dict[str, dict[str, Any]] = {
    "the whole": {"EventSelectors": [WHOLE]},
    "the whole beside data events": {"EventSelectors": [basic("ReadOnly", False, OBJECTS), WHOLE]},
    "the whole with data events": {"EventSelectors": [basic("All", True, OBJECTS)]},
    "advanced": {"AdvancedEventSelectors": [advanced("m", "Management")]},
    "advanced beside narrower ones": {"AdvancedEventSelectors": [READS, DATA, advanced(None, "Management")]},
}


@pytest.mark.parametrize("given", SEEING.values(), ids=SEEING)
def test_what_takes_all_is_left_alone(
    function: StartFunction, moto: Moto, faults: Faults, given: dict[str, Any]
) -> None:
    arn = blinded(moto, **given)
    found = restore(function, faults, arn)
    assert found["status"] == "changed" and "Now it is compliant" in found["because"]
    assert changes(faults) == [] and selectors(moto, arn) == given


@pytest.mark.parametrize(
    ("given", "is_whole"),
    [
        ([basic("ReadOnly"), basic("WriteOnly", data=[ACCOUNTS])], True),
        ([basic(excluded=("kms.amazonaws.com",)), basic("ReadOnly"), basic("WriteOnly")], True),
        ([basic("ReadOnly"), basic("WriteOnly", excluded=("kms.amazonaws.com",))], False),
    ],
)
def test_basic_selectors_that_together_take_all_are_left_as_they_are(
    function: StartFunction, moto: Moto, faults: Faults, given: list[dict[str, Any]], is_whole: bool
) -> None:
    arn = blinded(moto, EventSelectors=given)
    outcome = restore(function, faults, arn)
    assert outcome["status"] in (("compliant", "changed") if is_whole else ("fixed",))
    assert (selectors(moto, arn) == {"EventSelectors": given}) is is_whole and (changes(faults) == []) is is_whole


def test_no_room_for_another_selector_is_advised(function: StartFunction, moto: Moto, faults: Faults) -> None:
    full = [basic("ReadOnly", False, [{"Type": "AWS::S3::Object", "Values": [f"arn:aws:s3:::b/{n}"]}]) for n in range(5)]
    arn = blinded(moto, EventSelectors=full)
    outcome = restore(function, faults, arn)
    assert outcome["status"] == "advised" and "5 selectors" in outcome["advice"]
    assert changes(faults) == [] and selectors(moto, arn) == {"EventSelectors": full}


def test_a_blind_trail_of_one_region_gets_both_and_in_that_order(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = kept_trail(moto, IsMultiRegionTrail=False)
    moto.client("cloudtrail").put_event_selectors(TrailName=arn, EventSelectors=[basic("ReadOnly")])
    answer = function("trail", endpoint=faults, mode="enforce").invoke(trail_call("PutEventSelectors", arn))
    assert statuses(answer) == every("compliant", {EVENTS: "fixed", MULTI: "fixed"})
    assert changing(faults) == ["cloudtrail:PutEventSelectors", "cloudtrail:UpdateTrail"]
    assert [action for action, _ in steps(outcomes(answer)[EVENTS])] == ["cloudtrail:PutEventSelectors"]
