"""The fifteen alarms of CIS section 4: their patterns, and records that ring them or do not.

The patterns are those that Security Hub checks (its user guide, "CloudWatch controls", CloudWatch.1
to .14); for the fifteenth, that of CIS AWS Foundations Benchmark 4.15 with the calls that Prowler wants, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from envelope import Event, api_call
from local_aws.processes import ACCOUNT

ROOT = {
    "type": "Root",
    "principalId": ACCOUNT,
    "arn": f"arn:aws:iam::{ACCOUNT}:root",
    "accountId": ACCOUNT,
}


@dataclass(frozen=True)
class Rule:
    """One alarm: `pattern` is written, `spaced` means the same as CIS has it."""

    pattern: str
    spaced: str
    rings: tuple[Event, ...]
    silent: tuple[Event, ...]


def sign_in(success: bool = True, mfa: str = "No", **record: Any) -> Event:
    """A sign-in to the console as CloudTrail records it."""
    given: dict[str, Any] = {
        "eventType": "AwsConsoleSignIn",
        "responseElements": {"ConsoleLogin": "Success" if success else "Failure"},
        "additionalEventData": {"LoginTo": "https://console.aws.amazon.com/", "MFAUsed": mfa},
    }
    failed = {} if success else {"errorMessage": "Failed authentication"}
    return api_call("signin", "ConsoleLogin", **(given | failed | record))



def _named(
    service: str, names: str, *, source: bool = False, joint: str = " || ", more: str = ""
) -> Rule:
    """One that is about calls by name, silent at any other."""
    listed = names.split()
    plain = joint.join(f"($.eventName={name})" for name in listed)
    spaced = " || ".join(f'( $.eventName = "{name}" )' for name in [*listed, *more.split()])
    asked = f"$.eventSource = {service}.amazonaws.com"
    rings = tuple(api_call(service, name) for name in listed)
    others = [api_call(service, f"Describe{listed[0]}"), api_call(service, f"{listed[0]}Other")]
    if source:
        others.append(api_call("example", listed[0]))
        pattern = f"{{({asked.replace(' ', '')}) && ({plain})}}"
        return Rule(pattern, f"{{  ({asked})  &&  ( {spaced} ) }}", rings, tuple(others))
    return Rule(f"{{{plain}}}", f"{{ {spaced} }}", rings, tuple(others))


def _organizations() -> Rule:
    names = (
        "AcceptHandshake AttachPolicy CancelHandshake CreateAccount CreateOrganization "
        "CreateOrganizationalUnit CreatePolicy DeclineHandshake DeleteOrganization "
        "DeleteOrganizationalUnit DeletePolicy DetachPolicy DisablePolicyType EnableAllFeatures "
        "EnablePolicyType InviteAccountToOrganization LeaveOrganization MoveAccount "
        "RemoveAccountFromOrganization UpdatePolicy UpdateOrganizationalUnit"
    )
    of_names = _named("organizations", names, source=True)
    listed = " || ".join(f'($.eventName = "{name}")' for name in names.split())
    pattern = f"{{ ($.eventSource = organizations.amazonaws.com) && ({listed}) }}"
    return Rule(pattern, of_names.spaced, of_names.rings, of_names.silent)


RULES: dict[str, Rule] = {
    "unauthorized-api-calls": Rule(
        '{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}',
        '{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*") || '
        '($.sourceIPAddress!="delivery.logs.amazonaws.com") || ($.eventName!="HeadBucket") }',
        tuple(
            api_call("ec2", "RunInstances", errorCode=code)
            for code in ("Client.UnauthorizedOperation", "AccessDenied", "AccessDeniedException")
        ),
        (api_call("ec2", "RunInstances", errorCode="Throttling"), api_call("ec2", "RunInstances")),
    ),
    "console-sign-in-without-mfa": Rule(
        '{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && '
        '($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") }',
        '{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") }',
        (sign_in(),),
        (
            sign_in(mfa="Yes"),
            sign_in(success=False, errorMessage="No username found"),
            sign_in(userIdentity={"type": "AssumedRole"}),
        ),
    ),
    "root-usage": Rule(
        '{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType '
        '!="AwsServiceEvent"}',
        '{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != '
        '"AwsServiceEvent" }',
        (api_call("s3", "CreateBucket", userIdentity=ROOT),),
        (
            api_call("s3", "CreateBucket", userIdentity=ROOT | {"invokedBy": "s3.amazonaws.com"}),
            api_call("s3", "CreateBucket", userIdentity=ROOT, eventType="AwsServiceEvent"),
            api_call("s3", "CreateBucket"),
        ),
    ),
    "iam-policy-changes": _named(
        "iam",
        "DeleteGroupPolicy DeleteRolePolicy DeleteUserPolicy PutGroupPolicy PutRolePolicy "
        "PutUserPolicy CreatePolicy DeletePolicy CreatePolicyVersion DeletePolicyVersion "
        "AttachRolePolicy DetachRolePolicy AttachUserPolicy DetachUserPolicy "
        "AttachGroupPolicy DetachGroupPolicy",
        joint="||",
    ),
    "cloudtrail-changes": _named(
        "cloudtrail", "CreateTrail UpdateTrail DeleteTrail StartLogging StopLogging"
    ),
    "console-authentication-failures": Rule(
        '{($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")}',
        '{ ($.eventName = "ConsoleLogin") && ($.errorMessage = "Failed authentication") }',
        (sign_in(success=False),),
        (sign_in(mfa="Yes"), sign_in(success=False, errorMessage="No username found")),
    ),
    "kms-key-deletion": _named("kms", "DisableKey ScheduleKeyDeletion", source=True),
    "s3-policy-changes": _named(
        "s3",
        "PutBucketAcl PutBucketPolicy PutBucketCors PutBucketLifecycle PutBucketReplication "
        "DeleteBucketPolicy DeleteBucketCors DeleteBucketLifecycle DeleteBucketReplication",
        source=True,
    ),
    "config-changes": _named(
        "config",
        "StopConfigurationRecorder DeleteDeliveryChannel PutDeliveryChannel "
        "PutConfigurationRecorder",
        source=True,
    ),
    "security-group-changes": _named(
        "ec2",
        "AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress RevokeSecurityGroupIngress "
        "RevokeSecurityGroupEgress CreateSecurityGroup DeleteSecurityGroup",
        more="ModifySecurityGroupRules",
    ),
    "network-acl-changes": _named(
        "ec2",
        "CreateNetworkAcl CreateNetworkAclEntry DeleteNetworkAcl DeleteNetworkAclEntry "
        "ReplaceNetworkAclEntry ReplaceNetworkAclAssociation",
    ),
    "network-gateway-changes": _named(
        "ec2",
        "CreateCustomerGateway DeleteCustomerGateway AttachInternetGateway CreateInternetGateway "
        "DeleteInternetGateway DetachInternetGateway",
    ),
    "route-table-changes": _named(
        "ec2",
        "CreateRoute CreateRouteTable ReplaceRoute ReplaceRouteTableAssociation DeleteRouteTable "
        "DeleteRoute DisassociateRouteTable",
    ),
    "vpc-changes": _named(
        "ec2",
        "CreateVpc DeleteVpc ModifyVpcAttribute AcceptVpcPeeringConnection "
        "CreateVpcPeeringConnection DeleteVpcPeeringConnection RejectVpcPeeringConnection "
        "AttachClassicLinkVpc DetachClassicLinkVpc DisableVpcClassicLink EnableVpcClassicLink",
    ),
    "organizations-changes": _organizations(),
}
"""By what comes after "monitor-" in the name of the control."""
