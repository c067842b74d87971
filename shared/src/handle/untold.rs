//! Fixes of which nobody was told: results from entries of the ledger, whose functions ended before they could tell. Pure.

use crate::event::Origin;
use crate::family::Family;
use crate::ledger::{CallState, EntryStep, LedgerEntry};
use crate::model::Severity;
use crate::report::{ControlResult, Status, StepReport, StepStatus};
use chrono::{DateTime, SubsecRound, Utc};

/// Returns what people are told of a change whose findings were found right now: a fix for each of them, with all calls of the
/// change. `led` says whether the event that led to the change is the one that is reported.
pub(crate) fn fixes<F: Family>(entry: &LedgerEntry, led: bool, now: DateTime<Utc>) -> Vec<ControlResult> {
    let steps: Vec<StepReport> = entry.steps.iter().map(step_report).collect();
    let after = if led { String::new() } else { caused(&entry.cause) };
    let fix = |control: &str, because: &str| {
        let about = F::CONTROLS.iter().map(|it| &it.about).find(|about| about.id == control);
        // A control that this version does not have may have been any.
        let severity = about.map_or(Severity::High, |about| about.severity);
        let because = format!(
            "{because}; the function that began to fix it{after} ended before it could tell of it, and by now it is right"
        );
        let region = entry.region.as_str();
        ControlResult {
            steps: steps.clone(),
            change: Some(entry.id),
            right_at: Some(now.trunc_subsecs(0)),
            ..ControlResult::new((control, severity), &entry.resource, region, Status::Fixed, &because)
        }
    };
    entry.findings.iter().map(|finding| fix(&finding.control, &finding.because)).collect()
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
    fn whoever_led_to_the_change_is_named_where_the_report_names_somebody_else() {
        let told = fixes::<Trail>(&entry(), false, Utc::now());
        assert!(told.iter().all(|it| it.because.contains(", after StopLogging by alice, ended")), "{told:?}");
    }
}
