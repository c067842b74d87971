//! What the guard tells: results of the usual shape, and its mails. Pure.

use super::ours::Ours;
use super::quiet::is_through_cloudformation;
use super::rules::RuleState;
use crate::event::ApiCall;
use crate::model::{CallError, Severity, sanitized};
use crate::report::mail::MailContext;
use crate::report::message::Message;
use crate::report::{ControlResult, Report, Status};

/// Name under which the guard reports, as controls do.
pub(super) const CONTROL: &str = "trailkeeper-intact";

/// What to do about a change of which one does not know.
pub(crate) const IF_UNKNOWN: &str = "If you know of this, nothing is to be done. If not, treat the caller as an intruder: take away \
    its access, deploy Trailkeeper again, and have it check everything, since what happened in between may have gone \
    unseen.";

const REPAIR: &str = "Find out who did this from CloudTrail's event history, then deploy Trailkeeper again.";

/// Returns the result for a part that a call changed.
pub(super) fn changed(ours: &Ours<'_>, call: &ApiCall, arn: &str) -> ControlResult {
    let through = if is_through_cloudformation(call) { ", made through CloudFormation" } else { "" };
    let what = match call.service.as_str() {
        "cloudformation.amazonaws.com" => "is a call on the stack of Trailkeeper",
        _ => "changes, stops or deletes a part of Trailkeeper",
    };
    let because = format!("{}{through}: it {what}", sanitized(&call.name));
    result(ours, call, arn, Status::Changed, &because, IF_UNKNOWN)
}

fn result(
    ours: &Ours<'_>,
    call: &ApiCall,
    resource: &str,
    status: Status,
    because: &str,
    advice: &str,
) -> ControlResult {
    let region = call.region.as_ref().unwrap_or(&ours.stack().region).to_string();
    one(resource, &region, status, because, Some(advice))
}

/// Returns the result for a rule that was read.
pub(super) fn of_rule(rule: &RuleState, region: &str) -> ControlResult {
    let (status, because) = rule.judge();
    let advice = (status == Status::Advised).then_some(REPAIR);
    one(&rule.arn, region, status, because, advice)
}

/// Returns the result for a region in which no rule is left.
pub(super) fn no_rules(ours: &Ours<'_>) -> ControlResult {
    let stack = ours.stack();
    let because = format!("no rule in {} wakes any function of Trailkeeper", stack.region);
    one(&stack.id, stack.region.as_str(), Status::Advised, &because, Some(REPAIR))
}

/// Returns the result for a region whose rules cannot be read.
pub(super) fn unread(ours: &Ours<'_>, region: &str, error: &CallError) -> ControlResult {
    let stack = ours.stack();
    let resource = format!("arn:{}:events:{region}:{}:rule/*", stack.partition, stack.account);
    let result = one(&resource, region, Status::Unknown, &error.to_string(), None);
    ControlResult { retry: error.retryable(), ..result }
}

fn one(resource: &str, region: &str, status: Status, because: &str, advice: Option<&str>) -> ControlResult {
    let result = ControlResult::new((CONTROL, Severity::Critical), resource, region, status, because);
    ControlResult { advice: advice.map(Into::into), ..result }
}

/// Returns the messages about a report. Nothing exempts a part from being watched, so none says how: no control is known.
pub(super) fn messages(report: &Report, context: MailContext<'_>) -> Vec<Message> {
    crate::report::message::messages(report, &MailContext { control: |_| None, ..context })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Origin, Record};
    use crate::model::ErrorKind;
    use crate::settings::{Mode, Modes, Settings, Stack};
    use serde_json::json;

    fn settings() -> Settings {
        let id = "arn:aws:cloudformation:eu-west-1:111122223333:stack/keeper/51af3dc0".to_owned();
        Settings {
            stack: Stack::setting(Some(id), None, None).expect("a setting"),
            ..Settings::of(Modes::all(Mode::DryRun))
        }
    }

    fn letter(result: ControlResult) -> Message {
        let event = Origin {
            name: "DisableRule".into(),
            actor: Some("arn:aws:iam::111122223333:user/alice".into()),
            ..Origin::default()
        };
        let report = Report { event, results: vec![result], ..Report::default() };
        let [letter] = messages(&report, MailContext::NONE).try_into().expect("one letter");
        letter
    }

    #[test]
    fn a_letter_says_who_did_what_to_which_part_and_offers_no_exemption() {
        let settings = settings();
        let ours = Ours::of(&settings).expect("a stack");
        let record =
            json!({"eventSource": "events.amazonaws.com", "eventName": "DisableRule", "awsRegion": "eu-west-1"});
        let call = Record(&record).api_call().expect("a record");
        let arn = "arn:aws:events:eu-west-1:111122223333:rule/keeper-x";
        let letter = letter(changed(&ours, &call, arn));
        for part in [
            arn,
            "user/alice",
            "DisableRule",
            "CHANGED critical: Trailkeeper's",
            "trailkeeper-intact (critical)",
            "What to do",
        ] {
            assert!(letter.body.contains(part) || letter.subject.starts_with(part), "{part}: {}", letter.body);
        }
        assert!(!letter.body.contains("exempt"), "{}", letter.body);
        assert!(letter.attributes["severity"].contains("critical") && letter.attributes["status"].contains("changed"));
    }

    #[test]
    fn what_is_found_wrong_is_advised_and_what_is_right_is_not_told() {
        let settings = settings();
        let ours = Ours::of(&settings).expect("a stack");
        let rule = |state: &str| RuleState { arn: "arn:rule".into(), state: state.into(), leads: true };
        assert!(!of_rule(&rule("ENABLED"), "eu-west-1").worth_telling());
        assert!(letter(of_rule(&rule("DISABLED"), "eu-west-1")).body.contains("wakes no function"));
        assert!(letter(no_rules(&ours)).body.contains("no rule in eu-west-1"));
        let denied = CallError {
            action: "events:ListRules",
            kind: ErrorKind::Denied,
            code: "AccessDeniedException".into(),
            message: "no".into(),
        };
        let result = unread(&ours, "eu-west-1", &denied);
        assert_eq!((result.status, result.retry), (Status::Unknown, false));
    }
}
