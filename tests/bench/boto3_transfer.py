"""The transfer function as one would write it with Python and boto3: the yardstick of the bench.

It handles a CreateServer or UpdateServer event: reads the server and its logging role, makes
and sets the role where logging is off, reads back, and reports. Clients are made once, at
start, for the services that it needs; nothing is read that the answer does not depend on. The
loop at the foot is what AWS's own Python runtime does: one event at a time from the Runtime API.
"""

from __future__ import annotations

import json
import os
import urllib.request
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

CONTROL = "transfer-server-logging"
ROLE = "trailkeeper-transfer-logging"
POLICY = "write-transfer-logs"
TAGS = [{"Key": "managed-by", "Value": "trailkeeper"}]
NEEDED = {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"}
POLICIES = Path(__file__).resolve().parents[2] / "policies"

ENFORCE = os.environ.get("TRAILKEEPER_MODE") == "enforce"
TOPIC = os.environ.get("TRAILKEEPER_TOPIC_ARN")

_session = boto3.session.Session()
_config = Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 3, "mode": "standard"})
transfer = _session.client("transfer", config=_config)
iam = _session.client("iam", config=_config)
sns = _session.client("sns", config=_config)


def document(name: str, account: str) -> str:
    """A policy document of ours, for this account."""
    text = (POLICIES / f"transfer-logging.{name}.json").read_text()
    return text.replace("${AWS::Partition}", "aws").replace("${AWS::AccountId}", account)


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def allowed(policy: dict[str, Any]) -> set[str]:
    """The actions that a policy's Allow statements name, of those needed."""
    found: set[str] = set()
    for statement in as_list(policy["Statement"]):
        if statement["Effect"] == "Allow":
            for action in as_list(statement.get("Action", [])):
                found |= NEEDED if action in ("*", "logs:*") else NEEDED & {action}
    return found


def trusts_transfer(trust: dict[str, Any]) -> bool:
    return any(
        statement["Effect"] == "Allow"
        and "transfer.amazonaws.com" in as_list(statement.get("Principal", {}).get("Service", []))
        for statement in as_list(trust["Statement"])
    )


def role_fault(name: str) -> str | None:
    """What keeps the role from writing the server's log; None where nothing does."""
    try:
        role = iam.get_role(RoleName=name)["Role"]
    except iam.exceptions.NoSuchEntityException:
        return f"role {name} does not exist"
    if not trusts_transfer(role["AssumeRolePolicyDocument"]):
        return f"role {name} may not be assumed by Transfer"
    granted: set[str] = set()
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        granted |= allowed(iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"])
    for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        version = iam.get_policy(PolicyArn=attached["PolicyArn"])["Policy"]["DefaultVersionId"]
        got = iam.get_policy_version(PolicyArn=attached["PolicyArn"], VersionId=version)
        granted |= allowed(got["PolicyVersion"]["Document"])
    missing = NEEDED - granted
    return f"role {name} lacks {', '.join(sorted(missing))}" if missing else None


def server_fault(server_id: str) -> str | None:
    """Why the server does not log; None where it does."""
    server = transfer.describe_server(ServerId=server_id)["Server"]
    if server.get("StructuredLogDestinations"):
        return None
    role = server.get("LoggingRole")
    if not role:
        return "no logging role and no structured log destination"
    return role_fault(role.rsplit("/", 1)[-1])


def plan(server_id: str, account: str) -> list[tuple[str, Any]]:
    """The calls that switch logging on, as name and function."""
    arn = f"arn:aws:iam::{account}:role/{ROLE}"
    steps: list[tuple[str, Any]] = []
    if role_fault(ROLE):
        steps += [
            ("iam:CreateRole", lambda: iam.create_role(
                RoleName=ROLE, AssumeRolePolicyDocument=document("trust", account), Tags=TAGS)),
            ("iam:PutRolePolicy", lambda: iam.put_role_policy(
                RoleName=ROLE, PolicyName=POLICY, PolicyDocument=document("permissions", account))),
        ]
    steps.append(("transfer:UpdateServer", lambda: transfer.update_server(ServerId=server_id, LoggingRole=arn)))
    return steps


def report(result: dict[str, Any], region: str) -> None:
    """Logs the result, and tells the topic where there is news."""
    print(json.dumps(result))
    if TOPIC and result["status"] != "compliant":
        attributes = {"control": CONTROL, "status": result["status"], "region": region}
        sns.publish(
            TopicArn=TOPIC,
            Subject=f"{CONTROL}: {result['status']}"[:100],
            MessageStructure="json",
            Message=json.dumps({"default": f"{result['resource']}: {result['because']}", "sqs": json.dumps(result)}),
            MessageAttributes={
                key: {"DataType": "String", "StringValue": value} for key, value in attributes.items()
            },
        )


def handler(event: dict[str, Any]) -> dict[str, Any]:
    """Checks the server that the event names, and repairs it."""
    detail = event["detail"]
    named = detail["responseElements"] or detail["requestParameters"]
    server_id, account, region = named["serverId"], event["account"], detail["awsRegion"]
    result: dict[str, Any] = {
        "control": CONTROL,
        "resource": f"arn:aws:transfer:{region}:{account}:server/{server_id}",
        "region": region,
        "status": "compliant",
        "because": server_fault(server_id),
        "steps": [],
    }
    if result["because"]:
        steps = plan(server_id, account)
        if ENFORCE:
            for _, call in steps:
                call()
            result["status"] = "failed" if server_fault(server_id) else "fixed"
        else:
            result["status"] = "planned"
        result["steps"] = [{"action": name, "status": "applied" if ENFORCE else "planned"} for name, _ in steps]
    report(result, region)
    return {"mode": "enforce" if ENFORCE else "dry-run", "results": [result]}


def serve() -> None:
    """Handles events for as long as the process lives."""
    base = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
    while True:
        with urllib.request.urlopen(f"{base}/next") as got:
            request_id = got.headers["Lambda-Runtime-Aws-Request-Id"]
            event = json.load(got)
        try:
            answer, path = handler(event), "response"
        except Exception as error:
            answer, path = {"errorType": type(error).__name__, "errorMessage": str(error)}, "error"
        posted = urllib.request.Request(f"{base}/{request_id}/{path}", data=json.dumps(answer).encode())
        urllib.request.urlopen(posted).close()


if __name__ == "__main__":
    serve()
