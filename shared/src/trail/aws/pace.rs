//! Keeping within `CloudTrail`'s rate of changes.

use crate::place::Region;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// One call a second of each kind, for each region ([CloudTrail endpoints and quotas]); not adjustable. A little more, as
/// calls do not arrive as evenly as they leave.
///
/// [CloudTrail endpoints and quotas]: https://docs.aws.amazon.com/general/latest/gr/ct.html
const APART: Duration = Duration::from_millis(1_100);

/// When the next call of each kind may be made.
#[derive(Debug, Default)]
pub(super) struct Pace {
    next: RefCell<BTreeMap<(Region, &'static str), Instant>>,
}

impl Pace {
    /// Waits until a call of this kind may be made, and takes the turn.
    pub(super) async fn turn(&self, region: &Region, call: &'static str) {
        let turn = {
            let mut next = self.next.borrow_mut();
            let next = next.entry((region.clone(), call)).or_insert_with(Instant::now);
            let turn = (*next).max(Instant::now());
            *next = turn + APART;
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
    async fn calls_of_one_kind_and_region_are_a_second_apart() {
        let (pace, start) = (Pace::default(), Instant::now());
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
