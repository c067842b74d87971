//! Many changes of bucket policies in a short time, as Terraform makes them: none of them changes the alarms, so that
//! not each of them is worth a look.

use crate::families::monitoring::watch::BUCKET_CALLS;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// This many looks are taken in any [`WINDOW`] because of calls that change no alarm.
const LOOKS: usize = 10;

/// For so long at most a look stands for the next ones: what S3's calls bring to light is hidden no longer. Calls that
/// change the chain itself are always looked into.
const WINDOW: Duration = Duration::from_secs(30);

/// The looks of the last while.
#[derive(Debug, Default)]
pub(super) struct Debounce(RefCell<VecDeque<Instant>>);

impl Debounce {
    /// A look was taken.
    pub(super) fn looked(&self) {
        let mut looks = self.0.borrow_mut();
        looks.push_back(Instant::now());
        if looks.len() > LOOKS {
            looks.pop_front();
        }
    }

    /// Why a call needs no look of its own, if so.
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
