"""The limits of IAM and SNS, which moto alone lets pass."""

from __future__ import annotations

import json
from typing import Any

import pytest
from given import policy, refusal, role, trust
from local_aws.processes import Moto

OK = policy(Action="logs:PutLogEvents", Resource="*")
LONG_TRUST = trust(StringEquals={"aws:SourceAccount": ["1" * 12] * 200})


def padded(length: int) -> str:
    """A policy of so many characters, white space left aside."""
    bucket = "arn:aws:s3:::"
    empty = len("".join(policy(Action="s3:ListBucket", Resource=bucket).split()))
    return policy(Action="s3:ListBucket", Resource=bucket + "x" * (length - empty))


@pytest.mark.parametrize("name", ["logging", "LOGGING"])
def test_a_role_name_is_taken_whatever_its_case(moto: Moto, name: str) -> None:
    role(moto, "Logging")
    call = moto.client("iam").create_role
    found = refusal(call, RoleName=name, AssumeRolePolicyDocument=trust())
    assert found[:2] == (409, "EntityAlreadyExists")


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("{}", "MalformedPolicyDocument"),
        ("not json", "MalformedPolicyDocument"),
        (OK, "MalformedPolicyDocument"),
        (LONG_TRUST, "LimitExceeded"),
    ],
)
def test_a_trust_policy_is_checked(moto: Moto, document: str, code: str) -> None:
    iam = moto.client("iam")
    create = {"RoleName": "new", "AssumeRolePolicyDocument": document}
    assert refusal(iam.create_role, **create)[1] == code
    assert refusal(iam.get_role, RoleName="new")[:2] == (404, "NoSuchEntity")
    role(moto)
    update = {"RoleName": "logging", "PolicyDocument": document}
    assert refusal(iam.update_assume_role_policy, **update)[1] == code


def test_the_inline_policies_of_a_role_share_one_limit(moto: Moto) -> None:
    role(moto)
    iam = moto.client("iam")

    def put(name: str, document: str) -> dict[str, Any]:
        return {"RoleName": "logging", "PolicyName": name, "PolicyDocument": document}

    assert refusal(iam.put_role_policy, **put("a", "{}"))[1] == "MalformedPolicyDocument"
    assert refusal(iam.put_role_policy, **put("a", padded(10_241)))[:2] == (409, "LimitExceeded")
    iam.put_role_policy(**put("a", json.dumps(json.loads(padded(10_000)), indent=8)))
    iam.put_role_policy(**put("a", padded(10_240)))
    assert refusal(iam.put_role_policy, **put("b", OK))[1] == "LimitExceeded"


@pytest.mark.parametrize("name", ["x" * 65, "a b", "a/b"])
def test_a_role_name_has_a_length_and_an_alphabet(moto: Moto, name: str) -> None:
    call = moto.client("iam").create_role
    found = refusal(call, RoleName=name, AssumeRolePolicyDocument=trust())
    assert found[:2] == (400, "ValidationError")


def test_a_role_is_read_back_with_tags_and_boundary(moto: Moto) -> None:
    boundary = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    tags = [{"Key": "a", "Value": "b"}]
    moto.client("iam").create_role(
        RoleName="r", AssumeRolePolicyDocument=trust(), PermissionsBoundary=boundary, Tags=tags
    )
    found = moto.client("iam").get_role(RoleName="r")["Role"]
    assert found["Tags"] == tags
    assert found["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary


@pytest.mark.parametrize(
    "wrong",
    [
        {"Subject": "two\nlines"},
        {"Subject": "bell\a"},
        {"Subject": "x" * 101},
        {"Subject": "\u00e9t\u00e9"},
        {"Message": ""},
        {"Message": "x" * 262_145},
        {"Message": "\u00e9" * 131_073},
        {"MessageStructure": "json"},
        {"MessageStructure": "json", "Message": '{"email": "no default"}'},
        {"MessageStructure": "json", "Message": '{"default": {"not": "a string"}}'},
    ],
)
def test_a_message_that_sns_would_not_take_is_refused(moto: Moto, wrong: dict[str, str]) -> None:
    sns = moto.client("sns")
    topic = sns.create_topic(Name="reports")["TopicArn"]
    given = {"TopicArn": topic, "Message": "m", "Subject": "s"}
    assert refusal(sns.publish, **given | wrong)[:2] == (400, "InvalidParameter")


def test_the_largest_message_is_taken_and_an_unknown_topic_is_not(moto: Moto) -> None:
    sns = moto.client("sns")
    topic = sns.create_topic(Name="reports")["TopicArn"]
    sns.publish(TopicArn=topic, Message="x" * 262_144, Subject="x" * 100)
    sns.publish(TopicArn=topic, Message='{"default": "text"}', MessageStructure="json")
    assert refusal(sns.publish, TopicArn=topic + "s", Message="m")[:2] == (404, "NotFound")
