//! How many calls of a kind may leave in a second: the share of a quota, and less for a while after a refusal. Pure.

use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Period in which a service counts, and a little more, since calls do not arrive as evenly as they leave.
pub(super) const SECOND: Duration = Duration::from_millis(1_050);

/// Rate of one kind of call.
#[derive(Debug)]
pub(super) struct Rate {
    /// Calls that may leave in a second; `None` where the service names no number.
    share: Option<usize>,
    /// Times at which the calls of the last second left.
    left: VecDeque<Instant>,
    slowed: Option<Slowdown>,
}

/// What a refusal has led to: calls wait for a second, and then there is one more in each second, until it is over.
#[derive(Debug, Clone, Copy)]
struct Slowdown {
    /// Time of the refusal.
    begun: Instant,
    /// Calls that may leave in the first second after the wait.
    first: usize,
    /// Calls in a second at which it is over.
    over: usize,
}

impl Rate {
    /// Creates a rate of so many calls in a second.
    pub(super) fn of(share: Option<usize>) -> Self {
        Self { share, left: VecDeque::new(), slowed: None }
    }

    /// Returns when the next call may leave, which may be the time given.
    pub(super) fn due(&self, now: Instant) -> Instant {
        let slowed = self.slowed.filter(|it| it.lasts(now));
        let at = slowed.map_or(now, |it| it.ends_waiting().max(now));
        let nth_last = self.limit(at).and_then(|limit| self.left.len().checked_sub(limit));
        let counted = nth_last.and_then(|nth| self.left.get(nth)).map(|left| *left + SECOND);
        counted.map_or(at, |counted| counted.max(at))
    }

    /// Counts a call that leaves.
    pub(super) fn leaves(&mut self, now: Instant) {
        self.forget(now);
        self.left.push_back(now);
    }

    /// Halves the rate, since AWS has refused a call that left at this time. A call that left before the rate was last halved
    /// says nothing about what it is now. Returns the new rate if this begins a slow-down.
    pub(super) fn refused(&mut self, left: Instant, now: Instant) -> Option<usize> {
        self.forget(now);
        let slowed = self.slowed.filter(|it| it.lasts(now));
        if slowed.is_some_and(|it| left <= it.begun) {
            return None;
        }
        let rate = self.limit(now).unwrap_or(self.left.len());
        let first = (rate / 2).max(1);
        let usual = self.share.or(slowed.map(|it| it.over)).unwrap_or(rate);
        self.slowed = Some(Slowdown { begun: now, first, over: usual.max(first + 1) });
        slowed.is_none().then_some(first)
    }

    /// Returns how many calls may leave in the second before a time; `None` for any number.
    fn limit(&self, at: Instant) -> Option<usize> {
        let slowed = self.slowed.filter(|it| it.lasts(at)).map(|it| it.rate(at));
        match (slowed, self.share) {
            (Some(slowed), Some(share)) => Some(slowed.min(share)),
            (slowed, share) => slowed.or(share),
        }
    }

    /// Forgets what left more than a second ago.
    fn forget(&mut self, now: Instant) {
        let old = self.left.partition_point(|left| *left + SECOND <= now);
        self.left.drain(..old);
    }
}

impl Slowdown {
    fn ends_waiting(&self) -> Instant {
        self.begun + SECOND
    }

    fn rate(&self, at: Instant) -> usize {
        let seconds = at.saturating_duration_since(self.ends_waiting()).as_millis() / SECOND.as_millis();
        self.first.saturating_add(usize::try_from(seconds).unwrap_or(usize::MAX))
    }

    fn lasts(&self, at: Instant) -> bool {
        self.rate(at) < self.over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets calls leave as soon as each may, and returns when they did, in milliseconds.
    fn leave(rate: &mut Rate, start: Instant, from: u64, count: usize) -> Vec<u128> {
        let mut now = start + Duration::from_millis(from);
        (0..count)
            .map(|_| {
                now = rate.due(now);
                rate.leaves(now);
                (now - start).as_millis()
            })
            .collect()
    }

    #[test]
    fn a_share_leaves_at_once_and_the_next_a_second_later() {
        let (mut rate, start) = (Rate::of(Some(3)), Instant::now());
        assert_eq!(leave(&mut rate, start, 0, 7), [0, 0, 0, 1_050, 1_050, 1_050, 2_100]);
        assert_eq!(leave(&mut Rate::of(None), start, 0, 100).last(), Some(&0));
    }

    #[test]
    fn a_refusal_halves_the_rate_which_comes_back_step_by_step() {
        let (mut rate, start) = (Rate::of(Some(5)), Instant::now());
        leave(&mut rate, start, 0, 5);
        assert_eq!(rate.refused(start, start), Some(2));
        let left = leave(&mut rate, start, 0, 19);
        let counted = [1_050, 2_100, 3_150, 4_200, 5_250].map(|at| left.iter().filter(|it| **it == at).count());
        assert_eq!((counted, left.len()), ([2, 3, 4, 5, 5], 19));
    }

    #[test]
    fn what_left_before_the_rate_was_halved_does_not_halve_it_again() {
        let (mut rate, start) = (Rate::of(Some(10)), Instant::now());
        leave(&mut rate, start, 0, 10);
        let now = start + Duration::from_millis(30);
        assert_eq!((rate.refused(start, now), rate.refused(start, now)), (Some(5), None));
        assert_eq!(rate.limit(now + SECOND), Some(5));
        let again = now + SECOND;
        assert_eq!(rate.refused(again, again), None, "it is the same slow-down");
        assert_eq!(rate.limit(again + SECOND), Some(2));
        assert_eq!(rate.refused(again + SECOND, again + SECOND), None);
        assert_eq!(rate.limit(again + SECOND * 2), Some(1));
        assert_eq!(rate.refused(again + SECOND * 2, again + SECOND * 2), None);
        assert_eq!(rate.limit(again + SECOND * 3), Some(1), "there is always one a second");
        assert_eq!(rate.refused(again + SECOND * 30, again + SECOND * 30), Some(5), "a slow-down of its own");
    }

    #[test]
    fn where_no_number_is_known_it_is_what_left_in_the_last_second() {
        let (mut rate, start) = (Rate::of(None), Instant::now());
        leave(&mut rate, start, 0, 6);
        assert_eq!(rate.refused(start, start), Some(3));
        assert_eq!(leave(&mut rate, start, 0, 3 + 4 + 5), [vec![1_050; 3], vec![2_100; 4], vec![3_150; 5]].concat());
        assert_eq!(rate.limit(start + SECOND * 4), None);
        // A change of a service that allows one a second: what was refused and the next one do not leave together.
        let (mut rate, start) = (Rate::of(None), Instant::now());
        leave(&mut rate, start, 0, 1);
        assert_eq!(rate.refused(start, start), Some(1));
        assert_eq!(leave(&mut rate, start, 0, 2), [1_050, 2_100]);
    }
}
