//! Report of a check: everything that was found, when, where and by whom.

use crate::baseline::Comparison;
use crate::finding::{Finding, Standing};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use trailkeeper::families::families;
use trailkeeper::frameworks::Framework;
use trailkeeper::model::{About, Arn, OneLine, Severity};

/// Everything that a check found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckReport {
    /// Time at which the check ended.
    pub made: DateTime<Utc>,
    /// ARN of who ran it.
    pub by: OneLine,
    /// Accounts that were checked.
    pub accounts: Vec<AccountChecked>,
    /// Ids of accounts that were asked for and could not be looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unopened: Vec<OneLine>,
    /// Whether everything that was asked for was looked at.
    pub is_complete: bool,
    /// What was not looked at, and why.
    pub notes: Vec<OneLine>,
    /// What is less severe than was asked for, if a severity was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOut>,
    /// Framework that the check was limited to.
    pub framework: Option<Framework>,
    /// Comparison with an earlier check.
    pub comparison: Option<Comparison>,
    /// Options of the command line that name the credentials and the role, as they have to be given again: each after a
    /// blank.
    #[serde(skip)]
    pub given: String,
    /// Ids of the controls that were asked for and are not switched off.
    pub controls: Vec<&'static str>,
    /// Findings, the worst first.
    pub findings: Vec<Finding>,
}

/// What was found, and is less severe than was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Lowest severity that was asked for.
    pub below: Severity,
    /// Number of violations.
    pub wrong: usize,
    /// Number of things that could not be told.
    pub unknown: usize,
}

impl LeftOut {
    /// Counts what is less severe than was asked for, each finding once.
    #[must_use]
    pub fn of(below: Severity, findings: &[Finding]) -> Self {
        let count = |standing| {
            let of = findings.iter().filter(|it| it.standing == standing);
            of.map(|it| &it.id).collect::<BTreeSet<_>>().len()
        };
        Self { below, wrong: count(Standing::Wrong), unknown: count(Standing::Unknown) }
    }
}

/// Account that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountChecked {
    /// Account id.
    pub id: OneLine,
    /// Regions that were looked at.
    pub regions: Vec<OneLine>,
}

/// How many resources stand how with regard to one control.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Description of the control.
    #[serde(skip)]
    pub about: &'static About,
    /// Id of the control.
    pub control: &'static str,
    /// Family of the control.
    pub family: &'static str,
    /// Number of resources that comply.
    pub right: usize,
    /// Number of resources that violate it.
    pub wrong: usize,
    /// Number of resources that are exempt.
    pub exempt: usize,
    /// Number of resources of which it could not be told.
    pub unknown: usize,
    /// Number of resources to which it does not apply.
    pub not_applicable: usize,
}

impl Row {
    /// Returns whether there was anything to check.
    #[must_use]
    pub fn has_any(&self) -> bool {
        self.right + self.wrong + self.exempt + self.unknown > 0
    }

    fn new(family: &'static str, about: &'static About) -> Self {
        Self { about, control: about.id, family, right: 0, wrong: 0, exempt: 0, unknown: 0, not_applicable: 0 }
    }

    fn count(&mut self, standing: Standing) {
        match standing {
            Standing::Right => self.right += 1,
            Standing::Wrong => self.wrong += 1,
            Standing::Exempt => self.exempt += 1,
            Standing::Unknown => self.unknown += 1,
            Standing::NotApplicable => self.not_applicable += 1,
        }
    }
}

/// Exit code if something is wrong.
pub const WRONG: u8 = 1;

/// Exit code if something could not be told.
pub const UNTOLD: u8 = 2;

impl CheckReport {
    /// Returns the options that a command about an account needs, to run as this check did.
    #[must_use]
    pub fn given_for(&self, account: &str) -> String {
        let is_own = Arn::parse(&self.by).is_some_and(|by| by.account == account);
        let entered = if is_own { String::new() } else { format!(" --accounts {account}") };
        format!("{entered}{}", self.given)
    }

    /// Returns the options that a command about all accounts needs, to run as this check did.
    #[must_use]
    pub fn given_for_all(&self) -> String {
        match self.accounts.as_slice() {
            [one] => self.given_for(&one.id),
            many => {
                format!(" --accounts {}{}", many.iter().map(|it| &*it.id).collect::<Vec<_>>().join(","), self.given)
            }
        }
    }

