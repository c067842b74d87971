//! Keeping within a service's rate of changes.

use crate::model::Region;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// When the next call of each kind may be made, in each region.
#[derive(Debug)]
pub struct Pace {
    apart: Duration,
    next: RefCell<BTreeMap<(Region, &'static str), Instant>>,
}

impl Pace {
    /// Calls of one kind that leave this far apart. A little more than the service asks for, as they do not arrive as
    /// evenly as they leave.
    #[must_use]
    pub fn of(apart: Duration) -> Self {
        Self { apart, next: RefCell::default() }
    }

    /// Waits until a call of this kind may be made, and takes the turn.
    pub async fn turn(&self, region: &Region, call: &'static str) {
        let turn = {
            let mut next = self.next.borrow_mut();
            let next = next.entry((region.clone(), call)).or_insert_with(Instant::now);
            let turn = (*next).max(Instant::now());
            *next = turn + self.apart;
            turn
        };
        // A timer takes a millisecond even when it is due.
        if turn > Instant::now() {
            sleep_until(turn).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
