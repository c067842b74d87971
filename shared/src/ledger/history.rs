//! What the ledger knows of one resource: changes that have not ended, and how often each finding was fixed.

use super::entry::LedgerEntry;
use super::ids::{ChangeId, FindingId};
use crate::model::OneLine;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Period in which fixes of one finding are counted.
pub const PERIOD: TimeDelta = TimeDelta::hours(24);

/// How long others leave it to one invocation to tell people something: a function runs no longer ([quotas]).
///
/// [quotas]: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const CLAIM: TimeDelta = TimeDelta::minutes(15);

/// Maximum number of callers that are named.
const SHOWN: usize = 3;

/// Maximum number of fixes that are kept of one finding. More than any setting can count.
const KEPT: usize = 32;

/// What the ledger knows of one resource.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResourceHistory {
    /// Changes that have not ended, or whose function ended before it could say so.
    pub open: Vec<ChangeId>,
    /// Recent fixes of each finding, the latest last.
    pub fixes: BTreeMap<FindingId, Vec<Fix>>,
    /// What people were told of fights, and until when they are told no more: see [`Self::telling`].
    pub told: BTreeMap<FindingId, DateTime<Utc>>,
    /// Findings whose fights a person has ended, and when: fixes before that do not count.
    pub resumed: BTreeMap<FindingId, DateTime<Utc>>,
    /// What somebody is about to tell people of fights.
    pub claims: BTreeMap<FindingId, TellingClaim>,
    /// What calls have set that people were told of, by the control with which they were: see [`Self::set`].
    pub standing: BTreeMap<String, ToldStanding>,
}

/// What a call has set and people were told of, for as long as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldStanding {
    /// What it is, as an id.
    pub what: FindingId,
    /// Callers who were told of, as ids, with the events by which they were.
    pub callers: BTreeMap<FindingId, Option<String>>,
}

/// Call that sets, or takes away, something that people are told of as long as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetCall<'a> {
    /// What it sets; `None` if nothing of the kind stands afterwards.
    pub what: Option<&'a str>,
    /// Who made it.
    pub actor: Option<&'a str>,
    /// Id of its event.
    pub event: Option<&'a str>,
}

/// Intent to tell people something of a fight. It ends by itself, since whoever has it may end before they are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TellingClaim {
    /// Id of the event whose invocation tells it. Another invocation of the same event may tell it all the same.
    pub event: Option<String>,
    /// Time at which the claim ends.
    pub until: DateTime<Utc>,
}

/// One fix of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// Id of the change.
    pub change: ChangeId,
    /// Caller of the call that led to the change: an ARN or the name of a service, if a call did.
    pub by: Option<String>,
    /// User agent of that call, as the caller gave it: a hint at best.
    pub agent: Option<String>,
    /// Id of the event that led to the change. Several invocations that answer the same event fix the same thing once.
    #[serde(default)]
    pub event: Option<String>,
    /// Time at which the change ended; `None` if the fix was written before that was kept.
    #[serde(default)]
    pub ended: Option<DateTime<Utc>>,
}

impl Fix {
    /// Returns whether each of the two was meant before the other had ended. Of a fix whose end is not known nobody can say.
    fn overlaps(&self, change: &LedgerEntry) -> bool {
        // The time of an id is cut to its millisecond.
        let meant_before_end =
            |id: ChangeId, ended: Option<DateTime<Utc>>| ended.is_some_and(|at| id.time() < at.trunc_subsecs(3));
        meant_before_end(change.id, self.ended) && meant_before_end(self.change, change.ended)
    }
}

/// A finding that is changed back again and again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fight {
    /// Number of fixes within [`PERIOD`].
    pub fixes: usize,
    /// Time of the first of them.
    pub since: DateTime<Utc>,
    /// Time at which fixing starts again by itself.
    pub until: DateTime<Utc>,
    /// Who made the resource wrong again, and how often, most often first.
    pub against: Vec<(OneLine, usize)>,
    /// What the latest of these looked like.
    pub tool: Tool,
}

