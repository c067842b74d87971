//! Which times the digest files are about: a log file of such a time is in one of them.

use crate::read::name::{place, time};
use std::collections::BTreeMap;

/// Number of seconds by which a log file may be delivered earlier or later than its name says: at the edge of what the digest
/// files are about, it may be in one that was not read. CloudTrail delivers within [some five minutes][delivery].
///
/// [delivery]: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html
const EDGE: i64 = 30 * 60;

/// Times by account and region, without those that lie at an edge.
#[derive(Debug, Default)]
pub(super) struct Covered<'d>(BTreeMap<(&'d str, &'d str), Vec<(i64, i64)>>);

impl<'d> Covered<'d> {
    /// Joins the hours of digest files.
    pub(super) fn by(digests: impl Iterator<Item = (&'d str, (i64, i64))>) -> Self {
        let mut covered = Self::default();
        for (object, hour) in digests {
            if let Some(place) = place(object) {
                covered.0.entry(place).or_default().push(hour);
            }
        }
        for hours in covered.0.values_mut() {
            hours.sort_unstable();
            hours.dedup_by(|next, before| {
                let joins = next.0 <= before.1;
                if joins {
                    before.1 = before.1.max(next.1);
                }
                joins
            });
        }
        covered
    }

    /// Returns whether a log file would be in a digest file, by its name. One without a name of CloudTrail's was not delivered
    /// by it.
    pub(super) fn has(&self, name: &str) -> bool {
        let (Some(place), Some(at)) = (place(name), time(name)) else { return true };
        let at = at.and_utc().timestamp();
        let hours = self.0.get(&place).map(Vec::as_slice).unwrap_or_default();
        hours.iter().any(|(start, end)| (start + EDGE..=end - EDGE).contains(&at))
    }
}
