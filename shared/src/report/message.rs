//! Turns the report into Amazon SNS messages: readable for mail, JSON for queues and functions, attributes for filters.

use super::mail::{MailContext, subject, text};
use super::{ControlResult, Report};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Maximum size of a message's body in bytes. Amazon SNS accepts 262,144 including attributes, for which the margin is
/// ([Publish], Message).
///
/// [Publish]: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
pub(crate) const LARGEST: usize = 262_144 - 8 * 1024;

/// What stands for a value that does not fit.
const TOO_LARGE: &str = "too large for this message";

/// The same for a change that the ledger has.
const IN_LEDGER: &str = "too large for this message: `trailkeeper show` has it, by the id of the change";

/// Size of the instructions to undo a call, in bytes, up to which they always fit: a plan has some 20 calls at most.
const LARGEST_UNDO: usize = 4 * 1024;

/// One message, ready to be published with message structure `json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Subject of at most 100 ASCII characters.
    pub subject: String,
    /// Report as JSON.
    pub report: String,
    /// JSON object with one string per protocol: `email` is readable, `default` is the report.
    pub body: String,
    /// Distinct values of each attribute, for filter policies.
    pub attributes: BTreeMap<&'static str, BTreeSet<String>>,
}

/// Returns as few messages as possible with everything worth reporting, or none if there is nothing.
#[must_use]
pub fn messages(report: &Report, context: &MailContext<'_>) -> Vec<Message> {
    let telling: Vec<ControlResult> =
        report.results.iter().filter(|outcome| outcome.worth_telling()).cloned().collect();
    if telling.is_empty() { Vec::new() } else { fitting(report, telling, context) }
}

fn fitting(report: &Report, mut outcomes: Vec<ControlResult>, context: &MailContext<'_>) -> Vec<Message> {
    let mut whole = message(report, &outcomes, context);
    if whole.body.len() <= LARGEST {
        return vec![whole];
    }
    // One message with the commands in its mail alone is better than two.
    let mail = text(report, &outcomes, context);
    let fewer: Vec<ControlResult> = outcomes.iter().cloned().map(ControlResult::without_commands).collect();
    whole = with_mail(report, &fewer, context, &mail);
    if whole.body.len() <= LARGEST {
        return vec![whole];
    }
    if outcomes.len() > 1 {
        let rest = outcomes.split_off(outcomes.len() / 2);
        let mut all = fitting(report, outcomes, context);
        all.extend(fitting(report, rest, context));
        return all;
    }
    // A single outcome is too large: the documents are left out, whole.
    let steps = outcomes.iter_mut().flat_map(|outcome| {
        let instead = if outcome.change.is_some() { IN_LEDGER } else { TOO_LARGE };
        outcome.steps.iter_mut().map(move |step| (step, instead))
    });
    for (step, instead) in steps {
        step.before = step.before.take().map(|_| json!(instead));
        step.after = json!(instead);
        if step.undo.len() > LARGEST_UNDO {
            step.undo = instead.into();
        }
        step.by_hand = step.by_hand.take().filter(|command| command.len() <= LARGEST_UNDO);
    }
    vec![self::message(report, &outcomes, context)]
}

fn message(report: &Report, outcomes: &[ControlResult], context: &MailContext<'_>) -> Message {
    with_mail(report, outcomes, context, &text(report, outcomes, context))
}

