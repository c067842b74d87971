//! What `trailkeeper fix` says: the plan before it asks, what differs from it, and what became of it.

use crate::check::look;
use std::collections::BTreeSet;
use std::fmt::{Error, Write as _};
use trailkeeper::model::{OneLine, denied_actions, is_command};
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

/// What has to be given again to take a fix back.
#[derive(Debug, Default)]
pub(super) struct Undoing<'a> {
    /// Options that name the ledger, the credentials and how the account is entered, each after a blank.
    pub(super) ledger: String,
    /// Account of the resource, if the credentials are of another one.
    pub(super) account: Option<&'a str>,
    /// Profile with the credentials.
    pub(super) profile: Option<&'a str>,
}

impl Undoing<'_> {
    /// Returns whose credentials a command of AWS needs, if not those of the environment.
    fn whose(&self) -> String {
        match (self.account, self.profile) {
            (Some(account), _) => format!(", with credentials of account {account}"),
            (None, Some(profile)) => format!(", with AWS_PROFILE={}", OneLine::from(profile)),
            (None, None) => String::new(),
        }
    }
}

/// Says what became of a fix, and what takes it back.
pub(super) fn ended(outcome: &ControlResult, family: &str, by: &str, undoing: &Undoing<'_>) -> Result<String, Error> {
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
        let policy = if denied.starts_with("dynamodb:") { "ledger".to_owned() } else { format!("{family}.remediate") };
        writeln!(text, "  What to do: allow {denied} to {}: policies/{policy}.json has it", OneLine::from(by))?;
    }
    let made: Vec<_> = steps.iter().filter(|it| it.status == StepStatus::Applied).collect();
    match change {
        Some(id) if !made.is_empty() => writeln!(text, "  To undo it: trailkeeper undo {id}{}", undoing.ledger)?,
        _ => made.iter().rev().try_for_each(|step| {
            let once = step.undo_once.as_ref().map(|it| format!("  # once {it}")).unwrap_or_default();
            let remark = if is_command(&step.undo) { "" } else { "# " };
            writeln!(text, "  To undo it{}: {remark}{}{once}", undoing.whose(), step.undo)
        })?,
    }
    Ok(text)
}

/// Returns the action that was denied, as the error of a call names it.
fn denied(outcome: &ControlResult) -> Option<&str> {
    let failed = outcome.steps.iter().filter(|it| it.status == StepStatus::Failed);
    let errors = failed.filter_map(|it| it.error.as_deref()).chain([&*outcome.because]);
    errors.flat_map(denied_actions).next()
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
        let told = ended(&outcome, "vpc", "arn:aws:iam::1:user/ann", &Undoing::default()).expect("text");
        assert_eq!(told.matches("AccessDenied").count(), 1, "{told}");
        let cure = "allow iam:CreateRole to arn:aws:iam::1:user/ann: policies/vpc.remediate.json has it";
        assert!(told.contains(cure), "{told}");
    }

    #[test]
    fn what_takes_it_back_names_whose_credentials_that_takes() {
        let control = ("vpc-flow-logs", Severity::Medium);
        let mut outcome = ControlResult::new(control, "arn:aws:ec2:r:1:vpc/v", "r", Status::Fixed, "");
        outcome.steps = vec![StepReport { status: StepStatus::Applied, ..step("ec2:CreateFlowLogs", "create") }];
        let undo = |account, profile| {
            let undoing = Undoing { ledger: " --profile p --role r".to_owned(), account, profile };
            ended(&outcome, "vpc", "arn:aws:iam::1:user/ann", &undoing).expect("text")
        };
        assert!(undo(None, None).contains("To undo it: # undo"));
        assert!(undo(None, Some("p")).contains("To undo it, with AWS_PROFILE=p: # undo"));
        assert!(undo(Some("2"), Some("p")).contains("To undo it, with credentials of account 2: # undo"));
        outcome.change = Some("01KJPY9CD00000000000000007".parse().expect("an id"));
        let undoing = Undoing { ledger: " --profile p --role r".to_owned(), account: Some("2"), profile: Some("p") };
        let told = ended(&outcome, "vpc", "arn:aws:iam::1:user/ann", &undoing).expect("text");
        assert!(told.contains("trailkeeper undo 01KJPY9CD00000000000000007 --profile p --role r"), "{told}");
    }
}
