//! Generators of log buckets, for the laws.

use crate::families::bucket::controls::{delete_mfa, https_only};
use crate::families::bucket::need::{of_channel, of_source, of_trail};
use crate::families::bucket::step::ConfigStep;
use crate::families::bucket::view::{
    BucketConfig, DefaultKey, Encryption, Grant, Logging, Notifications, Ownership, Replica, ReplicaOwner, Rules, View,
};
use crate::families::bucket::{
    Bucket, ChannelDelivery, DeniedCall, LoggingSource, Step, TrailDelivery, Uses, read_restriction,
};
use crate::managed::bucket::name::managed_target;
use crate::managed::bucket::step::{Act, BucketStep};
use crate::managed::bucket::{Blocks, ENFORCED};
use crate::model::{Place, Property, Seen, Subject};
use crate::settings::Settings;
use crate::settings::access::AccessSettings;
use crate::settings::log_bucket_deleters::LogBucketDeleters;
use crate::testing::laws::{Lawful, settings, unread};
use crate::testing::read::Shown;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const READER: &str = "arn:aws:iam::111122223333:role/Reader";
const DELETER: &str = "arn:aws:iam::111122223333:role/tidy";
const CUSTOMERS: &str = "customers-target";
/// Prefix of the access logs of the bucket that logs into the judged one.
const SOURCE: &str = "another/";
/// Prefix of statements, rules and ids that belong to others.
const THEIRS: &str = "Theirs";

impl Lawful for Bucket {
    const ID: &'static str = "logs";
    const ADVISED: &'static [&'static str] = &["put-bucket-request-payment", "put-bucket-versioning"];

    fn read(view: &View, property: &Property) -> Shown {
        super::read::read(view, property)
    }

    fn hostile(text: &str) -> Vec<Step> {
        super::hostile::steps(text)
    }

    fn named(view: View, text: &str) -> View {
        super::hostile::named(view, text)
    }

    /// Returns settings with readers, networks and roles, without which nothing is restricted, and somebody who may delete.
    fn settings() -> Settings {
        let set = [
            ("TRAILKEEPER_ACCESS_READERS", READER),
            ("TRAILKEEPER_ACCESS_NETWORKS", "192.0.2.0/24,10.0.0.0/8"),
            ("TRAILKEEPER_ACCESS_TARGETS", CUSTOMERS),
            ("TRAILKEEPER_ROLES", "arn:aws:iam::111122223333:role/trailkeeper-AccessRole-1A2B"),
        ];
        let access =
            AccessSettings::parse(|name| set.iter().find(|(set, _)| *set == name).map(|(_, it)| (*it).to_owned()));
        let log_bucket_deleters = LogBucketDeleters::setting(Some(DELETER.to_owned())).expect("settings");
        Settings { access: access.expect("settings"), log_bucket_deleters, ..settings() }
    }

    fn views(subject: Subject) -> BoxedStrategy<View> {
        let managed = managed_target(&subject.place);
        let names = [Self::ID.to_owned(), CUSTOMERS.to_owned(), managed];
        let ownerships = names.map(|name| ownership(&subject, &name).prop_map(move |it| (name.clone(), it)));
        (uses(), ownerships, subsequence(vec![1, 2], 1..=2))
            .prop_map(|(uses, ownerships, read)| {
                let seen = ownerships.into_iter().enumerate().filter(|(at, _)| *at == 0 || read.contains(at));
                View { uses, buckets: seen.map(|(_, it)| it).collect() }
            })
            .boxed()
    }

    /// Returns whether the part that the step replaces, on which it depends, was not read.
    fn is_blind(step: &Step, view: &View) -> bool {
        let Some(config) = view.bucket(step.bucket()) else {
            return !matches!(view.buckets.get(step.bucket()), Some(Ownership::Gone));
        };
        let blind = |text: String| unread(&text);
        match step {
            Step::Bucket(BucketStep { act, .. }) => match act {
                Act::Create => true,
                Act::Encrypt => blind(format!("{:?}", config.encryption)),
                Act::PutPolicy { .. } | Act::Block { .. } => blind(format!("{:?}{:?}", config.policy, config.blocks)),
            },
            Step::Config(ConfigStep::AddRule { .. }) => blind(format!("{:?}", config.rules)),
            Step::Config(ConfigStep::Announce { .. }) => blind(format!("{:?}", config.notifications)),
            Step::Config(ConfigStep::Log { .. }) => blind(format!("{:?}", config.logging)),
        }
    }

    fn foreign(view: &View) -> String {
        let View { uses, buckets } = view;
        let mut parts = vec![format!("{uses:?}")];
        for (name, ownership) in buckets {
            let Ownership::ThisAccount(config) = ownership else {
                // A missing bucket and a newly created one look alike: neither contains anything of someone else's.
                parts.extend((*ownership != Ownership::Gone).then(|| format!("{name} {ownership:?}")));
                continue;
            };
            let BucketConfig {
                region,
                policy,
                grants: _,
                ownership,
                blocks: _,
                website,
                encryption,
                default_key: _,
                logging: _,
                rules,
                mfa_delete,
                keeps_versions,
                object_lock,
                requester_pays,
                notifications,
                replicas,
                keys: _,
            } = config.as_ref();
            if *config.as_ref() == BucketConfig::new(region.clone()) {
                continue;
            }
            if let Seen::Present(policy) = policy {
                let statements = &policy["Statement"];
                let single = statements.is_object().then_some(statements);
                let all = statements.as_array().into_iter().flatten().chain(single);
                let theirs = all.filter(|it| it["Sid"].as_str().is_some_and(|sid| sid.starts_with(THEIRS)));
                parts.extend(policy.get("Id").map(|id| format!("{name} {id}")));
                parts.extend(theirs.map(|it| format!("{name} {it}")));
            }
            if let Seen::Present(Rules { rules, minimum_size }) = rules {
                let theirs = rules.iter().filter(|it| it["ID"].as_str().is_some_and(|id| id.starts_with(THEIRS)));
                parts.extend(theirs.map(|it| format!("{name} {it}")));
                parts.extend(minimum_size.iter().cloned());
            }
            if let Seen::Present(Notifications { others, .. }) = notifications {
                parts.extend((*others != json!({})).then(|| others.to_string()));
            }
            parts.extend((*replicas != Seen::Absent).then(|| format!("{replicas:?}")));
            parts.extend(
                (*encryption != Seen::Absent && *encryption != Seen::Present(Encryption::S3))
                    .then(|| format!("{encryption:?}")),
            );
            let made = BucketConfig::new(region.clone());
            parts.extend((*ownership != made.ownership).then(|| format!("{ownership:?}")));
            parts.extend((*website != made.website).then(|| format!("{website:?}")));
            parts.extend((*mfa_delete != made.mfa_delete).then(|| format!("{mfa_delete:?}")));
            parts.extend((*keeps_versions != made.keeps_versions).then(|| format!("{keeps_versions:?}")));
            parts.extend((*object_lock != made.object_lock).then(|| format!("{object_lock:?}")));
            parts.extend((*requester_pays != made.requester_pays).then(|| format!("{requester_pays:?}")));
        }
        parts.join("; ")
    }
}

