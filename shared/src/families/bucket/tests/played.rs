//! Log buckets in the account of the game.

use crate::event::Dependency;
use crate::exemption::Tags;
use crate::families::bucket::controls::access_logging;
use crate::families::bucket::{
    Bucket, ChannelDelivery, LoggingSource, Ownership, Step, TrailDelivery, Uses, View, is_bucket_name,
};
use crate::managed::bucket::name::is_managed_target;
use crate::model::{CallError, Place, Region, Seen, Step as _, Subject};
use crate::settings::Settings;
use crate::settings::destinations::BucketOwner;
use crate::testing::game::account::{ACCOUNT, AwsAccount, Owned, refused};
use crate::testing::game::world::Played;
use std::collections::{BTreeMap, BTreeSet};

impl Played for Bucket {
    /// Buckets that trails and channels of a region deliver to, and the targets of their access logs.
    fn ids(account: &AwsAccount, place: &Place, _: Option<&Dependency>, _: &Settings) -> Vec<String> {
        let named = logging_to(account, Some(&place.region));
        let here = |name: &String| matches!(account.locate(name), Owned::Here(region) if region == place.region);
        let elsewhere = |name: &String| account.locate(name) == Owned::Elsewhere;
        let targets = named.iter().filter(|it| here(it)).filter_map(|name| target(account, name));
        let all: BTreeSet<String> = named.iter().cloned().chain(targets).collect();
        all.into_iter().filter(|name| here(name) || elsewhere(name) || account.locate(name) == Owned::Gone).collect()
    }

    fn region(account: &AwsAccount, id: &str) -> Option<Region> {
        if let Owned::Here(region) = account.locate(id) { Some(region) } else { None }
    }

    fn view(account: &AwsAccount, subject: &Subject, settings: &Settings) -> Option<View> {
        let name = subject.id.as_str();
        let mut view = View { uses: uses(account, subject, settings), buckets: BTreeMap::new() };
        if !view.is_log_bucket(name) {
            return Some(view);
        }
        let located = account.locate(name);
        if located == Owned::Gone && !view.uses.is_delivered_to() {
            return None;
        }
        view.buckets.insert(name.to_owned(), ownership(account, name, &view.uses));
        view.uses.organization = Seen::Absent;
        while let Some(target) = access_logging::looks_for(&view, subject, settings) {
            let found = ownership(account, &target, &Uses::default());
            view.buckets.insert(target, found);
        }
        Some(view)
    }

    fn tags(account: &AwsAccount, subject: &Subject) -> Seen<Tags> {
        account.buckets.get(&subject.id).map_or(Seen::Absent, |it| Seen::Present(it.tags.clone()))
    }

    fn make(account: &mut AwsAccount, _: &Subject, step: &Step) -> Result<(), CallError> {
        match step {
            Step::Bucket(step) => account.put_bucket(step),
            Step::Config(_) => {
                let name = step.bucket().to_owned();
                let bucket = account.buckets.get_mut(&name).filter(|it| it.owner == ACCOUNT);
                let bucket = bucket.ok_or_else(|| refused("s3:PutBucketLogging", "NoSuchBucket"))?;
                let there = Ownership::ThisAccount(Box::new(bucket.config.clone()));
                let mut view = View { uses: Uses::default(), buckets: [(name.clone(), there)].into() };
                step.effect(&mut view);
                if let Some(Ownership::ThisAccount(changed)) = view.buckets.remove(&name) {
                    bucket.config = *changed;
                }
                Ok(())
            }
        }
    }
}

/// Returns the buckets that trails and channels deliver to, of one region or of all.
fn logging_to(account: &AwsAccount, region: Option<&Region>) -> Vec<String> {
    let seen = |arn: &str, all: bool| all || region.is_none_or(|region| Region::of_arn(arn).as_ref() == Some(region));
    let trails = account.trails.iter().filter(|(arn, it)| seen(arn, it.multi_region)).map(|(_, it)| it.bucket.clone());
    let config = account.config.iter().filter(|(there, _)| region.is_none_or(|region| *there == region));
    let all: BTreeSet<String> =
        trails.chain(config.filter_map(|(_, it)| Some(it.channel.as_ref()?.bucket.clone()))).collect();
    all.into_iter().collect()
}

fn target(account: &AwsAccount, name: &str) -> Option<String> {
    let logging = account.buckets.get(name)?.config.logging.present()?;
    Some(logging.target.clone()).filter(|target| is_bucket_name(target))
}

fn uses(account: &AwsAccount, subject: &Subject, settings: &Settings) -> Uses {
    let name = &subject.id;
    let prefix = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let trails = account.trails.iter().filter(|(_, it)| it.bucket == *name);
    let trails =
        trails.map(|(arn, it)| TrailDelivery { arn: arn.clone(), prefix: prefix(&it.prefix), organization: false });
    let channels = account.config.iter().filter_map(|(region, it)| {
        let channel = it.channel.as_ref().filter(|channel| channel.bucket == *name)?;
        Some(ChannelDelivery { region: region.clone(), prefix: channel.prefix.clone() })
    });
    let mut sources = Vec::new();
    if !is_managed_target(name) {
        for other in logging_to(account, None).iter().filter(|other| *other != name) {
            let logging = account.buckets.get(other).filter(|it| it.owner == ACCOUNT);
            let logging = logging.and_then(|it| it.config.logging.present()).filter(|it| it.target == *name);
            sources.extend(logging.map(|logging| LoggingSource { bucket: other.clone(), logging: logging.clone() }));
        }
    }
    let recorded = account.trails.iter().filter(|(arn, it)| {
        let owner = match account.locate(&it.bucket) {
            Owned::Here(_) => BucketOwner::ThisAccount,
            Owned::Elsewhere => BucketOwner::AnotherAccount,
            Owned::Gone => return false,
        };
        let to = settings.record_destinations.bucket(&subject.place, &it.bucket, owner, &it.prefix);
        let records = it.logging && account.delivery_error(arn, it).is_none() && it.selectors.takes_all_writes();
        it.multi_region && it.bucket != *name && to.is_wanted() && records
    });
    Uses {
        trails: trails.collect(),
        channels: channels.collect(),
        sources,
        recorded_elsewhere: recorded.map(|(arn, _)| arn.clone()).collect(),
        ..Uses::default()
    }
}

fn ownership(account: &AwsAccount, name: &str, uses: &Uses) -> Ownership {
    match account.buckets.get(name) {
        None => Ownership::Gone,
        Some(it) if it.owner != ACCOUNT => Ownership::OtherAccount,
        Some(it) => {
            let mut config = it.config.clone();
            let listed = uses.searched_prefixes().into_iter().map(|prefix| (prefix.to_owned(), vec![]));
            config.keys = Seen::Present(listed.collect());
            Ownership::ThisAccount(Box::new(config))
        }
    }
}
