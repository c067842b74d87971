//! Reads of one trail and its dependencies, with as few calls as possible, concurrently where possible.

use super::Trails;
use crate::aws::cloudtrail::files;
use crate::aws::{Located, call};
use crate::event::Dependency;
use crate::exemption::{Tags, tags};
use crate::families::trail::aws::bucket::BucketReads;
use crate::families::trail::closed::{closed, rightful};
use crate::families::trail::controls::{delivery, kms, logging, management_events, multi_region, notification};
use crate::families::trail::managed::{MANAGED_GROUP, MANAGED_TRAIL, managed_role};
use crate::families::trail::view::{TrailResources, TrailState, View};
use crate::families::trail::{Notices, Trail, key, managed};
use crate::family::{Control, Family as _};
use crate::managed::bucket::stranger;
use crate::managed::key::KeyView;
use crate::model::{Arn, CallError, Place, Region, Seen, Subject, Verdict};
use crate::reconcile::ports::{Page, Read};
use crate::record::{Facts, RecordCheck, TrailBucket, TrailFiles};
use aws_sdk_cloudtrail::operation::get_trail_status::GetTrailStatusOutput;
use aws_sdk_cloudtrail::types::{ResourceTag, Trail as Described};
use futures_util::future::{try_join, try_join4};
use serde_json::Value;

impl Read<Trail> for Trails {
    fn begin(&self, _: &str) {
        self.keys.begin();
        self.buckets.forget();
        self.memo.clear();
    }

    /// Lists every trail with its home in the region, and shadows only if their home is not monitored. The function's
    /// own region represents an account without any trail. What a sweep of some regions would miss by that is listed where it
    /// is at home: a trail that covers the region, too, and the account.
    async fn list(&self, place: &Place, using: Option<&Dependency>, _: Option<&str>) -> Result<Page, CallError> {
        if let Some(Dependency::RolePolicies(role)) = using
            && !self.roles.may_serve(role, "cloudtrail.amazonaws.com").await
        {
            return Ok(Page::default());
        }
        self.buckets.expect_many();
        let listed = self.cloudtrail.describe(&place.region).await?;
        let looked_after = |home: &Region| self.settings.regions.as_ref().is_none_or(|it| it.contains(home));
        let missed = |home: &Region| self.settings.swept.as_ref().is_some_and(|it| !it.contains(home));
        let at = |region: Region| Place { region, ..place.clone() };
        let due = listed.iter().filter_map(|trail| {
            let home = trail.home_region().and_then(Region::parse).unwrap_or_else(|| place.region.clone());
            let is_due = using.is_none_or(|dependency| leans(trail, place, dependency));
            if home == place.region || !looked_after(&home) {
                return is_due.then_some((place.clone(), trail));
            }
            (is_due && missed(&home)).then(|| (at(home), trail))
        });
        let mut subjects: Vec<Subject> = due.filter_map(|(place, trail)| subject(&place, trail)).collect();
        let home = &self.settings.home;
        if listed.is_empty() && using.is_none() && (place.region == *home || looked_after(home) && missed(home)) {
            subjects.push(Trail::subject(at(home.clone()), MANAGED_TRAIL));
        }
        Ok(subjects.into())
    }

    async fn observe(&self, subject: &Subject) -> Result<Option<View>, CallError> {
        let place = &subject.place;
        let (listed, status) = self.look(subject).await?;
        let organization: Vec<TrailFiles> =
            listed.iter().filter(|it| it.is_organization_trail() == Some(true)).map(files).collect();
        let check = RecordCheck::of(place, &self.settings, &organization);
        let (trail, managed) = match listed.iter().find(|it| it.trail_arn() == Some(&subject.arn)) {
            Some(described) => Box::pin(self.existing(&check, place, described, status)).await?,
            None => (TrailState::missing(subject), TrailResources::default()),
        };
        // A trail that is not logging may be exempt only if another one is.
        let silent = trail.facts.logging != Seen::Present(true) && self.is_on(&logging::CONTROL);
        let account = silent || self.is_on(&multi_region::CONTROL) || self.is_on(&management_events::CONTROL);
        let covered = trail.exists && check.covers(&trail.facts);
        let has_key = trail.facts.files.key_id.is_some();
        let mut view = View { trail, others: Seen::Present(vec![]), organization, managed };
        // A key or bucket that ends the record may be exempt only if another trail goes on.
        let ends = |control: &Control<Trail>| {
            let found = || (control.judge)(&view, subject, &self.settings);
            self.is_on(control) && matches!(found(), Verdict::Violation { .. })
        };
        let ended = view.trail.exists && (ends(&delivery::CONTROL) || has_key && ends(&kms::CONTROL));
        if account && !covered || ended {
            let check = RecordCheck::of(place, &self.settings, &view.organization);
            // A trail that covers the account as soon as it logs comes before all that do not cover every region, and those that
            // do are listed here: no other region is asked before it is started.
            let facts = &view.trail.facts;
            let started = Facts { logging: Seen::Present(true), ..facts.clone() };
            let near = view.trail.exists && check.covers(&started) && closed(&check, facts).is_none();
            view.others = Box::pin(self.others(place, &listed, &subject.arn, &check, near)).await?;
        }
        if crate::families::trail::judged::is_to_be_made(&view, subject, &self.settings) {
            view.managed = Box::pin(self.foundations(place, &subject.arn)).await?;
            view.trail.facts.files.bucket.clone_from(&view.managed.name);
        }
        Ok(Some(view))
    }

