//! Log groups that Trailkeeper creates: one per purpose and region, with a fixed name and limited retention. Pure.

use super::LogGroup;
use super::step::GroupStep;
use crate::model::{Blocked, Seen};

/// Returns the calls that ensure that our log group exists and keeps its events as long as it must, possibly none.
///
/// # Errors
/// Returns an error if something could not be read.
pub fn ready(name: &'static str, seen: &Seen<LogGroup>, days: u32) -> Result<Vec<GroupStep>, Blocked> {
    Ok(match seen.known_of(format_args!("log group {name}"))? {
        None => vec![GroupStep::Create { name }, GroupStep::Keep { name, days, replaces: None }],
        Some(group) => wrong(name, group, days).into_iter().map(|(_, keep)| keep).collect(),
    })
}

/// Returns what is wrong with the retention of our log group, and the call that puts it right. Longer than `days` is
/// nothing wrong: whoever chose it pays for it.
#[must_use]
pub fn wrong(name: &'static str, group: &LogGroup, days: u32) -> Option<(String, GroupStep)> {
    let LogGroup { name: _, retention } = group;
    let keep = GroupStep::Keep { name, days, replaces: *retention };
    match retention {
        None => Some((format!("log group {name} keeps its events forever"), keep)),
        Some(now) if *now < days => {
            Some((format!("log group {name} deletes its events after {now} days instead of {days}"), keep))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Call;

    #[test]
    fn a_group_is_made_completed_or_left_alone() {
        let group = |retention| Seen::Present(LogGroup { name: "/g".to_owned(), retention });
        let keep = |replaces| GroupStep::Keep { name: "/g", days: 90, replaces };
        assert_eq!(ready("/g", &Seen::Absent, 90), Ok(vec![GroupStep::Create { name: "/g" }, keep(None)]));
        assert_eq!(ready("/g", &group(None), 90), Ok(vec![keep(None)]));
        assert_eq!(ready("/g", &group(Some(1)), 90), Ok(vec![keep(Some(1))]));
        assert_eq!(ready("/g", &group(Some(90)), 90), Ok(vec![]));
        assert_eq!(ready("/g", &group(Some(365)), 90), Ok(vec![]));
        assert!(ready("/g", &Seen::Unreadable("logs:DescribeLogGroups"), 90).is_err());
        assert!(ready("/g", &Seen::NotAsked, 90).is_err());
        assert_eq!(keep(Some(1)).group(), LogGroup { name: "/g".to_owned(), retention: Some(90) });
        assert!(keep(Some(1)).undo(&crate::testing::hostile::home()).to_string().ends_with("--retention-in-days 1"));
    }
}
