//! Rules that wake the functions: whether they are on and lead anywhere. Pure.

use crate::report::Status;

/// Rule of EventBridge, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleState {
    /// ARN of the rule.
    pub arn: String,
    /// State of the rule: `ENABLED` or `DISABLED`; another that matches the calls of CloudTrail, too.
    pub state: String,
    /// Whether the rule has a target.
    pub leads: bool,
}

impl RuleState {
    /// Returns what the rule is, and why.
    #[must_use]
    pub fn judge(&self) -> (Status, &'static str) {
        match (self.state.as_str(), self.leads) {
            ("DISABLED", _) => (Status::Advised, "the rule is disabled, so it wakes no function"),
            (_, false) => (Status::Advised, "the rule has no target, so it wakes no function"),
            (_, true) => (Status::Compliant, "the rule is enabled and has a target"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_wakes_nobody_is_wrong() {
        let judged = |state: &str, leads| RuleState { arn: "a".into(), state: state.into(), leads }.judge().0;
        assert_eq!(judged("ENABLED", true), Status::Compliant);
        assert_eq!(judged("DISABLED", true), Status::Advised);
        assert_eq!(judged("ENABLED", false), Status::Advised);
    }
}
