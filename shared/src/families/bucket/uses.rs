//! What a bucket is used for: who delivers to it, and which log buckets log their readers into it.

use super::view::Logging;
use crate::managed::bucket::name::is_managed_target;
use crate::model::Region;

/// Who puts logs into one bucket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Uses {
    /// The trails that deliver to it.
    pub trails: Vec<TrailDelivery>,
    /// The Config delivery channels that deliver to it.
    pub channels: Vec<ChannelDelivery>,
    /// The log buckets whose server access logs go to it.
    pub sources: Vec<LoggingSource>,
    /// Whether the settings name it as a bucket that receives access logs.
    pub named: bool,
    /// Where it could not be asked who delivers.
    pub unread: Vec<DeniedCall>,
}

/// A trail, as far as its bucket is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailDelivery {
    /// Its ARN, which names its home region and its account.
    pub arn: String,
    /// What its files' keys begin with, before `AWSLogs/`.
    pub prefix: Option<String>,
    /// Whether it delivers the logs of a whole organization.
    pub organization: bool,
}

/// A delivery channel of AWS Config: each region has one at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelDelivery {
    /// Its region.
    pub region: Region,
    /// What its files' keys begin with, before `AWSLogs/`.
    pub prefix: Option<String>,
}

/// A log bucket that logs into another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggingSource {
    /// Its name.
    pub bucket: String,
    /// How it logs.
    pub logging: Logging,
}

/// A question that was denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeniedCall {
    /// The IAM action that is missing.
    pub action: &'static str,
    /// Where.
    pub region: Region,
}

impl Uses {
    /// Whether a trail or a channel delivers to it.
    #[must_use]
    pub fn receives_trail(&self) -> bool {
        !self.trails.is_empty() || !self.channels.is_empty()
    }

    /// Whether server access logs go to it. The one of our name is made for nothing else.
    #[must_use]
    pub fn receives_access_logs(&self, name: &str) -> bool {
        !self.sources.is_empty() || self.is_kept(name)
    }

    /// Whether it is a bucket for access logs that is ours to keep: by its name, or as the settings say so.
    #[must_use]
    pub fn is_kept(&self, name: &str) -> bool {
        self.named || is_managed_target(name)
    }

    /// What the keys of delivered files begin with: each once, in a fixed order.
    #[must_use]
    pub fn prefixes(&self) -> Vec<String> {
        let trails = self.trails.iter().map(|trail| &trail.prefix);
        let all = trails.chain(self.channels.iter().map(|channel| &channel.prefix));
        let mut all: Vec<String> = all.map(|prefix| format!("{}AWSLogs/", folder(prefix.as_deref()))).collect();
        all.sort();
        all.dedup();
        all
    }

    /// What could not be asked, for people.
    #[must_use]
    pub fn missing(&self) -> Option<String> {
        let one = |unread: &DeniedCall| format!("{} was denied in {}", unread.action, unread.region);
        let all: Vec<String> = self.unread.iter().map(one).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }
}

/// A prefix as it stands before the next part of a key: both services put a slash between.
#[must_use]
pub(super) fn folder(prefix: Option<&str>) -> String {
    prefix.map(|prefix| format!("{}/", prefix.trim_end_matches('/'))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

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
