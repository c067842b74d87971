//! Tells once what keeps several controls from judging one resource, such as a read that is denied.

use crate::model::OneLine;
use crate::report::{ControlResult, Status};
use std::collections::BTreeMap;

/// Marks results so that a cause which several controls of one resource share is told once: with the most severe of
/// them, which then names the others. All of them stay in the response.
pub(crate) fn told_once(results: &mut [ControlResult]) {
    let mut causes: BTreeMap<(Status, OneLine, OneLine), Vec<usize>> = BTreeMap::new();
    for (at, it) in results.iter().enumerate().filter(|(_, it)| is_stopped(it)) {
        causes.entry((it.status, it.resource.clone(), it.because.clone())).or_default().push(at);
    }
    for ((_, _, because), all) in causes {
        let severity = |at: &usize| results.get(*at).map(|it| it.severity);
        // The first of those that are equally severe.
        let Some(tells) = all.iter().copied().rev().max_by_key(severity).filter(|_| all.len() > 1) else { continue };
        let mut others = Vec::new();
        for at in all.into_iter().filter(|at| *at != tells) {
            if let Some(it) = results.get_mut(at) {
                it.quiet = true;
                others.push(it.control.clone());
            }
        }
        if let Some(it) = results.get_mut(tells) {
            it.because = format!("{}; the same is true of {}", &*because, others.join(", ")).into();
        }
    }
}

/// Returns whether a control could not do its work, made no call, and people are to be told.
fn is_stopped(result: &ControlResult) -> bool {
    matches!(result.status, Status::Unknown | Status::Failed) && result.steps.is_empty() && result.worth_telling()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Severity;

    fn result(control: &str, severity: Severity, status: Status, because: &str) -> ControlResult {
        ControlResult { ..ControlResult::new((control, severity), "arn", "eu-west-1", status, because) }
    }

    /// Returns what is told, and the number of results.
    fn told(mut results: Vec<ControlResult>) -> (Vec<String>, usize) {
        told_once(&mut results);
        let told = results.iter().filter(|it| it.worth_telling());
        (told.map(|it| format!("{}: {}", it.control, &*it.because)).collect(), results.len())
    }

    #[test]
    fn a_common_cause_is_told_once_with_the_most_severe_control() {
        use Severity::{High, Low};
        for status in [Status::Unknown, Status::Failed] {
            let denied = |control: &str, severity| result(control, severity, status, "it was denied");
            let all = vec![denied("a", Low), denied("b", High), denied("c", High)];
            assert_eq!(told(all), (vec!["b: it was denied; the same is true of a, c".to_owned()], 3));
            assert_eq!(told(vec![denied("a", Low)]).0, ["a: it was denied"]);
        }
    }

    #[test]
    fn different_causes_resources_and_violations_are_told_each() {
        let unknown = |control, because| result(control, Severity::Low, Status::Unknown, because);
        let other = ControlResult { resource: "another".into(), ..unknown("b", "denied") };
        assert_eq!(told(vec![unknown("a", "denied"), other, unknown("c", "hidden")]).0.len(), 3);
        let advised = |control| result(control, Severity::Low, Status::Advised, "wrong");
        assert_eq!(told(vec![advised("a"), advised("b")]).0, ["a: wrong", "b: wrong"]);
    }
}
