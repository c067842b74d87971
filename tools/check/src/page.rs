//! Web page: a single file without scripts or external resources, which opens offline and prints.
//!
//! The template escapes everything that it shows; nothing in it is marked as safe.

use crate::difference::{Line, difference};
use crate::finding::{Finding, Standing};
use crate::report::{CheckReport, Row, VERSION, asked_by};
use askama::Template;
use std::collections::{BTreeMap, BTreeSet};
use trailkeeper::frameworks::{Framework, requirements};
use trailkeeper::model::{About, Severity};
use trailkeeper::report::StepReport;

#[derive(Template)]
#[template(path = "check.html")]
struct Page<'a> {
    report: &'a CheckReport,
    version: &'static str,
    /// Frameworks that ask for anything that was checked.
    frameworks: Vec<Framework>,
    regions: Vec<&'a str>,
    grid: Vec<GridRow<'a>>,
    nothing: usize,
    severities: [(Severity, usize); 4],
    groups: Vec<Group<'a>>,
    unknown: Vec<&'a Finding>,
    exempt: Vec<&'a Finding>,
}

/// Control in the picture of controls by region.
struct GridRow<'a> {
    row: Row,
    cells: Vec<Cell>,
    /// Classes of the frameworks that ask for the control.
    classes: String,
    link: &'a str,
}

/// One control in one region.
#[derive(Clone, Copy, Default)]
struct Cell {
    wrong: usize,
    unknown: usize,
    exempt: usize,
    right: usize,
    worst: Option<Severity>,
}

/// Violations of one control.
struct Group<'a> {
    about: &'static About,
    worst: Severity,
    asked: Option<String>,
    classes: String,
    findings: Vec<&'a Finding>,
}

/// Renders the page.
///
/// # Errors
/// Returns why it cannot be written.
pub fn render(report: &CheckReport) -> Result<String, String> {
    let regions = report.regions();
    let rows = report.rows();
    let nothing = rows.iter().filter(|row| !row.has_any()).count();
    let mut found: BTreeMap<(&str, &str), Cell> = BTreeMap::new();
    for finding in &report.findings {
        found.entry((finding.control, &finding.region)).or_default().count(finding);
    }
    let grid = rows.into_iter().filter(Row::has_any).map(|row| {
        let cells =
            regions.iter().map(|region| found.get(&(row.control, *region)).copied().unwrap_or_default()).collect();
        let link = if row.wrong > 0 {
            row.control
        } else if row.unknown > 0 {
            "unknown"
        } else {
            ""
        };
        GridRow { cells, classes: classes(row.control), link, row }
    });
    let mut groups: Vec<Group<'_>> = Vec::new();
    for finding in report.standing(Standing::Wrong) {
        match groups.iter_mut().find(|group| group.about.id == finding.control) {
            Some(group) => group.findings.push(finding),
            None => groups.push(Group {
                about: finding.about,
                worst: finding.severity,
                asked: asked_by(finding.control, report.framework),
                classes: classes(finding.control),
                findings: vec![finding],
            }),
        }
    }
    let asked: BTreeSet<Framework> =
        report.controls.iter().flat_map(|id| requirements(id)).map(|it| it.framework).collect();
    let page = Page {
        report,
        version: VERSION,
        frameworks: asked.into_iter().filter(|it| report.framework.is_none_or(|only| only == *it)).collect(),
        grid: grid.collect(),
        regions,
        nothing,
        severities: report.severities(),
        groups,
        unknown: report.standing(Standing::Unknown).collect(),
        exempt: report.standing(Standing::Exempt).collect(),
    };
    page.render().map_err(|error| error.to_string())
}

/// Returns the classes of the frameworks that ask for a control: `f-cis-5-0`.
fn classes(control: &str) -> String {
    requirements(control)
        .iter()
        .map(|it| format!("f-{}", it.framework.id().replace('.', "-")))
        .collect::<Vec<_>>()
        .join(" ")
}

