//! Calls that complete a chain from a log group to a person.

use super::alarm::{Alarm, MOST_ACTIONS};
use super::filter::Filter;
use super::listener::{Behind, Listener};
use super::view::View;
use crate::managed::key::behind;
use crate::managed::key::step::KeyStep;
use crate::managed::topic::step::TopicStep;
use crate::model::{self, Call, CallError, Place, Property, Region, Seen};
use serde_json::{Value, json};
use std::fmt;

/// Call with all its arguments.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Call that creates or repairs our key.
    Key(KeyStep),
    /// Call that creates or completes a topic.
    Topic(TopicStep),
    /// Call that creates or repairs a metric filter or an alarm.
    Alarm(AlarmStep),
}

/// Call that creates or repairs a metric filter or an alarm.
#[derive(Debug, Clone, PartialEq)]
pub enum AlarmStep {
    /// `logs:PutMetricFilter`, which replaces the filter with that name.
    PutFilter {
        /// Region of the log group.
        region: Region,
        /// Name of the log group.
        group: String,
        /// Filter to put.
        filter: Box<Filter>,
        /// Current filter.
        replaces: Option<Box<Filter>>,
    },
    /// `cloudwatch:PutMetricAlarm`, which replaces the alarm with that name.
    PutAlarm {
        /// Region of the alarm.
        region: Region,
        /// Alarm to put.
        alarm: Box<Alarm>,
        /// Current alarm.
        replaces: Option<Box<Alarm>>,
    },
    /// `cloudwatch:EnableAlarmActions`.
    Enable {
        /// Region of the alarm.
        region: Region,
        /// Name of the alarm.
        alarm: String,
    },
}

impl fmt::Display for AlarmStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PutFilter { region, group, filter, replaces } => {
                let verb = if replaces.is_some() { "complete" } else { "create" };
                let Filter { name, pattern, .. } = &**filter;
                write!(f, "{verb} metric filter {name} of log group {group} in {region}: {}", pattern.text)
            }
            Self::PutAlarm { region, alarm, replaces } => {
                let verb = if replaces.is_some() { "fix" } else { "create" };
                write!(f, "{verb} alarm {} in {region}: {}", alarm.name, alarm.in_short())
            }
            Self::Enable { region, alarm } => write!(f, "enable the actions of alarm {alarm} in {region}"),
        }
    }
}

impl Call for AlarmStep {
    fn actions(&self) -> &'static [&'static str] {
        match self {
            Self::PutFilter { .. } => &["logs:PutMetricFilter"],
            Self::PutAlarm { replaces: None, .. } => &["cloudwatch:PutMetricAlarm", "cloudwatch:TagResource"],
            Self::PutAlarm { replaces: Some(_), .. } => &["cloudwatch:PutMetricAlarm"],
            Self::Enable { .. } => &["cloudwatch:EnableAlarmActions"],
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::PutFilter { .. } => 30,
            Self::PutAlarm { .. } => 40,
            Self::Enable { .. } => 41,
        }
    }

    fn before(&self) -> Option<Value> {
        match self {
            Self::PutFilter { replaces, .. } => replaces.as_ref().map(|it| it.members()),
            Self::PutAlarm { replaces, .. } => replaces.as_ref().map(|it| it.members()),
            Self::Enable { .. } => Some(json!({ "ActionsEnabled": false })),
        }
    }

    fn after(&self) -> Value {
        match self {
            Self::PutFilter { filter, .. } => filter.members(),
            Self::PutAlarm { alarm, .. } => alarm.members(),
            Self::Enable { .. } => json!({ "ActionsEnabled": true }),
        }
    }

    fn property(&self, _: &Place) -> Property {
        match self {
            Self::PutFilter { region, group, filter, .. } => {
                Property::MetricFilter { region: region.clone(), group: group.clone(), name: filter.name.clone() }
            }
            Self::PutAlarm { region, alarm, .. } => {
                Property::Alarm { region: region.clone(), name: alarm.name.clone() }
            }
            Self::Enable { region, alarm } => Property::AlarmActions { region: region.clone(), name: alarm.clone() },
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        model::Step::call(self).fmt(f)
    }
}

impl model::Step for Step {
    type View = View;

    fn call(&self) -> &dyn Call {
        match self {
            Self::Key(step) => step,
            Self::Topic(step) => step,
            Self::Alarm(step) => step,
        }
    }

    /// Returns the rank. The alarm comes last: by then there is somebody to notify, and something to notify of.
    fn rank(&self) -> u8 {
        match self {
            Self::Key(step) => 10 + step.rank(),
            Self::Topic(step) => 20 + step.rank(),
            Self::Alarm(step) => step.rank(),
        }
    }

    fn absorb(&mut self, other: &Self) -> bool {
        match (self, other) {
            (Self::Alarm(step), Self::Alarm(other)) => step.absorb(other),
            _ => false,
        }
    }

    fn effect(&self, view: &mut View) {
        match self {
            Self::Key(step) => view.change_key(step),
            Self::Topic(step) => view.change_topic(step),
            Self::Alarm(AlarmStep::PutFilter { region, group, filter, replaces: _ }) => {
                view.put_filter(region, group, filter);
            }
            Self::Alarm(AlarmStep::PutAlarm { region, alarm, replaces: _ }) => view.put_alarm(region, alarm),
            Self::Alarm(AlarmStep::Enable { region, alarm }) => view.enable(region, alarm),
        }
    }

