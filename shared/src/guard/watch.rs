//! API calls that change, stop or delete parts of Trailkeeper, and how each names the part.

use super::ours::OwnPart;
use crate::event::dependency::key_of;
use crate::event::{ApiCall, Elements};
use crate::model::{Region, is_account};
use serde_json::Value;
use std::collections::VecDeque;

/// Calls of one service that can change a part of Trailkeeper. Tags are watched where policies ask for them: those of keys
/// and roles, and of what a service control policy may know as Trailkeeper's by its tag.
#[derive(Debug, Clone, Copy)]
pub struct Calls {
    /// Name of the rule in `template.yaml` that wakes the guard for these calls.
    pub rule: &'static str,
    /// Service as in the record's `eventSource`, such as `lambda.amazonaws.com`.
    pub service: &'static str,
    /// Names of the calls. Those of Lambda are beginnings of names, since CloudTrail adds an API version.
    pub calls: &'static [&'static str],
    /// Returns the parts that a record names, which may be anybody's.
    named: fn(&ApiCall) -> Vec<OwnPart>,
}

/// Calls that the guard is told of on the default bus of the stack's own region, without the way over other rules.
pub const IN_REGION: &[Calls] =
    &[FUNCTIONS, RULES, SCHEDULES, TOPICS, KEYS, QUEUES, TABLES, BUCKETS, ALARMS, LOGS, STACKS];

/// Calls that the guard is told of by way of the bus: IAM is global, so its calls are events of one region, and every
/// region of every account has rules. Changes of the stack's own rules come by both ways, so that nobody can disable the
/// one without being told of by the other.
pub const ON_THE_BUS: &[Calls] = &[ROLES, RULES_EVERYWHERE];

const LAMBDA: &str = "lambda.amazonaws.com";

/// [Lambda's event names](https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html):
/// `UpdateFunctionCode20150331v2`, for instance.
const FUNCTIONS: Calls = Calls {
    rule: "FunctionCalls",
    service: LAMBDA,
    calls: &[
        "AddPermission",
        "CreateEventSourceMapping",
        "DeleteEventSourceMapping",
        "DeleteFunction",
        "DeleteFunctionConcurrency",
        "DeleteFunctionEventInvokeConfig",
        "PutFunctionConcurrency",
        "PutFunctionEventInvokeConfig",
        "RemovePermission",
        "TagResource",
        "UntagResource",
        "UpdateEventSourceMapping",
        "UpdateFunctionCode",
        "UpdateFunctionConfiguration",
        "UpdateFunctionEventInvokeConfig",
    ],
    named: |call| {
        let asked = || call.request.text("functionName").or_else(|| call.request.text("resource"));
        one(call, call.response.text("functionArn").or_else(asked), |name| OwnPart::Function(function_name(name)))
    },
};

const RULES: Calls = Calls {
    rule: "RuleCalls",
    service: "events.amazonaws.com",
    calls: &[
        "DeleteEventBus",
        "DeleteRule",
        "DisableRule",
        "PutPermission",
        "PutRule",
        "PutTargets",
        "RemovePermission",
        "RemoveTargets",
        "UpdateEventBus",
    ],
    named: rule,
};

const RULES_EVERYWHERE: Calls = Calls { rule: "RulesEverywhere", ..RULES };

const SCHEDULES: Calls = Calls {
    rule: "ScheduleCalls",
    service: "scheduler.amazonaws.com",
    calls: &["DeleteSchedule", "UpdateSchedule"],
    named: |call| one(call, call.request.text("name"), |name| OwnPart::Schedule(name.to_owned())),
};

const TOPICS: Calls = Calls {
    rule: "TopicCalls",
    service: "sns.amazonaws.com",
    calls: &[
        "AddPermission",
        "DeleteTopic",
        "PutDataProtectionPolicy",
        "RemovePermission",
        "SetSubscriptionAttributes",
        "SetTopicAttributes",
        "Subscribe",
        "TagResource",
        "Unsubscribe",
        "UntagResource",
    ],
    named: |call| {
        let of_subscription = || call.request.text("subscriptionArn").and_then(|arn| Some(arn.rsplit_once(':')?.0));
        let named = call.request.text("topicArn").or_else(|| call.request.text("resourceArn")).or_else(of_subscription);
        one(call, named, |arn| OwnPart::Topic(arn.to_owned()))
    },
};

