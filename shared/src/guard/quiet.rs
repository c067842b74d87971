//! Which calls of CloudFormation need no letter of their own, since the operation on the stack has one.
//!
//! An operation on Trailkeeper's stack is told once, with who. The many calls that CloudFormation makes for it are left
//! out only while CloudFormation itself says that the operation is running: others can have CloudFormation change
//! Trailkeeper's parts, too, by a stack of their own or the Cloud Control API.

use crate::event::ApiCall;
use chrono::DateTime;

/// Service through which CloudFormation makes calls.
pub const CLOUDFORMATION: &str = "cloudformation.amazonaws.com";

/// Event of a stack about the stack itself, from `DescribeStackEvents`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackEvent {
    /// Time in milliseconds since 1970.
    pub at: i64,
    /// Status of the stack from then on, such as `UPDATE_IN_PROGRESS`.
    pub status: String,
}

/// Span in which a call may have been made: CloudTrail records whole seconds.
const SECOND: i64 = 999;

/// Time that an operation may take to begin after it was called for.
const BEGINS: i64 = 60_000;

/// Returns whether CloudFormation made a call for its caller.
#[must_use]
pub fn is_through_cloudformation(call: &ApiCall) -> bool {
    call.via.as_deref() == Some(CLOUDFORMATION)
}

/// Parses the time of a record as milliseconds since 1970.
#[must_use]
pub fn millis(time: &str) -> Option<i64> {
    DateTime::parse_from_rfc3339(time).ok().map(|time| time.timestamp_millis())
}

/// Returns whether an operation on the stack was running within the second of a call. `events` begin with the latest.
#[must_use]
pub fn was_running(events: &[StackEvent], at: i64) -> bool {
    let mut until = i64::MAX;
    events.iter().any(|event| {
        let ended = std::mem::replace(&mut until, event.at);
        is_running(&event.status) && event.at <= at + SECOND && ended >= at
    })
}

/// Returns whether an operation on the stack began right after a time.
#[must_use]
pub fn has_begun(events: &[StackEvent], at: i64) -> bool {
    events.iter().any(|event| is_running(&event.status) && (at - SECOND..at + BEGINS).contains(&event.at))
}

/// Returns whether a status is that of an operation. Under review, nothing was changed yet.
fn is_running(status: &str) -> bool {
    status.ends_with("_IN_PROGRESS") && status != "REVIEW_IN_PROGRESS"
}

/// Returns whether a call through CloudFormation in another account is one of those that a new version of Trailkeeper
/// makes there. The operation on the `StackSet` is told at home; what ends the way to Trailkeeper is told all the same.
#[must_use]
pub fn is_usual_elsewhere(call: &ApiCall) -> bool {
    let grows = ["AttachRolePolicy", "CreatePolicyVersion", "PutRolePolicy", "PutTargets", "SetDefaultPolicyVersion"];
    let puts_rule = call.name == "PutRule" && call.request.text("state") != Some("DISABLED");
    puts_rule || grows.contains(&call.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events() -> Vec<StackEvent> {
        let event = |time: &str, status: &str| StackEvent { at: millis(time).expect("a time"), status: status.into() };
        vec![
            event("2026-03-02T12:05:00.500Z", "UPDATE_COMPLETE"),
            event("2026-03-02T12:04:00Z", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
            event("2026-03-02T12:00:00.500Z", "UPDATE_IN_PROGRESS"),
            event("2026-03-02T11:59:00Z", "REVIEW_IN_PROGRESS"),
            event("2026-03-01T12:00:00Z", "CREATE_COMPLETE"),
        ]
    }

    #[test]
    fn an_operation_runs_from_its_first_event_to_its_last() {
        let ran = |time: &str| was_running(&events(), millis(time).expect("a time"));
        for during in ["2026-03-02T12:00:00Z", "2026-03-02T12:03:59Z", "2026-03-02T12:04:30Z", "2026-03-02T12:05:00Z"] {
            assert!(ran(during), "{during}");
        }
        for beside in [
            "2026-03-02T11:59:30Z",
            "2026-03-02T11:58:00Z",
            "2026-03-02T12:05:01Z",
            "2026-03-02T11:59:59Z",
            "2026-02-01T00:00:00Z",
        ] {
            assert!(!ran(beside), "{beside}");
        }
        assert!(!was_running(&[], 0));
        let unfinished = &events()[2..];
        assert!(was_running(unfinished, millis("2026-03-09T12:00:00Z").expect("a time")));
    }

    #[test]
    fn an_operation_begins_soon_after_its_call() {
        let begun = |time: &str| has_begun(&events(), millis(time).expect("a time"));
        assert!(begun("2026-03-02T12:00:00Z") && begun("2026-03-02T11:59:50Z"));
        assert!(!begun("2026-03-02T11:50:00Z") && !begun("2026-03-02T12:30:00Z"));
    }
}
