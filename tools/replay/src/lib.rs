//! What Trailkeeper would have done with the calls of the past: which function they would have woken, which resources would
//! have been fixed again and again, what was taken away from the record, and what it would have cost.
//!
//! [`read`](fn@read::read) splits CloudTrail's files into records, [`Intake`] takes them in any order, and
//! [`finish`](Intake::finish) makes the [`ReplayReport`], which [`text`](mod@text) and [`Page`] show. [`lookup`] says what is still to be
//! asked of `LookupEvents`, and [`chain`] validates digest files. Pure: no SDK, no clock, no environment.

mod assumptions;
mod caller;
mod calls;
pub mod chain;
mod changes;
pub mod cost;
mod finish;
mod intake;
mod looks;
pub mod lookup;
mod names;
mod page;
mod proposal;
pub mod read;
mod report;
mod sequence;
pub mod text;
mod wronged;

pub use assumptions::Assumptions;
pub use caller::CallerKind;
pub use calls::Calls;
pub use finish::Sources;
pub use intake::Intake;
pub use page::Page;
pub use proposal::{Proposal, Proposed};
pub use report::{
    CallWakes, CallerWakes, DayWakes, Ended, FunctionWakes, LIMITS, Loss, ReadRecords, ReplayReport, ReplayedFight,
    Side, Unread,
};
pub use wronged::wronged;
