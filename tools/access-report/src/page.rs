//! Renders the report as a web page: a single file without scripts or external resources.
//!
//! The template escapes everything that it shows; nothing in it is marked as safe.

use crate::chart::{CLASSES, Chart};
use crate::conclusion::Conclusion;
use crate::headline::{self, Headline};
use crate::intake::plural;
use crate::requester;
use crate::summary::{SEVERITIES, Summary, clock};
use askama::Template;
use indicatif::{DecimalBytes, HumanCount};
use std::borrow::{Borrow, Cow};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;
use trailkeeper::access::digest::top::Share;
use trailkeeper::access::read::time::Time;
use trailkeeper::access::report::text::heading;
use trailkeeper::access::report::{AccessFinding, AccessReport, BucketReport, OmittedFindings, WhoReport};
use trailkeeper::documents::principals::Principals;
use trailkeeper::model::Severity;

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    summary: &'a Summary<'a>,
    report: &'a AccessReport,
    chart: Chart,
    groups: Vec<Group<'a>>,
    rests: Vec<(&'a BucketReport, &'a OmittedFindings)>,
    worst: Vec<(Headline<'a>, String)>,
    conclusion: Conclusion,
    /// Number of findings of each severity.
    severities: [(&'static str, u64); 4],
}

/// What one requester did to one bucket.
struct Group<'a> {
    who: &'a WhoReport,
    bucket: &'a str,
    worst: Severity,
    /// Findings with their numbers, the worst first.
    findings: Vec<(usize, &'a AccessFinding)>,
}

/// Renders the page.
pub(crate) fn page(summary: &Summary<'_>) -> io::Result<String> {
    let report = summary.report;
    let mut groups: BTreeMap<(&str, &str), Group<'_>> = BTreeMap::new();
    for (number, (bucket, finding)) in (1..).zip(summary.findings()) {
        let (who, bucket, worst) = (&finding.who, bucket.bucket.as_str(), finding.severity);
        let group = groups.entry((&who.requester, bucket));
        group.or_insert_with(|| Group { who, bucket, worst, findings: Vec::new() }).findings.push((number, finding));
    }
    let mut groups: Vec<Group<'_>> = groups.into_values().collect();
    groups.sort_by_cached_key(|group| {
        let rank = |(_, finding): &(usize, &AccessFinding)| (finding.severity, finding.times.count);
        Reverse(group.findings.iter().map(rank).collect::<Vec<_>>())
    });
    let found = || report.found().map(|(_, severity, _)| severity);
    let severities = SEVERITIES.map(|it| (it.as_str(), found().filter(|found| *found == it).count() as u64));
    let place = |headline: &Headline<'_>| {
        let is_its = |group: &Group<'_>| Some(&group.who.requester) == headline.who.map(|who| &who.requester);
        groups.iter().position(|group| is_its(group) && group.bucket == headline.bucket)
    };
    let link =
        |headline: &Headline<'_>| place(headline).map_or_else(|| "others".to_owned(), |place| format!("who-{place}"));
    let worst = headline::worst(summary)
        .into_iter()
        .map(|headline| {
            let link = link(&headline);
            (headline, link)
        })
        .collect();
    let (chart, conclusion) = (Chart::of(summary.intake.timeline()), Conclusion::of(summary));
    let page = Page { summary, report, chart, groups, rests: summary.rests(), worst, conclusion, severities };
    page.render().map_err(io::Error::other)
}

impl Page<'_> {
    /// Returns the CSS class for the conclusion.
    fn tone(&self) -> &'static str {
        match self.conclusion {
            Conclusion::Found(worst) => worst.as_str(),
            conclusion if conclusion.is_clean(self.summary) => "none",
            _ => "odd",
        }
    }

    /// Returns the settings that define what is normal: label and list.
    fn normal(&self) -> [(&'static str, String); 6] {
        let watching = self.summary.watching;
        let principals = |list: &[Principals]| list.iter().map(|it| it.0.clone()).collect::<Vec<_>>().join(", ");
        let networks: Vec<String> = watching.networks.iter().map(ToString::to_string).collect();
        let buckets: Vec<&str> = watching.buckets.iter().map(String::as_str).collect();
        let seen = self.summary.readers_seen().join(",");
        let seen = if seen.is_empty() { seen } else { format!(". If these may read: --readers '{seen}'") };
        let nobody = format!("nobody: all reading is reported{seen}");
        let or = |text: String, none: &str| if text.is_empty() { none.to_owned() } else { text };
        [
            ("Readers", or(principals(&watching.readers), &nobody)),
            ("Keepers", or(principals(&watching.keepers), "nobody: every change is reported")),
            (
                "Writers",
                or(principals(&watching.writers), "nobody: every object not written by a log service is reported"),
            ),
            ("Networks", or(networks.join(", "), "any")),
            ("Buckets", or(buckets.join(", "), "all that the access logs name")),
            ("Account", or(watching.account.clone(), "not given")),
        ]
    }
}

/// Formatting functions for the template, which passes references.
#[allow(clippy::trivially_copy_pass_by_ref, clippy::ref_option, reason = "templates hand over references")]
impl Page<'_> {
    /// Formats a number with thousands separators.
    fn count(number: impl Borrow<u64>) -> HumanCount {
        HumanCount(*number.borrow())
    }

    fn size(bytes: impl Borrow<u64>) -> DecimalBytes {
        DecimalBytes(*bytes.borrow())
    }

    fn plural(number: impl Borrow<u64>, thing: &str) -> String {
        plural(*number.borrow(), thing)
    }

    fn clock(time: &Time) -> String {
        clock(*time)
    }

    fn time(time: &Option<Time>) -> String {
        time.map_or_else(|| "-".to_owned(), clock)
    }

    fn name(who: &WhoReport) -> Cow<'_, str> {
        requester::name(who)
    }

    fn about(who: &WhoReport) -> String {
        requester::about(who)
    }

    fn sentence(finding: &AccessFinding) -> String {
        let words = heading(finding.kind, finding.times.refused == finding.times.count);
        let mut letters = words.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
    }

    fn share(share: &Share) -> String {
        let Share { at_least, at_most, .. } = share;
        let (least, most) = (HumanCount(*at_least), HumanCount(*at_most));
        if at_least == at_most { least.to_string() } else { format!("{least} to {most}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_their_thousands_apart() {
        for (at_least, at_most, told) in [(1_234, 1_234, "1,234"), (999, 12_000, "999 to 12,000")] {
            assert_eq!(Page::share(&Share { value: String::new(), at_least, at_most }), told);
        }
    }
}
