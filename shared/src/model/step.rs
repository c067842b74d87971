//! A step: one mutating call, as data, with what it does to the view of its family.

use super::call::Call;
use super::error::CallError;
use serde_json::Value;
use std::fmt;

/// Describes one mutating API call with every argument decided. Data, never a closure.
///
/// `Display` says for people what the call does.
pub trait Step: fmt::Debug + fmt::Display + Clone + PartialEq {
    /// What the step changes.
    type View;
    /// Returns the call.
    fn call(&self) -> &dyn Call;
    /// Returns when it comes among the steps of a plan: lower ranks first.
    fn rank(&self) -> u8;
    /// Does to the view what the call does: the model of the write.
    fn effect(&self, view: &mut Self::View);
    /// Takes another step into this call, where one call can do both; `false`, and no change, where it cannot.
    fn absorb(&mut self, other: &Self) -> bool {
        let _ = other;
        false
    }
    /// Returns whether this failure of the call passes by itself; see [`Call::retries_on`].
    fn retries_on(&self, error: &CallError) -> bool {
        self.call().retries_on(error)
    }
    /// Returns the IAM actions that the call needs. The first is the call itself.
    fn actions(&self) -> &'static [&'static str] {
        self.call().actions()
    }
    /// Returns what the call replaces; `None` where it only adds.
    fn before(&self) -> Option<Value> {
        self.call().before()
    }
    /// Returns what the call puts there.
    fn after(&self) -> Value {
        self.call().after()
    }
    /// Returns how a person takes it back.
    fn undo(&self) -> String {
        self.call().undo()
    }
}
