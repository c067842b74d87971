//! CloudWatch log groups, as read. Pure.

pub mod account_policy;
pub mod step;
pub mod wanted;

use crate::model::Seen;
use account_policy::AccountPolicy;

/// Log group, as read.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize)]
pub struct LogGroup {
    /// Name of the log group.
    pub name: String,
    /// Retention of events in days; `None` means that they never expire.
    pub retention: Option<u32>,
    /// ARN of the KMS key that encrypts the events, if there is one.
    pub key: Option<String>,
    /// Subscription filters; read only for groups with our names.
    pub filters: Seen<Vec<LogSubscription>>,
    /// Policies of the account that mask the events or hand them on; read only for groups of trails.
    pub policies: Seen<Vec<AccountPolicy>>,
}

/// Subscription filter of a log group: it hands each event on.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LogSubscription {
    /// Name of the filter.
    pub name: String,
    /// ARN of the stream, function or destination that receives the events.
    pub destination: String,
}
