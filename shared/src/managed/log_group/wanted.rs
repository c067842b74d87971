//! Log groups that Trailkeeper creates: one per purpose and region, with a fixed name and limited retention. Pure.

use super::LogGroup;
use super::step::GroupStep;
use crate::model::{Blocked, Seen};

/// Returns the calls that ensure that our log group exists and has limited retention, possibly none.
///
/// # Errors
/// Returns an error if something could not be read.
pub fn ready(name: &'static str, seen: &Seen<LogGroup>, days: u32) -> Result<Vec<GroupStep>, Blocked> {
    let keep = GroupStep::Keep { name, days };
    Ok(match seen.known_of(format_args!("log group {name}"))? {
        None => vec![GroupStep::Create { name }, keep],
        Some(LogGroup { name: _, retention: None }) => vec![keep],
        Some(LogGroup { name: _, retention: Some(_) }) => vec![],
    })
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
