"""The function as its role, with IAM enforced: its policies suffice, and nothing in them is idle."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import StartFunction
from envelope import api_call, create_server, role_call, role_session, schedule
from given import policy, role, server, trust
from local_aws.processes import ACCOUNT, Ministack
from observed import OUR_POLICY, OUR_ROLE, logging_role, result
from runtime_api import Answer

POLICIES = Path(__file__).parent.parent / "policies"
FUNCTION_ROLE = "transfer-function"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:reports"
OBSERVE, REMEDIATE = "transfer.observe", "transfer.remediate"
CUSTOMERS = f"arn:aws:iam::{ACCOUNT}:policy/transfer-logs"
RIGHTS = policy(Action="logs:*", Resource="*")
VALUES = {"${AWS::Partition}": "aws", "${AWS::AccountId}": ACCOUNT, "${ReportTopicArn}": TOPIC}

Document = dict[str, Any]


def document(name: str) -> Document:
    """A policy of the function, filled in as the template does."""
    text = (POLICIES / f"{name}.json").read_text()
    for placeholder, value in VALUES.items():
        text = text.replace(placeholder, value)
    assert "${" not in text
    filled: Document = json.loads(text)
    return filled


def actions(statement: Document) -> list[str]:
    listed = statement["Action"]
    return listed if isinstance(listed, list) else [listed]


def without(whole: Document, action: str) -> Document:
    """The policy without one action."""
    rest = copy.deepcopy(whole)
    for statement in rest["Statement"]:
        statement["Action"] = [it for it in actions(statement) if it != action]
    rest["Statement"] = [statement for statement in rest["Statement"] if statement["Action"]]
    return rest


class Installed:
    """The function's role in an account where IAM decides, with the policies given."""

    def __init__(self, ministack: Ministack, function: StartFunction) -> None:
        self.ministack, self._function = ministack, function
        self.iam = ministack.client("iam")
        everyone = policy(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, Action="sts:AssumeRole")
        made = self.iam.create_role(RoleName=FUNCTION_ROLE, AssumeRolePolicyDocument=everyone)["Role"]
        self.arn, self.unique_id = made["Arn"], made["RoleId"]
        ministack.client("sns").create_topic(Name="reports")
        for name in [OBSERVE, REMEDIATE]:
            self.give(name, document(name))

    def give(self, name: str, policy_document: Document) -> None:
        text = json.dumps(policy_document)
        if policy_document["Statement"]:
            self.iam.put_role_policy(RoleName=FUNCTION_ROLE, PolicyName=name, PolicyDocument=text)
        else:
            self.iam.delete_role_policy(RoleName=FUNCTION_ROLE, PolicyName=name)

    def take(self, name: str) -> None:
        self.iam.delete_role_policy(RoleName=FUNCTION_ROLE, PolicyName=name)

    def invoke(self, event: dict[str, Any], mode: str = "enforce") -> Answer:
        credentials = self.ministack.credentials_for(self.arn).as_environment()
        settings = {"TRAILKEEPER_TOPIC_ARN": TOPIC, "TRAILKEEPER_REGIONS": "", **credentials}
        return self._function(endpoint=self.ministack, mode=mode, **settings).invoke(event)

    def server_on_customers_role(self) -> str:
        """A server whose role has an inline and a managed policy."""
        arn = role(self.ministack, "logging")
        self.iam.put_role_policy(RoleName="logging", PolicyName="a", PolicyDocument=RIGHTS)
        self.iam.create_policy(PolicyName="transfer-logs", PolicyDocument=RIGHTS)
        self.iam.attach_role_policy(RoleName="logging", PolicyArn=CUSTOMERS)
        return server(self.ministack, LoggingRole=arn)

    def server_on_broken_role_of_ours(self) -> str:
        """A server on our role, whose trust and policy someone changed."""
        server_id = server(self.ministack)
        assert result(self.invoke(create_server(server_id)))["status"] == "fixed"
        other = policy(Action="logs:PutLogEvents", Resource="*")
        self.iam.put_role_policy(RoleName=OUR_ROLE, PolicyName=OUR_POLICY, PolicyDocument=other)
        self.iam.update_assume_role_policy(RoleName=OUR_ROLE, PolicyDocument=trust("ec2.amazonaws.com"))
        return server_id


@pytest.fixture
def installed(ministack: Ministack, function: StartFunction) -> Iterator[Installed]:
    yield Installed(ministack, function)


def test_the_policies_suffice_for_a_fix(installed: Installed) -> None:
    server_id = server(installed.ministack)
    assert result(installed.invoke(create_server(server_id)))["status"] == "fixed"
    assert logging_role(installed.ministack, server_id)
    assert result(installed.invoke(create_server(server_id)))["status"] == "compliant"


def test_the_policies_suffice_for_repair_of_our_role(installed: Installed) -> None:
    server_id = installed.server_on_broken_role_of_ours()
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


WOKEN = {
    "iam:UpdateAssumeRolePolicy": "broken-role-of-ours",
    "iam:GetPolicy": "customers-role",
    "iam:GetPolicyVersion": "customers-role",
    "iam:GetRolePolicy": "customers-role",
    "iam:ListRolePolicies": "customers-role",
    "iam:ListAttachedRolePolicies": "customers-role",
    "account:ListRegions": "schedule",
    "transfer:ListServers": "schedule",
}
"""The event in which each action shows; where none is named, the creation of a server without logging."""


def visible(answer: Answer) -> str:
    """How a report or an error says that something is missing; nothing where all went well."""
    if not answer.ok:
        return answer.error_message or ""
    bad = [it for it in answer.body["results"] if it["status"] in {"unknown", "failed"}]
    return "; ".join(it["because"] for it in bad)


def waking(installed: Installed, action: str) -> dict[str, Any]:
    """Puts into the account what makes the function need the action, and gives the event that wakes it."""
    match WOKEN.get(action):
        case "broken-role-of-ours":
            installed.server_on_broken_role_of_ours()
            return role_call("PutRolePolicy", OUR_ROLE)
        case "customers-role":
            return create_server(installed.server_on_customers_role())
        case "schedule":
            server(installed.ministack)
            return schedule()
        case _:
            return create_server(server(installed.ministack))


@pytest.mark.parametrize("name", [OBSERVE, REMEDIATE])
def test_every_single_action_is_needed(ministack: Ministack, function: StartFunction, name: str) -> None:
    whole = document(name)
    for action in sorted({it for statement in whole["Statement"] for it in actions(statement)}):
        ministack.reset()
        installed = Installed(ministack, function)
        event = waking(installed, action)
        assert visible(installed.invoke(event, mode="dry-run")) == ""
        installed.give(name, without(whole, action))
        missed = visible(installed.invoke(event))
        assert "denied" in missed, f"without {action} nothing is missed"


def test_our_own_calls_are_ignored_but_not_others_by_our_role(installed: Installed) -> None:
    server_id = server(installed.ministack)
    ours = role_session(FUNCTION_ROLE, installed.unique_id)
    elements = {"serverId": server_id}
    updated = api_call("transfer", "UpdateServer", responseElements=elements, userIdentity=ours)
    answer = installed.invoke(updated)
    assert answer.body["ignored"] == "our own UpdateServer"
    assert logging_role(installed.ministack, server_id) is None
    stolen = api_call("transfer", "StartServer", requestParameters=elements, userIdentity=ours)
    assert result(installed.invoke(stolen))["status"] == "fixed"
    namesake = api_call("transfer", "UpdateServer", responseElements=elements, userIdentity=role_session("Transfer-Function"))
    assert result(installed.invoke(namesake))["status"] == "compliant"
