//! What the function does on S3: it reads log files, and notes which of them it has told of.

mod files;
mod notes;

pub use files::{Files, Opened};
pub(super) use notes::{Notes, TELLING, Turn};
