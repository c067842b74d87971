//! The contract of a family: one kind of AWS resource, its view, its steps, its controls and the calls that wake it.

mod control;
mod route;

pub use control::Control;
pub use route::{Identities, Route, route};

use crate::event::Watch;
use crate::model::{Place, Step, Subject};
use std::fmt;

/// One kind of AWS resource that we can read, judge and repair.
///
/// # Guarantees
/// Everything here is data and pure functions. Reading and writing are [`Read`](crate::reconcile::ports::Read) and
/// [`Write`](crate::reconcile::ports::Write).
pub trait Family: Sized + fmt::Debug + 'static {
    /// The family's name, which is also the name of its function, cargo feature and policies.
    const NAME: &'static str;
    /// Everything that was read of one resource, in our own types.
    type View: fmt::Debug + Clone + PartialEq;
    /// The calls that can repair it.
    type Step: Step<View = Self::View>;
    /// Every control of the family.
    const CONTROLS: &'static [Control<Self>];
    /// The API calls that wake the family, and how to find the resource in each.
    const WATCHES: &'static [Watch];
    /// The calls that our own steps make: seen in an event by ourselves, these are no news.
    const OWN_CALLS: &'static [&'static str];
    /// Whether each resource is listed once and answers only for itself. Then a sweep goes through them page by page,
    /// and remembers none.
    const INDEPENDENT: bool = false;
    /// Whether it has what no account can do without: then accounts that are left out are swept all the same.
    const VITAL: bool = false;
    /// How many resources of one region are looked at once. AWS names no rate for many of the reads; low enough for
    /// IAM's.
    const AT_ONCE: usize = 4;
    /// The ARN of the resource with this id; with `*` for the id, of all of them.
    fn arn(place: &Place, id: &str) -> String;

    /// The resource with this id.
    #[must_use]
    fn subject(place: Place, id: &str) -> Subject {
        Subject { arn: Self::arn(&place, id), id: id.to_owned(), place }
    }

    /// What our calls did harm to, by the looks before the first of them and after the last.
    fn harm(before: &Self::View, after: &Self::View) -> Option<Harm<Self::Step>> {
        let _ = (before, after);
        None
    }

    /// Why the account cannot do without this control on this resource, if so: then nothing exempts it.
    fn vital(control: &str, view: &Self::View) -> Option<String> {
        let _ = (control, view);
        None
    }
}

/// A change of ours that must be taken back.
#[derive(Debug, Clone, PartialEq)]
pub struct Harm<S> {
    /// The control that asked for it.
    pub control: &'static str,
    /// What it did.
    pub because: String,
    /// The call that takes it back.
    pub undo: S,
}
