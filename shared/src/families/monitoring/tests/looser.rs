//! Filters that are looser or split, or see other events, and what other checkers ask of ours.

use super::chains::{Chain, chain};
use crate::families::monitoring::filter::Filter;
use crate::families::monitoring::managed;
use crate::families::monitoring::rules::AlarmRule;
use crate::families::monitoring::table::RULES;
use crate::model::Seen;
use crate::settings::alarms::Patterns;

fn rule(id: &str) -> &'static AlarmRule {
    RULES.iter().find(|rule| rule.about.id == id).expect("a rule")
}

fn serves(id: &str, pattern: &str) -> bool {
    let filter = Filter { name: "theirs".to_owned(), pattern: pattern.to_owned().into(), ..managed::filter(&RULES[0]) };
    filter.serves(rule(id), Patterns::Covering)
}

/// Returns a chain with one filter for each of the calls that the first rule is about, but for those that are left out.
fn split(left_out: &[&str]) -> Chain {
    let mut split = chain();
    let calls = RULES[0].pattern.split("($.eventName=").skip(1).filter_map(|rest| rest.split(')').next());
    let one = |call: &str| Filter {
        name: format!("on {call}"),
        pattern: format!("{{ $.eventName = {call} }}").into(),
        ..split.filter.clone()
    };
    let mut filters = calls.filter(|call| !left_out.contains(call)).map(one);
    let first = filters.next().expect("a filter");
    (split.more, split.filter) = (filters.collect(), first);
    split
}

#[test]
fn filters_on_one_metric_count_as_one() {
    assert_eq!(split(&[]).outcome().0, "compliant");
    let (because, steps) = split(&["DeleteBucketPolicy"]).outcome();
    assert!(because.contains("no metric filter for this") && steps[0] == "logs:PutMetricFilter", "{because}");
    let mut elsewhere = split(&[]);
    elsewhere.more[0].transformation.metric.name = "another".to_owned();
    assert_eq!(elsewhere.outcome().1[0], "logs:PutMetricFilter");
    let mut strict = split(&[]);
    strict.settings.filter_patterns = Patterns::Strict;
    assert_eq!(strict.outcome().1[0], "logs:PutMetricFilter");
}

#[test]
fn the_alarm_on_a_shared_metric_goes_off_for_each_of_its_filters() {
    let mut least = split(&[]);
    least.more[3].transformation.value = "0.5".to_owned();
    let (because, steps) = least.outcome();
    assert!(because.contains("a single match does not set it off"), "{because}");
    assert_eq!(steps, ["cloudwatch:PutMetricAlarm"]);
    let mut drowned = split(&[]);
    drowned.more[3].transformation.default = Some(0.0);
    drowned.alarm.statistic = Some("Average".to_owned());
    assert!(drowned.outcome().0.contains("its statistic Average hides a single match"));
    let mut unequal = split(&[]);
    unequal.more[3].transformation.unit = Some("Count".to_owned());
    unequal.alarm.unit = Some("Count".to_owned());
    assert!(unequal.outcome().0.contains("it watches the unit Count"));
}

