//! Log buckets on AWS: listing and reading them, and the calls of the steps.

mod config;
mod keys;
pub(crate) mod notifications;
mod reported;
pub(crate) mod rules;
mod trails;
mod write;

use super::Bucket;
use super::controls::access_logging;
use super::parts::{Part, of_log_bucket};
use super::strangers::LogBucketNames;
use super::target;
use super::uses::{DeniedCall, LoggingSource, Uses};
use super::view::{BucketConfig, DefaultKey, Encryption, Ownership, Replica, ReplicaOwner, View};
use crate::aws::{Aws, Buckets, Connected, Located, organization_id};
use crate::documents::principals::account_of;
use crate::event::Dependency;
use crate::exemption::Tags;
use crate::family::Family as _;
use crate::managed::bucket::name::{is_bucket_name, is_managed_target};
use crate::model::{CallError, ErrorKind, Place, Region, Seen, Subject, Unread, Verdict};
use crate::reconcile::ports::{Page, Read};
use crate::record::{Facts, RecordCheck, TrailBucket};
use crate::settings::{Mode, Settings};
use chrono::{DateTime, Utc};
use futures_util::future::{join_all, try_join_all};
use keys::DefaultKeys;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use trails::DeliveryIndex;

/// Log buckets of the account.
#[derive(Debug)]
pub struct LogBuckets {
    organizations: aws_sdk_organizations::Client,
    buckets: Buckets,
    keys: DefaultKeys,
    trails: DeliveryIndex,
    settings: Settings,
    /// Locations of buckets found during this event, each used once: a bucket that is read again is located again.
    located: RefCell<BTreeMap<String, Located>>,
    /// Whose the buckets found during this event are, and where: that does not change.
    found: RefCell<BTreeMap<String, Located>>,
    /// Log buckets as an earlier event has read them.
    known: RefCell<Option<LogBucketNames>>,
    /// Time since which this event reads.
    began: Cell<DateTime<Utc>>,
    /// Time by which the calls of this event were made, if it is no sweep.
    called: Cell<Option<DateTime<Utc>>>,
}

impl Connected for Bucket {
    type Io = LogBuckets;

    fn connect(aws: &Aws, settings: &Settings) -> LogBuckets {
        LogBuckets {
            organizations: aws_sdk_organizations::Client::new(aws.config()),
            buckets: Buckets::new(aws),
            keys: DefaultKeys::new(aws),
            trails: DeliveryIndex::new(aws, settings),
            settings: settings.clone(),
            located: RefCell::default(),
            found: RefCell::default(),
            known: RefCell::default(),
            began: Cell::default(),
            called: Cell::default(),
        }
    }
}

impl Read<Bucket> for LogBuckets {
    fn begin(&self, _: &str) {
        self.trails.forget();
        self.buckets.forget();
        self.located.borrow_mut().clear();
        self.found.borrow_mut().clear();
        self.began.set(Utc::now());
        self.called.set(None);
    }

    fn calls_were_made_by(&self, time: DateTime<Utc>) {
        self.called.set(Some(time));
    }

    /// Lists the buckets that the region's trails and channel deliver to, wherever they are, and the targets of their
    /// access logs; and the buckets of the region that the settings name.
    ///
    /// If a key has changed, only those whose default encryption may use it.
    async fn list(&self, place: &Place, using: Option<&Dependency>, _: Option<&str>) -> Result<Page, CallError> {
        let found = self.trails.of(&place.region).await?;
        let names = found.buckets();
        if let Some(closed) = &found.closed {
            return Err(closed.clone());
        }
        // If a bucket was found, anything that could not be read is reported when that bucket is judged.
        if let (true, Some(unread)) = (names.is_empty(), found.unread.first()) {
            return Err(denied(unread.action));
        }
        self.buckets.expect_many();
        let each = names.iter().map(|name| self.with_target(place, name));
        let mut subjects: Vec<Subject> = try_join_all(each).await?.into_iter().flatten().collect();
        let targets = self.settings.access.targets.iter().map(|name| self.named(place, name));
        subjects.extend(try_join_all(targets).await?.into_iter().flatten());
        // Another account looks after its own bucket.
        if let Some(bucket) = &self.settings.flow_logs.bucket
            && self.find(place, &bucket.name).await? == Located::ThisAccount(place.region.clone())
        {
            let subject = Bucket::subject(place.clone(), &bucket.name);
            if !subjects.contains(&subject) {
                subjects.push(subject);
            }
        }
        match using {
            None => Ok(subjects.into()),
            Some(Dependency::Key(key)) => Ok(self.encrypted_with(key, subjects).await?.into()),
            Some(_) => Ok(Vec::<Subject>::new().into()),
        }
    }

