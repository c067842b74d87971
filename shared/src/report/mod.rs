//! Machine-readable report: the function's response and the JSON part of the SNS message.
//!
//! `docs/report.schema.json` is generated from these types.

#[cfg(any(test, feature = "ledger"))]
pub mod digest;
#[cfg(any(test, feature = "aws"))]
pub(crate) mod late;
pub mod mail;
pub mod message;

use crate::event::{Event, Origin};
use crate::ledger::{ChangeId, Fight, FindingId};
use crate::model::{OneLine, Severity};
use crate::settings::{Mode, Settings};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Outcome of one event.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Report {
    /// Default mode of the installation; single controls may have another.
    pub mode: Mode,
    /// Event that triggered the function.
    pub event: Origin,
    /// Other events of the same batch that led to the same resources, each caller and call once: of several calls it is not
    /// known which one made a resource what it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(default))]
    pub beside: Vec<Origin>,
    /// Account that was checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Reason that nothing was checked, if so.
    pub ignored: Option<OneLine>,
    /// One result for each control and resource, and a single one for a region that the organization closes.
    pub results: Vec<ControlResult>,
    /// Number of further results that do not fit into a response of Lambda. The log and the topic have them.
    #[serde(skip_serializing_if = "is_zero")]
    #[cfg_attr(test, schemars(default))]
    pub omitted: u64,
    /// Number of sweeps, each of one account or region, that were delegated to other invocations.
    #[serde(skip_serializing_if = "is_zero")]
    #[cfg_attr(test, schemars(default))]
    pub handed_on: u64,
    /// First result that may improve with a retry.
    #[serde(skip)]
    pub again: Option<String>,
    /// Name of the role with which the account was read.
    #[serde(skip)]
    pub role: Option<String>,
    /// ARN of the resource that the event names; `None` if it names none, or several.
    #[serde(skip)]
    pub named: Option<String>,
}

impl Report {
    /// Creates the report of an event, without results.
    #[must_use]
    pub fn of(event: &Event, settings: &Settings) -> Self {
        Self { mode: settings.modes.default, event: event.origin.clone(), ..Self::default() }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes what it asks about by reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Outcome of one control on one resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ControlResult {
    /// Id of the control.
    pub control: String,
    /// ARN of the resource; contains `*` if a whole region could not be checked.
    pub resource: OneLine,
    /// Region of the resource.
    pub region: String,
    /// Outcome of the check.
    pub status: Status,
    /// Severity of a violation of this control.
    pub severity: Severity,
    /// Explanation of the outcome.
    pub because: OneLine,
    /// Advice on what a person should do, if only a person can.
    pub advice: Option<OneLine>,
    /// Calls that were made or would be made.
    pub steps: Vec<StepReport>,
    /// Id of the change in the ledger, if something was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub change: Option<ChangeId>,
    /// Time at which the resource was read back as right, if it was repaired.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub right_at: Option<DateTime<Utc>>,
    /// What a mail says beyond the report for machines.
    #[serde(skip)]
    pub hints: Hints,
    /// Whether the resource violates the control and is exempt from it.
    #[serde(skip)]
    pub exempted: bool,
    /// Whether people were told of it already, or are told of it with another result.
    #[serde(skip)]
    pub quiet: bool,
    /// Whether a retry may improve the outcome. The invocation then fails, so that Lambda retries it.
    #[serde(skip)]
    pub retry: bool,
}

/// What a mail says of a result beyond the report for machines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hints {
    /// Whether the account cannot do without the control on this resource, so that nothing exempts from it.
    pub vital: bool,
    /// Whether the fix is left for later since the control has made too many changes within an hour.
    pub capped: bool,
    /// Whether people were told that, and are told of this one together with others.
    pub follows: bool,
    /// The fight over the finding, if somebody undoes each fix.
    pub fight: Option<Fight>,
    /// Value of the tag that exempts the resource from something, if it has one.
    pub exempt_tag: Option<String>,
    /// What people are told of the fight for the first time, if so ([`crate::ledger::ResourceHistory::telling`]).
    pub telling: Option<FindingId>,
    /// Sweep that found it, if a digest tells it.
    pub sweep: Option<FoundBySweep>,
}

/// Sweep that found what a digest tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundBySweep {
    /// Time of the sweep's event.
    pub time: Option<String>,
    /// Name of the log group of the function that made it.
    pub log_group: Option<String>,
    /// Id of the function's request.
    pub request_id: String,
}