#[test]
fn what_cis_excludes_need_not_be_excluded_and_nothing_else_may_be() {
    let root = "monitor-root-usage";
    for pattern in [
        "{ $.userIdentity.type = \"Root\" }",
        "{ $.userIdentity.type = Root && $.userIdentity.invokedBy NOT EXISTS }",
        "{ $.userIdentity.type = Root && $.eventType != AwsServiceEvent }",
    ] {
        assert!(serves(root, pattern), "{pattern}");
    }
    for pattern in [
        "{ $.userIdentity.type = \"Root\" && $.eventName != ConsoleLogin }",
        "{ $.userIdentity.type = Root && $.userIdentity.invokedBy NOT EXISTS && $.errorCode NOT EXISTS }",
        "{ $.userIdentity.invokedBy NOT EXISTS && $.eventType != AwsServiceEvent }",
        "{ $.userIdentity.type = * }",
    ] {
        assert!(!serves(root, pattern), "{pattern}");
    }
    let denied = "monitor-unauthorized-api-calls";
    let denials = "($.errorCode = \"*UnauthorizedOperation\") || ($.errorCode = \"AccessDenied*\")";
    assert!(serves(denied, &format!("{{ ({denials}) && $.eventName != HeadBucket }}")));
    assert!(serves(denied, &format!("{{ ({denials}) && $.sourceIPAddress != delivery.logs.amazonaws.com }}")));
    assert!(!serves(denied, &format!("{{ ({denials}) && $.eventName != GetObject }}")));
    assert!(!serves("monitor-kms-key-deletion", "{ $.eventSource = kms.amazonaws.com }"));
    assert!(!serves("monitor-console-sign-in-without-mfa", "{ $.eventName = ConsoleLogin }"));
}

#[test]
fn a_filter_of_transformed_events_is_told_if_the_group_transforms_them() {
    let mut other = chain();
    other.filter.transformed = true;
    assert_eq!(other.outcome().0, "compliant", "the group has no transformer");
    let mut misled = chain();
    (misled.filter.transformed, misled.transformer) = (true, Seen::Present(()));
    let (because, steps) = misled.outcome();
    assert!(because.contains("metric filter theirs applies to transformed events"), "{because}");
    assert!(because.contains("-> Switch applyOnTransformedLogs"), "{because}");
    assert_eq!(steps, [""; 0]);
    let mut unread = chain();
    (unread.filter.transformed, unread.transformer) = (true, Seen::Unreadable("logs:GetTransformer"));
    assert!(unread.outcome().0.starts_with("unknown: logs:GetTransformer was denied"));
    let mut beside = chain();
    beside.more = vec![Filter { name: "second".to_owned(), transformed: true, ..beside.filter.clone() }];
    beside.transformer = Seen::Present(());
    assert_eq!(beside.outcome().0, "compliant", "the other filter sees events as they are");
}

#[test]
fn ours_is_put_back_to_events_as_they_are_and_theirs_is_not_completed() {
    let mut altered = chain();
    altered.filter = Filter { transformed: true, ..managed::filter(&RULES[0]) };
    assert_eq!(altered.outcome().1, ["logs:PutMetricFilter"]);
    let mut lacking = chain();
    let whole = RULES[0].pattern;
    lacking.filter.pattern = whole.replace(" || ($.eventName=DeleteBucketPolicy)", "").into();
    lacking.filter.transformed = true;
    let (because, steps) = lacking.outcome();
    assert!(because.contains("has no metric filter for this") && steps[0] == "logs:PutMetricFilter", "{because}");
}

/// Calls that a pattern has to name to pass Prowler 5.46, where these are more than Security Hub and CIS want of it
/// together; its checks want each name exactly, in any order.
const PROWLER: &str = "AcceptHandshake AttachPolicy CancelHandshake CreateAccount CreateOrganization \
    CreateOrganizationalUnit CreatePolicy DeclineHandshake DeleteOrganization DeleteOrganizationalUnit DeletePolicy \
    DetachPolicy DisablePolicyType EnableAllFeatures EnablePolicyType InviteAccountToOrganization LeaveOrganization \
    MoveAccount RemoveAccountFromOrganization UpdateOrganizationalUnit UpdatePolicy";

