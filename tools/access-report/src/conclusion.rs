//! Concludes the report in one sentence.

use crate::intake::plural;
use crate::summary::Summary;
use trailkeeper::model::Severity;

/// Conclusion of the report.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conclusion {
    /// No line of the input was written by S3.
    NoLog,
    /// No request was to one of the specified buckets.
    Elsewhere,
    /// There are no findings.
    Nothing,
    /// There are findings, of this severity at worst.
    Found(Severity),
}

impl Conclusion {
    /// Draws the conclusion from the report.
    pub(crate) fn of(summary: &Summary<'_>) -> Self {
        match summary.report.severity() {
            Some(worst) => Self::Found(worst),
            None if summary.requests() > 0 => Self::Nothing,
            None if summary.report.elsewhere > 0 => Self::Elsewhere,
            None => Self::NoLog,
        }
    }

    /// Returns whether there were no requests to judge, so that nothing is known.
    pub(crate) fn is_void(self) -> bool {
        matches!(self, Self::NoLog | Self::Elsewhere)
    }

    /// Returns whether there are no findings and everything could be read.
    pub(crate) fn is_clean(self, summary: &Summary<'_>) -> bool {
        self == Self::Nothing && summary.report.malformed == 0 && summary.intake.unreadable == 0
    }

    /// Returns the sentence, without its full stop.
    pub(crate) fn words(self, summary: &Summary<'_>) -> String {
        let malformed = summary.report.malformed;
        let lines = if malformed > 0 { format!("; {} could not be", plural(malformed, "line")) } else { String::new() };
        match self {
            Self::NoLog => {
                let what = if summary.intake.unreadable > 0 { "what could be read" } else { "the input" };
                let understood = if malformed > 0 { " parsed" } else { "" };
                format!("No access log was found in {what}{lines}{understood}")
            }
            Self::Elsewhere => "There were no requests to the buckets named".to_owned(),
            Self::Nothing => {
                let of_what = match (summary.intake.unreadable > 0, malformed > 0) {
                    (false, false) => "",
                    (true, false) => " in what could be read",
                    (false, true) => " in what could be parsed",
                    (true, true) => " in what could be read and parsed",
                };
                format!("Nothing unusual was found{of_what}{lines}")
            }
            Self::Found(worst) => {
                let flagged = summary.report.buckets.iter().map(|bucket| bucket.flagged).sum();
                format!("{} to review, {} at worst", plural(flagged, "request"), worst.as_str())
            }
        }
    }
}
