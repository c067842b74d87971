//! Trails in the account of the game.

use crate::event::Dependency;
use crate::exemption::Tags;
use crate::families::trail::closed::rightful;
use crate::families::trail::controls::{delivery, kms};
use crate::families::trail::managed::{MANAGED_GROUP, MANAGED_TRAIL, managed_buckets, managed_role};
use crate::families::trail::view::{Logs, TrailResources, TrailState, View};
use crate::families::trail::{Change, Step, Trail, TrailStep, judged, key, managed};
use crate::family::Control;
use crate::managed::bucket::stranger;
use crate::model::{Arn, CallError, Place, Region, Seen, Subject, Verdict};
use crate::record::{DeliveryErrors, Facts, RecordCheck, TrailBucket, TrailFiles};
use crate::settings::Settings;
use crate::testing::game::account::{AwsAccount, Owned, TrailHere, home, refused};
use crate::testing::game::world::Played;

impl Played for Trail {
    fn ids(account: &AwsAccount, place: &Place, using: Option<&Dependency>, _: &Settings) -> Vec<String> {
        let here = |arn: &str| Region::of_arn(arn).as_ref() == Some(&place.region);
        let visible = account.trails.iter().any(|(arn, it)| here(arn) || it.multi_region);
        let own =
            account.trails.iter().filter(|(arn, it)| here(arn) && using.is_none_or(|it_is| leans(it, place, it_is)));
        let mut ids: Vec<String> =
            own.map(|(arn, _)| Arn::parse(arn).map_or("", |arn| arn.name()).to_owned()).collect();
        if !visible && using.is_none() && place.region == home() {
            ids.push(MANAGED_TRAIL.to_owned());
        }
        ids
    }

    fn view(account: &AwsAccount, subject: &Subject, settings: &Settings) -> Option<View> {
        let place = &subject.place;
        let check = RecordCheck::of(place, settings, &[]);
        let seen = |it: &TrailHere| it.multi_region || Region::of_arn(&subject.arn).as_ref() == Some(&place.region);
        let here = account.trails.get(&subject.arn).filter(|it| seen(it));
        let (trail, managed) = match here {
            Some(here) => existing(account, subject, here, &check),
            None => (TrailState::missing(subject), TrailResources::default()),
        };
        let mut view = View { trail, others: Seen::Present(vec![]), organization: vec![], managed };
        let ends =
            |control: &Control<Self>| matches!((control.judge)(&view, subject, settings), Verdict::Violation { .. });
        let has_key = view.trail.facts.files.key_id.is_some();
        let ended = view.trail.exists && (ends(&delivery::CONTROL) || has_key && ends(&kms::CONTROL));
        if !(view.trail.exists && check.covers(&view.trail.facts)) || ended {
            let others = account.trails.iter().filter(|(arn, _)| **arn != subject.arn);
            view.others = Seen::Present(others.map(|(arn, it)| facts(account, arn, it)).collect());
        }
        if judged::is_to_be_made(&view, subject, settings) {
            view.managed = foundations(account, place);
            view.trail.facts.files.bucket.clone_from(&view.managed.name);
        }
        Some(view)
    }

    fn tags(account: &AwsAccount, subject: &Subject) -> Seen<Tags> {
        account.trails.get(&subject.arn).map_or(Seen::Absent, |it| Seen::Present(it.tags.clone()))
    }

    fn make(account: &mut AwsAccount, subject: &Subject, step: &Step) -> Result<(), CallError> {
        match step {
            Step::Bucket(step) => account.put_bucket(step),
            Step::Key(step) | Step::NoticesKey(step) => account.put_key(step),
            Step::Notice(_) => Ok(()),
            Step::Group(step) => account.put_group(&subject.place.region, *step),
            Step::Role(step) => account.put_role(step),
            Step::Trail(step) => make(account, step),
        }
    }
}

