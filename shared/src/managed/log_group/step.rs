//! The calls that make or complete a log group of ours. Pure.

use super::LogGroup;
use crate::model::Call;
use serde_json::{Value, json};
use std::fmt;

/// One call that makes or completes a log group of ours, in the region of the resource that it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupStep {
    /// `logs:CreateLogGroup`, tagged as ours.
    Create {
        /// The name.
        name: &'static str,
    },
    /// `logs:PutRetentionPolicy`.
    Keep {
        /// The name.
        name: &'static str,
        /// For how many days.
        days: u32,
    },
}

impl Call for GroupStep {
    fn actions(&self) -> &'static [&'static str] {
        match self {
            Self::Create { .. } => &["logs:CreateLogGroup", "logs:TagResource"],
            Self::Keep { .. } => &["logs:PutRetentionPolicy"],
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Create { .. } => 0,
            Self::Keep { .. } => 1,
        }
    }

    /// Both only add.
    fn before(&self) -> Option<Value> {
        match self {
            Self::Create { .. } | Self::Keep { .. } => None,
        }
    }

    fn after(&self) -> Value {
        match self {
            Self::Create { name } => json!({ "logGroupName": name }),
            Self::Keep { name: _, days } => json!({ "retentionInDays": days }),
        }
    }

    fn undo(&self) -> String {
        match self {
            Self::Create { name } => {
                format!("aws logs delete-log-group --log-group-name {name} (once nothing writes to it)")
            }
            Self::Keep { name, days: _ } => format!("aws logs delete-retention-policy --log-group-name {name}"),
        }
    }
}

impl GroupStep {
    /// The group once the call is made.
    #[must_use]
    pub fn group(self) -> LogGroup {
        let (name, retention) = match self {
            Self::Create { name } => (name, None),
            Self::Keep { name, days } => (name, Some(days)),
        };
        LogGroup { name: name.to_owned(), retention }
    }
}

impl fmt::Display for GroupStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { name } => write!(f, "create log group {name}"),
            Self::Keep { name, days } => write!(f, "set the retention of log group {name} to {days} days"),
        }
    }
}
