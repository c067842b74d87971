//! The report: what Trailkeeper would have done with the calls that were read.

use crate::caller::CallerKind;
use crate::chain::Validation;
use crate::cost::Cost;
use crate::proposal::Proposal;
use serde::Serialize;
use std::collections::BTreeMap;

/// What everybody who reads the report must know.
pub const LIMITS: [&str; 3] = [
    "A record says what a call asked for. What a resource was like before it and after it is not read from the past: \
     whether a control would have found something wrong then is judged by the call alone.",
    "Controls and their rules are today's, and so are prices.",
    "User agents are chosen by the caller: they are a hint at who made a call, and no more.",
];

/// What Trailkeeper would have done.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReplayReport {
    /// Version of Trailkeeper.
    pub version: &'static str,
    /// What the report cannot say.
    pub limits: [&'static str; 3],
    /// What was read.
    pub read: ReadRecords,
    /// How often each function would have been woken.
    pub wakes: Vec<FunctionWakes>,
    /// The same by day.
    pub days: Vec<DayWakes>,
    /// Who made the calls that would have woken a function.
    pub callers: Vec<CallerWakes>,
    /// The calls that would have woken a function, the most frequent first.
    pub calls: Vec<CallWakes>,
    /// Resources that would have been fixed again and again, the most often first.
    pub fights: Vec<ReplayedFight>,
    /// Calls that took something away from the record, in their order.
    pub losses: Vec<Loss>,
    /// Calls that would have taken something away and failed, in their order.
    pub tried: Vec<Loss>,
    /// What it would have cost.
    pub cost: Cost,
    /// Modes and exemptions that follow.
    pub proposal: Proposal,
    /// How far the files were validated, if that was asked for.
    pub validation: Option<Validation>,
}

/// Exit code if a file is not as CloudTrail delivered it.
const WRONG: u8 = 1;

/// Exit code if something could not be read or judged.
const UNREAD: u8 = 2;

impl ReplayReport {
    /// Returns the exit code: 2 if something could not be read or judged, else 1 if a file is not as CloudTrail delivered it,
    /// else 0.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if !self.read.unread.is_empty() || self.read.unusable > 0 {
            UNREAD
        } else {
            u8::from(self.validation.as_ref().is_some_and(Validation::is_wrong)) * WRONG
        }
    }
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReadRecords {
    /// Where from, as it was given.
    pub sources: Vec<String>,
    /// Number of records in the time that was looked at.
    pub records: u64,
    /// Number of records outside of that time.
    pub outside: u64,
    /// Number of records of watched calls that were copies of one that was counted.
    pub copies: u64,
    /// Number of records that are no records, or cannot be judged.
    pub unusable: u64,
    /// Time of the first record.
    pub first: Option<String>,
    /// Time of the last record.
    pub last: Option<String>,
    /// Number of days that were looked at.
    pub days: f64,
    /// Accounts of the records.
    pub accounts: Vec<String>,
    /// Regions of the records.
    pub regions: Vec<String>,
    /// Number of files that were read.
    pub files: u64,
    /// Files that hold no records of calls, by what they are.
    pub passed_over: BTreeMap<String, u64>,
    /// Files, regions and calls of which something is missing, and why.
    pub unread: Vec<Unread>,
    /// Buckets that were taken for log buckets.
    pub log_buckets: Vec<String>,
    /// What was left out on purpose.
    pub left_out: Vec<String>,
}

/// File or call of which something is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// Name of the file, or the call and its region.
    pub what: String,
    /// Why.
    pub because: String,
}

/// How often a function would have been woken.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FunctionWakes {
    /// Name of the function.
    pub function: &'static str,
    /// How often it would have been woken.
    pub woken: u64,
    /// How often it would then have looked at a resource, and not ended at once.
    pub looks: u64,
    /// Wakes a day, on average.
    pub a_day: f64,
    /// Day with the most wakes, and how many.
    pub busiest: Option<(String, u64)>,
}

/// How often functions would have been woken on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DayWakes {
    /// Day.
    pub day: String,
    /// Wakes by function.
    pub woken: BTreeMap<&'static str, u64>,
}

/// Calls of one kind of caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallerWakes {
    /// Kind of caller.
    pub kind: CallerKind,
    /// Number of calls.
    pub calls: u64,
    /// Who made the most of them, and how many.
    pub most: Vec<(String, u64)>,
    /// Number of further callers of the kind.
    pub others: usize,
}

/// Calls of one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallWakes {
    /// Service, such as `s3.amazonaws.com`.
    pub service: String,
    /// Name of the call.
    pub call: String,
    /// How often it was made.
    pub calls: u64,
}

/// Resource that would have been fixed again and again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplayedFight {
    /// Control.
    pub control: &'static str,
    /// ARN of the resource.
    pub resource: String,
    /// Account.
    pub account: String,
    /// Region of the calls.
    pub region: String,
    /// How often it would have been fixed.
    pub times: u64,
    /// The most of these within 24 hours.
    pub most_in_a_day: u64,
    /// Who made it wrong, the most often first.
    pub by: Vec<Side>,
    /// Who made it right, the most often first; nobody where it was only made wrong.
    pub against: Vec<Side>,
    /// Time of the first call that made it wrong.
    pub first: String,
    /// Time of the last one.
    pub last: String,
}

/// One side of a fight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Side {
    /// Who, without the session.
    pub who: String,
    /// Kind of caller.
    pub kind: CallerKind,
    /// How often.
    pub times: u64,
}

/// Call that took something away from the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// Time of the call.
    pub at: String,
    /// Name of the call.
    pub call: String,
    /// What it does, for people.
    pub what: &'static str,
    /// Control that would have been told or fixed.
    pub control: &'static str,
    /// ARN of the resource.
    pub resource: String,
    /// Account.
    pub account: String,
    /// Region.
    pub region: String,
    /// Who made the call.
    pub who: String,
    /// The same without the session.
    pub principal: String,
    /// Kind of caller.
    pub kind: CallerKind,
    /// From where.
    pub source_ip: Option<String>,
    /// With what.
    pub user_agent: Option<String>,
    /// CloudTrail's id of the call.
    pub event: Option<String>,
    /// Error of a call that failed.
    pub failed: Option<String>,
    /// Whether it is known from a fight alone: it undid what somebody else had set.
    pub in_fight: bool,
    /// When and by whom it was set right; `None` if not in the time that was looked at.
    pub ended: Option<Ended>,
}

/// End of a loss.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ended {
    /// Time of the call.
    pub at: String,
    /// Number of seconds since the call that took something away.
    pub seconds: i64,
    /// Name of the call.
    pub call: String,
    /// Who made it.
    pub who: String,
}
