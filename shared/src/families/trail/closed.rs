//! Trails that are never changed, and the destination that a trail must get back. Pure.

use super::managed::{MANAGED_BUCKET, MANAGED_TRAIL, managed_bucket};
use crate::managed::bucket::name::region_in_name;
use crate::model::Place;
use crate::record::{Facts, RecordCheck, TrailBucket};
use crate::settings::destinations::{Destination, RecordDestinations};
use crate::settings::flow_logs::BucketName;

/// Returns why we never change the trail, if so.
#[must_use]
pub(super) fn closed(check: &RecordCheck<'_>, facts: &Facts) -> Option<String> {
    if let Some(why) = foreign(check, facts) {
        return Some(why);
    }
    match (&facts.bucket, facts.delivery_error()) {
        (TrailBucket::ThisAccount(_) | TrailBucket::NotAsked, _) => None,
        (TrailBucket::Gone, _) => {
            Some("its bucket does not exist, so CloudTrail rejects every change to the trail".to_owned())
        }
        (TrailBucket::OtherAccount | TrailBucket::Closed, _) if rightful(check, facts).is_some() => None,
        (TrailBucket::OtherAccount | TrailBucket::Closed, None) if check.bucket(facts) == Destination::Named => None,
        (TrailBucket::OtherAccount | TrailBucket::Closed, _) => Some(
            "its bucket belongs to another account or cannot be read, so Trailkeeper leaves the trail alone".into(),
        ),
    }
}

/// Returns why a stopped trail is never started, if so. `StartLogging` concerns no bucket ([StartLogging], errors), so
/// whose it is does not matter; a trail into a bucket that the settings refuse may have been stopped for that reason.
///
/// [StartLogging]: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StartLogging.html
#[must_use]
pub(super) fn never_started(check: &RecordCheck<'_>, facts: &Facts) -> Option<String> {
    let refused = check.is_set()
        && !matches!(facts.bucket, TrailBucket::ThisAccount(_))
        && check.bucket(facts) == Destination::Elsewhere
        && rightful(check, facts).is_none();
    let because = || {
        let setting = RecordDestinations::SETTING;
        format!("its bucket belongs to another account, and {setting} does not name it")
    };
    foreign(check, facts).or_else(|| refused.then(because))
}

/// Returns why another account alone may change the trail, if so.
fn foreign(check: &RecordCheck<'_>, facts: &Facts) -> Option<String> {
    let account = facts.account();
    (account != check.place.account)
        .then(|| format!("it is an organization trail of account {account}, and only that account can change it"))
}

/// Returns the bucket, with its prefix, that a trail must deliver to instead of one that is not wanted, if that is
/// known: the same bucket under the prefix that the setting names, our bucket for our trail, or the only bucket that
/// the setting names.
#[must_use]
pub(super) fn rightful(check: &RecordCheck<'_>, facts: &Facts) -> Option<BucketName> {
    if check.bucket(facts) != Destination::Elsewhere || facts.account() != check.place.account {
        return None;
    }
    let ours = || {
        let home = Place { region: facts.home()?, ..check.place.clone() };
        let ours = BucketName { name: managed_bucket(&home), prefix: String::new() };
        (facts.name() == MANAGED_TRAIL).then_some(ours)
    };
    let same = check.destinations.named_alone(&facts.files.bucket).cloned();
    same.or_else(ours).or_else(|| check.destinations.only_bucket().cloned())
}

/// Has the trail deliver to another bucket or prefix: the effect of `UpdateTrail`.
pub(super) fn deliver_to(facts: &mut Facts, to: &BucketName) {
    let home = facts.home();
    if to.name != facts.files.bucket {
        // Only our own bucket is known to be in the home region.
        let ours = home.filter(|home| region_in_name(MANAGED_BUCKET, facts.account(), &to.name).as_ref() == Some(home));
        facts.bucket = ours.map_or(TrailBucket::NotAsked, TrailBucket::ThisAccount);
    }
    facts.files.bucket.clone_from(&to.name);
    to.prefix.trim_end_matches('/').clone_into(&mut facts.files.prefix);
}
