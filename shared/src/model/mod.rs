//! Vocabulary: locations of resources, results of reads, verdicts of controls, and calls. Pure.

mod blocked;
mod call;
mod control;
mod error;
mod place;
mod sanitized;
mod seen;
mod step;

pub use blocked::Blocked;
pub use call::Call;
pub use control::{About, Remedy, Severity, Verdict};
pub use error::{CallError, ErrorKind};
pub use place::{Arn, Place, Region, Subject, is_account};
pub use sanitized::sanitized;
pub use seen::{Seen, Unread};
pub use step::Step;
