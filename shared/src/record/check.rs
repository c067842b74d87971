//! Whether a trail records the account: everything, without errors, and where the account wants it. Pure.

use super::facts::{Facts, TrailBucket, TrailFiles};
use crate::documents::selectors::Selectors;
use crate::model::Place;
use crate::settings::Settings;
use crate::settings::destinations::{BucketOwner, Destination, RecordDestinations};

/// Judges what trails record, for one account and its settings.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordCheck<'a> {
    /// Account, and region in which it was looked at.
    pub place: &'a Place,
    /// Destinations that the account wants.
    pub destinations: RecordDestinations,
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

    /// Returns whether the trail records who changes what: every region and all write events, logging and without known
    /// errors, to a bucket and with a key that the account wants, where files have arrived by CloudTrail's own word. If the
    /// settings name buckets, no other bucket of the account is wanted for this. As long as one does, the record goes on. An
    /// organization trail of another account counts even if CloudTrail does not say here whether it delivers: nobody in
    /// this account can change that.
    #[must_use]
    pub fn records(&self, facts: &Facts) -> bool {
        let takes_writes = facts.selectors.present().is_some_and(Selectors::takes_all_writes);
        let beside = self.destinations.names_buckets() && self.bucket(facts) == Destination::Own;
        let arrives = facts.is_not_known_to_fail() && facts.has_delivered();
        facts.multi_region && takes_writes && arrives && self.is_wanted(facts) && !beside
    }

    /// Returns whether the trail is known to record some management events at a destination that is wanted or, if `asked`
    /// counts, all write events of every region at one that nobody has refused yet: a blinded trail to a stranger records
    /// nothing that anybody could ask about.
    #[must_use]
    pub fn records_some(&self, facts: &Facts, asked: bool) -> bool {
        let takes = |enough: fn(&Selectors) -> bool| facts.selectors.present().is_some_and(enough);
        let some = takes(Selectors::takes_management) && facts.is_not_known_to_fail() && self.is_wanted(facts);
        let whole = facts.multi_region && takes(Selectors::takes_all_writes) && facts.delivers();
        some || asked && whole && self.is_asked_about(facts)
    }

    /// Returns whether the trail would cover the account if its destination were wanted, which nobody has said yet.
    #[must_use]
    pub fn may_cover(&self, facts: &Facts) -> bool {
        facts.is_whole() && self.is_asked_about(facts)
    }

    /// Returns whether the trail covers the account, unless its deliveries fail, of which CloudTrail says nothing here.
    #[must_use]
    pub fn covers_untold(&self, facts: &Facts) -> bool {
        facts.errors.is_none() && facts.takes_everything() && facts.is_not_known_to_fail() && self.is_wanted(facts)
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
            TrailBucket::ThisAccount(_) => BucketOwner::ThisAccount,
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
}
