"""What the vpc function says of a VPC when AWS refuses it a read or a write."""

from __future__ import annotations

import pytest
from conftest import StartFunction
from given import policy
from local_aws.faults import Faults
from local_aws.processes import Moto
from observed import steps
from trails import changing
from vpcs import (
    ALL_CALLS, OUR_ROLE, assert_flows_with_ours, check, create_vpc, flow_log, flow_logs, order, vpc,
    writer,
)

BARE = [
    ("ec2", "DescribeVpcs"),
    ("ec2", "DescribeFlowLogs"),
    ("iam", "GetRole"),
    ("logs", "DescribeLogGroups"),
]
LEANING = [
    ("iam", "GetRole"),
    ("iam", "ListRolePolicies"),
    ("iam", "GetRolePolicy"),
    ("iam", "ListAttachedRolePolicies"),
    ("iam", "GetPolicy"),
    ("iam", "GetPolicyVersion"),
]
"""What is asked only of a role that a flow log leans on."""
REFUSED = {"logs": "InvalidParameterException", "iam": "InvalidInput", "ec2": "InvalidParameter"}


def on_customers_role(moto: Moto) -> tuple[str, str]:
    """A VPC with a flow log on a role that has an inline and a managed policy; both ids."""
    one, arn = vpc(moto), writer(moto)
    iam = moto.client("iam")
    more = policy(Action="logs:*", Resource="*")
    attached = iam.create_policy(PolicyName="logs", PolicyDocument=more)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="flows", PolicyArn=attached)
    return one, flow_log(moto, one, arn)


@pytest.mark.parametrize(("service", "operation"), BARE)
def test_unknown_when_it_may_not_be_read(
    function: StartFunction, moto: Moto, faults: Faults, service: str, operation: str
) -> None:
    one = vpc(moto)
    faults.deny(service, operation)
    outcome = check(function, faults, one)
    assert outcome["status"] == "unknown"
    assert f"{service}:{operation} was denied" in outcome["because"]
    assert changing(faults) == [] and outcome["steps"] == []
    assert len(faults.calls(service, operation)) == 1, "what is denied is not asked again"


@pytest.mark.parametrize(("service", "operation"), LEANING)
def test_unknown_when_the_role_of_a_flow_log_may_not_be_read(
    function: StartFunction, moto: Moto, faults: Faults, service: str, operation: str
) -> None:
    one, theirs = on_customers_role(moto)
    faults.deny(service, operation)
    outcome = check(function, faults, one)
    assert outcome["status"] == "unknown"
    assert f"{service}:{operation} was denied" in outcome["because"]
    assert theirs in outcome["because"] and changing(faults) == []


@pytest.mark.parametrize(("service", "operation"), LEANING)
def test_compliant_all_the_same_where_aws_says_that_it_delivers(
    function: StartFunction, moto: Moto, faults: Faults, service: str, operation: str
) -> None:
    one, theirs = on_customers_role(moto)
    order(moto, "flow-log-status", flow_log=theirs, status="SUCCESS")
    faults.deny(service, operation)
    assert check(function, faults, one)["status"] == "compliant"
    assert changing(faults) == []


@pytest.mark.parametrize("call", ALL_CALLS)
@pytest.mark.parametrize("how", ["denied", "refused"])
def test_failed_when_a_write_is_denied_or_refused(
    function: StartFunction, moto: Moto, faults: Faults, call: str, how: str
) -> None:
    one = vpc(moto)
    service, operation = call.split(":")
    if how == "denied":
        faults.deny(service, operation)
    else:
        faults.rule(service, operation, error=REFUSED[service], status=400, message="not so")
    outcome = check(function, faults, one)
    said = {"denied": "was denied", "refused": "was rejected"}[how]
    assert outcome["status"] == "failed" and f"{call} {said}" in outcome["because"]
    at = ALL_CALLS.index(call)
    expected = ["applied"] * at + ["failed"] + ["skipped"] * (len(ALL_CALLS) - 1 - at)
    assert steps(outcome) == list(zip(ALL_CALLS, expected, strict=True))
    assert len(faults.calls(service, operation)) == 1
    assert flow_logs(moto, one) == {}
    faults.clear()
    assert check(function, faults, one)["status"] == "fixed"
    assert_flows_with_ours(moto, one)


def test_failed_when_the_answer_says_that_it_was_unsuccessful(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    one, arn = vpc(moto), writer(moto)
    for number in range(250):
        flow_log(moto, one, arn, group=f"flows{number}", TrafficType="ACCEPT")
    outcome = check(function, faults, one)
    assert outcome["status"] == "failed"
    assert f"You have reached the limit of 250 flow logs for {one}" in outcome["because"]
    assert "FlowLogsLimitExceeded" in outcome["steps"][-1]["error"]
    assert [status for _, status in steps(outcome)] == ["applied"] * 4 + ["failed"]
    assert len(faults.calls("ec2", "CreateFlowLogs")) == 1 and len(flow_logs(moto, one)) == 250


@pytest.mark.parametrize("means", ["attached", "boundary"])
def test_advised_when_somebody_took_the_rights_of_our_role_away(
    function: StartFunction, moto: Moto, faults: Faults, means: str
) -> None:
    check(function, moto, vpc(moto))
    iam = moto.client("iam")
    shut = policy(Effect="Deny", Action="logs:*", Resource="*")
    arn = iam.create_policy(PolicyName="shut", PolicyDocument=shut)["Policy"]["Arn"]
    if means == "attached":
        iam.attach_role_policy(RoleName=OUR_ROLE, PolicyArn=arn)
    else:
        iam.put_role_permissions_boundary(RoleName=OUR_ROLE, PermissionsBoundary=arn)
    second = vpc(moto)
    outcome = check(function, faults, second)
    assert outcome["status"] == "advised" and "even with its own policy" in outcome["advice"]
    assert changing(faults) == [] and flow_logs(moto, second) == {}


def test_a_denied_check_is_no_error_of_the_invocation(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    """Asking again would not help, and an error would be tried again."""
    faults.deny("ec2")
    answer = function("vpc", endpoint=faults, mode="enforce").invoke(create_vpc(vpc(moto)))
    assert answer.ok and answer.body["results"][0]["status"] == "unknown"