    async fn locate(&self, place: &Place, id: &str) -> Result<Option<Region>, CallError> {
        let located = self.find(place, id).await?;
        Ok(if let Located::ThisAccount(region) = located { Some(region) } else { None })
    }

    /// Reads a bucket. A bucket that is not a log bucket is recognized without reading it: first by the trails and
    /// channels of all regions, since any may deliver here and a policy is complete only with the statements for all of
    /// them; then by the configuration of the few log buckets, whose access logs may go here. A target with our name
    /// needs only the first.
    async fn observe(&self, subject: &Subject) -> Result<Option<View>, CallError> {
        let (place, name) = (&subject.place, subject.id.as_str());
        let named = self.settings.access.targets.contains(name);
        let flow_logs = self.settings.flow_logs.bucket.as_ref().filter(|it| it.name == name);
        if !named && flow_logs.is_none() && !is_managed_target(name) && self.is_stranger(subject).await? {
            return Ok(Some(View { uses: Uses::default(), buckets: BTreeMap::new() }));
        }
        let everywhere = self.trails.everywhere().await?;
        let mut uses = everywhere.uses(name);
        uses.named = named;
        uses.flow_logs = flow_logs.map(|it| it.prefix.clone());
        let of_flow_logs = self.settings.flow_logs.bucket.iter().map(|it| it.name.clone());
        let log_buckets: Vec<String> = everywhere.buckets().into_iter().chain(of_flow_logs).collect();
        if everywhere.is_whole() {
            let all = log_buckets.iter().cloned().collect();
            self.known.replace(Some(LogBucketNames { since: self.began.get(), names: all }));
        }
        if !is_managed_target(name) {
            uses.sources = self.sources(place, name, &log_buckets).await?;
        }
        let mut view = View { uses, buckets: BTreeMap::new() };
        if !view.is_log_bucket(name) {
            return Ok(Some(view));
        }
        let known = self.located.borrow_mut().remove(name);
        let located = match known {
            Some(located) => located,
            None => self.buckets.locate(place, name).await?,
        };
        if located == Located::Gone && is_managed_target(name) {
            view.uses.sources = self.sources(place, name, &log_buckets).await?;
        }
        if located == Located::Gone && !view.uses.is_delivered_to() {
            return Ok(None);
        }
        if view.uses.receives_trail() {
            self.ask_elsewhere(place, name, &everywhere, &mut view.uses).await?;
        }
        if view.uses.receives_trail() && matches!(located, Located::OtherAccount | Located::Closed) {
            view.uses.reported = Box::pin(self.trails.reported(place, &view.uses)).await?;
        }
        let parts = of_log_bucket(&self.settings, &view.uses, name);
        let (late, first): (Vec<Part>, Vec<Part>) = parts.into_iter().partition(|part| part.is_late());
        let ownership = self.ownership(place, name, located, &first, &view.uses).await?;
        // It was deleted, and is still listed.
        if matches!(ownership, Ownership::Gone) && self.buckets.gone(name) {
            self.found.borrow_mut().remove(name);
            return Box::pin(self.observe(subject)).await;
        }
        view.buckets.insert(name.to_owned(), ownership);
        if self.settings.organization.is_none() && view.needs_organization(name) {
            view.uses.organization = organization_id(&self.organizations).await?;
        }
        self.targets(subject, &mut view).await?;
        if !late.is_empty() && is_open(&view, subject, &self.settings) {
            let uses = view.uses.clone();
            if let Some(Ownership::ThisAccount(config)) = view.buckets.get_mut(name) {
                let bucket = self.buckets.at(place, &config.region, name);
                let read: BucketConfig = Box::pin(bucket.read(config.region.clone(), &late, &uses)).await?;
                (config.website, config.keys) = (read.website, read.keys);
            }
            self.targets(subject, &mut view).await?;
        }
        Ok(Some(view))
    }

    /// Only buckets of our account have readable tags.
    async fn tags(&self, subject: &Subject, view: &View) -> Result<Seen<Tags>, CallError> {
        let Some(Ownership::ThisAccount(config)) = view.buckets.get(&subject.id) else { return Ok(Seen::Absent) };
        self.buckets.at(&subject.place, &config.region, &subject.id).tags().await
    }
}

impl LogBuckets {
    /// Reads the buckets that a bucket's access logs go to, or could go to, as far as its verdict depends on them.
    async fn targets(&self, subject: &Subject, view: &mut View) -> Result<(), CallError> {
        let place = &subject.place;
        while let Some(target) = access_logging::looks_for(view, subject, &self.settings) {
            let located = self.buckets.locate(place, &target).await?;
            let parts = target::reads(place, &target);
            let ownership = self.ownership(place, &target, located, parts, &Uses::default()).await?;
            if matches!(ownership, Ownership::Gone) {
                self.buckets.gone(&target);
            }
            view.buckets.insert(target, ownership);
        }
        Ok(())
    }

