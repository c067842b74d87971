//! What is wrong in an account, now: findings, compared with earlier ones, told to people and written for machines.
//!
//! Pure, but for nothing: no SDK, no clock, no environment. The command `trailkeeper` reads the account and writes the
//! files.

pub mod baseline;
pub mod difference;
pub mod explain;
pub mod facts;
pub mod finding;
mod fold;
pub mod formats;
pub mod page;
pub mod report;
pub mod selection;
pub mod terminal;

#[cfg(test)]
mod sample;
