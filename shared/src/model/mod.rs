//! The vocabulary: where a resource is, what was read of it, what a control says, what a call does. Pure.

mod control;
mod error;
mod legible;
mod place;
mod seen;
mod step;

pub use control::{About, Remedy, Severity, Verdict};
pub use error::{CallError, Kind};
pub use legible::legible;
pub use place::{Arn, Place, Region, Subject, is_account};
pub use seen::Seen;
pub use step::Step;