/// Outcome of a control on a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The resource complies with the control.
    Compliant,
    /// The resource violated the control, was repaired, and was read back as compliant.
    Fixed,
    /// The resource violates the control; the steps are the calls that would repair it.
    Planned,
    /// The resource violates the control, and somebody undoes each fix: it is no longer fixed.
    Fought,
    /// The resource violates the control in a way that Trailkeeper never changes.
    Advised,
    /// Somebody changed the record in a way that people are told of whatever the check found.
    Changed,
    /// The resource is exempt from the control, or the control is switched off.
    Exempt,
    /// The control does not apply to the resource, or the resource no longer exists.
    NotApplicable,
    /// The resource could not be read or understood; the explanation says what is missing.
    Unknown,
    /// A call failed, or the resource still violates the control after the repair.
    Failed,
}

impl Status {
    /// Every status, for counting.
    pub const ALL: [Self; 10] = [
        Self::Compliant,
        Self::Fixed,
        Self::Planned,
        Self::Fought,
        Self::Advised,
        Self::Changed,
        Self::Exempt,
        Self::NotApplicable,
        Self::Unknown,
        Self::Failed,
    ];

    /// Returns the word used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compliant => "compliant",
            Self::Fixed => "fixed",
            Self::Planned => "planned",
            Self::Fought => "fought",
            Self::Advised => "advised",
            Self::Changed => "changed",
            Self::Exempt => "exempt",
            Self::NotApplicable => "not-applicable",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
        }
    }
}

/// One call of a repair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StepReport {
    /// IAM action of the call.
    pub action: String,
    /// Description of what the call does.
    pub summary: OneLine,
    /// Outcome of the call.
    pub status: StepStatus,
    /// Error of the call, if it failed.
    pub error: Option<OneLine>,
    /// Complete value that the call replaces.
    pub before: Option<Value>,
    /// Complete value that the call sets.
    pub after: Value,
    /// Undoes the call: one command, which does exactly this in a shell, or instructions in words.
    pub undo: OneLine,
    /// Command with which a person makes the same call, if there is one. It is left out first where a report is too large.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub by_hand: Option<OneLine>,
    /// Condition for running the command, such as `nothing uses it`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undo_once: Option<OneLine>,
}

/// Outcome of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum StepStatus {
    /// The call was not made, since this was a dry run.
    Planned,
    /// AWS accepted the call.
    Applied,
    /// The call was not made, because an earlier one failed or somebody else made a change first.
    Skipped,
    /// AWS rejected the call.
    Failed,
}

impl StepReport {
    /// Returns a log line about the step: the call, its outcome and its error.
    #[must_use]
    pub fn line(&self) -> String {
        let error = self.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
        format!("{} {}{error}", self.action, self.status.as_str())
    }
}

impl StepStatus {
    /// Returns the word used in JSON.
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
    /// Creates a result of a control on a resource: no call was made, and nothing else is known.
    #[must_use]
    pub fn new(about: (&str, Severity), resource: &str, region: &str, status: Status, because: &str) -> Self {
        let (control, severity) = about;
        Self {
            control: control.to_owned(),
            resource: resource.into(),
            region: region.to_owned(),
            status,
            severity,
            because: because.into(),
            advice: None,
            steps: Vec::new(),
            change: None,
            right_at: None,
            hints: Hints::default(),
            exempted: false,
            quiet: false,
            retry: false,
        }
    }

    /// Leaves out the commands with which a person makes the calls: their values are those of the steps.
    #[must_use]
    pub fn without_commands(mut self) -> Self {
        self.steps.iter_mut().for_each(|step| step.by_hand = None);
        self
    }

    /// Returns whether the result is worth publishing. One that Lambda will retry is not, unless something changed.
    #[must_use]
    pub fn worth_telling(&self) -> bool {
        match self.status {
            Status::Compliant | Status::Exempt | Status::NotApplicable => false,
            Status::Fixed | Status::Planned | Status::Fought | Status::Advised | Status::Changed | Status::Unknown => {
                !self.quiet
            }
            Status::Failed if self.quiet => false,
            Status::Failed => !self.retry || self.steps.iter().any(|step| step.status == StepStatus::Applied),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares the published schema, which other programs rely on, with the types. `UPDATE=1` writes it.
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
