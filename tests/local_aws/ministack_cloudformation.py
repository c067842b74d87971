"""The resource types of the templates that ministack's CloudFormation has not."""

from __future__ import annotations

import json
from typing import Any

from ministack.services import eventbridge, iam
from ministack.services.cloudformation import provisioners

from local_aws import ministack_buses

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


def put_bus_policy(_: str, given: Properties, stack: str) -> tuple[str, dict[str, str]]:
    """AWS::Events::EventBusPolicy: one statement of a bus's policy, with its StatementId for a Sid."""
    bus, sid = given.get("EventBusName", "default"), given["StatementId"]
    ministack_buses.policy_with(bus, given["Statement"] | {"Sid": sid})
    return f"{bus}|{sid}", {}


def delete_bus_policy(_: str, given: Properties) -> None:
    """The statement goes with the resource."""
    eventbridge._remove_permission({"EventBusName": given.get("EventBusName", "default"), "StatementId": given["StatementId"]})


def patch() -> None:
    """Makes them known."""
    known = provisioners._RESOURCE_HANDLERS
    known["AWS::IAM::RolePolicy"] = {"create": put_role_policy, "delete": delete_role_policy}
    known["AWS::Events::EventBusPolicy"] = {"create": put_bus_policy, "delete": delete_bus_policy}
