"""The stack in enforce mode: the template's roles suffice for each family's fixes, and no right of theirs ends a record."""

from __future__ import annotations

from typing import Any

import pytest
from botocore import xform_name
from broken import BROKEN, HEARD
from deployed import FAMILIES, Home
from envelope import schedule
from given import policy, refusal
from installed import actions, document
from local_aws.clients import Credentials, client
from local_aws.processes import ACCOUNT, REGION, Ministack
from observed import results

KEY = "0f5d9a63-4c11-4d7e-9b0f-7a2f4c8e1d03"
POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"
DOCUMENT = policy(Action="*", Resource="*")
TRUST = policy(Principal={"Service": "lambda.amazonaws.com"}, Action="sts:AssumeRole")
ARN = f"arn:aws:sns:{REGION}:{ACCOUNT}:any"
ARGUMENTS: dict[str, dict[str, Any]] = {
    "cloudtrail": {"Name": "any"},
    "cloudwatch": {"AlarmNames": ["any"]},
    "cloudwatch:PutMetricAlarm": {
        "AlarmName": "any", "MetricName": "any", "Namespace": "any", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
        "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold", "AlarmActions": [f"arn:aws:automate:{REGION}:ec2:terminate"],
    },
    "config": {"ConfigurationRecorderName": "any"},
    "config:DeleteDeliveryChannel": {"DeliveryChannelName": "any"},
    "ec2": {"FlowLogIds": ["fl-0123456789abcdef0"]},
    "iam": {"RoleName": "any"},
    "iam:AttachRolePolicy": {"RoleName": "any", "PolicyArn": POLICY},
    "iam:CreatePolicyVersion": {"PolicyArn": POLICY, "PolicyDocument": DOCUMENT},
    "iam:CreateRole": {"RoleName": "any", "AssumeRolePolicyDocument": TRUST, "PermissionsBoundary": POLICY},
    "iam:DeleteRolePolicy": {"RoleName": "any", "PolicyName": "any"},
    "iam:PutRolePermissionsBoundary": {"RoleName": "any", "PermissionsBoundary": POLICY},
    "iam:PutRolePolicy": {"RoleName": "any", "PolicyName": "any", "PolicyDocument": DOCUMENT},
    "iam:SetDefaultPolicyVersion": {"PolicyArn": POLICY, "VersionId": "v1"},
    "iam:UpdateAssumeRolePolicy": {"RoleName": "any", "PolicyDocument": TRUST},
    "kms": {"KeyId": KEY},
    "kms:CreateGrant": {"KeyId": KEY, "GranteePrincipal": f"arn:aws:iam::{ACCOUNT}:root", "Operations": ["Decrypt"]},
    "kms:DeleteAlias": {"AliasName": "alias/any"},
    "kms:TagResource": {"KeyId": KEY, "Tags": [{"TagKey": "any", "TagValue": "any"}]},
    "kms:UpdateAlias": {"AliasName": "alias/any", "TargetKeyId": KEY},
    "lambda": {"FunctionName": "any"},
    "lambda:AddPermission": {
        "FunctionName": "any", "StatementId": "any", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com",
    },
    "logs": {"logGroupName": "any"},
    "logs:DeleteMetricFilter": {"logGroupName": "any", "filterName": "any"},
    "s3": {"Bucket": "any"},
    "s3:DeleteObject": {"Bucket": "any", "Key": "any"},
    "s3:DeleteObjectVersion": {"Bucket": "any", "Key": "any", "VersionId": "any"},
    "sns": {"TopicArn": ARN},
    "sns:Unsubscribe": {"SubscriptionArn": f"{ARN}:0f5d9a63-4c11-4d7e-9b0f-7a2f4c8e1d03"},
    "transfer": {"ServerId": "s-0123456789abcdef0"},
}
"""With what an action is called, else an action of its service: nothing of it is there, since IAM has the first word."""

DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}


@pytest.fixture(scope="module")
def home(ministack_server: Ministack) -> Home:
    ministack_server.reset()
    return Home(ministack_server, Mode="enforce", AlarmAddress=HEARD)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_roles_suffice_for_what_an_event_tells_of(home: Home, family: str) -> None:
    event = BROKEN[family](home)
    first = {it["status"] for it in results(home.invoke(family, event))}
    assert "fixed" in first and not first & {"planned", "failed", "unknown"}
    again = {it["status"] for it in results(home.invoke(family, event))}
    assert again <= {"compliant", "advised", "changed", "exempt", "not-applicable"}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_roles_suffice_for_a_sweep(home: Home, family: str) -> None:
    assert not {it["status"] for it in results(home.invoke(family, schedule()))} & {"planned", "failed", "unknown"}
    assert not {it["status"] for it in results(home.invoke(family, schedule()))} & {"fixed", "planned", "failed", "unknown"}


def let_do_everything(home: Home, family: str) -> Credentials:
    """The credentials of a role after it got a right to everything."""
    role = home.role(family)
    everything = {"PolicyName": "everything", "PolicyDocument": policy(Action="*", Resource="*")}
    home.client("iam").put_role_policy(RoleName=role.rpartition("/")[2], **everything)
    return home.server.credentials_for(role)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_right_to_everything_does_not_let_a_role_stop_a_trail(home: Home, family: str) -> None:
    cloudtrail = client(home.endpoint, "cloudtrail", REGION, let_do_everything(home, family))
    cloudtrail.start_logging(Name="trail")
    _, code, message = refusal(cloudtrail.stop_logging, Name="trail")
    assert code in DENIED and "explicit deny" in message
    assert cloudtrail.get_trail_status(Name="trail")["IsLogging"]


def test_nor_does_it_let_one_do_any_other_of_what_no_function_may(home: Home) -> None:
    credentials = let_do_everything(home, "trail")
    home.client("s3").create_bucket(Bucket="any")
    for action in [action for statement in document("never")["Statement"] for action in actions(statement)]:
        service, _, name = action.partition(":")
        given = ARGUMENTS.get(action) or ARGUMENTS[service]
        operation = "delete_object" if name == "DeleteObjectVersion" else xform_name(name)
        call = getattr(client(home.endpoint, service, REGION, credentials), operation)
        _, code, message = refusal(call, **given)
        assert code in DENIED and "explicit deny" in message, (action, code, message)
