//! Which parts the records of calls name, and whether they are ours.

use crate::event::{ApiCall, Record};
use crate::guard::watch::{IN_REGION, ON_THE_BUS, parts, plain_name};
use crate::guard::{Ours, quiet};
use crate::settings::{Mode, Modes, Settings};
use serde_json::{Value, json};

const HOME: &str = "111122223333";
const MEMBER: &str = "444455556666";
const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:told-by-mail";

fn settings(organization: bool) -> Settings {
    let stack = "arn:aws:cloudformation:eu-west-1:111122223333:stack/keeper/51af3dc0";
    let bus = "arn:aws:events:eu-west-1:111122223333:event-bus/keeper";
    let mut set = vec![
        ("TRAILKEEPER_STACK", stack),
        ("TRAILKEEPER_BUS", bus),
        ("TRAILKEEPER_KEYS", KEY),
        ("TRAILKEEPER_TOPIC_ARN", TOPIC),
    ];
    if organization {
        set.push(("TRAILKEEPER_ORGANIZATION", "o-a1b2c3d4e5"));
    }
    let set = set.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    Settings::parse(set, &[]).expect("settings")
}

fn call(service: &str, name: &str, region: &str, request: &Value, more: &Value) -> ApiCall {
    let mut record = json!({
        "eventSource": format!("{service}.amazonaws.com"), "eventName": name, "eventType": "AwsApiCall",
        "awsRegion": region, "requestParameters": request, "responseElements": null,
    });
    for (key, value) in more.as_object().cloned().unwrap_or_default() {
        record[key] = value;
    }
    Record(&record).api_call().expect("a record")
}

/// Returns the ARNs of our parts that a call in an account and region names.
fn ours(service: &str, name: &str, request: &Value, account: &str, region: &str) -> Vec<String> {
    let settings = settings(true);
    let ours = Ours::of(&settings).expect("a stack");
    let call = call(service, name, region, request, &json!({}));
    let named = parts(&call).expect("a watched call");
    named.iter().filter_map(|part| ours.arn(part, account, call.region.as_ref())).collect()
}

fn at_home(service: &str, name: &str, request: &Value) -> Vec<String> {
    ours(service, name, request, HOME, "eu-west-1")
}

#[test]
fn a_part_is_known_however_it_is_named() {
    let function = "arn:aws:lambda:eu-west-1:111122223333:function:keeper-trail";
    for name in [
        "keeper-trail",
        "keeper-trail:1",
        "keeper-trail:$LATEST",
        "function:keeper-trail",
        "111122223333:keeper-trail",
        "111122223333:function:keeper-trail",
        "eu-west-1:111122223333:keeper-trail:live",
        "eu-west-1:keeper-trail",
        function,
        &format!("{function}:live"),
    ] {
        let request = json!({"functionName": name});
        assert_eq!(at_home("lambda", "UpdateFunctionCode20150331v2", &request), [function], "{name}");
    }
    let odd = json!({"functionName": "whatever AWS takes for a name next"});
    let answered = json!({"responseElements": {"functionArn": function}});
    let call = call("lambda", "UpdateFunctionCode20150331v2", "eu-west-1", &odd, &answered);
    assert_eq!(parts(&call).expect("watched"), [crate::guard::OwnPart::Function("keeper-trail".to_owned())]);
    let group = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/keeper-trail";
    for request in
        [json!({"logGroupName": "/aws/lambda/keeper-trail"}), json!({"logGroupIdentifier": format!("{group}:*")})]
    {
        assert_eq!(at_home("logs", "PutRetentionPolicy", &request).len(), 1, "{request}");
    }
    let muted = json!({"name": "quiet", "muteTargets": {"alarmNames": ["shop", "keeper-DeadLettersAlarm-X"]}});
    assert_eq!(at_home("monitoring", "PutAlarmMuteRule", &muted).len(), 1);
}

