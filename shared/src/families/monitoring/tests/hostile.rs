//! Steps with names that an attacker might choose, for the laws.

use crate::families::monitoring::alarm::Alarm;
use crate::families::monitoring::filter::{Filter, Transformation};
use crate::families::monitoring::step::AlarmStep;
use crate::families::monitoring::table::RULES;
use crate::families::monitoring::view::{Metric, View};
use crate::families::monitoring::{Step, managed};
use crate::model::{Region, Seen};
use crate::testing::hostile::{keys, topics};

/// Returns every kind of step, with this text in each value that is read from AWS or an event.
pub(super) fn steps(text: &str) -> Vec<Step> {
    let region = || Region::parse("eu-west-1").expect("a region");
    let (name, some, pair) =
        (|| text.to_owned(), || Some(text.to_owned()), || vec![(text.to_owned(), text.to_owned())]);
    let usual = managed::filter(&RULES[0]);
    let metric = || Metric { namespace: name(), name: name() };
    let transformation = Transformation {
        metric: metric(),
        value: name(),
        dimensions: pair(),
        unit: some(),
        ..usual.transformation.clone()
    };
    let filter = || {
        let transformation = transformation.clone();
        Box::new(Filter {
            name: name(),
            transformation,
            criteria: some(),
            system_dimensions: vec![name()],
            ..usual.clone()
        })
    };
    let alarm = || {
        Box::new(Alarm {
            name: name(),
            description: some(),
            metric: metric(),
            dimensions: pair(),
            statistic: some(),
            alarm_actions: vec![name()],
            ok_actions: vec![name(), name()],
            ..managed::alarm(&RULES[0], &usual)
        })
    };
    let put_filter = |replaces| AlarmStep::PutFilter { region: region(), group: name(), filter: filter(), replaces };
    let put_alarm = |replaces| AlarmStep::PutAlarm { region: region(), alarm: alarm(), replaces };
    let of_alarm = [
        put_filter(None),
        put_filter(Some(filter())),
        put_alarm(None),
        put_alarm(Some(alarm())),
        AlarmStep::Enable { region: region(), alarm: name() },
    ];
    let mut all: Vec<Step> = keys(text).into_iter().map(Step::Key).collect();
    all.extend(topics(text).into_iter().map(Step::Topic));
    all.extend(of_alarm.map(Step::Alarm));
    all
}

/// Returns the view with this text in each name that advice may quote.
pub(super) fn named(mut view: View, text: &str) -> View {
    if let Seen::Present(feeds) = &mut view.feeds {
        for feed in feeds {
            feed.trail.push_str(text);
            feed.group_arn.iter_mut().for_each(|arn| arn.push_str(text));
            if let Seen::Present(group) = &mut feed.group {
                group.name.push_str(text);
                if let Seen::Present(filters) = &mut group.filters {
                    for filter in filters {
                        filter.name.push_str(text);
                    }
                }
            }
        }
    }
    for alarms in view.alarms.values_mut() {
        if let Seen::Present(alarms) = alarms {
            for alarm in alarms {
                alarm.name.push_str(text);
            }
        }
    }
    view
}
