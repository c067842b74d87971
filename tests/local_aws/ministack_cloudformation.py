"""The resource types of the templates that ministack's CloudFormation has not."""

from __future__ import annotations

import json
from typing import Any

from ministack.services import iam
from ministack.services.cloudformation import provisioners

Properties = dict[str, Any]


def put_role_policy(logical_id: str, given: Properties, stack: str) -> tuple[str, dict[str, str]]:
    """AWS::IAM::RolePolicy: PutRolePolicy on a role that is there (CloudFormation Template Reference)."""
    role, name = given["RoleName"], given["PolicyName"]
    document = json.dumps(given.get("PolicyDocument", {}))
    status, _, body = iam._put_role_policy({"RoleName": role, "PolicyName": name, "PolicyDocument": document})
    if status >= 400:
        raise ValueError(f"AWS::IAM::RolePolicy {logical_id}: {body!r}")
    return f"{name}|{role}", {}


def delete_role_policy(physical_id: str, given: Properties) -> None:
    """The policy goes with the resource."""
    iam._delete_role_policy({"RoleName": given["RoleName"], "PolicyName": given["PolicyName"]})


def patch() -> None:
    """Makes them known."""
    provisioners._RESOURCE_HANDLERS["AWS::IAM::RolePolicy"] = {"create": put_role_policy, "delete": delete_role_policy}
