//! Deadlines of an invocation: when its work ends, and when everything that it tells people is published.

use std::time::Duration;
use tokio::time::Instant;

/// Time kept to answer once everything is published, so that a failure is an answer of ours and no timeout: this, or a
/// twentieth of the time if that is less.
const ANSWERING: Duration = Duration::from_secs(1);

/// Time kept to publish what the work has found, at the least: this, or a quarter of the time if that is less. A long
/// invocation keeps a twentieth of its time, since it finds more.
const PUBLISHING: Duration = Duration::from_secs(3);

/// Deadlines of one invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// When the work ends, which leaves time to publish what was found.
    pub until: Instant,
    /// When publishing ends, which leaves time to answer.
    pub by: Instant,
}

impl Deadlines {
    /// Divides the time that an invocation has from its start.
    #[must_use]
    pub fn of(start: Instant, left: Duration) -> Self {
        let publish = left.saturating_sub(ANSWERING.min(left / 20));
        let work = publish.saturating_sub(PUBLISHING.max(left / 20).min(left / 4));
        Self { until: start + work, by: start + publish }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_work_leaves_time_to_publish_and_publishing_leaves_time_to_answer() {
        let start = Instant::now();
        for (left, work, publish) in
            [(10_000, 7_000, 9_500), (60_000, 56_000, 59_000), (300_000, 284_000, 299_000), (900_000, 854_000, 899_000)]
        {
            let Deadlines { until, by } = Deadlines::of(start, Duration::from_millis(left));
            assert!(until < by && by < start + Duration::from_millis(left), "{left}");
            assert_eq!(((until - start).as_millis(), (by - start).as_millis()), (work, publish), "of {left}");
            assert!(by - until >= Duration::from_millis(2_500), "time to publish, of {left}");
        }
        assert_eq!(Deadlines::of(start, Duration::ZERO), Deadlines { until: start, by: start });
    }
}