fn trails() -> Vec<TrailDelivery> {
    let trail = |account: &str, name: &str, prefix: Option<&str>, organization| TrailDelivery {
        arn: format!("arn:aws:cloudtrail:us-east-1:{account}:trail/{name}"),
        prefix: prefix.map(str::to_owned),
        organization,
    };
    vec![
        trail("111122223333", "one", None, false),
        trail("111122223333", "two", Some("a/b"), false),
        trail("999999999999", "all", None, true),
    ]
}

fn channels() -> Vec<ChannelDelivery> {
    let region = crate::testing::laws::subject::<Bucket>().place.region;
    vec![ChannelDelivery { region, prefix: Some("config".to_owned()) }]
}

fn uses() -> impl Strategy<Value = Uses> {
    let source = LoggingSource {
        bucket: "another".to_owned(),
        logging: Logging { target: Bucket::ID.to_owned(), prefix: SOURCE.to_owned(), partitioned: None, grants: false },
    };
    let region = crate::testing::laws::subject::<Bucket>().place.region;
    let denied = DeniedCall { action: "cloudtrail:DescribeTrails", region };
    let trails =
        prop_oneof![1 => subsequence(trails(), 0..=3), 1 => Just(Vec::new()), 4 => Just(trails()[..1].to_vec())];
    let sources = prop_oneof![3 => Just(Vec::new()), 1 => Just(vec![source])];
    let unread = prop_oneof![9 => Just(Vec::new()), 1 => Just(vec![denied])];
    let elsewhere = subsequence(vec!["arn:aws:cloudtrail:us-east-1:111122223333:trail/main".to_owned()], 0..=1);
    let organization =
        seen("organizations:DescribeOrganization", select(vec![Seen::Absent, Seen::Present("o-abc".to_owned())]));
    let flow_logs = prop_oneof![4 => Just(None), 1 => Just(Some("vpc/".to_owned()))];
    let rest = (elsewhere, organization, flow_logs);
    (trails, subsequence(channels(), 0..=1), sources, any::<bool>(), unread, rest).prop_map(
        |(trails, channels, sources, named, unread, (recorded_elsewhere, organization, flow_logs))| Uses {
            flow_logs,
            trails,
            channels,
            sources,
            named,
            unread,
            recorded_elsewhere,
            unread_elsewhere: Vec::new(),
            reported: Vec::new(),
            organization,
        },
    )
}