    /// Reads a bucket if it belongs to our account and is still there.
    async fn ownership(
        &self,
        place: &Place,
        name: &str,
        located: Located,
        parts: &[Part],
        uses: &Uses,
    ) -> Result<Ownership, CallError> {
        match self.configured(place, name, located, parts, uses).await {
            Err(error) if error.kind == ErrorKind::Gone => Ok(Ownership::Gone),
            read => read,
        }
    }

    async fn configured(
        &self,
        place: &Place,
        name: &str,
        located: Located,
        parts: &[Part],
        uses: &Uses,
    ) -> Result<Ownership, CallError> {
        Ok(match located {
            Located::Gone => Ownership::Gone,
            Located::OtherAccount => Ownership::OtherAccount,
            Located::Closed => Ownership::Closed,
            Located::ThisAccount(region) => {
                let bucket = self.buckets.at(place, &region, name);
                // The futures of fourteen calls are large.
                let mut config: BucketConfig = Box::pin(bucket.read(region, parts, uses)).await?;
                if parts.contains(&Part::DefaultKey) {
                    config.default_key = self.default_key(place, &config).await?;
                }
                if let Seen::Present(replicas) = &mut config.replicas {
                    for replica in replicas {
                        replica.owner = self.owner(place, replica).await?;
                    }
                }
                Ownership::ThisAccount(Box::new(config))
            }
        })
    }

    /// Reads the key of the default encryption, if the account can have it.
    async fn default_key(&self, place: &Place, config: &BucketConfig) -> Result<Seen<DefaultKey>, CallError> {
        let id = match config.encryption.known() {
            Ok(Some(Encryption::Kms { key: Some(id) })) => id,
            Ok(_) => return Ok(Seen::Absent),
            Err(_) => return Ok(Seen::NotAsked),
        };
        if account_of(id).is_some_and(|account| account != place.account) {
            return Ok(Seen::Absent);
        }
        let region = Region::of_arn(id).unwrap_or_else(|| config.region.clone());
        Box::pin(self.keys.read(&region, id)).await
    }

    /// Returns those of these buckets whose default encryption may use a key.
    async fn encrypted_with(&self, key: &str, subjects: Vec<Subject>) -> Result<Vec<Subject>, CallError> {
        let mut found = Vec::new();
        for subject in subjects {
            let at = self.buckets.at(&subject.place, &subject.place.region, &subject.id);
            let encryption = match Box::pin(at.encryption()).await {
                Ok(encryption) => encryption,
                // A bucket that turns out to be elsewhere, or of another account, is looked after there.
                Err(error) if matches!(error.kind, ErrorKind::Rejected | ErrorKind::Gone) => continue,
                Err(error) => return Err(error),
            };
            let named = encryption.present().and_then(|it| it.kms_master_key_id());
            let may_be = |id: &str| id == key || id.contains("alias/") || key.ends_with(&format!("/{id}"));
            if named.is_some_and(|id| !id.is_empty() && may_be(id)) {
                found.push(subject);
            }
        }
        Ok(found)
    }

    /// Finds out who owns a bucket that files are replicated to.
    async fn owner(&self, place: &Place, replica: &Replica) -> Result<ReplicaOwner, CallError> {
        if !is_bucket_name(&replica.bucket) {
            return Ok(ReplicaOwner::Unknown);
        }
        Ok(match Box::pin(self.buckets.locate(place, &replica.bucket)).await? {
            Located::ThisAccount(_) => ReplicaOwner::ThisAccount,
            Located::OtherAccount => replica.owner.clone(),
            // Nothing arrives in a bucket that does not exist, until anybody creates it.
            Located::Closed | Located::Gone => ReplicaOwner::Unknown,
        })
    }

