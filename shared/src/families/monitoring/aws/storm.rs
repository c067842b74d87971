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
pub(super) struct Storm(RefCell<VecDeque<Instant>>);

impl Storm {
    /// A look was taken.
    pub(super) fn looked(&self) {
        let mut looks = self.0.borrow_mut();
        looks.push_back(Instant::now());
        if looks.len() > LOOKS {
            looks.pop_front();
        }
    }

    /// Why a call needs no look of its own, if so.
    pub(super) fn spares(&self, call: &str) -> Option<String> {
        let looks = self.0.borrow();
        let (first, last) = (looks.front()?, looks.back()?);
        let spent = looks.len() >= LOOKS && first.elapsed() < WINDOW;
        (spent && BUCKET_CALLS.contains(&call)).then(|| {
            format!(
                "{call} changes no alarm, and they were looked at {} s ago; after many such calls they are looked at \
                 {LOOKS} times in {} s",
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
        let (storm, mut looks) = (Storm::default(), 0);
        for _ in 0..990 {
            if storm.spares("PutBucketPolicy").is_none() {
                storm.looked();
                looks += 1;
            }
            advance(Duration::from_millis(60)).await;
        }
        assert_eq!(looks, 20, "nearly a minute of them");
        assert!(storm.spares("PutBucketPolicy").is_some_and(|because| because.contains("10 times in 30 s")));
        for call in ["DeleteAlarms", "DeleteMetricFilter", "UpdateTrail", "Unsubscribe", ""] {
            assert_eq!(storm.spares(call), None, "{call}");
        }
        advance(WINDOW).await;
        assert_eq!(storm.spares("PutBucketPolicy"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_look_is_never_older_than_the_window() {
        let storm = Storm::default();
        for _ in 0..LOOKS {
            assert_eq!(storm.spares("PutBucketAcl"), None);
            storm.looked();
        }
        advance(WINDOW.saturating_sub(Duration::from_millis(1))).await;
        assert!(storm.spares("PutBucketAcl").is_some());
        advance(Duration::from_millis(1)).await;
        assert_eq!(storm.spares("PutBucketAcl"), None);
    }
}
