//! Calls that create or complete our log groups. Pure.

use super::LogGroup;
use crate::model::{Call, Place, Property, Seen};
use serde_json::{Value, json};
use std::fmt;

/// Call that creates or completes one of our log groups, in the region of the resource that needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupStep {
    /// `logs:CreateLogGroup`, tagged as ours.
    Create {
        /// Name of the log group.
        name: &'static str,
    },
    /// `logs:PutRetentionPolicy`.
    Keep {
        /// Name of the log group.
        name: &'static str,
        /// Retention in days.
        days: u32,
        /// Current retention in days, if there is one.
        replaces: Option<u32>,
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

    fn before(&self) -> Option<Value> {
        match self {
            Self::Create { .. } => None,
            Self::Keep { replaces, .. } => replaces.map(|days| json!({ "retentionInDays": days })),
        }
    }

    fn after(&self) -> Value {
        match self {
            Self::Create { name } => json!({ "logGroupName": name }),
            Self::Keep { name: _, days, replaces: _ } => json!({ "retentionInDays": days }),
        }
    }

    fn property(&self, place: &Place) -> Property {
        let region = place.region.clone();
        match *self {
            Self::Create { name } => Property::LogGroup { region, name: name.to_owned() },
            Self::Keep { name, .. } => Property::LogGroupRetention { region, name: name.to_owned() },
        }
    }
}

impl GroupStep {
    /// Applies the effect of the call to a log group that was read.
    pub fn effect(self, seen: &mut Seen<LogGroup>) {
        let (name, days) = match self {
            Self::Create { name } => (name, None),
            Self::Keep { name, days, replaces: _ } => (name, Some(days)),
        };
        match (seen, days) {
            (Seen::Present(group), Some(days)) => group.retention = Some(days),
            (seen, retention) => {
                let filters = Seen::Present(vec![]);
                let name = name.to_owned();
                *seen = Seen::Present(LogGroup { name, retention, filters, ..LogGroup::default() });
            }
        }
    }
}

impl fmt::Display for GroupStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { name } => write!(f, "create log group {name}"),
            Self::Keep { name, days, replaces: _ } => write!(f, "set the retention of log group {name} to {days} days"),
        }
    }
}
