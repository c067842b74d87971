"""Faults on the way to AWS, calls held back, and the record of calls."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from given import Account, policy, refusal, role, server, trust
from local_aws.processes import Call, Faults, Moto


def create_role(account: Account, name: str = "r") -> Callable[[], Any]:
    """The call that creates a role."""
    call = account.client("iam").create_role
    return lambda: call(RoleName=name, AssumeRolePolicyDocument=trust())


def roles(moto: Moto) -> set[str]:
    """The names of the roles there are."""
    return {found["RoleName"] for found in moto.client("iam").list_roles()["Roles"]}


def test_throttling_has_the_code_of_the_protocol_and_ends(faults: Faults) -> None:
    faults.throttle("transfer", "ListServers", 2)
    faults.throttle("iam", "ListRoles", 1)
    faults.throttle("transfer", "CreateServer", 1, code="TooManyRequestsException")
    transfer, iam = faults.client("transfer"), faults.client("iam")
    throttled = (400, "ThrottlingException", "Rate exceeded")
    assert [refusal(transfer.list_servers) for _ in range(2)] == [throttled] * 2
    assert refusal(iam.list_roles)[1] == "Throttling"
    assert refusal(transfer.create_server)[1] == "TooManyRequestsException"
    assert transfer.list_servers()["Servers"] == [] == iam.list_roles()["Roles"]


@pytest.mark.parametrize(
    ("service", "operation", "expected"),
    [
        ("transfer", "ListServers", (400, "AccessDeniedException")),
        ("account", "ListRegions", (403, "AccessDeniedException")),
        ("iam", "ListRoles", (403, "AccessDenied")),
        ("sns", "ListTopics", (403, "AuthorizationError")),
    ],
)
def test_denial_has_the_code_of_the_service(
    faults: Faults, service: str, operation: str, expected: tuple[int, str]
) -> None:
    faults.deny(service, operation)
    call = getattr(faults.client(service), xform_name(operation))
    assert [refusal(call)[:2] for _ in range(2)] == [expected] * 2
    faults.clear()
    call()


def test_server_errors(faults: Faults) -> None:
    faults.unavailable("transfer", "ListServers", 1)
    faults.unavailable("iam", times=1, status=500)
    assert refusal(faults.client("transfer").list_servers)[0] == 503
    assert refusal(faults.client("iam").list_roles)[0] == 500


def test_a_stalled_call_is_not_applied(moto: Moto, faults: Faults) -> None:
    faults.stall("iam", "CreateRole", ms=1500, times=1)
    hasty = faults.client("iam", read_timeout=0.3)
    with pytest.raises(ReadTimeoutError):
        hasty.create_role(RoleName="r", AssumeRolePolicyDocument=trust())
    assert roles(moto) == set()
    create_role(faults)()


def test_latency_only_delays(moto: Moto, faults: Faults) -> None:
    faults.rule("iam", "CreateRole", latency_ms=300, times=1)
    start = time.monotonic()
    create_role(faults)()
    assert time.monotonic() - start > 0.3
    assert roles(moto) == {"r"}


def test_a_dropped_connection_before_and_after_the_call_is_applied(
    moto: Moto, faults: Faults
) -> None:
    faults.drop_before("iam", "CreateRole")
    with pytest.raises(ConnectionClosedError):
        create_role(faults)()
    assert roles(moto) == set()
    faults.drop_after("iam", "CreateRole")
    with pytest.raises(ConnectionClosedError):
        create_role(faults)()
    assert roles(moto) == {"r"}
    moto.drop_answers("CreateRole")
    with pytest.raises(ConnectionClosedError):
        create_role(moto, "direct")()
    assert roles(moto) == {"r", "direct"}


def test_every_call_is_recorded_retries_too(faults: Faults) -> None:
    faults.throttle("iam", "ListRoles", 1)
    faults.client("iam", attempts=3).list_roles()
    faults.client("transfer", "eu-west-1").list_servers()
    assert faults.calls("iam") == [Call("iam", "ListRoles", None, "us-east-1")] * 2
    assert [(call.operation, call.region) for call in faults.calls("transfer")] == [
        ("ListServers", "eu-west-1")
    ]
    faults.forget()
    assert faults.calls() == []


def test_a_rule_may_concern_one_region(faults: Faults) -> None:
    faults.rule("transfer", error="InternalServiceError", status=500, region="eu-west-1")
    faults.client("transfer").list_servers()
    assert refusal(faults.client("transfer", "eu-west-1").list_servers)[0] == 500


def test_a_call_held_before_is_not_applied_yet(moto: Moto) -> None:
    with ThreadPoolExecutor() as elsewhere:
        moto.hold("CreateRole", "before")
        pending = elsewhere.submit(create_role(moto))
        moto.wait_until_held()
        assert roles(moto) == set()
        moto.release()
        assert pending.result()["Role"]["RoleName"] == "r"
    assert roles(moto) == {"r"}


def test_a_call_held_after_is_applied_and_its_answer_can_be_lost(moto: Moto) -> None:
    with ThreadPoolExecutor() as elsewhere:
        moto.hold("CreateRole", "after")
        pending = elsewhere.submit(create_role(moto))
        moto.wait_until_held()
        assert roles(moto) == {"r"}
        moto.release(drop=True)
        assert isinstance(pending.exception(), ConnectionClosedError)


def test_a_call_held_before_can_be_lost_even_behind_the_proxy(moto: Moto, faults: Faults) -> None:
    with ThreadPoolExecutor() as elsewhere:
        moto.hold("CreateRole", "before")
        pending = elsewhere.submit(create_role(faults))
        moto.wait_until_held()
        moto.release(drop=True)
        assert pending.exception()
    assert roles(moto) == set()


def test_the_nth_call_is_held_and_lost_with_its_sender(moto: Moto) -> None:
    role(moto)
    given = {"RoleName": "logging", "PolicyDocument": policy(Action="s3:*", Resource="*")}
    hasty = moto.client("iam", read_timeout=0.5)
    moto.hold("PutRolePolicy", "before", nth=2)
    hasty.put_role_policy(PolicyName="first", **given)
    assert not moto.held()
    with pytest.raises(ReadTimeoutError):
        hasty.put_role_policy(PolicyName="second", **given)
    moto.release()
    assert moto.client("iam").list_role_policies(RoleName="logging")["PolicyNames"] == ["first"]


def test_calls_of_rest_services_are_held_by_their_operation(moto: Moto) -> None:
    with ThreadPoolExecutor() as elsewhere:
        moto.hold("ListRegions")
        pending = elsewhere.submit(moto.client("account").list_regions)
        moto.wait_until_held()
        server(moto)
        moto.release()
        assert pending.result()["Regions"]