const KEYS: Calls = Calls {
    rule: "KeyCalls",
    service: "kms.amazonaws.com",
    calls: &["DisableKey", "PutKeyPolicy", "ScheduleKeyDeletion", "TagResource", "UntagResource"],
    named: |call| one(call, key_of(call).or_else(|| call.request.text("keyId")), |key| OwnPart::Key(key.to_owned())),
};

const QUEUES: Calls = Calls {
    rule: "QueueCalls",
    service: "sqs.amazonaws.com",
    calls: &[
        "AddPermission",
        "DeleteQueue",
        "PurgeQueue",
        "RemovePermission",
        "SetQueueAttributes",
        "TagQueue",
        "UntagQueue",
    ],
    named: |call| one(call, call.request.text("queueUrl"), |url| OwnPart::Queue(last(url, '/').to_owned())),
};

/// The control plane of `DynamoDB`. What is written into a table, CloudTrail records only if it is asked to
/// ([DynamoDB in CloudTrail]).
///
/// [DynamoDB in CloudTrail]: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/logging-using-cloudtrail.html
const TABLES: Calls = Calls {
    rule: "TableCalls",
    service: "dynamodb.amazonaws.com",
    calls: &[
        "DeleteResourcePolicy",
        "DeleteTable",
        "PutResourcePolicy",
        "UpdateContinuousBackups",
        "UpdateTable",
        "UpdateTimeToLive",
    ],
    named: |call| {
        let named = call.request.text("tableName").or_else(|| call.request.text("resourceArn"));
        one(call, named, |name| OwnPart::Table(name.to_owned()))
    },
};

/// S3 records some calls under other names than those of the API ([CloudTrail events]).
///
/// [CloudTrail events]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html
const BUCKETS: Calls = Calls {
    rule: "BucketCalls",
    service: "s3.amazonaws.com",
    calls: &["DeleteBucket", "DeleteBucketPolicy", "PutBucketLifecycle", "PutBucketPolicy"],
    named: |call| one(call, call.request.text("bucketName"), |name| OwnPart::Bucket(name.to_owned())),
};

const ALARMS: Calls = Calls {
    rule: "AlarmCalls",
    service: "monitoring.amazonaws.com",
    calls: &["DeleteAlarms", "DisableAlarmActions", "PutAlarmMuteRule", "PutMetricAlarm"],
    named: |call| match [&["alarmNames"][..], &["muteTargets", "alarmNames"]].iter().find_map(|path| list(call, path)) {
        Some(names) => names.iter().filter_map(Value::as_str).map(|name| OwnPart::Alarm(name.to_owned())).collect(),
        None => one(call, call.request.text("alarmName"), |name| OwnPart::Alarm(name.to_owned())),
    },
};

const LOGS: Calls = Calls {
    rule: "LogGroupCalls",
    service: "logs.amazonaws.com",
    calls: &[
        "AssociateKmsKey",
        "DeleteLogGroup",
        "DeleteLogStream",
        "PutDataProtectionPolicy",
        "PutRetentionPolicy",
        "PutSubscriptionFilter",
    ],
    named: |call| {
        let named = ["logGroupName", "logGroupIdentifier", "resourceIdentifier"];
        one(call, named.iter().find_map(|name| call.request.text(name)), |name| OwnPart::LogGroup(group_name(name)))
    },
};

const STACKS: Calls = Calls {
    rule: "StackCalls",
    service: "cloudformation.amazonaws.com",
    calls: &[
        "ContinueUpdateRollback",
        "DeleteStack",
        "DeleteStackInstances",
        "DeleteStackSet",
        "ExecuteChangeSet",
        "RollbackStack",
        "SetStackPolicy",
        "UpdateStack",
        "UpdateStackInstances",
        "UpdateStackSet",
        "UpdateTerminationProtection",
    ],
    named: |call| {
        if let Some(set) = call.request.text("stackSetName") {
            return vec![OwnPart::StackSet(set.split(':').next().unwrap_or_default().to_owned())];
        }
        match (call.request.text("stackName"), call.request.text("changeSetName")) {
            (Some(stack), _) => vec![OwnPart::Stack(stack_name(stack))],
            // The id of a change set does not say whose it is.
            (None, Some(set)) => vec![OwnPart::ChangeSet(set.to_owned())],
            (None, None) => one(call, None, |name| OwnPart::Stack(name.to_owned())),
        }
    },
};

