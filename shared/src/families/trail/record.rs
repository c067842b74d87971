//! Whether a trail records the account: everything, without errors, and where the account wants it. Pure.
//!
//! Other families ask it, too: what the last trail that records delivers to is vital to the account.

use super::managed::{MANAGED_BUCKET, MANAGED_TRAIL, managed_bucket};
use crate::documents::selectors::Selectors;
use crate::managed::bucket::name::region_in_name;
use crate::model::{Arn, Place, Region, Seen};
use crate::settings::Settings;
use crate::settings::destinations::{BucketOwner, Destination, RecordDestinations};
use crate::settings::flow_logs::BucketName;

/// Facts by which every trail is judged to cover the account.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// ARN of the trail, which contains its home region and account.
    pub arn: String,
    /// Whether the trail records every region.
    pub multi_region: bool,
    /// Whether the trail is an organization trail.
    pub organization: bool,
    /// Whether the trail is logging.
    pub logging: Seen<bool>,
    /// Event selectors of the trail.
    pub selectors: Seen<Selectors>,
    /// Bucket, prefix and key of the log files.
    pub files: TrailFiles,
    /// Location of the bucket.
    pub bucket: TrailBucket,
    /// Last error from S3 or KMS for a log or digest file that could not be delivered.
    pub delivery_error: Option<String>,
}

/// Destination of a trail's log files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrailFiles {
    /// Name of the bucket.
    pub bucket: String,
    /// Key prefix before `AWSLogs/`; empty if there is none.
    pub prefix: String,
    /// KMS key, as CloudTrail names it.
    pub key_id: Option<String>,
}

/// Location of a trail's bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrailBucket {
    /// The bucket is in this account, in this region.
    TrailResources(Region),
    /// The bucket is in another account.
    OtherAccount,
    /// We may neither access the bucket nor list the account's own.
    Closed,
    /// The bucket does not exist.
    Gone,
    /// The bucket was not located.
    NotAsked,
}

/// Judges what trails record, for one account and its settings.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordCheck<'a> {
    place: &'a Place,
    destinations: RecordDestinations,
}

impl<'a> RecordCheck<'a> {
    /// Creates a check for an account, with what its organization trails deliver to.
    #[must_use]
    pub fn of(place: &'a Place, settings: &Settings, organization: &[TrailFiles]) -> Self {
        let mut destinations = settings.record_destinations.clone();
        for TrailFiles { bucket, prefix: _, key_id } in organization {
            destinations.add_organization_trail(bucket, key_id.as_deref());
        }
        Self { place, destinations }
    }

    /// Returns whether the trail records all that happens in the account, reads and writes.
    #[must_use]
    pub fn covers(&self, facts: &Facts) -> bool {
        facts.is_whole() && self.is_wanted(facts)
    }

    /// Returns whether the trail is known to record who changes what: every region and all write events, delivered
    /// without errors, to a bucket and with a key that the account wants. As long as one does, the record goes on.
    #[must_use]
    pub fn records(&self, facts: &Facts) -> bool {
        let takes_writes = facts.selectors.present().is_some_and(Selectors::takes_all_writes);
        facts.multi_region && takes_writes && facts.delivers() && self.is_wanted(facts)
    }

    /// Returns whether the trail is known to record some management events, at a destination that is wanted or, if
    /// `asked` counts, that nobody has refused yet.
    #[must_use]
    pub fn records_some(&self, facts: &Facts, asked: bool) -> bool {
        let takes_some = facts.selectors.present().is_some_and(Selectors::takes_management);
        takes_some && facts.delivers() && (self.is_wanted(facts) || asked && self.is_asked_about(facts))
    }

    /// Returns whether the trail would cover the account if its destination were wanted, which nobody has said yet.
    #[must_use]
    pub fn may_cover(&self, facts: &Facts) -> bool {
        facts.is_whole() && self.is_asked_about(facts)
    }

    /// Returns whether bucket and key are wanted.
    #[must_use]
    pub fn is_wanted(&self, facts: &Facts) -> bool {
        self.bucket(facts).is_wanted() && self.key(&facts.files).is_wanted()
    }

    /// Returns whether the settings leave it open whether the destination is wanted.
    fn is_asked_about(&self, facts: &Facts) -> bool {
        let found = [self.bucket(facts), self.key(&facts.files)];
        found.contains(&Destination::Unknown) && !found.contains(&Destination::Elsewhere)
            || found.contains(&Destination::Elsewhere) && !self.destinations.is_set()
    }

