//! Destination of a channel: the bucket of another region's channel, or else one of ours. Pure.

use super::bucket::{BucketAccess, OwnBucket};
use super::foreign::is_named;
use super::managed::{managed_buckets, region_of_managed};
use super::view::{Channel, ChannelDestination, View};
use crate::families::bucket::grants;
use crate::managed::bucket::stranger;
use crate::model::{Arn, Blocked, Place, Region, Seen};
use crate::settings::destinations::RecordDestinations;
use serde_json::Value;

/// Result of choosing a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice {
    /// The other regions have to be queried first.
    Ask,
    /// This bucket, probably in this region, has to be read first.
    Look(String, Region),
    /// The destination is chosen. If the bucket does not exist, it is ours and must be created.
    There(ChannelDestination),
    /// There is no destination, with the reason.
    Nowhere(Blocked),
}

/// Chooses a destination for a missing channel, or for this one, whose bucket is gone. An account should have its
/// records in one place if possible; but whoever turned one region's channel to a bucket of another account, or to one of
/// this account that serves something else, does not get the other regions from us, unless the setting names that bucket.
pub(super) fn choose(
    view: &View,
    place: &Place,
    destinations: &RecordDestinations,
    channel: Option<&Channel>,
) -> Choice {
    let Some(elsewhere) = &view.elsewhere else { return Choice::Ask };
    let key = channel.and_then(|channel| channel.key.as_deref()).and_then(Arn::parse).map(|arn| arn.region);
    // "Must belong to the same Region as the destination S3 bucket" (AWS Config API, s3KmsKeyArn).
    let in_reach = |region: &Region| key.is_none_or(|key| key == region.as_str());
    for there in elsewhere {
        let managed = region_of_managed(place, &there.bucket).is_some();
        match view.buckets.get(&there.bucket) {
            None => return Choice::Look(there.bucket.clone(), there.region.clone()),
            Some(BucketAccess::ThisAccount(bucket))
                if in_reach(&bucket.region) && serves(view, place, there, bucket, destinations) =>
            {
                return Choice::There(there.clone());
            }
            // If a bucket with our name belongs to another account, somebody has taken it: none of our data goes there.
            Some(BucketAccess::OtherAccount) if !managed && key.is_none() && is_named(there, place, destinations) => {
                return Choice::There(there.clone());
            }
            Some(BucketAccess::Closed) => return Choice::Nowhere(Blocked::Unknown(whose(&there.bucket))),
            Some(BucketAccess::ThisAccount(_) | BucketAccess::OtherAccount | BucketAccess::Gone) => {}
        }
    }
    if !in_reach(&place.region) {
        let key = key.unwrap_or_default();
        return Choice::Nowhere(Blocked::Advise(format!(
            "Have the channel deliver to a bucket in {key}, the region of its KMS key: AWS Config requires both in the \
             same region."
        )));
    }
    for bucket in managed_buckets(place) {
        match view.buckets.get(&bucket) {
            None => return Choice::Look(bucket, place.region.clone()),
            Some(BucketAccess::Closed) => return Choice::Nowhere(Blocked::Unknown(whose(&bucket))),
            Some(access) => match why_not(place, &bucket, access) {
                Err(blocked) => return Choice::Nowhere(blocked),
                Ok(Some(_)) => {}
                Ok(None) => {
                    let region = place.region.clone();
                    return Choice::There(ChannelDestination { region, bucket, prefix: None, key: None });
                }
            },
        }
    }
    Choice::Nowhere(Blocked::Advise(format!(
        "Have the channel deliver to a bucket of yours: {}.",
        passed(view, place).join("; ")
    )))
}

/// Returns whether a bucket of this account serves the configuration history, and is not just what somebody turned one
/// region's channel to: it is ours or named, several regions use it, or its policy lets in nobody else.
pub(super) fn serves(
    view: &View,
    place: &Place,
    there: &ChannelDestination,
    bucket: &OwnBucket,
    destinations: &RecordDestinations,
) -> bool {
    let is_for_logs = |policy: &Value| grants::lets_in_only_delivery(policy, &place.account);
    let regions = view.elsewhere.iter().flatten().filter(|it| it.bucket == there.bucket).count();
    region_of_managed(place, &there.bucket).is_some()
        || destinations.names_bucket(&there.bucket)
        || regions > 1
        || bucket.policy.known().is_ok_and(|policy| policy.is_none_or(is_for_logs))
}

