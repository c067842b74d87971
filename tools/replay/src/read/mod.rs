//! Reads CloudTrail's files: which of them hold records, gzip, and JSON of any size in constant memory.

mod head;
pub mod name;
mod records;
mod shape;
mod text;

pub use head::Head;
pub use records::{Damage, Outcome, read, read_summed, unpacked};
pub use text::Text;
