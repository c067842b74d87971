//! Generators of AWS Config in a region, for the laws.

use crate::families::recorder::bucket::{BucketAccess, OwnBucket, make};
use crate::families::recorder::managed::{LINKED_ROLE, RECORDER, managed_bucket};
use crate::families::recorder::scope::Scope;
use crate::families::recorder::step::RecorderStep;
use crate::families::recorder::view::{Channel, ChannelDestination, RecorderStatus, RecorderView, View};
use crate::families::recorder::{Recorder, Step};
use crate::managed::bucket::Blocks;
use crate::managed::bucket::step::{Act, BucketStep};
use crate::model::{Place, Property, Region, Seen, Subject};
use crate::settings::Settings;
use crate::settings::destinations::RecordDestinations;
use crate::testing::laws::{self, Lawful, unread};
use crate::testing::read::Shown;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

/// Prefix of statements and settings that belong to others.
const THEIRS: &str = "Theirs";
/// Names of a customer's buckets: that of the channel, and two of other regions' channels.
const CUSTOMERS: [&str; 3] = ["channels-own", "at-home", "elsewhere"];

impl Lawful for Recorder {
    const ID: &'static str = RECORDER;
    const ADVISED: &'static [&'static str] = &["put-configuration-recorder"];

    fn settings() -> Settings {
        let record_destinations = RecordDestinations::setting(Some(CUSTOMERS[2].to_owned())).expect("destinations");
        Settings { record_destinations, ..laws::settings() }
    }

    fn read(view: &View, property: &Property) -> Shown {
        super::read::read(view, property)
    }

    fn hostile(text: &str) -> Vec<Step> {
        super::hostile::steps(text)
    }

    fn named(view: View, text: &str) -> View {
        super::hostile::named(view, text)
    }

    fn views(subject: Subject) -> BoxedStrategy<View> {
        let place = subject.place;
        let managed = [managed_bucket(&place), far(&place)];
        let looked = CUSTOMERS.map(str::to_owned).into_iter().chain(managed).map(|name| {
            option::weighted(0.95, access(&place, &name)).prop_map(move |it| it.map(|it| (name.clone(), it)))
        });
        let role = select(vec![
            Seen::NotAsked,
            Seen::Absent,
            Seen::Absent,
            Seen::Present(()),
            Seen::Present(()),
            Seen::Unreadable("iam:GetRole"),
            Seen::NotAsked,
        ]);
        let elsewhere = option::weighted(0.9, subsequence(destinations(&place), 0..=3));
        (recorder(&place), channel(&place), role, elsewhere, looked.collect::<Vec<_>>())
            .prop_map(|(recorder, channel, role, elsewhere, looked)| View {
                recorder,
                channel,
                role,
                elsewhere,
                buckets: looked.into_iter().flatten().collect(),
            })
            .boxed()
    }

    /// Returns whether something was not read on which the step depends: the absence of a recorder, channel or bucket,
    /// or the part that the step replaces.
    fn is_blind(step: &Step, view: &View) -> bool {
        let blind = |text: String| unread(&text);
        let own = match step {
            Step::Recorder(RecorderStep::CreateLinkedRole | RecorderStep::PutRecorder { .. }) => {
                blind(format!("{:?}", view.role))
            }
            Step::Recorder(RecorderStep::Start { .. }) => false,
            Step::Recorder(RecorderStep::PutChannel { channel, .. }) => match view.buckets.get(&channel.bucket) {
                Some(BucketAccess::ThisAccount(bucket)) => blind(format!("{:?}", bucket.policy)),
                Some(BucketAccess::OtherAccount | BucketAccess::Gone) => false,
                Some(BucketAccess::Closed) | None => true,
            },
            Step::Bucket(BucketStep { bucket, act, .. }) => match (view.buckets.get(bucket), act) {
                (Some(BucketAccess::ThisAccount(bucket)), Act::PutPolicy { .. }) => {
                    blind(format!("{:?}", bucket.policy))
                }
                (Some(BucketAccess::ThisAccount(bucket)), Act::Encrypt) => blind(format!("{:?}", bucket.encryption)),
                (Some(BucketAccess::ThisAccount(bucket)), Act::Block { .. }) => blind(format!("{:?}", bucket.blocks)),
                (access, _) => access != Some(&BucketAccess::Gone),
            },
        };
        own || blind(format!("{:?}", view.recorder)) || blind(format!("{:?}", view.channel))
    }

    fn foreign(view: &View) -> String {
        let View { recorder, channel, role: _, elsewhere, buckets } = view;
        let mut parts = vec![format!("{elsewhere:?}")];
        // A missing recorder and a newly created one look alike: neither contains anything of someone else's.
        if let Seen::Present(RecorderView { name, arn: _, role, scope, status: _ }) = recorder
            && name != RECORDER
        {
            parts.push(format!("{name} {role} {scope:?}"));
        }
        if let Seen::Present(Channel { name, bucket: _, prefix, key, topic, frequency }) = channel
            && name.starts_with(THEIRS)
        {
            // Whoever turned a channel to another account's bucket set the rest of its destination, too.
            let turned = buckets.get(CUSTOMERS[0]) == Some(&BucketAccess::OtherAccount);
            let [prefix, key] = [prefix, key].map(|part| part.as_ref().filter(|_| !turned));
            parts.push(format!("{name} {prefix:?} {key:?} {topic:?} {frequency:?}"));
        }
        for (name, access) in buckets {
            match access {
                BucketAccess::Gone => {}
                BucketAccess::ThisAccount(OwnBucket { region, policy, encryption, blocks, expires }) => {
                    let customers = CUSTOMERS.contains(&name.as_str());
                    parts.extend(customers.then(|| format!("{name} {region} {encryption:?} {blocks:?} {expires:?}")));
                    parts.extend(theirs(policy).map(|it| format!("{name} {it}")));
                }
                other => parts.push(format!("{name} {other:?}")),
            }
        }
        parts.join("; ")
    }
}

