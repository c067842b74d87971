//! Fixes of which nobody was told: results from entries of the ledger, whose functions ended before they could tell. Pure.

use crate::event::Origin;
use crate::family::Family;
use crate::ledger::{CallState, EntryFinding, EntryStep, LedgerEntry, Outcome};
use crate::model::Severity;
use crate::report::{ControlResult, Status, StepReport, StepStatus};
use chrono::{DateTime, SubsecRound, Utc};

/// Returns what people are told of a change whose findings were found right now, or were put right before its function ended:
/// a fix for each of them, with all calls of the change. `led` says whether the event that led to the change is the one that is reported.
pub(crate) fn fixes<F: Family>(entry: &LedgerEntry, led: bool, now: DateTime<Utc>) -> Vec<ControlResult> {
    let steps: Vec<StepReport> = entry.steps.iter().map(step_report).collect();
    let after = if led { String::new() } else { caused(&entry.cause) };
    let fix = |EntryFinding { control, because, fixed, .. }: &EntryFinding| {
        let about = F::CONTROLS.iter().map(|it| &it.about).find(|about| about.id == control);
        // A control that this version does not have may have been any.
        let severity = about.map_or(Severity::High, |about| about.severity);
        // Whoever made the change says of a finding that it was fixed; others say that it is right, or that it is not known.
        let is_known = *fixed == Some(true) && matches!(entry.outcome, Outcome::Fixed | Outcome::Failed);
        let (because, right_at) = if is_known {
            let because = format!("{because}; the function that fixed it{after} ended before it could tell of it");
            (because, entry.ended.unwrap_or(now))
        } else {
            let began = "the function that began to fix it";
            let because = format!("{because}; {began}{after} ended before it could tell of it, and by now it is right");
            (because, now)
        };
        let region = entry.region.as_str();
        ControlResult {
            steps: steps.clone(),
            change: Some(entry.id),
            right_at: Some(right_at.trunc_subsecs(0)),
            ..ControlResult::new((control, severity), &entry.resource, region, Status::Fixed, &because)
        }
    };
    entry.findings.iter().map(fix).collect()
}

/// Returns the words for the event that led to a change.
fn caused(cause: &Origin) -> String {
    let by = cause.actor.as_ref().map(|actor| format!(" by {actor}")).unwrap_or_default();
    let at = cause.time.as_ref().map(|time| format!(" at {time}")).unwrap_or_default();
    format!(", after {}{by}{at},", cause.name)
}

/// Returns the report of a call as the ledger has it. One whose function did not come to say whether it was made is taken as
/// made: the resource is right.
pub(super) fn step_report(step: &EntryStep) -> StepReport {
    let EntryStep { action, summary, before, text: _, after, property, state } = step;
    let (status, error) = match state {
        CallState::Meant | CallState::Applied => (StepStatus::Applied, None),
        CallState::Skipped => (StepStatus::Skipped, None),
        CallState::Failed(error) => (StepStatus::Failed, Some(error.as_str().into())),
    };
    StepReport {
        action: action.clone(),
        summary: summary.as_str().into(),
        status,
        error,
        before: before.clone(),
        after: after.clone(),
        undo: property.undone_by_hand(before.as_ref()).into(),
        by_hand: property.by_hand(after).map(Into::into),
        undo_once: property.restore(before.as_ref()).condition().map(Into::into),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::trail::Trail;
    use crate::model::Property;
    use crate::testing::ledger::meant;
    use serde_json::json;

    const ARN: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main";

    fn entry() -> LedgerEntry {
        let because = "the trail is stopped";
        LedgerEntry {
            cause: Origin { name: "StopLogging".into(), actor: Some("alice".into()), ..Origin::default() },
            steps: vec![EntryStep {
                text: None,
                action: "cloudtrail:StartLogging".into(),
                summary: "start the trail".into(),
                before: Some(json!({"IsLogging": false})),
                after: json!({"IsLogging": true}),
                property: Property::TrailLogging { arn: ARN.into() },
                state: CallState::Meant,
            }],
            ..meant("trail", ARN, &[("cloudtrail-logging", because), ("a-former-one", because)])
        }
    }

    #[test]
    fn each_finding_of_the_change_is_told_as_fixed_with_its_calls_and_what_undoes_them() {
        let entry = entry();
        let told = fixes::<Trail>(&entry, true, Utc::now());
        let of = |it: &ControlResult| (it.control.clone(), it.status, it.severity, it.change);
        let expected = ["cloudtrail-logging", "a-former-one"].into_iter().zip([Severity::Critical, Severity::High]);
        let expected = expected.map(|(control, severity)| (control.into(), Status::Fixed, severity, Some(entry.id)));
        assert_eq!(told.iter().map(of).collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        for it in &told {
            assert!(it.worth_telling() && it.right_at.is_some() && it.because.starts_with("the trail is stopped; "));
            assert!(!it.because.contains("alice"), "the report names the event: {}", it.because);
            let [step] = it.steps.as_slice() else { panic!("{it:?}") };
            assert_eq!((step.status, step.before.as_ref()), (StepStatus::Applied, Some(&json!({"IsLogging": false}))));
            assert!(step.undo.contains("stop-logging"), "{}", step.undo);
        }
    }

    #[test]
    fn what_the_function_itself_saw_as_right_is_told_with_the_time_of_that() {
        let at = "2026-03-02T11:20:50Z".parse().expect("a time");
        let made = LedgerEntry { outcome: Outcome::Fixed, ..entry().closed(Outcome::FoundRight, at) };
        for it in fixes::<Trail>(&made, true, Utc::now()) {
            let told = "the trail is stopped; the function that fixed it ended before it could tell of it";
            assert_eq!((&*it.because, it.right_at), (told, Some(at)));
        }
        let found = entry().closed(Outcome::FoundRight, at);
        let told = fixes::<Trail>(&found, true, Utc::now());
        assert!(told.iter().all(|it| it.because.contains("by now it is right") && it.right_at != Some(at)), "{told:?}");
    }

    #[test]
    fn whoever_led_to_the_change_is_named_where_the_report_names_somebody_else() {
        let told = fixes::<Trail>(&entry(), false, Utc::now());
        assert!(told.iter().all(|it| it.because.contains(", after StopLogging by alice, ended")), "{told:?}");
    }
}
