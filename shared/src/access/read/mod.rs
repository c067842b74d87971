//! From bytes to requests: lines, their fields, who asked and for what.

mod fields;
pub mod foreign;
pub mod line;
pub mod operation;
pub mod stream;
pub mod time;
pub(crate) mod trailing_fields;
pub mod who;
