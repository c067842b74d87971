//! Proposes modes and exemptions: what would fight is reported only or exempt, what took something away is fixed.

use crate::report::{Loss, ReplayedFight};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use trailkeeper::families::trail::Trail;
use trailkeeper::family::Family;

/// Number of exemptions up to which resources are exempt one by one; beyond that, the control is not switched on.
const FEW: usize = 5;

/// Modes and exemptions that follow from the past.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Proposal {
    /// Controls to switch on: what they are about was taken away, and nobody would fight them.
    pub enforce: Vec<Proposed>,
    /// Controls to leave in dry-run mode until the fights are settled.
    pub dry_run: Vec<Proposed>,
    /// Rules for the parameter `Exempt`: what is written in somebody's code is put right there.
    pub exempt: Vec<Proposed>,
    /// Commands that set them.
    pub commands: Vec<String>,
}

/// One control or rule, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proposed {
    /// Id of the control, or the rule.
    pub what: String,
    /// Why.
    pub because: String,
}

impl Proposal {
    /// Draws the consequences.
    #[must_use]
    pub fn of(fights: &[ReplayedFight], losses: &[Loss]) -> Self {
        let mut by_control: BTreeMap<&str, Vec<&ReplayedFight>> = BTreeMap::new();
        for fight in fights {
            by_control.entry(fight.control).or_default().push(fight);
        }
        let mut proposal = Self::default();
        let mut fought: BTreeSet<&str> = BTreeSet::new();
        for (control, fights) in &by_control {
            if Trail::ALWAYS.contains(control) {
                continue;
            }
            let in_code = |fight: &&ReplayedFight| {
                let by_code = fight.by.iter().filter(|side| side.kind.is_code());
                2 * by_code.map(|side| side.times).sum::<u64>() > fight.times
            };
            let rules: Option<Vec<Proposed>> = fights.iter().map(|fight| exemption(fight)).collect();
            match rules {
                Some(rules) if rules.len() <= FEW && fights.iter().all(in_code) => proposal.exempt.extend(rules),
                _ => {
                    fought.insert(control);
                    let times: u64 = fights.iter().map(|fight| fight.times).sum();
                    let because = format!("would be fixed {times} times, on {}", many(fights.len()));
                    proposal.dry_run.push(Proposed { what: (*control).to_owned(), because });
                }
            }
        }
        let mut lost: BTreeMap<&str, u64> = BTreeMap::new();
        for loss in losses.iter().filter(|loss| !fought.contains(loss.control)) {
            *lost.entry(loss.control).or_default() += 1;
        }
        proposal.enforce = lost
            .into_iter()
            .map(|(control, times)| {
                let because = if Trail::ALWAYS.contains(&control) {
                    format!("taken away {}; it is fixed each time, whoever fights it", often(times))
                } else {
                    format!("taken away {}", often(times))
                };
                Proposed { what: control.to_owned(), because }
            })
            .collect();
        proposal.commands = proposal.commands();
        proposal
    }

    fn commands(&self) -> Vec<String> {
        let joined = |list: &[Proposed], by: &str| list.iter().map(|it| it.what.as_str()).collect::<Vec<_>>().join(by);
        let mut commands = Vec::new();
        let mut modes = String::new();
        for (option, list) in [("ON", &self.enforce), ("DRY", &self.dry_run)] {
            if !list.is_empty() {
                modes = format!("{modes} {option}={}", joined(list, ","));
            }
        }
        if !modes.is_empty() {
            commands.push(format!("make controls{modes}"));
        }
        if !self.exempt.is_empty() {
            commands.push(format!("make deploy PARAMETERS='Exempt={}'", joined(&self.exempt, "; ")));
        }
        commands
    }
}

/// Returns the rule that exempts the resource of a fight, or `None` if its name cannot stand in a rule.
fn exemption(fight: &ReplayedFight) -> Option<Proposed> {
    let ReplayedFight { control, resource, account, times, by, .. } = fight;
    let is_plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b":/._+=,@-".contains(&b));
    let who = by.first().map_or("somebody", |side| side.kind.words());
    (is_plain(resource) && is_plain(account)).then(|| Proposed {
        what: format!("control={control} account={account} name={resource}"),
        because: format!("{who} would undo it {times} times: put it right in the code, then take the rule away"),
    })
}

fn often(times: u64) -> String {
    if times == 1 { "once".to_owned() } else { format!("{times} times") }
}

fn many(resources: usize) -> String {
    if resources == 1 { "one resource".to_owned() } else { format!("{resources} resources") }
}
