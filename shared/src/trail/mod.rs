//! The trail family: `CloudTrail` trails, and what they lean on.

#[cfg(feature = "trail")]
mod aws;
mod change;
mod cloudwatch_logs;
mod keeper;
mod key;
mod kms;
#[cfg(test)]
mod laws;
mod logging;
mod management_events;
mod multi_region;
mod notice_step;
mod notices;
mod notification;
mod ours;
mod selectors;
mod step;
mod validation;
mod view;
mod watch;
#[cfg(test)]
#[cfg(feature = "trail")]
mod wire;

#[cfg(feature = "trail")]
pub use aws::Trails;
pub use change::{Change, KeyChoice};
pub use notice_step::NoticeStep;
pub use notices::{Notices, OUR_NOTICES_KEY, OUR_TOPIC};
pub use ours::{OUR_GROUP, OUR_KEY, OUR_ROLE, OUR_TRAIL};
pub use selectors::Selectors;
pub use step::Step;
pub use view::View;

use crate::model::{About, Control, Family, Harm, Remedy, Subject, Verdict, Watch};
use crate::place::Place;
use crate::settings::Settings;
use keeper::{Keeper, keeper};
use view::Facts;

/// `CloudTrail` trails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trail;

impl Family for Trail {
    const NAME: &'static str = "trail";
    type View = View;
    type Step = Step;
    const CONTROLS: &'static [Control<Self>] = &[
        multi_region::CONTROL,
        logging::CONTROL,
        management_events::CONTROL,
        validation::CONTROL,
        kms::CONTROL,
        cloudwatch_logs::CONTROL,
        notification::CONTROL,
    ];
    const WATCHES: &'static [Watch] = watch::WATCHES;
    const OWN_CALLS: &'static [&'static str] = watch::OWN_CALLS;
    const VITAL: bool = true;

    /// An organization's trail is known by its ARN, which names another account.
    fn arn(place: &Place, id: &str) -> String {
        if id.starts_with("arn:") {
            return id.to_owned();
        }
        format!("arn:{}:cloudtrail:{}:{}:trail/{id}", place.partition, place.region, place.account)
    }

    /// Nothing exempts what would leave the account without a trail that records.
    fn vital(control: &str, view: &View) -> Option<String> {
        let record = [&multi_region::CONTROL, &logging::CONTROL, &management_events::CONTROL];
        let matters = record.iter().any(|it| it.about.id == control) && !keeper::is_recorded(view);
        matters.then(|| "no trail of the account is known to log its management events".to_owned())
    }

    /// A key that keeps `CloudTrail` from delivering is taken off again.
    fn harm(before: &View, after: &View) -> Option<Harm<Step>> {
        let error =
            after.trail.facts.delivery_error.as_ref().filter(|_| before.trail.facts.delivery_error.is_none())?;
        let set = after.trail.key_id.as_ref().filter(|_| before.trail.key_id != after.trail.key_id)?;
        let key = KeyChoice::of(before.trail.key_id.as_deref().unwrap_or_default());
        let change = Change { key: Some(key), ..Change::default() };
        Some(Harm {
            control: kms::CONTROL.about.id,
            because: format!("with key {set} CloudTrail could not deliver ({error})"),
            undo: Step::UpdateTrail { trail: after.trail.facts.arn.clone(), replaces: change.of(&after.trail), change },
        })
    }
}

/// A trail as the controls of single trails judge it.
struct Judged<'a> {
    trail: &'a view::Trail,
    /// The calls that make it, where there is none yet.
    making: Vec<Step>,
}

/// What a control of single trails says, by how it judges one.
///
/// A trail that is yet to be made is judged as well, where the account needs it and the control that makes it may go
/// as far as this one: then all is set up in one go, or, where it cannot be made, not at all.
fn of_trail(
    view: &View,
    subject: &Subject,
    settings: &Settings,
    about: &About,
    judge: impl FnOnce(&Judged<'_>) -> Verdict<Step>,
) -> Verdict<Step> {
    let trail = &view.trail;
    if trail.exists {
        return judge(&Judged { trail, making: vec![] });
    }
    let first = &multi_region::CONTROL;
    let made = is_to_be_made(view, subject, settings) && settings.modes.of(&first.about) >= settings.modes.of(about);
    match made.then(|| (first.judge)(view, subject, settings)) {
        Some(Verdict::Violation { remedy: Remedy::Fix(making), .. }) => judge(&Judged { trail, making }),
        _ => Verdict::NotApplicable { because: "there is no such trail".to_owned() },
    }
}

/// Whether the account has no trail at all, and this is the one that it gets.
fn is_to_be_made(view: &View, subject: &Subject, settings: &Settings) -> bool {
    let named = subject.arn == Trail::arn(&Place { region: settings.home.clone(), ..subject.place.clone() }, OUR_TRAIL);
    named && !view.trail.exists && keeper(view, subject, &settings.home) == Keeper::Nobody
}

/// What a trail says of the account where another one comes nearest to covering it.
fn other(nearest: &Facts, settings: &Settings, because: &str) -> Verdict<Step> {
    let Some(region) = nearest.home() else {
        return Verdict::Unknown { needs: format!("the home region of {}", nearest.arn) };
    };
    if settings.regions.as_ref().is_some_and(|regions| !regions.contains(&region)) {
        let advice = format!("Have Trailkeeper look after {region} too: {} is the trail to mend.", nearest.arn);
        return Verdict::Violation { because: because.to_owned(), remedy: Remedy::Advise(advice) };
    }
    let because = format!("{} is the trail that is to cover the account", nearest.arn);
    Verdict::Elsewhere { region, id: nearest.name().to_owned(), because }
}

/// A violation of one trail: fixed, unless the trail is never ours to write to.
fn violation(judged: &Judged<'_>, subject: &Subject, because: String, steps: Vec<Step>) -> Verdict<Step> {
    let Judged { trail, making } = judged;
    let home = trail.facts.home().filter(|home| *home != subject.place.region);
    let shadow = home.map(|home| {
        format!("it is seen as a shadow only; its home region {home} is not among those that Trailkeeper looks after")
    });
    let remedy = match trail.facts.closed(&subject.place).or(shadow) {
        Some(why) => Remedy::Advise(format!("Have it put right where it belongs: {why}.")),
        None => Remedy::Fix(making.iter().cloned().chain(steps).collect()),
    };
    Verdict::Violation { because, remedy }
}

/// The call that changes an existing trail, or the part of its creation that sets up one which is yet to be made.
fn update(trail: &view::Trail, change: Change) -> Step {
    Step::UpdateTrail { trail: trail.facts.arn.clone(), replaces: change.of(trail), change }
}
