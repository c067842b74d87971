"""What the demo and the bench read of the local account: its Transfer servers and its roles."""

from __future__ import annotations

from typing import Any

from local_aws.processes import Moto


def create_server(moto: Moto) -> str:
    """An SFTP server as someone leaves it who forgot about logging; returns its id."""
    given = moto.client("transfer").create_server(
        Domain="S3",
        EndpointType="PUBLIC",
        IdentityProviderType="SERVICE_MANAGED",
        Protocols=["SFTP"],
        Tags=[{"Key": "Name", "Value": "partner-uploads"}],
    )
    return str(given["ServerId"])


def server(moto: Moto, server_id: str) -> dict[str, Any]:
    """The server as the API describes it."""
    described: dict[str, Any] = moto.client("transfer").describe_server(ServerId=server_id)["Server"]
    return described


def roles(moto: Moto) -> dict[str, dict[str, Any]]:
    """Every role by name: its trust, permissions and tags."""
    iam = moto.client("iam")
    found = {}
    for page in iam.get_paginator("list_roles").paginate():
        for listed in page["Roles"]:
            name = listed["RoleName"]
            role = iam.get_role(RoleName=name)["Role"]
            inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
            attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
            found[name] = {
                "arn": role["Arn"],
                "trust": role["AssumeRolePolicyDocument"],
                "inline": {
                    policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                    for policy in inline
                },
                "attached": [policy["PolicyArn"] for policy in attached],
                "tags": {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])},
            }
    return found


def delete_roles(moto: Moto) -> None:
    """Takes away every role of the account."""
    iam = moto.client("iam")
    for name, role in roles(moto).items():
        for policy in role["inline"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        for arn in role["attached"]:
            iam.detach_role_policy(RoleName=name, PolicyArn=arn)
        iam.delete_role(RoleName=name)
