//! What `trailkeeper fix` says: the plan before it asks, what differs from it, and what became of it.

use crate::check::look;
use std::collections::BTreeSet;
use std::fmt::{Error, Write as _};
use trailkeeper::model::OneLine;
use trailkeeper::report::{ControlResult, Status, StepReport, StepStatus};
use trailkeeper_check::finding::Finding;
use trailkeeper_check::terminal::calls;

/// Returns the calls that are due. What several of them need is shown once, and made once.
pub(super) fn plan(due: &[&Finding]) -> Result<String, Error> {
    let (mut text, mut told) = (String::new(), BTreeSet::new());
    for finding in due {
        let Finding { control, resource, account, region, because, steps, .. } = finding;
        writeln!(text, "{control}  {resource}\n  {account}, {region}\n  Wrong: {because}")?;
        for (number, step) in (1..).zip(steps) {
            calls(&mut text, number, step, look(), &mut told)?;
        }
    }
    if let Some(first) = due.first() {
        writeln!(text, "May break or cost: {}", OneLine::from(first.about.risk))?;
    }
    if due.len() > 1 {
        writeln!(
            text,
            "Each is read again before its calls. What an earlier one has made is used and not made again: where that changes \
             the calls, it is said before they are made."
        )?;
    }
    Ok(text)
}

/// How the calls that are about to be made differ from those that were shown.
#[derive(Debug)]
pub(super) struct Difference<'a> {
    /// Those that were not shown.
    new: Vec<&'a StepReport>,
    /// Those that were shown, and are not made.
    needless: Vec<&'a StepReport>,
}

impl<'a> Difference<'a> {
    /// Compares the calls that were shown with those that are about to be made.
    pub(super) fn of(shown: &'a [StepReport], now: &'a [StepReport]) -> Self {
        let is_same = |one: &StepReport, other: &StepReport| {
            one.action == other.action && one.summary == other.summary && one.after == other.after
        };
        let without = |these: &'a [StepReport], those: &'a [StepReport]| -> Vec<&'a StepReport> {
            these.iter().filter(|it| !those.iter().any(|other| is_same(it, other))).collect()
        };
        Self { new: without(now, shown), needless: without(shown, now) }
    }

    /// Returns whether there is a call of a kind that was not shown: that has to be asked for.
    pub(super) fn is_more(&self, shown: &[StepReport]) -> bool {
        self.new.iter().any(|it| !shown.iter().any(|other| other.action == it.action))
    }

    /// Returns the difference in words; nothing if there is none.
    pub(super) fn told(&self, resource: &str) -> Result<String, Error> {
        let mut text = String::new();
        if self.new.is_empty() && self.needless.is_empty() {
            return Ok(text);
        }
        writeln!(text, "Otherwise than shown, for {}:", OneLine::from(resource))?;
        for step in &self.needless {
            writeln!(text, "    not made: {} ({})", step.summary, step.action)?;
        }
        let mut told = BTreeSet::new();
        for (number, step) in (1..).zip(&self.new) {
            calls(&mut text, number, step, look(), &mut told)?;
        }
        Ok(text)
    }
}

/// Says what became of a fix, and what takes it back.
///
/// `given` are the options that name the ledger and the credentials.
pub(super) fn ended(outcome: &ControlResult, family: &str, by: &str, given: &str) -> Result<String, Error> {
    let mut text = String::new();
    let ControlResult { resource, status, because, steps, change, .. } = outcome;
    match status {
        Status::Fixed => writeln!(text, "Fixed, and read back as right: {resource}")?,
        Status::Compliant => writeln!(text, "Somebody was quicker, it is right: {resource}")?,
        Status::Fought => writeln!(text, "Not fixed: {resource}: {because}. See trailkeeper resume")?,
        _ => writeln!(text, "Not fixed: {resource}: {because}")?,
    }
    let mut errors: BTreeSet<&str> = BTreeSet::new();
    for step in steps.iter().filter(|it| it.status == StepStatus::Failed) {
        // The reason says it already, and calls that fail alike say it once.
        let error = step.error.as_deref().filter(|error| !because.contains(error) && errors.insert(error));
        let error = error.map(|it| format!(": {it}")).unwrap_or_default();
        writeln!(text, "  failed: {} ({}){error}", step.summary, step.action)?;
    }
    if let Some(denied) = denied(outcome) {
        writeln!(
            text,
            "  What to do: allow {denied} to {}: policies/{family}.remediate.json has it",
            OneLine::from(by)
        )?;
    }
    let made: Vec<_> = steps.iter().filter(|it| it.status == StepStatus::Applied).collect();
    match change {
        Some(id) if !made.is_empty() => writeln!(text, "  To undo it: trailkeeper undo {id}{given}")?,
        _ => made.iter().rev().try_for_each(|step| {
            let once = step.undo_once.as_ref().map(|it| format!("  # once {it}")).unwrap_or_default();
            writeln!(text, "  To undo it: {}{once}", step.undo)
        })?,
    }
    Ok(text)
}

/// Returns the action that was denied, as the error of a call names it.
fn denied(outcome: &ControlResult) -> Option<&str> {
    let failed = outcome.steps.iter().filter(|it| it.status == StepStatus::Failed);
    let errors = failed.filter_map(|it| it.error.as_deref()).chain([&*outcome.because]);
    errors.filter_map(|error| error.split_once(" was denied")).find_map(|(before, _)| {
        let action = before.rsplit(' ').next().unwrap_or_default();
        action.contains(':').then_some(action)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use trailkeeper::model::Severity;

    fn step(action: &str, summary: &str) -> StepReport {
        StepReport {
            action: action.to_owned(),
            summary: summary.into(),
            status: StepStatus::Planned,
            error: None,
            before: None,
            after: json!(summary),
            undo: "undo".into(),
            by_hand: None,
            undo_once: None,
        }
    }

    #[test]
    fn what_differs_is_said_and_what_is_more_is_asked_for() {
        let shown = [step("iam:CreateRole", "create role"), step("ec2:CreateFlowLogs", "create a flow log")];
        let same = Difference::of(&shown, &shown);
        assert_eq!(same.told("vpc").expect("text"), "");
        let less = Difference::of(&shown, &shown[1..]);
        assert!(!less.is_more(&shown));
        assert!(less.told("vpc").expect("text").contains("not made: create role (iam:CreateRole)"));
        let now = [step("iam:PutRolePolicy", "put a policy")];
        let more = Difference::of(&shown, &now);
        assert!(
            more.is_more(&shown) && more.told("vpc").expect("text").contains("1. put a policy (iam:PutRolePolicy)")
        );
    }

    #[test]
    fn a_denied_call_is_told_once_with_the_policy_that_allows_it() {
        let because = "it has no flow log; the fix failed: iam:CreateRole was denied (AccessDenied: no)";
        let control = ("vpc-flow-logs", Severity::Medium);
        let mut outcome = ControlResult::new(control, "arn:aws:ec2:r:1:vpc/v", "r", Status::Failed, because);
        let mut failed = step("iam:CreateRole", "create role");
        (failed.status, failed.error) =
            (StepStatus::Failed, Some("iam:CreateRole was denied (AccessDenied: no)".into()));
        outcome.steps = vec![failed.clone(), failed];
        let told = ended(&outcome, "vpc", "arn:aws:iam::1:user/ann", "").expect("text");
        assert_eq!(told.matches("AccessDenied").count(), 1, "{told}");
        let cure = "allow iam:CreateRole to arn:aws:iam::1:user/ann: policies/vpc.remediate.json has it";
        assert!(told.contains(cure), "{told}");
    }
}
