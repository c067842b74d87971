//! Channels that deliver to a bucket of another account: whether that is wanted, and where they delivered before. Pure.

use super::bucket::BucketAccess;
use super::destination::{Choice, serves, why_not};
use super::managed::managed_buckets;
use super::view::{Channel, ChannelDestination, View};
use crate::model::{Arn, Blocked, Place};
use crate::settings::destinations::{BucketOwner, Destination, RecordDestinations};

/// Returns whether the setting names a destination in another account.
pub(super) fn is_named(there: &ChannelDestination, place: &Place, destinations: &RecordDestinations) -> bool {
    let prefix = there.prefix.as_deref().unwrap_or_default();
    destinations.bucket(place, &there.bucket, BucketOwner::AnotherAccount, prefix).is_wanted()
}

/// Returns where a channel that delivers to a bucket of another account delivered before, or `None` if it may deliver
/// there.
///
/// A bucket of ours in the region was made for its channel alone. Without one, the setting must say that the bucket is
/// unwanted, and only this channel may have been turned: then it joins the other regions. Anything else is told, since
/// a central bucket of an organization looks the same.
pub(super) fn former(
    view: &View,
    place: &Place,
    destinations: &RecordDestinations,
    channel: &Channel,
) -> Option<Choice> {
    let prefix = channel.prefix.as_deref().unwrap_or_default();
    let advise = |advice: String| Some(Choice::Nowhere(Blocked::Advise(advice)));
    match destinations.bucket(place, &channel.bucket, BucketOwner::AnotherAccount, prefix) {
        Destination::Own | Destination::Named | Destination::Organization => return None,
        // S3 does not tell which account owns a bucket: it may be the one that the setting names.
        Destination::Unknown => return advise(ask(channel)),
        Destination::Elsewhere => {}
    }
    for bucket in managed_buckets(place) {
        match view.buckets.get(&bucket) {
            None => return Some(Choice::Look(bucket, place.region.clone())),
            Some(access @ BucketAccess::ThisAccount(_)) if why_not(place, &bucket, access) == Ok(None) => {
                let region = place.region.clone();
                return Some(Choice::There(ChannelDestination { region, bucket, prefix: None, key: None }));
            }
            // Names are tried in order: where one is free, none of the later ones is ours.
            Some(BucketAccess::Gone | BucketAccess::Closed) => break,
            Some(BucketAccess::ThisAccount(_) | BucketAccess::OtherAccount) => {}
        }
    }
    if !destinations.is_set() {
        return advise(ask(channel));
    }
    let Some(elsewhere) = &view.elsewhere else { return Some(Choice::Ask) };
    if elsewhere.iter().any(|there| there.bucket == channel.bucket) {
        return advise(ask(channel));
    }
    for there in elsewhere {
        match view.buckets.get(&there.bucket) {
            None => return Some(Choice::Look(there.bucket.clone(), there.region.clone())),
            Some(BucketAccess::ThisAccount(bucket)) if serves(view, place, there, bucket, destinations) => {
                return Some(Choice::There(there.clone()));
            }
            Some(BucketAccess::OtherAccount) if is_named(there, place, destinations) => {
                return Some(Choice::There(there.clone()));
            }
            Some(_) => {}
        }
    }
    advise(ask(channel))
}

/// Returns the channel with its former destination. Whoever turned it chose its key, which goes; its topic stays, since
/// AWS Config "will keep the existing value for the parameter that is not changed" ([PutDeliveryChannel]).
///
/// [PutDeliveryChannel]: https://docs.aws.amazon.com/config/latest/APIReference/API_PutDeliveryChannel.html
pub(super) fn put_back(channel: &Channel, there: &ChannelDestination) -> Channel {
    let Channel { name, bucket: _, prefix: _, key: _, topic, frequency } = channel.clone();
    let ChannelDestination { region: _, bucket, prefix, key } = there.clone();
    Channel { name, bucket, prefix, key, topic, frequency }
}

/// Returns what a topic of another account learns from a channel, for people.
pub(super) fn overheard(channel: &Channel, place: &Place, destinations: &RecordDestinations) -> Option<String> {
    let topic = channel.topic.as_deref()?;
    let account = Arn::parse(topic)?.account;
    (!destinations.account(place, account).is_wanted()).then(|| {
        format!(
            "its topic {topic} of account {account} is told of every change, too, and cannot be taken from the channel: \
             unless you know it, delete the channel with the recorder stopped, and Trailkeeper creates another"
        )
    })
}

/// Returns the other regions' destinations in other accounts that no setting names, for people.
pub(super) fn passed_over(view: &View, place: &Place, destinations: &RecordDestinations) -> Option<String> {
    let elsewhere = view.elsewhere.iter().flatten();
    let foreign = elsewhere.filter(|there| view.buckets.get(&there.bucket) == Some(&BucketAccess::OtherAccount));
    let foreign = foreign.filter(|there| !is_named(there, place, destinations));
    let named: Vec<String> = foreign.map(|there| format!("{} in {}", there.bucket, there.region)).collect();
    let setting = RecordDestinations::SETTING;
    (!named.is_empty()).then(|| {
        format!("other regions deliver to buckets of other accounts that {setting} does not name: {}", named.join(", "))
    })
}

fn ask(channel: &Channel) -> String {
    let setting = RecordDestinations::SETTING;
    format!(
        "If bucket {} is where AWS Config should deliver, such as a central bucket of your organization, name it in \
         {setting}. Otherwise have the channel deliver to a bucket of this account, and find out who changed it: its \
         owner receives the configuration of every resource.",
        channel.bucket
    )
}

