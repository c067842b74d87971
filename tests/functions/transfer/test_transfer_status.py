"""Each status that the transfer function reports, and what the account holds afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import StartFunction
from envelope import api_call, create_server, role_call
from given import described, policy, role, server, trust
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from observed import (
    OUR_POLICY, OUR_ROLE, OUR_ROLE_ARN, assert_logs_with_ours, logging_role, result, steps, writes,
)

CONTROL = "transfer-server-logging"
RIGHTS = policy(
    Action=["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
    Resource="arn:aws:logs:*:*:log-group:/aws/transfer/*",
)
GROUP = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/transfer/json:*"
WORKFLOW = {"OnUpload": [{"WorkflowId": "w-1234567890abcdef0", "ExecutionRole": f"arn:aws:iam::{ACCOUNT}:role/x"}]}


def working_role(moto: Moto, name: str = "logging") -> str:
    """A customer's logging role that does its work."""
    arn = role(moto, name)
    moto.client("iam").put_role_policy(RoleName=name, PolicyName="logs", PolicyDocument=RIGHTS)
    return arn


def structured(moto: Moto, **given: Any) -> str:
    """A server with JSON logs, whose log group exists."""
    moto.client("logs").create_log_group(logGroupName="/transfer/json")
    return server(moto, StructuredLogDestinations=[GROUP], **given)


def check(function: StartFunction, faults: Faults, server_id: str, **settings: str) -> dict[str, Any]:
    """What enforce says of a server."""
    started = function(endpoint=faults, mode=settings.pop("mode", "enforce"), **settings)
    outcome = result(started.invoke(create_server(server_id)))
    assert outcome["control"] == CONTROL
    assert outcome["resource"] == f"arn:aws:transfer:us-east-1:{ACCOUNT}:server/{server_id}"
    assert outcome["region"] == "us-east-1"
    return outcome


def test_fixed_keeps_every_other_setting(function: StartFunction, moto: Moto, faults: Faults) -> None:
    server_id = server(moto, Protocols=["SFTP"], Tags=[{"Key": "a", "Value": "b"}], SecurityPolicyName="TransferSecurityPolicy-2024-01")
    before = described(moto, server_id)
    outcome = check(function, faults, server_id)
    assert outcome["status"] == "fixed"
    assert steps(outcome) == [("iam:CreateRole", "applied"), ("iam:PutRolePolicy", "applied"), ("transfer:UpdateServer", "applied")]
    assert_logs_with_ours(moto, server_id)
    after = described(moto, server_id)
    assert after.pop("LoggingRole") == OUR_ROLE_ARN
    before.pop("LoggingRole", None)
    assert after == before


def test_the_second_server_gets_the_same_role(function: StartFunction, moto: Moto, faults: Faults) -> None:
    check(function, faults, server(moto))
    second = server(moto)
    assert steps(check(function, faults, second)) == [("transfer:UpdateServer", "applied")]
    assert_logs_with_ours(moto, second)


@pytest.mark.parametrize("attach", ["inline", "aws-managed", "customer-managed"])
def test_compliant_by_a_working_role(function: StartFunction, moto: Moto, faults: Faults, attach: str) -> None:
    arn = role(moto)
    iam = moto.client("iam")
    match attach:
        case "inline":
            iam.put_role_policy(RoleName="logging", PolicyName="logs", PolicyDocument=RIGHTS)
        case "aws-managed":
            managed = "arn:aws:iam::aws:policy/service-role/AWSTransferLoggingAccess"
            iam.attach_role_policy(RoleName="logging", PolicyArn=managed)
        case _:
            own = iam.create_policy(PolicyName="logs", PolicyDocument=policy(Action="s3:*", Resource="*"))["Policy"]["Arn"]
            iam.create_policy_version(PolicyArn=own, PolicyDocument=RIGHTS, SetAsDefault=True)
            iam.attach_role_policy(RoleName="logging", PolicyArn=own)
    assert check(function, faults, server(moto, LoggingRole=arn))["status"] == "compliant"
    assert writes(faults) == []
    made = [call.operation for call in faults.calls()]
    # The first version of a policy is asked for on the chance that it is the one.
    assert len(made) == len(set(made)) + (attach == "customer-managed"), "nothing is read twice"


def test_compliant_by_a_structured_destination(function: StartFunction, moto: Moto, faults: Faults) -> None:
    outcome = check(function, faults, structured(moto))
    assert (outcome["status"], outcome["steps"]) == ("compliant", [])
    assert {call.service for call in faults.calls()} == {"logs", "sts", "transfer"}