    /// Another account's trail has no tags that we may read.
    async fn tags(&self, subject: &Subject, view: &View) -> Result<Seen<Tags>, CallError> {
        let arn = Arn::parse(&subject.arn).filter(|arn| view.trail.exists && arn.account == subject.place.account);
        let Some(home) = arn.and_then(|arn| Region::parse(arn.region)) else { return Ok(Seen::Absent) };
        let sent = self.cloudtrail.of(&home).list_tags().resource_id_list(&subject.arn).send();
        let answer = Box::pin(call("cloudtrail:ListTags", sent)).await;
        Seen::from_call(answer.map(|it| {
            let all = it.resource_tag_list().iter().flat_map(ResourceTag::tags_list);
            tags(all.map(|tag| (tag.key(), tag.value().unwrap_or_default())))
        }))
    }
}

impl Trails {
    /// Returns the trails of the region, and the status of this one if it is known to exist.
    async fn look(&self, subject: &Subject) -> Result<(Vec<Described>, Option<Seen<GetTrailStatusOutput>>), CallError> {
        let region = &subject.place.region;
        if !self.memo.knows(&subject.arn) {
            return Ok((self.cloudtrail.describe(region).await?, None));
        }
        let (listed, status) =
            try_join(self.cloudtrail.describe(region), self.cloudtrail.status(region, &subject.arn)).await?;
        Ok((listed, Some(status)))
    }

    async fn existing(
        &self,
        check: &RecordCheck<'_>,
        place: &Place,
        trail: &Described,
        status: Option<Seen<GetTrailStatusOutput>>,
    ) -> Result<(TrailState, TrailResources), CallError> {
        let arn = trail.trail_arn().unwrap_or_default();
        let files = files(trail);
        // A key that is not wanted is replaced, as if there were none.
        let key_id = files.key_id.as_deref().filter(|_| check.key(&files).is_wanted());
        let to_encrypt = self.is_on(&kms::CONTROL) && key_id.is_none();
        let bucket = files.bucket.as_str();
        let elsewhere = to_encrypt && self.is_elsewhere(place, bucket).await?;
        let (mut facts, (located, mut bucket_reads), (key, managed_key), (logs, group, (role, role_taken))) =
            Box::pin(try_join4(
                self.facts(place, trail, status),
                self.bucket(place, bucket, to_encrypt),
                self.key(place, key_id, arn, elsewhere),
                self.logs_of(place, trail),
            ))
            .await?;
        facts.bucket = located;
        let topic = trail.sns_topic_arn().filter(|arn| !arn.is_empty());
        let notices = self.notices_if_on(place, topic, arn).await?;
        let mut managed =
            TrailResources { key: managed_key, group, role, role_taken, notices, ..TrailResources::default() };
        let region = if let TrailBucket::ThisAccount(region) = &facts.bucket { Some(region) } else { None };
        if let Some(region) = region.filter(|_| self.is_on(&kms::CONTROL) && key == Seen::Absent) {
            // What was read along with the rest was for the trail's own region, where most buckets are.
            if managed.key == Seen::NotAsked || *region != place.region {
                managed.key = self.keys.managed(region, &key::managed_key(place)).await?;
            }
            if bucket_reads.policy == Seen::NotAsked {
                bucket_reads = self.reads(place, region, bucket).await?;
            }
        }
        let BucketReads { policy, replication } = bucket_reads;
        (managed.bucket_policy, managed.replication) = (policy, replication);
        if rightful(check, &facts).is_some_and(|to| to.name == managed::managed_bucket(place)) {
            (managed.name, managed.bucket, managed.passed) = self.foundation(place).await?;
        }
        let trail = TrailState {
            exists: true,
            facts,
            validation: trail.log_file_validation_enabled().unwrap_or_default(),
            key,
            logs,
            topic: topic.map(str::to_owned),
        };
        Ok((trail, managed))
    }

    /// Reads the trail's key; if there is none, ours in the trail's region, unless the bucket is known to be elsewhere.
    async fn key(
        &self,
        place: &Place,
        id: Option<&str>,
        arn: &str,
        elsewhere: bool,
    ) -> Result<(Seen<KeyView>, Seen<KeyView>), CallError> {
        match id {
            _ if !self.is_on(&kms::CONTROL) => Ok((Seen::NotAsked, Seen::NotAsked)),
            // What other accounts own is out of reach, whatever the call would say.
            Some(id) if Arn::parse(id).is_some_and(|arn| arn.account != place.account) => {
                Ok((Seen::Unreadable("kms:DescribeKey"), Seen::NotAsked))
            }
            Some(id) => {
                let (wanted, need) = (key::managed_key(place), key::need(place, arn));
                Ok((self.keys.used(&place.region, id, &wanted, &need).await?, Seen::NotAsked))
            }
            None if elsewhere => Ok((Seen::Absent, Seen::NotAsked)),
            None => {
                let wanted = key::managed_key(place);
                Ok((Seen::Absent, self.keys.managed(&place.region, &wanted).await?))
            }
        }
    }

