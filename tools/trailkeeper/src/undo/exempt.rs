//! How the next event is kept from fixing again what was taken back.

use super::Job;
use crate::problem::Problem;
use chrono::NaiveDate;
use trailkeeper::ledger::{PlannedReversal, Reversal};
use trailkeeper::model::{OneLine, Property};
use trailkeeper::undo;

/// Exemption of the resource of a change.
#[derive(Debug)]
pub(super) struct Exempting {
    /// Tags to set; `None` if nothing is exempted now.
    tags: Option<Vec<(String, String)>>,
    /// The command that sets the tags.
    command: Option<String>,
    /// What to add to the setting, where tags do not exempt.
    rule: Option<String>,
    /// Why there is no such command, where tags do.
    but: Option<String>,
    until: Option<NaiveDate>,
}

impl Exempting {
    /// Finds out how the resource is exempted.
    pub(super) async fn of(
        job: &Job<'_>,
        planned: &[PlannedReversal<'_>],
        until: Option<NaiveDate>,
    ) -> Result<Self, Problem> {
        let entry = job.entry;
        let Some(tags) = undo::exempting(entry, until) else {
            if until.is_some() {
                return Err(Problem::refused(
                    "nothing was taken back: this change is about no control to be exempt from",
                ));
            }
            return Ok(Self { tags: None, command: None, rule: None, but: None, until });
        };
        // The tags of what is taken away go with it.
        let goes = |it: &PlannedReversal<'_>| {
            let whole = matches!(&it.step.property, Property::Trail { arn } if *arn == entry.resource);
            whole && matches!(it.reversal, Reversal::Restore { .. })
        };
        if !undo::has_tags(&entry.family) || planned.iter().any(goes) {
            let rule = undo::rule(entry, until);
            if until.is_some() {
                return Err(Problem::refused(format!(
                    "nothing was taken back: this resource has no tags, or goes with them. It is exempted with the parameter Exempt: {rule}"
                )));
            }
            return Ok(Self { tags: None, command: None, rule: Some(rule), but: None, until });
        }
        let others = match job.properties.tags(entry).await {
            Ok(others) => others,
            Err(error) if until.is_some() => return Err(job.problem(&error)),
            Err(error) => {
                let but = format!("its tags could not be read, and a command could replace what they say: {error}");
                return Ok(Self { tags: None, command: None, rule: None, but: Some(but), until });
            }
        };
        let theirs = others.iter().find(|(key, value)| tags.iter().any(|(new, text)| new == key && text != value));
        if let Some((key, value)) = theirs {
            let (key, value) = (OneLine::from(key.as_str()), OneLine::from(value.as_str()));
            if until.is_none() {
                let wanted =
                    tags.iter().find(|(new, _)| *new == *key).map(|(_, wanted)| wanted.as_str()).unwrap_or_default();
                let but = format!("its tag {key} has the value `{value}` already: add to it by hand: {wanted}");
                return Ok(Self { tags: None, command: None, rule: None, but: Some(but), until });
            }
            return Err(Problem::refused(format!(
                "nothing was taken back: the resource is exempt already, by its tag {key} with the value `{value}`. Complete \
                 that by hand, and take the change back without --exempt-until"
            )));
        }
        let command = undo::command(entry, &tags, &others).map(|command| command.to_string());
        Ok(Self { tags: until.map(|_| tags), command, rule: None, but: None, until })
    }

    /// Returns what is said before anything is done.
    pub(super) fn before(&self) -> Option<String> {
        let (Some(tags), Some(until)) = (&self.tags, self.until) else { return None };
        let controls = tags.first().map(|(_, value)| OneLine::from(value.as_str())).unwrap_or_default();
        Some(format!("First, the resource is exempted until {until}, by its tags, from: {controls}\n"))
    }

    /// Sets the tags, if they are to be set.
    pub(super) async fn set(&self, job: &Job<'_>) -> Result<(), Problem> {
        let Some(tags) = &self.tags else { return Ok(()) };
        job.properties.tag(job.entry, tags).await.map_err(|error| job.problem(&error))
    }

    /// Returns what is said in the end.
    pub(super) fn after(&self) -> String {
        let vital = "What the account cannot do without is fixed all the same.";
        match (self.until, &self.command, &self.rule) {
            (Some(until), ..) => format!("It is exempt until {until}. {vital}\n"),
            (None, Some(command), _) => {
                format!("Trailkeeper fixes it again unless it is exempt:\n  {command}\n{vital}\n")
            }
            (None, None, Some(rule)) => {
                format!("Trailkeeper fixes it again unless the parameter Exempt has:\n  {rule}\n{vital}\n")
            }
            (None, None, None) => {
                let but = self.but.as_deref().map(OneLine::from);
                but.map(|but| format!("Trailkeeper fixes it again unless it is exempt; {but}\n{vital}\n"))
                    .unwrap_or_default()
            }
        }
    }
}