#[test]
fn a_part_of_any_kind_is_known() {
    let stack = "arn:aws:cloudformation:eu-west-1:111122223333:stack/keeper";
    for name in ["keeper", "arn:aws:cloudformation:eu-west-1:111122223333:stack/keeper/51af3dc0"] {
        assert_eq!(at_home("cloudformation", "UpdateStack", &json!({"stackName": name})), [stack]);
    }
    for (service, name, request, arn) in [
        ("events", "DisableRule", json!({"name": "keeper-x"}), "events:eu-west-1:111122223333:rule/keeper-x"),
        (
            "events",
            "RemoveTargets",
            json!({"rule": "keeper-x", "ids": ["1"]}),
            "events:eu-west-1:111122223333:rule/keeper-x",
        ),
        (
            "events",
            "PutRule",
            json!({"name": "x", "eventBusName": "keeper"}),
            "events:eu-west-1:111122223333:rule/keeper/x",
        ),
        (
            "events",
            "PutPermission",
            json!({"eventBusName": "keeper"}),
            "events:eu-west-1:111122223333:event-bus/keeper",
        ),
        ("events", "DeleteEventBus", json!({"name": "keeper"}), "events:eu-west-1:111122223333:event-bus/keeper"),
        (
            "scheduler",
            "UpdateSchedule",
            json!({"name": "keeper-x"}),
            "scheduler:eu-west-1:111122223333:schedule/default/keeper-x",
        ),
        ("sns", "SetTopicAttributes", json!({"topicArn": TOPIC}), "sns:eu-west-1:111122223333:told-by-mail"),
        (
            "sns",
            "Unsubscribe",
            json!({"subscriptionArn": format!("{TOPIC}:c301")}),
            "sns:eu-west-1:111122223333:told-by-mail",
        ),
        (
            "kms",
            "DisableKey",
            json!({"keyId": "1234abcd-12ab-34cd-56ef-1234567890ab"}),
            KEY.strip_prefix("arn:aws:").expect("an ARN"),
        ),
        (
            "sqs",
            "PurgeQueue",
            json!({"queueUrl": "https://sqs.eu-west-1.amazonaws.com/111122223333/keeper-DeadLetters-X"}),
            "sqs:eu-west-1:111122223333:keeper-DeadLetters-X",
        ),
        ("s3", "DeleteBucketPolicy", json!({"bucketName": "keeper-notes-x"}), "s3:::keeper-notes-x"),
        (
            "monitoring",
            "DeleteAlarms",
            json!({"alarmNames": ["other", "keeper-TrailErrors-X"]}),
            "cloudwatch:eu-west-1:111122223333:alarm:keeper-TrailErrors-X",
        ),
        (
            "monitoring",
            "PutMetricAlarm",
            json!({"alarmName": "keeper-x"}),
            "cloudwatch:eu-west-1:111122223333:alarm:keeper-x",
        ),
        (
            "logs",
            "DeleteLogGroup",
            json!({"logGroupName": "/aws/lambda/keeper-trail"}),
            "logs:eu-west-1:111122223333:log-group:/aws/lambda/keeper-trail",
        ),
        (
            "cloudformation",
            "UpdateStackSet",
            json!({"stackSetName": "keeper-members"}),
            "cloudformation:eu-west-1:111122223333:stackset/keeper-members",
        ),
        (
            "iam",
            "UpdateAssumeRolePolicy",
            json!({"roleName": "keeper-TrailRole-X"}),
            "iam::111122223333:role/keeper-TrailRole-X",
        ),
        (
            "iam",
            "CreatePolicyVersion",
            json!({"policyArn": "arn:aws:iam::111122223333:policy/keeper-Never-X"}),
            "iam::111122223333:policy/keeper-Never-X",
        ),
    ] {
        assert_eq!(at_home(service, name, &request), [format!("arn:aws:{arn}")], "{name}");
    }
}

