//! Tells: calls that people are told of whatever the check finds, since they end, narrow, move or exempt the record.

use crate::event::ApiCall;
use crate::model::sanitized;

/// Calls of one service that people are told of even if nothing is found wrong afterwards.
///
/// A trail that is deleted beside another one leaves nothing to fix, and an exemption hides what it exempts. Who did it
/// must be known all the same.
#[derive(Debug, Clone, Copy)]
pub struct Tell {
    /// Service as in the record's `eventSource`, such as `cloudtrail.amazonaws.com`.
    pub service: &'static str,
    /// Event names, as CloudTrail spells them. The family watches each of them.
    pub calls: &'static [&'static str],
    /// Results that the calls are told with.
    pub when: When,
    /// Returns what the call does to the record, for people, or `None` if it does nothing with these parameters.
    pub effect: fn(&ApiCall) -> Option<&'static str>,
}

/// Results that a call is told with, if they would not be told otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The result of this control, even if the resource is gone.
    Always(&'static str),
    /// The result of this control, if the control applies to the resource.
    Applicable(&'static str),
    /// Only what every call is told with: results of high or critical severity whose violation an exemption hides.
    Exempted,
}

impl Tell {
    /// Returns what a call of this kind did, for people, or `None` for any other call.
    #[must_use]
    pub fn change(&self, call: &ApiCall) -> Option<RecordChange> {
        let mine = self.service == call.service && self.calls.contains(&call.name.as_str());
        let effect = mine.then(|| (self.effect)(call)).flatten()?;
        Some(RecordChange {
            when: self.when,
            what: format!("{} {effect}", sanitized(&call.name)),
            changed: call.changed(),
        })
    }
}

/// Call that people are told of whatever the check finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordChange {
    /// Results that it is told with.
    pub when: When,
    /// Description of what was called and what that does.
    pub what: String,
    /// Number of resources that the call changed.
    pub changed: usize,
}

/// What a call sets that a change tells of, once for each caller as long as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingChange {
    /// Control with whose result it is told.
    pub control: &'static str,
    /// ARN of the resource.
    pub resource: String,
    /// What was set, for people; `None` if nothing of the kind stands after the call, or if that cannot be told.
    pub what: Option<String>,
}

impl RecordChange {
    /// Returns what any call that is watched is told as: nothing but what an exemption hides.
    #[must_use]
    pub fn of(call: &ApiCall) -> Self {
        let what = format!("{} was called", sanitized(&call.name));
        Self { when: When::Exempted, what, changed: call.changed() }
    }
}