#[cfg(test)]
mod tests {
    use super::super::{OwnBucket, Recorder};
    use super::*;
    use crate::model::{Region, Seen};
    use crate::testing::laws::subject;

    const OURS: &str = "trailkeeper-config-111122223333-eu-west-1";

    fn place() -> Place {
        subject::<Recorder>().place
    }

    fn there(bucket: &str) -> ChannelDestination {
        let region = Region::parse("us-west-2").expect("a region");
        ChannelDestination { region, bucket: bucket.to_owned(), prefix: Some("p".into()), key: None }
    }

    fn ours(place: &Place) -> ChannelDestination {
        ChannelDestination { region: place.region.clone(), bucket: OURS.to_owned(), prefix: None, key: None }
    }

    fn channel() -> Channel {
        let arn = |of: &str| Some(format!("arn:aws:{of}"));
        Channel {
            name: "c".into(),
            bucket: "strangers".into(),
            prefix: Some("x".into()),
            key: arn("kms:eu-west-1:999999999999:key/k"),
            topic: arn("sns:eu-west-1:999999999999:t"),
            frequency: Some("Three_Hours".into()),
        }
    }

    fn own() -> BucketAccess {
        BucketAccess::ThisAccount(OwnBucket::new(place().region))
    }

    fn found(setting: &str, elsewhere: Option<&[&str]>, buckets: &[(&str, BucketAccess)]) -> Option<Choice> {
        let view = View {
            recorder: Seen::Absent,
            channel: Seen::Present(channel()),
            role: Seen::NotAsked,
            elsewhere: elsewhere.map(|all| all.iter().map(|name| there(name)).collect()),
            buckets: buckets.iter().map(|(name, it)| ((*name).to_owned(), it.clone())).collect(),
        };
        let setting = Some(setting.to_owned()).filter(|it| !it.is_empty());
        let destinations = RecordDestinations::setting(setting).expect("destinations");
        former(&view, &place(), &destinations, &channel())
    }

    fn is_asked(choice: Option<&Choice>) -> bool {
        matches!(choice, Some(Choice::Nowhere(Blocked::Advise(advice)))
            if advice.contains("strangers") && advice.contains("TRAILKEEPER_RECORD_DESTINATIONS"))
    }

    #[test]
    fn what_the_setting_names_may_stay_and_what_it_may_name_is_asked_about() {
        assert_eq!(found("strangers/x", None, &[]), None);
        assert!(is_asked(found("999999999999", None, &[(OURS, own())]).as_ref()));
        assert_eq!(found("strangers/else", None, &[(OURS, own())]), Some(Choice::There(ours(&place()))));
    }

    #[test]
    fn a_bucket_of_ours_was_made_for_this_channel() {
        assert_eq!(found("", None, &[]), Some(Choice::Look(OURS.into(), place().region)));
        assert_eq!(found("", None, &[(OURS, own())]), Some(Choice::There(ours(&place()))));
        for access in [BucketAccess::Gone, BucketAccess::Closed] {
            assert!(is_asked(found("", None, &[(OURS, access)]).as_ref()));
        }
    }

    #[test]
    fn with_the_setting_the_one_that_was_turned_joins_the_others() {
        let gone = (OURS, BucketAccess::Gone);
        assert_eq!(found("named", None, std::slice::from_ref(&gone)), Some(Choice::Ask));
        let looked = |elsewhere: &[&str], more: &[(&str, BucketAccess)]| {
            found("named", Some(elsewhere), &[std::slice::from_ref(&gone), more].concat())
        };
        assert_eq!(looked(&["a"], &[]), Some(Choice::Look("a".into(), there("a").region)));
        let policy = serde_json::json!({"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Principal": "*"}});
        let BucketAccess::ThisAccount(bucket) = own() else { panic!("it is") };
        let shop = BucketAccess::ThisAccount(OwnBucket { policy: Seen::Present(policy), ..bucket });
        assert_eq!(looked(&["a"], &[("a", own())]), Some(Choice::There(there("a"))));
        assert_eq!(looked(&["a", "a"], &[("a", shop.clone())]), Some(Choice::There(there("a"))));
        assert!(is_asked(looked(&["a"], &[("a", shop)]).as_ref()), "it serves something else");
        let foreign = |name| (name, BucketAccess::OtherAccount);
        assert_eq!(looked(&["b", "named"], &[foreign("b"), foreign("named")]), Some(Choice::There(there("named"))));
        assert!(is_asked(looked(&["a", "strangers"], &[("a", own())]).as_ref()));
        assert!(is_asked(looked(&[], &[]).as_ref()));
    }

    #[test]
    fn the_key_goes_and_a_foreign_topic_is_told() {
        let Channel { name, bucket, prefix, key, topic, frequency } = put_back(&channel(), &there("a"));
        assert_eq!((name.as_str(), bucket.as_str(), prefix.as_deref()), ("c", "a", Some("p")));
        assert_eq!((key, &topic, frequency.as_deref()), (None, &channel().topic, Some("Three_Hours")));
        let told = |topic: Option<&str>, named: Option<&str>| {
            let named = RecordDestinations::setting(named.map(str::to_owned)).expect("destinations");
            overheard(&Channel { topic: topic.map(str::to_owned), ..channel() }, &place(), &named)
        };
        let foreign = told(topic.as_deref(), None).expect("a foreign topic");
        assert!(foreign.contains("999999999999"), "{foreign}");
        assert_eq!(told(topic.as_deref(), Some("999999999999")), None);
        assert_eq!(told(Some("arn:aws:sns:eu-west-1:111122223333:t"), None), None);
        assert_eq!(told(None, None), None);
    }
}
