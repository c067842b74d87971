//! Trails as judged by the controls of single trails.

use super::Trail;
use super::change::Change;
use super::closed::{closed, never_started};
use super::controls::multi_region;
use super::coverage::{Coverage, coverage};
use super::managed::MANAGED_TRAIL;
use super::step::Step;
use super::view::{self, View};
use crate::families::trail::step::TrailStep;
use crate::family::Family as _;
use crate::model::{About, Place, Remedy, Subject, Verdict};
use crate::record::{Facts, RecordCheck};
use crate::settings::Settings;

/// Trail as judged by the controls of single trails.
pub(super) struct Judged<'a> {
    pub(super) trail: &'a view::TrailState,
    /// Calls that create the trail, if it does not exist yet.
    pub(super) making: Vec<Step>,
    /// Check of what the trail records, and where.
    pub(super) check: RecordCheck<'a>,
}

/// Returns the verdict of a control of single trails, given how it judges one.
///
/// A trail that is still to be created is judged as well, if the account needs it and the control that creates it has
/// at least the same mode as this one: then everything is set up in one go or, if the trail cannot be created, not at
/// all.
pub(super) fn of_trail(
    view: &View,
    subject: &Subject,
    settings: &Settings,
    about: &About,
    judge: impl FnOnce(&Judged<'_>) -> Verdict<Step>,
) -> Verdict<Step> {
    let (trail, check) = (&view.trail, RecordCheck::of(&subject.place, settings, &view.organization));
    if trail.exists {
        return judge(&Judged { trail, making: vec![], check });
    }
    let first = &multi_region::CONTROL;
    let made = is_to_be_made(view, subject, settings) && settings.modes.of(&first.about) >= settings.modes.of(about);
    let judged = match made.then(|| (first.judge)(view, subject, settings)) {
        Some(Verdict::Violation { remedy: Remedy::Fix(making), .. }) => judge(&Judged { trail, making, check }),
        _ => Verdict::Compliant,
    };
    match judged {
        // A trail that does not exist is not right.
        Verdict::Compliant => Verdict::NotApplicable { because: "there is no such trail".to_owned() },
        verdict => verdict,
    }
}

/// Returns whether no trail of the account records anything or may be made to, and this is the one that it gets.
pub(super) fn is_to_be_made(view: &View, subject: &Subject, settings: &Settings) -> bool {
    let named = subject.arn == managed_trail(subject, settings);
    named && !view.trail.exists && matches!(coverage(view, subject, settings), Coverage::Nobody(_))
}

/// Returns the ARN of the trail that the account gets if no other records it.
pub(super) fn managed_trail(subject: &Subject, settings: &Settings) -> String {
    Trail::arn(&Place { region: settings.home.clone(), ..subject.place.clone() }, MANAGED_TRAIL)
}

/// Returns the verdict of a trail on account coverage if another trail needs fewer changes to provide it.
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

/// Returns a violation of one trail: fixed, unless we may never change the trail.
pub(super) fn violation(judged: &Judged<'_>, subject: &Subject, because: String, steps: Vec<Step>) -> Verdict<Step> {
    unless(closed(&judged.check, &judged.trail.facts), judged, subject, because, steps)
}

/// Returns the violation of a trail that is not logging: it is started, unless that is never done.
pub(super) fn start(judged: &Judged<'_>, subject: &Subject, because: String) -> Verdict<Step> {
    let start = Step::Trail(TrailStep::StartLogging { trail: subject.arn.clone(), new: !judged.trail.exists });
    unless(never_started(&judged.check, &judged.trail.facts), judged, subject, because, vec![start])
}

/// Returns a violation of one trail: fixed, unless there is a reason against it, or the trail is only a shadow.
fn unless(
    never: Option<String>,
    judged: &Judged<'_>,
    subject: &Subject,
    because: String,
    steps: Vec<Step>,
) -> Verdict<Step> {
    let Judged { trail, making, check: _ } = judged;
    let home = trail.facts.home().filter(|home| *home != subject.place.region);
    let shadow = home.map(|home| {
        format!("it is only a shadow trail here, and its home region {home} is not one that Trailkeeper covers")
    });
    let remedy = match never.or(shadow) {
        Some(why) => Remedy::Advise(format!("Have it fixed where it belongs: {why}.")),
        None => Remedy::Fix(making.iter().cloned().chain(steps).collect()),
    };
    Verdict::Violation { because, remedy }
}

/// Returns the violation of a trail whose log files, or other deliveries, AWS refuses: what keeps it away lies outside
/// the trail.
pub(super) fn refused(because: String) -> Verdict<Step> {
    Verdict::Violation {
        because,
        remedy: Remedy::Advise(
            "Let CloudTrail write to the bucket and use the key again: see what cloudtrail-delivery, \
             log-bucket-delivery and cloudtrail-kms say of them. Until the next delivery, CloudTrail repeats its last \
             error."
                .to_owned(),
        ),
    }
}

/// Returns the verdict on something that depends on deliveries of which CloudTrail says nothing here.
pub(super) fn untold(facts: &Facts) -> Verdict<Step> {
    let (arn, account) = (&facts.arn, facts.account());
    Verdict::Unknown { needs: format!("whether {arn} delivers: CloudTrail tells that only to account {account}") }
}

/// Returns the call that changes an existing trail, or adds to the creation of a new one.
pub(super) fn update(trail: &view::TrailState, change: Change) -> Step {
    Step::Trail(TrailStep::Update { trail: trail.facts.arn.clone(), replaces: change.of(trail), change })
}
