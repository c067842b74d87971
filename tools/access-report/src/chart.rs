//! Draws the timeline: where each bar, line and label goes. Horizontal values are in percent, so that the chart fits
//! any screen; vertical ones are in pixels, so that text keeps its size.

use crate::axis::{Label, labels};
use crate::summary::clock;
use indicatif::HumanCount;
use trailkeeper::access::digest::timeline::{Tally, Timeline};
use trailkeeper::access::read::time::Time;

/// Panels of the chart: all requests above, those with findings below, each with its own scale.
const ALL: Panel = Panel { top: 28, height: 130 };
const FOUND: Panel = Panel { top: 206, height: 90 };

struct Panel {
    top: u64,
    height: u64,
}

/// The chart, ready for the template.
#[derive(Debug, Default)]
pub(crate) struct Chart {
    pub(crate) spans: Vec<Span>,
    pub(crate) lines: Vec<Line>,
    pub(crate) labels: Vec<Label>,
    /// Length of a span, in words.
    pub(crate) each: String,
    /// Description of the chart, in words.
    pub(crate) told: String,
}

/// A span of time with requests.
#[derive(Debug)]
pub(crate) struct Span {
    pub(crate) begin: String,
    pub(crate) requests: u64,
    /// Number of requests with findings: critical, high, medium, low.
    pub(crate) found: [u64; 4],
    pub(crate) x: String,
    pub(crate) width: String,
    pub(crate) bars: Vec<Bar>,
}

/// A segment of a span's bar.
#[derive(Debug)]
pub(crate) struct Bar {
    pub(crate) y: String,
    pub(crate) height: String,
    pub(crate) class: &'static str,
}

/// A horizontal line with the number that it marks.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) y: u64,
    pub(crate) number: String,
}

/// CSS classes of the bars of [`Span::found`].
pub(crate) const CLASSES: [&str; 4] = ["critical", "high", "medium", "low"];

impl Chart {
    /// Draws a timeline.
    pub(crate) fn of(timeline: &Timeline) -> Self {
        let spans: Vec<(Time, Tally)> = timeline.spans().collect();
        let Some(((first, _), ends)) = spans.first().zip(timeline.ends()) else { return Self::default() };
        let found = |tally: &Tally| tally.found.iter().sum::<u64>();
        let most = spans.iter().map(|(_, tally)| tally.requests).max().unwrap_or_default();
        let most_found = spans.iter().map(|(_, tally)| found(tally)).max().unwrap_or_default();
        let (top, top_found) = (round(most), round(most_found));
        let slots = spans.len() as u64;
        let mut lines: Vec<Line> = ALL.lines(top).collect();
        lines.extend(FOUND.lines(top_found));
        let each = length(timeline.length());
        let sum = HumanCount(spans.iter().map(|(_, tally)| tally.requests).sum());
        let sum_found = HumanCount(spans.iter().map(|(_, tally)| found(tally)).sum());
        let (from, to) = (clock(ends.0), clock(ends.1));
        let told = format!(
            "{sum} requests from {from} to {to} (UTC), at most {} in {each}; {sum_found} of them with findings, at most \
             {} in {each}.",
            HumanCount(most),
            HumanCount(most_found)
        );
        let drawn = (0..).zip(&spans).filter(|(_, (_, tally))| tally.requests > 0).map(|(slot, (begin, tally))| {
            let mut bars = vec![ALL.bar(0, tally.requests, top, "all")];
            let (mut below, mut counts) = (0, tally.found);
            counts.reverse();
            for (class, count) in CLASSES.into_iter().zip(counts).filter(|(_, count)| *count > 0) {
                bars.push(FOUND.bar(below, count, top_found, class));
                below += count;
            }
            // A little narrower than its slot, so that bars remain distinguishable.
            let width = thousandths(85_000 / slots);
            let x = thousandths((slot * 100_000 + 7_500) / slots);
            Span { begin: clock(*begin), requests: tally.requests, found: counts, x, width, bars }
        });
        let all = timeline.length().saturating_mul(i64::try_from(slots).unwrap_or(i64::MAX));
        Self { lines, labels: labels(*first, timeline.length(), all), each, told, spans: drawn.collect() }
    }
}