fn make(account: &mut AwsAccount, step: &TrailStep) -> Result<(), CallError> {
    let gone = || refused("cloudtrail:UpdateTrail", "TrailNotFoundException");
    match step {
        TrailStep::Create { trail, bucket, change } => {
            let new = TrailHere {
                multi_region: false,
                logging: false,
                validation: false,
                tags: [("managed-by".to_owned(), "trailkeeper".to_owned())].into(),
                ..TrailHere::into(bucket)
            };
            set(account, trail, changed(account, new, change))
        }
        TrailStep::Update { trail, change, .. } => {
            let now = account.trails.get(trail).cloned().ok_or_else(gone)?;
            set(account, trail, changed(account, now, change))
        }
        TrailStep::PutSelectors { trail, selectors, .. } => {
            account.trails.get_mut(trail).ok_or_else(gone)?.selectors = selectors.clone();
            Ok(())
        }
        TrailStep::StartLogging { trail, .. } => {
            account.trails.get_mut(trail).ok_or_else(gone)?.logging = true;
            Ok(())
        }
    }
}

/// Sets a trail, unless CloudTrail refuses it: its bucket and key must let CloudTrail in.
fn set(account: &mut AwsAccount, arn: &str, trail: TrailHere) -> Result<(), CallError> {
    let code = match account.delivery_error(arn, &trail) {
        None => {
            account.trails.insert(arn.to_owned(), trail);
            return Ok(());
        }
        Some("NoSuchBucket") => "S3BucketDoesNotExistException",
        Some("AccessDenied") => "InsufficientS3BucketPolicyException",
        Some(_) => "InsufficientEncryptionPolicyException",
    };
    Err(refused("cloudtrail:UpdateTrail", code))
}

fn changed(account: &AwsAccount, mut trail: TrailHere, change: &Change) -> TrailHere {
    let Change { bucket, multi_region, validation, key, logs, topic } = change;
    if let Some(to) = bucket {
        trail.bucket.clone_from(&to.name);
        to.prefix.trim_end_matches('/').clone_into(&mut trail.prefix);
    }
    trail.multi_region = multi_region.unwrap_or(trail.multi_region);
    trail.validation = validation.unwrap_or(trail.validation);
    if let Some(key) = key {
        trail.key = Some(account.resolve(&key.id)).filter(|id| !id.is_empty());
    }
    if let Some((group, role)) = logs {
        trail.logs = Some((group.clone(), role.clone())).filter(|(group, _)| !group.is_empty());
    }
    if topic.is_some() {
        trail.topic.clone_from(topic);
    }
    trail
}

fn leans(trail: &TrailHere, place: &Place, dependency: &Dependency) -> bool {
    match dependency {
        Dependency::Role(name) | Dependency::RolePolicies(name) => {
            let role = trail.logs.as_ref().and_then(|(_, role)| Arn::parse(role));
            role.is_some_and(|role| role.name().eq_ignore_ascii_case(name))
        }
        Dependency::Policy(_) => trail.logs.is_some(),
        Dependency::Key(arn) => trail.key.as_ref() == Some(arn),
        Dependency::LogGroup(name) => {
            let group = trail.logs.as_ref().and_then(|(group, _)| managed::group_name(place, group));
            group == Some(name)
        }
    }
}

fn facts(account: &AwsAccount, arn: &str, trail: &TrailHere) -> Facts {
    let bucket = match account.locate(&trail.bucket) {
        Owned::Here(region) => TrailBucket::ThisAccount(region),
        Owned::Elsewhere => TrailBucket::OtherAccount,
        Owned::Gone => TrailBucket::Gone,
    };
    let files = TrailFiles { bucket: trail.bucket.clone(), prefix: trail.prefix.clone(), key_id: trail.key.clone() };
    Facts {
        arn: arn.to_owned(),
        multi_region: trail.multi_region,
        organization: false,
        logging: Seen::Present(trail.logging),
        selectors: Seen::Present(trail.selectors.clone()),
        files,
        bucket,
        errors: Some(DeliveryErrors {
            files: account.delivery_error(arn, trail).map(str::to_owned),
            logs: account.logs_error(arn, trail).map(str::to_owned),
            ..DeliveryErrors::default()
        }),
    }
}

