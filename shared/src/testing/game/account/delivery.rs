//! What AWS's services can do in the account: whether a trail's files arrive, and why not.

use super::permits::{Asked, permits};
use super::{ACCOUNT, AwsAccount, FlowLogTo, TrailHere};
use crate::families::recorder::Channel;
use crate::managed::role::Role;
use crate::model::{Arn, Seen};
use serde_json::Value;

impl AwsAccount {
    /// Returns what CloudTrail says of the last delivery of a trail, if it failed.
    pub(crate) fn delivery_error(&self, arn: &str, trail: &TrailHere) -> Option<&'static str> {
        let Some(bucket) = self.buckets.get(&trail.bucket) else { return Some("NoSuchBucket") };
        let prefix = if trail.prefix.is_empty() { String::new() } else { format!("{}/", trail.prefix) };
        let object = format!("arn:aws:s3:::{}/{prefix}AWSLogs/{ACCOUNT}/CloudTrail/x", trail.bucket);
        if !writes(bucket.config.policy.present(), "cloudtrail.amazonaws.com", arn, &object) {
            return Some("AccessDenied");
        }
        match trail.key.as_ref().map(|id| self.keys.get(&self.resolve(id))) {
            None => None,
            Some(None) => Some("KMS.NotFoundException"),
            Some(Some(key)) if key.state != "Enabled" => Some("KMS.DisabledException"),
            Some(Some(key)) => {
                let known = [
                    ("aws:SourceArn", arn),
                    ("aws:SourceAccount", ACCOUNT),
                    ("kms:EncryptionContext:aws:cloudtrail:arn", arn),
                    ("aws:SecureTransport", "true"),
                ];
                let who = ("Service", "cloudtrail.amazonaws.com");
                let asked = Asked { who, action: "kms:GenerateDataKey", resource: "*", known: &known };
                (!permits([&key.policy], asked)).then_some("KMS.AccessDeniedException")
            }
        }
    }

    /// Returns what CloudTrail says of the last delivery to the log group, if it failed.
    pub(crate) fn logs_error(&self, arn: &str, trail: &TrailHere) -> Option<&'static str> {
        let (group, role) = trail.logs.as_ref()?;
        let name = Arn::parse(group)?.resource.strip_prefix("log-group:")?.trim_end_matches(":*");
        let works = self.role_writes(role, "cloudtrail.amazonaws.com", arn, name);
        (!works).then_some("AccessDenied")
    }

    /// Returns whether what AWS Config records arrives.
    pub(crate) fn config_delivers(&self, channel: &Channel) -> bool {
        let Some(bucket) = self.buckets.get(&channel.bucket) else { return false };
        let prefix = channel.prefix.as_deref().map(|it| format!("{it}/")).unwrap_or_default();
        let object = format!("arn:aws:s3:::{}/{prefix}AWSLogs/{ACCOUNT}/Config/x", channel.bucket);
        writes(bucket.config.policy.present(), "config.amazonaws.com", "arn:aws:config", &object)
    }

    /// Returns whether a flow log's records arrive.
    pub(crate) fn flow_log_delivers(&self, id: &str, to: &FlowLogTo) -> bool {
        match to {
            FlowLogTo::Group { name, role } => {
                let arn = format!("arn:aws:ec2:{}:{ACCOUNT}:vpc-flow-log/{id}", super::home());
                self.role_writes(role, "vpc-flow-logs.amazonaws.com", &arn, name)
            }
            FlowLogTo::Elsewhere(arn) => {
                let name = Arn::parse(arn).map_or("", |arn| arn.resource).split('/').next().unwrap_or_default();
                self.buckets.contains_key(name)
            }
        }
    }

    /// Returns whether a service can write to a log group of the home region with a role.
    pub(crate) fn role_writes(&self, role: &str, service: &str, source: &str, group: &str) -> bool {
        let Some(role) = self.roles.get(role) else { return false };
        let known = [("aws:SourceArn", source), ("aws:SourceAccount", ACCOUNT)];
        let trust = Asked { who: ("Service", service), action: "sts:AssumeRole", resource: "", known: &known };
        let stream = match service {
            "cloudtrail.amazonaws.com" => format!("{ACCOUNT}_CloudTrail_{}", super::home()),
            _ => "x".to_owned(),
        };
        let resource = format!("arn:aws:logs:{}:{ACCOUNT}:log-group:{group}:log-stream:{stream}", super::home());
        let asked = Asked { who: ("AWS", ACCOUNT), action: "logs:PutLogEvents", resource: &resource, known: &[] };
        let Role { trust: document, inline, attached, boundary, .. } = role;
        let own = inline.present().into_iter().flat_map(|all| all.values());
        let own = own.chain(attached.present().into_iter().flatten());
        let bounded = match boundary {
            Seen::Present(boundary) => permits([boundary], asked),
            _ => true,
        };
        permits([document], trust) && permits(own, asked) && bounded
    }

    /// Returns whether an alarm's message gets to a person through a topic.
    pub(crate) fn is_heard(&self, alarm: &str, topic: &str) -> bool {
        let Some(it) = self.topics.get(topic) else { return false };
        let known = [("aws:SourceArn", alarm), ("aws:SourceAccount", ACCOUNT), ("aws:SecureTransport", "true")];
        let who = ("Service", "cloudwatch.amazonaws.com");
        let publish = Asked { who, action: "sns:Publish", resource: topic, known: &known };
        let encrypt = Asked { who, action: "kms:GenerateDataKey", resource: "*", known: &known };
        let key = it.key.as_ref().map(|id| self.keys.get(&self.resolve(id)));
        let encrypted = match key {
            None => true,
            Some(key) => key.is_some_and(|key| key.state == "Enabled" && permits([&key.policy], encrypt)),
        };
        let confirmed = |it: &crate::managed::topic::Subscription| {
            it.state == crate::managed::topic::SubscriptionState::Confirmed && it.endpoint == super::start::ADDRESS
        };
        permits([&it.policy], publish) && encrypted && it.subscriptions.iter().any(confirmed)
    }
}

/// Returns whether the policy of a bucket lets a service write an object.
fn writes(policy: Option<&Value>, service: &str, source: &str, object: &str) -> bool {
    let known = [
        ("aws:SourceArn", source),
        ("aws:SourceAccount", ACCOUNT),
        ("s3:x-amz-acl", "bucket-owner-full-control"),
        ("aws:SecureTransport", "true"),
        ("aws:PrincipalIsAWSService", "true"),
    ];
    let asked = Asked { who: ("Service", service), action: "s3:PutObject", resource: object, known: &known };
    permits(policy, asked)
}

/// Returns after how many days the first files expire by the rules of a bucket, if they do.
pub(crate) fn expiry(rules: &[Value]) -> Option<u64> {
    let on = rules.iter().filter(|rule| rule.get("Status").and_then(Value::as_str) == Some("Enabled"));
    on.filter_map(|rule| rule.pointer("/Expiration/Days")?.as_u64()).min()
}