#[test]
fn a_part_is_known_whose_tags_are_set() {
    for (service, name, request, arn) in [
        (
            "iam",
            "UntagRole",
            json!({"roleName": "keeper-TrailRole-X", "tagKeys": ["trailkeeper"]}),
            "iam::111122223333:role/keeper-TrailRole-X",
        ),
        (
            "lambda",
            "TagResource20170331v2",
            json!({"resource": "arn:aws:lambda:eu-west-1:111122223333:function:keeper-trail", "tags": {"a": "b"}}),
            "lambda:eu-west-1:111122223333:function:keeper-trail",
        ),
        ("sns", "UntagResource", json!({"resourceArn": TOPIC}), "sns:eu-west-1:111122223333:told-by-mail"),
    ] {
        assert_eq!(at_home(service, name, &request), [format!("arn:aws:{arn}")], "{name}");
    }
}

#[test]
fn what_is_somebody_elses_is_not_ours() {
    for (service, name, request) in [
        ("lambda", "UpdateFunctionCode20150331v2", json!({"functionName": "keeper"})),
        ("lambda", "DeleteFunction20150331", json!({"functionName": "shop-keeper-x"})),
        ("lambda", "DeleteEventSourceMapping20150331", json!({"uuid": "u"})),
        ("events", "DisableRule", json!({"name": "keeper"})),
        ("events", "DisableRule", json!({"name": "keeper-x", "eventBusName": "shop"})),
        ("events", "PutPermission", json!({"action": "events:PutEvents"})),
        ("scheduler", "DeleteSchedule", json!({"name": "nightly"})),
        ("sns", "DeleteTopic", json!({"topicArn": "arn:aws:sns:eu-west-1:111122223333:shop"})),
        ("kms", "DisableKey", json!({"keyId": "9999abcd"})),
        ("sqs", "PurgeQueue", json!({"queueUrl": "https://sqs.eu-west-1.amazonaws.com/111122223333/shop"})),
        ("s3", "PutBucketPolicy", json!({"bucketName": "keeper-logs"})),
        ("monitoring", "DeleteAlarms", json!({"alarmNames": ["shop"]})),
        ("logs", "DeleteLogGroup", json!({"logGroupName": "/aws/lambda/shop"})),
        ("cloudformation", "DeleteStack", json!({"stackName": "shopkeeper"})),
        ("cloudformation", "UpdateStackSet", json!({"stackSetName": "shop"})),
        ("iam", "PutRolePolicy", json!({"roleName": "shop"})),
        ("iam", "CreatePolicyVersion", json!({"policyArn": "arn:aws:iam::111122223333:policy/shop"})),
    ] {
        assert_eq!(at_home(service, name, &request), Vec::<String>::new(), "{name} {request}");
    }
}

#[test]
fn in_another_account_and_region_only_what_trailkeeper_has_there_is_ours() {
    let role = json!({"roleName": "TrailkeeperRole"});
    let arn = format!("arn:aws:iam::{MEMBER}:role/TrailkeeperRole");
    assert_eq!(ours("iam", "DeleteRole", &role, MEMBER, "us-east-1"), [arn]);
    let regional = json!({"name": "StackSet-keeper-regions-0a1b-Kms-X"});
    assert_eq!(ours("events", "DisableRule", &regional, MEMBER, "us-east-1").len(), 1);
    for (service, name, request) in [
        ("lambda", "DeleteFunction20150331", json!({"functionName": "keeper-trail"})),
        ("iam", "DeleteRole", json!({"roleName": "keeper-TrailRole"})),
        ("sqs", "DeleteQueue", json!({"queueUrl": format!("https://sqs/{MEMBER}/keeper-x")})),
    ] {
        assert_eq!(ours(service, name, &request, MEMBER, "eu-west-1"), Vec::<String>::new(), "{name}");
    }
    let function = json!({"functionName": "keeper-trail"});
    assert!(ours("lambda", "DeleteFunction20150331", &function, HOME, "us-east-1").is_empty());
    let alone = settings(false);
    let alone = Ours::of(&alone).expect("a stack");
    assert!(alone.is_in(HOME) && !alone.is_in(MEMBER));
    assert!(Ours::of(&Settings::of(Modes::all(Mode::DryRun))).is_none());
}

