//! Ids of what the ledger holds: changes, which are made once, and findings, which come and go.

use crate::model::Arn;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;
use ulid::Ulid;

/// Id of a change: a [ULID], 26 letters and digits, which sorts by the time at which the change was meant.
///
/// [ULID]: https://github.com/ulid/spec
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangeId(Ulid);

impl ChangeId {
    /// Creates the id of a change that is meant at this time, with 80 bits of randomness.
    #[must_use]
    pub fn new(at: DateTime<Utc>, random: u128) -> Self {
        Self(Ulid::from_parts(millis(at), random))
    }

    /// Returns the first id of all changes that are meant at this time or later.
    #[must_use]
    pub fn first_since(at: DateTime<Utc>) -> Self {
        Self::new(at, 0)
    }

    /// Returns the time at which the change was meant, to the millisecond.
    #[must_use]
    pub fn time(self) -> DateTime<Utc> {
        i64::try_from(self.0.timestamp_ms()).ok().and_then(DateTime::from_timestamp_millis).unwrap_or_default()
    }
}

/// Returns a time as milliseconds since 1970. One before that is 1970.
fn millis(at: DateTime<Utc>) -> u64 {
    u64::try_from(at.timestamp_millis()).unwrap_or_default()
}

impl fmt::Display for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A text that is no id of a change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a change: it has 26 digits and capital letters")]
pub struct NoChangeId;

impl FromStr for ChangeId {
    type Err = NoChangeId;

    fn from_str(text: &str) -> Result<Self, NoChangeId> {
        Ulid::from_string(text).map(Self).map_err(|_| NoChangeId)
    }
}

impl Serialize for ChangeId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ChangeId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Id of a finding: what one control says of one resource. It is the same in every run, report and format.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FindingId(String);

/// Length of a finding's id in bytes before it is written: a collision among a million findings has a chance of one in
/// ten million.
const SHORT: usize = 8;

impl FindingId {
    /// Returns the id of what a control says of a resource: of an account, in a region, by its ARN. The region is that of the
    /// ARN, if it has one, and none for an account as a whole: both are the same from wherever they are seen.
    #[must_use]
    pub fn of(control: &str, account: &str, region: &str, arn: &str) -> Self {
        let region = match Arn::parse(arn) {
            Some(own) if !own.region.is_empty() => own.region,
            Some(own) if own.service == "iam" && !own.resource.contains('*') => "",
            _ => region,
        };
        let mut hash = Sha256::new();
        for part in [account, region, control, arn] {
            // No part contains a line break that could move the border between two.
            hash.update(part.replace('\n', " "));
            hash.update("\n");
        }
        let mut id = String::from("f-");
        for byte in hash.finalize().iter().take(SHORT) {
            // Writing to a String cannot fail.
            let _ = write!(id, "{byte:02x}");
        }
        Self(id)
    }

    /// Returns the id as text: `f-` and sixteen hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn ids_of_changes_sort_by_time_and_tell_it() {
        let (one, two) = (at("2026-03-02T09:32:51.250Z"), at("2026-03-02T09:32:51.251Z"));
        let (early, late) = (ChangeId::new(one, u128::MAX), ChangeId::new(two, 0));
        assert!(early < late && early.to_string() < late.to_string());
        assert_eq!((early.time(), late.time()), (one, two));
        assert!(ChangeId::first_since(one) < early && ChangeId::first_since(two) <= late);
        assert_eq!(early.to_string().len(), 26);
        assert_eq!(early.to_string().parse(), Ok(early));
        let json = serde_json::to_string(&late).expect("JSON");
        assert_eq!(serde_json::from_str::<ChangeId>(&json).expect("an id"), late);
        for wrong in ["", "01ARZ3NDEKTSV4RRFFQ69G5FA", "$(id)", "01ARZ3NDEKTSV4RRFFQ69G5FAUU"] {
            assert_eq!(wrong.parse::<ChangeId>(), Err(NoChangeId), "{wrong}");
        }
    }

    #[test]
    fn a_finding_keeps_its_id_and_shares_it_with_no_other() {
        let id = FindingId::of("cloudtrail-logging", "111122223333", "us-east-1", "arn:a");
        assert_eq!(id.as_str(), "f-0ad0ee806377594d");
        for other in [
            FindingId::of("cloudtrail-kms", "111122223333", "us-east-1", "arn:a"),
            FindingId::of("cloudtrail-logging", "111122223334", "us-east-1", "arn:a"),
            FindingId::of("cloudtrail-logging", "111122223333", "us-west-1", "arn:a"),
            FindingId::of("cloudtrail-logging", "111122223333", "us-east-1", "arn:b"),
        ] {
            assert_ne!(other, id);
        }
        let seen_from = |region, arn| FindingId::of("cloudtrail-kms", "111122223333", region, arn);
        for arn in ["arn:aws:cloudtrail:us-east-1:111122223333:trail/a", "arn:aws:iam::111122223333:root"] {
            assert_eq!(seen_from("eu-west-1", arn), seen_from("us-east-1", arn));
        }
        for arn in ["arn:aws:iam::111122223333:*", "arn:aws:s3:::*"] {
            assert_ne!(seen_from("eu-west-1", arn), seen_from("us-east-1", arn));
        }
    }
}
