//! Memory of what was told and of events of our own calls, so that nothing is repeated and nothing loops.

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

/// Maximum number of results of which it is remembered what was told: a few megabytes at worst.
const REMEMBERED: usize = 10_000;

/// Maximum number of things remembered as told of one control on one resource.
const VARIANTS: usize = 100;

/// Memory of one process.
#[derive(Debug, Default)]
pub struct Echoes {
    /// What was told of each control on each resource, for as long as it stays so.
    told: RefCell<BTreeMap<u64, BTreeSet<u64>>>,
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

    /// Remembers a result that people are told of. For an event of our own call, a violation that was told already, that
    /// stands since, and that nothing was done about is not told again.
    pub(crate) fn heard(&self, result: &mut ControlResult, own: bool) {
        match result.status {
            Status::Advised | Status::Unknown | Status::Planned => {
                let new = self.is_news(result, &(&result.status.as_str(), &result.because));
                result.quiet = own && !new;
            }
            Status::Compliant | Status::Fixed | Status::NotApplicable => {
                self.told.borrow_mut().remove(&place(result));
            }
            Status::Exempt | Status::Changed | Status::Failed | Status::Fought => {}
        }
    }

    /// Returns whether nobody was told yet, since it was last in order, that an exemption hides this violation from what
    /// this caller does; from now on somebody was.
    pub(crate) fn hides_news(&self, result: &ControlResult, actor: Option<&str>) -> bool {
        self.is_news(result, &("exempted", &result.because, actor))
    }

    /// Forgets what was told, since it did not get through.
    pub fn forget(&self) {
        self.told.borrow_mut().clear();
    }

    fn is_news(&self, result: &ControlResult, what: &impl Hash) -> bool {
        let mut told = self.told.borrow_mut();
        if told.len() >= REMEMBERED {
            told.clear();
        }
        let of_result = told.entry(place(result)).or_default();
        if of_result.len() >= VARIANTS {
            of_result.clear();
        }
        of_result.insert(hash(what))
    }
}

/// Returns a hash of the control and the resource.
fn place(result: &ControlResult) -> u64 {
    hash(&(&result.control, &result.resource))
}

fn hash(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
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
        ControlResult { ..ControlResult::new(("c", Severity::High), "arn", "eu-west-1", status, because) }
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
        assert!(!quiet(Status::Failed, "old", true) && quiet(Status::Advised, "old", true), "it stands");
        assert!(
            !quiet(Status::Fixed, "old", true) && !quiet(Status::Advised, "old", true),
            "it was in order meanwhile"
        );
        echoes.forget();
        assert!(!quiet(Status::Advised, "old", true), "what did not get through is told again");
    }

    #[test]
    fn what_an_exemption_hides_is_told_once_of_each_who_does_something_to_it() {
        let echoes = Echoes::default();
        let news = |because: &str, actor: &str| echoes.hides_news(&result(Status::Exempt, because), Some(actor));
        assert!(news("open", "alice") && !news("open", "alice"));
        assert!(news("open", "bob") && news("wide open", "alice"));
        echoes.heard(&mut result(Status::Compliant, "nothing is wrong"), false);
        assert!(news("open", "alice"), "it was in order meanwhile");
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
