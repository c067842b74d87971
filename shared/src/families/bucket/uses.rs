//! Uses of a bucket: what delivers to it, and which log buckets send their access logs to it.

use super::log_names::is_named_after;
use super::view::Logging;
use crate::managed::bucket::name::is_managed_target;
use crate::model::{Region, Seen};

/// Last character, after which S3 lists no key of a folder: it lists keys in the order of their UTF-8 bytes.
const LAST: char = char::MAX;

/// Deliveries into one bucket.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize)]
pub struct Uses {
    /// Trails that deliver to the bucket.
    pub trails: Vec<TrailDelivery>,
    /// Config delivery channels that deliver to the bucket.
    pub channels: Vec<ChannelDelivery>,
    /// Key prefix of the flow logs that the settings have delivered to the bucket: empty, or ending in a slash.
    pub flow_logs: Option<String>,
    /// Log buckets whose server access logs go to the bucket.
    pub sources: Vec<LoggingSource>,
    /// Whether the settings name the bucket as a target of access logs.
    pub named: bool,
    /// Denied calls: deliveries that could not be read.
    pub unread: Vec<DeniedCall>,
    /// ARNs of the trails that are known to record the account in another bucket.
    pub recorded_elsewhere: Vec<String>,
    /// Denied calls: trails of which it could not be read whether they record the account in another bucket.
    pub unread_elsewhere: Vec<DeniedCall>,
    /// Reports of AWS on the deliveries; read only for a bucket that is not known to be in this account.
    pub reported: Vec<ReportedDelivery>,
    /// Id of the account's organization; read only for an organization trail whose organization no setting names.
    pub organization: Seen<String>,
}

/// Trail, as far as its bucket is concerned.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TrailDelivery {
    /// ARN of the trail, which contains its home region and account.
    pub arn: String,
    /// Key prefix of the files, before `AWSLogs/`.
    pub prefix: Option<String>,
    /// Whether the trail delivers the logs of a whole organization.
    pub organization: bool,
}

/// Delivery channel of AWS Config: each region has at most one.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ChannelDelivery {
    /// Region of the channel.
    pub region: Region,
    /// Key prefix of the files, before `AWSLogs/`.
    pub prefix: Option<String>,
}

/// Log bucket that logs into another.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LoggingSource {
    /// Name of the bucket.
    pub bucket: String,
    /// Logging configuration of the bucket.
    pub logging: Logging,
}

/// Report of AWS on what a trail or a Config channel delivers to a bucket that cannot be read from here.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ReportedDelivery {
    /// Trail or channel, for people.
    pub who: String,
    /// Outcome of the last delivery.
    pub outcome: DeliveryOutcome,
}

/// Outcome of the last delivery into a bucket, by AWS's own report.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryOutcome {
    /// It succeeded.
    Succeeded,
    /// It failed, with the error in AWS's words.
    Failed(String),
    /// AWS does not say, with the reason.
    Unknown(String),
}

/// Denied call.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DeniedCall {
    /// IAM action that is missing.
    pub action: &'static str,
    /// Region of the call.
    pub region: Region,
}

impl Uses {
    /// Returns whether a trail or a channel delivers to the bucket, or the settings name it for flow logs.
    #[must_use]
    pub fn receives_trail(&self) -> bool {
        !self.trails.is_empty() || !self.channels.is_empty() || self.flow_logs.is_some()
    }

    /// Returns whether server access logs go to the bucket. A bucket with our name serves nothing else.
    #[must_use]
    pub fn receives_access_logs(&self, name: &str) -> bool {
        !self.sources.is_empty() || self.is_kept(name)
    }

    /// Returns whether something is known to deliver to the bucket.
    #[must_use]
    pub fn is_delivered_to(&self) -> bool {
        self.receives_trail() || !self.sources.is_empty()
    }

    /// Returns whether the bucket is a target of access logs that we manage: by its name, or according to the settings.
    #[must_use]
    pub fn is_kept(&self, name: &str) -> bool {
        self.named || is_managed_target(name)
    }

    /// Returns whether the bucket serves only as a target of access logs that a log bucket names, and neither Trailkeeper
    /// nor the settings: whoever may change that log bucket chose it, and it may serve anything else.
    #[must_use]
    pub fn is_chosen_target(&self, name: &str) -> bool {
        !self.receives_trail() && !self.is_kept(name)
    }