    /// Returns the report with its findings in order, the worst first, and each once.
    #[must_use]
    pub fn in_order(mut self) -> Self {
        let order: BTreeMap<&str, usize> =
            families().into_iter().flat_map(|it| it.controls).map(|it| it.id).zip(0..).collect();
        self.findings.sort_by_cached_key(|it| {
            let place = order.get(it.control).copied();
            let rank = (it.standing, std::cmp::Reverse(it.severity), place);
            (rank, it.account.clone(), it.region.clone(), it.resource.clone())
        });
        let mut seen = BTreeSet::new();
        self.findings.retain(|it| seen.insert(it.id.clone()));
        self
    }

    /// Returns how many resources stand how, control by control in the order of the documentation.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let asked = |family: &'static str, about: &'static About| {
            self.controls.contains(&about.id).then(|| Row::new(family, about))
        };
        let mut rows: Vec<Row> = families()
            .into_iter()
            .flat_map(|family| family.controls.into_iter().filter_map(move |about| asked(family.name, about)))
            .collect();
        for finding in &self.findings {
            if let Some(row) = rows.iter_mut().find(|row| row.control == finding.control) {
                row.count(finding.standing);
            }
        }
        rows
    }

    /// Returns the findings of this standing, the worst first.
    pub fn standing(&self, standing: Standing) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |it| it.standing == standing)
    }

    /// Returns the number of findings of this standing.
    #[must_use]
    pub fn count(&self, standing: Standing) -> usize {
        self.standing(standing).count()
    }

    /// Returns the number of violations of each severity, the worst first.
    #[must_use]
    pub fn severities(&self) -> [(Severity, usize); 4] {
        [Severity::Critical, Severity::High, Severity::Medium, Severity::Low]
            .map(|severity| (severity, self.standing(Standing::Wrong).filter(|it| it.severity == severity).count()))
    }

    /// Returns whether anything could not be told: then nothing is said to be right.
    #[must_use]
    pub fn is_unsure(&self) -> bool {
        !self.is_complete || self.count(Standing::Unknown) > 0
    }

    /// Returns the exit code: 2 if something could not be told, else 1 if something of at least this severity is wrong,
    /// else 0.
    #[must_use]
    pub fn exit_code(&self, fail_on: Severity) -> u8 {
        if self.is_unsure() {
            UNTOLD
        } else {
            u8::from(self.standing(Standing::Wrong).any(|it| it.severity >= fail_on)) * WRONG
        }
    }

    /// Returns the regions of all accounts.
    #[must_use]
    pub fn regions(&self) -> Vec<&str> {
        let of_findings = self.findings.iter().map(|it| &*it.region);
        let all = self.accounts.iter().flat_map(|it| &it.regions).map(|it| &**it).chain(of_findings);
        all.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Returns what was found, in one sentence.
    #[must_use]
    pub fn conclusion(&self) -> String {
        let [wrong, unknown] = [Standing::Wrong, Standing::Unknown].map(|it| self.count(it));
        let things = |count: usize| if count == 1 { "1 thing".to_owned() } else { format!("{count} things") };
        let is = |count: usize| if count == 1 { "is" } else { "are" };
        let mut told = match (wrong, self.left_out()) {
            (0, None) if unknown == 0 && self.is_complete => return "Nothing is wrong".to_owned(),
            (0, Some((below, rest))) if unknown == 0 && self.is_complete => {
                return format!("Nothing of severity {below} or higher is wrong{rest}");
            }
            (0, _) => String::new(),
            (some, _) => format!("{} {} wrong", things(some), is(some)),
        };
        if unknown > 0 {
            let and = if told.is_empty() { "" } else { ", and " };
            told += and;
            told += &things(unknown);
            told += " could not be told";
        }
        if !self.is_complete {
            told += if told.is_empty() { "Not everything was looked at" } else { "; not everything was looked at" };
        }
        told + &self.left_out().map(|(_, rest)| rest).unwrap_or_default()
    }

    /// Returns the lowest severity that was asked for, and what is left out for that, if anything is.
    fn left_out(&self) -> Option<(&'static str, String)> {
        let LeftOut { below, wrong, unknown } = self.left_out?;
        let some = [(wrong, "wrong"), (unknown, "unknown")].into_iter().filter(|(count, _)| *count > 0);
        let some: Vec<String> = some.map(|(count, word)| format!("{count} {word}")).collect();
        (!some.is_empty()).then(|| (below.as_str(), format!("; left out as less severe: {}", some.join(", "))))
    }

    /// Returns the time of the check as it is written everywhere.
    #[must_use]
    pub fn time(&self) -> String {
        self.made.to_rfc3339_opts(SecondsFormat::Secs, true)
    }
}

