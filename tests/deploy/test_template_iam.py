"""Every policy of the repository is one that IAM knows, by cfn-lint."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from template import ROOT, document


def holding(policy: Any) -> Any:
    """A template without a transform that holds a policy: with one, cfn-lint looks into no policy."""
    of_role = {"AssumeRolePolicyDocument": TRUST, "Policies": [{"PolicyName": "p", "PolicyDocument": policy}]}
    holder = {"Type": "AWS::IAM::Role", "Properties": of_role}
    match policy["Statement"][0]:
        case {"Principal": _, "Resource": _}:
            kind, properties = HOLDERS[service(policy)]
            holder = {"Type": kind, "Properties": {key: it or policy for key, it in properties.items()}}
        case {"Principal": _}:
            holder["Properties"] = {"AssumeRolePolicyDocument": policy}
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Holder": holder}}


# What holds a policy of a resource, by the service of its actions: `None` stands for the policy.
HOLDERS: dict[str, tuple[str, dict[str, Any]]] = {
    "s3": ("AWS::S3::BucketPolicy", {"Bucket": "logs", "PolicyDocument": None}),
    "kms": ("AWS::KMS::Key", {"KeyPolicy": None}),
    "sns": ("AWS::SNS::TopicPolicy", {"Topics": ["topic"], "PolicyDocument": None}),
    "sqs": ("AWS::SQS::QueuePolicy", {"Queues": ["queue"], "PolicyDocument": None}),
}


def service(policy: Any) -> str:
    """The service that the actions of a policy's first statement belong to."""
    action = policy["Statement"][0]["Action"]
    return str(action if isinstance(action, str) else action[0]).split(":")[0]


TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def lint(policies: dict[str, Any], folder: Path) -> dict[str, str]:
    """What cfn-lint finds wrong, by the name of the policy; it starts slowly, so once for all."""
    for name, policy in policies.items():
        (folder / f"{name}.json").write_text(json.dumps(holding(policy)))
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--regions", "us-east-1", "--format", "json", "--"]
    files = map(str, sorted(folder.glob("*.json")))
    found = subprocess.run([*command, *files], capture_output=True, text=True, check=False)
    return {Path(it["Filename"]).stem: it["Message"] for it in json.loads(found.stdout)}


def test_every_policy_is_one_that_iam_knows(tmp_path: Path) -> None:
    policies = {file.stem: document(file.stem, "transfer") for file in (ROOT / "policies").glob("*.json")}
    policies["queue"]["Statement"][0]["Resource"] = "arn:aws:sqs:us-east-1:123456789012:queue"
    assert policies and lint(policies, tmp_path) == {}


def test_a_misspelt_action_would_be_found(tmp_path: Path) -> None:
    text = json.dumps(document("transfer.observe")).replace("transfer:DescribeServer", "transfer:DescribeServr")
    assert "describeservr" in lint({"misspelt": json.loads(text)}, tmp_path)["misspelt"].lower()