/// Returns the statements of others.
fn theirs(policy: &Seen<Value>) -> impl Iterator<Item = &Value> {
    let all = policy.present().and_then(|it| it["Statement"].as_array()).into_iter().flatten();
    all.filter(|it| it["Sid"].as_str().is_some_and(|sid| sid.starts_with(THEIRS)))
}

/// Returns the name of our bucket in another region.
fn far(place: &Place) -> String {
    managed_bucket(&Place { region: Region::first(), ..place.clone() })
}

fn destinations(place: &Place) -> Vec<ChannelDestination> {
    let there = |region: &str, bucket: &str, prefix: Option<&str>| ChannelDestination {
        region: Region::parse(region).expect("a region"),
        bucket: bucket.to_owned(),
        prefix: prefix.map(str::to_owned),
        key: None,
    };
    vec![
        there("us-east-1", CUSTOMERS[1], Some("config")),
        there("us-east-1", &far(place), None),
        there("us-west-2", CUSTOMERS[2], None),
    ]
}

fn recorder(place: &Place) -> BoxedStrategy<Seen<RecorderView>> {
    let scopes = vec![
        Scope::All,
        Scope::All,
        Scope::Only(vec!["AWS::EC2::VPC".to_owned()]),
        Scope::AllBut(vec!["AWS::IAM::User".to_owned()]),
        Scope::AllBut(vec!["AWS::EC2::VPC".to_owned()]),
    ];
    let failures = vec![None, None, Some("NoSuchBucket: it is gone".to_owned())];
    let roles = [place.role_arn(LINKED_ROLE), place.role_arn("custom")];
    let present = (select(vec!["default", "mine"]), select(roles.to_vec()), select(scopes), any::<bool>());
    let present = (present, select(failures)).prop_map(|((name, role, scope, recording), failure)| {
        let status = RecorderStatus { recording, failure };
        Seen::Present(RecorderView { name: name.to_owned(), arn: None, role, scope, status })
    });
    let blind = Seen::Unreadable("config:DescribeConfigurationRecorders");
    prop_oneof![6 => Just(Seen::Absent), 1 => Just(blind), 12 => present].boxed()
}

