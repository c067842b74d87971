//! Log buckets as an earlier event has read them, by which a bucket that is none of them is known without asking again. Pure.
//!
//! Nothing can hide behind it. It answers only for calls that were made before it was read: a bucket that was none of ours
//! then, and becomes a log bucket later, becomes one by a call that leads to a look of its own, which sees what the earlier
//! call has left. What could be read in part answers for nothing.

use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeSet;

/// Maximum age of what was read.
const FRESH: TimeDelta = TimeDelta::seconds(60);

/// Time by which a call must have been made before what answers for it was read: clocks differ, and a trail shows in lists a
/// moment after it was created.
const APART: TimeDelta = TimeDelta::seconds(5);

/// Buckets that anything of the account delivers to.
#[derive(Debug, Clone)]
pub(super) struct LogBucketNames {
    /// Time since which all of it was read.
    pub since: DateTime<Utc>,
    /// Names of the buckets.
    pub names: BTreeSet<String>,
}

impl LogBucketNames {
    /// Returns whether a bucket was none of them, for calls that were made by a certain time.
    pub(super) fn tell_stranger(&self, name: &str, called: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        called + APART <= self.since && now - self.since <= FRESH && !self.names.contains(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_answers_for_earlier_calls_and_for_a_minute() {
        let at = |seconds: i64| DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("a time");
        let known = LogBucketNames { since: at(100), names: ["logs".to_owned()].into() };
        for (name, called, now, is_stranger) in [
            ("pictures", 95, 160, true),
            ("pictures", 0, 100, true),
            ("logs", 95, 110, false),
            ("pictures", 96, 110, false),
            ("pictures", 150, 160, false),
            ("pictures", 95, 161, false),
        ] {
            assert_eq!(known.tell_stranger(name, at(called), at(now)), is_stranger, "{name} {called} {now}");
        }
    }
}
