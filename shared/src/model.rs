//! The vocabulary: what a family, a control, a verdict and a step are. Pure; no client lives here.

use crate::error::CallError;
use crate::place::{Place, Region};
use crate::record::ApiCall;
use crate::route::Target;
use crate::settings::Settings;
use serde_json::Value;
use std::fmt;

/// One kind of AWS resource that we can read, judge and repair.
///
/// # Guarantees
/// Everything here is data and pure functions. Reading and writing are [`Read`](crate::engine::Read) and
/// [`Write`](crate::engine::Write).
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

/// API calls of one service that may have changed a resource of the family.
#[derive(Debug, Clone, Copy)]
pub struct Watch {
    /// The record's `eventSource`, such as `transfer.amazonaws.com`.
    pub service: &'static str,
    /// The event names, as CloudTrail spells them.
    pub calls: &'static [&'static str],
    /// Which resources to look at. `Err` says why there is none.
    pub target: fn(&ApiCall) -> Result<Target, String>,
}

/// One resource to check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Where it lives.
    pub place: Place,
    /// Its id within account and region.
    pub id: String,
    /// Its ARN.
    pub arn: String,
}

impl Subject {
    /// The resource of family `F` with this id.
    #[must_use]
    pub fn of<F: Family>(place: Place, id: &str) -> Self {
        Self { arn: F::arn(&place, id), id: id.to_owned(), place }
    }
}

/// One thing that must be true of every resource of a family.
#[derive(Debug)]
pub struct Control<F: Family> {
    /// What people read about it.
    pub about: About,
    /// Judges one resource. Pure: the same view always gets the same verdict.
    pub judge: fn(&F::View, &Subject, &Settings) -> Verdict<F::Step>,
}

/// What people read about a control, in reports and in `docs/controls.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// The id used in settings and reports.
    pub id: &'static str,
    /// What must be true, as one sentence.
    pub title: &'static str,
    /// Why it matters to the people who run the account.
    pub why: &'static str,
    /// What counts as compliant.
    pub compliant: &'static str,
    /// What the fix writes, and what it leaves alone.
    pub fix: &'static str,
    /// What the fix may break or cost.
    pub risk: &'static str,
    /// What keeps it from that.
    pub guard: &'static str,
    /// How much a violation matters.
    pub severity: Severity,
    /// Whether it is off until someone switches it on.
    pub opt_in: bool,
    /// Benchmarks and AWS pages that ask for it.
    pub references: &'static [&'static str],
}

/// How much a violation matters. The words are Security Hub's severity labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it all")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// The label in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// What a control says of one resource.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict<S> {
    /// It is as it must be.
    Compliant,
    /// The control does not concern this resource.
    NotApplicable {
        /// Why not.
        because: String,
    },
    /// Another resource of the family answers for it, and is looked at instead.
    Elsewhere {
        /// Where that one is.
        region: Region,
        /// Its id.
        id: String,
        /// Why it is that one.
        because: String,
    },
    /// It cannot be told, because something could not be read or understood.
    Unknown {
        /// What is missing, such as a permission.
        needs: String,
    },
    /// It is not as it must be.
    Violation {
        /// What is wrong.
        because: String,
        /// What is to be done about it.
        remedy: Remedy<S>,
    },
}

/// What is to be done about a violation.
#[derive(Debug, Clone, PartialEq)]
pub enum Remedy<S> {
    /// These calls put it right.
    Fix(Vec<S>),
    /// We never do this ourselves: what a person should do, and why we do not.
    Advise(String),
}

/// One mutating API call with every argument decided. Data, never a closure.
///
/// `Display` says for people what the call does.
pub trait Step: fmt::Debug + fmt::Display + Clone + PartialEq {
    /// What the step changes.
    type View;
    /// The IAM actions that the call needs. The first is the call itself.
    fn actions(&self) -> &'static [&'static str];
    /// When it comes among the steps of a plan: lower ranks first.
    fn rank(&self) -> u8;
    /// What the call does to the view: the model of the write.
    fn effect(&self, view: &mut Self::View);
    /// What the call replaces, kept in the report so that it can be put back; `None` where it only adds.
    fn before(&self) -> Option<Value>;
    /// What the call puts there.
    fn after(&self) -> Value;
    /// How a person takes it back.
    fn undo(&self) -> String;
    /// Takes another step into this call, where one call can do both; `false`, and no change, where it cannot.
    fn absorb(&mut self, other: &Self) -> bool {
        let _ = other;
        false
    }
    /// Whether this failure of the call passes by itself within a minute or so: a role that has not spread yet,
    /// a resource that is still being made. Exactly the errors that AWS or the field documents; all else is final.
    fn passes(&self, error: &CallError) -> bool;
}

/// Something readable. "May not read" is never "is not there".
#[derive(Debug, Clone, PartialEq)]
pub enum Seen<T> {
    /// It is there, and this is it.
    Present(T),
    /// AWS says that it is not there.
    Absent,
    /// We were not allowed to read it: the IAM action that is missing.
    Unreadable(&'static str),
}

impl<T> Seen<T> {
    /// What is there, if anything was seen.
    pub fn present(&self) -> Option<&T> {
        if let Self::Present(value) = self { Some(value) } else { None }
    }

    /// The same, of what is made of it.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Seen<U> {
        match self {
            Self::Present(value) => Seen::Present(make(value)),
            Self::Absent => Seen::Absent,
            Self::Unreadable(action) => Seen::Unreadable(action),
        }
    }

    /// The same where what is there may turn out to be nothing.
    pub fn and_then<U>(self, make: impl FnOnce(T) -> Option<U>) -> Seen<U> {
        match self {
            Self::Present(value) => make(value).map_or(Seen::Absent, Seen::Present),
            Self::Absent => Seen::Absent,
            Self::Unreadable(action) => Seen::Unreadable(action),
        }
    }

    /// What a read call says: "gone" is an answer, "denied" is none, and any other failure stays one.
    ///
    /// # Errors
    /// Passes on a call error that is neither.
    pub fn from_call(answer: Result<T, CallError>) -> Result<Self, CallError> {
        use crate::error::Kind;
        match answer {
            Ok(value) => Ok(Self::Present(value)),
            Err(error) if error.kind == Kind::Gone => Ok(Self::Absent),
            Err(error) if error.kind == Kind::Denied => Ok(Self::Unreadable(error.action)),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn denied_is_never_absent() {
        let fails = |kind| {
            Seen::<()>::from_call(Err(CallError { action: "iam:GetRole", kind, code: "X".into(), message: "y".into() }))
        };
        assert_eq!(fails(Kind::Denied), Ok(Seen::Unreadable("iam:GetRole")));
        assert_eq!(fails(Kind::Gone), Ok(Seen::Absent));
        assert!(fails(Kind::Transient).is_err());
        assert!(fails(Kind::Rejected).is_err());
    }
}