fn channel(place: &Place) -> BoxedStrategy<Seen<Channel>> {
    let buckets = vec![CUSTOMERS[0].to_owned(), managed_bucket(place), far(place)];
    let key = |region: &str| format!("arn:aws:kms:{region}:111122223333:key/k");
    let keys = vec![None, None, Some(key("eu-west-1")), Some(key("us-east-1")), Some(key("ap-south-1"))];
    let prefixes = select(vec![None, Some(format!("{THEIRS}-prefix"))]);
    let present = (select(buckets), prefixes, select(keys)).prop_map(|(bucket, prefix, key)| {
        let (name, topic) = (format!("{THEIRS}-channel"), Some(format!("{THEIRS}-topic")));
        Seen::Present(Channel { name, bucket, prefix, key, topic, frequency: Some("Three_Hours".to_owned()) })
    });
    let blind = Seen::Unreadable("config:DescribeDeliveryChannels");
    prop_oneof![6 => Just(Seen::Absent), 1 => Just(blind), 12 => present].boxed()
}

fn access(place: &Place, name: &str) -> BoxedStrategy<BucketAccess> {
    let regions = [place.region.clone(), Region::first()];
    let seen = |action| prop_oneof![1 => Just(Seen::Unreadable(action)), 1 => Just(Seen::NotAsked), 2 => Just(Seen::Absent), 12 => Just(Seen::Present(()))];
    let blocks = prop_oneof![
        1 => Just(Seen::Unreadable("s3:GetBucketPublicAccessBlock")), 1 => Just(Seen::NotAsked),
        2 => Just(Seen::Absent),
        2 => Just(Seen::Present(Blocks::NONE)),
        12 => Just(Seen::Present(Blocks::ALL)),
    ];
    let denied = Seen::Unreadable("s3:GetLifecycleConfiguration");
    let expires = select(vec![Seen::Present(false), Seen::Present(false), Seen::Present(true), Seen::NotAsked, denied]);
    let bucket =
        (select(regions.to_vec()), policy(place, name), seen("s3:GetEncryptionConfiguration"), blocks, expires);
    let bucket = bucket.prop_map(|(region, policy, encryption, blocks, expires)| {
        BucketAccess::ThisAccount(OwnBucket { region, policy, encryption, blocks, expires })
    });
    prop_oneof![4 => Just(BucketAccess::Gone), 1 => Just(BucketAccess::Closed), 2 => Just(BucketAccess::OtherAccount), 12 => bucket]
        .boxed()
}

/// Generates policies with some of our statements, and with others' that help, hinder, or cannot be judged.
fn policy(place: &Place, name: &str) -> BoxedStrategy<Seen<Value>> {
    let channel = Channel::like(&ChannelDestination {
        region: place.region.clone(),
        bucket: name.to_owned(),
        prefix: None,
        key: None,
    });
    let mut known: Vec<Value> = make(place, &channel, &place.region)
        .into_iter()
        .filter_map(|step| match step.act {
            Act::PutPolicy { added, .. } => Some(added),
            _ => None,
        })
        .flatten()
        .collect();
    let everything = format!("arn:aws:s3:::{name}/*");
    let theirs = |sid: &str, effect: &str, who: Value, condition: Value| {
        json!({"Sid": format!("{THEIRS}{sid}"), "Effect": effect, "Principal": who, "Action": "s3:PutObject",
            "Resource": everything, "Condition": condition})
    };
    known.push(theirs("Writer", "Allow", json!({"AWS": "arn:aws:iam::999999999999:root"}), json!({})));
    let many = known.len();
    let unclear = json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}});
    let rare = vec![
        None,
        None,
        None,
        None,
        Some(theirs("Deny", "Deny", json!("*"), json!({}))),
        Some(theirs("Unclear", "Deny", json!("*"), unclear)),
        Some(theirs("Gone", "Allow", json!({"AWS": "AROAEXAMPLEEXAMPLE123"}), json!({}))),
    ];
    let document = (subsequence(known, 0..=many), select(rare)).prop_map(|(mut all, rare)| {
        all.extend(rare);
        Seen::Present(json!({ "Version": "2008-10-17", "Id": "x", "Statement": all }))
    });
    prop_oneof![4 => Just(Seen::Absent), 1 => Just(Seen::Unreadable("s3:GetBucketPolicy")), 1 => Just(Seen::NotAsked), 15 => document].boxed()
}
