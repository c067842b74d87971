//! Patterns of the CIS AWS Foundations Benchmark, as Security Hub writes them and as they are found elsewhere. They
//! test the parser and the comparison; what a control requires is defined elsewhere.

use super::{Concessions, LONGEST, Pattern, Term};
use serde_json::{Value, json};

const CIS_4_1: &str = r#"{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}"#;
const CIS_4_2: &str = r#"{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") &&
    ($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") }"#;
const CIS_4_3: &str =
    r#"{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}"#;
const CIS_4_4: &str = r"{($.eventName=DeleteGroupPolicy)||($.eventName=DeleteRolePolicy)||($.eventName=DeleteUserPolicy)||
    ($.eventName=PutGroupPolicy)||($.eventName=PutRolePolicy)||($.eventName=PutUserPolicy)||
    ($.eventName=CreatePolicy)||($.eventName=DeletePolicy)||($.eventName=CreatePolicyVersion)||
    ($.eventName=DeletePolicyVersion)||($.eventName=AttachRolePolicy)||($.eventName=DetachRolePolicy)||
    ($.eventName=AttachUserPolicy)||($.eventName=DetachUserPolicy)||($.eventName=AttachGroupPolicy)||
    ($.eventName=DetachGroupPolicy)}";
const CIS_4_5: &str = r"{($.eventName=CreateTrail) || ($.eventName=UpdateTrail) || ($.eventName=DeleteTrail) ||
    ($.eventName=StartLogging) || ($.eventName=StopLogging)}";
const CIS_4_6: &str = r#"{($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")}"#;
const CIS_4_7: &str =
    "{($.eventSource=kms.amazonaws.com) && (($.eventName=DisableKey) || ($.eventName=ScheduleKeyDeletion))}";
const CIS_4_8: &str = r"{($.eventSource=s3.amazonaws.com) && (($.eventName=PutBucketAcl) || ($.eventName=PutBucketPolicy) ||
    ($.eventName=PutBucketCors) || ($.eventName=PutBucketLifecycle) || ($.eventName=PutBucketReplication) ||
    ($.eventName=DeleteBucketPolicy) || ($.eventName=DeleteBucketCors) || ($.eventName=DeleteBucketLifecycle) ||
    ($.eventName=DeleteBucketReplication))}";
const CIS_4_9: &str = r"{($.eventSource=config.amazonaws.com) && (($.eventName=StopConfigurationRecorder) ||
    ($.eventName=DeleteDeliveryChannel) || ($.eventName=PutDeliveryChannel) ||
    ($.eventName=PutConfigurationRecorder))}";
const CIS_4_10: &str = r"{($.eventName=AuthorizeSecurityGroupIngress) || ($.eventName=AuthorizeSecurityGroupEgress) ||
    ($.eventName=RevokeSecurityGroupIngress) || ($.eventName=RevokeSecurityGroupEgress) ||
    ($.eventName=CreateSecurityGroup) || ($.eventName=DeleteSecurityGroup)}";
const CIS_4_11: &str = r"{($.eventName=CreateNetworkAcl) || ($.eventName=CreateNetworkAclEntry) || ($.eventName=DeleteNetworkAcl) ||
    ($.eventName=DeleteNetworkAclEntry) || ($.eventName=ReplaceNetworkAclEntry) ||
    ($.eventName=ReplaceNetworkAclAssociation)}";
const CIS_4_12: &str = r"{($.eventName=CreateCustomerGateway) || ($.eventName=DeleteCustomerGateway) ||
    ($.eventName=AttachInternetGateway) || ($.eventName=CreateInternetGateway) ||
    ($.eventName=DeleteInternetGateway) || ($.eventName=DetachInternetGateway)}";
const CIS_4_13: &str = r"{($.eventName=CreateRoute) || ($.eventName=CreateRouteTable) || ($.eventName=ReplaceRoute) ||
    ($.eventName=ReplaceRouteTableAssociation) || ($.eventName=DeleteRouteTable) || ($.eventName=DeleteRoute) ||
    ($.eventName=DisassociateRouteTable)}";
