//! Parses log files into requests: lines, fields, requesters and operations.

mod fields;
pub mod foreign;
pub mod line;
pub mod operation;
pub mod stream;
pub mod time;
pub(crate) mod trailing_fields;
pub mod who;
