//! A call, as data, whatever view it changes.

use super::error::CallError;
use serde_json::Value;
use std::fmt;

/// Describes one mutating API call with every argument decided. What several families make has calls of its own, which
/// each family's [`Step`](super::Step) takes in.
///
/// `Display` says for people what the call does.
pub trait Call: fmt::Display {
    /// Returns the IAM actions that the call needs. The first is the call itself.
    fn actions(&self) -> &'static [&'static str];
    /// Returns its place among the calls for the same thing: lower ranks first.
    fn rank(&self) -> u8;
    /// Returns what the call replaces, kept in the report so that it can be put back; `None` where it only adds.
    fn before(&self) -> Option<Value>;
    /// Returns what the call puts there.
    fn after(&self) -> Value;
    /// Returns how a person takes it back.
    fn undo(&self) -> String;
    /// Returns whether this failure of the call passes by itself within a minute or so: a role that has not spread yet, a
    /// resource that is still being made. Exactly the errors that AWS or the field documents; all else is final.
    fn retries_on(&self, error: &CallError) -> bool {
        let _ = error;
        false
    }
}