const CIS_4_14: &str = r"{($.eventName=CreateVpc) || ($.eventName=DeleteVpc) || ($.eventName=ModifyVpcAttribute) ||
    ($.eventName=AcceptVpcPeeringConnection) || ($.eventName=CreateVpcPeeringConnection) ||
    ($.eventName=DeleteVpcPeeringConnection) || ($.eventName=RejectVpcPeeringConnection) ||
    ($.eventName=AttachClassicLinkVpc) || ($.eventName=DetachClassicLinkVpc) ||
    ($.eventName=DisableVpcClassicLink) || ($.eventName=EnableVpcClassicLink)}";
const CIS_4_15: &str = r#"{ ($.eventSource = organizations.amazonaws.com) && (($.eventName = "AcceptHandshake") ||
    ($.eventName = "AttachPolicy") || ($.eventName = "CreateAccount") ||
    ($.eventName = "CreateOrganizationalUnit") || ($.eventName = "CreatePolicy") ||
    ($.eventName = "DeclineHandshake") || ($.eventName = "DeleteOrganization") ||
    ($.eventName = "DeleteOrganizationalUnit") || ($.eventName = "DeletePolicy") ||
    ($.eventName = "DetachPolicy") || ($.eventName = "DisablePolicyType") || ($.eventName = "EnablePolicyType") ||
    ($.eventName = "InviteAccountToOrganization") || ($.eventName = "LeaveOrganization") ||
    ($.eventName = "MoveAccount") || ($.eventName = "RemoveAccountFromOrganization") ||
    ($.eventName = "UpdatePolicy") || ($.eventName = "UpdateOrganizationalUnit")) }"#;

const ALL: [&str; 15] = [
    CIS_4_1, CIS_4_2, CIS_4_3, CIS_4_4, CIS_4_5, CIS_4_6, CIS_4_7, CIS_4_8, CIS_4_9, CIS_4_10, CIS_4_11, CIS_4_12,
    CIS_4_13, CIS_4_14, CIS_4_15,
];

const ALONE: Concessions<'_> = Concessions { optional: &[], known: &[] };
const S3: Concessions<'_> =
    Concessions { optional: &["$.eventSource"], known: &[("$.eventSource", "s3.amazonaws.com")] };
const EC2: Concessions<'_> =
    Concessions { optional: &["$.eventSource"], known: &[("$.eventSource", "ec2.amazonaws.com")] };