/// Version of Trailkeeper.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Address of the documentation of a control, within the repository.
#[must_use]
pub fn page_of(control: &str) -> String {
    format!("docs/controls.md#{control}")
}

/// Returns the requirements of a control, framework by framework, in one line; of one framework alone if it is given.
#[must_use]
pub fn asked_by(control: &str, only: Option<Framework>) -> Option<String> {
    use trailkeeper::frameworks::{cis, requirements};
    if let Some(only) = only {
        let ids = only.asks(control);
        return (!ids.is_empty()).then(|| format!("{} {}", only.name(), ids.join(", ")));
    }
    let hub = Framework::SecurityHub.asks(control);
    let hub = (!hub.is_empty()).then(|| format!("{} {}", Framework::SecurityHub.name(), hub.join(", ")));
    let is_other = |it: &Framework| !it.id().starts_with("cis-") && *it != Framework::SecurityHub;
    let others = requirements(control).iter().map(|it| it.framework).filter(is_other).count();
    let others = match others {
        0 => None,
        1 => Some("1 other framework".to_owned()),
        many => Some(format!("{many} other frameworks")),
    };
    let all: Vec<String> = cis(control).into_iter().chain(hub).chain(others).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::sample;

    #[test]
    fn an_unknown_is_never_good_news() {
        let mut report = sample();
        assert_eq!(report.exit_code(Severity::Low), UNTOLD);
        assert_eq!(report.conclusion(), "3 things are wrong, and 1 thing could not be told");
        report.left_out = Some(LeftOut { below: Severity::Medium, wrong: 4, unknown: 0 });
        assert!(report.conclusion().ends_with("could not be told; left out as less severe: 4 wrong"));
        report.left_out = None;
        report.findings.retain(|it| it.standing != Standing::Unknown);
        assert_eq!(report.exit_code(Severity::Low), WRONG);
        report.findings.retain(|it| it.severity < Severity::High);
        assert_eq!(report.exit_code(Severity::High), 0);
        assert_eq!(report.exit_code(Severity::Low), WRONG);
        report.findings.retain(|it| it.standing != Standing::Wrong);
        assert_eq!((report.exit_code(Severity::Low), report.conclusion().as_str()), (0, "Nothing is wrong"));
        let below = Severity::High;
        for (wrong, unknown, expected) in [
            (2, 1, "Nothing of severity high or higher is wrong; left out as less severe: 2 wrong, 1 unknown"),
            (0, 1, "Nothing of severity high or higher is wrong; left out as less severe: 1 unknown"),
            (0, 0, "Nothing is wrong"),
        ] {
            report.left_out = Some(LeftOut { below, wrong, unknown });
            assert_eq!(report.conclusion(), expected);
        }
        report.left_out = None;
        report.is_complete = false;
        assert_eq!(report.exit_code(Severity::Critical), UNTOLD);
        assert_eq!(report.conclusion(), "Not everything was looked at");
    }

    #[test]
    fn the_worst_comes_first_and_each_once() {
        let mut report = sample();
        let twice = report.findings.clone();
        report.findings.extend(twice.clone());
        let report = report.in_order();
        assert_eq!(report.findings, twice);
        let wrong: Vec<&str> = report.standing(Standing::Wrong).map(|it| it.control).collect();
        assert_eq!(wrong.first(), Some(&"cloudtrail-logging"));
        let severities: Vec<Severity> = report.standing(Standing::Wrong).map(|it| it.severity).collect();
        assert!(severities.is_sorted_by(|one, next| one >= next));
    }

    #[test]
    fn a_row_counts_each_standing() {
        let rows = sample().rows();
        let of =
            |id: &str| rows.iter().find(|row| row.control == id).map(|it| (it.right, it.wrong, it.exempt, it.unknown));
        assert_eq!(of("cloudtrail-logging"), Some((0, 1, 0, 0)));
        assert_eq!(of("cloudtrail-kms"), Some((0, 0, 0, 1)));
        assert_eq!(of("vpc-flow-logs"), Some((0, 0, 1, 0)));
        assert_eq!(of("cloudtrail-log-validation"), Some((1, 0, 0, 0)));
    }
}
