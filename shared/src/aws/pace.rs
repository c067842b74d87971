//! Rate limiting of changes to a service. What is refused all the same, since others change something too, waits for its turn in
//! `turns.rs`.

use crate::model::Region;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// Time at which the next call of each kind may be made, per region.
#[derive(Debug)]
pub struct Pace {
    apart: Duration,
    queues: RefCell<BTreeMap<(Region, &'static str), Turns>>,
}

/// Queue of waiting callers, in order of arrival. Its front holds the time of the last call.
type Turns = Rc<Mutex<Option<Instant>>>;

impl Pace {
    /// Spaces calls of one kind this far apart. The interval should be slightly longer than the service requires, since
    /// calls do not arrive as evenly as they leave.
    #[must_use]
    pub fn of(apart: Duration) -> Self {
        Self { apart, queues: RefCell::default() }
    }

    /// Waits until a call of this kind may be made, and takes the slot. If the clock has run ahead, as it does while
    /// Lambda gives us no CPU, the callers due by then do not all leave at once.
    pub async fn turn(&self, region: &Region, call: &'static str) {
        let queue = Rc::clone(self.queues.borrow_mut().entry((region.clone(), call)).or_default());
        let mut left = queue.lock().await;
        let due = left.map_or_else(Instant::now, |left| left + self.apart);
        // A timer takes a millisecond even if it is due.
        if due > Instant::now() {
            sleep_until(due).await;
        }
        *left = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::{join, join_all};
    use tokio::time::advance;

    #[tokio::test(start_paused = true)]
    async fn calls_of_one_kind_and_region_are_apart() {
        let (pace, start) = (Pace::of(Duration::from_millis(1_100)), Instant::now());
        let west = Region::parse("eu-west-1").expect("a region");
        for (region, call, millis) in [
            (&west, "UpdateTrail", 0),
            (&west, "StartLogging", 0),
            (&Region::first(), "UpdateTrail", 0),
            (&west, "UpdateTrail", 1_100),
            (&west, "UpdateTrail", 2_200),
        ] {
            pace.turn(region, call).await;
            assert_eq!(start.elapsed().as_millis(), millis, "{region} {call}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn calls_are_apart_where_the_timers_come_late() {
        let (pace, start, region) = (Pace::of(Duration::from_millis(70)), Instant::now(), Region::first());
        let leave = async |_: usize| {
            pace.turn(&region, "EnableKeyRotation").await;
            start.elapsed().as_millis()
        };
        let stall = async {
            tokio::task::yield_now().await;
            advance(Duration::from_millis(300)).await;
        };
        let (left, ()) = join(join_all((0..6).map(leave)), stall).await;
        assert_eq!(left, [0, 300, 370, 440, 510, 580]);
    }
}
