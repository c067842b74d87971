"""The comparison of a function with the command: what it takes for a difference, and what it leaves out of the record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from local_aws.faults import Faults
from local_aws.processes import Moto
from through_command import Key, Twice

KEY: Key = ("vpc-flow-logs", "arn:one", "us-east-1")


def outcome(*steps: str, resource: str = "arn:one", because: str = "no flow log", status: str = "fixed") -> dict[str, Any]:
    """A result, or a finding."""
    made = [{"action": "ec2:CreateFlowLogs", "summary": it, "before": None, "after": None, "undo": ""} for it in steps]
    place = {"control": KEY[0], "resource": resource, "region": KEY[2]}
    return place | {"status": status, "severity": "medium", "because": because, "advice": None, "steps": made}


def compare(found: dict[str, Any], *results: dict[str, Any]) -> None:
    """Compares what the command found before a fix with what the function then said."""
    twice = Twice(None, "vpc", Path(), "", fixes=True)  # type: ignore[arg-type]
    twice._compare(list(results), {KEY: found}, is_sweep=False)


def test_what_another_resource_needed_too_is_made_once() -> None:
    found = outcome("the role", "the flow log", status="planned")
    compare(found, outcome("the role", "the flow log"))
    compare(found, outcome("the flow log"), outcome("the role", "another flow log", resource="arn:two"))


@pytest.mark.parametrize("result", [
    outcome("the flow log"), outcome("the role", "the flow log", "more"), outcome("the flow log", "the role"),
    outcome("the role", "the flow log", because="another reason"),
])
def test_any_other_difference_is_one(result: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        compare(outcome("the role", "the flow log", status="planned"), result)


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
