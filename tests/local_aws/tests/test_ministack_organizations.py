"""Ministack, patched, knows which accounts belong together, and who is who in another one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from deployed import Account, organization
from given import refusal, role
from installed import caller
from local_aws.processes import ACCOUNT, Ministack


def accounts(account: Account) -> list[str]:
    """The accounts that it may see."""
    pages = account.client("organizations").get_paginator("list_accounts").paginate()
    return [it["Id"] for page in pages for it in page["Accounts"]]


def joined(ministack: Ministack, name: str) -> Account:
    made = Account(ministack).client("organizations").create_account(Email=f"{name}@example.com", AccountName=name)
    return Account(ministack, made["CreateAccountStatus"]["AccountId"])


def test_all_accounts_are_listed_page_by_page_to_the_management_account_alone(ministack: Ministack) -> None:
    members = [joined(ministack, name) for name in ("a", "b", "c")]
    assert sorted(accounts(Account(ministack))) == sorted([ACCOUNT, *(it.account for it in members)])
    assert refusal(members[0].client("organizations").list_accounts)[1] == "AccessDeniedException"


def entering(ministack: Ministack, trusted: dict[str, Any], *statements: dict[str, Any]) -> Any:
    """Has a role at home, which may do what the statements say, ask for a session with a tag in a member."""
    member = joined(ministack, "member")
    arn = role(member, "there", json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": action} | trusted
        for action in ("sts:AssumeRole", "sts:TagSession")
    ]}))
    sts = ministack.client_as(caller(ministack, *statements), "sts")
    return lambda: sts.assume_role(RoleArn=arn, RoleSessionName="test", Tags=[{"Key": "family", "Value": "key"}])


ASSUME = {"Action": "sts:AssumeRole", "Resource": "*"}
TAG = {"Action": "sts:TagSession", "Resource": "*"}


def test_a_session_with_tags_needs_both_actions(ministack: Ministack) -> None:
    _, code, message = refusal(entering(ministack, {}, ASSUME))
    assert code == "AccessDenied" and "sts:TagSession" in message
    assert entering(ministack, {}, ASSUME, TAG)()


@pytest.mark.parametrize(("pattern", "lets"), [(f"arn:aws:iam::{ACCOUNT}:role/caller*", True), ("*assumed-role*", False)])
def test_the_principal_of_a_session_is_its_role(ministack: Ministack, pattern: str, lets: bool) -> None:
    call = entering(ministack, {"Condition": {"ArnLike": {"aws:PrincipalArn": pattern}}}, ASSUME, TAG)
    if lets:
        assert call()
    else:
        assert refusal(call)[1] == "AccessDenied"


@pytest.mark.parametrize(
    ("variable", "lets"), [("aws:RequestTag/family", True), ("aws:RequestTag/other", False), ("aws:TagKeys", False)]
)
def test_a_variable_stands_for_the_one_value_of_its_key(ministack: Ministack, variable: str, lets: bool) -> None:
    """Without a value, the statement holds for nobody."""
    call = entering(ministack, {"Condition": {"StringEquals": {"aws:RequestTag/family": f"${{{variable}}}"}}}, ASSUME, TAG)
    if lets:
        assert call()
    else:
        assert refusal(call)[1] == "AccessDenied"


@pytest.mark.parametrize("own", [True, False])
def test_a_role_of_another_organization_is_another_resource(ministack: Ministack, own: bool) -> None:
    ours = organization(ministack) if own else "o-another1234"
    bound = ASSUME | {"Condition": {"StringEquals": {"aws:ResourceOrgID": ours}}}
    call = entering(ministack, {}, bound, TAG)
    if own:
        assert call()
    else:
        assert refusal(call)[1] == "AccessDenied"
