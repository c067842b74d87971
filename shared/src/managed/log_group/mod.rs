//! CloudWatch log groups, as read. Pure.

pub mod step;
pub mod wanted;

/// Log group, as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogGroup {
    /// Name of the log group.
    pub name: String,
    /// Retention of events in days; `None` means that they never expire.
    pub retention: Option<u32>,
}
