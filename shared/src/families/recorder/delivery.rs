//! Delivery of recorded data: the channel and its bucket. Pure.

use super::bucket::{BucketAccess, asked_of_others, make, prepare};
use super::destination::{Choice, choose, passed, taken};
use super::foreign::{former, passed_over, put_back};
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
    destinations: &RecordDestinations,
    channel: Option<&Channel>,
) -> DeliveryState {
    let Some(channel) = channel else {
        return redirected(view, place, destinations, None, "it has no delivery channel".to_owned());
    };
    let name = &channel.bucket;
    let managed = region_of_managed(place, name);
    match (view.buckets.get(name), managed) {
        (None, _) => stuck(None, unread(name)),
        (Some(BucketAccess::Gone), Some(region)) => mended(gone(channel), bucket_steps(make(place, channel, &region))),
        (Some(BucketAccess::Gone), None) => redirected(view, place, destinations, Some(channel), gone(channel)),
        (Some(BucketAccess::OtherAccount), Some(_)) => {
            stuck(Some(format!("its delivery channel sends everything to bucket {name}")), Blocked::Advise(taken(name)))
        }
        (Some(BucketAccess::ThisAccount(bucket)), Some(_)) => match prepare(place, channel, bucket) {
            Ok(steps) if steps.is_empty() => nothing_wrong(),
            Ok(steps) => {
                mended(format!("bucket {name}, which Trailkeeper created, has been changed"), bucket_steps(steps))
            }
            Err(blocked) => stuck(Some(format!("bucket {name}, which Trailkeeper created, has been changed")), blocked),
        },
        (Some(BucketAccess::OtherAccount), None) => foreign(view, place, destinations, channel),
        // Our own bucket is judged by the bucket family.
        (Some(BucketAccess::ThisAccount(_) | BucketAccess::Closed), _) => nothing_wrong(),
    }
}

/// Judges a channel that delivers to a bucket of another account.
fn foreign(view: &View, place: &Place, destinations: &RecordDestinations, channel: &Channel) -> DeliveryState {
    let Some(former) = former(view, place, destinations, channel) else { return nothing_wrong() };
    let wrong = format!(
        "its delivery channel {} sends everything to bucket {}, which belongs to another account and which {} does not \
         name",
        channel.name,
        channel.bucket,
        RecordDestinations::SETTING
    );
    match there(former) {
        Ok(there) => delivered(view, place, Some(channel), &put_back(channel, &there, place), wrong),
        Err(blocked) => stuck(Some(wrong), blocked),
    }
}

/// Returns the fix for a channel whose bucket is gone, or for a missing channel: another bucket.
fn redirected(
    view: &View,
    place: &Place,
    destinations: &RecordDestinations,
    replaces: Option<&Channel>,
    wrong: String,
) -> DeliveryState {
    let there = match there(choose(view, place, destinations, replaces)) {
        Ok(there) => there,
        Err(blocked) => return stuck(Some(wrong), blocked),
    };
    let passed_over = passed_over(view, place, destinations).filter(|_| there.region == place.region);
    let not_used = if region_of_managed(place, &there.bucket).is_some() { passed(view, place) } else { vec![] };
    let wrong = std::iter::once(wrong).chain(passed_over).chain(not_used).collect::<Vec<_>>().join("; ");
    delivered(view, place, replaces, &redirect(replaces, &there), wrong)
}

/// Returns the destination, or why there is none.
fn there(choice: Choice) -> Result<ChannelDestination, Blocked> {
    match choice {
        Choice::There(there) => Ok(there),
        Choice::Ask => Err(Blocked::Unknown("the channels of the other regions were not read".to_owned())),
        Choice::Look(bucket, _) => Err(unread(&bucket)),
        Choice::Nowhere(blocked) => Err(blocked),
    }
}

/// Returns the calls that put this channel, after those that prepare its bucket.
fn delivered(
    view: &View,
    place: &Place,
    replaces: Option<&Channel>,
    channel: &Channel,
    wrong: String,
) -> DeliveryState {
    let put = |own| {
        Step::Recorder(RecorderStep::PutChannel {
            region: place.region.clone(),
            channel: channel.clone(),
            replaces: replaces.cloned(),
            own,
        })
    };
    match view.buckets.get(&channel.bucket) {
        Some(BucketAccess::ThisAccount(bucket)) => match prepare(place, channel, bucket) {
            Ok(steps) => mended(wrong, with(bucket_steps(steps), put(true))),
            Err(blocked) => stuck(Some(wrong), blocked),
        },
        Some(BucketAccess::OtherAccount) => {
            let needs = asked_of_others(place, channel);
            let whose = format!("bucket {} belongs to another account; its policy must allow {needs}", channel.bucket);
            mended(format!("{wrong}; {whose}"), vec![put(false)])
        }
        _ => mended(wrong, with(bucket_steps(make(place, channel, &place.region)), put(true))),
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

fn nothing_wrong() -> DeliveryState {
    DeliveryState { wrong: None, fix: Ok(vec![]) }
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