impl Panel {
    /// Returns a bar on top of another one.
    fn bar(&self, below: u64, count: u64, top: u64, class: &'static str) -> Bar {
        let height = |count: u64| u128::from(count) * u128::from(self.height) * 1_000 / u128::from(top.max(1));
        let height = |count| u64::try_from(height(count)).unwrap_or_default();
        // Even one of a million must be visible.
        let tall = height(count).max(2_000);
        let y = (self.bottom() * 1_000).saturating_sub(height(below) + tall);
        Bar { y: thousandths(y), height: thousandths(tall), class }
    }

    fn bottom(&self) -> u64 {
        self.top + self.height
    }

    fn lines(&self, top: u64) -> impl Iterator<Item = Line> {
        let line = move |part: u64| Line { y: self.bottom() - self.height * part / 2, number: short(top * part / 2) };
        let parts = if top > 1 { vec![0, 1, 2] } else { vec![0, 2] };
        parts.into_iter().map(line)
    }
}

/// Returns the next number that is easy to read and to halve, as the end of a scale.
fn round(most: u64) -> u64 {
    let mut unit: u64 = 1;
    while most > unit.saturating_mul(100) {
        unit = unit.saturating_mul(10);
    }
    let ends = [1, 2, 4, 6, 8, 10, 12, 16, 20, 24, 30, 40, 50, 60, 80, 100];
    ends.into_iter().map(|end| unit.saturating_mul(end)).find(|end| *end >= most).unwrap_or(most)
}

/// Abbreviates a number.
fn short(number: u64) -> String {
    let units = [(1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")];
    match units.into_iter().find(|(unit, _)| number >= *unit) {
        Some((unit, letter)) => {
            let tenths = number * 10 / unit;
            let rest = if tenths.is_multiple_of(10) { String::new() } else { format!(".{}", tenths % 10) };
            format!("{}{rest}{letter}", tenths / 10)
        }
        None => number.to_string(),
    }
}

fn length(seconds: i64) -> String {
    let (count, unit) = match seconds {
        86_400.. => (seconds / 86_400, "day"),
        3_600.. => (seconds / 3_600, "hour"),
        _ => (seconds / 60, "minute"),
    };
    if count == 1 { format!("one {unit}") } else { format!("{count} {unit}s") }
}

/// Writes a number of thousandths as a decimal, for CSS and SVG.
pub(crate) fn thousandths(number: u64) -> String {
    format!("{}.{:03}", number / 1_000, number % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_ends_at_the_next_number_that_is_easy_to_read() {
        for (most, end) in [
            (0, 1),
            (1, 1),
            (3, 4),
            (11, 12),
            (24, 24),
            (25, 30),
            (99, 100),
            (101, 120),
            (4_321, 5_000),
            (5_001, 6_000),
        ] {
            assert_eq!(round(most), end, "{most}");
        }
        assert_eq!(round(u64::MAX), u64::MAX);
    }

    #[test]
    fn numbers_on_a_scale_are_short() {
        for (number, told) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1k"),
            (1_500, "1.5k"),
            (12_000, "12k"),
            (2_500_000, "2.5M"),
            (3_000_000_000, "3G"),
        ] {
            assert_eq!(short(number), told);
        }
    }

    #[test]
    fn a_length_is_said_as_people_say_it() {
        for (seconds, told) in [
            (60, "one minute"),
            (900, "15 minutes"),
            (3_600, "one hour"),
            (43_200, "12 hours"),
            (86_400, "one day"),
            (691_200, "8 days"),
        ] {
            assert_eq!(length(seconds), told);
        }
    }

    #[test]
    fn bars_stand_on_each_other_and_the_smallest_is_seen() {
        let [all, one] = [ALL.bar(0, 1_000_000, 1_000_000, "all"), ALL.bar(0, 1, 1_000_000, "all")];
        assert_eq!((all.y.as_str(), all.height.as_str()), ("28.000", "130.000"));
        assert_eq!((one.y.as_str(), one.height.as_str()), ("156.000", "2.000"));
        assert_eq!(FOUND.bar(50, 50, 100, "low").y, "206.000");
    }
}
