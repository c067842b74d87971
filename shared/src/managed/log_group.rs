//! CloudWatch log groups, and those that Trailkeeper makes: one for each purpose and region, under a name that is fixed in
//! advance, with an end to what they keep. Pure.

use crate::model::{Blocked, Seen};
use serde_json::{Value, json};
use std::fmt;

/// A log group, as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogGroup {
    /// Its name.
    pub name: String,
    /// How long it keeps events, in days; `None` means for ever.
    pub retention: Option<u32>,
}

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

/// Returns the calls after which there is a group of ours that does not keep its events for ever, perhaps none.
///
/// # Errors
/// What could not be read.
pub fn ready(name: &'static str, seen: &Seen<LogGroup>, days: u32) -> Result<Vec<GroupStep>, Blocked> {
    let keep = GroupStep::Keep { name, days };
    Ok(match seen.known_of(format_args!("log group {name}"))? {
        None => vec![GroupStep::Create { name }, keep],
        Some(LogGroup { name: _, retention: None }) => vec![keep],
        Some(LogGroup { name: _, retention: Some(_) }) => vec![],
    })
}

impl GroupStep {
    /// The IAM actions of the call; the first is the call itself.
    #[must_use]
    pub fn actions(self) -> &'static [&'static str] {
        match self {
            Self::Create { .. } => &["logs:CreateLogGroup", "logs:TagResource"],
            Self::Keep { .. } => &["logs:PutRetentionPolicy"],
        }
    }

    /// Its place among the calls for one group.
    #[must_use]
    pub fn rank(self) -> u8 {
        match self {
            Self::Create { .. } => 0,
            Self::Keep { .. } => 1,
        }
    }

    /// The group once the call is made.
    #[must_use]
    pub fn group(self) -> LogGroup {
        let (name, retention) = match self {
            Self::Create { name } => (name, None),
            Self::Keep { name, days } => (name, Some(days)),
        };
        LogGroup { name: name.to_owned(), retention }
    }

    /// What the call puts there.
    #[must_use]
    pub fn after(self) -> Value {
        match self {
            Self::Create { name } => json!({ "logGroupName": name }),
            Self::Keep { name: _, days } => json!({ "retentionInDays": days }),
        }
    }

    /// How a person takes it back.
    #[must_use]
    pub fn undo(self) -> String {
        match self {
            Self::Create { name } => {
                format!("aws logs delete-log-group --log-group-name {name} (once nothing writes to it)")
            }
            Self::Keep { name, days: _ } => format!("aws logs delete-retention-policy --log-group-name {name}"),
        }
    }
}

impl fmt::Display for GroupStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { name } => write!(f, "create log group {name}"),
            Self::Keep { name, days } => write!(f, "have log group {name} keep its events for {days} days"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_made_completed_or_left_alone() {
        let group = |retention| Seen::Present(LogGroup { name: "/g".to_owned(), retention });
        let keep = GroupStep::Keep { name: "/g", days: 90 };
        assert_eq!(ready("/g", &Seen::Absent, 90), Ok(vec![GroupStep::Create { name: "/g" }, keep]));
        assert_eq!(ready("/g", &group(None), 90), Ok(vec![keep]));
        assert_eq!(ready("/g", &group(Some(7)), 90), Ok(vec![]));
        assert!(ready("/g", &Seen::Unreadable("logs:DescribeLogGroups"), 90).is_err());
        assert!(ready("/g", &Seen::NotAsked, 90).is_err());
        assert_eq!(keep.group(), LogGroup { name: "/g".to_owned(), retention: Some(90) });
    }
}
