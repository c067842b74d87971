"""Ministack, patched, knows the condition keys on which rights on roles, keys and alarms hang."""

from __future__ import annotations

from typing import Any

import pytest
from given import policy, refusal
from installed import caller
from local_aws.processes import ACCOUNT, REGION, Ministack

TRUST = policy(Principal={"Service": "lambda.amazonaws.com"}, Action="sts:AssumeRole")
KEYS = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/*"
ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


def boundary(ministack: Ministack, name: str = "ours") -> str:
    """A managed policy of that name; its ARN."""
    text = policy(Action="logs:*", Resource="*")
    return str(ministack.client("iam").create_policy(PolicyName=name, PolicyDocument=text)["Policy"]["Arn"])


def maker(ministack: Ministack, arn: str) -> Any:
    """An IAM client that may do everything with roles within a boundary."""
    within = {"StringEquals": {"iam:PermissionsBoundary": arn}}
    return ministack.client_as(caller(ministack, {"Action": "iam:*", "Resource": "*", "Condition": within}), "iam")


def test_a_boundary_is_the_one_that_is_given_or_the_one_that_the_role_has(ministack: Ministack) -> None:
    arn, other, root = boundary(ministack), boundary(ministack, "theirs"), ministack.client("iam")
    iam = maker(ministack, arn)
    for given in ({}, {"PermissionsBoundary": other}):
        assert "iam:CreateRole" in refusal(iam.create_role, RoleName="r", AssumeRolePolicyDocument=TRUST, **given)[2]
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=arn)
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=policy(Action="*", Resource="*"))
    iam.update_assume_role_policy(RoleName="r", PolicyDocument=TRUST)
    root.create_role(RoleName="bare", AssumeRolePolicyDocument=TRUST)
    bare = {"RoleName": "bare", "PolicyName": "p", "PolicyDocument": policy(Action="*", Resource="*")}
    assert "iam:PutRolePolicy" in refusal(iam.put_role_policy, **bare)[2]
    iam.put_role_permissions_boundary(RoleName="bare", PermissionsBoundary=arn)
    iam.put_role_policy(**bare)


def test_aliases_are_those_of_the_key_and_a_key_without_one_has_none(ministack: Ministack) -> None:
    ours = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": ["alias/ours"]}}
    mine = ministack.client_as(caller(ministack, {"Action": "kms:PutKeyPolicy", "Resource": KEYS, "Condition": ours}), "kms")
    kms, text = ministack.client("kms"), policy(Principal=ROOT, Action="kms:*", Resource="*")
    named, other, bare = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(3))
    kms.create_alias(AliasName="alias/ours", TargetKeyId=named)
    kms.create_alias(AliasName="alias/ours-not", TargetKeyId=other)
    for key in (other, bare):
        assert "kms:PutKeyPolicy" in refusal(mine.put_key_policy, KeyId=key, PolicyName="default", Policy=text)[2]
    mine.put_key_policy(KeyId=named, PolicyName="default", Policy=text)


def test_nobody_makes_a_key_that_locks_its_maker_out(ministack: Ministack) -> None:
    arn = caller(ministack, {"Action": "kms:CreateKey", "Resource": "*"})
    kms = ministack.client_as(arn, "kms")
    kms.create_key()
    code = refusal(kms.create_key, Policy=policy(Principal=ROOT, Action="kms:*", Resource="*"))[1]
    assert code == "MalformedPolicyDocumentException"
    him = {"ArnEquals": {"aws:PrincipalArn": arn}}
    kms.create_key(Policy=policy(Principal={"AWS": "*"}, Action="kms:*", Resource="*", Condition=him))
    ministack.client("kms").create_key(Policy=policy(Principal=ROOT, Action="kms:*", Resource="*"))


@pytest.mark.parametrize(("action", "denied"), [("arn:aws:automate:us-east-1:ec2:stop", True), (f"arn:aws:sns:{REGION}:{ACCOUNT}:t", False)])
def test_the_actions_of_an_alarm_are_known(ministack: Ministack, action: str, denied: bool) -> None:
    machines = {"ForAnyValue:StringLike": {"cloudwatch:AlarmActions": ["arn:*:automate:*"]}}
    put = {"Action": "cloudwatch:PutMetricAlarm", "Resource": "*"}
    who = caller(ministack, put, put | {"Effect": "Deny", "Condition": machines})
    alarm = {
        "AlarmName": "a", "MetricName": "m", "Namespace": "n", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
        "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold", "AlarmActions": [action],
    }
    cloudwatch = ministack.client_as(who, "cloudwatch")
    if denied:
        assert "explicit deny" in refusal(cloudwatch.put_metric_alarm, **alarm)[2]
    else:
        cloudwatch.put_metric_alarm(**alarm)
