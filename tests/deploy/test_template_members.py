"""members.yaml lets a family do in another account what it may do at home, and not a thing more."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from template import ACCOUNT, BUS, ENTERING, FUNCTIONS, NAMES, ROOT, Template, document, parsed

from tools.members import boundary

HOME = "999988887777"
TAG = "aws:PrincipalTag/trailkeeper-family"
MANAGED = "AWS::IAM::ManagedPolicy"
ROLE = "AWS::IAM::Role"


def members(*, home: str = HOME, may_fix: str = "false") -> Template:
    """The stack of another account."""
    return Template("members.yaml", HomeAccount=home, Bus=BUS, ExternalId="o-a1b2c3d4e5", MayFix=may_fix)


def of_family(statement: dict[str, Any], family: str) -> dict[str, Any]:
    """A statement that holds for sessions of a family alone."""
    conditions = statement.get("Condition", {})
    equal = {**conditions.get("StringEquals", {}), TAG: family}
    return {**statement, "Condition": {**conditions, "StringEquals": equal}}


@pytest.mark.parametrize(
    ("given", "here"),
    [
        ("", None),
        (f"arn:aws:iam::{HOME}:policy/team/boundary", f"arn:aws:iam::{ACCOUNT}:policy/team/boundary"),
        ("arn:aws:iam::aws:policy/job/PowerUserAccess", "arn:aws:iam::aws:policy/job/PowerUserAccess"),
    ],
)
def test_a_boundary_of_yours_bounds_both_roles_as_the_policy_of_that_name_here(given: str, here: str | None) -> None:
    template = Template("members.yaml", HomeAccount=HOME, Bus=BUS, ExternalId="x1", **boundary(given))
    roles = template.resources(ROLE)
    assert {name: it.get("PermissionsBoundary") for name, it in roles.items()} == {"Role": here, "Forwarder": here}
    about = template.whole["Parameters"]["PermissionsBoundary"]
    assert re.fullmatch(about["AllowedPattern"], template.values["PermissionsBoundary"])


@pytest.mark.parametrize("may_fix", ["false", "true"])
@pytest.mark.parametrize("family", ENTERING)
def test_the_policies_are_those_of_the_repository_for_sessions_of_the_family(family: str, may_fix: str) -> None:
    """But for the reports, which go out with the function's own role."""
    statements = [it for it in document(f"{family}.observe")["Statement"] if it["Action"] != "sns:Publish"]
    if may_fix == "true" and family in NAMES:
        statements += document(f"{family}.remediate")["Statement"]
    policies = members(may_fix=may_fix).resources(MANAGED)
    parts = [policies[name] for name in (family.capitalize(), f"{family.capitalize()}Fixes") if name in policies]
    found = [it for part in parts for it in part["PolicyDocument"]["Statement"]]
    assert found == [of_family(it, family) for it in statements]


def test_what_no_function_may_ever_do_none_may_do_here() -> None:
    policies = members(may_fix="true").resources(MANAGED)
    assert policies.pop("Never")["PolicyDocument"] == document("never")
    assert policies.pop("LoggingBoundary")["PolicyDocument"] == document("logging-boundary")
    role = members().resources(ROLE)["Role"]
    whole = members(may_fix="true").resources(ROLE)["Role"]
    assert set(role["ManagedPolicyArns"]) - {None} == {"Never", *(it.capitalize() for it in ENTERING)}
    assert set(whole["ManagedPolicyArns"]) == {"Never", *policies} == {*role["ManagedPolicyArns"], "TrailFixes"} - {None}
    assert members().inline("Role") == {}


