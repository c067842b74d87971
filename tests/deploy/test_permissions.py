"""docs/permissions.md is what policies/ hold, and what it has to paste suffices for what the commands call."""

from __future__ import annotations

import fnmatch
import json
import os
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from deployed import Home
from given import policy, role
from installed import EVERYONE
from local_aws.clients import Credentials
from local_aws.processes import ACCOUNT, REGION, Faults, Ministack, Moto
from operated import deploy, tool
from operator_at_home import Operator
from permissions_page import FUNCTIONS, NEVER, PAGE, POLICIES, actions, documents, page
from repository import ROOT
from template import listed, parsed

THEIRS = "111122223333"
# What SAM makes of functions and their events.
MADE = {f"AWS::{it}" for it in (
    "Events::Rule", "Lambda::EventInvokeConfig", "Lambda::EventSourceMapping", "Lambda::Function", "Lambda::Permission",
    "Scheduler::Schedule",
)}
# What CloudFormation's handlers can do and nothing in the templates asks for: groups and users of IAM, functions in a VPC or with
# a key of their own, buses with a key, tables of S3, delivery streams, and tables in several regions, with a key or a stream.
UNASKED = (
    "ec2:*", "iam:CreateServiceLinkedRole", "kinesis:*", "kms:RevokeGrant", "elasticfilesystem:*", "firehose:*", "iam:*Group*", "iam:*User*", "kms:CreateGrant", "kms:Decrypt", "kms:Encrypt",
    "kms:GenerateDataKey*", "kms:ReEncrypt*", "s3files:*", "s3tables:*",
)
# Calls of these handlers for which IAM knows no resource, so that only "*" grants them (Service Authorization Reference:
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html).
WITHOUT_RESOURCE = {
    "events:PutPermission", "events:RemovePermission", "lambda:CreateEventSourceMapping", "logs:DescribeIndexPolicies",
    "logs:DescribeLogGroups", "logs:DescribeResourcePolicies", "sns:GetSubscriptionAttributes", "sns:SetSubscriptionAttributes", "sns:Unsubscribe",
}
SCHEMAS = files("cfnlint") / "data" / "schemas"


def test_the_page_is_made_of_the_policies() -> None:
    made = page()
    if os.environ.get("UPDATE"):
        (ROOT / PAGE).write_text(made)
    assert (ROOT / PAGE).read_text() == made, "run this test with UPDATE=1 and look at the difference"
    for name in FUNCTIONS:
        for file in POLICIES.glob(f"{name}.*.json"):
            assert f"(../policies/{file.name})" in made
            assert all(action.split(":")[1] in made for action in actions(file.stem))
    assert {it["Sid"] for it in json.loads((POLICIES / "never.json").read_text())["Statement"]} == NEVER.keys()


def allows(document: dict[str, Any], action: str) -> bool:
    """Whether a policy allows an action on anything; one without a resource, on everything."""
    counts = [it for it in document["Statement"] if action not in WITHOUT_RESOURCE or it["Resource"] == "*"]
    patterns = [it for statement in counts for it in listed(statement["Action"])]
    return any(fnmatch.fnmatch(action.lower(), it.lower()) for it in patterns)


def types() -> set[str]:
    """The types of resources that CloudFormation makes of the templates of one account."""
    found = {it["Type"] for file in ("template.yaml", "regions.yaml") for it in parsed(file)["Resources"].values()}
    return (found - {"AWS::Serverless::Function"}) | MADE


@pytest.mark.parametrize("kind", sorted(types()))
def test_who_deploys_may_make_change_and_delete_each_resource(kind: str) -> None:
    """As CloudFormation's own schemas list the calls."""
    schema = json.loads((SCHEMAS / "providers" / f"{REGION}.json").read_text())[kind]
    handlers = json.loads((SCHEMAS / "resources" / f"{schema}.json").read_text())["handlers"]
    needed = {it for how in ("create", "read", "update", "delete") for it in handlers.get(how, {}).get("permissions", [])}
    asked = {it for it in needed if not any(fnmatch.fnmatch(it, pattern) for pattern in UNASKED)}
    assert asked and not {it for it in asked if not allows(documents()[0], it)}


def test_each_policy_fits_into_a_managed_one() -> None:
    """6,144 characters without white space (IAM quotas)."""
    for document in documents():
        assert len(json.dumps(document, separators=(",", ":"))) <= 6_144


def holder(server: Ministack, *which: int) -> Credentials:
    """Somebody with the page's policies, and no other right."""
    arn = role(server, "operator", policy(**EVERYONE))
    for number in which:
        text = json.dumps(documents()[number]).replace(THEIRS, ACCOUNT)
        server.client("iam").put_role_policy(RoleName="operator", PolicyName=f"p{number}", PolicyDocument=text)
    return server.credentials_for(arn)


def test_who_deploys_needs_no_other_right(ministack: Ministack, tmp_path: Path) -> None:
    operator = Operator(ministack, tmp_path, holder(ministack, 0))
    for ran in (
        operator.deploy("--email", "soc@example.com"),
        operator.deploy(parameters="Mode=enforce"),
        operator.run("controls", "--off", "vpc-flow-logs"),
        operator.run("stop"),
        operator.run("stop", "--start"),
        operator.run("regions", "--regions", "eu-west-1"),
        operator.run("regions", "--remove"),
        operator.deploy("--remove"),
    ):
        assert ran.returncode == 0, ran.stdout + ran.stderr


def test_who_operates_needs_no_other_right(ministack: Ministack) -> None:
    home = Home(ministack, ReportEmail="soc@example.com")
    who = holder(ministack, 2)
    # For SQS, the right to make a call is the right to make it in batches
    # (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html).
    batches = policy(Action="sqs:ChangeMessageVisibilityBatch", Resource="*")
    ministack.client("iam").put_role_policy(RoleName="operator", PolicyName="batches", PolicyDocument=batches)
    home.client("sqs").send_message(QueueUrl=home.outputs["DeadLetters"], MessageBody="{}")
    ran = tool(ministack, "redrive", who=who)
    assert ran.returncode == 0 and "1 left" in ran.stdout, ran.stderr
    ran = tool(ministack, "verify", "--regions", REGION, who=who)
    assert "not seen" not in ran.stdout and "denied" not in ran.stdout + ran.stderr, ran.stdout + ran.stderr
    for action in ("lambda:InvokeFunction", "logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:FilterLogEvents"):
        assert allows(documents()[2], action)


def test_who_covers_an_organization_needs_no_other_right(moto: Moto, faults: Faults) -> None:
    moto.regions([REGION, "eu-west-1"])
    organizations = moto.client("organizations")
    known = organizations.create_organization(FeatureSet="ALL")["Organization"]["Id"]
    unit = organizations.list_roots()["Roots"][0]["Id"]
    deploy(moto.client("cloudformation"), Organization=known)
    for more in (["--ou", unit], ["--ou", unit], ["--remove"]):
        tool(faults, "members", *more)
    called = {f"{it.service}:{it.operation}" for it in faults.calls()}
    assert "cloudformation:CreateStackSet" in called
    deployer, organizer, *_ = documents()
    assert not {it for it in called if not allows(organizer, it) and not allows(deployer, it)}
