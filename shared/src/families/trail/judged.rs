//! A trail as the controls of single trails judge it.

use super::Trail;
use super::change::Change;
use super::controls::multi_region;
use super::coverage::{Coverage, coverage};
use super::managed::MANAGED_TRAIL;
use super::step::Step;
use super::view::{self, Facts, View};
use crate::families::trail::step::TrailStep;
use crate::family::Family as _;
use crate::model::{About, Place, Remedy, Subject, Verdict};
use crate::settings::Settings;

/// A trail as the controls of single trails judge it.
pub(super) struct Judged<'a> {
    pub(super) trail: &'a view::TrailState,
    /// The calls that make it, where there is none yet.
    pub(super) making: Vec<Step>,
}

/// What a control of single trails says, by how it judges one.
///
/// A trail that is yet to be made is judged as well, where the account needs it and the control that makes it may go
/// as far as this one: then all is set up in one go, or, where it cannot be made, not at all.
pub(super) fn of_trail(
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
pub(super) fn is_to_be_made(view: &View, subject: &Subject, settings: &Settings) -> bool {
    let named =
        subject.arn == Trail::arn(&Place { region: settings.home.clone(), ..subject.place.clone() }, MANAGED_TRAIL);
    named && !view.trail.exists && coverage(view, subject, &settings.home) == Coverage::Nobody
}

/// What a trail says of the account where another one comes nearest to covering it.
pub(super) fn other(nearest: &Facts, settings: &Settings, because: &str) -> Verdict<Step> {
    let Some(region) = nearest.home() else {
        return Verdict::Unknown { needs: format!("the home region of {}", nearest.arn) };
    };
    if settings.regions.as_ref().is_some_and(|regions| !regions.contains(&region)) {
        let advice = format!("Have Trailkeeper cover {region} as well: {} is the trail to fix.", nearest.arn);
        return Verdict::Violation { because: because.to_owned(), remedy: Remedy::Advise(advice) };
    }
    let because = format!("{} is the trail that should cover the account", nearest.arn);
    Verdict::Elsewhere { region, id: nearest.name().to_owned(), because }
}

/// A violation of one trail: fixed, unless the trail is never ours to write to.
pub(super) fn violation(judged: &Judged<'_>, subject: &Subject, because: String, steps: Vec<Step>) -> Verdict<Step> {
    let Judged { trail, making } = judged;
    let home = trail.facts.home().filter(|home| *home != subject.place.region);
    let shadow = home.map(|home| {
        format!("it is only a shadow trail here, and its home region {home} is not one that Trailkeeper covers")
    });
    let remedy = match trail.facts.closed(&subject.place).or(shadow) {
        Some(why) => Remedy::Advise(format!("Have it fixed where it belongs: {why}.")),
        None => Remedy::Fix(making.iter().cloned().chain(steps).collect()),
    };
    Verdict::Violation { because, remedy }
}

/// The call that changes an existing trail, or the part of its creation that sets up one which is yet to be made.
pub(super) fn update(trail: &view::TrailState, change: Change) -> Step {
    Step::Trail(TrailStep::Update { trail: trail.facts.arn.clone(), replaces: change.of(trail), change })
}
