//! Comparison with an earlier check: what is new, what is mended, what is still wrong.

use crate::finding::{Finding, Standing};
use crate::report::{AccountChecked, CheckReport};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use trailkeeper::ledger::FindingId;
use trailkeeper::model::{OneLine, Severity};

/// Earlier check, as far as it is compared: the JSON that `-o json=` wrote.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Baseline {
    made: OneLine,
    is_complete: bool,
    accounts: Vec<AccountChecked>,
    controls: Vec<OneLine>,
    findings: Vec<Earlier>,
    #[serde(default)]
    left_out: Option<EarlierLeftOut>,
}

/// What an earlier check left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
struct EarlierLeftOut {
    below: Severity,
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
    /// Violations that the earlier check did not look for, or could not tell.
    pub unseen: BTreeSet<FindingId>,
    /// Violations that were there.
    pub still: BTreeSet<FindingId>,
    /// Violations that are gone: the resource complies, or is no longer there.
    pub mended: Vec<Gone>,
    /// Violations that are still there, and that the resource was exempted from.
    pub exempted: Vec<Gone>,
    /// Violations of which it could not be told whether they are gone.
    pub untold: Vec<Gone>,
    /// Number of violations of each severity in the earlier check, of what both looked at.
    pub before: BTreeMap<&'static str, usize>,
    /// The same of checks that are older still, the oldest first.
    pub older: Vec<Older>,
}

/// Number of violations in a check that is older than the one that is compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Older {
    /// Time of that check.
    pub made: OneLine,
    /// Number of violations of each severity.
    pub wrong: BTreeMap<&'static str, usize>,
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

    /// Compares a check with the newest of several; `None` if there are none. Of the others, severities are counted.
    #[must_use]
    pub fn compare_all(mut baselines: Vec<Self>, now: &CheckReport) -> Option<Comparison> {
        baselines.sort_by(|one, other| one.made.cmp(&other.made));
        let newest = baselines.pop()?.compare(now);
        let older = |it: &Self| Older { made: it.made.clone(), wrong: it.compare(now).before };
        Some(Comparison { older: baselines.iter().map(older).collect(), ..newest })
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
                && (now.unopened.contains(&it.account)
                    || accounts
                        .get(&*it.account)
                        .is_some_and(|regions| regions.contains(&&*it.region) || standing.contains_key(&it.id)))
        };
        let narrowed: BTreeSet<&str> = self
            .accounts
            .iter()
            .filter(|it| {
                accounts.get(&*it.id).is_some_and(|now| it.regions.iter().any(|region| !now.contains(&&**region)))
            })
            .map(|it| &*it.id)
            .collect();
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
                // What uses it may be in a region that was not asked for this time.
                Some(Standing::NotApplicable) | None if narrowed.contains(&*earlier.account) => {
                    comparison.untold.push(gone);
                }
                Some(Standing::Exempt) => comparison.exempted.push(gone),
                Some(Standing::Right | Standing::NotApplicable) | None => comparison.mended.push(gone),
            }
        }
        let seen = self.seen();
        for finding in now.standing(Standing::Wrong).filter(|it| !before.contains(&it.id)) {
            let list = if seen(finding) { &mut comparison.new } else { &mut comparison.unseen };
            list.insert(finding.id.clone());
        }
        comparison
    }

    /// Returns whether a violation would have been seen by this check, had it been there.
    fn seen(&self) -> impl Fn(&Finding) -> bool {
        let standing: BTreeMap<&FindingId, Standing> = self.findings.iter().map(|it| (&it.id, it.standing)).collect();
        // Of a region that could not be listed nothing is known.
        let closed: BTreeSet<(&str, &str, &str)> = self
            .findings
            .iter()
            .filter(|it| it.standing == Standing::Unknown && it.resource.contains('*'))
            .map(|it| (&*it.account, &*it.region, &*it.control))
            .collect();
        move |it: &Finding| {
            if let Some(standing) = standing.get(&it.id) {
                return *standing != Standing::Unknown;
            }
            let account = self.accounts.iter().find(|account| account.id == it.account);
            self.is_complete
                && self.left_out.is_none_or(|left_out| it.severity >= left_out.below)
                && account.is_some_and(|account| account.regions.contains(&it.region))
                && self.controls.iter().any(|control| &**control == it.control)
                && !closed.contains(&(&*it.account, &*it.region, it.control))
        }
    }
}

