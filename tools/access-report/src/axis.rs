//! Labels the time axis of the chart with a few round times, from minutes to years.

use crate::chart::thousandths;
use crate::summary::clock;
use trailkeeper::access::read::time::Time;

/// Maximum number of labels: more would not fit on a phone.
const LABELS: usize = 4;

const DAY: i64 = 86_400;

/// Possible distances between labels, in seconds. Longer periods are divided into months.
const STEPS: [i64; 14] =
    [60, 300, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, DAY, 2 * DAY, 4 * DAY, 8 * DAY, 16 * DAY];

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A label of the axis.
#[derive(Debug)]
pub(crate) struct Label {
    pub(crate) x: String,
    pub(crate) anchor: &'static str,
    pub(crate) text: String,
    /// Day or year, unless it is the same as for the previous label.
    pub(crate) below: String,
}

/// Returns the labels of an axis that begins at `first` and is `all` seconds long, made of spans of `length` seconds.
pub(crate) fn labels(first: Time, length: i64, all: i64) -> Vec<Label> {
    let most = i64::try_from(LABELS).unwrap_or_default();
    let step = STEPS.into_iter().find(|step| step % length == 0 && all <= step * most);
    let mut at = step.map_or_else(|| months(first, all), |step| times(first, all, step));
    if at.is_empty() {
        at.push((first, By::Day));
    }
    let mut above = String::new();
    let label = |(time, by): (Time, By)| {
        let share = u64::try_from((time.0 - first.0) * 100_000 / all.max(1)).unwrap_or_default();
        let (text, below) = by.words(time);
        let anchor = match share {
            0..8_000 => "start",
            92_000.. => "end",
            _ => "middle",
        };
        // Shown only where it changes.
        let below = if below == above { String::new() } else { below };
        if !below.is_empty() {
            above.clone_from(&below);
        }
        Label { x: thousandths(share), anchor, text, below }
    };
    at.into_iter().map(label).collect()
}

/// What a label shows of its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Clock,
    Day,
    Month,
    Year,
}

impl By {
    /// Returns the short form of a time, and the day or year that it belongs to.
    fn words(self, time: Time) -> (String, String) {
        let text = clock(time);
        let (_, clock) = text.split_once(' ').unwrap_or_default();
        let (year, month, day) = date(time);
        let name = usize::try_from(month - 1).ok().and_then(|month| MONTHS.get(month)).unwrap_or(&"");
        match self {
            Self::Clock => (clock.get(..5).unwrap_or_default().to_owned(), format!("{day} {name}")),
            Self::Day => (format!("{day} {name}"), year.to_string()),
            Self::Month => ((*name).to_owned(), year.to_string()),
            Self::Year => (year.to_string(), String::new()),
        }
    }
}

fn times(first: Time, all: i64, step: i64) -> Vec<(Time, By)> {
    let by = if step < DAY { By::Clock } else { By::Day };
    let from = first.0 + (-first.0).rem_euclid(step);
    (0..=all / step)
        .map(|n| from + n * step)
        .take_while(|time| *time < first.0 + all)
        .map(|time| (Time(time), by))
        .collect()
}

/// Returns the beginnings of months, of every few months, or of years.
fn months(first: Time, all: i64) -> Vec<(Time, By)> {
    let end = Time(first.0 + all);
    let steps = [1, 2, 3, 6].into_iter().chain((0..14).map(|power| 12 << power));
    let of_step = |step: i64| {
        let by = if step < 12 { By::Month } else { By::Year };
        let numbers = month(first).div_euclid(step)..=month(end).div_euclid(step);
        let starts = numbers.map(move |number| begin(number * step)).skip_while(move |time| *time < first);
        starts.take_while(move |time| *time < end).map(move |time| (time, by)).take(LABELS + 1).collect::<Vec<_>>()
    };
    steps.map(of_step).find(|labels| labels.len() <= LABELS).unwrap_or_default()
}

/// Returns the number of a time's month, counted from the year 0.
fn month(time: Time) -> i64 {
    let (year, month, _) = date(time);
    year * 12 + month - 1
}

/// Returns the beginning of a month.
fn begin(number: i64) -> Time {
    // The mean month has 30.436875 days; no month begins more than a few days from where that predicts.
    let near = (number - 1_970 * 12) * 30_436_875 / 1_000_000 - 10;
    let days = (near..near + 20).map(|day| Time(day * DAY));
    days.into_iter().find(|day| month(*day) >= number).unwrap_or(Time(near * DAY))
}

/// Returns year, month and day.
fn date(time: Time) -> (i64, i64, i64) {
    let text = clock(time);
    let mut parts = text.split(['-', ' ']).map(|part| part.parse().unwrap_or_default());
    let mut part = || parts.next().unwrap_or_default();
    (part(), part(), part())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-02 in seconds since 1970.
    const MARCH: i64 = 1_772_409_600;

    /// Returns the labels of an axis of `spans` spans of one length.
    fn of(first: i64, length: i64, spans: i64) -> Vec<String> {
        labels(Time(first), length, length * spans).into_iter().map(|it| format!("{} {}", it.text, it.below)).collect()
    }

    #[test]
    fn hours_and_days_are_counted_by_the_clock() {
        assert_eq!(of(MARCH + 8 * 3_600, 300, 48), ["08:00 2 Mar", "09:00 ", "10:00 ", "11:00 "]);
        assert_eq!(of(MARCH + 20 * 3_600, 3_600, 9), ["21:00 2 Mar", "00:00 3 Mar", "03:00 "]);
        assert_eq!(of(MARCH, 3_600, 168), ["2 Mar 2026", "4 Mar ", "6 Mar ", "8 Mar "]);
    }

    #[test]
    fn long_times_are_counted_from_the_first_of_a_month() {
        assert_eq!(of(MARCH, DAY, 100), ["Apr 2026", "May ", "Jun "]);
        assert_eq!(of(MARCH, 4 * DAY, 91), ["Apr 2026", "Jul ", "Oct ", "Jan 2027"]);
        assert_eq!(of(MARCH, 16 * DAY, 90), ["2027 ", "2028 ", "2029 ", "2030 "]);
        // From the year 1 to the year 10047.
        assert_eq!(of(-62_135_596_800, 32_768 * DAY, 112), ["2048 ", "4096 ", "6144 ", "8192 "]);
    }

    #[test]
    fn a_single_span_has_a_label() {
        assert_eq!(of(MARCH + 60, 60, 1), ["00:01 2 Mar"]);
        assert_eq!(of(MARCH + DAY, 32 * DAY, 1), ["Apr 2026"]);
    }
}