impl Cell {
    fn count(&mut self, finding: &Finding) {
        match finding.standing {
            Standing::Wrong => {
                self.wrong += 1;
                self.worst = self.worst.max(Some(finding.severity));
            }
            Standing::Unknown => self.unknown += 1,
            Standing::Exempt => self.exempt += 1,
            Standing::Right => self.right += 1,
            Standing::NotApplicable => {}
        }
    }

    /// Returns the class, the mark and the words of a cell.
    fn shown(self) -> (&'static str, String, String) {
        let count = |number: usize| if number > 1 { format!(" {number}") } else { String::new() };
        let Self { wrong, unknown, exempt, right, worst } = self;
        let words = [(wrong, "wrong"), (unknown, "unknown"), (exempt, "exempt"), (right, "right")];
        let words: Vec<String> =
            words.iter().filter(|(number, _)| *number > 0).map(|(number, word)| format!("{number} {word}")).collect();
        let (class, mark) = match worst {
            Some(worst) if unknown > 0 => (worst.as_str(), format!("✕{} ?{}", count(wrong), count(unknown))),
            Some(worst) => (worst.as_str(), format!("✕{}", count(wrong))),
            None if unknown > 0 => ("odd", format!("?{}", count(unknown))),
            None if right > 0 => ("good", "✓".to_owned()),
            None if exempt > 0 => ("rest", "–".to_owned()),
            None => ("none", String::new()),
        };
        (class, mark, words.join(", "))
    }
}

impl Page<'_> {
    /// Returns the class of the conclusion.
    fn tone(&self) -> &'static str {
        let worst = self.severities.iter().find(|(_, count)| *count > 0).map(|(severity, _)| severity.as_str());
        worst.unwrap_or(if self.report.is_unsure() { "odd" } else { "none" })
    }

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "templates hand over references")]
    fn class(framework: &Framework) -> String {
        framework.id().replace('.', "-")
    }

    fn tags(control: &str) -> String {
        classes(control)
    }

    fn lines(step: &StepReport) -> Vec<Line> {
        difference(step.before.as_ref(), &step.after)
    }

    fn word(&self, finding: &Finding) -> Option<&'static str> {
        self.report.comparison.as_ref().map(|it| it.word(&finding.id))
    }

    fn accounts(&self) -> String {
        self.report.accounts.iter().map(|it| it.id.to_string()).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{hostile, sample};

    #[test]
    fn the_page_is_strict_and_has_no_script() {
        for report in [sample(), hostile()] {
            let page = render(&report).expect("a page");
            assert!(page.contains("default-src 'none'; style-src 'unsafe-inline'"));
            let lower = page.to_lowercase();
            for part in [
                "<script",
                "<img",
                "<svg",
                "<link",
                "<iframe",
                "http-equiv=\"refresh",
                "href=\"javascript",
                "href=\"http",
            ] {
                assert!(!lower.contains(part), "{part}");
            }
        }
    }

    #[test]
    fn it_shows_what_is_wrong_with_its_calls_and_what_could_not_be_told() {
        let page = render(&sample()).expect("a page");
        for part in [
            "3 things are wrong",
            "cloudtrail-logging",
            "DenyHttp",
            "kms:GetKeyPolicy was denied",
            "policies/trail.observe.json",
            "id=\"f-cis-5-0\"",
            "StopLogging",
            "111122223333",
            "user/ann",
            "us-east-1",
            "eu-west-1",
        ] {
            assert!(page.contains(part), "{part}");
        }
    }

    #[test]
    fn a_cell_shows_the_worst_first_and_never_good_news_beside_an_unknown() {
        let cell = |wrong, unknown, right| Cell {
            wrong,
            unknown,
            right,
            worst: (wrong > 0).then_some(Severity::High),
            exempt: 0,
        };
        assert_eq!(cell(2, 1, 5).shown().0, "high");
        assert_eq!(cell(2, 1, 5).shown().2, "2 wrong, 1 unknown, 5 right");
        assert_eq!(cell(0, 1, 5).shown().0, "odd");
        assert_eq!(cell(0, 0, 5).shown().0, "good");
        assert_eq!(cell(0, 0, 0).shown().0, "none");
    }
}
