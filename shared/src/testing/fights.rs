//! Fights: a finding that somebody makes wrong again after each fix, played in memory.

use super::laws::{World, subject};
use super::ledger::MemoryLedger;
use crate::families::trail::Trail;
use crate::families::transfer::Transfer;
use crate::model::{Seen, Step as _};
use crate::report::Status;
