//! The ledger: what was meant to be changed, what was changed, how it is taken back, and who keeps changing it back.
//! Pure.

mod entry;
mod history;
mod ids;
mod standing;
mod takeback;

pub use entry::{CallLeft, CallState, EntryFinding, EntryStep, LedgerEntry, Outcome, Undone, UndoneInPart};
pub use history::{Fight, Fix, PERIOD, ResourceHistory, SetCall, TellingClaim, ToldStanding, Tool};
pub use ids::{ChangeId, FindingId, NoChangeId};
pub use standing::{Difference, Standing};
pub use takeback::{NotUndoable, PlannedReversal, PropertyReading, Reversal, is_part_of, plan};
