"""What a policy decides about the call of a service."""

from __future__ import annotations

import json
from typing import Any

import pytest
from local_aws.moto.policy import decides, identity_decides

SERVICE = "cloudtrail.amazonaws.com"
BUCKET = "arn:aws:s3:::logs"
OBJECT = f"{BUCKET}/AWSLogs/1"
SOURCE = "arn:aws:cloudtrail:us-east-1:123456789012:trail/main"
ALLOW = {
    "Effect": "Allow",
    "Principal": {"Service": SERVICE},
    "Action": "s3:PutObject",
    "Resource": OBJECT,
}
EVERYTHING = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def decided(*statements: dict[str, Any], **options: Any) -> str:
    given = {"service": SERVICE, "action": "s3:PutObject", "resource": OBJECT}
    return decides(document(*statements), context={"aws:SourceArn": SOURCE}, **(given | options))


def conditioned(operator: str, key: str, value: object) -> str:
    return decided(ALLOW | {"Condition": {operator: {key: value}}})


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"Principal": "*"},
        {"Principal": {"AWS": "*"}},
        {"Principal": {"Service": ["s3.amazonaws.com", SERVICE]}},
        {"Action": ["s3:GetObject", "S3:putobject"]},
        {"Action": "s3:Put*"},
        {"Resource": f"{BUCKET}/*"},
        {"Resource": f"{BUCKET}/AWSLogs/?"},
    ],
)
def test_a_statement_that_fits_allows(change: dict[str, Any]) -> None:
    assert decided(ALLOW | change) == "Allowed"


@pytest.mark.parametrize(
    "change",
    [
        {"Principal": {"Service": "s3.amazonaws.com"}},
        {"Principal": {"AWS": "arn:aws:iam::123456789012:root"}},
        {"Principal": {"Service": "*"}},
        {"Action": "s3:GetObject"},
        {"Resource": BUCKET},
        {"Resource": f"{BUCKET}/awslogs/1"},
        {"Resource": f"{BUCKET}/AWSLogs/[1]"},
        {"Effect": "allow"},
    ],
)
def test_a_statement_that_does_not_fit_counts_for_nothing(change: dict[str, Any]) -> None:
    assert decided(ALLOW | change) == "NotAllowed"


@pytest.mark.parametrize(
    ("left_out", "put_in", "decision"),
    [
        ("Action", {"NotAction": "s3:Get*"}, "Allowed"),
        ("Action", {"NotAction": ["s3:Get*", "s3:PutObject"]}, "NotAllowed"),
        ("Action", {}, "NotAllowed"),
        ("Resource", {"NotResource": f"{BUCKET}/other/*"}, "Allowed"),
        ("Resource", {"NotResource": f"{BUCKET}/*"}, "NotAllowed"),
        ("Resource", {}, "NotAllowed"),
    ],
)
def test_what_a_statement_leaves_out(left_out: str, put_in: dict[str, Any], decision: str) -> None:
    statement = {key: value for key, value in ALLOW.items() if key != left_out}
    assert decided(statement | put_in) == decision


@pytest.mark.parametrize(
    "statement",
    [
        EVERYTHING | {"Effect": "Deny"},
        {
            "Effect": "Deny",
            "NotPrincipal": {"AWS": "arn:aws:iam::1:root"},
            "Action": "*",
            "Resource": "*",
        },
    ],
)
def test_a_deny_wins(statement: dict[str, Any]) -> None:
    assert decided(ALLOW, statement) == "Denied"


def test_a_deny_that_excepts_the_service_leaves_it_alone() -> None:
    deny = {"Effect": "Deny", "NotPrincipal": {"Service": SERVICE}, "Action": "*", "Resource": "*"}
    assert decided(ALLOW, deny) == "Allowed"


def test_a_service_calls_over_tls() -> None:
    deny = EVERYTHING | {"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    assert decided(ALLOW, deny) == "Allowed"
    older = {"NumericLessThan": {"s3:TlsVersion": "1.2"}}
    assert decided(ALLOW, deny | {"Condition": older}) == "Allowed"


def test_a_deny_to_all_but_services_leaves_it_alone() -> None:
    deny = EVERYTHING | {
        "Effect": "Deny",
        "Condition": {
            "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
        },
    }
    assert decided(ALLOW, deny) == "Allowed"


@pytest.mark.parametrize(
    ("operator", "value", "is_met"),
    [
        ("StringEquals", SOURCE, True),
        ("StringEquals", ["other", SOURCE], True),
        ("StringEquals", "arn:*", False),
        ("StringLike", "arn:*:trail/main", True),
        ("StringLike", "arn:*:trail/other", False),
        ("StringNotEquals", "other", True),
        ("StringNotEquals", ["other", SOURCE], False),
        ("StringNotLike", "*:trail/*", False),
        ("ArnLike", "arn:aws:cloudtrail:*:123456789012:trail/*", True),
        ("ArnEquals", "arn:*:trail/main", False),
        ("ArnNotLike", "arn:aws:cloudtrail:eu-*:*:trail/*", True),
        ("ArnNotEquals", SOURCE, False),
        ("Null", "true", False),
        ("Null", "false", True),
        ("ForAnyValue:StringEquals", SOURCE, True),
    ],
)
def test_a_key_that_is_there(operator: str, value: object, is_met: bool) -> None:
    assert conditioned(operator, "AWS:sourcearn", value) == ("Allowed" if is_met else "NotAllowed")


@pytest.mark.parametrize(
    ("operator", "is_met"),
    [
        ("StringEquals", False),
        ("StringLike", False),
        ("Bool", False),
        ("StringNotEquals", True),
        ("ArnNotLike", True),
        ("NotIpAddress", True),
        ("StringEqualsIfExists", True),
        ("ForAllValues:StringLike", True),
        ("ForAnyValue:StringLike", False),
    ],
)
def test_a_key_that_is_absent(operator: str, is_met: bool) -> None:
    assert conditioned(operator, "aws:Absent", "x") == ("Allowed" if is_met else "NotAllowed")


def test_every_key_must_hold() -> None:
    both = {"StringEquals": {"aws:SourceArn": SOURCE, "aws:SourceAccount": "1"}}
    assert decided(ALLOW | {"Condition": both}) == "NotAllowed"


def test_an_operator_it_does_not_know_is_said_so() -> None:
    with pytest.raises(NotImplementedError):
        conditioned("BinaryEquals", "aws:SourceArn", "x")


@pytest.mark.parametrize("nothing", [None, "", "{", "[]", "{}", {"Statement": "x"}, b"\xff"])
def test_what_is_no_policy_allows_nothing(nothing: Any) -> None:
    found = decides(nothing, service=SERVICE, action="a:B", resource="*", context={})
    assert found == "NotAllowed"


def test_a_trust_names_the_service_and_no_resource() -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": "sts:AssumeRole"}
    asked = {"action": "sts:AssumeRole", "resource": "", "by_name": True}
    assert decided(trust, **asked) == "Allowed"
    assert decided(trust | {"Principal": {"AWS": "*"}}, **asked) == "NotAllowed"
    assert decided(trust, trust | {"Effect": "Deny", "Principal": "*"}, **asked) == "Denied"


def test_the_policies_of_an_identity_decide_together() -> None:
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": f"{BUCKET}/*"}
    asked = {"action": "s3:PutObject", "resource": OBJECT}
    assert identity_decides([document(), document(allow)], **asked) == "Allowed"
    deny = allow | {"Effect": "Deny"}
    assert identity_decides([document(allow), document(deny)], **asked) == "Denied"
    assert identity_decides([], **asked) == "NotAllowed"