/// Returns why buckets with our names are not used, as far as they were read.
pub(super) fn passed(view: &View, place: &Place) -> Vec<String> {
    let names = managed_buckets(place);
    let read = names.iter().map_while(|name| Some((name, view.buckets.get(name)?)));
    read.filter_map(|(name, access)| why_not(place, name, access).ok().flatten()).collect()
}

/// Returns why a bucket with one of our names is not used, if so: we did not make it.
pub(super) fn why_not(place: &Place, name: &str, access: &BucketAccess) -> Result<Option<String>, Blocked> {
    match access {
        BucketAccess::OtherAccount => Ok(Some(format!("bucket {name} belongs to another account"))),
        BucketAccess::ThisAccount(bucket) if bucket.region != place.region => {
            Ok(Some(format!("bucket {name} is in another region")))
        }
        BucketAccess::ThisAccount(bucket) => {
            // The rules are the bucket family's affair as soon as a channel delivers there.
            let expires = if bucket.expires == Seen::NotAsked { &Seen::Present(false) } else { &bucket.expires };
            stranger(name, &place.account, &bucket.policy, expires)
        }
        BucketAccess::Closed | BucketAccess::Gone => Ok(None),
    }
}

/// Returns advice for a bucket with our name in another account.
pub(super) fn taken(bucket: &str) -> String {
    format!(
        "Bucket {bucket} belongs to another account, although only Trailkeeper in this account uses that name: someone \
         may have taken it. Have the channel deliver to another bucket, and ask AWS whose bucket that is."
    )
}

fn whose(bucket: &str) -> String {
    format!("s3:ListBucket was denied for bucket {bucket}, and so was s3:ListAllMyBuckets, so its owner is not known")
}

#[cfg(test)]
mod tests {
    use super::super::{OwnBucket, Recorder};
    use super::*;
    use crate::testing::laws::subject;

    fn region(name: &str) -> Region {
        Region::parse(name).expect("a region")
    }

    fn there(name: &str, bucket: &str) -> ChannelDestination {
        ChannelDestination { region: region(name), bucket: bucket.to_owned(), prefix: Some("p".into()), key: None }
    }

    fn chosen(elsewhere: &[ChannelDestination], buckets: Vec<(&str, BucketAccess)>, key: Option<&str>) -> Choice {
        let key = key.map(|region| format!("arn:aws:kms:{region}:111122223333:key/k"));
        let bucket = "gone".to_owned();
        let channel = Channel { name: "c".into(), bucket, prefix: None, key, topic: None, frequency: None };
        let view = View {
            recorder: Seen::Absent,
            channel: Seen::Absent,
            role: Seen::NotAsked,
            elsewhere: Some(elsewhere.to_vec()),
            buckets: buckets.into_iter().map(|(name, it)| (name.to_owned(), it)).collect(),
        };
        let named = RecordDestinations::setting(Some("named".to_owned())).expect("destinations");
        choose(&view, &subject::<Recorder>().place, &named, Some(&channel))
    }

    fn bucket(name: &str) -> BucketAccess {
        BucketAccess::ThisAccount(OwnBucket::new(region(name)))
    }

    const OURS: &str = "trailkeeper-config-111122223333-eu-west-1";

    #[test]
    fn the_first_bucket_that_is_there_is_taken_as_it_is_used() {
        let all = [there("us-east-1", "a"), there("us-west-2", "named")];
        assert_eq!(chosen(&all, vec![], None), Choice::Look("a".into(), region("us-east-1")));
        assert_eq!(chosen(&all, vec![("a", bucket("us-east-1"))], None), Choice::There(all[0].clone()));
        let gone = vec![("a", BucketAccess::Gone), ("named", BucketAccess::OtherAccount)];
        assert_eq!(chosen(&all, gone, None), Choice::There(all[1].clone()));
        let closed = chosen(&all, vec![("a", BucketAccess::Closed)], None);
        assert!(matches!(closed, Choice::Nowhere(Blocked::Unknown(_))), "{closed:?}");
    }