    async fn notices_if_on(
        &self,
        place: &Place,
        topic: Option<&str>,
        trail: &str,
    ) -> Result<Option<Notices>, CallError> {
        if !self.is_on(&notification::CONTROL) {
            return Ok(None);
        }
        Box::pin(self.notices(place, topic, trail)).await.map(Some)
    }

    /// Reads what the account's first trail would be built on.
    async fn foundations(&self, place: &Place, trail: &str) -> Result<TrailResources, CallError> {
        let managed = managed_role(place, MANAGED_GROUP, None);
        let ((name, bucket, passed), key, group, (role, role_taken)) = Box::pin(try_join4(
            self.foundation(place),
            self.keys.managed(&place.region, &key::managed_key(place)),
            self.groups.find(&place.region, MANAGED_GROUP),
            self.roles.ours(place, &managed),
        ))
        .await?;
        let notices = self.notices_if_on(place, None, trail).await?;
        // A bucket that is there already may be replicated, which a key could end.
        let replication = match &bucket {
            Seen::Present(policy) if self.is_on(&kms::CONTROL) && policy.known().is_ok() => {
                Box::pin(self.reads(place, &place.region, &name)).await?.replication
            }
            _ => Seen::NotAsked,
        };
        Ok(TrailResources {
            key,
            replication,
            group,
            role,
            role_taken,
            name,
            bucket,
            passed,
            notices,
            ..TrailResources::default()
        })
    }

    /// Finds the bucket of the account's first trail: the first of our names that is free or ours, with its policy, and
    /// why earlier ones are not used.
    async fn foundation(&self, place: &Place) -> Result<(String, Seen<Seen<Value>>, Vec<String>), CallError> {
        let mut passed = Vec::new();
        for name in managed::managed_buckets(place) {
            let mut located = Box::pin(self.buckets.locate(place, &name)).await?;
            // What was deleted may still be listed, and this one is about to be built on.
            if located == Located::ThisAccount(place.region.clone()) && self.buckets.gone(&name) {
                located = Box::pin(self.buckets.locate(place, &name)).await?;
            }
            let why = match located {
                Located::Gone => return Ok((name, Seen::Absent, passed)),
                Located::Closed => return Ok((name, Seen::Unreadable("s3:ListBucket"), passed)),
                Located::OtherAccount => Some(format!("bucket {name} belongs to another account")),
                Located::ThisAccount(region) if region != place.region => {
                    Some(format!("bucket {name} is in another region"))
                }
                Located::ThisAccount(region) => {
                    let at = self.buckets.at(place, &region, &name);
                    let (policy, expires) = Box::pin(try_join(at.policy(), at.expires())).await?;
                    match stranger(&name, &place.account, &policy, &expires) {
                        Ok(Some(why)) => Some(why),
                        Ok(None) => return Ok((name, Seen::Present(policy), passed)),
                        Err(_) if policy.known().is_err() => return Ok((name, Seen::Present(policy), passed)),
                        Err(_) => {
                            return Ok((name, Seen::Unreadable("s3:GetLifecycleConfiguration"), passed));
                        }
                    }
                }
            };
            passed.extend(why);
        }
        Ok((managed::managed_bucket(place), Seen::Unreadable("s3:ListBucket"), passed))
    }
}

/// Returns a trail as a subject, by its own name; an organization trail of another account by its ARN.
fn subject(place: &Place, trail: &Described) -> Option<Subject> {
    let arn = trail.trail_arn()?;
    let parts = Arn::parse(arn)?;
    let home = Region::parse(parts.region).unwrap_or_else(|| place.region.clone());
    let managed = parts.account == place.account && home == place.region;
    Some(Trail::subject(place.clone(), if managed { parts.name() } else { arn }))
}

fn leans(trail: &Described, place: &Place, dependency: &Dependency) -> bool {
    match dependency {
        Dependency::Role(name) | Dependency::RolePolicies(name) => {
            let role = trail.cloud_watch_logs_role_arn().and_then(Arn::parse);
            role.is_some_and(|role| role.name().eq_ignore_ascii_case(name))
        }
        Dependency::Policy(_) => trail.cloud_watch_logs_role_arn().is_some(),
        Dependency::Key(arn) => trail.kms_key_id() == Some(arn),
        Dependency::LogGroup(name) => {
            let group = trail.cloud_watch_logs_log_group_arn().and_then(|arn| managed::group_name(place, arn));
            group == Some(name)
        }
    }
}
