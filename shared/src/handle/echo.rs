//! Events of our own calls: looked into like anybody's, without repeating what was told and without a loop.

use crate::report::{ControlResult, Status, StepStatus};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;
use tokio::time::Instant;

/// Maximum number of times within [`WINDOW`] that events of our own calls may lead to calls on the same target.
///
/// A fix converges: the event of its last call finds nothing wrong. This ends what does not converge against every
/// expectation, such as a call that AWS accepts without effect.
const ANSWERS: usize = 3;

/// Time after which a target's answers are forgotten.
const WINDOW: Duration = Duration::from_hours(1);

/// Maximum number of results remembered as told: some hundred kilobytes.
const REMEMBERED: usize = 10_000;

/// Memory of one process, for the events of its own calls.
#[derive(Debug, Default)]
pub struct Echoes {
    told: RefCell<BTreeSet<u64>>,
    answered: RefCell<BTreeMap<String, Vec<Instant>>>,
}

impl Echoes {
    /// Returns whether an event of our own calls may lead to calls on this target once more.
    pub(crate) fn may_answer(&self, target: &str) -> bool {
        let mut answered = self.answered.borrow_mut();
        let Some(times) = answered.get_mut(target) else { return true };
        times.retain(|time| time.elapsed() < WINDOW);
        times.len() < ANSWERS
    }

    /// Records that an event of our own calls led to calls on this target.
    pub(crate) fn answered(&self, target: String) {
        self.answered.borrow_mut().entry(target).or_default().push(Instant::now());
    }

    /// Remembers a result that people are told of. For an event of our own call, a violation that was told already and
    /// that nothing was done about is not told again.
    pub(crate) fn heard(&self, result: &mut ControlResult, own: bool) {
        let standing = matches!(result.status, Status::Advised | Status::Unknown | Status::Planned);
        if !standing {
            return;
        }
        let mut hasher = DefaultHasher::new();
        (&result.control, &result.resource, &result.because).hash(&mut hasher);
        let mut told = self.told.borrow_mut();
        if told.len() >= REMEMBERED {
            told.clear();
        }
        let new = told.insert(hasher.finish());
        result.quiet = own && !new;
    }
}

/// Returns whether AWS accepted a call for this result.
pub(crate) fn wrote(result: &ControlResult) -> bool {
    result.steps.iter().any(|step| step.status == StepStatus::Applied)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Severity;

    fn result(status: Status, because: &str) -> ControlResult {
        ControlResult {
            control: "c".to_owned(),
            resource: "arn".into(),
            region: "eu-west-1".to_owned(),
            status,
            severity: Severity::High,
            because: because.into(),
            advice: None,
            steps: Vec::new(),
            change: None,
            exempted: false,
            quiet: false,
            retry: false,
        }
    }

    #[test]
    fn what_was_told_is_told_again_to_anybody_but_ourselves() {
        let echoes = Echoes::default();
        let quiet = |status, because: &str, own| {
            let mut result = result(status, because);
            echoes.heard(&mut result, own);
            result.quiet
        };
        assert!(!quiet(Status::Advised, "old", false));
        assert!(!quiet(Status::Advised, "old", false));
        assert!(quiet(Status::Advised, "old", true));
        assert!(!quiet(Status::Advised, "new", true));
        assert!(!quiet(Status::Fixed, "old", true) && !quiet(Status::Failed, "old", true));
    }

    #[tokio::test(start_paused = true)]
    async fn our_own_calls_lead_to_a_few_calls_and_no_more() {
        let echoes = Echoes::default();
        for _ in 0..ANSWERS {
            assert!(echoes.may_answer("a"));
            echoes.answered("a".to_owned());
        }
        assert!(!echoes.may_answer("a") && echoes.may_answer("b"));
        tokio::time::advance(WINDOW).await;
        assert!(echoes.may_answer("a"));
    }
}