impl fmt::Display for Fight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minute = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
        // Who woke us is known; whether that call did it is not.
        write!(f, "it was fixed {} times since {}, and each time it was wrong again", self.fixes, minute(self.since))?;
        for (at, (by, count)) in self.against.iter().take(SHOWN).enumerate() {
            write!(f, "{} {by} ({count} times)", if at == 0 { ", after calls of" } else { " and" })?;
        }
        match self.tool {
            Tool::Terraform => write!(f, ", by what looks like Terraform")?,
            Tool::CloudFormation => write!(f, ", by what looks like CloudFormation")?,
            Tool::Console => write!(f, ", by what looks like a person at the console")?,
            Tool::Cli | Tool::Other => {}
        }
        let until = minute(self.until);
        write!(f, "; so it is left as it is until {until}, and the first event or sweep after that fixes it")
    }
}

/// Kind of program that made a call, by its user agent. The caller chooses that text, so it is a hint and no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tool {
    /// Terraform or a tool that uses its providers.
    Terraform,
    /// CloudFormation, or what deploys by it.
    CloudFormation,
    /// A person at the console.
    Console,
    /// The AWS CLI.
    Cli,
    /// Anything else.
    Other,
}

impl Tool {
    /// Returns what a user agent looks like.
    #[must_use]
    pub fn of(agent: &str) -> Self {
        let agent = agent.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| agent.contains(word));
        if has(&["terraform", "opentofu", "pulumi"]) {
            Self::Terraform
        } else if has(&["cloudformation.amazonaws.com", "cloudformation"]) {
            Self::CloudFormation
        } else if has(&[
            "console.amazonaws.com",
            "signin.amazonaws.com",
            "mozilla/",
            "aws-internal/3 aws-sdk-java console",
        ]) {
            Self::Console
        } else if has(&["aws-cli/", "cloudshell"]) {
            Self::Cli
        } else {
            Self::Other
        }
    }
}

impl ResourceHistory {
    /// Records a change that is about to be made.
    pub fn meant(&mut self, change: &LedgerEntry) {
        if !self.open.contains(&change.id) {
            self.open.push(change.id);
        }
    }

    /// Records the end of a change, and a fix of each of its findings if it was one. What was recorded of the same change
    /// before no longer counts, nor do fixes of long ago. Fixes that overlap in time count as one: those who made them saw the
    /// same violation.
    pub fn ended(&mut self, change: &LedgerEntry) {
        self.open.retain(|open| *open != change.id);
        for wrong in &change.findings {
            let fixes = self.fixes.entry(wrong.finding.clone()).or_default();
            fixes.retain(|fix| fix.change != change.id);
            let event = change.cause.id.clone();
            let same = |fix: &Fix| (event.is_some() && fix.event == event) || fix.overlaps(change);
            if wrong.fixed == Some(true) && !fixes.iter().any(same) {
                let (by, agent) = (change.cause.actor.clone(), change.cause.user_agent.clone());
                fixes.push(Fix { change: change.id, by, agent, event, ended: change.ended });
            }
        }
        self.forget(change.ended.unwrap_or_else(|| change.id.time()));
    }

    fn forget(&mut self, now: DateTime<Utc>) {
        for fixes in self.fixes.values_mut() {
            fixes.sort_by_key(|fix| fix.change);
            fixes.retain(|fix| fix.change.time() > now - PERIOD);
            let surplus = fixes.len().saturating_sub(KEPT);
            fixes.drain(..surplus);
        }
        self.fixes.retain(|_, fixes| !fixes.is_empty());
        self.resumed.retain(|_, at| *at > now - PERIOD);
        self.told.retain(|_, until| *until > now);
        self.claims.retain(|_, claim| claim.until > now);
    }

    /// Ends the fights over these findings, or over all of the resource, and returns those whose fixes count anew.
    pub fn resume(&mut self, findings: Option<&[FindingId]>, now: DateTime<Utc>) -> Vec<FindingId> {
        self.told.clear();
        self.claims.clear();
        let known = self.fixes.keys();
        let mut ended: Vec<FindingId> =
            known.filter(|finding| findings.is_none_or(|these| these.contains(finding))).cloned().collect();
        ended.sort_unstable();
        ended.dedup();
        for finding in &ended {
            self.resumed.insert(finding.clone(), now);
        }
        ended
    }

