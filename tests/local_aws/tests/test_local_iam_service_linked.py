"""The local IAM makes service-linked roles as AWS does, and lets nobody change them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from given import policy, refusal, role, trust
from local_aws.processes import ACCOUNT, Moto

SERVICE = "config.amazonaws.com"
NAME = "AWSServiceRoleForConfig"
ARN = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{SERVICE}/{NAME}"
MANAGED = "arn:aws:iam::aws:policy/aws-service-role/AWSConfigServiceRolePolicy"
READING = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def linked(moto: Moto) -> dict[str, Any]:
    made = moto.client("iam").create_service_linked_role(AWSServiceName=SERVICE)["Role"]
    return dict(made)


def test_it_has_the_name_path_trust_and_policy_of_its_service(moto: Moto) -> None:
    iam, made = moto.client("iam"), linked(moto)
    found = iam.get_role(RoleName=NAME)["Role"]
    for told in (made, found):
        assert (told["Arn"], told["RoleName"], told["Path"]) == (
            ARN,
            NAME,
            f"/aws-service-role/{SERVICE}/",
        )
    (statement,) = found["AssumeRolePolicyDocument"]["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": SERVICE},
    }
    attached = iam.list_attached_role_policies(RoleName=NAME)["AttachedPolicies"]
    assert [one["PolicyArn"] for one in attached] == [MANAGED]
    assert iam.list_role_policies(RoleName=NAME)["PolicyNames"] == []


def test_there_is_one_in_an_account(moto: Moto) -> None:
    linked(moto)
    found = refusal(moto.client("iam").create_service_linked_role, AWSServiceName=SERVICE)
    assert found == (
        400,
        "InvalidInput",
        f"Service role name {NAME} has been taken in this account, please try a different suffix.",
    )


def test_a_suffix_is_refused(moto: Moto) -> None:
    call = moto.client("iam").create_service_linked_role
    assert refusal(call, AWSServiceName=SERVICE, CustomSuffix="mine")[:2] == (400, "InvalidInput")
    assert moto.client("iam").list_roles()["Roles"] == []


def test_of_several_at_once_one_is_made(moto: Moto) -> None:
    def create(_: int) -> bool:
        try:
            linked(moto)
        except ClientError:
            return False
        return True

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(create, range(6))) == 1


CHANGES: dict[str, Callable[[Any], Any]] = {
    "PutRolePolicy": lambda iam: iam.put_role_policy(
        RoleName=NAME, PolicyName="p", PolicyDocument=policy(Action="s3:*", Resource="*")
    ),
    "AttachRolePolicy": lambda iam: iam.attach_role_policy(RoleName=NAME, PolicyArn=READING),
    "DetachRolePolicy": lambda iam: iam.detach_role_policy(RoleName=NAME, PolicyArn=MANAGED),
    "UpdateAssumeRolePolicy": lambda iam: iam.update_assume_role_policy(
        RoleName=NAME, PolicyDocument=trust()
    ),
    "UpdateRole": lambda iam: iam.update_role(RoleName=NAME, MaxSessionDuration=7200),
    "PutRolePermissionsBoundary": lambda iam: iam.put_role_permissions_boundary(
        RoleName=NAME, PermissionsBoundary=READING
    ),
    "DeleteRole": lambda iam: iam.delete_role(RoleName=NAME),
}


@pytest.mark.parametrize("operation", CHANGES)
def test_nobody_changes_it(moto: Moto, operation: str) -> None:
    iam = moto.client("iam")
    linked(moto)
    before = iam.get_account_authorization_details(Filter=["Role"])["RoleDetailList"]
    found = refusal(lambda: CHANGES[operation](iam))
    assert found[:2] == (400, "UnmodifiableEntity") and NAME in found[2]
    assert iam.get_account_authorization_details(Filter=["Role"])["RoleDetailList"] == before


def test_other_roles_stay_changeable_but_get_no_policy_of_a_service(moto: Moto) -> None:
    iam = moto.client("iam")
    role(moto, "other")
    found = refusal(iam.attach_role_policy, RoleName="other", PolicyArn=MANAGED)
    assert found[:2] == (400, "PolicyNotAttachable")
    iam.attach_role_policy(RoleName="other", PolicyArn=READING)
    iam.detach_role_policy(RoleName="other", PolicyArn=READING)
    iam.update_assume_role_policy(RoleName="other", PolicyDocument=trust("ec2.amazonaws.com"))
    iam.delete_role(RoleName="other")


def test_it_is_deleted_by_its_own_operation(moto: Moto) -> None:
    iam = moto.client("iam")
    linked(moto)
    task = iam.delete_service_linked_role(RoleName=NAME)["DeletionTaskId"]
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"
    assert refusal(iam.get_role, RoleName=NAME)[0] == 404
    assert linked(moto)["Arn"] == ARN
