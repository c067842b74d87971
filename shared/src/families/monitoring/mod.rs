//! Monitoring family: chains from CloudTrail's records to a person who is notified, one for each alarm that CIS
//! requires.

mod alarm;
#[cfg(feature = "monitoring")]
pub(crate) mod aws;
mod chain;
mod filter;
mod hearing;
mod listener;
mod managed;
mod mend;
mod mute_rule;
mod rules;
mod serving;
mod source;
mod step;
mod table;
mod tests;
mod topic_check;
mod view;
mod watch;

pub use crate::settings::alarms::{Address, Patterns};
pub use alarm::Alarm;
#[cfg(feature = "monitoring")]
pub use aws::Alarms;
pub use filter::{Filter, Transformation};
pub use listener::{Behind, FilterPolicy, Listener};
pub use managed::MANAGED_ALARMS_KEY;
pub use mute_rule::MuteRule;
pub use rules::{AlarmRule, Text};
pub use step::{AlarmStep, Step};
pub use view::{Feed, LogGroupView, Metric, View, Want};

use crate::event::Watch;
use crate::family::{Control, Family};
use crate::model::{Place, Subject, Verdict};
use crate::settings::Settings;
use chain::Assessment;
use table::RULES;

/// Family of an account's alarms. CIS requires one chain for each of them per account, so the account is judged,
/// whatever its trails, filters, alarms and topics are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Monitoring;

impl Family for Monitoring {
    const NAME: &'static str = "monitoring";
    type View = View;
    type Step = Step;
    const CONTROLS: &'static [Control<Self>] = &[
        control::<0>(),
        control::<1>(),
        control::<2>(),
        control::<3>(),
        control::<4>(),
        control::<5>(),
        control::<6>(),
        control::<7>(),
        control::<8>(),
        control::<9>(),
        control::<10>(),
        control::<11>(),
        control::<12>(),
        control::<13>(),
        control::<14>(),
    ];
    const WATCHES: &'static [Watch] = watch::WATCHES;
    const OWN_CALLS: &'static [&'static str] = watch::OWN_CALLS;

    /// Returns AWS's own ARN for an account, as used in policies.
    fn arn(place: &Place, _: &str) -> String {
        format!("arn:{}:iam::{}:root", place.partition, place.account)
    }
}

/// Returns the control of one rule. All controls differ in data only.
#[allow(clippy::indexing_slicing, reason = "a rule that there is not fails the compiler")]
const fn control<const RULE: usize>() -> Control<Monitoring> {
    const { assert!(RULE < RULES.len()) };
    Control { about: RULES[RULE].about, judge: judge::<RULE> }
}

fn judge<const RULE: usize>(view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    let Some(rule) = RULES.get(RULE) else { return Verdict::Unknown { needs: "there is no such rule".to_owned() } };
    let unread = |wants| Verdict::Unknown { needs: format!("not everything was read: {wants:?}") };
    Assessment { rule, view, subject, settings }.assess().unwrap_or_else(unread)
}
