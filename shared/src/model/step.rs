//! A step: one mutating call, as data.

use super::error::CallError;
use serde_json::Value;
use std::fmt;

/// One mutating API call with every argument decided. Data, never a closure.
///
/// `Display` says for people what the call does.
pub trait Step: fmt::Debug + fmt::Display + Clone + PartialEq {
    /// What the step changes.
    type View;
    /// The IAM actions that the call needs. The first is the call itself.
    fn actions(&self) -> &'static [&'static str];
    /// When it comes among the steps of a plan: lower ranks first.
    fn rank(&self) -> u8;
    /// What the call does to the view: the model of the write.
    fn effect(&self, view: &mut Self::View);
    /// What the call replaces, kept in the report so that it can be put back; `None` where it only adds.
    fn before(&self) -> Option<Value>;
    /// What the call puts there.
    fn after(&self) -> Value;
    /// How a person takes it back.
    fn undo(&self) -> String;
    /// Takes another step into this call, where one call can do both; `false`, and no change, where it cannot.
    fn absorb(&mut self, other: &Self) -> bool {
        let _ = other;
        false
    }
    /// Whether this failure of the call passes by itself within a minute or so: a role that has not spread yet,
    /// a resource that is still being made. Exactly the errors that AWS or the field documents; all else is final.
    fn retries_on(&self, error: &CallError) -> bool;
}
