//! Properties as they read in a view, for the laws.

use crate::families::monitoring::alarm::Alarm;
use crate::families::monitoring::filter::Filter;
use crate::families::monitoring::view::View;
use crate::model::{Property, Region, Seen};
use crate::testing::read::{self, Shown};
use serde_json::json;

pub(super) fn read(view: &View, property: &Property) -> Shown {
    match property {
        Property::MetricFilter { region, group, name } => {
            let feeds = view.feeds.present()?.iter().filter(|feed| feed.home().as_ref() == Some(region));
            let mut groups = feeds.filter_map(|feed| feed.group.present()).filter(|it| it.name == *group);
            let filters = groups.next()?.filters.present()?;
            Some(filters.iter().find(|it| it.name == *name).map(Filter::members))
        }
        Property::Alarm { region, name } => Some(alarm(view, region, name).map(Alarm::members)),
        Property::AlarmActions { region, name } => {
            let alarm = alarm(view, region, name);
            Some(alarm.map(|it| json!({ "ActionsEnabled": it.actions_enabled })))
        }
        Property::Topic { arn }
        | Property::TopicKey { arn }
        | Property::TopicPolicy { arn }
        | Property::Subscription { topic: arn, .. } => {
            read::topic(view.topics.get(arn).unwrap_or(&Seen::Absent), property)
        }
        _ => {
            let of_topics = view.topics.values().filter_map(|topic| topic.present()).map(|topic| &topic.key);
            read::key(&view.keys.values().chain(of_topics).collect::<Vec<_>>(), property)
        }
    }
}

/// Returns the alarm with a name, wherever the view has it.
fn alarm<'a>(view: &'a View, region: &Region, name: &str) -> Option<&'a Alarm> {
    let listed = view.alarms.iter().filter(|((place, _), _)| place == region).filter_map(|(_, seen)| seen.present());
    let named = view.named.iter().filter(|((place, _), _)| place == region).filter_map(|(_, seen)| seen.present());
    named.chain(listed.flatten()).find(|alarm| alarm.name == name)
}
