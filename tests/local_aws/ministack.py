"""Ministack with IAM enforced as AWS does for what the functions call.

Run as `python -m local_aws.ministack`, its port and the like in the environment.

Ministack decides by signature, action, resource, condition, boundary and trust. Added
here and in the modules beside it: the resources that a call is decided on, the actions
that are decided along with one, iam:PassRole for the role that UpdateServer, CreateTrail,
UpdateTrail, CreateFlowLogs and PutConfigurationRecorder are given, and that calls come over
TLS. What stays unchecked: iam:PassRole of any other call, service control policies, and the
condition keys transfer:Request*.
"""

from __future__ import annotations

import json
from typing import Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.services import account, iam

from local_aws import (
    ministack_alarms,
    ministack_buses,
    ministack_callers,
    ministack_checks,
    ministack_ciphertext,
    ministack_cloudformation,
    ministack_cloudtrail,
    ministack_config,
    ministack_control,
    ministack_ec2,
    ministack_events,
    ministack_keys,
    ministack_kms,
    ministack_lambda,
    ministack_mappings,
    ministack_muting,
    ministack_organizations,
    ministack_roles,
    ministack_s3,
    ministack_scheduler,
    ministack_subscriptions,
    ministack_transfer,
)

REGIONS = {"us-east-1": "ENABLED_BY_DEFAULT", "eu-west-1": "ENABLED_BY_DEFAULT"}
LOGGING_ACCESS = "service-role/AWSTransferLoggingAccess"
LOGGING_ACTIONS = (
    "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:CreateLogGroup", "logs:PutLogEvents"
)

Response = tuple[int, dict[str, str], bytes]


def patch_resources() -> None:
    """The action and resource a call is decided on: Service Authorization Reference.

    A role's ARN has the path it was created with. ListRegions, which ministack lets
    everybody do, is an action on the account. DescribeLogGroups names no group, and is
    refused by AWS "on resource: arn:aws:logs:REGION:ACCOUNT:log-group::log-stream:".
    """
    elsewhere = iam_actions.extract_resource_arn
    iam_actions._BOTOCORE_SERVICE_MAP["account"] = ["account"]

    def extract_resource_arn(
        service: str, method: str, path: str, headers: dict[str, str], body: bytes,
        parameters: dict[str, Any], region: str, account_id: str,
    ) -> str:
        """The ARN that a statement's Resource must match."""
        call = ministack_checks.Call(method, path, headers, body, parameters)
        if service == "account":
            return f"arn:aws:account::{account_id}:account"
        if service == "config" and (found_for := ministack_config.resource(call)):
            return found_for
        if service == "iam" and call.operation == "CreateServiceLinkedRole":
            return ministack_config.linked_role(call)
        if service == "iam" and (name := call.one("RoleName")):
            if role := iam._roles.get(name):
                return str(role["Arn"])
            return f"arn:aws:iam::{account_id}:role{call.one('Path') or '/'}{name}"
        if service == "cloudtrail":
            return ministack_cloudtrail.resource(call.json)
        if service == "ec2" and (flow_logs := ministack_ec2.resource(call)):
            return flow_logs
        if service == "kms" and (key := ministack_kms.resource(call.operation, call.json)):
            return key
        if muting := ministack_muting.resource(service, call):
            return muting
        if alarms := ministack_alarms.resource(service, call):
            return alarms
        if service == "events" and (rule := call.json.get("Rule")):
            # What is asked about the targets of a rule is decided on the rule, which ministack knows as Name alone.
            bus = str(call.json.get("EventBusName") or "default").rsplit("/", 1)[-1]
            return f"arn:aws:events:{region}:{account_id}:rule/{'' if bus == 'default' else f'{bus}/'}{rule}"
        if service == "logs" and call.operation == "DescribeLogGroups":
            return f"arn:aws:logs:{region}:{account_id}:log-group::log-stream:"
        found: str = elsewhere(
            service, method, path, headers, body, parameters, region, account_id
        )
        return found

    iam_actions.extract_resource_arn = extract_resource_arn


def patch_principal() -> None:
    """aws:PrincipalArn of a session is its role's ARN, with the path, as the IAM User Guide says."""
    elsewhere = iam_evaluator._resolve_condition_key

    def resolve(key: str, context: Any) -> Any:
        found = elsewhere(key, context)
        if key.lower() == "aws:principalarn" and ":assumed-role/" in str(found):
            found = iam._roles[iam_evaluator._role_name_from_assumed_arn(found)]["Arn"]
        return found

    iam_evaluator._resolve_condition_key = resolve


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
    patch_principal()
    patch_managed_policies()
    patch_regions()
    for layer in (
        ministack_alarms, ministack_buses, ministack_callers, ministack_checks, ministack_ciphertext, ministack_cloudformation,
        ministack_cloudtrail, ministack_config, ministack_control, ministack_ec2, ministack_events, ministack_keys, ministack_kms, ministack_lambda,
        ministack_mappings, ministack_muting, ministack_organizations, ministack_roles, ministack_s3, ministack_scheduler, ministack_subscriptions,
        ministack_transfer,
    ):
        layer.patch()
    app.main()
