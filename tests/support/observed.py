"""What tests read of the account after the transfer function ran."""

from __future__ import annotations

import json
import time
from typing import Any

from given import Account, described
from local_aws.faults import Call, Faults
from local_aws.processes import ACCOUNT
from runtime_api import Answer, Function

OUR_ROLE = "trailkeeper-transfer-logging"
OUR_ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/{OUR_ROLE}"
OUR_POLICY = "write-transfer-logs"
READS = ("Describe", "Get", "Head", "List")


def results(answer: Answer) -> list[dict[str, Any]]:
    """The results of a report; the invocation must have succeeded and not been ignored."""
    assert answer.ok, (answer.error_type, answer.error_message)
    assert answer.body["ignored"] is None, answer.body
    found: list[dict[str, Any]] = answer.body["results"]
    return found


def result(answer: Answer) -> dict[str, Any]:
    """The only result of a report."""
    (only,) = results(answer)
    return only


def steps(outcome: dict[str, Any]) -> list[tuple[str, str]]:
    """The steps of a result: action and status."""
    return [(step["action"], step["status"]) for step in outcome["steps"]]


def writes(faults: Faults) -> list[Call]:
    """The calls in the record that change something; a report to SNS is none."""
    return [
        call for call in faults.calls()
        if not call.operation.startswith(READS) and call.service != "sns"
    ]


def lines(function: Function, since: int = 0, **fields: Any) -> list[dict[str, Any]]:
    """The log lines with these fields, once there are any: a pipe is read a little later than written."""
    until = time.monotonic() + 5
    while True:
        found = [line for line in function.log_json[since:] if fields.items() <= line.items()]
        if found or time.monotonic() > until:
            return found
        time.sleep(0.01)


def logging_role(account: Account, server_id: str) -> str | None:
    """The logging role of a server as AWS tells it."""
    return described(account, server_id).get("LoggingRole") or None


def assert_logs_with_ours(account: Account, server_id: str) -> None:
    """The server logs, with the one role of ours, in working order, and nothing is there twice."""
    assert logging_role(account, server_id) == OUR_ROLE_ARN
    iam = account.client("iam")
    ours = [role for role in iam.list_roles()["Roles"] if role["RoleName"].startswith("trailkeeper-") and "FunctionRole" not in role["RoleName"]]
    assert [role["RoleName"] for role in ours] == [OUR_ROLE]
    assert iam.list_role_policies(RoleName=OUR_ROLE)["PolicyNames"] == [OUR_POLICY]
    assert iam.list_attached_role_policies(RoleName=OUR_ROLE)["AttachedPolicies"] == []
    role = iam.get_role(RoleName=OUR_ROLE)["Role"]
    assert {"Key": "managed-by", "Value": "trailkeeper"} in role["Tags"]
    trusted = json.dumps(role["AssumeRolePolicyDocument"])
    assert "transfer.amazonaws.com" in trusted
    assert "aws:SourceAccount" in trusted and "aws:SourceArn" in trusted
    policy = iam.get_role_policy(RoleName=OUR_ROLE, PolicyName=OUR_POLICY)["PolicyDocument"]
    (statement,) = policy["Statement"]
    assert statement["Resource"] == f"arn:aws:logs:*:{ACCOUNT}:log-group:/aws/transfer/*"
    assert sorted(statement["Action"]) == [
        "logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents",
    ]
