//! Log groups that Trailkeeper creates: one per purpose and region, with a fixed name and limited retention. Pure.

use super::LogGroup;
use super::step::GroupStep;
use crate::model::{Arn, Blocked, Seen};

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
    let keep = GroupStep::Keep { name, days, replaces: group.retention };
    match group.retention {
        None => Some((format!("log group {name} keeps its events forever"), keep)),
        Some(now) if now < days => {
            Some((format!("log group {name} deletes its events after {now} days instead of {days}"), keep))
        }
        Some(_) => None,
    }
}

/// Returns what is strange about a log group with a name of ours, and what to do: somebody outside the account receives
/// its events or can make them unreadable. Trusted are the accounts for which `is_trusted` holds, which `setting` names.
///
/// # Errors
/// Returns an error if it could not be read.
pub fn strange(
    group: &LogGroup,
    account: &str,
    is_trusted: &dyn Fn(&str) -> bool,
    setting: &str,
) -> Result<Option<(String, String)>, Blocked> {
    let LogGroup { name, retention: _, key, filters, policies: _ } = group;
    let filters = filters.known_of(format_args!("the subscription filters of log group {name}"))?;
    let foreign = |arn: &str| {
        let account = Arn::parse(arn).map_or(account, |arn| if arn.account.is_empty() { account } else { arn.account });
        !is_trusted(account)
    };
    let handed = filters.into_iter().flatten().filter(|it| foreign(&it.destination));
    let handed = handed.map(|it| format!("subscription filter {} hands its events to {}", it.name, it.destination));
    let key = key.iter().filter(|key| foreign(key)).map(|key| format!("key {key} of another account encrypts it"));
    let found: Vec<String> = handed.chain(key).collect();
    Ok((!found.is_empty()).then(|| {
        let because = format!("log group {name} has Trailkeeper's name, but {}", found.join(", and "));
        let advice = format!(
            "Find out who set that up. Delete the subscription filter or disassociate the key, or delete log group {name}, \
             and Trailkeeper makes it anew; if the account is meant to receive the events, name it in {setting}."
        );
        (because, advice)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::managed::log_group::LogSubscription;
    use crate::model::Call;

    #[test]
    fn whoever_else_receives_the_events_of_our_group_is_told() {
        let group = |destination: &str, key: Option<&str>| LogGroup {
            name: "/g".to_owned(),
            key: key.map(str::to_owned),
            filters: Seen::Present(vec![LogSubscription { name: "f".to_owned(), destination: destination.to_owned() }]),
            ..LogGroup::default()
        };
        let told = |group: &LogGroup| {
            let trusted = |account: &str| ["111122223333", "444455556666"].contains(&account);
            strange(group, "111122223333", &trusted, "SETTING")
                .expect("known")
                .map(|(because, _)| because)
                .unwrap_or_default()
        };
        let own = "arn:aws:firehose:eu-west-1:111122223333:deliverystream/siem";
        let other = "arn:aws:logs:eu-west-1:999999999999:destination:ears";
        assert_eq!(told(&group(own, Some("arn:aws:kms:eu-west-1:111122223333:key/k"))), "");
        assert_eq!(told(&group("arn:aws:logs:eu-west-1:444455556666:destination:siem", None)), "");
        assert!(told(&group(other, None)).contains("subscription filter f hands its events to arn:aws:logs"));
        assert!(
            told(&group(own, Some("arn:aws:kms:eu-west-1:999999999999:key/k"))).contains("of another account encrypts")
        );
        for unread in [Seen::NotAsked, Seen::Unreadable("logs:DescribeSubscriptionFilters")] {
            let group = LogGroup { filters: unread, ..group(own, None) };
            assert!(matches!(strange(&group, "111122223333", &|_| true, "SETTING"), Err(Blocked::Unknown(_))));
        }
    }

    #[test]
    fn a_group_is_made_completed_or_left_alone() {
        let group = |retention| Seen::Present(LogGroup { name: "/g".to_owned(), retention, ..LogGroup::default() });
        let keep = |replaces| GroupStep::Keep { name: "/g", days: 90, replaces };
        assert_eq!(ready("/g", &Seen::Absent, 90), Ok(vec![GroupStep::Create { name: "/g" }, keep(None)]));
        assert_eq!(ready("/g", &group(None), 90), Ok(vec![keep(None)]));
        assert_eq!(ready("/g", &group(Some(1)), 90), Ok(vec![keep(Some(1))]));
        assert_eq!(ready("/g", &group(Some(90)), 90), Ok(vec![]));
        assert_eq!(ready("/g", &group(Some(365)), 90), Ok(vec![]));
        assert!(ready("/g", &Seen::Unreadable("logs:DescribeLogGroups"), 90).is_err());
        assert!(ready("/g", &Seen::NotAsked, 90).is_err());
        let mut kept = group(Some(1));
        keep(Some(1)).effect(&mut kept);
        assert_eq!(kept, group(Some(90)));
        assert!(keep(Some(1)).undo(&crate::testing::hostile::home()).to_string().ends_with("--retention-in-days 1"));
    }
}
