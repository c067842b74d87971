//! Human-readable report: subject and body of a mail.

use super::{ControlResult, Report, Status, StepReport, StepStatus};
use crate::exemption::TAG;
use crate::model::Arn;
use std::fmt::Write as _;

/// Maximum length of an Amazon SNS subject, in ASCII characters ([Publish], Subject).
///
/// [Publish]: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
pub(crate) const SUBJECT: usize = 100;

/// Returns a one-line summary of what happened where.
#[must_use]
pub fn subject(report: &Report, outcomes: &[ControlResult]) -> String {
    let mut line = match outcomes {
        [one] => {
            // The last word of an account's ARN means nothing to people.
            let resource = match Arn::parse(&one.resource) {
                Some(Arn { service: "iam", resource: "root", account, .. }) => format!("account {account}"),
                _ => one.resource.rsplit([':', '/']).next().unwrap_or_default().to_owned(),
            };
            format!("Trailkeeper {}: {} on {resource} in {}", heading(one.status), one.control, one.region)
        }
        many => {
            let counts = Status::ALL.iter().filter_map(|status| {
                let count = many.iter().filter(|outcome| outcome.status == *status).count();
                (count > 0).then(|| format!("{count} {}", heading(*status)))
            });
            let mut regions: Vec<&str> = many.iter().map(|outcome| outcome.region.as_str()).collect();
            regions.sort_unstable();
            regions.dedup();
            format!("Trailkeeper {} in {}", counts.collect::<Vec<_>>().join(", "), regions.join(", "))
        }
    };
    if let Some(account) = report.account.as_ref().filter(|account| !line.contains(account.as_str())) {
        line = format!("{line} of {account}");
    }
    let ascii = line.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' });
    ascii.take(SUBJECT).collect()
}

fn heading(status: Status) -> &'static str {
    match status {
        Status::Planned => "would fix",
        Status::Advised => "action needed",
        Status::Unknown => "could not check",
        Status::Compliant
        | Status::Fixed
        | Status::Fought
        | Status::Changed
        | Status::Exempt
        | Status::NotApplicable
        | Status::Failed => status.as_str(),
    }
}

/// Returns a description of what was wrong, who did it, what was done, and how to undo it or exempt the resource.
#[must_use]
pub fn text(report: &Report, outcomes: &[ControlResult]) -> String {
    let mut text = plain_text(report, outcomes);
    // Writing to a String cannot fail.
    let _ = exempt(&mut text, outcomes);
    text
}

/// Returns the same without how to exempt the resource: for results that nothing exempts from.
#[must_use]
pub fn plain_text(report: &Report, outcomes: &[ControlResult]) -> String {
    let mut text = String::new();
    for outcome in outcomes {
        let _ = one(&mut text, outcome);
    }
    let _ = cause(&mut text, report);
    text
}

fn one(text: &mut String, outcome: &ControlResult) -> std::fmt::Result {
    writeln!(text, "{}: {} ({})", heading(outcome.status).to_uppercase(), outcome.control, outcome.severity.as_str())?;
    writeln!(text, "Resource: {}", outcome.resource)?;
    let label = match outcome.status {
        Status::Fixed => "What was wrong",
        Status::Changed => "What happened",
        Status::Unknown => "Why it could not be checked",
        _ => "What is wrong",
    };
    writeln!(text, "{label}: {}", outcome.because)?;
    if let Some(advice) = &outcome.advice {
        writeln!(text, "What to do: {advice}")?;
    }
    for (status, label) in [
        (StepStatus::Applied, "What was done"),
        (StepStatus::Planned, "What would be done (this is a dry run: nothing was changed)"),
        (StepStatus::Failed, "What failed"),
        (StepStatus::Skipped, "What was skipped after that"),
    ] {
        steps(text, label, outcome.steps.iter().filter(|step| step.status == status))?;
    }
    let undo: Vec<_> = outcome.steps.iter().rev().filter(|step| step.status == StepStatus::Applied).collect();
    if !undo.is_empty() {
        writeln!(text, "To undo it, in this order (Trailkeeper will fix it again unless you exempt it):")?;
        for step in undo {
            if let Some(condition) = &step.undo_once {
                writeln!(text, "  Once {condition}:")?;
            }
            writeln!(text, "  {}", step.undo)?;
        }
    }
    writeln!(text)
}

fn steps<'a>(text: &mut String, label: &str, steps: impl Iterator<Item = &'a StepReport>) -> std::fmt::Result {
    let mut steps = steps.peekable();
    if steps.peek().is_some() {
        writeln!(text, "{label}:")?;
    }
    for step in steps {
        writeln!(text, "  - {} ({})", step.summary, step.action)?;
        if let Some(error) = &step.error {
            writeln!(text, "    {error}")?;
        }
    }
    Ok(())
}

