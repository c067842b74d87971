//! Comparison with an earlier check: what is new, what is mended, what is still wrong.

use crate::finding::Standing;
use crate::report::CheckReport;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use trailkeeper::ledger::FindingId;
use trailkeeper::model::{OneLine, Severity};

/// Earlier check, as far as it is compared: the JSON that `-o json=` wrote.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Baseline {
    made: OneLine,
    findings: Vec<Earlier>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Earlier {
    id: FindingId,
    control: OneLine,
    account: OneLine,
    region: OneLine,
    resource: OneLine,
    standing: Standing,
    severity: Severity,
}

/// What changed since an earlier check.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Time of the earlier check.
    pub since: OneLine,
    /// Violations that were not there.
    pub new: BTreeSet<FindingId>,
    /// Violations that were there.
    pub still: BTreeSet<FindingId>,
    /// Violations that are gone: it complies, is exempt, or is no longer there.
    pub mended: Vec<Gone>,
    /// Violations of which it could not be told whether they are gone.
    pub untold: Vec<Gone>,
    /// Number of violations of each severity in the earlier check, of what both looked at.
    pub before: BTreeMap<&'static str, usize>,
}

/// Violation of an earlier check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gone {
    /// Id of the finding.
    pub id: FindingId,
    /// Id of the control.
    pub control: OneLine,
    /// Region of the resource.
    pub region: OneLine,
    /// ARN of the resource.
    pub resource: OneLine,
}

impl Baseline {
    /// Parses the JSON of an earlier check.
    ///
    /// # Errors
    /// Returns why it is none.
    pub fn parse(json: &str) -> Result<Self, String> {
        serde_json::from_str(json).map_err(|error| format!("not the JSON of an earlier check: {error}"))
    }

    /// Leaves out what is less severe, as the check that it is compared with does.
    #[must_use]
    pub fn at_least(mut self, least: Option<Severity>) -> Self {
        self.findings.retain(|it| least.is_none_or(|least| it.severity >= least));
        self
    }

    /// Compares a check with this one. What this check did not ask for is not compared.
    #[must_use]
    pub fn compare(&self, now: &CheckReport) -> Comparison {
        let standing: BTreeMap<&FindingId, Standing> = now.findings.iter().map(|it| (&it.id, it.standing)).collect();
        let accounts: BTreeMap<&str, Vec<&str>> =
            now.accounts.iter().map(|it| (&*it.id, it.regions.iter().map(|it| &**it).collect())).collect();
        // A region that could not be listed says nothing about the resources in it.
        let closed: BTreeSet<(&str, &str, &str)> = now
            .standing(Standing::Unknown)
            .filter(|it| it.is_of_region())
            .map(|it| (&*it.account, &*it.region, it.control))
            .collect();
        let asked = |it: &&Earlier| {
            it.standing == Standing::Wrong
                && now.controls.iter().any(|control| *control == &*it.control)
                && accounts
                    .get(&*it.account)
                    .is_some_and(|regions| regions.contains(&&*it.region) || standing.contains_key(&it.id))
        };
        let mut comparison = Comparison { since: self.made.clone(), ..Comparison::default() };
        let mut before = BTreeSet::new();
        for earlier in self.findings.iter().filter(asked) {
            before.insert(&earlier.id);
            *comparison.before.entry(earlier.severity.as_str()).or_default() += 1;
            let Earlier { id, control, region, resource, .. } = earlier.clone();
            let gone = Gone { id, control, region, resource };
            let closed = closed.contains(&(&*earlier.account, &*earlier.region, &*earlier.control));
            match standing.get(&earlier.id) {
                Some(Standing::Wrong) => {
                    comparison.still.insert(gone.id);
                }
                Some(Standing::Unknown) => comparison.untold.push(gone),
                None if closed || !now.is_complete => comparison.untold.push(gone),
                Some(Standing::Right | Standing::Exempt | Standing::NotApplicable) | None => {
                    comparison.mended.push(gone);
                }
            }
        }
        let new = now.standing(Standing::Wrong).filter(|it| !before.contains(&it.id));
        comparison.new = new.map(|it| it.id.clone()).collect();
        comparison
    }
}

impl Comparison {
    /// Returns the word for a violation: `new` or `still wrong`.
    #[must_use]
    pub fn word(&self, id: &FindingId) -> &'static str {
        if self.new.contains(id) { "new" } else { "still wrong" }
    }

    /// Returns the comparison in one line.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { since, new, still, mended, untold, .. } = self;
        let untold = match untold.len() {
            0 => String::new(),
            some => format!(", {some} could not be told"),
        };
        format!("Since {since}: {} new, {} still wrong, {} mended{untold}", new.len(), still.len(), mended.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::json;
    use crate::sample::sample;

    #[test]
    fn what_is_new_mended_or_still_wrong_is_told_and_what_was_not_seen_is_none_of_it() {
        let before = Baseline::parse(&json::render(&sample())).expect("a baseline");
        let same = before.compare(&sample());
        assert_eq!((same.new.len(), same.still.len(), same.mended.len(), same.untold.len()), (0, 3, 0, 0));

        let mut now = sample();
        for finding in &mut now.findings {
            match finding.control {
                "cloudtrail-logging" => finding.standing = Standing::Right,
                "log-bucket-https-only" => finding.standing = Standing::Unknown,
                "cloudtrail-log-validation" => finding.standing = Standing::Wrong,
                _ => {}
            }
        }
        let told = before.compare(&now);
        assert_eq!((told.new.len(), told.still.len(), told.mended.len(), told.untold.len()), (1, 1, 1, 1));
        assert_eq!(told.line(), "Since 2026-11-29T15:00:00Z: 1 new, 1 still wrong, 1 mended, 1 could not be told");
        assert_eq!(told.before.values().sum::<usize>(), 3);

        now.findings.clear();
        assert_eq!(before.compare(&now).mended.len(), 3);
        now.is_complete = false;
        assert_eq!(before.compare(&now).untold.len(), 3);
        now.controls.clear();
        assert_eq!(before.compare(&now).untold.len(), 0);
        assert!(Baseline::parse("[]").is_err());
    }
}