    /// Returns `false`: nothing here has to propagate first, since topics and log groups are visible at once in their
    /// region.
    fn retries_on(&self, _: &CallError) -> bool {
        false
    }
}

impl AlarmStep {
    /// Merges two calls. Two controls may each give one alarm a topic, or each add terms to one filter: the calls
    /// differ only in that.
    fn absorb(&mut self, other: &Self) -> bool {
        let (region, alarm, base, same, more) = match (&mut *self, other) {
            (
                Self::PutFilter { region, group, filter, replaces: Some(base) },
                Self::PutFilter { region: same, group: of, filter: more, replaces: Some(_) },
            ) if region == same && group == of && filter.name == more.name => {
                return base.completed_twice(filter, more).map(|both| **filter = both).is_some();
            }
            (
                Self::PutAlarm { region, alarm, replaces: Some(base) },
                Self::PutAlarm { region: same, alarm: more, .. },
            ) => (region, alarm, base, same, more),
            _ => return false,
        };
        let others = Alarm { alarm_actions: alarm.alarm_actions.clone(), ..(**more).clone() };
        let mut added: Vec<&String> = alarm.alarm_actions.iter().chain(&more.alarm_actions).collect();
        added.retain(|it| !base.alarm_actions.contains(it));
        added.sort_unstable();
        added.dedup();
        let fits = base.alarm_actions.len() + added.len() <= MOST_ACTIONS;
        if !fits || *region != *same || **alarm != others {
            return false;
        }
        alarm.alarm_actions = base.alarm_actions.iter().chain(added).cloned().collect();
        true
    }
}

/// Effects of the calls.
impl View {
    fn change_key(&mut self, step: &KeyStep) {
        let region = match step {
            KeyStep::Create { region, .. } | KeyStep::Name { region, .. } | KeyStep::Rotate { region, .. } => {
                Some(region.clone())
            }
            KeyStep::PutPolicy { key, .. } => Region::of_arn(key),
        };
        if let Some(managed) = region.and_then(|region| self.keys.get_mut(&region)) {
            step.effect(managed);
        }
        if matches!(step, KeyStep::PutPolicy { .. }) {
            for topic in self.topics.values_mut() {
                if let Seen::Present(topic) = topic {
                    step.effect(&mut topic.key);
                }
            }
        }
    }

    fn change_topic(&mut self, step: &TopicStep) {
        let region = Region::of_arn(step.topic());
        let used = match step {
            TopicStep::Create { key, .. } | TopicStep::SetKey { key, .. } => key.as_str(),
            TopicStep::PutPolicy { .. } | TopicStep::Subscribe { .. } => "",
        };
        let managed = region.and_then(|region| self.keys.get(&region)).map_or(Seen::Absent, |seen| behind(seen, used));
        step.effect(self.topics.entry(step.topic().to_owned()).or_insert(Seen::Absent), &managed);
        if let TopicStep::Subscribe { .. } = step {
            // What a new subscription leads to is only known once it is read.
            let open = json!({ "Statement": { "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*" } });
            let hearing = Listener { filter: Seen::Absent, endpoint: Seen::Present(Behind::Policy(open)) };
            self.listeners.insert(step.subscription(), hearing);
        }
    }

    fn put_filter(&mut self, region: &Region, name: &str, filter: &Filter) {
        let Seen::Present(feeds) = &mut self.feeds else { return };
        for feed in feeds.iter_mut().filter(|feed| feed.home().as_ref() == Some(region)) {
            let Seen::Present(group) = &mut feed.group else { continue };
            let Seen::Present(filters) = &mut group.filters else { continue };
            if group.name == name {
                filters.retain(|it| it.name != filter.name);
                filters.push(filter.clone());
                filters.sort_by(|a, b| a.name.cmp(&b.name));
            }
        }
    }

    fn put_alarm(&mut self, region: &Region, alarm: &Alarm) {
        for ((_, metric), seen) in self.alarms.iter_mut().filter(|((place, _), _)| place == region) {
            let Seen::Present(all) = seen else { continue };
            all.retain(|it| it.name != alarm.name);
            if *metric == alarm.metric {
                all.push(alarm.clone());
                all.sort_by(|a, b| a.name.cmp(&b.name));
            }
        }
        if let Some(named) = self.named.get_mut(&(region.clone(), alarm.name.clone())) {
            *named = Seen::Present(alarm.clone());
        }
    }

    fn enable(&mut self, region: &Region, name: &str) {
        let listed = self.alarms.iter_mut().filter(|((place, _), _)| place == region).map(|(_, seen)| seen);
        let listed = listed.filter_map(|seen| if let Seen::Present(all) = seen { Some(all) } else { None }).flatten();
        let named = self.named.get_mut(&(region.clone(), name.to_owned()));
        let named = named.and_then(|seen| if let Seen::Present(alarm) = seen { Some(alarm) } else { None });
        for alarm in listed.chain(named).filter(|alarm| alarm.name == name) {
            alarm.actions_enabled = true;
        }
    }
}
