//! Table of the fifteen alarms of CIS section 4, as data.

use super::rules::{AlarmRule, PATTERNS, about};

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
            &[
                "CIS AWS Foundations Benchmark 4.8 (v1.4 to v5.0; 5.8 from v6.0, 3.8 in v1.2), Security Hub \
                 CloudWatch.8",
                PATTERNS,
            ],
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
            &[
                "CIS AWS Foundations Benchmark 4.1 (v1.4 to v5.0; 5.1 from v6.0, 3.1 in v1.2), Security Hub \
                 CloudWatch.2",
                PATTERNS,
            ],
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
            &[
                "CIS AWS Foundations Benchmark 4.2 (v1.4 to v5.0; 5.2 from v6.0, 3.2 in v1.2), Security Hub \
                 CloudWatch.3",
                PATTERNS,
            ],
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
            &[
                "CIS AWS Foundations Benchmark 4.3 (v1.4 to v5.0; 5.3 from v6.0, 3.3 in v1.2), Security Hub \
                 CloudWatch.1",
                PATTERNS,
            ],
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
            &[
                "CIS AWS Foundations Benchmark 4.4 (v1.4 to v5.0; 5.4 from v6.0, 3.4 in v1.2), Security Hub \
                 CloudWatch.4",
                PATTERNS,
            ],
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
            &[
                "CIS AWS Foundations Benchmark 4.5 (v1.4 to v5.0; 5.5 from v6.0, 3.5 in v1.2), Security Hub \
                 CloudWatch.5",
                PATTERNS,
            ],
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
            &[
                "CIS AWS Foundations Benchmark 4.6 (v1.4 to v5.0; 5.6 from v6.0, 3.6 in v1.2), Security Hub \
                 CloudWatch.6",
                PATTERNS,
            ],
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
            &[
                "CIS AWS Foundations Benchmark 4.7 (v1.4 to v5.0; 5.7 from v6.0, 3.7 in v1.2), Security Hub \
                 CloudWatch.7",
                PATTERNS,
            ],
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
            &[
                "CIS AWS Foundations Benchmark 4.9 (v1.4 to v5.0; 5.9 from v6.0, 3.9 in v1.2), Security Hub \
                 CloudWatch.9",
                PATTERNS,
            ],
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
            &[
                "CIS AWS Foundations Benchmark 4.10 (v1.4 to v5.0; 5.10 from v6.0, 3.10 in v1.2), Security Hub \
                 CloudWatch.10",
                PATTERNS,
            ],
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
            &[
                "CIS AWS Foundations Benchmark 4.11 (v1.4 to v5.0; 5.11 from v6.0, 3.11 in v1.2), Security Hub \
                 CloudWatch.11",
                PATTERNS,
            ],
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
            &[
                "CIS AWS Foundations Benchmark 4.12 (v1.4 to v5.0; 5.12 from v6.0, 3.12 in v1.2), Security Hub \
                 CloudWatch.12",
                PATTERNS,
            ],
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
            &[
                "CIS AWS Foundations Benchmark 4.13 (v1.4 to v5.0; 5.13 from v6.0, 3.13 in v1.2), Security Hub \
                 CloudWatch.13",
                PATTERNS,
            ],
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
            &[
                "CIS AWS Foundations Benchmark 4.14 (v1.4 to v5.0; 5.14 from v6.0, 3.14 in v1.2), Security Hub \
                 CloudWatch.14",
                PATTERNS,
            ],
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
            &["CIS AWS Foundations Benchmark 4.15 (v1.4 to v5.0; 5.15 from v6.0)", PATTERNS],
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
