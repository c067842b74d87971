//! Delivery of recorded data: the channel and its bucket. Pure.

use super::bucket::{BucketAccess, asked_of_others, make, prepare};
use super::destination::{Choice, choose, is_wanted, passed, taken};
use super::managed::region_of_managed;
use super::step::Step;
use super::view::{Channel, ChannelDestination, View};
use crate::families::recorder::step::RecorderStep;
use crate::managed::bucket::step::BucketStep;
use crate::model::{Blocked, Place, Unread};
use crate::settings::destinations::RecordDestinations;

/// State of the delivery.
pub(super) struct DeliveryState {
    /// Description of what is wrong.
    pub(super) wrong: Option<String>,
    /// Calls that fix the delivery, or why there are none.
    pub(super) fix: Result<Vec<Step>, Blocked>,
}

/// Judges the channel, if there is one.
pub(super) fn delivery(
    view: &View,
    place: &Place,
    channel: Option<&Channel>,
    allowed: &RecordDestinations,
) -> DeliveryState {
    let Some(channel) = channel else {
        return redirected(view, place, None, "it has no delivery channel".to_owned(), allowed);
    };
    let name = &channel.bucket;
    let managed = region_of_managed(place, name);
    match (view.buckets.get(name), managed) {
        (None, _) => stuck(None, unread(name)),
        (Some(BucketAccess::Gone), Some(region)) => mended(gone(channel), bucket_steps(make(place, channel, &region))),
        (Some(BucketAccess::Gone), None) => redirected(view, place, Some(channel), gone(channel), allowed),
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
        (Some(BucketAccess::OtherAccount), None) if !is_wanted(place, name, channel.prefix.as_deref(), allowed) => {
            abroad(view, place, channel, allowed)
        }
        // What another account does with its bucket is not visible from here; our own bucket is judged by the bucket
        // family.
        (Some(BucketAccess::ThisAccount(_) | BucketAccess::OtherAccount | BucketAccess::Closed), _) => {
            DeliveryState { wrong: None, fix: Ok(vec![]) }
        }
    }
}

/// Judges a channel that delivers to a bucket of another account that no setting names.
///
/// It is turned back where it must have been turned: the setting says where records may go, or Trailkeeper made a bucket
/// for them that is still there. Otherwise people are asked.
fn abroad(view: &View, place: &Place, channel: &Channel, allowed: &RecordDestinations) -> DeliveryState {
    let setting = RecordDestinations::SETTING;
    let wrong = format!(
        "its delivery channel {} sends everything to bucket {} of another account, which {setting} does not name",
        channel.name, channel.bucket
    );
    let made_by_us = |there: &ChannelDestination| {
        let exists = matches!(view.buckets.get(&there.bucket), Some(BucketAccess::ThisAccount(_)));
        exists && region_of_managed(place, &there.bucket).is_some()
    };
    match choose(view, place, Some(channel), allowed) {
        Choice::There(there) if allowed.is_set() || made_by_us(&there) => {
            redirected(view, place, Some(channel), wrong, allowed)
        }
        Choice::There(_) | Choice::Nowhere(_) => stuck(
            Some(wrong),
            Blocked::Advise(format!(
                "If the account wants its configuration history there, name the bucket in {setting}; otherwise have the \
                 channel deliver to a bucket of this account."
            )),
        ),
        Choice::Ask => {
            stuck(Some(wrong), Blocked::Unknown("the channels of the other regions were not read".to_owned()))
        }
        Choice::Look(bucket, _) => stuck(Some(wrong), unread(&bucket)),
    }
}

/// Returns the fix for a channel whose bucket is gone, or for a missing channel: another bucket.
fn redirected(
    view: &View,
    place: &Place,
    replaces: Option<&Channel>,
    wrong: String,
    allowed: &RecordDestinations,
) -> DeliveryState {
    let there = match choose(view, place, replaces, allowed) {
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