fn ownership(subject: &Subject, name: &str) -> BoxedStrategy<Ownership> {
    let config = config(subject, name).prop_map(|it| Ownership::ThisAccount(Box::new(it)));
    let made = Just(Ownership::ThisAccount(Box::new(BucketConfig::new(subject.place.region.clone()))));
    prop_oneof![1 => Just(Ownership::Gone), 1 => Just(Ownership::Closed), 1 => Just(Ownership::OtherAccount), 1 => made, 12 => config].boxed()
}

/// Generates mostly the value itself, and sometimes a denied read.
fn seen<T: std::fmt::Debug + Clone + 'static>(
    action: &'static str,
    usual: impl Strategy<Value = Seen<T>> + 'static,
) -> BoxedStrategy<Seen<T>> {
    prop_oneof![1 => Just(Seen::Unreadable(action)), 1 => Just(Seen::NotAsked), 40 => usual].boxed()
}

fn one_of<T: std::fmt::Debug + Clone + 'static>(action: &'static str, all: Vec<Seen<T>>) -> BoxedStrategy<Seen<T>> {
    seen(action, select(all))
}

fn config(subject: &Subject, name: &str) -> impl Strategy<Value = BucketConfig> + use<> {
    let region = subject.place.region.clone();
    let grant = |group: &str, permission: &str| Grant {
        grantee: format!("http://acs.amazonaws.com/groups/{group}"),
        permission: permission.to_owned(),
    };
    let all_grants =
        vec![grant("global/AllUsers", "READ"), grant("s3/LogDelivery", "WRITE"), grant("s3/LogDelivery", "READ_ACP")];
    let grants = (subsequence(all_grants, 0..=3)).prop_map(Seen::Present);
    let three = Blocks { restrict: false, ..Blocks::ALL };
    let blocks = vec![Seen::Absent, Seen::Present(Blocks::ALL), Seen::Present(Blocks::NONE), Seen::Present(three)];
    let ownership = ["ObjectWriter", ENFORCED, ENFORCED].map(|it| Seen::Present(it.to_owned()));
    let encryption = vec![
        Seen::Absent,
        Seen::Present(Encryption::S3),
        Seen::Present(Encryption::S3),
        Seen::Present(Encryption::Kms { key: None }),
        Seen::Present(Encryption::Kms { key: Some("arn:aws:kms:eu-west-1:999999999999:key/k".to_owned()) }),
    ];
    let rarely = |action| seen(action, select(vec![false, false, false, false, false, true]).prop_map(Seen::Present));
    let there =
        |action| seen(action, select(vec![Seen::Absent, Seen::Absent, Seen::Absent, Seen::Absent, Seen::Present(())]));
    (
        (
            policy(subject, name),
            seen("s3:GetBucketAcl", grants),
            one_of("s3:GetBucketOwnershipControls", ownership.to_vec()),
        ),
        (
            one_of("s3:GetBucketPublicAccessBlock", blocks),
            there("s3:GetBucketWebsite"),
            one_of("s3:GetEncryptionConfiguration", encryption),
        ),
        (logging(subject), rules(), (rarely("s3:GetBucketVersioning"), rarely("s3:GetBucketVersioning"))),
        (
            there("s3:GetBucketObjectLockConfiguration"),
            rarely("s3:GetBucketRequestPayment"),
            notifications(),
            (
                seen("s3:ListBucket", select(keys()).prop_map(Seen::Present)),
                seen("s3:GetReplicationConfiguration", select(replicas())),
                seen("kms:DescribeKey", select(default_keys())),
            ),
        ),
    )
        .prop_map(
            move |((policy, grants, ownership), (blocks, website, encryption), (logging, rules, mfa_delete), rest)| {
                let grants = heeded(grants, &blocks);
                let region = region.clone();
                let (object_lock, requester_pays, notifications, (keys, replicas, default_key)) = rest;
                let (mfa_delete, keeps_versions) = mfa_delete;
                BucketConfig {
                    region,
                    policy,
                    grants,
                    ownership,
                    blocks,
                    website,
                    encryption,
                    default_key,
                    logging,
                    rules,
                    mfa_delete,
                    keeps_versions,
                    object_lock,
                    requester_pays,
                    notifications,
                    replicas,
                    keys,
                }
            },
        )
}