    /// Returns whether the record may go to the trail's bucket, under its prefix.
    #[must_use]
    pub fn bucket(&self, facts: &Facts) -> Destination {
        let owner = match facts.bucket {
            TrailBucket::TrailResources(_) => BucketOwner::ThisAccount,
            TrailBucket::OtherAccount => BucketOwner::AnotherAccount,
            TrailBucket::Closed | TrailBucket::Gone | TrailBucket::NotAsked => BucketOwner::Unknown,
        };
        self.destinations.bucket(self.place, &facts.files.bucket, owner, &facts.files.prefix)
    }

    /// Returns whether the record may be encrypted with the trail's key. Without one, it may.
    #[must_use]
    pub fn key(&self, files: &TrailFiles) -> Destination {
        files.key_id.as_ref().map_or(Destination::Own, |id| self.destinations.key(self.place, id))
    }

    /// Returns whether the settings name any destination. If not, those of other accounts are asked about.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.destinations.is_set()
    }

    /// Returns the bucket, with its prefix, that a trail must deliver to instead of one that is not wanted, if that is
    /// known: the same bucket under the prefix that the setting names, our bucket for our trail, or the only bucket that
    /// the setting names.
    #[must_use]
    pub fn rightful(&self, facts: &Facts) -> Option<BucketName> {
        let account = Arn::parse(&facts.arn).map_or("", |arn| arn.account);
        if self.bucket(facts) != Destination::Elsewhere || account != self.place.account {
            return None;
        }
        let ours = || {
            let home = Place { region: facts.home()?, ..self.place.clone() };
            let ours = BucketName { name: managed_bucket(&home), prefix: String::new() };
            (facts.name() == MANAGED_TRAIL).then_some(ours)
        };
        let same = self.destinations.named_alone(&facts.files.bucket).cloned();
        same.or_else(ours).or_else(|| self.destinations.only_bucket().cloned())
    }

    /// Returns why we never change the trail, if so.
    #[must_use]
    pub fn closed(&self, facts: &Facts) -> Option<String> {
        let account = Arn::parse(&facts.arn).map_or("", |arn| arn.account);
        if account != self.place.account {
            return Some(format!(
                "it is an organization trail of account {account}, and only that account can change it"
            ));
        }
        match (&facts.bucket, &facts.delivery_error) {
            (TrailBucket::TrailResources(_) | TrailBucket::NotAsked, _) => None,
            (TrailBucket::Gone, _) => {
                Some("its bucket does not exist, so CloudTrail rejects every change to the trail".to_owned())
            }
            (TrailBucket::OtherAccount | TrailBucket::Closed, _) if self.rightful(facts).is_some() => None,
            (TrailBucket::OtherAccount | TrailBucket::Closed, None) if self.bucket(facts) == Destination::Named => None,
            (TrailBucket::OtherAccount | TrailBucket::Closed, _) => Some(
                "its bucket belongs to another account or cannot be read, so Trailkeeper leaves the trail alone".into(),
            ),
        }
    }
}

impl Facts {
    /// Has the trail deliver to another bucket or prefix: the effect of `UpdateTrail`.
    pub(super) fn deliver_to(&mut self, to: &BucketName) {
        let home = self.home();
        if to.name != self.files.bucket {
            // Only our own bucket is known to be in the home region.
            let account = Arn::parse(&self.arn).map_or("", |arn| arn.account);
            let ours = home.filter(|home| region_in_name(MANAGED_BUCKET, account, &to.name).as_ref() == Some(home));
            self.bucket = ours.map_or(TrailBucket::NotAsked, TrailBucket::TrailResources);
        }
        self.files.bucket.clone_from(&to.name);
        to.prefix.trim_end_matches('/').clone_into(&mut self.files.prefix);
    }

    /// Returns the name of the trail.
    #[must_use]
    pub fn name(&self) -> &str {
        Arn::parse(&self.arn).map_or(self.arn.as_str(), |arn| arn.name())
    }

    /// Returns the home region, the only one in which the trail can be changed.
    #[must_use]
    pub fn home(&self) -> Option<Region> {
        Region::of_arn(&self.arn)
    }

    /// Returns whether the trail is logging and, by CloudTrail's own word, delivers ([GetTrailStatus]). An organization
    /// trail of another account has no such word here.
    ///
    /// [GetTrailStatus]: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html
    #[must_use]
    pub fn delivers(&self) -> bool {
        self.logging == Seen::Present(true) && self.delivery_error.is_none() && self.bucket != TrailBucket::Gone
    }

    /// Returns whether the trail delivers all management events of every region, wherever.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let whole = self.selectors.present().is_some_and(Selectors::takes_all_management);
        self.multi_region && whole && self.delivers()
    }
}
