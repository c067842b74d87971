//! What happened, for machines: the function's response and the JSON part of the SNS message.
//!
//! `docs/report.schema.json` is made from these types.

pub mod message;
pub mod text;

use crate::event::{Event, Origin};
use crate::model::Severity;
use crate::settings::{Mode, Settings};
use serde::Serialize;
use serde_json::Value;

/// What came of one event.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Report {
    /// The mode of the installation; single controls may differ.
    pub mode: Mode,
    /// The event that woke the function.
    pub event: Origin,
    /// The account that was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Why nothing was looked at, when nothing was.
    pub ignored: Option<String>,
    /// One entry for each control and resource.
    pub results: Vec<ControlResult>,
    /// How many more entries there are than an answer of Lambda carries. The log and the topic have them.
    #[serde(skip_serializing_if = "is_zero")]
    #[cfg_attr(test, schemars(default))]
    pub omitted: u64,
    /// How many sweeps, of one account or of one region, were left to other invocations.
    #[serde(skip_serializing_if = "is_zero")]
    #[cfg_attr(test, schemars(default))]
    pub handed_on: u64,
    /// The first result that may end better if it is tried again.
    #[serde(skip)]
    pub again: Option<String>,
}

impl Report {
    /// The report of an event, to which nothing has come yet.
    #[must_use]
    pub fn of(event: &Event, settings: &Settings) -> Self {
        Self { mode: settings.modes.default, event: event.origin.clone(), ..Self::default() }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes what it asks about by reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What came of one control on one resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ControlResult {
    /// The control's id.
    pub control: String,
    /// The resource's ARN; with `*` where a whole region could not be looked at.
    pub resource: String,
    /// The resource's region.
    pub region: String,
    /// How it ended.
    pub status: Status,
    /// How much a violation of this control matters.
    pub severity: Severity,
    /// Why it ended so.
    pub because: String,
    /// What a person should do, where only a person can.
    pub advice: Option<String>,
    /// The calls that were made or would be.
    pub steps: Vec<StepReport>,
    /// Whether trying again may end better. Then the invocation fails too, so that Lambda tries again.
    #[serde(skip)]
    pub retry: bool,
}

/// How a control ended on a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It was right.
    Compliant,
    /// It was wrong, was put right, and was read back as right.
    Fixed,
    /// It is wrong; these are the calls that would put it right.
    Planned,
    /// It is wrong, and Trailkeeper never changes it.
    Advised,
    /// It is let be: the control is switched off, or the resource is exempted from it.
    Exempt,
    /// The control does not concern it, or it is gone.
    NotApplicable,
    /// It could not be read or understood; what is missing.
    Unknown,
    /// A call failed, or what was read back is still wrong.
    Failed,
}

impl Status {
    /// Every status, for counting.
    pub const ALL: [Self; 8] = [
        Self::Compliant,
        Self::Fixed,
        Self::Planned,
        Self::Advised,
        Self::Exempt,
        Self::NotApplicable,
        Self::Unknown,
        Self::Failed,
    ];

    /// The word used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compliant => "compliant",
            Self::Fixed => "fixed",
            Self::Planned => "planned",
            Self::Advised => "advised",
            Self::Exempt => "exempt",
            Self::NotApplicable => "not-applicable",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
        }
    }
}

/// One call of a fix.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StepReport {
    /// The IAM action of the call.
    pub action: String,
    /// What the call does.
    pub summary: String,
    /// How it went.
    pub status: StepStatus,
    /// Why it failed.
    pub error: Option<String>,
    /// What the call replaces, whole.
    pub before: Option<Value>,
    /// What the call puts there, whole.
    pub after: Value,
    /// How to take it back.
    pub undo: String,
}

/// How one call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum StepStatus {
    /// A dry run did not make it.
    Planned,
    /// AWS accepted it.
    Applied,
    /// Not made, because an earlier one failed or somebody was quicker.
    Skipped,
    /// AWS refused it.
    Failed,
}

impl StepReport {
    /// The step as one line of a log: what was called, how it went, and why it failed.
    #[must_use]
    pub fn line(&self) -> String {
        let error = self.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
        format!("{} {}{error}", self.action, self.status.as_str())
    }
}

impl StepStatus {
    /// The word used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Applied => "applied",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }
}

impl ControlResult {
    /// Whether people want to hear of it. What Lambda will try again is not told yet, unless something was changed.
    #[must_use]
    pub fn worth_telling(&self) -> bool {
        match self.status {
            Status::Compliant | Status::Exempt | Status::NotApplicable => false,
            Status::Fixed | Status::Planned | Status::Advised | Status::Unknown => true,
            Status::Failed => !self.retry || self.steps.iter().any(|step| step.status == StepStatus::Applied),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The schema that other programs rely on is the one of these types. `UPDATE=1` writes it.
    #[test]
    fn the_published_schema_is_the_one_of_the_types() {
        let schema = serde_json::to_string_pretty(&schemars::schema_for!(Report)).expect("a schema") + "\n";
        crate::testing::golden::check("docs/report.schema.json", &schema);
    }

    #[test]
    fn the_words_of_json_and_of_code_are_the_same() {
        for status in Status::ALL {
            assert_eq!(serde_json::to_value(status).expect("a word"), status.as_str());
        }
    }
}