fn read(text: &str) -> Pattern {
    Pattern::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn lacks(ours: &str, wanted: &str, rule: &Concessions<'_>) -> Vec<String> {
    read(ours).lacks(&read(wanted), rule).into_iter().map(Term::to_string).collect()
}

fn event(name: &str) -> Value {
    json!({"eventVersion": "1.08", "eventName": name, "eventSource": "ec2.amazonaws.com", "eventType": "AwsApiCall"})
}

#[test]
fn all_are_read_and_cover_themselves() {
    for text in ALL {
        let pattern = read(text);
        assert!(!pattern.never_matches());
        assert_eq!(pattern, read(&pattern.to_string()));
        assert_eq!(lacks(text, text, &ALONE), [""; 0]);
        assert_eq!(pattern.mentions(&pattern, &ALONE), pattern.terms().len());
        assert_eq!(pattern.widened(&[]).map(|it| read(&it)), Some(pattern));
    }
    let counts = ALL.map(|text| read(text).terms().len());
    assert_eq!(counts, [2, 1, 1, 16, 5, 1, 2, 9, 4, 6, 6, 6, 7, 11, 18]);
    for (at, ours) in ALL.iter().enumerate() {
        assert!(ALL.iter().enumerate().all(|(other, wanted)| (at == other) == (read(ours) == read(wanted))));
    }
}

#[test]
fn what_is_written_is_the_text_of_security_hub() {
    for text in [CIS_4_5, CIS_4_6, CIS_4_10, CIS_4_11, CIS_4_12, CIS_4_13, CIS_4_14] {
        assert_eq!(read(text).to_string(), text.split_whitespace().collect::<Vec<_>>().join(" "));
    }
}

#[test]
fn spacing_and_quotes_of_cis_do_not_matter() {
    for text in [CIS_4_4, CIS_4_5, CIS_4_7, CIS_4_8, CIS_4_9, CIS_4_10, CIS_4_11, CIS_4_12, CIS_4_13, CIS_4_14] {
        let quoted = text.replace('=', " = \"").replace(')', "\")").replace("\")\")", "\"))");
        let spaced = quoted.replace("||", " || ").replace('{', "{ ").replace('}', " }");
        assert!(spaced.contains(" = \"") && spaced != text);
        assert_eq!(read(&spaced), read(text), "{spaced}");
        let dense: String = text.split_whitespace().collect();
        assert_eq!(read(&dense), read(text), "{dense}");
    }
    for (text, same) in [
        (CIS_4_1, "{ ($.errorCode = *UnauthorizedOperation) || ($.errorCode =AccessDenied*) }"),
        (
            CIS_4_3,
            r#"{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy not exists && $.eventType != AwsServiceEvent }"#,
        ),
        (CIS_4_6, r#"{ ($.errorMessage = "Failed authentication") && ($.eventName = "ConsoleLogin") }"#),
    ] {
        assert_eq!(read(same), read(text));
    }
    assert_ne!(read("{ ($.eventName = createtrail) }"), read("{ ($.eventName = CreateTrail) }"));
}

#[test]
fn unauthorised_calls_in_three_versions() {
    let v1 = r#"{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*") ||
        ($.sourceIPAddress!="delivery.logs.amazonaws.com") || ($.eventName!="HeadBucket") }"#;
    let v4 = "{ ($.errorCode = *UnauthorizedOperation) || ($.errorCode =AccessDenied*) &&
        ($.sourceIPAddress!=delivery.logs.amazonaws.com) && ($.eventName!=HeadBucket) }";
    assert_eq!(lacks(v1, CIS_4_1, &ALONE), [""; 0]);
    assert_eq!(lacks(v4, CIS_4_1, &ALONE), ["($.errorCode=AccessDenied*)"]);
    let loose = Concessions { optional: &["$.sourceIPAddress", "$.eventName"], known: &[] };
    assert_eq!(lacks(CIS_4_1, v4, &loose), [""; 0]);
    assert_eq!(lacks(CIS_4_1, v4, &ALONE).len(), 1);
    // Every event name differs from HeadBucket, and yet no change of a trail raises an alarm.
    assert_eq!(lacks(v1, CIS_4_5, &ALONE).len(), 5);
    let denied = json!({"errorCode": "AccessDeniedException", "eventName": "HeadBucket"});
    assert_eq!([CIS_4_1, v1, v4].map(|text| read(text).matches(&denied)), [true, true, false]);
}

#[test]
fn signing_in_without_mfa_may_be_asked_for_briefly() {
    let short = r#"{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") }"#;
    let rule = Concessions { optional: &["$.userIdentity.type", "$.responseElements.ConsoleLogin"], known: &[] };
    assert_eq!(lacks(short, CIS_4_2, &rule), [""; 0]);
    assert_eq!(lacks(short, CIS_4_2, &ALONE).len(), 1);
    assert_eq!(lacks(CIS_4_2, short, &rule).len(), 1);
    assert_eq!(lacks("{ $.eventName = ConsoleLogin }", CIS_4_2, &rule).len(), 1);
    let record = json!({"eventName": "ConsoleLogin", "userIdentity": {"type": "IAMUser"},
        "responseElements": {"ConsoleLogin": "Success"}});
    assert!(!read(CIS_4_2).matches(&record), "of a member that is missing, != does not hold");
}

