//! Step: one mutating call as data, together with its effect on the view of its family.

use super::call::Call;
use super::error::CallError;
use super::place::Place;
use super::property::Property;
use super::undo::Undo;
use serde_json::Value;
use std::fmt;

/// Mutating API call with every argument decided. Data, never a closure.
///
/// `Display` describes for people what the call does.
pub trait Step: fmt::Debug + fmt::Display + Clone + PartialEq {
    /// View that the step changes.
    type View;
    /// Returns the call.
    fn call(&self) -> &dyn Call;
    /// Returns the position of the step within a plan: lower ranks first. That of its call, unless the family's calls need
    /// an order among each other.
    fn rank(&self) -> u8 {
        self.call().rank()
    }
    /// Applies the effect of the call to the view: the model of the write.
    fn effect(&self, view: &mut Self::View);
    /// Merges another step into this call if one call can do both; otherwise returns `false` and changes nothing.
    fn absorb(&mut self, other: &Self) -> bool {
        let _ = other;
        false
    }
    /// Returns whether this failure of the call resolves itself; see [`Call::retries_on`].
    fn retries_on(&self, error: &CallError) -> bool {
        self.call().retries_on(error)
    }
    /// Returns the name of what only one function may make; see [`Call::makes`].
    fn makes(&self) -> Option<String> {
        self.call().makes()
    }
    /// Returns the IAM actions that the call needs. The first is the call itself.
    fn actions(&self) -> &'static [&'static str] {
        self.call().actions()
    }
    /// Returns what the call replaces; `None` if the call only adds.
    fn before(&self) -> Option<Value> {
        self.call().before()
    }
    /// Returns what the call writes.
    fn after(&self) -> Value {
        self.call().after()
    }
    /// Returns the property that the call sets, of a resource in this account and region.
    fn property(&self, place: &Place) -> Property {
        self.call().property(place)
    }
    /// Returns instructions for a person to undo the call.
    fn undo(&self, place: &Place) -> Undo {
        self.call().undo(place)
    }
}
