//! Detects bursts of refused requests: many from one requester within a short time.
//!
//! Log lines arrive in any order, so time is cut into slices of half the window, and two adjacent slices with enough
//! refusals between them make a burst. Refusals spread over more than the window never do; enough of them within half
//! the window always do.

use crate::access::read::time::Time;
use std::collections::{BTreeMap, HashMap};

/// Maximum number of requesters counted, and of slices per requester. The one with the fewest refusals makes room.
const REQUESTERS: usize = 1024;
const SLICES: usize = 64;

/// Counts refused requests per requester.
#[derive(Debug)]
pub(in crate::access) struct Bursts {
    enough: u32,
    slice: i64,
    refused: HashMap<Box<[u8]>, Refused>,
}

#[derive(Debug, Default)]
struct Refused {
    total: u64,
    slices: BTreeMap<i64, u32>,
    is_burst: bool,
}

impl Bursts {
    /// Creates a detector for bursts of at least `enough` refused requests within `seconds`.
    pub(in crate::access) fn new(enough: u32, seconds: u32) -> Self {
        Self { enough: enough.max(1), slice: i64::from(seconds / 2).max(1), refused: HashMap::new() }
    }

    /// Counts a refused request and returns whether its requester is in a burst now.
    pub(in crate::access) fn add(&mut self, requester: &[u8], time: Time) -> bool {
        if !self.refused.contains_key(requester) {
            if self.refused.len() >= REQUESTERS {
                let least = self.refused.iter().min_by_key(|(_, refused)| (refused.is_burst, refused.total));
                let least = least.map(|(requester, _)| requester.clone());
                least.map(|least| self.refused.remove(&least));
            }
            self.refused.insert(requester.into(), Refused::default());
        }
        let Some(refused) = self.refused.get_mut(requester) else { return false };
        refused.total += 1;
        if refused.is_burst {
            return true;
        }
        let slice = time.0.div_euclid(self.slice);
        let here = refused.slices.entry(slice).or_default();
        *here += 1;
        let here = *here;
        let at = |slice| refused.slices.get(&slice).copied().unwrap_or_default();
        refused.is_burst = here + at(slice - 1).max(at(slice + 1)) >= self.enough;
        if refused.is_burst {
            refused.slices.clear();
        } else if refused.slices.len() > SLICES {
            refused.slices.pop_first();
        }
        refused.is_burst
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::select;

    fn bursts(times: &[i64]) -> bool {
        let mut bursts = Bursts::new(3, 60);
        times.iter().fold(false, |_, time| bursts.add(b"bob", Time(*time)))
    }

    #[test]
    fn enough_in_a_short_time_is_a_burst() {
        assert!(bursts(&[0, 1, 2]));
        assert!(bursts(&[29, 30, 31]));
        assert!(!bursts(&[0, 1]));
        assert!(!bursts(&[0, 60, 120, 180, 240]));
    }

    #[test]
    fn each_requester_has_its_own() {
        let mut bursts = Bursts::new(2, 60);
        assert!(!bursts.add(b"alice", Time(0)));
        assert!(!bursts.add(b"bob", Time(0)));
        assert!(bursts.add(b"bob", Time(0)));
    }

    #[test]
    fn many_requesters_take_no_more_memory_and_do_not_hide_the_busy_one() {
        let mut bursts = Bursts::new(3, 60);
        bursts.add(b"bob", Time(0));
        bursts.add(b"bob", Time(0));
        for number in 0..5000 {
            bursts.add(format!("session-{number}").as_bytes(), Time(0));
        }
        assert!(bursts.refused.len() <= REQUESTERS);
        assert!(bursts.add(b"bob", Time(1)));
        assert!((0..5000).all(|day| !bursts.add(b"alice", Time(day * 86_400))));
        assert!(bursts.refused.values().all(|refused| refused.slices.len() <= SLICES + 1));
    }

    proptest! {
        #[test]
        fn the_order_does_not_matter_and_the_window_holds(
            times in prop::collection::vec(select((0..300).step_by(7).collect::<Vec<i64>>()), 0..8),
            turn in any::<prop::sample::Index>()
        ) {
            let mut turned = times.clone();
            turned.rotate_left(if times.is_empty() { 0 } else { turn.index(times.len()) });
            prop_assert_eq!(bursts(&times), bursts(&turned));
            let mut sorted = times.clone();
            sorted.sort_unstable();
            let within = |seconds| sorted.windows(3).any(|three| three[2] - three[0] < seconds);
            prop_assert!(!bursts(&times) || within(60));
            // Slices may begin anywhere, so a burst is certain only if it fits into half the window.
            prop_assert!(bursts(&times) || !within(30));
        }
    }
}