    /// Finds the trails that record the account in another bucket.
    async fn ask_elsewhere(
        &self,
        place: &Place,
        name: &str,
        everywhere: &trails::Deliveries,
        uses: &mut Uses,
    ) -> Result<(), CallError> {
        let check = RecordCheck::of(place, &self.settings, &everywhere.of_organization());
        for trail in everywhere.multi_region_elsewhere(name) {
            let bucket = match self.find(place, trail.s3_bucket_name().unwrap_or_default()).await? {
                Located::ThisAccount(region) => TrailBucket::ThisAccount(region),
                Located::OtherAccount => TrailBucket::OtherAccount,
                Located::Closed => TrailBucket::Closed,
                Located::Gone => continue,
            };
            let Some(facts) = self.trails.facts(place, trail).await? else { continue };
            let facts = Facts { bucket, ..facts };
            match (facts.unread(), facts.home()) {
                _ if check.records(&facts) => uses.recorded_elsewhere.push(facts.arn),
                (Some(Unread::Denied(action)), Some(region)) if check.is_wanted(&facts) => {
                    uses.unread_elsewhere.push(DeniedCall { action, region });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Locates a bucket, using the location already found during this event.
    async fn find(&self, place: &Place, name: &str) -> Result<Located, CallError> {
        if let Some(located) = self.found.borrow().get(name) {
            return Ok(located.clone());
        }
        let located = self.buckets.locate(place, name).await?;
        self.located.borrow_mut().insert(name.to_owned(), located.clone());
        // Anybody may create it.
        if located != Located::Gone {
            self.found.borrow_mut().insert(name.to_owned(), located.clone());
        }
        Ok(located)
    }

    /// Returns the subjects that a log bucket leads to: the bucket, and the target of its access logs in the same
    /// region.
    async fn with_target(&self, place: &Place, name: &str) -> Result<Vec<Subject>, CallError> {
        let subject = |region: Region, name: &str| Bucket::subject(Place { region, ..place.clone() }, name);
        let Located::ThisAccount(region) = self.find(place, name).await? else {
            return Ok(vec![subject(place.region.clone(), name)]);
        };
        let mut subjects = vec![subject(region.clone(), name)];
        let bucket = self.buckets.at(place, &region, name);
        // A denial is reported by the bucket's own control.
        if let Ok(Seen::Present(logging)) = bucket.logging().await
            && crate::managed::bucket::name::is_bucket_name(&logging.target)
        {
            subjects.push(subject(region, &logging.target));
        }
        Ok(subjects)
    }

    /// Returns the subject of a bucket that the settings name, if this region is responsible: its own, or any if its
    /// region is unknown.
    async fn named(&self, place: &Place, name: &str) -> Result<Option<Subject>, CallError> {
        let elsewhere = match self.find(place, name).await? {
            Located::ThisAccount(region) => region != place.region,
            Located::Gone => true,
            // In an organization the bucket is another account's responsibility, and the other accounts do not report
            // it.
            Located::OtherAccount | Located::Closed => {
                self.settings.organization.is_some() || place.region != self.settings.home
            }
        };
        Ok((!elsewhere).then(|| Bucket::subject(place.clone(), name)))
    }

    /// Returns the log buckets that log into this one. They share its region and account, so only those are queried that
    /// may be there: a bucket that turns out to be elsewhere, or that we may not read, is no source. A denial is reported
    /// when that bucket is judged. What a bucket logs to is asked in its own region, once for all.
    async fn sources(&self, place: &Place, name: &str, buckets: &[String]) -> Result<Vec<LoggingSource>, CallError> {
        let elsewhere = |other: &str| match self.found.borrow().get(other) {
            Some(Located::ThisAccount(region)) => *region != place.region,
            Some(Located::OtherAccount) => true,
            Some(Located::Closed | Located::Gone) | None => false,
        };
        let others = buckets.iter().filter(|other| *other != name && !elsewhere(other));
        let asked = others.map(|other| async move {
            let logging = self.buckets.at(place, &place.region, other).logging().await;
            (other, logging)
        });
        let mut sources = Vec::new();
        for (other, answer) in join_all(asked).await {
            match answer {
                Ok(Seen::Present(logging)) if logging.target == name => {
                    sources.push(LoggingSource { bucket: other.clone(), logging });
                }
                Ok(_) => {}
                Err(error) if matches!(error.kind, ErrorKind::Rejected | ErrorKind::Gone) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(sources)
    }

    /// Returns whether a bucket is known to be none of ours: by what an earlier event has read after the calls of this one, and
    /// since none of the log buckets that it found logs into this one.
    async fn is_stranger(&self, subject: &Subject) -> Result<bool, CallError> {
        let told = |it: &LogBucketNames| {
            self.called.get().is_some_and(|called| it.tell_stranger(&subject.id, called, Utc::now()))
        };
        let Some(known) = self.known.borrow().as_ref().filter(|it| told(it)).cloned() else { return Ok(false) };
        let others: Vec<String> = known.names.into_iter().collect();
        Ok(self.sources(&subject.place, &subject.id, &others).await?.is_empty())
    }
}

/// Returns whether an active control has no verdict yet.
fn is_open(view: &View, subject: &Subject, settings: &Settings) -> bool {
    let on = Bucket::CONTROLS.iter().filter(|control| settings.modes.of(&control.about) != Mode::Off);
    let mut verdicts = on.map(|control| (control.judge)(view, subject, settings));
    verdicts.any(|verdict| matches!(verdict, Verdict::Unknown { .. }))
}

/// Creates an error for a denial that occurred earlier.
fn denied(action: &'static str) -> CallError {
    let message = "which buckets are log buckets could not be read".to_owned();
    CallError { action, kind: ErrorKind::Denied, code: "AccessDenied".to_owned(), message }
}