    #[test]
    fn a_bucket_that_one_channel_was_turned_to_draws_no_other_region() {
        let visitors =
            serde_json::json!({"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Principal": "*"}});
        let policy = Seen::Present(visitors);
        let shop =
            || BucketAccess::ThisAccount(OwnBucket { policy: policy.clone(), ..OwnBucket::new(region("us-east-1")) });
        let once = [there("us-east-1", "shop")];
        let choice = chosen(&once, vec![("shop", shop()), (OURS, BucketAccess::Gone)], None);
        assert!(matches!(&choice, Choice::There(it) if it.bucket == OURS), "{choice:?}");
        let twice = [there("us-east-1", "shop"), there("us-west-2", "shop")];
        assert_eq!(chosen(&twice, vec![("shop", shop())], None), Choice::There(twice[0].clone()));
        let named = [there("us-east-1", "named")];
        assert_eq!(chosen(&named, vec![("named", shop())], None), Choice::There(named[0].clone()));
    }

    #[test]
    fn a_strangers_bucket_is_spread_to_no_other_region() {
        let all = [there("us-east-1", "strangers"), there("us-west-2", "named")];
        let strangers = || ("strangers", BucketAccess::OtherAccount);
        let named = vec![strangers(), ("named", BucketAccess::OtherAccount)];
        assert_eq!(chosen(&all, named, None), Choice::There(all[1].clone()));
        let choice = chosen(&all[..1], vec![strangers(), (OURS, BucketAccess::Gone)], None);
        assert!(matches!(&choice, Choice::There(it) if it.bucket == OURS), "{choice:?}");
    }

    #[test]
    fn else_it_is_ours() {
        let managed = Choice::There(ChannelDestination { prefix: None, ..there("eu-west-1", OURS) });
        assert_eq!(chosen(&[], vec![], None), Choice::Look(OURS.into(), region("eu-west-1")));
        assert_eq!(chosen(&[], vec![(OURS, BucketAccess::Gone)], None), managed);
        assert_eq!(chosen(&[], vec![(OURS, bucket("eu-west-1"))], None), managed);
    }

    #[test]
    fn a_name_of_ours_that_is_taken_leads_to_the_next() {
        let (second, third) = (format!("{OURS}-an"), format!("{OURS}-2"));
        let foreign =
            Seen::Present(serde_json::json!({"Statement": {"Effect": "Allow", "Principal": {"AWS": "999999999999"},
            "Action": "s3:GetObject", "Resource": "*"}}));
        let open = BucketAccess::ThisAccount(OwnBucket { policy: foreign, ..OwnBucket::new(region("eu-west-1")) });
        let expires = Seen::Present(true);
        let short = BucketAccess::ThisAccount(OwnBucket { expires, ..OwnBucket::new(region("eu-west-1")) });
        for taken in [BucketAccess::OtherAccount, open, short, bucket("us-east-1")] {
            let next = chosen(&[], vec![(OURS, taken.clone())], None);
            assert_eq!(next, Choice::Look(second.clone(), region("eu-west-1")), "{taken:?}");
            let next = chosen(&[], vec![(OURS, taken.clone()), (&second, BucketAccess::Gone)], None);
            assert_eq!(next, Choice::There(ChannelDestination { prefix: None, ..there("eu-west-1", &second) }));
            let all = vec![(OURS, taken.clone()), (&second, taken.clone()), (&third, taken)];
            let nowhere = chosen(&[], all, None);
            assert!(matches!(&nowhere, Choice::Nowhere(Blocked::Advise(why)) if why.contains(&third)), "{nowhere:?}");
        }
    }

    #[test]
    fn a_name_of_ours_in_another_account_gets_nothing() {
        let squatted = "trailkeeper-config-111122223333-us-east-1";
        let buckets = vec![(squatted, BucketAccess::OtherAccount), (OURS, BucketAccess::Gone)];
        let choice = chosen(&[there("us-east-1", squatted)], buckets, None);
        assert!(matches!(&choice, Choice::There(it) if it.bucket == OURS), "{choice:?}");
    }

    #[test]
    fn a_key_stays_with_a_bucket_of_its_region() {
        let all = [there("us-east-1", "a"), there("us-west-2", "b"), there("us-west-1", "c")];
        let buckets = || {
            vec![
                ("a", BucketAccess::OtherAccount),
                ("b", bucket("us-west-2")),
                ("c", bucket("us-west-1")),
                (OURS, BucketAccess::Gone),
            ]
        };
        assert_eq!(chosen(&all, buckets(), Some("us-west-1")), Choice::There(all[2].clone()));
        assert!(matches!(chosen(&all, buckets(), Some("eu-west-1")), Choice::There(it) if it.bucket == OURS));
        let nowhere = chosen(&all, buckets(), Some("eu-north-1"));
        assert!(matches!(nowhere, Choice::Nowhere(Blocked::Advise(_))), "{nowhere:?}");
    }
}
