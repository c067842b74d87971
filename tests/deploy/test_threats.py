"""docs/threats.md names tests that are there, and its service control policy is one that keeps what the stack has."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from template import ACCOUNT, ROOT, Template, parsed
from test_template_iam import lint

PAGE = (ROOT / "docs" / "threats.md").read_text()
(TEXT,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
POLICY = json.loads(TEXT)
KEEP, KEYS, BATCHES = POLICY["Statement"]
NAMES = {
    "AWS::CloudWatch::Alarm": f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:trailkeeper-{{}}-1A2B",
    "AWS::Events::EventBus": f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/trailkeeper",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/trailkeeper-{{}}-1A2B",
    "AWS::Logs::LogGroup": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/lambda/trailkeeper-{{}}",
    "AWS::SNS::Topic": f"arn:aws:sns:us-east-1:{ACCOUNT}:trailkeeper-{{}}-1A2B",
    "AWS::SQS::Queue": f"arn:aws:sqs:us-east-1:{ACCOUNT}:trailkeeper-{{}}-1A2B",
    "AWS::Serverless::Function": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:trailkeeper-{{}}",
}
"""What CloudFormation calls the parts of the stack."""


def test_every_test_that_the_page_names_is_there() -> None:
    named = re.findall(r"`([\w/.]+)::(\w+)`", PAGE)
    assert len(named) > 10
    for file, name in named:
        assert re.search(rf"\b(def|fn) {name}\(", (ROOT / file).read_text()), f"{file}::{name}"


def test_the_policy_is_one_that_organizations_takes(tmp_path: Path) -> None:
    """5,120 characters at most, and every action exists."""
    assert len(json.dumps(POLICY, separators=(",", ":"))) <= 5_120
    assert lint({"scp": POLICY}, tmp_path) == {}


@pytest.mark.parametrize("kind", NAMES)
def test_it_covers_every_part_of_the_stack(kind: str) -> None:
    parts = Template(ReportEmail="team@example.com").resources(kind)
    assert parts
    for name, properties in parts.items():
        arn = NAMES[kind].format(name)
        if "RoleName" in properties:
            arn = f"arn:aws:iam::{ACCOUNT}:role/{properties['RoleName']}"
        assert any(fnmatchcase(arn, pattern) for pattern in KEEP["Resource"]), arn


def test_it_covers_the_keys_and_what_other_accounts_have() -> None:
    keys = Template().resources("AWS::KMS::Key").values()
    assert all({"Key": "trailkeeper", "Value": "stack"} in it["Tags"] for it in keys)
    assert KEYS["Condition"]["StringEquals"] == {"aws:ResourceTag/trailkeeper": "stack"}
    roles = [it["Properties"] for it in parsed("members.yaml")["Resources"].values() if it["Type"] == "AWS::IAM::Role"]
    for arn in (
        *(f"arn:aws:iam::{ACCOUNT}:role/{it['RoleName']}" for it in roles),
        f"arn:aws:events:us-east-1:{ACCOUNT}:rule/StackSet-trailkeeper-regions-1A2B-Sns-1A2B",
        f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/StackSet-trailkeeper-members-1A2B/1A2B",
    ):
        assert any(fnmatchcase(arn, pattern) for pattern in KEEP["Resource"]), arn


def test_it_covers_what_empties_the_queues() -> None:
    """A mapping has no name of the stack's, so its function says whose it is."""
    arn = BATCHES["Condition"]["ArnLike"]["lambda:FunctionArn"]
    mapped = [it["FunctionName"] for it in Template().resources("AWS::Serverless::Function").values() if "Queue" in it["Events"]]
    assert len(mapped) == 7
    assert all(fnmatchcase(f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}", arn) for name in mapped)


def test_it_lets_the_deployment_through_and_the_functions() -> None:
    through = KEEP["Condition"]["ArnNotLike"]["aws:PrincipalArn"]
    ours = [it["RoleName"] for it in Template().resources("AWS::IAM::Role").values() if "FunctionRole" in it.get("RoleName", "")]
    for name in ("trailkeeper-deployment", "stacksets-exec-1a2b", "TrailkeeperRole", *ours):
        assert any(fnmatchcase(f"arn:aws:iam::{ACCOUNT}:role/{name}", it) for it in through), name
    assert not any(fnmatchcase(f"arn:aws:iam::{ACCOUNT}:role/Admin", it) for it in through)
