//! What is to be read of a region, one thing after another, until it can be judged. Pure.

use super::bucket::Standing;
use super::destination::{Choice, choose};
use super::ours::region_of_ours;
use super::view::View;
use crate::model::Seen;
use crate::place::{Place, Region};

/// What has to be read next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Want {
    /// The service-linked role.
    Role,
    /// The channels of the other regions.
    Elsewhere,
    /// This bucket, which is probably in this region.
    Bucket(String, Region),
}

impl View {
    /// What has to be read before the region can be judged: a region that is as it must be asks for its bucket alone.
    pub(super) fn wants(&self, place: &Place) -> Option<Want> {
        let channel = match (&self.recorder, &self.channel) {
            (Seen::Unreadable(_), _) | (_, Seen::Unreadable(_)) => return None,
            (_, channel) => channel.present(),
        };
        if self.recorder == Seen::Absent && self.role.is_none() {
            return Some(Want::Role);
        }
        if let Some(channel) = channel {
            let ours = region_of_ours(place, &channel.bucket);
            match self.buckets.get(&channel.bucket) {
                None => {
                    let near = ours.unwrap_or_else(|| place.region.clone());
                    return Some(Want::Bucket(channel.bucket.clone(), near));
                }
                Some(Standing::Gone) if ours.is_none() => {}
                Some(_) => return None,
            }
        }
        match choose(self, place, channel) {
            Choice::Ask => Some(Want::Elsewhere),
            Choice::Look(bucket, near) => Some(Want::Bucket(bucket, near)),
            Choice::There(_) | Choice::Nowhere(_) => None,
        }
    }
}
