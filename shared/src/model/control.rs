//! What people read of a control, and what a control says.

use super::place::Region;

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
