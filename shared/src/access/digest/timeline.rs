//! Counts requests over time, by severity: a histogram in constant memory.
//!
//! Time is divided into spans of equal length. When there are too many of them, neighbours are merged, so that every
//! count stays exact and the result does not depend on the order of the requests.

use crate::access::read::time::Time;
use crate::model::Severity;
use std::collections::VecDeque;

/// Maximum number of spans: one week in hours.
const MOST: usize = 168;

/// Possible lengths of a span in seconds, in units that people use. Each is a multiple of the one before. Above a day,
/// each length is twice the last.
const LENGTHS: [i64; 8] = [60, 300, 900, 3_600, 10_800, 21_600, 43_200, 86_400];

/// Number of requests over time.
#[derive(Debug)]
pub struct Timeline {
    length: i64,
    /// Number of the first span, counted from 1970.
    first: i64,
    spans: VecDeque<Tally>,
    ends: Option<(Time, Time)>,
}

/// Counts for the requests of one span.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Number of requests.
    pub requests: u64,
    /// Number of requests with a finding, by their worst severity: low, medium, high, critical.
    pub found: [u64; 4],
}

impl Tally {
    fn take_in(&mut self, other: Self) {
        self.requests += other.requests;
        self.found.iter_mut().zip(other.found).for_each(|(sum, more)| *sum += more);
    }
}

impl Default for Timeline {
    fn default() -> Self {
        Self { length: shortest(), first: 0, spans: VecDeque::new(), ends: None }
    }
}

fn shortest() -> i64 {
    LENGTHS.first().copied().unwrap_or(1)
}

impl Timeline {
    /// Counts a request under its worst severity, if it has a finding.
    pub(in crate::access) fn add(&mut self, time: Time, worst: Option<Severity>) {
        let mut tally = Tally { requests: 1, found: [0; 4] };
        if let Some(place) = worst.and_then(|worst| tally.found.get_mut(worst as usize)) {
            *place = 1;
        }
        self.ends = Some(self.ends.map_or((time, time), |(first, last)| (first.min(time), last.max(time))));
        loop {
            let at = time.0.div_euclid(self.length);
            if self.spans.is_empty() {
                self.first = at;
            }
            let from_first = usize::try_from(at - self.first).ok();
            match from_first {
                Some(place) if place < MOST => {
                    if place >= self.spans.len() {
                        self.spans.resize(place + 1, Tally::default());
                    }
                    return self.spans.get_mut(place).into_iter().for_each(|span| span.take_in(tally));
                }
                // Before the first span.
                None if usize::try_from(self.first - at).is_ok_and(|more| self.spans.len() + more <= MOST) => {
                    while self.first > at {
                        self.spans.push_front(Tally::default());
                        self.first -= 1;
                    }
                }
                _ => self.lengthen(),
            }
        }
    }

    fn lengthen(&mut self) {
        let longer = LENGTHS.iter().find(|longer| **longer > self.length).copied().unwrap_or(self.length * 2);
        let times = longer / self.length;
        let old = std::mem::take(&mut self.spans);
        let (numbers, first) = (self.first.., self.first.div_euclid(times));
        for (number, tally) in numbers.zip(old) {
            match self.spans.back_mut() {
                Some(last) if number.rem_euclid(times) != 0 => last.take_in(tally),
                _ => self.spans.push_back(tally),
            }
        }
        (self.length, self.first) = (longer, first);
    }

    /// Returns the times of the first and the last request, to the second.
    #[must_use]
    pub fn ends(&self) -> Option<(Time, Time)> {
        self.ends
    }

    /// Returns the length of each span in seconds.
    #[must_use]
    pub fn length(&self) -> i64 {
        self.length
    }

    /// Returns the start and the counts of each span, from the first request to the last without gaps.
    #[must_use]
    pub fn spans(&self) -> impl DoubleEndedIterator<Item = (Time, Tally)> + ExactSizeIterator {
        let begin = |place: usize| self.first + i64::try_from(place).unwrap_or_default();
        self.spans.iter().enumerate().map(move |(place, tally)| (Time(begin(place) * self.length), *tally))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const DAY: i64 = 86_400;

    fn of(times: &[i64]) -> Timeline {
        let mut timeline = Timeline::default();
        for time in times {
            timeline.add(Time(*time), None);
        }
        timeline
    }

    fn counts(timeline: &Timeline) -> Vec<(i64, u64)> {
        timeline.spans().map(|(begin, tally)| (begin.0, tally.requests)).collect()
    }

    #[test]
    fn spans_are_as_short_as_their_number_allows() {
        for (longest, length) in [
            (0, 60),
            (168 * 60 - 1, 60),
            (168 * 60, 300),
            (DAY, 900),
            (7 * DAY - 1, 3_600),
            (30 * DAY, 21_600),
            (168 * DAY - 1, DAY),
            (168 * DAY, 2 * DAY),
            (365 * DAY, 4 * DAY),
            (9_999 * 365 * DAY, 32_768 * DAY),
        ] {
            assert_eq!(of(&[0, longest]).length(), length, "{longest}");
            assert_eq!(of(&[longest, 0]).length(), length, "{longest}, the other way round");
        }
    }

    #[test]
    fn there_is_no_gap_between_the_first_and_the_last() {
        assert_eq!(counts(&of(&[])), []);
        assert_eq!(counts(&of(&[185, 10, 59])), [(0, 2), (60, 0), (120, 0), (180, 1)]);
    }

    #[test]
    fn the_first_and_the_last_are_known_to_the_second() {
        assert_eq!(of(&[]).ends(), None);
        assert_eq!(of(&[185]).ends(), Some((Time(185), Time(185))));
        assert_eq!(of(&[185, 300 * DAY + 7, 11]).ends(), Some((Time(11), Time(300 * DAY + 7))));
    }

    #[test]
    fn each_request_is_counted_by_the_worst_that_was_found() {
        let mut timeline = Timeline::default();
        for worst in [None, Some(Severity::Low), Some(Severity::Critical), Some(Severity::Critical)] {
            timeline.add(Time(0), worst);
        }
        let (_, tally) = timeline.spans().next().expect("a span");
        assert_eq!(tally, Tally { requests: 4, found: [1, 0, 0, 2] });
    }

    proptest! {
        #[test]
        fn every_count_is_exact_in_any_order(
            times in prop::collection::vec((-5_i64..400, -50_i64..2_000).prop_map(|(day, minute)| day * DAY + minute * 60), 1..300),
            near in any::<bool>(),
        ) {
            let times: Vec<i64> = times.iter().map(|time| if near { time % (3 * DAY) } else { *time }).collect();
            let timeline = of(&times);
            let length = timeline.length();
            let mut exact: BTreeMap<i64, u64> = BTreeMap::new();
            for time in &times {
                *exact.entry(time.div_euclid(length) * length).or_default() += 1;
            }
            let reported: BTreeMap<i64, u64> = counts(&timeline).into_iter().filter(|(_, count)| *count > 0).collect();
            prop_assert_eq!(reported, exact);
            prop_assert!((1..=MOST).contains(&timeline.spans().len()));
            let sorted = { let mut times = times.clone(); times.sort_unstable(); of(&times) };
            prop_assert_eq!(counts(&sorted), counts(&timeline));
        }
    }
}
