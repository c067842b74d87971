//! Entry of a change of one resource: what was meant, what it replaces, how it is taken back, and how it ended.

use super::ids::{ChangeId, FindingId};
use crate::event::Origin;
use crate::model::{OneLine, Property, Region};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Change of one resource by Trailkeeper. It is kept before its first call, and again after the proof.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// Id of the change.
    pub id: ChangeId,
    /// Name of the family that the resource belongs to.
    pub family: String,
    /// Account id.
    pub account: String,
    /// Region in which the resource is read and repaired.
    pub region: Region,
    /// Id of the resource within its family.
    pub subject: String,
    /// ARN of the resource.
    pub resource: String,
    /// Event that led to the change.
    pub cause: Origin,
    /// What was wrong.
    pub findings: Vec<EntryFinding>,
    /// Calls in their order.
    pub steps: Vec<EntryStep>,
    /// How the change ended.
    pub outcome: Outcome,
    /// Time of the call that led to the change, if one did. Whether that call made the resource wrong is not known.
    pub wrong_since: Option<DateTime<Utc>>,
    /// Time at which the change ended; `None` as long as it has not.
    pub ended: Option<DateTime<Utc>>,
    /// Who took the change back, if somebody did with Trailkeeper's command.
    pub undone: Option<Undone>,
    /// Attempts to take the change back that left something of it, the latest last.
    #[serde(default)]
    pub undone_in_part: Vec<UndoneInPart>,
    /// Time since which somebody is about to tell people of the change; `None` if there is nothing to tell, or if the entry is
    /// from before that was kept.
    #[serde(default)]
    pub telling: Option<DateTime<Utc>>,
    /// Time at which people were told of the change, or at which that was kept for them.
    #[serde(default)]
    pub told: Option<DateTime<Utc>>,
    /// How often the entry was written: whoever writes it says which writing was read.
    #[serde(default)]
    pub version: u64,
}

/// What was wrong with the resource by one control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryFinding {
    /// Id of the finding.
    pub finding: FindingId,
    /// Id of the control.
    pub control: String,
    /// Description of the violation.
    pub because: String,
    /// Whether it was put right; `None` as long as that is not known.
    pub fixed: Option<bool>,
}

/// One call of a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntryStep {
    /// IAM action of the call.
    pub action: String,
    /// Description of what the call does.
    pub summary: String,
    /// Complete value that the call replaces; `None` if the property had none.
    pub before: Option<Value>,
    /// Text of the document that the call replaces, if that is more than its value without blanks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Complete value that the call sets.
    pub after: Value,
    /// Property that the call sets. It is taken back by giving the property its earlier value.
    pub property: Property,
    /// What is known of the call.
    pub state: CallState,
}

/// What is known of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallState {
    /// It was meant. Whether it was made is not known: the function ended before it could say so.
    Meant,
    /// AWS accepted it.
    Applied,
    /// It was not made.
    Skipped,
    /// AWS refused it, with this error.
    Failed(String),
}

/// How a change ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It has not ended, or the function ended before it could say how.
    Meant,
    /// Everything that was wrong was read back as right.
    Fixed,
    /// Something is still wrong.
    Failed,
    /// The change did harm and was taken back by Trailkeeper itself.
    TakenBack,
    /// The function ended before it could say how; a later run found everything right.
    FoundRight,
    /// The function ended before it could say how; a later run found that the resource no longer exists.
    FoundGone,
    /// The function ended before it could say how; a later run found something wrong and began a change of its own.
    Superseded,
}

/// Who took a change back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    /// ARN of the person's session.
    pub by: String,
    /// Time at which the old state was read back.
    pub at: DateTime<Utc>,
    /// Id of the change that the command made.
    pub change: ChangeId,
}

/// Who took a part of a change back, and what of it was left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoneInPart {
    /// ARN of the person's session.
    pub by: OneLine,
    /// Time at which the part was taken back.
    pub at: DateTime<Utc>,
    /// Id of the change that the command made.
    pub change: ChangeId,
    /// Calls that were left as they were.
    pub left: Vec<CallLeft>,
}

/// Call of a change that was left when others were taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallLeft {
    /// Description of what the call did.
    pub summary: OneLine,
    /// Why it was left.
    pub because: OneLine,
}

impl EntryStep {
    /// Returns what the property is given again: the text of a document where it is known, and else the value.
    #[must_use]
    pub fn former(&self) -> Option<Value> {
        self.text.clone().map(Value::String).or_else(|| self.before.clone())
    }
}

impl LedgerEntry {
    /// Returns the last attempt to take the change back that left something, as long as it is not taken back.
    #[must_use]
    pub fn undone_so_far(&self) -> Option<&UndoneInPart> {
        self.undone_in_part.last().filter(|_| self.undone.is_none())
    }

    /// Returns the entry as a later run closes it, which knows how the resource is and not what was done.
    #[must_use]
    pub fn closed(self, outcome: Outcome, at: DateTime<Utc>) -> Self {
        let fixed = match outcome {
            Outcome::FoundRight => Some(true),
            // Of what is gone nobody knows whether it was right.
            Outcome::FoundGone => None,
            _ => Some(false),
        };
        let findings = self.findings.into_iter().map(|it| EntryFinding { fixed, ..it }).collect();
        Self { findings, outcome, ended: Some(at), ..self }
    }

    /// Returns whether the change has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.ended.is_some()
    }

    /// Returns whether the change has ended, and people are still to be told of it.
    #[must_use]
    pub fn is_untold(&self) -> bool {
        self.is_over() && self.telling.is_some() && self.told.is_none()
    }

    /// Returns whether anything is left to do about the change: it has not ended, or people are still to be told of it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.is_over() || self.is_untold()
    }

    /// Returns how long after the call that led to the change the resource was right again, if both are known.
    #[must_use]
    pub fn wrong_for(&self) -> Option<chrono::TimeDelta> {
        let (since, ended) = (self.wrong_since?, self.ended?);
        (self.outcome == Outcome::Fixed && ended >= since).then(|| ended - since)
    }
}
