//! Contract of a family: one kind of AWS resource with its view, steps, controls and the calls that trigger a check.

mod control;
mod route;
mod tell;

pub use control::Control;
pub use route::{Identities, Route, is_own, route};
pub use tell::{RecordChange, StandingChange, Tell, When};

use crate::event::{ApiCall, Watch};
use crate::model::{About, Place, Severity, Step, Subject};
use crate::settings::Settings;
use serde::Serialize;
use std::fmt;

/// One kind of AWS resource that Trailkeeper can read, judge and repair.
///
/// # Guarantees
/// Everything here is data and pure functions. Reading and writing are [`Read`](crate::reconcile::ports::Read) and
/// [`Write`](crate::reconcile::ports::Write).
pub trait Family: Sized + fmt::Debug + 'static {
    /// Name of the family, also used for its function, cargo feature and policies.
    const NAME: &'static str;
    /// Everything that is read of one resource, in our own types.
    type View: fmt::Debug + Clone + PartialEq + Serialize;
    /// Calls that can repair the resource.
    type Step: Step<View = Self::View>;
    /// All controls of the family.
    const CONTROLS: &'static [Control<Self>];
    /// API calls that trigger the family, and how to find the resource in each.
    const WATCHES: &'static [Watch];
    /// Calls that people are told of whatever the check finds.
    const TELLS: &'static [Tell] = &[];
    /// Calls that our own steps make. If our role made them, they are looked into like anybody's, and told like
    /// anybody's unless a step of ours made them.
    const OWN_CALLS: &'static [&'static str];
    /// Whether each resource is listed once and checking it never leads to another. A sweep then goes page by page and
    /// does not track which resources it has seen.
    const INDEPENDENT: bool = false;
    /// Whether some controls are vital to every account, so that accounts that are left out are swept all the same.
    const VITAL: bool = false;
    /// Controls that are fixed each time, however often somebody undoes it.
    const ALWAYS: &'static [&'static str] = &[];
    /// Whether the scheduled sweeps of this family tell of settings that no longer mean anything. One family does, so that
    /// people are told once.
    const TELLS_SETTINGS: bool = false;
    /// Maximum number of resources checked at once in a region. AWS documents no rate for many of the reads; this is
    /// low enough for IAM's.
    const AT_ONCE: usize = 4;
    /// Returns the ARN of the resource with this id, or of all resources for the id `*`.
    fn arn(place: &Place, id: &str) -> String;

    /// Returns the resource with this id.
    #[must_use]
    fn subject(place: Place, id: &str) -> Subject {
        Subject { arn: Self::arn(&place, id), id: id.to_owned(), place }
    }

    /// Returns whether a call of our role sets nothing but what our own steps set, so that it harms nothing whoever made
    /// it. What a process of ours has called, it knows by itself.
    #[must_use]
    fn sets_what_we_set(call: &ApiCall, place: &Place, settings: &Settings) -> bool {
        let _ = (call, place, settings);
        false
    }

    /// Returns what a call is told as that is told by what it sets; all others are told by [`Self::TELLS`].
    #[must_use]
    fn tells(call: &ApiCall, place: &Place, settings: &Settings) -> Option<RecordChange> {
        let _ = (call, place, settings);
        None
    }

    /// Returns what a call sets, if people are told of that once for each caller as long as it stands.
    #[must_use]
    fn stands(call: &ApiCall, place: &Place, settings: &Settings) -> Option<StandingChange> {
        let _ = (call, place, settings);
        None
    }

    /// Returns the severity of a violation: the control's own, or more if this view makes it worse.
    fn severity(about: &About, view: &Self::View, subject: &Subject, settings: &Settings) -> Severity {
        let _ = (view, subject, settings);
        about.severity
    }

    /// Returns the harm done by our calls, judging by the views before the first and after the last of them.
    fn harm(before: &Self::View, after: &Self::View) -> Option<Harm<Self::Step>> {
        let _ = (before, after);
        None
    }

    /// Returns why the account cannot do without this control on this resource, if so: then nothing exempts from it.
    fn vital(control: &str, view: &Self::View, subject: &Subject, settings: &Settings) -> Option<String> {
        let _ = (control, view, subject, settings);
        None
    }
}

/// A change made by Trailkeeper that must be undone.
#[derive(Debug, Clone, PartialEq)]
pub struct Harm<S> {
    /// Id of the control that required the change.
    pub control: &'static str,
    /// Description of what the change broke.
    pub because: String,
    /// Call that undoes the change.
    pub undo: S,
}