def test_the_functions_of_the_home_stack_take_the_role_and_name_their_family_alone() -> None:
    """Each by its exact ARN: the variable in it is the session's tag, which one of the nine values may be."""
    assume, tag = members().resources(ROLE)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert (assume["Action"], tag["Action"]) == ("sts:AssumeRole", "sts:TagSession")
    session = "aws:RequestTag/trailkeeper-family"
    for statement in (assume, tag):
        assert statement["Principal"] == {"AWS": f"arn:aws:iam::{HOME}:root"}
        exact = statement["Condition"]["StringEquals"]["aws:PrincipalArn"]
        assert not set(exact) & set("*?")
        for family in ENTERING:
            name = Template().resources(ROLE)[f"{family.capitalize()}Role"]["RoleName"]
            assert exact.replace(f"${{{session}}}", family) == f"arn:aws:iam::{HOME}:role/{name}"
    equals = {"aws:PrincipalArn": exact, "sts:ExternalId": "o-a1b2c3d4e5", session: ENTERING}
    assert assume["Condition"] == {"StringEquals": equals}
    assert tag["Condition"] == {
        "StringEquals": {"aws:PrincipalArn": exact}, "ForAllValues:StringEquals": {"aws:TagKeys": "trailkeeper-family"}
    }


def test_the_trust_is_as_short_as_iam_asks_for_and_so_are_the_names() -> None:
    """2,048 characters of a trust, 64 of a role's name; with the longest name of a stack and the longest external id."""
    stack = "a" * 36
    given = {"HomeAccount": HOME, "HomeStack": stack, "Bus": BUS, "ExternalId": "x" * 64}
    trust = Template("members.yaml", **given).resources(ROLE)["Role"]["AssumeRolePolicyDocument"]
    assert len(json.dumps(trust, separators=(",", ":"))) <= 2_048
    roles = Template().resources(ROLE).values()
    names = [it["RoleName"].replace("trailkeeper-", f"{stack}-") for it in roles if "RoleName" in it]
    assert len(names) == len(FUNCTIONS) + 1 and max(map(len, names)) <= 64


@pytest.mark.parametrize("family", ENTERING)
def test_the_functions_ask_for_the_role_that_is_there(family: str) -> None:
    """By its name, and with the tag that its policies ask for."""
    name = members().resources(ROLE)["Role"]["RoleName"]
    _list, *steps = document("organization", family)["Statement"]
    for statement in steps:
        assert statement["Resource"] == f"arn:aws:iam::*:role/{name}"
        assert statement["Condition"]["StringEquals"][TAG.replace("Principal", "Request")] == family


def test_calls_are_forwarded_as_from_the_home_account() -> None:
    """Through a role of the same name and rights; at home, where it is there already, none is made."""
    elsewhere = members()
    forwarder, at_home = elsewhere.resources(ROLE)["Forwarder"], Template().resources(ROLE)["Forwarder"]
    for key in ("RoleName", "AssumeRolePolicyDocument", "Policies"):
        assert forwarder[key] == at_home[key]
    assert members(home=ACCOUNT).resources(ROLE).keys() == {"Role"}


def test_what_both_stacks_ask_for_they_ask_for_alike() -> None:
    home, there = Template().whole["Parameters"], members().whole["Parameters"]
    for name in ("FlowLogBucket", "AccessTargets"):
        assert there[name]["AllowedPattern"] == home[name]["AllowedPattern"]
    assert parsed("regions.yaml")["Parameters"]["AccessTargets"] == there["AccessTargets"]
    for name in ("FlowLogBucket", "AlarmAddress", "AccessTargets"):
        assert there[name]["Default"] == home[name]["Default"]
    assert "Default" not in there["ExternalId"], "a role that anyone at home could take without a word"


def test_no_policy_holds_for_a_session_of_no_family() -> None:
    policies = members(may_fix="true").resources(MANAGED)
    # What bounds other roles grants nothing.
    del policies["LoggingBoundary"]
    for name, policy in policies.items():
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Deny" or statement["Condition"]["StringEquals"][TAG].capitalize() == name.removesuffix("Fixes")


def test_a_stack_set_takes_both_templates_as_they_are() -> None:
    """51,200 bytes is the most that goes without a bucket, and nothing in them is SAM's."""
    for file in ("members.yaml", "regions.yaml"):
        assert len((ROOT / file).read_bytes()) <= 51_200
        assert "Transform" not in parsed(file)
