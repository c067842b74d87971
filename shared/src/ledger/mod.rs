//! The ledger: what was meant to be changed, what was changed, how it is taken back, and who keeps changing it back.
//! Pure.

mod change;
mod history;
mod ids;

pub use change::{Change, ChangeStep, KeptInverse, Made, Outcome, Undone, Wrong};
pub use history::{Fight, Fix, PERIOD, ResourceHistory, Tool};
pub use ids::{ChangeId, FindingId, NoChangeId};
