//! Table of the fifteen alarms of CIS section 4, as data.

use super::rules::{AlarmRule, about};

/// Rules in the order of the documentation. The patterns are those that Security Hub checks ([CloudWatch controls]).
///
/// [CloudWatch controls]: https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html
pub(super) static RULES: [AlarmRule; 15] = [
    AlarmRule {
        about: about(
            "monitor-s3-policy-changes",
            "Changes to S3 bucket policies set off an alarm",
            "Anyone who opens up a bucket that holds the audit trail, or removes what protects it, does so through its \
             policy, its ACL or its lifecycle rules. In the log that is one line among thousands: nobody sees it \
             unless an alarm goes off.",
            false,
        ),
        name: "trailkeeper-monitor-s3-policy-changes",
        pattern: "{($.eventSource=s3.amazonaws.com) && (($.eventName=PutBucketAcl) || ($.eventName=PutBucketPolicy) \
                  || ($.eventName=PutBucketCors) || ($.eventName=PutBucketLifecycle) || \
                  ($.eventName=PutBucketReplication) || ($.eventName=DeleteBucketPolicy) || \
                  ($.eventName=DeleteBucketCors) || ($.eventName=DeleteBucketLifecycle) || \
                  ($.eventName=DeleteBucketReplication))}",
        also: &[],
        known: &[("$.eventSource", "s3.amazonaws.com")],
        optional: &["$.eventSource"],
    },
    AlarmRule {
        about: about(
            "monitor-unauthorized-api-calls",
            "Unauthorized API calls set off an alarm",
            "Denied calls are how someone with stolen credentials probes what they can do, and often the first trace \
             of it.",
            true,
        ),
        name: "trailkeeper-monitor-unauthorized-api-calls",
        pattern: "{($.errorCode=\"*UnauthorizedOperation\") || ($.errorCode=\"AccessDenied*\")}",
        also: &[
            "{($.errorCode=\"*UnauthorizedOperation\") || ($.errorCode=\"AccessDenied*\") && \
             ($.sourceIPAddress!=\"delivery.logs.amazonaws.com\") && ($.eventName!=\"HeadBucket\")}",
            "{(($.errorCode=\"*UnauthorizedOperation\") || ($.errorCode=\"AccessDenied*\")) && \
             (($.sourceIPAddress!=\"delivery.logs.amazonaws.com\") && ($.eventName!=\"HeadBucket\"))}",
        ],
        known: &[],
        optional: &["$.sourceIPAddress", "$.eventName"],
    },
    AlarmRule {
        about: about(
            "monitor-console-sign-in-without-mfa",
            "Console sign-ins without MFA set off an alarm",
            "A password alone can be guessed, bought or phished; a sign-in with nothing else is either a user without \
             MFA or someone with a stolen password.",
            true,
        ),
        name: "trailkeeper-monitor-console-sign-in-without-mfa",
        pattern: "{ ($.eventName = \"ConsoleLogin\") && ($.additionalEventData.MFAUsed != \"Yes\") && \
                  ($.userIdentity.type = \"IAMUser\") && ($.responseElements.ConsoleLogin = \"Success\") }",
        also: &[],
        known: &[("$.eventSource", "signin.amazonaws.com")],
        optional: &["$.eventSource", "$.userIdentity.type", "$.responseElements.ConsoleLogin"],
    },
    AlarmRule {
        about: about(
            "monitor-root-usage",
            "Use of the root user sets off an alarm",
            "The root user can do everything, no policy limits it, and almost nothing needs it: every use is worth a \
             look.",
            true,
        ),
        name: "trailkeeper-monitor-root-usage",
        pattern: "{$.userIdentity.type=\"Root\" && $.userIdentity.invokedBy NOT EXISTS && $.eventType \
                  !=\"AwsServiceEvent\"}",
        also: &[],
        known: &[],
        optional: &["$.userIdentity.invokedBy", "$.eventType"],
    },
    AlarmRule {
        about: about(
            "monitor-iam-policy-changes",
            "Changes to IAM policies set off an alarm",
            "IAM policies say who may do what: changing them is how permissions grow unnoticed.",
            true,
        ),
        name: "trailkeeper-monitor-iam-policy-changes",
        pattern: "{($.eventName=DeleteGroupPolicy)||($.eventName=DeleteRolePolicy)||($.eventName=DeleteUserPolicy)||\
                  ($.eventName=PutGroupPolicy)||($.eventName=PutRolePolicy)||($.eventName=PutUserPolicy)||\
                  ($.eventName=CreatePolicy)||($.eventName=DeletePolicy)||($.eventName=CreatePolicyVersion)||\
                  ($.eventName=DeletePolicyVersion)||($.eventName=AttachRolePolicy)||\
                  ($.eventName=DetachRolePolicy)||($.eventName=AttachUserPolicy)||($.eventName=DetachUserPolicy)||\
                  ($.eventName=AttachGroupPolicy)||($.eventName=DetachGroupPolicy)}",
        also: &[],
        known: &[("$.eventSource", "iam.amazonaws.com")],
        optional: &["$.eventSource"],
    },
    AlarmRule {
        about: about(
            "monitor-cloudtrail-changes",
            "Changes to CloudTrail trails set off an alarm",
            "Anyone who wants to go unseen starts with the trail.",
            true,
        ),
        name: "trailkeeper-monitor-cloudtrail-changes",
        pattern: "{($.eventName=CreateTrail) || ($.eventName=UpdateTrail) || ($.eventName=DeleteTrail) || \
                  ($.eventName=StartLogging) || ($.eventName=StopLogging)}",
        also: &[],
        known: &[("$.eventSource", "cloudtrail.amazonaws.com")],
        optional: &["$.eventSource"],
    },
    AlarmRule {
        about: about(
            "monitor-console-authentication-failures",
            "Failed console sign-ins set off an alarm",
            "A run of wrong passwords is someone guessing.",
            true,
        ),
        name: "trailkeeper-monitor-console-authentication-failures",
        pattern: "{($.eventName=ConsoleLogin) && ($.errorMessage=\"Failed authentication\")}",
        also: &[],
        known: &[("$.eventSource", "signin.amazonaws.com")],
        optional: &["$.eventSource"],
    },
    AlarmRule {
        about: about(
            "monitor-kms-key-deletion",
            "Disabling a KMS key or scheduling its deletion sets off an alarm",
            "Whatever a deleted key has encrypted is lost forever; after the alarm there are still days left to cancel \
             the deletion.",
            true,
        ),
        name: "trailkeeper-monitor-kms-key-deletion",
        pattern: "{($.eventSource=kms.amazonaws.com) && (($.eventName=DisableKey) || \
                  ($.eventName=ScheduleKeyDeletion))}",
        also: &[],
        known: &[("$.eventSource", "kms.amazonaws.com")],
        optional: &["$.eventSource"],
    },
    AlarmRule {
        about: about(
            "monitor-config-changes",
            "Changes to AWS Config set off an alarm",
            "While AWS Config is stopped or delivers elsewhere, nobody can later say what the account looked like.",
            true,
        ),
        name: "trailkeeper-monitor-config-changes",
        pattern: "{($.eventSource=config.amazonaws.com) && (($.eventName=StopConfigurationRecorder) || \
                  ($.eventName=DeleteDeliveryChannel) || ($.eventName=PutDeliveryChannel) || \
                  ($.eventName=PutConfigurationRecorder))}",
        also: &[],
        known: &[("$.eventSource", "config.amazonaws.com")],
        optional: &["$.eventSource"],
    },
    AlarmRule {
        about: about(
            "monitor-security-group-changes",
            "Changes to security groups set off an alarm",
            "A port opened for a test is rarely closed again by whoever opened it.",
            true,
        ),
        name: "trailkeeper-monitor-security-group-changes",
        pattern: "{($.eventName=AuthorizeSecurityGroupIngress) || ($.eventName=AuthorizeSecurityGroupEgress) || \
                  ($.eventName=RevokeSecurityGroupIngress) || ($.eventName=RevokeSecurityGroupEgress) || \
                  ($.eventName=CreateSecurityGroup) || ($.eventName=DeleteSecurityGroup)}",
        also: &[],
        known: &[("$.eventSource", "ec2.amazonaws.com")],
        optional: &["$.eventSource"],
    },
    AlarmRule {
        about: about(
            "monitor-network-acl-changes",
            "Changes to network ACLs set off an alarm",
            "Network ACLs apply to whole subnets: one rule can expose all of their hosts, or cut them all off.",
            true,
        ),
        name: "trailkeeper-monitor-network-acl-changes",
        pattern: "{($.eventName=CreateNetworkAcl) || ($.eventName=CreateNetworkAclEntry) || \
                  ($.eventName=DeleteNetworkAcl) || ($.eventName=DeleteNetworkAclEntry) || \
                  ($.eventName=ReplaceNetworkAclEntry) || ($.eventName=ReplaceNetworkAclAssociation)}",
        also: &[],
        known: &[("$.eventSource", "ec2.amazonaws.com")],
        optional: &["$.eventSource"],
    },
    AlarmRule {
        about: about(
            "monitor-network-gateway-changes",
            "Changes to network gateways set off an alarm",
            "A gateway is the way out of a VPC, including for data.",
            true,
        ),
        name: "trailkeeper-monitor-network-gateway-changes",
        pattern: "{($.eventName=CreateCustomerGateway) || ($.eventName=DeleteCustomerGateway) || \
                  ($.eventName=AttachInternetGateway) || ($.eventName=CreateInternetGateway) || \
                  ($.eventName=DeleteInternetGateway) || ($.eventName=DetachInternetGateway)}",
        also: &[],
        known: &[("$.eventSource", "ec2.amazonaws.com")],
        optional: &["$.eventSource"],
    },
    AlarmRule {
        about: about(
            "monitor-route-table-changes",
            "Changes to route tables set off an alarm",
            "A changed route can lead traffic around every inspection, or to someone else.",
            true,
        ),
        name: "trailkeeper-monitor-route-table-changes",
        pattern: "{($.eventName=CreateRoute) || ($.eventName=CreateRouteTable) || ($.eventName=ReplaceRoute) || \
                  ($.eventName=ReplaceRouteTableAssociation) || ($.eventName=DeleteRouteTable) || \
                  ($.eventName=DeleteRoute) || ($.eventName=DisassociateRouteTable)}",
        also: &[],
        known: &[("$.eventSource", "ec2.amazonaws.com")],
        optional: &["$.eventSource"],
    },
    AlarmRule {
        about: about(
            "monitor-vpc-changes",
            "Changes to VPCs and their peerings set off an alarm",
            "A peering connection joins two networks that were separate, perhaps one of them in another account.",
            true,
        ),
        name: "trailkeeper-monitor-vpc-changes",
        pattern: "{($.eventName=CreateVpc) || ($.eventName=DeleteVpc) || ($.eventName=ModifyVpcAttribute) || \
                  ($.eventName=AcceptVpcPeeringConnection) || ($.eventName=CreateVpcPeeringConnection) || \
                  ($.eventName=DeleteVpcPeeringConnection) || ($.eventName=RejectVpcPeeringConnection) || \
                  ($.eventName=AttachClassicLinkVpc) || ($.eventName=DetachClassicLinkVpc) || \
                  ($.eventName=DisableVpcClassicLink) || ($.eventName=EnableVpcClassicLink)}",
        also: &[],
        known: &[("$.eventSource", "ec2.amazonaws.com")],
        optional: &["$.eventSource"],
    },
    AlarmRule {
        about: about(
            "monitor-organizations-changes",
            "Changes to AWS Organizations set off an alarm",
            "The organization's policies limit every account in it, and an account that leaves is no longer bound by \
             them.",
            true,
        ),
        name: "trailkeeper-monitor-organizations-changes",
        pattern: "{ ($.eventSource = organizations.amazonaws.com) && (($.eventName = \"AcceptHandshake\") || \
                  ($.eventName = \"AttachPolicy\") || ($.eventName = \"CancelHandshake\") || ($.eventName = \
                  \"CreateAccount\") || ($.eventName = \"CreateOrganization\") || ($.eventName = \
                  \"CreateOrganizationalUnit\") || ($.eventName = \"CreatePolicy\") || ($.eventName = \
                  \"DeclineHandshake\") || ($.eventName = \"DeleteOrganization\") || ($.eventName = \
                  \"DeleteOrganizationalUnit\") || ($.eventName = \"DeletePolicy\") || ($.eventName = \
                  \"DetachPolicy\") || ($.eventName = \"DisablePolicyType\") || ($.eventName = \
                  \"EnableAllFeatures\") || ($.eventName = \"EnablePolicyType\") || ($.eventName = \
                  \"InviteAccountToOrganization\") || ($.eventName = \"LeaveOrganization\") || ($.eventName = \
                  \"MoveAccount\") || ($.eventName = \"RemoveAccountFromOrganization\") || ($.eventName = \
                  \"UpdatePolicy\") || ($.eventName = \"UpdateOrganizationalUnit\")) }",
        // What every version of the benchmark lists.
        also: &["{ ($.eventSource = organizations.amazonaws.com) && (($.eventName = \"AcceptHandshake\") || \
             ($.eventName = \"AttachPolicy\") || ($.eventName = \"CreateAccount\") || ($.eventName = \
             \"CreateOrganizationalUnit\") || ($.eventName = \"CreatePolicy\") || ($.eventName = \
             \"DeclineHandshake\") || ($.eventName = \"DeleteOrganization\") || ($.eventName = \
             \"DeleteOrganizationalUnit\") || ($.eventName = \"DeletePolicy\") || ($.eventName = \
             \"DetachPolicy\") || ($.eventName = \"DisablePolicyType\") || ($.eventName = \
             \"EnablePolicyType\") || ($.eventName = \"InviteAccountToOrganization\") || ($.eventName = \
             \"LeaveOrganization\") || ($.eventName = \"MoveAccount\") || ($.eventName = \
             \"RemoveAccountFromOrganization\") || ($.eventName = \"UpdatePolicy\") || ($.eventName = \
             \"UpdateOrganizationalUnit\")) }"],
        known: &[("$.eventSource", "organizations.amazonaws.com")],
        optional: &["$.eventSource"],
    },
];
