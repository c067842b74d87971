//! CloudWatch log groups, as read. Pure.

pub mod step;
pub mod wanted;

/// A log group, as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogGroup {
    /// Its name.
    pub name: String,
    /// How long it keeps events, in days; `None` means for ever.
    pub retention: Option<u32>,
}
