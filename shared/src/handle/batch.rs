//! Batches: many events, sorted by their targets. Several targets may lead to one resource. Pure.

use crate::event::{Body, Event, Target};
use crate::family::{Family, Identities, Route, is_own, route};

/// Events of one account that have the same target.
#[derive(Debug, Clone, PartialEq)]
pub struct Alike<'a> {
    /// What they lead to.
    pub target: Target,
    /// The events, with their places in the batch; never empty.
    pub events: Vec<(usize, &'a Event)>,
    /// Whether they are calls of our own role that a fix makes.
    pub(super) own: bool,
}

impl<'a> Alike<'a> {
    /// Creates the group of a single event.
    #[must_use]
    pub fn one<F: Family>(event: &'a Event, target: Target, who: Identities<'_>) -> Self {
        Self { target, events: vec![(0, event)], own: own::<F>(event, who) }
    }

    /// Sorts the events of one account: those that have the same target, in the order of their first, and the places of those
    /// that have none, with the reasons.
    #[must_use]
    pub fn sorted<F: Family>(events: &'a [(usize, Event)], who: Identities<'_>) -> (Vec<Self>, Vec<(usize, String)>) {
        let (mut groups, mut ignored) = (Vec::<Self>::new(), Vec::new());
        for (place, event) in events {
            let target = match route::<F>(event, Some(who)) {
                Route::Check(_, target) => target,
                Route::Ignore(because) => {
                    ignored.push((*place, because));
                    continue;
                }
            };
            let own = own::<F>(event, who);
            match groups.iter_mut().find(|it| it.target == target && it.own == own) {
                Some(group) => group.events.push((*place, event)),
                None => groups.push(Self { target, events: vec![(*place, event)], own }),
            }
        }
        (groups, ignored)
    }
}

fn own<F: Family>(event: &Event, who: Identities<'_>) -> bool {
    matches!(&event.body, Body::ApiCall(call) if is_own::<F>(call, who.us))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Identity;
    use crate::families::bucket::Bucket;
    use serde_json::json;

    fn us() -> Identity {
        Identity::of("arn:aws:sts::111122223333:assumed-role/Keeper/x", "AROAKEEPER:x").expect("an identity")
    }

    fn put(place: usize, bucket: &str, name: &str, second: u32, role: &str) -> (usize, Event) {
        let event = json!({
            "detail-type": "AWS API Call via CloudTrail", "source": "aws.s3", "account": "111122223333",
            "detail": {
                "eventSource": "s3.amazonaws.com", "eventName": name, "eventType": "AwsApiCall",
                "awsRegion": "eu-west-1", "eventTime": format!("2026-11-29T16:00:{second:02}Z"),
                "requestParameters": {"bucketName": bucket},
                "userIdentity": {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {
                    "type": "Role", "principalId": "x", "arn": format!("arn:aws:iam::111122223333:role/{role}")}}},
            },
        });
        (place, Event::decode(&event).expect("an event"))
    }

    #[test]
    fn events_of_one_target_are_one_group_whoever_called_and_in_whatever_order() {
        let events = [
            put(4, "logs", "PutBucketPolicy", 3, "Alice"),
            put(1, "other", "PutBucketPolicy", 1, "Alice"),
            put(7, "logs", "PutBucketAcl", 5, "Bob"),
            put(2, "logs", "PutBucketPolicy", 4, "Keeper"),
            put(9, "Not A Bucket", "PutBucketPolicy", 4, "Alice"),
        ];
        let us = us();
        let (groups, ignored) = Alike::sorted::<Bucket>(&events, Identities::at_home(&us));
        let places: Vec<Vec<usize>> =
            groups.iter().map(|it| it.events.iter().map(|(place, _)| *place).collect()).collect();
        assert_eq!(places, [vec![4, 7], vec![1], vec![2]], "our own calls are told by themselves");
        assert_eq!(ignored.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [9]);
    }
}