const ROLES: Calls = Calls {
    rule: "RoleCalls",
    service: "iam.amazonaws.com",
    calls: &[
        "AttachRolePolicy",
        "CreatePolicyVersion",
        "DeleteRole",
        "DeleteRolePermissionsBoundary",
        "DeleteRolePolicy",
        "DetachRolePolicy",
        "PutRolePermissionsBoundary",
        "PutRolePolicy",
        "SetDefaultPolicyVersion",
        "TagRole",
        "UntagRole",
        "UpdateAssumeRolePolicy",
    ],
    named: |call| match (call.request.text("roleName"), call.request.text("policyArn")) {
        (Some(role), _) => vec![OwnPart::Role(role.to_owned())],
        (None, policy) => one(call, policy, |arn| OwnPart::Policy(arn.to_owned())),
    },
};

fn rule(call: &ApiCall) -> Vec<OwnPart> {
    let bus = || call.request.text("eventBusName");
    if call.name.ends_with("EventBus") {
        return one(call, call.request.text("name"), |name| OwnPart::Bus(name.to_owned()));
    }
    if call.name.ends_with("Permission") {
        return vec![OwnPart::Bus(bus().unwrap_or("default").to_owned())];
    }
    let named = call.request.text("name").or_else(|| call.request.text("rule"));
    one(call, named, |name| OwnPart::Rule { bus: bus().map(str::to_owned), name: name.to_owned() })
}

/// Returns the part that a record names; an unknown one if CloudTrail left the parameters out for their size.
fn one(call: &ApiCall, named: Option<&str>, part: impl FnOnce(&str) -> OwnPart) -> Vec<OwnPart> {
    match (named, &call.request) {
        (Some(name), _) => vec![part(name)],
        (None, Elements::Omitted) => vec![OwnPart::Unknown],
        (None, Elements::Present(_)) => Vec::new(),
    }
}

/// Returns the name of a function, which may be given as name, partial ARN or ARN, with a version or alias: region,
/// account and the word `function` may each be left out ([FunctionName]).
///
/// [FunctionName]: https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html#API_UpdateFunctionCode_RequestParameters
fn function_name(given: &str) -> String {
    let mut parts: VecDeque<&str> = given.split(':').collect();
    if parts.front() == Some(&"arn") {
        parts.drain(..3.min(parts.len()));
    }
    let leading: [fn(&str) -> bool; 3] = [|it| Region::parse(it).is_some(), is_account, |it| it == "function"];
    for leads in leading {
        if parts.len() > 1 && parts.front().is_some_and(|part| leads(part)) {
            parts.pop_front();
        }
    }
    parts.front().copied().unwrap_or_default().to_owned()
}

/// Returns the name of a log group, which may be given as name or ARN.
fn group_name(given: &str) -> String {
    let name = given.split_once(":log-group:").map_or(given, |(_, name)| name);
    name.strip_suffix(":*").unwrap_or(name).to_owned()
}

fn list<'a>(call: &'a ApiCall, path: &[&str]) -> Option<&'a Vec<Value>> {
    call.request.inside(path).and_then(Value::as_array)
}

/// Returns the name of a stack, which may be given as name or id.
fn stack_name(given: &str) -> String {
    let name = given.split_once(":stack/").map_or(given, |(_, name)| name);
    name.split('/').next().unwrap_or_default().to_owned()
}

fn last(text: &str, separator: char) -> &str {
    text.rsplit(separator).next().unwrap_or_default()
}

/// Returns the parts that a call names, or why the call is no change of a part of anybody's.
///
/// # Errors
/// Returns an error for a call that is not watched, that failed, or that changed nothing.
pub fn parts(call: &ApiCall) -> Result<Vec<OwnPart>, String> {
    if call.event_type != "AwsApiCall" {
        return Err("the record is not of an API call".to_owned());
    }
    if let Some(failure) = &call.failure {
        return Err(format!("the call failed ({failure}), so it changed nothing"));
    }
    if call.read_only {
        return Err("the call was read-only".to_owned());
    }
    let name = plain_name(call);
    let watched = IN_REGION.iter().chain(ON_THE_BUS).find(|it| it.service == call.service && it.calls.contains(&name));
    watched.map(|it| (it.named)(call)).ok_or_else(|| "the guard does not watch this call".to_owned())
}

/// Returns the name of a call without the API version that CloudTrail adds to those of Lambda.
#[must_use]
pub fn plain_name(call: &ApiCall) -> &str {
    let name = call.name.as_str();
    if call.service != LAMBDA {
        return name;
    }
    let unversioned = match name.rsplit_once('v') {
        Some((before, number)) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => before,
        _ => name,
    };
    let plain = unversioned.trim_end_matches(|c: char| c.is_ascii_digit());
    if unversioned.len() - plain.len() == 8 { plain } else { name }
}