#[test]
fn our_texts_name_what_prowler_looks_for() {
    let calls: &[(&str, &str)] = &[
        ("monitor-organizations-changes", PROWLER),
        ("monitor-kms-key-deletion", "DisableKey ScheduleKeyDeletion"),
        ("monitor-console-sign-in-without-mfa", "ConsoleLogin"),
        ("monitor-console-authentication-failures", "ConsoleLogin"),
        (
            "monitor-s3-policy-changes",
            "PutBucketAcl PutBucketPolicy PutBucketCors PutBucketLifecycle PutBucketReplication DeleteBucketPolicy \
             DeleteBucketCors DeleteBucketLifecycle DeleteBucketReplication",
        ),
        (
            "monitor-iam-policy-changes",
            "DeleteGroupPolicy DeleteRolePolicy DeleteUserPolicy PutGroupPolicy PutRolePolicy PutUserPolicy CreatePolicy \
             DeletePolicy CreatePolicyVersion DeletePolicyVersion AttachRolePolicy DetachRolePolicy AttachUserPolicy \
             DetachUserPolicy AttachGroupPolicy DetachGroupPolicy",
        ),
        ("monitor-cloudtrail-changes", "CreateTrail UpdateTrail DeleteTrail StartLogging StopLogging"),
        (
            "monitor-config-changes",
            "StopConfigurationRecorder DeleteDeliveryChannel PutDeliveryChannel PutConfigurationRecorder",
        ),
        (
            "monitor-security-group-changes",
            "AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress RevokeSecurityGroupIngress \
             RevokeSecurityGroupEgress CreateSecurityGroup DeleteSecurityGroup",
        ),
        (
            "monitor-network-acl-changes",
            "CreateNetworkAcl CreateNetworkAclEntry DeleteNetworkAcl DeleteNetworkAclEntry ReplaceNetworkAclEntry \
             ReplaceNetworkAclAssociation",
        ),
        (
            "monitor-network-gateway-changes",
            "CreateCustomerGateway DeleteCustomerGateway AttachInternetGateway CreateInternetGateway \
             DeleteInternetGateway DetachInternetGateway",
        ),
        (
            "monitor-route-table-changes",
            "CreateRoute CreateRouteTable ReplaceRoute ReplaceRouteTableAssociation DeleteRouteTable DeleteRoute \
             DisassociateRouteTable",
        ),
        (
            "monitor-vpc-changes",
            "CreateVpc DeleteVpc ModifyVpcAttribute AcceptVpcPeeringConnection CreateVpcPeeringConnection \
             DeleteVpcPeeringConnection RejectVpcPeeringConnection AttachClassicLinkVpc DetachClassicLinkVpc \
             DisableVpcClassicLink EnableVpcClassicLink",
        ),
    ];
    for (id, names) in calls {
        let text = rule(id).pattern.replace([' ', '"'], "");
        for name in names.split_whitespace() {
            assert!(text.contains(&format!("$.eventName={name})")), "{id} lacks {name}");
        }
    }
    let sources = [("kms", "kms-key-deletion"), ("s3", "s3-policy-changes"), ("config", "config-changes")];
    for (service, id) in sources.into_iter().chain([("organizations", "organizations-changes")]) {
        let text = rule(&format!("monitor-{id}")).pattern.replace(' ', "");
        assert!(text.contains(&format!("$.eventSource={service}.amazonaws.com")), "{id}");
    }
    let others = [
        ("monitor-console-sign-in-without-mfa", "$.additionalEventData.MFAUsed!=Yes"),
        ("monitor-console-authentication-failures", "$.errorMessage=Failedauthentication"),
        ("monitor-unauthorized-api-calls", "$.errorCode=AccessDenied*"),
        ("monitor-root-usage", "$.userIdentity.invokedByNOTEXISTS&&$.eventType!=AwsServiceEvent"),
    ];
    for (id, clause) in others {
        let text = rule(id).pattern.replace([' ', '"'], "");
        assert!(text.contains(clause), "{id}: {text}");
    }
}

#[test]
fn an_organization_needs_no_more_than_cis_lists() {
    let cis = rule("monitor-organizations-changes").also[0];
    assert!(serves("monitor-organizations-changes", cis) && !cis.contains("EnableAllFeatures"));
    assert!(!serves("monitor-organizations-changes", &cis.replace("LeaveOrganization", "LeaveNothing")));
}
