//! Resources that Trailkeeper creates for trails, with fixed names. Pure.

use crate::documents::policy::{compiled, document, fill_in};
use crate::managed::bucket::name::managed_names;
use crate::managed::role::RoleNeed;
use crate::managed::role::wanted::ManagedRole;
use crate::model::{Arn, Place};

/// Name of the trail that Trailkeeper creates if the account has none.
pub const MANAGED_TRAIL: &str = "trailkeeper-trail";
/// Alias of the key that Trailkeeper creates for trails without one, in the region of the trail's bucket.
pub const MANAGED_KEY: &str = "alias/trailkeeper-cloudtrail";
/// Name of the log group that Trailkeeper creates for trails without one, in the trail's home region.
pub const MANAGED_GROUP: &str = "/trailkeeper/cloudtrail";
/// Name of the role with which CloudTrail writes to log groups: one per account.
pub const MANAGED_ROLE: &str = "trailkeeper-cloudtrail-logs";

/// Returns what writing to a log group requires of a trail's role ([CloudTrail user guide, role policy for CloudWatch
/// Logs]).
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
        resources: vec![format!("{group}:log-stream:{account}_CloudTrail_{region}").into()],
    }
}

/// Returns our role, with permission to write to this log group of the region, and to our own in every region.
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
        widest: fill_in(&policy, &[("LogGroupRegion", "*"), ("LogGroup", "*"), ("LogStreams", "*")]),
        policy: fill_in(&policy, &[("LogGroupRegion", region), ("LogGroup", group), ("LogStreams", streams)]),
    }
}

/// Returns a name for the policy of one log group. IAM allows letters, digits and `+=,.@-_`, at most 128 characters.
fn policy_name(place: &Place, group: &str) -> String {
    let legal = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '.' };
    let name: String = group.chars().map(legal).take(80).collect();
    format!("write-trail-logs-{}{name}", place.region)
}

/// Returns the ARN of a log group of this region as CloudTrail requires it: ending in `:*`.
#[must_use]
pub(super) fn group_arn(place: &Place, group: &str) -> String {
    format!("arn:{}:logs:{}:{}:log-group:{group}:*", place.partition, place.region, place.account)
}

/// Returns the name in the ARN of a log group, if it belongs to this region and account.
#[must_use]
pub(super) fn group_name<'a>(place: &Place, arn: &'a str) -> Option<&'a str> {
    let parts = Arn::parse(arn)?;
    let here = parts.service == "logs" && parts.account == place.account && parts.region == place.region.as_str();
    let name = parts.resource.strip_prefix("log-group:")?;
    here.then(|| name.strip_suffix(":*").unwrap_or(name))
}

/// Start of the name of the bucket of our trail.
pub(super) const MANAGED_BUCKET: &str = "trailkeeper-cloudtrail-";

/// Returns the names that the bucket of our trail may have, in the order in which they are tried.
#[must_use]
pub(super) fn managed_buckets(place: &Place) -> Vec<String> {
    managed_names(MANAGED_BUCKET, place)
}

/// Returns the usual name of the bucket of our trail.
#[must_use]
pub(super) fn managed_bucket(place: &Place) -> String {
    managed_buckets(place).swap_remove(0)
}