/// Returns the keys that default encryption may use: none, one that is off, one whose policy is not known.
fn default_keys() -> Vec<Seen<DefaultKey>> {
    let key = |enabled, policy| {
        let arn = "arn:aws:kms:eu-west-1:111122223333:key/k".to_owned();
        Seen::Present(DefaultKey { arn, enabled, customers: true, policy })
    };
    vec![Seen::Absent, key(false, Seen::Present(json!({}))), key(true, Seen::Unreadable("kms:GetKeyPolicy"))]
}

/// Returns where files may be replicated to: nowhere, or to another account's bucket.
fn replicas() -> Vec<Seen<Vec<Replica>>> {
    let copies = Replica { bucket: "copies".to_owned(), owner: ReplicaOwner::OtherAccount(None) };
    vec![Seen::Absent, Seen::Present(vec![copies])]
}

/// Returns what may be under the prefix of the source's access logs: nothing, access logs, or something else.
fn keys() -> Vec<BTreeMap<String, Vec<String>>> {
    let file = format!("{SOURCE}2026-01-31-23-59-59-0123456789ABCDEF");
    let all = [vec![], vec![file.clone()], vec![file, format!("{SOURCE}report.pdf")]];
    let whole = [vec![], vec!["index.html".to_owned()], vec!["AWSLogs/x".to_owned()]];
    let both = |(keys, whole)| [(SOURCE.to_owned(), keys), (String::new(), whole)].into();
    all.into_iter().zip(whole).map(both).collect()
}

/// Returns what `GetBucketAcl` shows: no grants that `IgnorePublicAcls` switches off.
fn heeded(grants: Seen<Vec<Grant>>, blocks: &Seen<Blocks>) -> Seen<Vec<Grant>> {
    let ignored = blocks.present().is_some_and(|blocks| blocks.ignore_acls);
    let heeded = |all: Vec<Grant>| all.into_iter().filter(|it| !(ignored && it.grantee.contains("global"))).collect();
    grants.map(heeded)
}

