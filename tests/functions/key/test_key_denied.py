"""Keys whose own policy, or IAM, does not let the key function look or act."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import StartFunction
from given import role, trust
from kms_keys import (
    ENABLE,
    READING,
    ROOT,
    calls,
    check,
    key,
    only,
)
from local_aws.clients import Credentials
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, Moto
from observed import steps


def missing(because: str) -> dict[str, Any]:
    """The statement that is told."""
    statement: dict[str, Any] = json.JSONDecoder().raw_decode(because, because.index("{"))[0]
    return statement


@pytest.mark.parametrize("mode", ["dry-run", "enforce"])
@pytest.mark.parametrize(
    ("allowed", "denied"),
    [
        ([], "kms:DescribeKey"),
        (["kms:DescribeKey"], "kms:GetKeyRotationStatus"),
        (READING, "kms:EnableKeyRotation"),
    ],
)
def test_failed_with_the_statement_that_the_keys_policy_lacks(
    function: StartFunction, moto: Moto, faults: Faults, allowed: list[str], denied: str, mode: str
) -> None:
    arn = key(moto)
    owner = {"Principal": {"AWS": role(moto, "owner")}, "Action": "kms:*"}
    given = [{"Principal": ROOT, "Action": allowed}] if allowed else []
    only(moto, arn, owner, *given)
    outcome = check(function, faults, arn, mode=mode)
    if (denied, mode) == (ENABLE, "dry-run"):
        # Nobody can tell without trying; the key's policy is not read.
        assert outcome["status"] == "planned"
        return
    assert outcome["status"] == "failed" and denied in outcome["because"]
    assert calls(faults).count(denied.partition(":")[2]) == 1, "what is denied is not asked again"
    assert steps(outcome) == ([(ENABLE, "failed")] if denied == ENABLE else [])
    if denied == ENABLE:
        assert "automatic rotation is off" in outcome["because"]

    # What is told is all that it takes.
    statement = missing(outcome["because"])
    assert statement["Action"] == sorted([*READING, ENABLE])
    only(moto, arn, owner, statement)
    assert check(function, faults, arn)["status"] == "fixed"
    (who,) = statement["Condition"]["ArnLike"].values()
    only(
        moto, arn, owner, statement | {"Condition": {"ArnLike": {"aws:PrincipalArn": f"{who[0]}x"}}}
    )
    assert check(function, faults, arn)["status"] == "failed"


@pytest.mark.parametrize("path", ["/", "/some/team/"])
def test_the_statement_names_our_role_whatever_its_path(
    function: StartFunction, moto: Moto, faults: Faults, path: str
) -> None:
    arn, iam = key(moto), moto.client("iam")
    ours = iam.create_role(
        RoleName="keeper", Path=path, AssumeRolePolicyDocument=trust("lambda.amazonaws.com")
    )["Role"]["Arn"]
    given = moto.client("sts").assume_role(RoleArn=ours, RoleSessionName="key")["Credentials"]
    settings = Credentials(
        given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]
    ).as_environment()
    owner = {"Principal": {"AWS": role(moto, "owner")}, "Action": "kms:*"}
    only(moto, arn, owner)
    statement = missing(check(function, faults, arn, **settings)["because"])
    names = [f"arn:aws:iam::{ACCOUNT}:role/keeper", f"arn:aws:iam::{ACCOUNT}:role/*/keeper"]
    assert statement["Condition"] == {"ArnLike": {"aws:PrincipalArn": names}}
    only(moto, arn, owner, statement)
    assert check(function, faults, arn, **settings)["status"] == "fixed"
    other = check(function, faults, arn)
    assert other["status"] == "failed"


def test_a_statement_is_of_no_use_where_another_denies(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = key(moto)
    deny = {"Effect": "Deny", "Principal": ROOT, "Action": ENABLE}
    only(moto, arn, {"Principal": ROOT, "Action": "kms:*"}, deny)
    outcome = check(function, faults, arn)
    assert outcome["status"] == "failed" and "exclude this role from what denies it there" in outcome["because"]


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        ("DescribeKey", "unknown"),
        ("GetKeyRotationStatus", "unknown"),
        ("EnableKeyRotation", "failed"),
    ],
)
def test_what_iam_denies_is_not_put_on_the_keys_policy(
    function: StartFunction, moto: Moto, faults: Faults, operation: str, status: str
) -> None:
    arn = key(moto)
    why = f"not authorized to perform: kms:{operation} because no identity-based policy allows it"
    faults.rule("kms", operation, error="AccessDeniedException", status=400, message=why)
    outcome = check(function, faults, arn)
    assert outcome["status"] == status and f"kms:{operation} was denied" in outcome["because"]
    assert "statement" not in outcome["because"]
    assert calls(faults).count(operation) == 1
