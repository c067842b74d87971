//! Tests that a log bucket is read as far as the active controls need it: unread parts change no verdict.

use crate::families::bucket::parts::{Part, of_log_bucket};
use crate::families::bucket::view::{BucketConfig, Ownership, View};
use crate::families::bucket::{Bucket, target};
use crate::family::Family;
use crate::model::{Seen, Subject, Verdict};
use crate::settings::{Mode, Modes, Settings};
use crate::testing::laws::{Lawful, subject};
use proptest::prelude::*;

/// Returns the bucket as known if only these parts are read.
fn only(config: &BucketConfig, parts: &[Part]) -> BucketConfig {
    fn part<T: Clone>(parts: &[Part], part: Part, seen: &Seen<T>) -> Seen<T> {
        if parts.contains(&part) { seen.clone() } else { Seen::NotAsked }
    }
    let BucketConfig {
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
    } = config;
    BucketConfig {
        region: region.clone(),
        policy: part(parts, Part::Policy, policy),
        grants: part(parts, Part::Grants, grants),
        ownership: part(parts, Part::Ownership, ownership),
        blocks: part(parts, Part::Blocks, blocks),
        website: part(parts, Part::Website, website),
        encryption: part(parts, Part::Encryption, encryption),
        default_key: part(parts, Part::DefaultKey, default_key),
        logging: part(parts, Part::Logging, logging),
        rules: part(parts, Part::Rules, rules),
        mfa_delete: part(parts, Part::Versioning, mfa_delete),
        keeps_versions: part(parts, Part::Versioning, keeps_versions),
        object_lock: part(parts, Part::ObjectLock, object_lock),
        requester_pays: part(parts, Part::RequestPayment, requester_pays),
        notifications: part(parts, Part::Notifications, notifications),
        replicas: part(parts, Part::Replication, replicas),
        keys: part(parts, Part::Keys, keys),
    }
}

/// Returns the view as the reader creates it: only the requested parts of the bucket, and of the targets of its access
/// logs.
fn as_read(view: &View, subject: &Subject, settings: &Settings) -> View {
    let View { uses, buckets } = view;
    let buckets = buckets.iter().map(|(name, ownership)| {
        let parts = if *name == subject.id {
            of_log_bucket(settings, uses, name)
        } else {
            target::reads(&subject.place, name).to_vec()
        };
        let ownership = match ownership {
            Ownership::ThisAccount(config) => Ownership::ThisAccount(Box::new(only(config, &parts))),
            other => other.clone(),
        };
        (name.clone(), ownership)
    });
    View { uses: uses.clone(), buckets: buckets.collect() }
}

/// Returns the verdicts of each active control: on what is read, and on everything.
fn verdicts(view: &View, subject: &Subject, settings: &Settings) -> Vec<[Verdict<<Bucket as Family>::Step>; 2]> {
    let read = as_read(view, subject, settings);
    let on = Bucket::CONTROLS.iter().filter(|control| settings.modes.of(&control.about) != Mode::Off);
    on.map(|control| [&read, view].map(|view| (control.judge)(view, subject, settings))).collect()
}

proptest! {
    #[test]
    fn what_is_not_read_changes_no_verdict(view in Bucket::views(subject::<Bucket>())) {
        let (subject, all) = (subject::<Bucket>(), <Bucket as Lawful>::settings());
        let alone = Bucket::CONTROLS.iter().map(|control| {
            let overrides = [(control.about.id.to_owned(), Mode::Enforce)].into();
            Settings { modes: Modes { default: Mode::Off, overrides }, ..all.clone() }
        });
        for settings in alone.chain([all.clone()]) {
            for [read, whole] in verdicts(&view, &subject, &settings) {
                prop_assert_eq!(read, whole);
            }
        }
    }
}
