"""Faults on the way: passing ones are sat out, lasting ones are left to the retry of the event."""

from __future__ import annotations

import pytest
from conftest import StartFunction
from local_aws.faults import Faults
from local_aws.processes import Moto
from local_aws.server import request
from observed import result
from vpcs import (
    ALL_CALLS, assert_flows_with_ours, check, create_vpc, failing_ours, flow_logs, vpc,
)

pytestmark = pytest.mark.function_alone("a call of it fails, and not the same one of the command")

FAULTS = ["throttle", "unavailable", "drop_before", "drop_after"]
RIGHT = {"fixed", "compliant"}
TRY_AGAIN = (False, "Trailkeeper.TryAgain")
READS = ["ec2:DescribeVpcs", "ec2:DescribeFlowLogs", "logs:DescribeLogGroups", "iam:GetRole"]


@pytest.mark.parametrize("call", READS + ALL_CALLS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_passing_fault_is_sat_out_within_the_invocation(
    function: StartFunction, moto: Moto, faults: Faults, call: str, fault: str
) -> None:
    one = vpc(moto)
    getattr(faults, fault)(*call.split(":"), times=1)
    assert check(function, faults, one)["status"] in RIGHT
    assert flow_logs(moto, one).keys() == {assert_flows_with_ours(moto, one)}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_passing_fault_of_the_deletion_is_sat_out(
    function: StartFunction, moto: Moto, faults: Faults, fault: str
) -> None:
    one, old = failing_ours(function, moto)
    getattr(faults, fault)("ec2", "DeleteFlowLogs", times=1)
    assert check(function, faults, one)["status"] == "fixed"
    (only,) = flow_logs(moto, one).values()
    assert only["FlowLogId"] != old


@pytest.mark.parametrize("call", [READS[0], READS[1], *ALL_CALLS])
def test_a_lasting_fault_is_given_back_to_lambda_and_the_retry_ends_right(
    function: StartFunction, moto: Moto, faults: Faults, call: str
) -> None:
    one, started = vpc(moto), function("vpc", endpoint=faults, mode="enforce", timeout=90)
    event, (service, operation) = create_vpc(one), call.split(":")
    faults.throttle(service, operation)
    answer = started.invoke(event)
    assert (answer.ok, answer.error_type) == TRY_AGAIN
    assert call in (answer.error_message or "")
    assert len(faults.calls(operation=operation)) == 6, "the SDK tries six times"
    assert flow_logs(moto, one) == {}
    faults.clear()
    assert result(started.invoke(event))["status"] == "fixed"
    assert_flows_with_ours(moto, one)


def test_a_role_that_has_not_spread_yet_is_waited_for(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    one = vpc(moto)
    moto.role_propagation(3)
    assert check(function, faults, one)["status"] == "fixed"
    assert len(faults.calls("ec2", "CreateFlowLogs")) == 4
    assert_flows_with_ours(moto, one)


def test_a_role_that_takes_longer_to_spread_is_left_to_the_retry(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    one, started = vpc(moto), function("vpc", endpoint=faults, mode="enforce", timeout=8)
    event = create_vpc(one)
    moto.role_propagation(1000)
    answer = started.invoke(event)
    assert (answer.ok, answer.error_type) == TRY_AGAIN
    assert flow_logs(moto, one) == {}
    request("POST", f"{moto.endpoint}/_local/reset")
    assert result(started.invoke(event))["status"] == "fixed"
    assert_flows_with_ours(moto, one)


def test_time_running_out_is_an_error_and_the_retry_ends_right(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    one, started = vpc(moto), function("vpc", endpoint=faults, mode="enforce", timeout=6)
    event = create_vpc(one)
    faults.stall("ec2", "CreateFlowLogs", ms=20_000)
    answer = started.invoke(event)
    assert (answer.ok, answer.error_type) == TRY_AGAIN
    assert "ran out of time" in (answer.error_message or "")
    faults.clear()
    assert result(started.invoke(event))["status"] in RIGHT
    assert flow_logs(moto, one).keys() == {assert_flows_with_ours(moto, one)}
