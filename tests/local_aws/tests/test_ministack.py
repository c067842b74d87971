"""Ministack, patched, decides about each call the functions make as IAM does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from given import described, policy, refusal, role, server, trust
from installed import caller
from local_aws.processes import ACCOUNT, Ministack

IAM = f"arn:aws:iam::{ACCOUNT}:role"
MANAGED = "arn:aws:iam::aws:policy/service-role/AWSTransferLoggingAccess"
SENTENCE = policy(Action="logs:PutLogEvents", Resource="*")

Call = Callable[[Any], Any]

CALLS: dict[str, tuple[str, Call]] = {
    "iam:GetRole": (f"{IAM}/path/known", lambda iam: iam.get_role(RoleName="known")),
    "iam:ListRolePolicies": (
        f"{IAM}/path/known", lambda iam: iam.list_role_policies(RoleName="known")
    ),
    "iam:ListAttachedRolePolicies": (
        f"{IAM}/path/known", lambda iam: iam.list_attached_role_policies(RoleName="known")
    ),
    "iam:GetRolePolicy": (
        f"{IAM}/path/known", lambda iam: iam.get_role_policy(RoleName="known", PolicyName="p")
    ),
    "iam:PutRolePolicy": (
        f"{IAM}/path/known",
        lambda iam: iam.put_role_policy(
            RoleName="known", PolicyName="q", PolicyDocument=SENTENCE
        ),
    ),
    "iam:UpdateAssumeRolePolicy": (
        f"{IAM}/path/known",
        lambda iam: iam.update_assume_role_policy(RoleName="known", PolicyDocument=trust()),
    ),
    "iam:CreateRole": (
        f"{IAM}/path/new",
        lambda iam: iam.create_role(
            RoleName="new", Path="/path/", AssumeRolePolicyDocument=trust()
        ),
    ),
    "iam:GetPolicy": (MANAGED, lambda iam: iam.get_policy(PolicyArn=MANAGED)),
    "iam:GetPolicyVersion": (
        MANAGED, lambda iam: iam.get_policy_version(PolicyArn=MANAGED, VersionId="v1")
    ),
    "account:ListRegions": (
        f"arn:aws:account::{ACCOUNT}:account", lambda account: account.list_regions()
    ),
    "sns:Publish": (
        f"arn:aws:sns:us-east-1:{ACCOUNT}:reports",
        lambda sns: sns.publish(
            TopicArn=f"arn:aws:sns:us-east-1:{ACCOUNT}:reports", Message="m"
        ),
    ),
    "transfer:DescribeServer": (
        f"arn:aws:transfer:us-east-1:{ACCOUNT}:server/SERVER",
        lambda transfer: transfer.describe_server(ServerId=first(transfer)),
    ),
    "transfer:UpdateServer": (
        f"arn:aws:transfer:us-east-1:{ACCOUNT}:server/SERVER",
        lambda transfer: transfer.update_server(ServerId=first(transfer), LoggingRole=""),
    ),
}


def first(transfer: Any) -> str:
    """The id of the only server, which the caller may list."""
    return str(transfer.list_servers()["Servers"][0]["ServerId"])


@pytest.mark.parametrize("action", CALLS)
def test_a_call_needs_its_action_on_its_resource(ministack: Ministack, action: str) -> None:
    iam = ministack.client("iam")
    iam.create_role(RoleName="known", Path="/path/", AssumeRolePolicyDocument=trust())
    iam.put_role_policy(RoleName="known", PolicyName="p", PolicyDocument=SENTENCE)
    ministack.client("sns").create_topic(Name="reports")
    server_id = server(ministack)
    resource, call = CALLS[action]
    resource = resource.replace("SERVER", server_id)
    listing = {"Action": "transfer:ListServers", "Resource": "*"}
    service = action.partition(":")[0]

    def tried_with(*statements: dict[str, Any]) -> Any:
        return call(ministack.client_as(caller(ministack, listing, *statements), service))

    expected = "AuthorizationError" if service == "sns" else "AccessDenied"
    for refused in ([], [{"Action": action, "Resource": resource + "0"}]):
        found = refusal(lambda: tried_with(*refused))
        assert found[1].startswith(expected)
    assert tried_with({"Action": action, "Resource": resource})


def test_listing_servers_needs_its_action(ministack: Ministack) -> None:
    other = caller(ministack, {"Action": "transfer:DescribeServer", "Resource": "*"})
    call = ministack.client_as(other, "transfer").list_servers
    assert refusal(call)[1] == "AccessDeniedException"


def test_who_it_is_may_be_asked_by_everybody(ministack: Ministack) -> None:
    arn = caller(ministack)
    told = ministack.client_as(arn, "sts").get_caller_identity()
    assert told["Arn"].startswith(f"arn:aws:sts::{ACCOUNT}:assumed-role/caller")


def test_a_role_with_tags_needs_permission_to_tag(ministack: Ministack) -> None:
    create = {"Action": "iam:CreateRole", "Resource": "*"}
    tag = {"Action": "iam:TagRole", "Resource": f"{IAM}/new"}
    other = {"Condition": {"StringEquals": {"aws:RequestTag/by": "nobody"}}}
    given = {
        "RoleName": "new",
        "AssumeRolePolicyDocument": trust(),
        "Tags": [{"Key": "by", "Value": "trailkeeper"}],
    }
    for allowed in ([create], [create, tag | other]):
        iam = ministack.client_as(caller(ministack, *allowed), "iam")
        status, code, message = refusal(iam.create_role, **given)
        assert (status, code) == (403, "AccessDenied") and "iam:TagRole" in message
    assert refusal(ministack.client("iam").get_role, RoleName="new")[0] == 404
    iam = ministack.client_as(caller(ministack, create, tag), "iam")
    assert iam.create_role(**given)["Role"]["Tags"] == given["Tags"]


def test_a_logging_role_must_be_one_that_the_caller_may_pass(ministack: Ministack) -> None:
    server_id, logging = server(ministack), role(ministack)
    update = {"Action": "transfer:UpdateServer", "Resource": "*"}

    def passing(service: str, arn: str = logging) -> dict[str, Any]:
        condition = {"StringEquals": {"iam:PassedToService": service}}
        return {"Action": "iam:PassRole", "Resource": arn, "Condition": condition}

    right = passing("transfer.amazonaws.com")
    wrong = [passing("ec2.amazonaws.com"), passing("transfer.amazonaws.com", logging + "0")]
    for allowed in ([update], *([update, statement] for statement in wrong)):
        transfer = ministack.client_as(caller(ministack, *allowed), "transfer")
        found = refusal(transfer.update_server, ServerId=server_id, LoggingRole=logging)
        assert found[1] == "AccessDeniedException" and "iam:PassRole" in found[2]
    assert "LoggingRole" not in described(ministack, server_id)
    transfer = ministack.client_as(caller(ministack, update, right), "transfer")
    transfer.update_server(ServerId=server_id, LoggingRole=logging)
    assert described(ministack, server_id)["LoggingRole"] == logging


def test_a_role_that_transfer_may_not_assume_is_refused(ministack: Ministack) -> None:
    server_id, other = server(ministack), role(ministack, "other", trust("ec2.amazonaws.com"))
    call = ministack.client("transfer").update_server
    found = refusal(call, ServerId=server_id, LoggingRole=other)
    assert found[:2] == (400, "InvalidRequestException")


def test_no_server_is_lost_between_pages_and_an_unknown_one_not_found(ministack: Ministack) -> None:
    ids = {server(ministack) for _ in range(5)}
    transfer = ministack.client("transfer")
    pages = transfer.get_paginator("list_servers").paginate(PaginationConfig={"PageSize": 2})
    assert sorted(s["ServerId"] for page in pages for s in page["Servers"]) == sorted(ids)
    found = refusal(transfer.describe_server, ServerId="s-" + "0" * 17)
    assert found[:2] == (400, "ResourceNotFoundException")
