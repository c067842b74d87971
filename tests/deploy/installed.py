"""Roles in an account where IAM decides: a function's own with its policies, and any other."""

from __future__ import annotations

import copy
import itertools
import json
from typing import Any

from conftest import StartFunction
from given import policy, role
from local_aws.processes import ACCOUNT, REGION, Ministack
from repository import ROOT
from runtime_api import Answer

POLICIES = ROOT / "policies"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:reports"
VALUES = {
    "${AWS::StackName}": "trailkeeper", "${GuardTopicArn}": f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms",
    "${AWS::Partition}": "aws", "${AWS::AccountId}": ACCOUNT, "${ReportTopicArn}": TOPIC, "${FlowLogBucket}": "flows",
    "${AlarmAddress}": "soc@example.com", "${AccessTargets}": "access-logs", "${NotesArn}": "arn:aws:s3:::trailkeeper-notes",
    "${LedgerArn}": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/ledger",
    "${UnsentReportsArn}": f"arn:aws:sqs:{REGION}:{ACCOUNT}:unsent-reports",
    "${LoggingBoundary}": f"arn:aws:iam::{ACCOUNT}:policy/trailkeeper-LoggingBoundary",
}
EVERYONE = {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
NUMBERS = itertools.count()

Document = dict[str, Any]


def document(name: str) -> Document:
    """A policy of a function, filled in as the template does."""
    text = (POLICIES / f"{name}.json").read_text()
    for placeholder, value in VALUES.items():
        text = text.replace(placeholder, value)
    assert "${" not in text
    filled: Document = json.loads(text)
    return filled


def bounded(iam: Any, name: str, account: str = ACCOUNT) -> str:
    """Has the stack's boundary of logging roles be there, and the role name it, as the templates do; its ARN."""
    text = json.dumps(document("logging-boundary")).replace(ACCOUNT, account)
    made: str = iam.create_policy(PolicyName="trailkeeper-LoggingBoundary", PolicyDocument=text)["Policy"]["Arn"]
    iam.tag_role(RoleName=name, Tags=[{"Key": "trailkeeper-logging-boundary", "Value": made}])
    return made


def actions(statement: Document) -> list[str]:
    listed = statement["Action"]
    return listed if isinstance(listed, list) else [listed]


def all_actions(*names: str) -> list[str]:
    """Every action of these policies."""
    return sorted({it for name in names for statement in document(name)["Statement"] for it in actions(statement)})


def without(whole: Document, action: str) -> Document:
    """The policy without one action."""
    rest = copy.deepcopy(whole)
    for statement in rest["Statement"]:
        statement["Action"] = [it for it in actions(statement) if it != action]
    rest["Statement"] = [statement for statement in rest["Statement"] if statement["Action"]]
    return rest


def policies_of(name: str) -> list[str]:
    """The policies of a function: what it reads, and what it writes."""
    return sorted(file.stem for file in POLICIES.glob(f"{name}.*.json"))


class Installed:
    """A function's role with its policies."""

    def __init__(self, ministack: Ministack, function: StartFunction, name: str, **settings: str) -> None:
        self.ministack, self._function, self.name, self._settings = ministack, function, name, settings
        self.observe, self.remediate, self.role = f"{name}.observe", f"{name}.remediate", f"trailkeeper-FunctionRole-{name}"
        self.iam = ministack.client("iam")
        made = self.iam.create_role(RoleName=self.role, AssumeRolePolicyDocument=policy(**EVERYONE))["Role"]
        self.arn, self.unique_id = made["Arn"], made["RoleId"]
        self.boundary = bounded(self.iam, self.role)
        ministack.client("sns").create_topic(Name="reports")
        for it in policies_of(name):
            self.give(it, document(it))

    def give(self, name: str, policy_document: Document) -> None:
        """Puts a policy in the place of the one of that name; one without statements takes it away."""
        text = json.dumps(policy_document)
        if policy_document["Statement"]:
            self.iam.put_role_policy(RoleName=self.role, PolicyName=name, PolicyDocument=text)
        else:
            self.take(name)

    def take(self, name: str) -> None:
        """Takes a policy away."""
        self.iam.delete_role_policy(RoleName=self.role, PolicyName=name)

    def take_action(self, action: str) -> None:
        """Takes one action out of all policies."""
        for it in policies_of(self.name):
            self.give(it, without(document(it), action))

    def invoke(self, event: dict[str, Any], mode: str = "enforce", **settings: str) -> Answer:
        """Has the function, with the role's credentials, work on an event."""
        credentials = self.ministack.credentials_for(self.arn).as_environment()
        given = {"TRAILKEEPER_TOPIC_ARN": TOPIC, "TRAILKEEPER_REGIONS": "", **self._settings, **settings, **credentials}
        return self._function(self.name, endpoint=self.ministack, mode=mode, **given).invoke(event)


def caller(ministack: Ministack, *statements: dict[str, Any]) -> str:
    """A role of the account which may do what the statements say."""
    name, iam = f"caller{next(NUMBERS)}", ministack.client("iam")
    arn = role(ministack, name, policy(**EVERYONE))
    for number, statement in enumerate(statements):
        iam.put_role_policy(RoleName=name, PolicyName=f"p{number}", PolicyDocument=policy(**statement))
    return arn


def nobody_looks(account: Ministack, bucket: str) -> None:
    """Has the bucket's policy let nobody list it, as that of a log bucket often does."""
    s3 = account.client("s3")
    found = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    shut = {"Effect": "Deny", "Principal": "*", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}"}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(found | {"Statement": [*found["Statement"], shut]}))


def visible(answer: Answer) -> str:
    """How a report or an error says that something is missing; nothing where all went well."""
    if not answer.ok:
        return answer.error_message or ""
    bad = [
        it for it in answer.body["results"]
        # Where a tag may not be read the fix goes on, and says so.
        if it["status"] in {"unknown", "failed"} or "was denied" in it["because"]
    ]
    return "; ".join(it["because"] for it in bad)
