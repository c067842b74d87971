//! Vocabulary: locations of resources, results of reads, verdicts of controls, and calls. Pure.

mod blocked;
mod by_hand;
mod call;
mod control;
mod error;
mod line;
mod place;
mod property;
mod seen;
mod shell;
mod step;
mod undo;

pub use blocked::Blocked;
pub use call::Call;
pub(crate) use control::permanent;
pub use control::{About, Permanent, Remedy, Severity, Verdict};
pub use error::{CallError, ErrorKind, denied_actions};
pub use line::{OneLine, sanitized};
pub use place::{Arn, Place, Region, Subject, is_account};
pub use property::Property;
pub use seen::{Seen, Unread};
pub use shell::{Command, is_command};
pub use step::Step;
pub use undo::Undo;