    /// Returns why the last record of the account goes to the bucket, if so: a trail delivers to it, and none is known to
    /// record the account anywhere else.
    #[must_use]
    pub fn last_record(&self) -> Option<String> {
        let last = !self.trails.is_empty() && self.recorded_elsewhere.is_empty();
        let unread = denials(&self.unread_elsewhere).map(|denied| format!(", since {denied}"));
        let unread = unread.unwrap_or_default();
        last.then(|| format!("no trail is known to record the account in another bucket{unread}"))
    }

    /// Returns the key prefixes of delivered files, without duplicates, in a fixed order.
    #[must_use]
    pub fn prefixes(&self) -> Vec<String> {
        let trails = self.trails.iter().map(|trail| &trail.prefix);
        let all = trails.chain(self.channels.iter().map(|channel| &channel.prefix));
        let all = all.map(|prefix| format!("{}AWSLogs/", folder(prefix.as_deref())));
        let mut all: Vec<String> = all.chain(self.flow_logs.iter().map(|prefix| format!("{prefix}AWSLogs/"))).collect();
        all.sort();
        all.dedup();
        all
    }

    /// Returns the prefixes of access logs that may be known to hold nothing else, by the keys under them: those that begin
    /// with the name of their source.
    #[must_use]
    pub fn listed_prefixes(&self) -> Vec<&str> {
        let named = self.sources.iter().filter(|it| is_named_after(&it.logging.prefix, &it.bucket));
        named.map(|it| it.logging.prefix.as_str()).collect()
    }

    /// Returns the prefixes under which keys are looked at: those of access logs, and the whole bucket if it may serve
    /// something else.
    #[must_use]
    pub fn searched_prefixes(&self) -> Vec<&str> {
        let whole = self.receives_trail().then_some("");
        self.listed_prefixes().into_iter().chain(whole).collect()
    }

    /// Returns where to list on after the first keys of the bucket, if the last of them is a log: logs alone can be more
    /// than S3 lists at once, and what else the bucket holds may come after them.
    #[must_use]
    pub fn beyond_logs(&self, last: &str) -> Option<String> {
        let under = self.prefixes().into_iter().find(|prefix| last.starts_with(prefix))?;
        Some(format!("{under}{LAST}"))
    }

    /// Returns the calls that were denied, for people.
    #[must_use]
    pub fn missing(&self) -> Option<String> {
        denials(&self.unread)
    }
}

fn denials(calls: &[DeniedCall]) -> Option<String> {
    let one = |unread: &DeniedCall| format!("{} was denied in {}", unread.action, unread.region);
    let mut all: Vec<String> = calls.iter().map(one).collect();
    // The regions answer in any order.
    all.sort_unstable();
    (!all.is_empty()).then(|| all.join(", "))
}

/// Returns a prefix as it precedes the next part of a key: both services insert a slash.
#[must_use]
pub(super) fn folder(prefix: Option<&str>) -> String {
    prefix.map(|prefix| format!("{}/", prefix.trim_end_matches('/'))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_the_logs_is_listed_too() {
        let trail = TrailDelivery { arn: "x".into(), prefix: Some("p".into()), organization: false };
        let uses = Uses { trails: vec![trail], ..Uses::default() };
        let after = uses.beyond_logs("p/AWSLogs/1/x").expect("a place to list on");
        assert!(*"p/AWSLogs/zebra/\u{fffd}" < *after && *after < *"p/index.html");
        assert_eq!(uses.beyond_logs("p/index.html"), None);
    }

    #[test]
    fn a_prefix_is_a_folder() {
        assert_eq!(folder(None), "");
        assert_eq!([folder(Some("a")), folder(Some("a/"))], ["a/", "a/"]);
        let trail = |prefix: Option<&str>| TrailDelivery {
            arn: "x".into(),
            prefix: prefix.map(str::to_owned),
            organization: false,
        };
        let uses = Uses { trails: vec![trail(Some("b")), trail(None), trail(Some("b"))], ..Uses::default() };
        assert_eq!(uses.prefixes(), ["AWSLogs/", "b/AWSLogs/"]);
    }
}
