"""The comparison of a function with the command: what it takes for a difference, and what it leaves out of the record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from local_aws.faults import Faults
from local_aws.processes import Moto
from through_command import Key, Twice, by_key

KEY: Key = ("vpc-flow-logs", "arn:one", "us-east-1")


def outcome(*steps: str, resource: str = "arn:one", because: str = "no flow log", status: str = "fixed") -> dict[str, Any]:
    """A result, or a finding."""
    made = [{"action": "ec2:CreateFlowLogs", "summary": it, "before": None, "after": None, "undo": ""} | {"status": "applied"} for it in steps]
    place = {"control": KEY[0], "resource": resource, "region": KEY[2]}
    return place | {"status": status, "severity": "medium", "because": because, "advice": None, "steps": made}


def compare(found: list[dict[str, Any]], *results: dict[str, Any], is_sweep: bool = False) -> int:
    """Compares what the command found before a fix with what the function then said. Returns how much was compared."""
    twice = Twice(None, "vpc", Path(), "", fixes=True)  # type: ignore[arg-type]
    twice._compare(list(results), by_key(found), is_sweep)
    return twice.compared


def test_what_another_resource_needed_too_is_made_once() -> None:
    found = [outcome("the role", "the flow log", status="planned")]
    compare(found, outcome("the role", "the flow log"))
    found.append(outcome("the role", "another flow log", resource="arn:two", status="planned"))
    assert compare(found, outcome("the flow log"), outcome("the role", "another flow log", resource="arn:two")) == 2


@pytest.mark.parametrize("result", [
    outcome("the flow log"), outcome("the role", "the flow log", "more"), outcome("the flow log", "the role"),
    outcome("the role", "the flow log", because="another reason"),
])
def test_any_other_difference_is_one(result: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        compare([outcome("the role", "the flow log", status="planned")], result)


@pytest.mark.parametrize("status", ["fixed", "advised", "unknown", "compliant", "exempt"])
def test_what_only_the_function_finds_is_a_difference(status: str) -> None:
    with pytest.raises(AssertionError):
        compare([], outcome(status=status))


@pytest.mark.parametrize("status", ["advised", "compliant", "exempt", "unknown"])
def test_where_nothing_was_tried_all_is_said_alike(status: str) -> None:
    assert compare([outcome(status=status)], outcome(status=status)) == 1
    with pytest.raises(AssertionError):
        compare([outcome(status=status, because="another reason")], outcome(status=status))
    tried = outcome("the role", status="fixed", resource="arn:two")
    assert compare([outcome(status=status, because="as it was"), tried], outcome(status=status), tried) == 1


def test_what_is_not_ours_need_not_be_found_after_an_event() -> None:
    assert compare([], outcome(status="not-applicable")) == 0
    with pytest.raises(AssertionError):
        compare([], outcome(status="not-applicable"), is_sweep=True)


def test_calls_beside_a_test_are_not_in_its_record(moto: Moto, faults: Faults) -> None:
    sts, sns = faults.client("sts"), faults.client("sns")
    sts.get_caller_identity()
    with faults.unrecorded():
        sns.list_topics()
    sts.get_caller_identity()
    assert [call.service for call in faults.calls()] == ["sts", "sts"] and not faults.has_rules()
    faults.deny("sns")
    assert faults.has_rules()
    faults.clear()
    faults.forget()
    sns.list_topics()
    assert [call.service for call in faults.calls()] == ["sns"] and not faults.has_rules()
