"""The function as its role, with IAM enforced: its policies suffice, and nothing in them is idle."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import StartFunction
from envelope import api_call, create_server, role_call, role_session, schedule
from given import policy, role, server, trust
from installed import Installed, all_actions, document, visible, without
from local_aws.processes import ACCOUNT, Ministack
from observed import OUR_POLICY, OUR_ROLE, logging_role, result

OBSERVE, REMEDIATE = "transfer.observe", "transfer.remediate"
CUSTOMERS = f"arn:aws:iam::{ACCOUNT}:policy/transfer-logs"
RIGHTS = policy(Action="logs:*", Resource="*")


@pytest.fixture
def installed(ministack: Ministack, function: StartFunction) -> Installed:
    return Installed(ministack, function, "transfer")


def server_on_customers_role(installed: Installed) -> str:
    """A server whose role has an inline and a managed policy."""
    arn = role(installed.ministack, "logging")
    installed.iam.put_role_policy(RoleName="logging", PolicyName="a", PolicyDocument=RIGHTS)
    installed.iam.create_policy(PolicyName="transfer-logs", PolicyDocument=RIGHTS)
    installed.iam.attach_role_policy(RoleName="logging", PolicyArn=CUSTOMERS)
    return server(installed.ministack, LoggingRole=arn)


def server_on_broken_role_of_ours(installed: Installed) -> str:
    """A server on our role, whose trust and policy someone changed."""
    server_id = server(installed.ministack)
    assert result(installed.invoke(create_server(server_id)))["status"] == "fixed"
    other = policy(Action="logs:PutLogEvents", Resource="*")
    installed.iam.put_role_policy(RoleName=OUR_ROLE, PolicyName=OUR_POLICY, PolicyDocument=other)
    installed.iam.update_assume_role_policy(RoleName=OUR_ROLE, PolicyDocument=trust("ec2.amazonaws.com"))
    return server_id


def test_the_policies_suffice_for_a_fix(installed: Installed) -> None:
    server_id = server(installed.ministack)
    assert result(installed.invoke(create_server(server_id)))["status"] == "fixed"
    assert logging_role(installed.ministack, server_id)
    assert result(installed.invoke(create_server(server_id)))["status"] == "compliant"


def test_the_policies_suffice_for_repair_of_our_role(installed: Installed) -> None:
    server_id = server_on_broken_role_of_ours(installed)
    assert result(installed.invoke(role_call("PutRolePolicy", OUR_ROLE)))["status"] == "fixed"
    assert logging_role(installed.ministack, server_id)


def test_the_observing_policy_suffices_for_a_dry_run(installed: Installed) -> None:
    installed.take(REMEDIATE)
    server_id = server(installed.ministack)
    assert result(installed.invoke(create_server(server_id), mode="dry-run"))["status"] == "planned"
    assert logging_role(installed.ministack, server_id) is None


def test_without_the_remediating_policy_nothing_can_be_written(installed: Installed) -> None:
    installed.take(REMEDIATE)
    server_id = server(installed.ministack)
    outcome = result(installed.invoke(create_server(server_id)))
    assert outcome["status"] == "failed" and "iam:CreateRole was denied" in outcome["because"]
    assert logging_role(installed.ministack, server_id) is None


def test_writing_is_bounded_to_our_role(installed: Installed) -> None:
    """A role of another name is not ours to make, whatever the code would ask for."""
    text = json.dumps(document(REMEDIATE)).replace(OUR_ROLE, "another-role")
    installed.give(REMEDIATE, json.loads(text))
    outcome = result(installed.invoke(create_server(server(installed.ministack))))
    assert outcome["status"] == "failed" and "denied" in outcome["because"]


def test_a_role_of_ours_is_within_the_boundary_of_the_stack_and_comes_back_into_it(installed: Installed) -> None:
    server_id = server(installed.ministack)
    assert result(installed.invoke(create_server(server_id)))["status"] == "fixed"

    def bounds() -> str | None:
        found = installed.iam.get_role(RoleName=OUR_ROLE)["Role"].get("PermissionsBoundary", {})
        return str(found.get("PermissionsBoundaryArn")) if found else None

    assert bounds() == installed.boundary
    installed.iam.delete_role_permissions_boundary(RoleName=OUR_ROLE)
    told = result(installed.invoke(role_call("PutRolePolicy", OUR_ROLE)))
    assert told["status"] == "fixed" and "permissions boundary" in told["because"]
    assert [step["action"] for step in told["steps"]] == ["iam:PutRolePermissionsBoundary"] and bounds() == installed.boundary


WOKEN = {
    "iam:PutRolePermissionsBoundary": "unbounded-role-of-ours",
    "iam:UpdateAssumeRolePolicy": "broken-role-of-ours",
    "iam:GetPolicy": "customers-role",
    "iam:GetPolicyVersion": "customers-role",
    "iam:GetRolePolicy": "customers-role",
    "iam:ListRolePolicies": "customers-role",
    "iam:ListAttachedRolePolicies": "customers-role",
    "account:ListRegions": "schedule",
    "logs:DescribeLogGroups": "structured",
    "transfer:ListServers": "schedule",
}
"""The event in which each action shows; where none is named, the creation of a server without logging."""


def waking(installed: Installed, action: str) -> dict[str, Any]:
    """Puts into the account what makes the function need the action, and gives the event that wakes it."""
    match WOKEN.get(action):
        case "broken-role-of-ours":
            server_on_broken_role_of_ours(installed)
            return role_call("PutRolePolicy", OUR_ROLE)
        case "unbounded-role-of-ours":
            server_on_broken_role_of_ours(installed)
            installed.iam.delete_role_permissions_boundary(RoleName=OUR_ROLE)
            return role_call("PutRolePolicy", OUR_ROLE)
        case "customers-role":
            return create_server(server_on_customers_role(installed))
        case "schedule":
            server(installed.ministack)
            return schedule()
        case "structured":
            installed.ministack.client("logs").create_log_group(logGroupName="/transfer/json")
            group = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/transfer/json:*"
            return create_server(server(installed.ministack, StructuredLogDestinations=[group]))
        case _:
            return create_server(server(installed.ministack))


@pytest.mark.parametrize("name", [OBSERVE, REMEDIATE])
def test_every_single_action_is_needed(ministack: Ministack, function: StartFunction, name: str) -> None:
    whole = document(name)
    for action in all_actions(name):
        ministack.reset()
        installed = Installed(ministack, function, "transfer")
        event = waking(installed, action)
        assert visible(installed.invoke(event, mode="dry-run")) == ""
        installed.give(name, without(whole, action))
        missed = visible(installed.invoke(event))
        assert "denied" in missed, f"without {action} nothing is missed"


def test_calls_by_our_role_are_looked_into(installed: Installed) -> None:
    server_id = server(installed.ministack)
    ours = role_session(installed.role, installed.unique_id)
    elements = {"serverId": server_id}
    updated = api_call("transfer", "UpdateServer", responseElements=elements, userIdentity=ours)
    assert result(installed.invoke(updated))["status"] == "fixed"
    assert result(installed.invoke(updated))["status"] == "compliant", "the event of our own fix"
    namesake = api_call("transfer", "UpdateServer", responseElements=elements, userIdentity=role_session("Transfer-Function"))
    assert result(installed.invoke(namesake))["status"] == "compliant"
