//! Call as data, independent of the view that it changes.

use super::error::CallError;
use super::place::Place;
use super::property::Property;
use super::undo::Undo;
use serde_json::Value;
use std::fmt;

/// Mutating API call with every argument decided. Resources that several families create have their own calls, which
/// each family's [`Step`](super::Step) wraps.
///
/// `Display` describes for people what the call does.
pub trait Call: fmt::Display {
    /// Returns the IAM actions that the call needs. The first is the call itself.
    fn actions(&self) -> &'static [&'static str];
    /// Returns the position of the call among the calls for the same resource: lower ranks first.
    fn rank(&self) -> u8;
    /// Returns what the call replaces, kept in the report so that it can be restored; `None` if the call only adds.
    fn before(&self) -> Option<Value>;
    /// Returns what the call writes.
    fn after(&self) -> Value;
    /// Returns the property that the call sets, of a resource in this account and region.
    fn property(&self, place: &Place) -> Property;
    /// Returns instructions for a person to undo the call.
    fn undo(&self, place: &Place) -> Undo {
        self.property(place).restore(self.before().as_ref())
    }
    /// Returns the name of what the call makes, if AWS would make another each time: two functions that find none at the same
    /// moment must not both make it. `None` for what AWS itself makes only once.
    fn makes(&self) -> Option<String> {
        None
    }
    /// Returns whether this failure of the call resolves itself within a minute or so: a role that has not propagated
    /// yet, a resource that is still being created. Exactly the errors documented by AWS or seen in practice; all
    /// others are final.
    fn retries_on(&self, error: &CallError) -> bool {
        let _ = error;
        false
    }
}
