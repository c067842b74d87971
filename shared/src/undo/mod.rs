//! Takes changes back for a person: reads each property that a change set, and gives it the value that it had before.
//!
//! What is done is planned by [`ledger::plan`](fn@crate::ledger::plan). Nothing here runs in a function: it needs rights
//! that no function has.

pub mod aws;
mod exempting;

pub use exempting::{command, exempting, has_tags, rule, tag_value};
