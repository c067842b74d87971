//! What a call of the past has set, by its parameters alone: which control that leaves wrong or right, and whether it takes
//! something away from the record.
//!
//! Trailkeeper itself believes no parameter: it reads the resource. Of the past nothing else is left.

mod bucket;
mod others;
mod trail;

use serde_json::Value;
use trailkeeper::event::ApiCall;
use trailkeeper::model::Region;

/// What a call has set on one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// Control that it is about.
    pub(crate) control: &'static str,
    /// Part of the resource: what another call on the same part sets takes its place.
    pub(crate) part: &'static str,
    /// Resource, as an ARN.
    pub(crate) resource: String,
    /// What it leaves.
    pub(crate) leaves: Leaves,
    /// Which resources of the kind matter.
    pub(crate) matters: Matters,
}

/// What a call leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaves {
    /// As the control wants it.
    Right,
    /// Not as the control wants it. Whether it was before, the call does not say.
    Wrong,
    /// Not as the control wants it. It is one more sign of what another change of the same call says.
    WrongToo,
    /// Less than there was: the record is ended, narrowed, opened or can be deleted.
    Less(&'static str),
}

impl Leaves {
    pub(crate) fn is_right(self) -> bool {
        self == Self::Right
    }
}

/// Which resources of a kind matter to Trailkeeper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Matters {
    /// All of them.
    Always,
    /// Buckets that hold logs.
    LogBucket,
    /// Keys that encrypt a trail.
    TrailKey,
}

/// What a call says about which resources hold the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fact {
    /// This bucket holds logs.
    LogBucket(String),
    /// Access to the first bucket is logged in the second.
    AccessLogs(String, String),
    /// This key encrypts a trail.
    TrailKey(String),
    /// This flow log is of this VPC.
    FlowLog(String, String),
}

/// A call, and where it was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Made<'a> {
    /// Call.
    pub(crate) call: &'a ApiCall,
    /// Account.
    pub(crate) account: &'a str,
    /// Region, as the record spells it.
    pub(crate) region: &'a str,
}

impl Made<'_> {
    fn partition(&self) -> &'static str {
        Region::parse(self.region).map_or("aws", |region| region.partition())
    }

    /// Returns the ARN of a resource of the call's account and region.
    fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{resource}", self.partition(), self.region, self.account)
    }

    /// Returns the element at the end of a path of the request.
    fn asked(&self, path: &[&str]) -> Option<&Value> {
        self.call.request.inside(path)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.call.request.text(name)
    }
}

/// Returns what a call has set.
pub(crate) fn changes(made: &Made<'_>) -> Vec<Change> {
    match made.call.service.as_str() {
        "cloudtrail.amazonaws.com" => trail::changes(made),
        "s3.amazonaws.com" => bucket::changes(made),
        "config.amazonaws.com" => others::of_config(made),
        "ec2.amazonaws.com" => others::of_ec2(made),
        "kms.amazonaws.com" => others::of_kms(made),
        "transfer.amazonaws.com" => others::of_transfer(made),
        _ => Vec::new(),
    }
}

/// Returns what a call says about which resources hold the record.
pub(crate) fn facts(made: &Made<'_>) -> Vec<Fact> {
    match made.call.service.as_str() {
        "cloudtrail.amazonaws.com" => trail::facts(made),
        "s3.amazonaws.com" => bucket::facts(made),
        "config.amazonaws.com" => others::channel(made),
        "ec2.amazonaws.com" => others::flow_logs(made),
        _ => Vec::new(),
    }
}

/// Returns a value that is true or false, as services record it.
fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// Returns the items of a list, which stands without brackets if it has one item.
fn items(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(Value::Null) | None => Vec::new(),
        Some(one) => vec![one],
    }
}

/// Makes changes of one resource.
struct Of {
    resource: String,
    matters: Matters,
}

impl Of {
    fn change(&self, control: &'static str, part: &'static str, leaves: Leaves) -> Change {
        Change { control, part, resource: self.resource.clone(), leaves, matters: self.matters }
    }

    /// Returns a change that is right or takes something away.
    fn either(&self, control: &'static str, part: &'static str, right: bool, less: &'static str) -> Change {
        self.change(control, part, if right { Leaves::Right } else { Leaves::Less(less) })
    }
}

#[cfg(test)]
mod tests;
