"""The comparison of a function with the command: what it takes for a difference, and what it leaves out of the record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from installed import caller
from local_aws.clients import client
from local_aws.faults import Faults
from local_aws.processes import REGION, Ministack, Moto
from recorded_calls import recorded
from through_command import Key, Twice, by_key

KEY: Key = ("vpc-flow-logs", "arn:one", "us-east-1")


def outcome(
    *steps: str, resource: str = "arn:one", because: str = "no flow log", status: str = "fixed", step: str = "applied"
) -> dict[str, Any]:
    """A result, or a finding."""
    made = [{"action": "ec2:CreateFlowLogs", "summary": it, "before": None, "after": None, "undo": "", "status": step} for it in steps]
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
def test_where_nothing_was_changed_all_is_said_alike(status: str) -> None:
    assert compare([outcome(status=status)], outcome(status=status)) == 1
    refused = outcome("the role", status="failed", resource="arn:two", step="failed", because="no role; the fix failed: no")
    planned = outcome("the role", status="planned", resource="arn:two", step="planned", because="no role")
    with pytest.raises(AssertionError):
        compare([outcome(status=status, because="another reason"), planned], outcome(status=status), refused)


@pytest.mark.parametrize("status", ["planned", "fought"])
def test_what_is_only_planned_is_compared_where_nothing_was_changed(status: str) -> None:
    found = [outcome("the flow log", status="planned", step="planned")]
    assert compare(found, outcome("the flow log", status=status, step="planned", because="no flow log; it is left as it is")) == 1
    with pytest.raises(AssertionError):
        compare(found, outcome("the flow log", "more", status=status, step="planned"))
    tried = outcome("the role", resource="arn:two")
    assert compare([*found, tried], outcome("less", status=status, step="planned"), tried) == 1


@pytest.mark.parametrize("status", ["advised", "compliant", "exempt"])
def test_what_calls_for_others_have_left_behind_is_not_compared(status: str) -> None:
    tried = outcome("the role", resource="arn:two")
    assert compare([outcome(status=status, because="as it was"), tried], outcome(status=status), tried) == 1


@pytest.mark.parametrize("status", ["unknown", "failed"])
def test_what_could_not_be_read_is_said_alike_whatever_was_changed(status: str) -> None:
    tried = outcome("the role", resource="arn:two")
    assert compare([outcome(status=status), tried], outcome(status=status), tried) == 2
    with pytest.raises(AssertionError):
        compare([outcome(status=status, because="another reason"), tried], outcome(status=status), tried)


@pytest.mark.parametrize("status", ["advised", "compliant", "exempt", "unknown"])
def test_after_calls_of_its_own_a_result_is_compared_by_them(status: str) -> None:
    found = [outcome("the role", status="planned", because="as it was")]
    assert compare(found, outcome("the role", status=status)) == 1
    with pytest.raises(AssertionError):
        compare(found, outcome("another role", status=status))


def test_a_fix_that_failed_is_of_the_same_wrong_and_of_the_same_calls() -> None:
    found = [outcome("the role", "the flow log", status="planned", step="planned")]
    failed = outcome("the role", "the flow log", status="failed", step="failed", because="no flow log; the fix failed: no")
    assert compare(found, failed) == 1
    for change in ({"because": "no flow; the fix failed"}, {"severity": "high"}, {"steps": failed["steps"][:1]}, {"steps": []}):
        with pytest.raises(AssertionError):
            compare(found, failed | change)
    undone = outcome("the role", "the flow log", "back", status="failed", because="no flow log; the fix was undone: harm")
    assert compare(found, undone) == 1
    with pytest.raises(AssertionError):
        compare(found, undone | {"because": "no flow log; the fix failed: no"})


def test_a_shared_call_is_made_without_what_was_refused() -> None:
    found = [
        outcome("set it to a, b", status="planned", step="planned"),
        outcome("make a", "set it to a, b", resource="arn:two", status="planned", step="planned"),
    ]
    refused = outcome("make a", "set it to a", resource="arn:two", status="failed", step="failed", because="no flow log; the fix failed: no")
    assert compare(found, outcome("set it to b"), refused) == 2
    for other in (outcome("set it to c"), outcome("set another to b"), outcome("set it"), outcome("set it to b", "more"), outcome()):
        with pytest.raises(AssertionError):
            compare(found, other, refused)
    with pytest.raises(AssertionError):
        compare(found, outcome("set it to b"), outcome("make a", "set it to a, b", resource="arn:two"))


def test_where_no_resource_may_be_listed_the_command_says_it_of_the_region() -> None:
    why = "ec2:DescribeVpcs was denied"
    found = [outcome(resource="arn:*", status="unknown", because=f"{why} (no)")]
    assert compare(found, outcome(status="unknown", because=f"{why} in us-east-1")) == 1
    for result in (
        outcome(status="compliant", because=why), outcome(status="unknown", because="ec2:DescribeFlowLogs was denied"),
        outcome(status="unknown"), outcome(status="unknown", because=why) | {"region": "eu-west-1"},
        outcome(status="unknown", because=why) | {"severity": "high"},
    ):
        with pytest.raises(AssertionError):
            compare(found, result)
    with pytest.raises(AssertionError):
        compare([outcome(resource="arn:two", status="unknown", because=why)], outcome(status="unknown", because=why))


def test_what_could_not_be_read_on_the_way_ends_a_fix_after_the_same_calls() -> None:
    found = [outcome("the role", "the flow log", status="planned", step="planned")]
    assert compare(found, outcome("the role", status="unknown", because="it may not be read")) == 1
    for result in (outcome("the flow log", status="unknown"), outcome("the role"), outcome("the role", status="compliant")):
        with pytest.raises(AssertionError):
            compare(found, result)


def test_both_may_end_for_one_reason_without_a_word_of_what_is_there() -> None:
    twice = Twice(None, "vpc", Path(), "", fixes=True)  # type: ignore[arg-type]
    twice._compare_ends("trailkeeper: it was denied: ask", "it was denied", "it was denied")
    assert twice.compared == 1
    for whys in ((), ("",), ("it was denied", "it is compliant")):
        with pytest.raises(AssertionError):
            twice._compare_ends("trailkeeper: it was denied: ask", *whys)


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
    assert [call.service for call in faults.calls()] == ["sts", "sts"]
    faults.forget()
    sns.list_topics()
    assert [call.service for call in faults.calls()] == ["sns"]


def test_another_way_refuses_alike_and_uses_up_nothing(faults: Faults, beside_server: Faults) -> None:
    faults.deny("sns", "ListTopics", times=1)
    faults.deny("sts")
    beside_server.refuse_like(faults)
    for way in (beside_server, faults):
        for service, operation in (("sns", "list_topics"), ("sts", "get_caller_identity")):
            with pytest.raises(ClientError):
                getattr(way.client(service), operation)()
        way.client("sns").list_topics()
    assert faults.refuses_for_a_while(("List",)) and not faults.refuses_for_a_while(("Get",))
    faults.clear()
    assert not faults.refuses_for_a_while(("List",))
    beside_server.refuse_like(faults)
    beside_server.client("sts").get_caller_identity()


def test_a_recorded_way_passes_on_what_is_signed(ministack: Ministack) -> None:
    role = caller(ministack, {"Action": "iam:ListRoles", "Resource": "*"})
    with recorded(ministack) as record:
        iam = client(record.endpoint, "iam", REGION, ministack.credentials_for(role))
        iam.list_roles()
        with pytest.raises(ClientError):
            iam.create_role(RoleName="another", AssumeRolePolicyDocument="{}")
        assert [call.operation for call in record.all] == ["ListRoles", "CreateRole"]
