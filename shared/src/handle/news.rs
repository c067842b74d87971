//! News: what people are told of an event beyond what is wrong.

use super::echo::Echoes;
use crate::family::{RecordChange, When};
use crate::model::Severity;
use crate::report::{ControlResult, Status};

/// What people are told of one event beyond what is wrong, and what they are not told again.
pub(crate) struct News<'a> {
    /// Change that the event is about.
    pub(crate) change: Option<RecordChange>,
    /// Result for the whole target of a change that names no single resource.
    pub(crate) whole: Option<ControlResult>,
    /// Whether the event is about a call of our own that a fix makes.
    pub(crate) own: bool,
    /// What this process did and told before.
    pub(crate) echoes: &'a Echoes,
}

impl News<'_> {
    /// Prepares one result for being told.
    pub(crate) fn mark(&self, result: &mut ControlResult) {
        if let Some(change) = self.change.as_ref().filter(|_| self.whole.is_none()) {
            mark(change, result);
        }
        self.echoes.heard(result, self.own);
    }

    /// Returns the result for the whole target, unless one of these tells the same.
    pub(crate) fn rest<'r>(&self, mut results: impl Iterator<Item = &'r ControlResult>) -> Option<ControlResult> {
        let acts = |status| matches!(status, Status::Fixed | Status::Planned | Status::Failed);
        let whole = self.whole.clone()?;
        let told = results.any(|result| result.control == whole.control && acts(result.status));
        (!told).then_some(whole)
    }
}

/// Turns a result that would not be told into one that is, if the change is about it.
fn mark(change: &RecordChange, result: &mut ControlResult) {
    let tells = match change.when {
        When::Always(control) => result.control == control,
        When::Applicable(control) => result.control == control && result.status != Status::NotApplicable,
        When::Exempted => result.exempted && matches!(result.severity, Severity::High | Severity::Critical),
    };
    if tells && matches!(result.status, Status::Compliant | Status::Exempt | Status::NotApplicable) {
        result.because = format!("{}. Now it is {}: {}", change.what, result.status.as_str(), result.because).into();
        result.status = Status::Changed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(control: &str, status: Status, severity: Severity) -> ControlResult {
        ControlResult {
            control: control.to_owned(),
            resource: "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main".into(),
            region: "eu-west-1".to_owned(),
            status,
            severity,
            because: "why".into(),
            advice: None,
            steps: Vec::new(),
            change: None,
            exempted: status == Status::Exempt,
            quiet: false,
            retry: false,
        }
    }

    fn marked(when: When, control: &str, status: Status, severity: Severity) -> Status {
        let mut result = result(control, status, severity);
        mark(&RecordChange { when, what: "StopLogging stops the record".to_owned() }, &mut result);
        let told = result.because == format!("StopLogging stops the record. Now it is {}: why", status.as_str());
        assert_eq!(told, result.status == Status::Changed);
        result.status
    }

    #[test]
    fn a_change_is_told_with_the_control_that_it_is_about() {
        for status in [Status::Compliant, Status::Exempt, Status::NotApplicable] {
            assert_eq!(marked(When::Always("a"), "a", status, Severity::Low), Status::Changed);
            assert_eq!(marked(When::Always("a"), "b", status, Severity::Critical), status);
        }
        for status in [Status::Fixed, Status::Planned, Status::Advised, Status::Unknown, Status::Failed] {
            assert_eq!(marked(When::Always("a"), "a", status, Severity::Low), status, "it is told already");
        }
    }

    #[test]
    fn a_change_of_a_resource_that_the_control_does_not_apply_to_is_not_told() {
        let when = When::Applicable("a");
        assert_eq!(marked(when, "a", Status::NotApplicable, Severity::Low), Status::NotApplicable);
        assert_eq!(marked(when, "a", Status::Compliant, Severity::Low), Status::Changed);
    }

    #[test]
    fn an_exemption_is_told_if_it_hides_something_high() {
        for severity in [Severity::High, Severity::Critical] {
            assert_eq!(marked(When::Exempted, "a", Status::Exempt, severity), Status::Changed);
            assert_eq!(marked(When::Exempted, "a", Status::Compliant, severity), Status::Compliant);
        }
        assert_eq!(marked(When::Exempted, "a", Status::Exempt, Severity::Medium), Status::Exempt);
    }
}
