//! What is to be read of a region, one thing after another, until it can be judged. Pure.

use super::bucket::Standing;
use super::destination::{Choice, choose};
use super::ours::region_of_ours;
use super::view::View;
use crate::model::{Place, Region, Seen};

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

#[cfg(test)]
mod tests {
    use super::super::{Bucket, Channel, Config, Destination, Recorder, Scope, Status};
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

    /// All that is asked for, in its order; every answer but that of a bucket of this name is "there is none".
    fn asked(recorder: bool, channel: Seen<Channel>, there: &str) -> Vec<Want> {
        let place = subject::<Config>().place;
        let status = Status { recording: true, failure: None };
        let mine = Recorder { name: "mine".into(), arn: None, role: "r".into(), scope: Scope::All, status };
        let recorder = if recorder { Seen::Present(mine) } else { Seen::Absent };
        let mut view = View { recorder, channel, role: None, elsewhere: None, buckets: [].into() };
        let mut all = Vec::new();
        while let Some(want) = view.wants(&place) {
            all.push(want.clone());
            match want {
                Want::Role => view.role = Some(Seen::Absent),
                Want::Elsewhere => {
                    let (region, bucket) = (region("us-east-1"), "theirs".to_owned());
                    view.elsewhere = Some(vec![Destination { region, bucket, prefix: None, key: None }]);
                }
                Want::Bucket(name, near) => {
                    let ours = Standing::Ours(Bucket::new(near));
                    view.buckets.insert(name.clone(), if name == there { ours } else { Standing::Gone });
                }
            }
        }
        all
    }

    #[test]
    fn no_more_is_asked_for_than_tells() {
        let bucket = |name: &str, near: &str| Want::Bucket(name.to_owned(), region(near));
        let (theirs, ours) = (bucket("theirs", "us-east-1"), bucket(OURS, "eu-west-1"));
        let logs = bucket("logs", "eu-west-1");
        assert_eq!(asked(true, channel("logs"), "logs"), std::slice::from_ref(&logs));
        assert_eq!(asked(false, channel("logs"), "logs"), [Want::Role, logs.clone()]);
        assert_eq!(asked(true, channel(OURS), ""), std::slice::from_ref(&ours), "one of ours comes back");
        assert_eq!(asked(true, channel("logs"), "theirs"), [logs, Want::Elsewhere, theirs.clone()]);
        assert_eq!(asked(false, Seen::Absent, ""), [Want::Role, Want::Elsewhere, theirs, ours]);
        let far = bucket("trailkeeper-config-111122223333-us-east-1", "us-east-1");
        assert_eq!(asked(true, channel("trailkeeper-config-111122223333-us-east-1"), ""), [far]);
        assert_eq!(asked(true, Seen::Unreadable("config:DescribeDeliveryChannels"), ""), []);
    }
}
