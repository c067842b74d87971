//! From bytes to requests: lines, their fields, who asked and for what.

mod fields;
pub mod foreign;
pub mod line;
pub mod operation;
pub mod stream;
pub(crate) mod tail;
pub mod time;
pub mod who;
