"""Ministack with IAM enforced as AWS does for what the functions call.

Run as `python -m local_aws.ministack`, its port and the like in the environment.

Ministack decides by signature, action, resource, condition, boundary and trust. Added
here: iam:TagRole for a role that is created with tags, iam:PassRole for the role that
UpdateServer is given, the path in the ARN of a role, and the ARN of the account. What
stays unchecked: iam:PassRole of any other call, service control policies, and the
condition keys transfer:Request*.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

from ministack.app import _enforce_data_plane, main
from ministack.core import iam_actions
from ministack.services import account, iam

from local_aws import ministack_transfer

REGIONS = {"us-east-1": "ENABLED_BY_DEFAULT", "eu-west-1": "ENABLED_BY_DEFAULT"}
LOGGING_ACCESS = "service-role/AWSTransferLoggingAccess"
LOGGING_ACTIONS = (
    "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:CreateLogGroup", "logs:PutLogEvents"
)

Response = tuple[int, dict[str, str], bytes]


def _one(parameters: dict[str, Any], name: str) -> str:
    value = parameters.get(name, "")
    return str(value[0] if isinstance(value, list) else value)


def patch_resources() -> None:
    """The action and resource a call is decided on: Service Authorization Reference.

    A role's ARN has the path it was created with. ListRegions, which ministack lets
    everybody do, is an action on the account.
    """
    elsewhere = iam_actions.extract_resource_arn
    iam_actions._BOTOCORE_SERVICE_MAP["account"] = ["account"]

    def extract_resource_arn(
        service: str, method: str, path: str, headers: dict[str, str], body: bytes,
        parameters: dict[str, Any], region: str, account_id: str,
    ) -> str:
        """The ARN that a statement's Resource must match."""
        if service == "account":
            return f"arn:aws:account::{account_id}:account"
        if service == "iam" and (name := _one(parameters, "RoleName")):
            if role := iam._roles.get(name):
                return str(role["Arn"])
            return f"arn:aws:iam::{account_id}:role{_one(parameters, 'Path') or '/'}{name}"
        found: str = elsewhere(
            service, method, path, headers, body, parameters, region, account_id
        )
        return found

    iam_actions.extract_resource_arn = extract_resource_arn


def patch_tagging() -> None:
    """CreateRole with tags also needs iam:TagRole on the role.

    IAM User Guide, "Tag IAM roles": "To create a role with tags" needs both actions.
    """
    elsewhere = iam.handle_request

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        """One request to IAM, whose own action is decided already."""
        given = query | parse_qs(body.decode(errors="replace"))
        if _one(given, "Action") == "CreateRole" and any(n.startswith("Tags.") for n in given):
            resource = iam_actions.extract_resource_arn(
                "iam", method, path, headers, body, given, "us-east-1", iam.get_account_id()
            )
            context = iam_actions.request_tag_context("iam", "iam:TagRole", body, given)
            denied: Response | None = _enforce_data_plane(
                "iam", "iam:TagRole", headers, query, "tag-role", resource, service_context=context
            )
            if denied:
                return denied
        answer: Response = await elsewhere(method, path, headers, body, query)
        return answer

    iam.handle_request = handle_request


def patch_managed_policies() -> None:
    """AWSTransferLoggingAccess, as the AWS Managed Policy Reference prints it."""
    elsewhere = iam._seed_aws_managed_policies
    statement = {"Effect": "Allow", "Action": LOGGING_ACTIONS, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    def seed() -> None:
        """At the start and after each reset."""
        elsewhere()
        record = iam._make_aws_managed_record(LOGGING_ACCESS, document)
        iam._aws_managed_policies[record["Arn"]] = record

    iam._seed_aws_managed_policies = seed
    seed()


def patch_regions() -> None:
    """ListRegions: two enabled regions, so that a sweep of them ends soon."""

    def list_regions(given: dict[str, Any]) -> Response:
        wanted = given.get("RegionOptStatusContains") or REGIONS.values()
        regions = [
            {"RegionName": name, "RegionOptStatus": status}
            for name, status in REGIONS.items()
            if status in wanted
        ]
        return 200, {"Content-Type": "application/json"}, json.dumps({"Regions": regions}).encode()

    account._DISPATCH["/listRegions"] = list_regions


if __name__ == "__main__":
    patch_resources()
    patch_tagging()
    patch_managed_policies()
    patch_regions()
    ministack_transfer.patch()
    main()