impl Older {
    /// Returns the day of that check.
    #[must_use]
    pub fn day(&self) -> &str {
        day(&self.made)
    }
}

/// Returns the day of a time, such as `2026-11-29`.
fn day(time: &str) -> &str {
    time.split('T').next().unwrap_or_default()
}

impl Comparison {
    /// Returns the day of the earlier check.
    #[must_use]
    pub fn day(&self) -> &str {
        day(&self.since)
    }

    /// Returns the word for a violation: `new`, `not seen before` or `still wrong`.
    #[must_use]
    pub fn word(&self, id: &FindingId) -> &'static str {
        match (self.new.contains(id), self.unseen.contains(id)) {
            (true, _) => "new",
            (_, true) => "not seen before",
            _ => "still wrong",
        }
    }

    /// Returns what was wrong and is not told to be so now, with the word for what became of it.
    #[must_use]
    pub fn no_longer_wrong(&self) -> [(&'static str, &[Gone]); 3] {
        [("mended", &self.mended), ("exempted", &self.exempted), ("could not be told", &self.untold)]
    }

    /// Returns the comparison in one line.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { since, new, unseen, still, mended, exempted, untold, .. } = self;
        let some = |count: usize, words: &str| if count == 0 { String::new() } else { format!(", {count} {words}") };
        let unseen = some(unseen.len(), "of what was not seen then");
        let exempted = some(exempted.len(), "exempted and still wrong");
        let untold = some(untold.len(), "could not be told");
        let (new, still, mended) = (new.len(), still.len(), mended.len());
        format!("Since {since}: {new} new, {still} still wrong, {mended} mended{unseen}{exempted}{untold}")
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
        let mut exempt = sample();
        exempt.findings.iter_mut().for_each(|it| {
            it.standing = if it.standing == Standing::Wrong { Standing::Exempt } else { it.standing };
        });
        assert_eq!(
            before.compare(&exempt).line(),
            "Since 2026-11-29T15:00:00Z: 0 new, 0 still wrong, 0 mended, 3 exempted and still wrong"
        );
        assert_eq!(told.line(), "Since 2026-11-29T15:00:00Z: 1 new, 1 still wrong, 1 mended, 1 could not be told");
        assert_eq!(told.before.values().sum::<usize>(), 3);

        for unseen in [
            Baseline { controls: Vec::new(), ..before.clone() },
            Baseline { accounts: Vec::new(), ..before.clone() },
            Baseline { is_complete: false, ..before.clone() },
        ] {
            let unseen = Baseline { findings: Vec::new(), ..unseen }.compare(&sample());
            assert_eq!((unseen.new.len(), unseen.unseen.len()), (0, 3), "it was not looked at then");
        }
        let high = Baseline { left_out: Some(EarlierLeftOut { below: Severity::Critical }), ..before.clone() };
        let unseen = Baseline { findings: Vec::new(), ..high }.compare(&sample());
        let less = sample().standing(Standing::Wrong).filter(|it| it.severity < Severity::Critical).count();
        assert_eq!((unseen.new.len(), unseen.unseen.len()), (3 - less, less), "what was left out then is not new");
        let mut closed = sample();
        closed.unopened = std::mem::take(&mut closed.accounts).into_iter().map(|it| it.id).collect();
        (closed.is_complete, closed.findings) = (false, Vec::new());
        assert_eq!(before.compare(&closed).untold.len(), 3, "an account that could not be entered");
        let mut narrower = sample();
        narrower.findings.clear();
        narrower.accounts[0].regions.pop();
        let told = before.compare(&narrower);
        assert!(told.mended.is_empty() && !told.untold.is_empty(), "fewer regions were asked for: {}", told.line());
        let mut oldest = before.clone();
        oldest.made = "2026-10-01T15:00:00Z".into();
        let over_time = Baseline::compare_all(vec![before.clone(), oldest], &now).expect("a comparison");
        assert_eq!(over_time.since, before.made);
        let times: Vec<&str> = over_time.older.iter().map(|it| &*it.made).collect();
        assert_eq!((times, &over_time.older[0].wrong), (vec!["2026-10-01T15:00:00Z"], &over_time.before));

        now.findings.clear();
        assert_eq!(before.compare(&now).mended.len(), 3);
        now.is_complete = false;
        assert_eq!(before.compare(&now).untold.len(), 3);
        now.controls.clear();
        assert_eq!(before.compare(&now).untold.len(), 0);
        assert!(Baseline::parse("[]").is_err());
    }
}