fn policy(subject: &Subject, name: &str) -> BoxedStrategy<Seen<Value>> {
    let place = &subject.place;
    let theirs = |sid: &str, rest: Value| {
        let mut statement = json!({ "Sid": format!("{THEIRS}{sid}") });
        for (key, value) in rest.as_object().cloned().unwrap_or_default() {
            statement[key] = value;
        }
        statement
    };
    let everything = format!("arn:aws:s3:::{name}/*");
    let mut known: Vec<Value> = https_only::statement(place, name);
    known.extend(trails().iter().flat_map(|it| of_trail(place, name, it)).map(|need| need.statement));
    known.extend(channels().iter().flat_map(|it| of_channel(place, name, it)).map(|need| need.statement));
    known.extend(grants_of(place, name));
    known.extend(read_restriction::wanted(place, name, &<Bucket as Lawful>::settings().access).expect("readers"));
    let before = |variable: &str| (variable == "TRAILKEEPER_ACCESS_READERS").then(|| READER.replace("Reader", "Old"));
    let before = AccessSettings::parse(before).expect("settings");
    known.extend(read_restriction::wanted(place, name, &before).expect("readers").into_iter().map(|mut it| {
        // Each `Sid` is unique.
        it["Sid"] = json!("TrailkeeperAccessLogReaders7");
        it
    }));
    known.extend(delete_mfa::statement(place, name, &<Bucket as Lawful>::settings().log_bucket_deleters));
    known.extend(delete_mfa::statement(place, name, &LogBucketDeleters::default()).into_iter().map(|mut it| {
        it["Sid"] = json!("TrailkeeperDeleteMfa7");
        it
    }));
    known.push(theirs("Reader", json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:root"}, "Action": "s3:GetObject", "Resource": everything})));
    let rare = vec![
        theirs(
            "Public",
            json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": everything}),
        ),
        theirs("Deny", json!({"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": everything})),
        theirs(
            "Unclear",
            json!({"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": everything, "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}),
        ),
        theirs(
            "Gone",
            json!({"Effect": "Allow", "Principal": {"AWS": "AROAEXAMPLEEXAMPLE123"}, "Action": "s3:GetObject", "Resource": everything}),
        ),
    ];
    let id = prop_oneof![60 => Just(1), 1 => Just((20 * 1024) - 300)].prop_map(|size| "x".repeat(size));
    let many = known.len();
    let statements = (subsequence(known, 0..=many), vec((select(rare), any::<bool>()), 0..2));
    let document = (statements, id, any::<bool>()).prop_map(|((mut all, rare), id, single)| {
        all.extend(rare.into_iter().filter(|(_, often)| *often).map(|(it, _)| it));
        let statements = if single && all.len() == 1 { all.remove(0) } else { Value::Array(all) };
        Seen::Present(json!({ "Version": "2008-10-17", "Id": id, "Statement": statements }))
    });
    prop_oneof![4 => Just(Seen::Absent), 1 => Just(Seen::Unreadable("s3:GetBucketPolicy")), 1 => Just(Seen::NotAsked), 15 => document].boxed()
}

/// Returns the grants to S3's log writer for our target and a customer's.
fn grants_of(place: &Place, target: &str) -> Vec<Value> {
    let subject = crate::testing::laws::subject::<Bucket>();
    let prefix = format!("{}/", subject.id);
    let theirs = Logging { target: target.to_owned(), prefix, partitioned: None, grants: false };
    let all = [true, false].map(|managed| of_source(place, target, managed, Bucket::ID, &theirs));
    all.into_iter().flatten().map(|need| need.statement).collect()
}

fn logging(subject: &Subject) -> BoxedStrategy<Seen<Logging>> {
    let targets = [managed_target(&subject.place), CUSTOMERS.to_owned(), Bucket::ID.to_owned()];
    let on =
        (select(targets.to_vec()), any::<bool>(), proptest::bool::weighted(0.1)).prop_map(|(target, dated, grants)| {
            let partitioned = dated.then(|| "EventTime".to_owned());
            Seen::Present(Logging { target, prefix: "logs/".to_owned(), partitioned, grants })
        });
    seen("s3:GetBucketLogging", prop_oneof![1 => Just(Seen::Absent), 2 => on])
}

fn notifications() -> BoxedStrategy<Seen<Notifications>> {
    let topic =
        json!({"TopicConfigurations": [{"TopicArn": "arn:aws:sns:eu-west-1:111122223333:t", "Events": ["s3:*"]}]});
    let all = (select(vec![json!({}), topic]), any::<bool>())
        .prop_map(|(others, event_bridge)| Seen::Present(Notifications { others, event_bridge }));
    seen("s3:GetBucketNotification", all)
}

fn rules() -> BoxedStrategy<Seen<Rules>> {
    let moves = json!([{ "Days": 1, "StorageClass": "GLACIER" }]);
    let all = vec![
        json!({ "ID": "TheirsExpire", "Status": "Enabled", "Filter": { "Prefix": "tmp/" }, "Expiration": { "Days": 1 } }),
        json!({ "ID": "TheirsShort", "Status": "Enabled", "Filter": {}, "Expiration": { "Days": 30 } }),
        json!({ "ID": "TheirsNoncurrent", "Status": "Enabled", "Filter": {}, "NoncurrentVersionExpiration": { "NoncurrentDays": 1 } }),
        json!({ "ID": "TheirsMove", "Status": "Enabled", "Filter": {}, "Transitions": moves }),
        json!({ "ID": "trailkeeper-glacier", "Status": "Disabled", "Filter": {}, "Transitions": moves }),
        json!({ "ID": "trailkeeper-expire", "Status": "Enabled", "Filter": { "Prefix": "" }, "Expiration": { "Days": 9 } }),
    ];
    let some = subsequence(all, 1..=3).prop_map(|rules| Seen::Present(Rules { rules, minimum_size: None }));
    seen("s3:GetLifecycleConfiguration", prop_oneof![1 => Just(Seen::Absent), 1 => some])
}
