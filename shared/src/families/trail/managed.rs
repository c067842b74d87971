//! What we make for trails, by names that are fixed in advance. Pure.

use crate::documents::policy::{compiled, document, fill_in};
use crate::managed::role::RoleNeed;
use crate::managed::role::wanted::ManagedRole;
use crate::model::{Arn, Place};

/// The trail that we make where the account has none.
pub const MANAGED_TRAIL: &str = "trailkeeper-trail";
/// The key that we make for trails without one, in the region of the trail's bucket.
pub const MANAGED_KEY: &str = "alias/trailkeeper-cloudtrail";
/// The log group that we make for trails without one, in the trail's home region.
pub const MANAGED_GROUP: &str = "/trailkeeper/cloudtrail";
/// The role with which `CloudTrail` writes to log groups: one for the account.
pub const MANAGED_ROLE: &str = "trailkeeper-cloudtrail-logs";

/// What writing to a log group asks of a trail's role ([CloudTrail user guide, role policy for CloudWatch Logs]).
///
/// [CloudTrail user guide, role policy for CloudWatch Logs]: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html
#[must_use]
pub(super) fn need<'a>(place: &'a Place, trail_arn: &'a str, group: &str) -> RoleNeed<'a> {
    let Place { partition, account, region } = place;
    let group = format!("arn:{partition}:logs:{region}:{account}:log-group:{group}");
    RoleNeed {
        service: "cloudtrail.amazonaws.com",
        known: vec![("aws:SourceAccount", account), ("aws:SourceArn", trail_arn)],
        actions: &["logs:CreateLogStream", "logs:PutLogEvents"],
        resources: vec![format!("{group}:log-stream:{account}_CloudTrail_{region}")],
    }
}

/// Our role, with the right to write to this log group of the region: to ours it may in every region.
#[must_use]
pub(super) fn managed_role(place: &Place, group: &str) -> ManagedRole {
    let managed = group == MANAGED_GROUP;
    let streams = format!("{}*", place.region);
    let (region, streams) = if managed { ("*", "*") } else { (place.region.as_str(), streams.as_str()) };
    let policy = compiled(document!("trail-logs.permissions.json"), place);
    ManagedRole {
        name: MANAGED_ROLE,
        purpose: "Lets CloudTrail write the events of this account's trails to log groups. Made by Trailkeeper.",
        trust: compiled(document!("trail-logs.trust.json"), place),
        policy_name: if managed { "write-trail-logs".into() } else { policy_name(place, group) },
        policy: fill_in(&policy, &[("LogGroupRegion", region), ("LogGroup", group), ("LogStreams", streams)]),
    }
}

/// A name for the policy of one group. IAM takes letters, digits and `+=,.@-_`, at most 128 of them.
fn policy_name(place: &Place, group: &str) -> String {
    let legal = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '.' };
    let name: String = group.chars().map(legal).take(80).collect();
    format!("write-trail-logs-{}{name}", place.region)
}

/// The ARN of a log group of this region as `CloudTrail` wants it: with `:*` at its end.
#[must_use]
pub(super) fn group_arn(place: &Place, group: &str) -> String {
    format!("arn:{}:logs:{}:{}:log-group:{group}:*", place.partition, place.region, place.account)
}

/// The name in the ARN of a log group, where that is one of this region and account.
#[must_use]
pub(super) fn group_name<'a>(place: &Place, arn: &'a str) -> Option<&'a str> {
    let parts = Arn::parse(arn)?;
    let here = parts.service == "logs" && parts.account == place.account && parts.region == place.region.as_str();
    let name = parts.resource.strip_prefix("log-group:")?;
    here.then(|| name.strip_suffix(":*").unwrap_or(name))
}

/// The bucket of the trail that we make.
#[must_use]
pub(super) fn managed_bucket(place: &Place) -> String {
    format!("trailkeeper-cloudtrail-{}-{}", place.account, place.region)
}
