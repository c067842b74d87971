"""The same event again, ten at once, and a crash between any two calls: it ends right."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import StartFunction
from dying import dies
from envelope import create_server
from given import server
from local_aws.faults import Faults
from local_aws.processes import Moto
from observed import OUR_ROLE_ARN, assert_logs_with_ours, logging_role, result, results, writes

pytestmark = pytest.mark.function_alone("others write meanwhile, or it is cut short: what the command sees is not what it acts on")

READS = ["DescribeServer", "GetRole"]
WRITES = ["CreateRole", "PutRolePolicy", "UpdateServer"]
SERVICES = {"DescribeServer": "transfer", "UpdateServer": "transfer"}


def test_the_second_time_nothing_is_written(function: StartFunction, moto: Moto, faults: Faults) -> None:
    server_id = server(moto)
    started = function(endpoint=faults, mode="enforce")
    assert result(started.invoke(create_server(server_id)))["status"] == "fixed"
    faults.forget()
    assert result(started.invoke(create_server(server_id)))["status"] == "compliant"
    assert writes(faults) == []
    assert_logs_with_ours(moto, server_id)


@pytest.mark.parametrize("servers", [1, 10])
def test_ten_at_once(function: StartFunction, moto: Moto, servers: int) -> None:
    ids = [server(moto) for _ in range(servers)]
    copies = [(function(mode="enforce"), ids[n % servers]) for n in range(10)]
    with ThreadPoolExecutor(len(copies)) as pool:
        answers = list(pool.map(lambda copy: copy[0].invoke(create_server(copy[1])), copies))
    outcomes = [result(answer) for answer in answers]
    assert all(outcome["status"] in {"fixed", "compliant"} for outcome in outcomes), outcomes
    assert any(outcome["status"] == "fixed" for outcome in outcomes)
    for server_id in ids:
        assert_logs_with_ours(moto, server_id)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("operation", READS + WRITES)
def test_a_process_that_dies_in_the_middle(function: StartFunction, moto: Moto, operation: str, when: str) -> None:
    server_id = server(moto)
    dies(function(mode="enforce"), moto, create_server(server_id), operation, when)
    retried = function(mode="enforce").invoke(create_server(server_id))
    assert result(retried)["status"] in {"fixed", "compliant"}
    assert_logs_with_ours(moto, server_id)


@pytest.mark.parametrize("operation", WRITES)
@pytest.mark.parametrize("fault", ["throttle", "unavailable", "drop_before", "drop_after"])
def test_a_passing_fault_is_sat_out_within_the_invocation(
    function: StartFunction, moto: Moto, faults: Faults, operation: str, fault: str
) -> None:
    server_id = server(moto)
    getattr(faults, fault)(SERVICES.get(operation, "iam"), operation, times=1)
    outcome = result(function(endpoint=faults, mode="enforce").invoke(create_server(server_id)))
    assert outcome["status"] in {"fixed", "compliant"}
    assert_logs_with_ours(moto, server_id)


@pytest.mark.parametrize("operation", ["DescribeServer", "CreateRole", "UpdateServer"])
def test_a_lasting_fault_is_given_back_to_lambda_and_the_retry_ends_right(
    function: StartFunction, moto: Moto, faults: Faults, operation: str
) -> None:
    server_id = server(moto)
    started = function(endpoint=faults, mode="enforce", timeout=90)
    faults.throttle(SERVICES.get(operation, "iam"), operation)
    answer = started.invoke(create_server(server_id))
    assert not answer.ok
    assert answer.error_type == "Trailkeeper.TryAgain"
    assert "Throttling" in (answer.error_message or "") and operation in (answer.error_message or "")
    assert len(faults.calls(operation=operation)) == 6, "the SDK tries six times"
    assert logging_role(moto, server_id) is None
    faults.clear()
    assert result(started.invoke(create_server(server_id)))["status"] == "fixed"
    assert_logs_with_ours(moto, server_id)


def test_time_running_out_is_an_error_and_the_retry_ends_right(function: StartFunction, moto: Moto, faults: Faults) -> None:
    server_id = server(moto)
    started = function(endpoint=faults, mode="enforce", timeout=6)
    faults.stall("iam", "PutRolePolicy", ms=20_000)
    answer = started.invoke(create_server(server_id))
    assert (answer.ok, answer.error_type) == (False, "Trailkeeper.TryAgain")
    assert "ran out of time" in (answer.error_message or "")
    faults.clear()
    assert result(started.invoke(create_server(server_id)))["status"] == "fixed"
    assert_logs_with_ours(moto, server_id)


def test_a_vpc_endpoint_in_the_making_is_waited_for(function: StartFunction, moto: Moto, faults: Faults) -> None:
    server_id = server(moto, EndpointType="VPC", EndpointDetails={"VpcId": "vpc-1", "SubnetIds": ["subnet-1"]})
    moto.endpoint_pending(server_id, 2)
    outcome = result(function(endpoint=faults, mode="enforce").invoke(create_server(server_id)))
    assert outcome["status"] == "fixed"
    assert len(faults.calls("transfer", "UpdateServer")) == 3


def test_a_vpc_endpoint_that_takes_longer_is_left_to_the_retry(function: StartFunction, moto: Moto, faults: Faults) -> None:
    server_id = server(moto, EndpointType="VPC", EndpointDetails={"VpcId": "vpc-1", "SubnetIds": ["subnet-1"]})
    moto.endpoint_pending(server_id, 1000)
    started = function(endpoint=faults, mode="enforce", timeout=8)
    answer = started.invoke(create_server(server_id))
    assert (answer.ok, answer.error_type) == (False, "Trailkeeper.TryAgain")
    moto.endpoint_pending(server_id, 0)
    assert result(started.invoke(create_server(server_id)))["status"] == "fixed"


def test_a_role_that_has_not_spread_yet_is_waited_for(function: StartFunction, moto: Moto, faults: Faults) -> None:
    server_id = server(moto)
    moto.role_propagation(2)
    outcome = result(function(endpoint=faults, mode="enforce").invoke(create_server(server_id)))
    assert outcome["status"] == "fixed"
    assert len(faults.calls("transfer", "UpdateServer")) == 3
    assert_logs_with_ours(moto, server_id)


def test_a_server_deleted_meanwhile_is_no_failure(function: StartFunction, moto: Moto) -> None:
    server_id = server(moto)
    started = function(mode="enforce")
    moto.hold("CreateRole", "before")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(started.invoke, create_server(server_id))
        moto.wait_until_held()
        moto.client("transfer").delete_server(ServerId=server_id)
        moto.release()
        (outcome,) = results(running.result())
    assert outcome["status"] == "not-applicable"


def test_a_role_that_is_made_while_it_is_read_is_read_again(function: StartFunction, moto: Moto) -> None:
    """The lists of its policies come too early, the role itself just in time."""
    first, second = server(moto), server(moto, LoggingRole=OUR_ROLE_ARN)
    started = function(mode="enforce")
    moto.hold("GetRole", "before")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(started.invoke, create_server(second))
        moto.wait_until_held()
        time.sleep(0.5)
        assert result(function(mode="enforce").invoke(create_server(first)))["status"] == "fixed"
        moto.release()
        outcome = result(running.result())
    assert outcome["status"] == "compliant"
    assert_logs_with_ours(moto, second)
