//! Next reads of a region, one after another, until it can be judged. Pure.

use super::bucket::BucketAccess;
use super::destination::{Choice, choose};
use super::foreign::former;
use super::managed::region_of_managed;
use super::view::View;
use crate::model::{Place, Region, Seen};
use crate::settings::destinations::RecordDestinations;

/// Next thing to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NextRead {
    /// Service-linked role.
    Role,
    /// Channels of the other regions.
    Elsewhere,
    /// Bucket with this name, probably in this region.
    Bucket(String, Region),
}

impl View {
    /// Returns what must be read before the region can be judged: a compliant region needs only its bucket.
    pub(super) fn wants(&self, place: &Place, destinations: &RecordDestinations) -> Option<NextRead> {
        let (recorder, channel) = (self.recorder.known().ok()?, self.channel.known().ok()?);
        if recorder.is_none() && self.role == Seen::NotAsked {
            return Some(NextRead::Role);
        }
        if let Some(channel) = channel {
            let managed = region_of_managed(place, &channel.bucket);
            match self.buckets.get(&channel.bucket) {
                None => {
                    let near = managed.unwrap_or_else(|| place.region.clone());
                    return Some(NextRead::Bucket(channel.bucket.clone(), near));
                }
                Some(BucketAccess::Gone) if managed.is_none() => {}
                Some(BucketAccess::OtherAccount) if managed.is_none() => {
                    return read(former(self, place, destinations, channel)?);
                }
                Some(_) => return None,
            }
        }
        read(choose(self, place, destinations, channel))
    }
}

/// Returns what a choice must read first.
fn read(choice: Choice) -> Option<NextRead> {
    match choice {
        Choice::Ask => Some(NextRead::Elsewhere),
        Choice::Look(bucket, near) => Some(NextRead::Bucket(bucket, near)),
        Choice::There(_) | Choice::Nowhere(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Channel, ChannelDestination, OwnBucket, Recorder, RecorderStatus, RecorderView, Scope};
    use super::*;
    use crate::testing::laws::subject;

    const OURS: &str = "trailkeeper-config-111122223333-eu-west-1";

    fn region(name: &str) -> Region {
        Region::parse(name).expect("a region")
    }

    fn channel(bucket: &str) -> Seen<Channel> {
        let bucket = bucket.to_owned();
        Seen::Present(Channel { name: "c".into(), bucket, prefix: None, key: None, topic: None, frequency: None })
    }

    /// Returns everything that is requested, in order; every response except that for a bucket with this name is
    /// "absent".
    fn asked(recorder: bool, channel: Seen<Channel>, there: &str) -> Vec<NextRead> {
        let place = subject::<Recorder>().place;
        let status = RecorderStatus { recording: true, failure: None };
        let mine = RecorderView { name: "mine".into(), arn: None, role: "r".into(), scope: Scope::All, status };
        let recorder = if recorder { Seen::Present(mine) } else { Seen::Absent };
        let mut view = View { recorder, channel, role: Seen::NotAsked, elsewhere: None, buckets: [].into() };
        let mut all = Vec::new();
        while let Some(want) = view.wants(&place, &RecordDestinations::default()) {
            all.push(want.clone());
            match want {
                NextRead::Role => view.role = Seen::Absent,
                NextRead::Elsewhere => {
                    let (region, bucket) = (region("us-east-1"), "theirs".to_owned());
                    view.elsewhere = Some(vec![ChannelDestination { region, bucket, prefix: None, key: None }]);
                }
                NextRead::Bucket(name, near) => {
                    let managed = BucketAccess::ThisAccount(OwnBucket::new(near));
                    view.buckets.insert(name.clone(), if name == there { managed } else { BucketAccess::Gone });
                }
            }
        }
        all
    }

    #[test]
    fn no_more_is_asked_for_than_tells() {
        let bucket = |name: &str, near: &str| NextRead::Bucket(name.to_owned(), region(near));
        let (theirs, managed) = (bucket("theirs", "us-east-1"), bucket(OURS, "eu-west-1"));
        let logs = bucket("logs", "eu-west-1");
        assert_eq!(asked(true, channel("logs"), "logs"), std::slice::from_ref(&logs));
        assert_eq!(asked(false, channel("logs"), "logs"), [NextRead::Role, logs.clone()]);
        assert_eq!(asked(true, channel(OURS), ""), std::slice::from_ref(&managed), "one of ours comes back");
        assert_eq!(asked(true, channel("logs"), "theirs"), [logs, NextRead::Elsewhere, theirs.clone()]);
        assert_eq!(asked(false, Seen::Absent, ""), [NextRead::Role, NextRead::Elsewhere, theirs, managed]);
        let far = bucket("trailkeeper-config-111122223333-us-east-1", "us-east-1");
        assert_eq!(asked(true, channel("trailkeeper-config-111122223333-us-east-1"), ""), [far]);
        assert_eq!(asked(true, Seen::Unreadable("config:DescribeDeliveryChannels"), ""), []);
    }
}
