"""The same event again, ten at once, and a crash between any two calls: it ends right."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import StartFunction
from dying import dies
from envelope import Event
from local_aws.faults import Faults
from local_aws.processes import Moto
from observed import result
from runtime_api import Answer, Function
from trails import changing
from vpcs import (
    ALL_CALLS, CREATE, IN_PLACE, assert_flows_with_ours, check, create_vpc, failing_ours,
    flow_logs, order, tags_of, vpc,
)

pytestmark = pytest.mark.function_alone("others write meanwhile, or it is cut short: what the command sees is not what it acts on")

READS = ["DescribeVpcs", "DescribeFlowLogs", "DescribeLogGroups", "GetRole"]
WRITES = [call.split(":")[1] for call in ALL_CALLS]
RIGHT = {"fixed", "compliant"}


def test_the_second_time_nothing_is_written(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    one, started = vpc(moto), function("vpc", endpoint=faults, mode="enforce")
    event = create_vpc(one)
    assert result(started.invoke(event))["status"] == "fixed"
    made = assert_flows_with_ours(moto, one)
    for again in (event, create_vpc(one)):
        faults.forget()
        assert result(started.invoke(again))["status"] == "compliant"
        assert changing(faults) == []
    assert assert_flows_with_ours(moto, one) == made


def at_once(calls: list[tuple[Function, Event]]) -> Iterator[Answer]:
    with ThreadPoolExecutor(len(calls)) as pool:
        yield from pool.map(lambda call: call[0].invoke(call[1]), calls)


@pytest.mark.parametrize("thrown", [False, True], ids=["item", "thrown"])
@pytest.mark.parametrize("event", ["same", "own"])
def test_ten_at_once_for_one_vpc(
    function: StartFunction, moto: Moto, event: str, thrown: bool
) -> None:
    order(moto, "flow-log-exists", thrown=thrown)
    one = vpc(moto)
    same = create_vpc(one)
    events = [same if event == "same" else create_vpc(one) for _ in range(10)]
    copies = [function("vpc", mode="enforce", timeout=60) for _ in events]
    outcomes = [result(it) for it in at_once(list(zip(copies, events, strict=True)))]
    assert {it["status"] for it in outcomes} <= RIGHT, outcomes
    assert "fixed" in {it["status"] for it in outcomes}
    assert flow_logs(moto, one).keys() == {assert_flows_with_ours(moto, one)}


def test_ten_vpcs_at_once(function: StartFunction, moto: Moto) -> None:
    vpcs = [vpc(moto) for _ in range(10)]
    calls = [(function("vpc", mode="enforce", timeout=60), create_vpc(one)) for one in vpcs]
    outcomes = [result(it) for it in at_once(calls)]
    assert {it["status"] for it in outcomes} == {"fixed"}, outcomes
    for one in vpcs:
        assert flow_logs(moto, one).keys() == {assert_flows_with_ours(moto, one)}


@pytest.mark.parametrize("thrown", [False, True], ids=["item", "thrown"])
@pytest.mark.parametrize("all_is_there", [True, False])
def test_where_another_was_quicker_there_is_one_flow_log(
    function: StartFunction, moto: Moto, faults: Faults, thrown: bool, all_is_there: bool
) -> None:
    order(moto, "flow-log-exists", thrown=thrown)
    if all_is_there:
        check(function, moto, vpc(moto))
    one, started = vpc(moto), function("vpc", endpoint=faults, mode="enforce")
    moto.hold("CreateFlowLogs")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(started.invoke, create_vpc(one))
        moto.wait_until_held()
        assert check(function, moto, one)["status"] == "fixed"
        moto.release()
        outcome = result(running.result())
    assert outcome["status"] == ("compliant" if all_is_there else "fixed")
    assert changing(faults).count(CREATE) == 1, "it is looked at, not tried again"
    assert flow_logs(moto, one).keys() == {assert_flows_with_ours(moto, one)}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("operation", READS + WRITES)
def test_a_process_that_dies_in_the_middle(
    function: StartFunction, moto: Moto, operation: str, when: str
) -> None:
    one = vpc(moto)
    event = create_vpc(one)
    dies(function("vpc", mode="enforce"), moto, event, operation, when)
    assert result(function("vpc", mode="enforce").invoke(event))["status"] in RIGHT
    assert flow_logs(moto, one).keys() == {assert_flows_with_ours(moto, one)}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("operation", ["DeleteFlowLogs", "CreateFlowLogs"])
def test_a_process_that_dies_while_it_replaces(
    function: StartFunction, moto: Moto, operation: str, when: str
) -> None:
    one, old = failing_ours(function, moto)
    event = create_vpc(one)
    dies(function("vpc", mode="enforce"), moto, event, operation, when)
    assert result(function("vpc", mode="enforce").invoke(event))["status"] in RIGHT
    (only,) = flow_logs(moto, one).values()
    assert only["FlowLogId"] != old and tags_of(only).get(IN_PLACE) in (old, None)


def test_a_call_whose_answer_is_lost_is_repeated_with_its_token(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    """By another token it would be refused, as the flow log is there already."""
    one = vpc(moto)
    faults.drop_after("ec2", "CreateFlowLogs")
    outcome = check(function, faults, one)
    assert outcome["status"] == "fixed" and outcome["steps"][-1]["status"] == "applied"
    assert changing(faults).count(CREATE) == 2
    assert flow_logs(moto, one).keys() == {assert_flows_with_ours(moto, one)}


def test_a_token_is_of_one_event(function: StartFunction, moto: Moto) -> None:
    """To a token that it has seen EC2 answers with the flow log of then, deleted as it is."""
    one, started = vpc(moto), function("vpc", mode="enforce", timeout=60)
    first, second = create_vpc(one), create_vpc(one)
    for event in (first, second):
        assert result(started.invoke(event))["status"] == "fixed", "a token of its own"
        moto.client("ec2").delete_flow_logs(FlowLogIds=list(flow_logs(moto, one)))
    again = result(started.invoke(first))
    assert again["status"] == "failed" and "every call succeeded" in again["because"]
    assert flow_logs(moto, one) == {}, "the same token"


def test_a_vpc_deleted_meanwhile_is_no_failure(function: StartFunction, moto: Moto) -> None:
    one, started = vpc(moto), function("vpc", mode="enforce")
    moto.hold("CreateFlowLogs")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(started.invoke, create_vpc(one))
        moto.wait_until_held()
        moto.client("ec2").delete_vpc(VpcId=one)
        moto.release()
        outcome = result(running.result())
    assert outcome["status"] == "not-applicable"
