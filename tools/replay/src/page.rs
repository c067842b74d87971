//! Shows the report as a web page: one file without scripts, in which every name is escaped.

use crate::report::{Loss, ReplayReport};
use crate::text::words::{lasting, thousands};
use askama::Template;
use std::fmt;

/// Report as a web page. `Display` is its HTML.
#[derive(Debug, Template)]
#[template(path = "replay.html")]
pub struct Page<'r> {
    report: &'r ReplayReport,
    made: &'r str,
    bars: Vec<Bar>,
    most: u64,
}

/// Wakes of one day.
#[derive(Debug)]
struct Bar {
    day: String,
    wakes: u64,
    /// Of one hundred, the day with the most wakes.
    height: u64,
}

impl<'r> Page<'r> {
    /// Creates the page of a report that was made at this time.
    #[must_use]
    pub fn of(report: &'r ReplayReport, made: &'r str) -> Self {
        let sums: Vec<u64> = report.days.iter().map(|day| day.woken.values().sum()).collect();
        let most = sums.iter().max().copied().unwrap_or_default().max(1);
        let bars = report.days.iter().zip(sums).map(|(day, wakes)| {
            let height = (wakes * 100).div_ceil(most);
            Bar { day: day.day.clone(), wakes, height }
        });
        Self { report, made, bars: bars.collect(), most }
    }

    fn several(number: usize, what: &str) -> String {
        format!("{number} {what}{}", if number == 1 { "" } else { "s" })
    }

    /// Returns the number of losses that the fights tell.
    fn in_fights(&self) -> usize {
        self.report.losses.iter().filter(|loss| loss.in_fight).count()
    }

    /// Returns the losses that are shown.
    fn losses(&self) -> impl Iterator<Item = &'r Loss> + use<'r> {
        let of_their_own = self.report.losses.iter().filter(|loss| !loss.in_fight);
        of_their_own.chain(&self.report.tried).take(500)
    }

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "a template passes references")]
    fn count(number: &u64) -> String {
        thousands(*number)
    }

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "a template passes references")]
    fn lasting(seconds: &i64) -> String {
        lasting(*seconds)
    }

    fn day(time: Option<&String>) -> &str {
        time.map(String::as_str).and_then(|time| time.get(..10)).unwrap_or("?")
    }

    /// Returns the HTML.
    ///
    /// # Errors
    /// Returns an error if a value cannot be written, which does not happen.
    pub fn html(&self) -> Result<String, fmt::Error> {
        self.render().map_err(|_| fmt::Error)
    }
}