    /// Returns what people are told of a fight, as one id: the finding, who has made it wrong now, and how. Somebody else, or
    /// another fault, is news.
    #[must_use]
    pub fn telling(finding: &FindingId, actor: Option<&str>, because: &str) -> FindingId {
        FindingId::of(finding.as_str(), actor.unwrap_or_default(), "", because)
    }

    /// Records that the invocation of these events is about to tell people this of a fight. Returns `false` if they were told,
    /// or if another invocation is telling them.
    pub fn claim(&mut self, telling: &FindingId, fight: &Fight, events: &[&str], now: DateTime<Utc>) -> bool {
        let told = self.told.get(telling).is_some_and(|until| *until > fight.since);
        let ours = |claim: &TellingClaim| claim.event.as_deref().is_some_and(|event| events.contains(&event));
        let others = self.claims.get(telling).is_some_and(|claim| claim.until > now && !ours(claim));
        if told || others {
            return false;
        }
        // Whoever makes up more faults than these is told of each time.
        self.claims.retain(|_, claim| claim.until > now);
        if self.claims.len() < KEPT {
            self.claims.insert(
                telling.clone(),
                TellingClaim { event: events.first().map(|it| (*it).to_owned()), until: now + CLAIM },
            );
        }
        true
    }

    /// Records that people were told this of a fight, or that it is kept for them. They are not told again until the fight
    /// ends.
    pub fn told(&mut self, telling: &FindingId, until: DateTime<Utc>) {
        self.claims.remove(telling);
        if self.told.len() < KEPT || self.told.contains_key(telling) {
            self.told.insert(telling.clone(), until);
        }
    }

    /// Records what calls have set, in their order, and returns for each whether it is news. The same by the same caller is
    /// none as long as it stands, but in another invocation of the same event, which may have told nobody.
    pub fn set(&mut self, control: &str, calls: &[SetCall<'_>]) -> Vec<bool> {
        let mut of_call = |SetCall { what, actor, event }: &SetCall<'_>| {
            let Some(what) = what else {
                self.standing.remove(control);
                return true;
            };
            let (what, caller) = (FindingId::of(control, "", "", what), actor.unwrap_or_default());
            let caller = FindingId::of(control, caller, "", "");
            let standing = self.standing.entry(control.to_owned());
            let standing = standing.or_insert_with(|| ToldStanding { what: what.clone(), callers: BTreeMap::new() });
            if standing.what != what {
                *standing = ToldStanding { what, callers: BTreeMap::new() };
            }
            if let Some(by) = standing.callers.get(&caller) {
                return event.is_some() && by.as_deref() == *event;
            }
            // One more than these is told of each time.
            if standing.callers.len() < KEPT {
                standing.callers.insert(caller, event.map(str::to_owned));
            }
            true
        };
        calls.iter().map(&mut of_call).collect()
    }

