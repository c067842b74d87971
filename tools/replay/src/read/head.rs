//! The few fields of a record that say whether more of it must be read.

use super::Text;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Fields of a record that every record has. Of most records nothing else is read.
#[derive(Debug, Default, Deserialize)]
pub struct Head<'a> {
    /// Service, such as `s3.amazonaws.com`.
    #[serde(rename = "eventSource", borrow, default)]
    pub service: Text<'a>,
    /// Name of the call, such as `PutBucketPolicy`.
    #[serde(rename = "eventName", borrow, default)]
    pub name: Text<'a>,
    /// Time of the call, as `2027-01-31T12:00:00Z`.
    #[serde(rename = "eventTime", borrow, default)]
    pub time: Text<'a>,
    /// Unique id of the record, which its copies in other files share.
    #[serde(rename = "eventID", borrow, default)]
    pub id: Text<'a>,
    /// Kind of the record; `AwsApiCall` is a call.
    #[serde(rename = "eventType", borrow, default)]
    pub kind: Text<'a>,
    /// Region, as AWS names it.
    #[serde(rename = "awsRegion", borrow, default)]
    pub region: Text<'a>,
    /// Account in which the call was recorded. The oldest records do not have it.
    #[serde(rename = "recipientAccountId", borrow, default)]
    pub account: Text<'a>,
    /// Error of a call that failed.
    #[serde(rename = "errorCode", borrow, default)]
    pub error: Text<'a>,
    /// What only a whole file has: its records.
    #[serde(rename = "Records", default)]
    records: Option<IgnoredAny>,
    /// What only an answer of `LookupEvents` has: its events.
    #[serde(rename = "Events", default)]
    events: Option<IgnoredAny>,
    /// What only an event of EventBridge has: the record.
    #[serde(default)]
    detail: Option<IgnoredAny>,
    /// What only a digest file has.
    #[serde(rename = "digestPublicKeyFingerprint", default)]
    digest: Option<IgnoredAny>,
}

impl Head<'_> {
    /// Returns whether this is a record.
    #[must_use]
    pub fn is_record(&self) -> bool {
        !self.service.is_empty() && !self.name.is_empty() && !self.time.is_empty()
    }

    /// Returns whether records are inside of it.
    pub(super) fn wraps(&self) -> bool {
        self.records.is_some() || self.events.is_some() || self.detail.is_some()
    }

    /// Returns whether it is a digest file, which lists files and has no records.
    pub(super) fn is_digest(&self) -> bool {
        self.digest.is_some()
    }
}