fn cause(text: &mut String, report: &Report) -> std::fmt::Result {
    let event = &report.event;
    write!(text, "Triggered by: {}", event.name)?;
    for (word, value) in
        [("at", &event.time), ("by", &event.actor), ("from", &event.source_ip), ("with", &event.user_agent)]
    {
        if let Some(value) = value {
            write!(text, " {word} {value}")?;
        }
    }
    match &event.id {
        Some(id) => writeln!(text, " (event {id})"),
        None => writeln!(text),
    }
}

fn exempt(text: &mut String, outcomes: &[ControlResult]) -> std::fmt::Result {
    let mut controls: Vec<&str> = outcomes.iter().map(|outcome| outcome.control.as_str()).collect();
    controls.sort_unstable();
    controls.dedup();
    let off: Vec<String> = controls.iter().map(|control| format!("{control}=off")).collect();
    writeln!(text, "To exempt a resource: tag it {TAG}={}, or see TRAILKEEPER_EXEMPT", controls.join(" "))?;
    writeln!(text, "To turn this control off everywhere: TRAILKEEPER_CONTROLS={}", off.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Origin;
    use crate::model::Severity;
    use crate::settings::Mode;
    use serde_json::json;

    fn step(summary: &str, status: StepStatus) -> StepReport {
        StepReport {
            action: "iam:CreateRole".into(),
            summary: summary.into(),
            status,
            error: (status == StepStatus::Failed).then(|| "iam:CreateRole was denied (AccessDenied: no)".into()),
            before: None,
            after: json!({}),
            undo: format!("undo {summary}").into(),
            undo_once: summary.starts_with("create").then(|| "nothing uses it".into()),
        }
    }

    fn outcome(status: Status, steps: Vec<StepReport>) -> ControlResult {
        ControlResult {
            control: "transfer-server-logging".into(),
            resource: "arn:aws:transfer:us-east-1:111122223333:server/s-1".into(),
            region: "us-east-1".into(),
            status,
            severity: Severity::High,
            because: "no logging role".into(),
            advice: (status == Status::Advised).then(|| "Give it one.".into()),
            steps,
            change: None,
            exempted: false,
            quiet: false,
            retry: false,
        }
    }

    /// Compares the mails with a file. Proofread the file when it changes.
    #[test]
    fn the_mails_are_the_ones_that_were_proofread() {
        let origin = Origin {
            id: Some("4781364f".into()),
            name: "CreateServer".into(),
            time: Some("2026-03-02T11:20:48Z".into()),
            actor: Some("arn:aws:iam::111122223333:user/alice".into()),
            source_ip: Some("192.0.2.10".into()),
            user_agent: None,
        };
        let account = Some("111122223333".to_owned());
        let report = Report { mode: Mode::Enforce, event: origin, account, ..Report::default() };
        let applied = || step("create a role", StepStatus::Applied);
        let cases = [
            vec![outcome(Status::Fixed, vec![applied(), step("set the role", StepStatus::Applied)])],
            vec![outcome(Status::Planned, vec![step("create a role", StepStatus::Planned)])],
            vec![outcome(Status::Advised, vec![])],
            vec![outcome(Status::Unknown, vec![])],
            vec![outcome(
                Status::Failed,
                vec![applied(), step("b", StepStatus::Failed), step("c", StepStatus::Skipped)],
            )],
            vec![outcome(Status::Fixed, vec![applied()]), outcome(Status::Advised, vec![])],
        ];
        let mails = cases.map(|case| format!("Subject: {}\n\n{}", subject(&report, &case), text(&report, &case)));
        crate::testing::golden::check("tests/golden/mails.txt", &mails.join("\n--------\n\n"));
    }

    #[test]
    fn an_account_is_named_by_its_number() {
        let resource = "arn:aws:iam::111122223333:root".into();
        let account = Some("111122223333".to_owned());
        let report = Report { account, ..Report::default() };
        let line = subject(&report, &[ControlResult { resource, ..outcome(Status::Fixed, vec![]) }]);
        assert_eq!(line, "Trailkeeper fixed: transfer-server-logging on account 111122223333 in us-east-1");
    }

    #[test]
    fn a_subject_is_short_and_ascii_whatever_the_names_are() {
        let odd = ControlResult { region: "ü\n".repeat(200), ..outcome(Status::Fixed, vec![]) };
        let report = Report::default();
        for subject in [subject(&report, std::slice::from_ref(&odd)), subject(&report, &[odd.clone(), odd])] {
            assert!(subject.len() <= 100 && subject.bytes().all(|b| (32..127).contains(&b)), "{subject}");
        }
    }
}
