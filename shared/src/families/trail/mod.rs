//! Trail family: CloudTrail trails, and what they depend on.

#[cfg(feature = "trail")]
pub(crate) mod aws;
mod change;
mod closed;
mod controls;
mod coverage;
mod encryptable;
mod group_calls;
mod judged;
mod key;
mod managed;
mod notices;

mod step;
mod strangers;
mod tests;
mod view;
mod watch;

pub use crate::documents::selectors::Selectors;
#[cfg(feature = "trail")]
pub use aws::Trails;
pub use change::{Change, KeyChoice};
pub use encryptable::ReplicationRule;
pub use managed::{MANAGED_GROUP, MANAGED_KEY, MANAGED_ROLE, MANAGED_ROLES, MANAGED_TRAIL};
pub use notices::step::NoticeStep;
pub use notices::{MANAGED_NOTICES_KEY, MANAGED_TOPIC, Notices};
pub use step::{Step, TrailStep};
pub use view::View;

use crate::event::{ApiCall, Watch};
use crate::family::{Control, Family, Harm, Tell};
use crate::model::{Place, Subject};
use crate::record::RecordCheck;
use crate::settings::Settings;

/// Family of CloudTrail trails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trail;

impl Family for Trail {
    const NAME: &'static str = "trail";
    type View = View;
    type Step = Step;
    const CONTROLS: &'static [Control<Self>] = &[
        controls::multi_region::CONTROL,
        controls::logging::CONTROL,
        controls::management_events::CONTROL,
        controls::delivery::CONTROL,
        controls::validation::CONTROL,
        controls::kms::CONTROL,
        controls::cloudwatch_logs::CONTROL,
        controls::notification::CONTROL,
    ];
    const WATCHES: &'static [Watch] = watch::WATCHES;
    const TELLS: &'static [Tell] = watch::TELLS;
    const OWN_CALLS: &'static [&'static str] = watch::OWN_CALLS;
    const VITAL: bool = true;
    const ALWAYS: &'static [&'static str] = &[controls::logging::CONTROL.about.id];
    const TELLS_SETTINGS: bool = true;

    /// Returns the ARN of a trail. An organization trail has its ARN as id, which names another account.
    fn arn(place: &Place, id: &str) -> String {
        if id.starts_with("arn:") {
            return id.to_owned();
        }
        format!("arn:{}:cloudtrail:{}:{}:trail/{id}", place.partition, place.region, place.account)
    }

    fn sets_what_we_set(call: &ApiCall, place: &Place, settings: &Settings) -> bool {
        watch::sets_what_we_set(call, place, settings)
    }

    /// Returns why a control is vital, if so: nothing may exempt what would leave the account without a trail that
    /// records and delivers where the account wants it.
    fn vital(control: &str, view: &View, subject: &Subject, settings: &Settings) -> Option<String> {
        let check = RecordCheck::of(&subject.place, settings, &view.organization);
        let record = [
            &controls::multi_region::CONTROL,
            &controls::logging::CONTROL,
            &controls::management_events::CONTROL,
            &controls::delivery::CONTROL,
        ];
        let ends_it = record.iter().any(|it| it.about.id == control) && !coverage::is_recorded(view, &check);
        // What is wrong with its key ends the record even before CloudTrail says so.
        let by_key = control == controls::kms::CONTROL.about.id && view.trail.facts.files.key_id.is_some();
        (ends_it || by_key && !coverage::is_recorded_by_another(view, &check))
            .then(|| "no other trail is known to record the account's write events where they are wanted".to_owned())
    }

    /// Returns the harm of a key that stops CloudTrail from delivering: it is removed again.
    fn harm(before: &View, after: &View) -> Option<Harm<Step>> {
        let error = after.trail.facts.delivery_error().filter(|_| before.trail.facts.delivery_error().is_none())?;
        let set = after
            .trail
            .facts
            .files
            .key_id
            .as_ref()
            .filter(|set| before.trail.facts.files.key_id.as_ref() != Some(set))?;
        let key = KeyChoice::of(before.trail.facts.files.key_id.as_deref().unwrap_or_default());
        let change = Change { key: Some(key), ..Change::default() };
        Some(Harm {
            control: controls::kms::CONTROL.about.id,
            because: format!("CloudTrail could not deliver with key {set} ({error})"),
            undo: Step::Trail(TrailStep::Update {
                trail: after.trail.facts.arn.clone(),
                replaces: change.of(&after.trail),
                change,
            }),
        })
    }
}