#[test]
fn root_is_seen_but_not_when_aws_acts() {
    let mut record = json!({"eventType": "AwsApiCall", "userIdentity": {"type": "Root"}});
    assert!(read(CIS_4_3).matches(&record));
    record["userIdentity"]["invokedBy"] = json!("support.amazonaws.com");
    assert!(!read(CIS_4_3).matches(&record));
    assert_eq!(lacks(r#"{ $.userIdentity.type = "Root" }"#, CIS_4_3, &ALONE).len(), 1);
    let loose = Concessions { optional: &["$.userIdentity.invokedBy", "$.eventType"], known: &[] };
    assert_eq!(lacks(r#"{ $.userIdentity.type = "Root" }"#, CIS_4_3, &loose), [""; 0]);
}

#[test]
fn an_and_of_names_matches_nothing_and_is_mended() {
    for text in [CIS_4_5, CIS_4_10, CIS_4_13] {
        let dead = read(&text.replace("||", "&&"));
        let wanted = read(text);
        assert!(dead.never_matches() && !dead.matches(&event("CreateTrail")));
        assert_eq!(dead.lacks(&wanted, &ALONE).len(), wanted.terms().len());
        assert_eq!(dead.mentions(&wanted, &ALONE), wanted.terms().len());
        let mended = dead.widened(&dead.lacks(&wanted, &ALONE)).expect("room");
        assert!(mended.starts_with("{ ((") && read(&mended) == wanted);
    }
    let dead = read(&CIS_4_4.replace("||", "&&"));
    let wanted = read(CIS_4_4);
    assert_eq!(dead.widened(&dead.lacks(&wanted, &ALONE)), None, "twice the text is more than {LONGEST}");
}

#[test]
fn a_missing_name_is_named_and_added_and_others_stay() {
    let theirs = CIS_4_5.replace("($.eventName=StopLogging)", "($.eventName = PutEventSelectors)");
    let (pattern, wanted) = (read(&theirs), read(CIS_4_5));
    let missing = pattern.lacks(&wanted, &ALONE);
    assert_eq!(missing.iter().map(|it| it.value_of("$.eventName")).collect::<Vec<_>>(), [Some("StopLogging")]);
    assert_eq!(pattern.mentions(&wanted, &ALONE), 4);
    let inner = theirs.trim_matches(['{', '}']);
    assert_eq!(pattern.widened(&missing), Some(format!("{{ {inner} || ($.eventName=StopLogging) }}")));
    let more = CIS_4_10.replace('}', " || ($.eventName = ModifySecurityGroupRules)}");
    assert_eq!(lacks(&more, CIS_4_10, &ALONE), [""; 0]);
    assert_eq!(lacks(CIS_4_10, &more, &ALONE), ["($.eventName=ModifySecurityGroupRules)"]);
    assert_ne!(read(&more), read(CIS_4_10));
}

#[test]
fn create_route_is_not_create_route_table() {
    let theirs = CIS_4_13.replace("($.eventName=CreateRoute) || ", "");
    assert_eq!(lacks(&theirs, CIS_4_13, &ALONE), ["($.eventName=CreateRoute)"]);
    assert!(!read(&theirs).matches(&event("CreateRoute")) && read(CIS_4_13).matches(&event("CreateRoute")));
    assert_eq!(lacks(&CIS_4_13.replace("=CreateRoute)", "=CreateRoute*)"), CIS_4_13, &ALONE), [""; 0]);
}

#[test]
fn the_event_source_may_be_there_or_not() {
    let names = |text: &str| {
        let (_, names) = text.split_once("&& (").expect("names");
        format!("{{ {} }}", names.trim_end_matches('}').trim_end().trim_end_matches(')').to_owned() + ")")
    };
    assert_eq!(lacks(&names(CIS_4_8), CIS_4_8, &S3), [""; 0]);
    assert_eq!(lacks(&names(CIS_4_8), CIS_4_8, &ALONE).len(), 9);
    assert_eq!(lacks("{ $.eventSource = s3.amazonaws.com }", CIS_4_8, &S3).len(), 9);
    // CIS 3.0 has no brackets around the names, so the source is required with the first one only.
    let v3 = CIS_4_13.replacen('{', "{($.eventSource = ec2.amazonaws.com) && ", 1);
    assert_eq!(read(&v3).terms()[0].to_string(), "($.eventSource=ec2.amazonaws.com) && ($.eventName=CreateRoute)");
    assert_eq!(lacks(&v3, CIS_4_13, &EC2), [""; 0]);
    assert_eq!(lacks(&v3, CIS_4_13, &ALONE), ["($.eventName=CreateRoute)"]);
    let bracketed = v3.replace("&& ", "&& (").replace('}', ")}");
    assert_eq!(lacks(&bracketed, CIS_4_13, &EC2), [""; 0]);
    assert_ne!(read(&v3), read(&bracketed));
}