fn with_mail(report: &Report, outcomes: &[ControlResult], context: &MailContext<'_>, mail: &str) -> Message {
    let part = Report { results: outcomes.to_vec(), ..report.clone() };
    // A report is strings, lists and maps with string keys: nothing that JSON cannot represent.
    let report_json = serde_json::to_string(&part).unwrap_or_default();
    let all = |value: fn(&ControlResult) -> String| outcomes.iter().map(value).collect::<BTreeSet<_>>();
    Message {
        subject: subject(report, outcomes, context),
        body: json!({ "default": report_json, "email": mail }).to_string(),
        report: report_json,
        attributes: BTreeMap::from([
            ("control", all(|outcome| outcome.control.clone())),
            ("status", all(|outcome| outcome.status.as_str().to_owned())),
            ("severity", all(|outcome| outcome.severity.as_str().to_owned())),
            ("account", report.account.iter().cloned().collect()),
            ("region", all(|outcome| outcome.region.clone())),
        ]),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Status, StepReport, StepStatus};
    use super::*;
    use crate::event::Origin;
    use crate::model::Severity;
    use crate::settings::Mode;
    use serde_json::Value;

    fn outcome(status: Status, resource: &str, before: &str) -> ControlResult {
        let step = StepReport {
            action: "iam:PutRolePolicy".into(),
            summary: "put a policy".into(),
            status: StepStatus::Applied,
            error: None,
            before: Some(json!(before)),
            after: json!({}),
            undo: "put the old one back".into(),
            by_hand: None,
            undo_once: None,
        };
        ControlResult {
            steps: vec![step],
            ..ControlResult::new(("c", Severity::High), resource, "eu-west-1", status, "it was wrong")
        }
    }

    fn report(results: Vec<ControlResult>) -> Report {
        Report {
            mode: Mode::Enforce,
            event: Origin { name: "CreateServer".into(), ..Origin::default() },
            account: Some("111122223333".into()),
            results,
            ..Report::default()
        }
    }

    #[test]
    fn nothing_is_sent_when_there_is_nothing_to_tell() {
        let quiet = [Status::Compliant, Status::Exempt, Status::NotApplicable].map(|status| outcome(status, "arn", ""));
        assert_eq!(messages(&report(quiet.into()), &MailContext::NONE), []);
        assert_eq!(messages(&report(vec![]), &MailContext::NONE), []);
    }

    #[test]
    fn what_will_be_tried_again_is_told_only_once_something_was_changed() {
        let failed = ControlResult { retry: true, ..outcome(Status::Failed, "arn", "") };
        assert_eq!(messages(&report(vec![failed.clone()]), &MailContext::NONE).len(), 1);
        assert_eq!(messages(&report(vec![ControlResult { steps: vec![], ..failed }]), &MailContext::NONE), []);
    }

    #[test]
    fn attributes_hold_every_distinct_value() {
        let told = messages(
            &report(vec![outcome(Status::Fixed, "a", ""), outcome(Status::Failed, "b", "")]),
            &MailContext::NONE,
        );
        let [message] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!(message.attributes["status"], BTreeSet::from(["failed".to_owned(), "fixed".to_owned()]));
        assert_eq!(message.attributes["control"].len(), 1);
        assert_eq!(message.attributes["account"], BTreeSet::from(["111122223333".to_owned()]));
    }

    #[test]
    fn a_long_report_goes_out_in_several_messages_that_lose_nothing() {
        let many: Vec<_> =
            (0..500).map(|n| outcome(Status::Planned, &format!("arn:{n}:ä"), &"x".repeat(4_000))).collect();
        let told = messages(&report(many), &MailContext::NONE);
        let mut resources = Vec::new();
        for message in &told {
            assert!(message.body.len() <= 262_144, "{}", message.body.len());
            let body: Value = serde_json::from_str(&message.body).expect("JSON");
            let part: Value = serde_json::from_str(body["default"].as_str().expect("a text")).expect("JSON");
            let results = part["results"].as_array().expect("a list");
            resources.extend(results.iter().map(|result| result["resource"].as_str().expect("a text").to_owned()));
        }
        assert!(told.len() > 5);
        assert_eq!(resources, (0..500).map(|n| format!("arn:{n}:ä")).collect::<Vec<_>>());
    }

    #[test]
    fn commands_are_in_the_report_unless_it_is_too_large_for_one_message() {
        let with_command = |number: usize, length: usize| {
            let mut outcome = outcome(Status::Planned, &format!("arn:{number}"), "");
            for step in &mut outcome.steps {
                step.status = StepStatus::Planned;
                step.by_hand = Some(format!("aws iam put-role-policy --policy {}", "x".repeat(length)).into());
            }
            outcome
        };
        let told = |length| messages(&report((0..50).map(|it| with_command(it, length)).collect()), &MailContext::NONE);
        let [few, many] = [told(100), told(10_000)];
        let ([few], [many]) = (few.as_slice(), many.as_slice()) else { panic!("{}", many.len()) };
        assert_eq!(few.report.matches("aws iam put-role-policy").count(), 50);
        assert_eq!(many.report.matches("aws iam put-role-policy").count(), 0);
        assert!(many.body.contains("By hand"));
    }

    #[test]
    fn one_outcome_that_is_too_long_loses_its_documents_and_says_so() {
        let told = messages(&report(vec![outcome(Status::Fixed, "arn", &"x".repeat(400_000))]), &MailContext::NONE);
        let [message] = told.as_slice() else { panic!("{}", told.len()) };
        assert!(message.body.len() < 10_000);
        assert!(message.body.contains("too large for this message"));
    }
}
