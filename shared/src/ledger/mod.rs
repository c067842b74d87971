//! The ledger: what was meant to be changed, what was changed, how it is taken back, and who keeps changing it back.
//! Pure.

mod change;
mod history;
mod ids;

pub use change::{CallState, Change, ChangeStep, FindingOfChange, Outcome, Undone};
pub use history::{Fight, Fix, PERIOD, ResourceHistory, Tool};
pub use ids::{ChangeId, FindingId, NoChangeId};
