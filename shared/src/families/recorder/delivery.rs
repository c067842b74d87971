//! Delivery of recorded data: the channel and its bucket. Pure.

use super::bucket::{BucketAccess, asked_of_others, make, prepare};
use super::destination::{Choice, choose, passed, taken};
use super::managed::region_of_managed;
use super::step::Step;
use super::view::{Channel, ChannelDestination, View};
use crate::families::recorder::step::RecorderStep;
use crate::managed::bucket::step::BucketStep;
use crate::model::{Blocked, Place, Unread};

/// State of the delivery.
pub(super) struct DeliveryState {
    /// Description of what is wrong.
    pub(super) wrong: Option<String>,
    /// Calls that fix the delivery, or why there are none.
    pub(super) fix: Result<Vec<Step>, Blocked>,
}

/// Judges the channel, if there is one.
pub(super) fn delivery(view: &View, place: &Place, channel: Option<&Channel>) -> DeliveryState {
    let Some(channel) = channel else {
        return redirected(view, place, None, "it has no delivery channel".to_owned());
    };
    let name = &channel.bucket;
    let managed = region_of_managed(place, name);
    match (view.buckets.get(name), managed) {
        (None, _) => stuck(None, unread(name)),
        (Some(BucketAccess::Gone), Some(region)) => mended(gone(channel), bucket_steps(make(place, channel, &region))),
        (Some(BucketAccess::Gone), None) => redirected(view, place, Some(channel), gone(channel)),
        (Some(BucketAccess::OtherAccount), Some(_)) => {
            stuck(Some(format!("its delivery channel sends everything to bucket {name}")), Blocked::Advise(taken(name)))
        }
        (Some(BucketAccess::ThisAccount(bucket)), Some(_)) => match prepare(place, channel, bucket) {
            Ok(steps) if steps.is_empty() => DeliveryState { wrong: None, fix: Ok(vec![]) },
            Ok(steps) => {
                mended(format!("bucket {name}, which Trailkeeper created, has been changed"), bucket_steps(steps))
            }
            Err(blocked) => stuck(Some(format!("bucket {name}, which Trailkeeper created, has been changed")), blocked),
        },
        // What another account does with its bucket is not visible from here; our own bucket is judged by the bucket
        // family.
        (Some(BucketAccess::ThisAccount(_) | BucketAccess::OtherAccount | BucketAccess::Closed), _) => {
            DeliveryState { wrong: None, fix: Ok(vec![]) }
        }
    }
}

/// Returns the fix for a channel whose bucket is gone, or for a missing channel: another bucket.
fn redirected(view: &View, place: &Place, replaces: Option<&Channel>, wrong: String) -> DeliveryState {
    let there = match choose(view, place, replaces) {
        Choice::There(there) => there,
        Choice::Ask => {
            return stuck(Some(wrong), Blocked::Unknown("the channels of the other regions were not read".to_owned()));
        }
        Choice::Look(bucket, _) => return stuck(Some(wrong), unread(&bucket)),
        Choice::Nowhere(blocked) => return stuck(Some(wrong), blocked),
    };
    let not_used = if region_of_managed(place, &there.bucket).is_some() { passed(view, place) } else { vec![] };
    let wrong = std::iter::once(wrong).chain(not_used).collect::<Vec<_>>().join("; ");
    let channel = redirect(replaces, &there);
    let put = |own| {
        Step::Recorder(RecorderStep::PutChannel {
            region: place.region.clone(),
            channel: channel.clone(),
            replaces: replaces.cloned(),
            own,
        })
    };
    match view.buckets.get(&there.bucket) {
        Some(BucketAccess::ThisAccount(bucket)) => match prepare(place, &channel, bucket) {
            Ok(steps) => mended(wrong, with(bucket_steps(steps), put(true))),
            Err(blocked) => stuck(Some(wrong), blocked),
        },
        Some(BucketAccess::OtherAccount) => {
            let needs = asked_of_others(place, &channel);
            let whose = format!("bucket {} belongs to another account; its policy must allow {needs}", there.bucket);
            mended(format!("{wrong}; {whose}"), vec![put(false)])
        }
        _ => mended(wrong, with(bucket_steps(make(place, &channel, &place.region)), put(true))),
    }
}

/// Returns a channel with this destination that keeps everything else of the existing one.
fn redirect(replaces: Option<&Channel>, there: &ChannelDestination) -> Channel {
    match replaces {
        Some(old) => Channel { bucket: there.bucket.clone(), ..old.clone() },
        None => Channel::like(there),
    }
}

fn gone(channel: &Channel) -> String {
    format!("the bucket {} of its delivery channel {} does not exist", channel.bucket, channel.name)
}

fn mended(wrong: String, steps: Vec<Step>) -> DeliveryState {
    DeliveryState { wrong: Some(wrong), fix: Ok(steps) }
}

fn stuck(wrong: Option<String>, blocked: Blocked) -> DeliveryState {
    DeliveryState { wrong, fix: Err(blocked) }
}

fn unread(bucket: &str) -> Blocked {
    Blocked::Unknown(Unread::NotAsked.of(format_args!("bucket {bucket}")))
}

fn bucket_steps(steps: Vec<BucketStep>) -> Vec<Step> {
    steps.into_iter().map(Step::Bucket).collect()
}

fn with(mut steps: Vec<Step>, last: Step) -> Vec<Step> {
    steps.push(last);
    steps
}