    /// Returns the fight over a finding, if it was fixed this many times within [`PERIOD`] before now.
    #[must_use]
    pub fn fight(&self, finding: &FindingId, limit: usize, now: DateTime<Utc>) -> Option<Fight> {
        let begin = self.resumed.get(finding).copied().unwrap_or_default().max(now - PERIOD);
        let recent: Vec<&Fix> = self.fixes.get(finding)?.iter().filter(|fix| fix.change.time() > begin).collect();
        let counted = recent.len().checked_sub(limit)?;
        let (first, last) = (recent.get(counted)?, recent.last()?);
        let mut against: BTreeMap<&str, usize> = BTreeMap::new();
        for by in recent.iter().filter_map(|fix| fix.by.as_deref()) {
            *against.entry(by).or_default() += 1;
        }
        let mut against: Vec<(OneLine, usize)> = against.into_iter().map(|(by, count)| (by.into(), count)).collect();
        against.sort_by(|(one, few), (other, more)| more.cmp(few).then_with(|| one.cmp(other)));
        Some(Fight {
            fixes: recent.len(),
            since: recent.first()?.change.time(),
            until: first.change.time() + PERIOD,
            against,
            tool: last.agent.as_deref().map_or(Tool::Other, Tool::of),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::{EntryFinding, Outcome};
    use super::*;
    use crate::event::Origin;
    use crate::model::Region;

    const LIMIT: usize = 3;

    fn hour(hours: i64) -> DateTime<Utc> {
        DateTime::<Utc>::from_timestamp(1_772_445_600, 0).expect("a time") + TimeDelta::hours(hours)
    }

    fn finding(control: &str) -> FindingId {
        FindingId::of(control, "111122223333", "us-east-1", "arn:aws:s3:::logs")
    }

    fn change(at: DateTime<Utc>, control: &str, by: &str) -> LedgerEntry {
        LedgerEntry {
            id: ChangeId::new(at, 7),
            family: "bucket".into(),
            account: "111122223333".into(),
            region: Region::first(),
            subject: "logs".into(),
            resource: "arn:aws:s3:::logs".into(),
            cause: Origin {
                actor: Some(by.into()),
                user_agent: Some("APN/1.0 HashiCorp/1.0 Terraform/1.9.5".into()),
                ..Origin::default()
            },
            findings: vec![EntryFinding {
                finding: finding(control),
                control: control.into(),
                because: "wrong".into(),
                fixed: Some(true),
            }],
            steps: vec![],
            outcome: Outcome::Fixed,
            wrong_since: None,
            ended: Some(at + TimeDelta::seconds(2)),
            undone: None,
            undone_in_part: Vec::new(),
            telling: None,
            told: None,
            version: 0,
        }
    }

    fn after(changes: &[LedgerEntry]) -> ResourceHistory {
        let mut history = ResourceHistory::default();
        for change in changes {
            history.meant(change);
            history.ended(change);
        }
        history
    }

    #[test]
    fn the_third_fix_within_a_day_makes_a_fight_and_a_day_ends_it() {
        let fixed = [change(hour(0), "a", "carol"), change(hour(1), "a", "ci"), change(hour(2), "a", "ci")];
        assert_eq!(after(fixed.get(..2).expect("two")).fight(&finding("a"), LIMIT, hour(3)), None);
        let history = after(&fixed);
        let fight = history.fight(&finding("a"), LIMIT, hour(3)).expect("a fight");
        assert_eq!((fight.fixes, fight.since, fight.until, fight.tool), (3, hour(0), hour(24), Tool::Terraform));
        assert_eq!(fight.against, [("ci".into(), 2), ("carol".into(), 1)]);
        assert_eq!(history.fight(&finding("b"), LIMIT, hour(3)), None, "another finding of the same resource");
        assert!(history.fight(&finding("a"), LIMIT, hour(24) - TimeDelta::seconds(1)).is_some());
        assert_eq!(history.fight(&finding("a"), LIMIT, hour(24)), None);
    }

    #[test]
    fn a_person_ends_a_fight() {
        let mut history = after(&[change(hour(0), "a", "x"), change(hour(1), "a", "x"), change(hour(2), "a", "x")]);
        history.resumed.insert(finding("a"), hour(3));
        assert_eq!(history.fight(&finding("a"), LIMIT, hour(4)), None);
    }

    #[test]
    fn fights_are_ended_over_one_finding_or_over_all() {
        let fixes = |control| (0..3).map(move |at| change(hour(at), control, "x"));
        let mut history = after(&fixes("a").chain(fixes("b")).collect::<Vec<_>>());
        let fight = history.fight(&finding("a"), LIMIT, hour(3)).expect("a fight");
        history.told(&finding("a"), fight.until);
        assert_eq!(history.resume(Some(&[finding("a"), finding("c")]), hour(3)), [finding("a")]);
        assert_eq!(history.fight(&finding("a"), LIMIT, hour(4)), None);
        assert!(history.fight(&finding("b"), LIMIT, hour(4)).is_some());
        assert_eq!(history.resume(None, hour(5)).len(), 2);
        assert_eq!(history.fight(&finding("b"), LIMIT, hour(6)), None);
        assert_eq!(ResourceHistory::default().resume(None, hour(7)), []);
    }

    #[test]
    fn somebody_else_or_another_fault_is_news() {
        let mut history = after(&(0..3).map(|at| change(hour(at), "a", "ci")).collect::<Vec<_>>());
        let fight = history.fight(&finding("a"), LIMIT, hour(3)).expect("a fight");
        let mut told = |actor: Option<&str>, because: &str| {
            let telling = ResourceHistory::telling(&finding("a"), actor, because);
            let new = history.claim(&telling, &fight, &[], hour(3));
            if new {
                history.told(&telling, fight.until);
            }
            new
        };
        assert!(told(Some("ci"), "it is off") && !told(Some("ci"), "it is off"));
        assert!(told(Some("alice"), "it is off") && !told(Some("alice"), "it is off"));
        assert!(told(Some("ci"), "it is gone") && told(None, "it is off"));
        for fault in 0..100 {
            told(Some("ci"), &fault.to_string());
        }
        assert!(told(Some("ci"), "99") && history.told.len() == KEPT, "too many to remember are told each time");
    }

    #[test]
    fn what_stands_is_told_once_for_each_caller() {
        let mut history = ResourceHistory::default();
        let mut set = |what: Option<&str>, actor: &str, event: &str| {
            history.set("c", &[SetCall { what, actor: Some(actor), event: Some(event) }]) == [true]
        };
        assert!(set(Some("mallory reads"), "alice", "1") && !set(Some("mallory reads"), "alice", "2"));
        assert!(set(Some("mallory reads"), "alice", "1"), "the same event is tried again");
        assert!(set(Some("mallory reads"), "bob", "3") && !set(Some("mallory reads"), "bob", "4"));
        assert!(set(Some("mallory deletes"), "alice", "5") && !set(Some("mallory deletes"), "alice", "6"));
        assert!(set(Some("mallory reads"), "alice", "7"), "something else stood meanwhile");
        assert!(set(None, "bob", "8") && set(Some("mallory reads"), "alice", "9"), "nothing stood meanwhile");
        let again = SetCall { what: Some("mallory reads"), actor: Some("alice"), event: Some("10") };
        let gone = SetCall { what: None, ..again };
        assert_eq!(history.set("c", &[again, gone, again]), [false, true, true], "in their order");
    }

    #[test]
    fn who_was_about_to_tell_and_did_not_holds_nobody_back_for_long() {
        let mut history = after(&(0..3).map(|at| change(hour(at), "a", "ci")).collect::<Vec<_>>());
        let fight = history.fight(&finding("a"), LIMIT, hour(3)).expect("a fight");
        let mut claim = |events: &[&str], minutes| {
            history.claim(&finding("a"), &fight, events, hour(3) + TimeDelta::minutes(minutes))
        };
        assert!(claim(&["one"], 0));
        assert!(!claim(&["two"], 1) && !claim(&[], 14), "somebody is telling it");
        assert!(claim(&["three", "one"], 2), "the same event is tried again, perhaps with others");
        assert!(claim(&["two"], 17), "nobody told it");
        history.told(&finding("a"), fight.until);
        assert!(!history.claim(&finding("a"), &fight, &["two"], hour(3)));
        assert!(!history.claim(&finding("a"), &fight, &["three"], hour(5)));
        history.resume(None, hour(6));
        assert!(history.claim(&finding("a"), &fight, &[], hour(6)));
    }

    #[test]
    fn an_event_that_several_invocations_answer_counts_once() {
        let of = |event: &str, at| {
            let change = change(hour(0) + TimeDelta::seconds(at), "a", "x");
            LedgerEntry { cause: Origin { id: Some(event.into()), ..change.cause }, ..change }
        };
        let history = after(&[of("one", 0), of("one", 1), of("one", 2), of("two", 3)]);
        assert_eq!(history.fixes[&finding("a")].len(), 2);
        assert_eq!(history.fight(&finding("a"), LIMIT, hour(1)), None);
    }

    #[test]
    fn fixes_that_overlap_count_once_in_whatever_order_they_end() {
        let lasting = |number: u32, begin: i64, end: i64| {
            let at = |seconds| hour(0) + TimeDelta::seconds(seconds);
            let change = change(at(begin), "a", "x");
            LedgerEntry { id: ChangeId::new(at(begin), number.into()), ended: Some(at(end)), ..change }
        };
        let counted = |changes: &[LedgerEntry]| after(changes).fixes.get(&finding("a")).map_or(0, Vec::len);
        let mut burst = vec![lasting(1, 0, 9), lasting(2, 1, 7), lasting(3, 2, 8)];
        for _ in 0..3 {
            assert_eq!(counted(&burst), 1);
            burst.rotate_left(1);
        }
        let within = TimeDelta::microseconds(900);
        let quick = |number: u32| LedgerEntry { ended: Some(hour(0) + within), ..lasting(number, 0, 0) };
        assert_eq!(counted(&[quick(1), quick(2), quick(3)]), 3, "one after the other within a millisecond");
        burst.push(lasting(4, 9, 12));
        assert_eq!(counted(&burst), 2, "it was wrong again after the others had ended");
        let mut history = after(&burst);
        for fix in history.fixes.values_mut().flatten() {
            fix.ended = None;
        }
        history.ended(&lasting(5, 3, 4));
        assert_eq!(history.fixes[&finding("a")].len(), 3, "of fixes that were kept before, no end is known");
        let old: Fix =
            serde_json::from_str(r#"{"change":"01JBBBBBBBBBBBBBBBBBBBBBBB","by":null,"agent":null}"#).expect("a fix");
        assert_eq!((old.event, old.ended), (None, None));
    }

    #[test]
    fn whoever_makes_a_change_says_last_whether_it_is_a_fix() {
        let made = change(hour(0), "a", "x");
        let ended = |fixed| {
            let findings = made.findings.iter().map(|it| EntryFinding { fixed: Some(fixed), ..it.clone() }).collect();
            LedgerEntry { findings, ended: Some(hour(1)), ..made.clone() }
        };
        let found_right = made.clone().closed(Outcome::FoundRight, hour(0) + TimeDelta::seconds(1));
        assert_eq!(after(&[found_right.clone(), ended(false)]).fixes.get(&finding("a")), None);
        let history = after(&[found_right, ended(true)]);
        let fixes: Vec<_> = history.fixes[&finding("a")].iter().map(|fix| (fix.change, fix.ended)).collect();
        assert_eq!(fixes, [(made.id, Some(hour(1)))]);
    }

    #[test]
    fn only_fixes_count_and_each_once() {
        let failed = LedgerEntry { findings: vec![], outcome: Outcome::Failed, ..change(hour(1), "a", "x") };
        let once = change(hour(0), "a", "x");
        let mut history = after(&[once.clone(), once, failed]);
        assert_eq!(history.fixes.get(&finding("a")).map(Vec::len), Some(1));
        let open = change(hour(5), "a", "x");
        history.meant(&open);
        history.meant(&open);
        assert_eq!(history.open, [open.id]);
        history.ended(&change(hour(30), "b", "x"));
        assert_eq!(history.fixes.keys().collect::<Vec<_>>(), [&finding("b")], "a day later nothing is kept of it");
    }

    #[test]
    fn a_history_stays_small_however_often_somebody_makes_it_wrong() {
        let many: Vec<LedgerEntry> =
            (0..500).map(|at| change(hour(0) + TimeDelta::minutes(at), "a", &"x".repeat(200))).collect();
        assert!(serde_json::to_string(&after(&many)).expect("JSON").len() < 32 * 400);
    }

    #[test]
    fn a_user_agent_hints_at_the_tool() {
        for (agent, tool) in [
            ("APN/1.0 HashiCorp/1.0 Terraform/1.9.5 (+https://www.terraform.io)", Tool::Terraform),
            ("cloudformation.amazonaws.com", Tool::CloudFormation),
            ("console.amazonaws.com", Tool::Console),
            ("[aws-cli/2.31.9 md/awscrt#0.27.6]", Tool::Cli),
            ("Boto3/1.40.1", Tool::Other),
        ] {
            assert_eq!(Tool::of(agent), tool, "{agent}");
        }
    }
}