#[test]
fn what_cloudtrail_left_out_may_be_ours() {
    assert_eq!(at_home("lambda", "UpdateFunctionConfiguration20150331v2", &Value::Null).len(), 1);
    let answered =
        json!({"responseElements": {"functionArn": "arn:aws:lambda:eu-west-1:111122223333:function:keeper-x"}});
    let call = call("lambda", "UpdateEventSourceMapping20150331", "eu-west-1", &json!({"uuid": "u"}), &answered);
    assert_eq!(parts(&call).expect("watched"), [crate::guard::OwnPart::Function("keeper-x".to_owned())]);
}

#[test]
fn calls_that_changed_nothing_are_no_news() {
    let request = json!({"functionName": "keeper-trail"});
    let why = |name: &str, more: Value| parts(&call("lambda", name, "eu-west-1", &request, &more));
    let name = "DeleteFunction20150331";
    assert!(why(name, json!({"errorCode": "AccessDenied"})).is_err_and(|it| it.contains("AccessDenied")));
    assert!(why(name, json!({"readOnly": true})).is_err());
    assert!(why(name, json!({"eventType": "AwsServiceEvent"})).is_err());
    assert!(why("GetFunction20150331v2", json!({})).is_err());
    assert!(why(name, json!({})).is_ok());
}

#[test]
fn lambdas_calls_are_known_in_every_version() {
    let plain = |name: &str| plain_name(&call("lambda", name, "eu-west-1", &json!({}), &json!({}))).to_owned();
    for name in ["UpdateFunctionCode", "UpdateFunctionCode20150331", "UpdateFunctionCode20150331v2"] {
        assert_eq!(plain(name), "UpdateFunctionCode");
    }
    assert_eq!(plain("PutFunctionConcurrency20171031"), "PutFunctionConcurrency");
    assert_eq!(plain("Retrieve2"), "Retrieve2");
}

#[test]
fn only_aws_says_that_cloudformation_made_a_call() {
    let through = |who: &str, address: &str| {
        let more =
            json!({"userIdentity": {"invokedBy": who}, "sourceIPAddress": address, "userAgent": quiet::CLOUDFORMATION});
        quiet::is_through_cloudformation(&call("iam", "DeleteRole", "us-east-1", &json!({}), &more))
    };
    assert!(through(quiet::CLOUDFORMATION, quiet::CLOUDFORMATION));
    assert!(!through(quiet::CLOUDFORMATION, "203.0.113.25") && !through("", quiet::CLOUDFORMATION));
    assert!(!through("sns.amazonaws.com", "sns.amazonaws.com"));
}

#[test]
fn in_another_account_the_end_of_the_way_is_told_even_through_cloudformation() {
    let usual = |name: &str, request: Value| {
        quiet::is_usual_elsewhere(&call("events", name, "eu-west-1", &request, &json!({})))
    };
    assert!(usual("PutRule", json!({"state": "ENABLED"})) && usual("PutTargets", json!({})));
    for name in ["DeleteRule", "DisableRule", "RemoveTargets", "DeleteRole", "UpdateAssumeRolePolicy"] {
        assert!(!usual(name, json!({})), "{name}");
    }
    assert!(!usual("PutRule", json!({"state": "DISABLED"})));
}

#[test]
fn the_rules_of_the_guard_have_names_of_their_own() {
    let names: std::collections::BTreeSet<&str> = IN_REGION.iter().chain(ON_THE_BUS).map(|it| it.rule).collect();
    assert_eq!(names.len(), IN_REGION.len() + ON_THE_BUS.len());
}
