//! Debouncing of frequent bucket policy changes, as made by Terraform: they do not change the alarms, so not every one
//! of them needs a check.

use crate::families::monitoring::watch::BUCKET_CALLS;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Maximum number of checks in any [`WINDOW`] because of calls that change no alarm.
const LOOKS: usize = 10;

/// Maximum age of a check that replaces later ones: the longest delay in detecting a problem after one of S3's calls.
/// Calls that change the chain itself are always checked.
const WINDOW: Duration = Duration::from_secs(30);

/// Times of recent checks.
#[derive(Debug, Default)]
pub(super) struct Debounce(RefCell<VecDeque<Instant>>);

impl Debounce {
    /// Records a check.
    pub(super) fn looked(&self) {
        let mut looks = self.0.borrow_mut();
        looks.push_back(Instant::now());
        if looks.len() > LOOKS {
            looks.pop_front();
        }
    }

    /// Returns why a call needs no check of its own, if so.
    pub(super) fn debounced(&self, call: &str) -> Option<String> {
        let looks = self.0.borrow();
        let (first, last) = (looks.front()?, looks.back()?);
        let spent = looks.len() >= LOOKS && first.elapsed() < WINDOW;
        (spent && BUCKET_CALLS.contains(&call)).then(|| {
            format!(
                "{call} changes no alarm, and the alarms were checked {} s ago; during many such calls they are \
                 checked at most {LOOKS} times in {} s",
                last.elapsed().as_secs(),
                WINDOW.as_secs()
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    #[tokio::test(start_paused = true)]
    async fn of_many_calls_that_change_no_alarm_some_are_looked_into() {
        let (debounce, mut looks) = (Debounce::default(), 0);
        for _ in 0..990 {
            if debounce.debounced("PutBucketPolicy").is_none() {
                debounce.looked();
                looks += 1;
            }
            advance(Duration::from_millis(60)).await;
        }
        assert_eq!(looks, 20, "nearly a minute of them");
        assert!(debounce.debounced("PutBucketPolicy").is_some_and(|because| because.contains("10 times in 30 s")));
        for call in ["DeleteAlarms", "DeleteMetricFilter", "UpdateTrail", "Unsubscribe", ""] {
            assert_eq!(debounce.debounced(call), None, "{call}");
        }
        advance(WINDOW).await;
        assert_eq!(debounce.debounced("PutBucketPolicy"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_look_is_never_older_than_the_window() {
        let debounce = Debounce::default();
        for _ in 0..LOOKS {
            assert_eq!(debounce.debounced("PutBucketAcl"), None);
            debounce.looked();
        }
        advance(WINDOW.saturating_sub(Duration::from_millis(1))).await;
        assert!(debounce.debounced("PutBucketAcl").is_some());
        advance(Duration::from_millis(1)).await;
        assert_eq!(debounce.debounced("PutBucketAcl"), None);
    }
}
