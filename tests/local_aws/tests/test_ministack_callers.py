"""Ministack, patched, knows of a caller the second factor, and of a call whether it came over TLS and from where."""

from __future__ import annotations

from typing import Any

import pytest
from given import policy, refusal
from local_aws.clients import Credentials, client
from local_aws.processes import ACCOUNT, REGION, Ministack
from people import Person, person

ACTION = "s3:ListAllMyBuckets"
HERE = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


def may(credentials: Credentials, ministack: Ministack) -> bool:
    """Whether buckets may be listed with these credentials."""
    s3 = client(ministack.endpoint, "s3", REGION, credentials)
    try:
        s3.list_buckets()
    except s3.exceptions.ClientError:
        return False
    return True


@pytest.fixture
def jo(ministack: Ministack) -> Person:
    return person(ministack, "jo", policy(Action=["sts:AssumeRole"], Resource="*"))


CONDITIONS: dict[str, tuple[dict[str, Any], list[bool]]] = {
    "there and true": ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, [False, False, True]),
    "there and false": ({"Bool": {"aws:MultiFactorAuthPresent": "false"}}, [False, True, False]),
    "not there or false": ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, [True, True, False]),
    "not there": ({"Null": {"aws:MultiFactorAuthPresent": "true"}}, [True, False, False]),
    "no age": ({"Null": {"aws:MultiFactorAuthAge": "true"}}, [True, True, False]),
    "recent": ({"NumericLessThan": {"aws:MultiFactorAuthAge": "300"}}, [False, False, True]),
    "no service": ({"Bool": {"aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false"}}, [True, True, True]),
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_second_factor_is_known_of_sessions_alone(ministack: Ministack, name: str) -> None:
    condition, expected = CONDITIONS[name]
    jo = person(ministack, "jo", policy(Action=ACTION, Resource="*", Condition=condition))
    found = [may(it, ministack) for it in (jo.key, jo.session(), jo.session(mfa=True))]
    assert found == expected


def test_a_role_has_the_second_factor_with_which_it_was_taken(ministack: Ministack, jo: Person) -> None:
    iam = ministack.client("iam")
    allowed = policy(Action=[ACTION, "sts:AssumeRole"], Resource="*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})
    arns = []
    for name in ("one", "two"):
        arns.append(iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(Principal=HERE, Action="sts:AssumeRole"))["Role"]["Arn"])
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=allowed)
    taken = jo.role(arns[0], mfa=True)
    assert not may(jo.role(arns[0]), ministack) and may(taken, ministack)
    chained = client(ministack.endpoint, "sts", REGION, taken).assume_role(RoleArn=arns[1], RoleSessionName="next")["Credentials"]
    there = Credentials(chained["AccessKeyId"], chained["SecretAccessKey"], chained["SessionToken"])
    assert not may(there, ministack), "the next session has none"


def test_only_a_device_of_the_user_counts(ministack: Ministack, jo: Person) -> None:
    other = person(ministack, "other", policy(Action="*", Resource="*"))
    sts = client(ministack.endpoint, "sts", REGION, jo.key)
    for given in (
        {"SerialNumber": other.device, "TokenCode": "123456"},
        {"SerialNumber": f"arn:aws:iam::{ACCOUNT}:mfa/none", "TokenCode": "123456"},
        {"SerialNumber": jo.device, "TokenCode": "letter"},
        {"SerialNumber": jo.device},
    ):
        assert refusal(sts.get_session_token, **given)[1] == "AccessDenied", given


def test_calls_come_over_tls_from_here_unless_told_otherwise(ministack: Ministack) -> None:
    home = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}, "Bool": {"aws:SecureTransport": "true"}}
    jo = person(ministack, "jo", policy(Action=ACTION, Resource="*", Condition=home))
    assert not may(jo.key, ministack)
    with ministack.coming(address="203.0.113.7"):
        assert may(jo.key, ministack)
    with ministack.coming(address="203.0.113.7", tls=False):
        assert not may(jo.key, ministack)
    assert not may(jo.key, ministack)