def test_advised_when_the_group_of_structured_logs_is_gone(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    server_id = structured(moto)
    moto.client("logs").delete_log_group(logGroupName="/transfer/json")
    outcome = check(function, faults, server_id)
    assert outcome["status"] == "advised" and "/transfer/json" in outcome["because"]
    assert writes(faults) == []
    deleted = api_call("logs", "DeleteLogGroup", requestParameters={"logGroupName": "/transfer/json"})
    found = result(function(endpoint=faults, mode="enforce").invoke(deleted))
    assert found["status"] == "advised" and found["resource"].endswith(server_id)


def test_unknown_when_the_group_of_structured_logs_may_not_be_read(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    faults.rule("logs", "DescribeLogGroups", error="AccessDeniedException", status=400)
    outcome = check(function, faults, structured(moto))
    assert outcome["status"] == "unknown" and "logs:DescribeLogGroups" in outcome["because"]


def test_planned_is_told_and_not_done(function: StartFunction, moto: Moto, faults: Faults) -> None:
    server_id = server(moto)
    outcome = check(function, faults, server_id, mode="dry-run")
    assert outcome["status"] == "planned"
    assert {status for _, status in steps(outcome)} == {"planned"}
    assert writes(faults) == []
    assert logging_role(moto, server_id) is None


def test_advised_when_a_customers_role_lost_its_rights(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = working_role(moto)
    server_id = server(moto, LoggingRole=arn)
    moto.client("iam").delete_role_policy(RoleName="logging", PolicyName="logs")
    outcome = check(function, faults, server_id)
    assert outcome["status"] == "advised"
    assert "logs:PutLogEvents" in outcome["because"] and arn in outcome["advice"]
    assert writes(faults) == []
    assert logging_role(moto, server_id) == arn


@pytest.mark.parametrize(("suffix", "status"), [("", "advised"), (":*", "compliant")])
def test_a_log_group_is_named_with_its_streams(
    function: StartFunction, moto: Moto, faults: Faults, suffix: str, status: str
) -> None:
    arn = working_role(moto)
    server_id = server(moto, LoggingRole=arn)
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/transfer/{server_id}{suffix}"
    rights = policy(Action="logs:*", Resource=group)
    moto.client("iam").put_role_policy(RoleName="logging", PolicyName="logs", PolicyDocument=rights)
    outcome = check(function, faults, server_id)
    assert outcome["status"] == status and ("logs:PutLogEvents" in outcome["because"]) == (status == "advised")
    assert writes(faults) == []


def test_advised_when_a_customers_role_lost_its_trust(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = working_role(moto)
    server_id = server(moto, LoggingRole=arn)
    moto.client("iam").update_assume_role_policy(RoleName="logging", PolicyDocument=trust("ec2.amazonaws.com"))
    assert check(function, faults, server_id)["status"] == "advised"
    assert writes(faults) == []


def test_advised_when_workflows_have_no_role(function: StartFunction, moto: Moto, faults: Faults) -> None:
    server_id = structured(moto, WorkflowDetails=WORKFLOW)
    outcome = check(function, faults, server_id)
    assert outcome["status"] == "advised" and "workflow" in outcome["because"]
    assert writes(faults) == []


def test_where_a_role_of_our_name_is_not_ours_another_is_made(function: StartFunction, moto: Moto, faults: Faults) -> None:
    """A server that has that role is given ours as well; where both names are taken, that is advised."""
    theirs = role(moto, OUR_ROLE)
    bare, on_theirs = server(moto), server(moto, LoggingRole=theirs)
    for one in (bare, on_theirs):
        assert check(function, faults, one)["status"] == "fixed"
        described = moto.client("transfer").describe_server(ServerId=one)["Server"]
        assert described["LoggingRole"] == f"{theirs}-2"
        assert check(function, faults, one)["status"] == "compliant"
    iam = moto.client("iam")
    assert iam.list_role_policies(RoleName=OUR_ROLE)["PolicyNames"] == []
    iam.untag_role(RoleName=f"{OUR_ROLE}-2", TagKeys=["managed-by"])
    outcome = check(function, faults, server(moto))
    assert outcome["status"] == "advised" and "without Trailkeeper's tag" in outcome["advice"]


def test_a_role_that_is_gone_is_replaced(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = working_role(moto)
    server_id = server(moto, LoggingRole=arn)
    iam = moto.client("iam")
    iam.delete_role_policy(RoleName="logging", PolicyName="logs")
    iam.delete_role(RoleName="logging")
    outcome = check(function, faults, server_id)
    assert outcome["status"] == "fixed" and arn in outcome["because"]
    assert outcome["steps"][-1]["before"] == {"LoggingRole": arn}
    assert_logs_with_ours(moto, server_id)


def test_a_role_of_that_name_under_another_path_is_not_the_one(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    working_role(moto)
    elsewhere = f"arn:aws:iam::{ACCOUNT}:role/path/logging"
    outcome = check(function, faults, server(moto, LoggingRole=elsewhere))
    assert outcome["status"] == "fixed" and elsewhere in outcome["because"]


@pytest.mark.parametrize("harm", ["policy-gone", "policy-cut", "trust-cut", "role-gone"])
def test_our_own_role_is_repaired(function: StartFunction, moto: Moto, faults: Faults, harm: str) -> None:
    server_id = server(moto)
    check(function, faults, server_id)
    iam = moto.client("iam")
    cut = policy(Action="logs:PutLogEvents", Resource="*")
    match harm:
        case "policy-gone":
            iam.delete_role_policy(RoleName=OUR_ROLE, PolicyName=OUR_POLICY)
        case "policy-cut":
            iam.put_role_policy(RoleName=OUR_ROLE, PolicyName=OUR_POLICY, PolicyDocument=cut)
        case "trust-cut":
            iam.update_assume_role_policy(RoleName=OUR_ROLE, PolicyDocument=trust("ec2.amazonaws.com"))
        case _:
            iam.delete_role_policy(RoleName=OUR_ROLE, PolicyName=OUR_POLICY)
            iam.delete_role(RoleName=OUR_ROLE)
    answer = function(endpoint=faults, mode="enforce").invoke(role_call("DeleteRolePolicy", OUR_ROLE))
    outcome = result(answer)
    assert outcome["status"] == "fixed"
    assert "transfer:UpdateServer" not in [action for action, _ in steps(outcome)]
    if harm == "policy-cut":
        assert outcome["steps"][0]["before"]["Statement"][0]["Action"] == "logs:PutLogEvents"
    assert_logs_with_ours(moto, server_id)


@pytest.mark.parametrize("settings", [{"mode": "enforce"}, {"mode": "dry-run"}])
def test_exempt_when_switched_off(function: StartFunction, moto: Moto, faults: Faults, settings: dict[str, str]) -> None:
    outcome = check(function, faults, server(moto), TRAILKEEPER_CONTROLS=f"{CONTROL}=off", **settings)
    assert outcome["status"] == "exempt"
    assert {call.service for call in faults.calls()} <= {"sts"}


def test_a_control_may_go_further_or_less_far_than_the_mode(function: StartFunction, moto: Moto, faults: Faults) -> None:
    server_id = server(moto)
    assert check(function, faults, server_id, TRAILKEEPER_CONTROLS=f"{CONTROL}=dry-run")["status"] == "planned"
    assert writes(faults) == []
    assert check(function, faults, server_id, mode="dry-run", TRAILKEEPER_CONTROLS=f"{CONTROL}=enforce")["status"] == "fixed"


def test_not_applicable_when_the_server_is_gone(function: StartFunction, moto: Moto, faults: Faults) -> None:
    assert check(function, faults, "s-0123456789abcdef0")["status"] == "not-applicable"
    assert writes(faults) == []


@pytest.mark.parametrize(
    ("service", "operation", "missing"),
    [
        ("transfer", "DescribeServer", "transfer:DescribeServer"),
        ("iam", "GetRole", "iam:GetRole"),
        ("iam", "ListRolePolicies", "iam:ListRolePolicies"),
        ("iam", "GetRolePolicy", "iam:GetRolePolicy"),
        ("iam", "ListAttachedRolePolicies", "iam:ListAttachedRolePolicies"),
    ],
)
def test_unknown_when_it_may_not_be_read(
    function: StartFunction, moto: Moto, faults: Faults, service: str, operation: str, missing: str
) -> None:
    server_id = server(moto, LoggingRole=working_role(moto))
    faults.deny(service, operation)
    outcome = check(function, faults, server_id)
    assert outcome["status"] == "unknown" and missing in outcome["because"]
    assert writes(faults) == []
    assert len(faults.calls(service, operation)) == 1, "what is denied is not asked again"


@pytest.mark.parametrize(
    ("service", "operation"), [("iam", "CreateRole"), ("iam", "PutRolePolicy"), ("transfer", "UpdateServer")]
)
def test_failed_when_a_write_is_denied(
    function: StartFunction, moto: Moto, faults: Faults, service: str, operation: str
) -> None:
    server_id = server(moto)
    faults.deny(service, operation)
    outcome = check(function, faults, server_id)
    assert outcome["status"] == "failed" and f"{service}:{operation}" in outcome["because"]
    order = ["iam:CreateRole", "iam:PutRolePolicy", "transfer:UpdateServer"]
    at = order.index(f"{service}:{operation}")
    assert [status for _, status in steps(outcome)] == ["applied"] * at + ["failed"] + ["skipped"] * (2 - at)
    assert len(faults.calls(service, operation)) == 1
    assert logging_role(moto, server_id) is None