fn existing(
    account: &AwsAccount,
    subject: &Subject,
    here: &TrailHere,
    check: &RecordCheck<'_>,
) -> (TrailState, TrailResources) {
    let (place, wanted) = (&subject.place, key::managed_key(&subject.place));
    let facts = facts(account, &subject.arn, here);
    let key = match here.key.as_deref().filter(|_| check.key(&facts.files).is_wanted()) {
        Some(id) if Arn::parse(id).is_some_and(|arn| arn.account != place.account) => {
            Seen::Unreadable("kms:DescribeKey")
        }
        Some(id) => account.used_key(id, &wanted, &key::need(place, &subject.arn)),
        None => Seen::Absent,
    };
    let (logs, group, (role, role_taken)) = logs(account, place, here);
    let mut managed = TrailResources { group, role, role_taken, ..TrailResources::default() };
    if let (TrailBucket::ThisAccount(region), true) = (&facts.bucket, key == Seen::Absent) {
        managed.key = account.managed_key(region, &wanted);
        (managed.bucket_policy, managed.replication) = (account.bucket_policy(&here.bucket), Seen::Absent);
    }
    if rightful(check, &facts).is_some_and(|to| to.name == managed::managed_bucket(place)) {
        (managed.name, managed.bucket, managed.passed) = foundation(account, place);
    }
    let topic = here.topic.clone();
    (TrailState { exists: true, facts, validation: here.validation, key, logs, topic }, managed)
}

fn logs(
    account: &AwsAccount,
    place: &Place,
    here: &TrailHere,
) -> (Logs, Seen<crate::managed::log_group::LogGroup>, (Seen<crate::managed::role::Role>, bool)) {
    let ours = || account.group(&place.region, MANAGED_GROUP);
    let wanted = |group: &str| managed_role(place, group, None);
    let Some((group_arn, role_arn)) = &here.logs else {
        let none = Logs {
            group_arn: None,
            group: Seen::Absent,
            role_arn: None,
            role: Seen::Absent,
            organization: Seen::NotAsked,
        };
        return (none, ours(), account.our_role(place, &wanted(MANAGED_GROUP), ("", &Seen::Absent)));
    };
    let group = managed::group_name(place, group_arn).map_or(Seen::Absent, |name| account.group(&place.region, name));
    let role = account.role(role_arn);
    let managed_group = if group == Seen::Absent { ours() } else { Seen::NotAsked };
    let to = managed::group_name(place, group_arn).filter(|_| group != Seen::Absent).unwrap_or(MANAGED_GROUP);
    let wanted = wanted(to);
    let asked = wanted.clone().at(place, role_arn).is_some() || role == Seen::Absent || group == Seen::Absent;
    let managed_role =
        if asked { account.our_role(place, &wanted, (role_arn, &role)) } else { (Seen::NotAsked, false) };
    let logs = Logs {
        group_arn: Some(group_arn.clone()),
        group,
        role_arn: Some(role_arn.clone()),
        role,
        organization: Seen::NotAsked,
    };
    (logs, managed_group, managed_role)
}

fn foundations(account: &AwsAccount, place: &Place) -> TrailResources {
    let (name, bucket, passed) = foundation(account, place);
    let (role, role_taken) = account.our_role(place, &managed_role(place, MANAGED_GROUP, None), ("", &Seen::Absent));
    TrailResources {
        key: account.managed_key(&place.region, &key::managed_key(place)),
        bucket_policy: Seen::NotAsked,
        replication: if bucket.present().is_some() { Seen::Absent } else { Seen::NotAsked },
        group: account.group(&place.region, MANAGED_GROUP),
        role,
        role_taken,
        name,
        bucket,
        passed,
        notices: None,
    }
}

/// Finds the bucket of the account's first trail.
fn foundation(account: &AwsAccount, place: &Place) -> (String, Seen<Seen<serde_json::Value>>, Vec<String>) {
    let mut passed = Vec::new();
    for name in managed_buckets(place) {
        match account.locate(&name) {
            Owned::Gone => return (name, Seen::Absent, passed),
            Owned::Elsewhere => passed.push(format!("bucket {name} belongs to another account")),
            Owned::Here(region) if region != place.region => passed.push(format!("bucket {name} is in another region")),
            Owned::Here(_) => {
                let policy = account.bucket_policy(&name);
                match stranger(&name, &place.account, &policy, &account.expires(&name)) {
                    Ok(Some(why)) => passed.push(why),
                    Ok(None) | Err(_) => return (name, Seen::Present(policy), passed),
                }
            }
        }
    }
    (managed::managed_bucket(place), Seen::Unreadable("s3:ListBucket"), passed)
}
