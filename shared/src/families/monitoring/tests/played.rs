//! Alarms in the account of the game.

use crate::event::Dependency;
use crate::families::monitoring::chain::Assessment;
use crate::families::monitoring::step::AlarmStep;
use crate::families::monitoring::table::RULES;
use crate::families::monitoring::watch::ACCOUNT;
use crate::families::monitoring::{Feed, Listener, LogGroupView, Monitoring, Step, View, Want, managed};
use crate::model::{Arn, CallError, Place, Region, Seen, Subject};
use crate::settings::{Mode, Settings};
use crate::testing::game::account::{AwsAccount, TrailHere, home, refused};
use crate::testing::game::world::Played;

impl Played for Monitoring {
    fn ids(account: &AwsAccount, place: &Place, _: Option<&Dependency>, _: &Settings) -> Vec<String> {
        let at = Self::region(account, ACCOUNT).unwrap_or_else(home);
        if place.region == at { vec![ACCOUNT.to_owned()] } else { vec![] }
    }

    fn region(account: &AwsAccount, _: &str) -> Option<Region> {
        let feeding = account.trails.iter().filter(|(_, it)| it.multi_region);
        let nearest = feeding.max_by_key(|(arn, it)| (it.logs.is_some(), Region::of_arn(arn) == Some(home())));
        nearest.and_then(|(arn, _)| Region::of_arn(arn))
    }

    fn view(account: &AwsAccount, subject: &Subject, settings: &Settings) -> Option<View> {
        let feeding = account.trails.iter().filter(|(_, it)| it.multi_region);
        let mut view = View::of(Seen::Present(feeding.map(|(arn, it)| feed(account, arn, it)).collect()));
        let on: Vec<_> = RULES.iter().filter(|rule| settings.modes.of(&rule.about) != Mode::Off).collect();
        loop {
            let assess = |rule| Assessment { rule, view: &view, subject, settings }.assess().err();
            let wants: Vec<Want> = on.iter().filter_map(|rule| assess(*rule)).flatten().collect();
            if wants.is_empty() {
                return Some(view);
            }
            for want in wants {
                look(account, &subject.place, &mut view, want);
            }
        }
    }

    fn make(account: &mut AwsAccount, _: &Subject, step: &Step) -> Result<(), CallError> {
        match step {
            Step::Key(step) => account.put_key(step),
            Step::Topic(step) => account.put_topic(step),
            Step::Alarm(AlarmStep::PutFilter { region, group, filter, .. }) => {
                let group = account.groups.get_mut(&(region.clone(), group.clone()));
                let all =
                    &mut group.ok_or_else(|| refused("logs:PutMetricFilter", "ResourceNotFoundException"))?.filters;
                all.retain(|it| it.name != filter.name);
                all.push((**filter).clone());
                all.sort_by(|a, b| a.name.cmp(&b.name));
                Ok(())
            }
            Step::Alarm(AlarmStep::PutAlarm { region, alarm, .. }) => {
                account.alarms.insert((region.clone(), alarm.name.clone()), (**alarm).clone());
                Ok(())
            }
            Step::Alarm(AlarmStep::Enable { region, alarm }) => {
                let alarm = account.alarms.get_mut(&(region.clone(), alarm.clone()));
                alarm.ok_or_else(|| refused("cloudwatch:EnableAlarmActions", "NotFound"))?.actions_enabled = true;
                Ok(())
            }
        }
    }
}

fn feed(account: &AwsAccount, arn: &str, trail: &TrailHere) -> Feed {
    let group_arn = trail.logs.as_ref().map(|(group, _)| group.clone());
    let group = group_arn.as_deref().and_then(Arn::parse).and_then(|arn| {
        let name = arn.resource.trim_start_matches("log-group:").trim_end_matches(":*").to_owned();
        let found = account.groups.get(&(Region::parse(arn.region)?, name.clone()))?;
        let filters = Seen::Present(found.filters.clone());
        Some(LogGroupView { name, class: "STANDARD".to_owned(), filters })
    });
    Feed {
        trail: arn.to_owned(),
        logging: Seen::Present(trail.logging),
        selectors: Seen::Present(trail.selectors.clone()),
        refused: account.logs_error(arn, trail).map(str::to_owned),
        group_arn,
        group: group.map_or(Seen::Absent, Seen::Present),
    }
}

fn look(account: &AwsAccount, place: &Place, view: &mut View, want: Want) {
    match want {
        Want::Alarms(region, metric) => {
            let on = account.alarms.iter().filter(|((there, _), it)| *there == region && it.metric == metric);
            let on = on.map(|(_, it)| it.clone()).collect();
            view.alarms.insert((region, metric), Seen::Present(on));
        }
        Want::Named(region) => {
            for rule in &RULES {
                let key = (region.clone(), rule.name.to_owned());
                let found = account.alarms.get(&key).cloned().map_or(Seen::Absent, Seen::Present);
                view.named.insert(key, found);
            }
        }
        Want::Topic(arn) => {
            let place = managed::at(place, &Region::of_arn(&arn).unwrap_or_else(home));
            let any = managed::alarm_arn(&place, "*");
            let need = managed::alarm_needs(&place, &any);
            let topic = account.topic(&arn, &managed::managed_key(&place), &need);
            view.topics.insert(arn, topic);
        }
        Want::Listener { arn, .. } => {
            let listener = Listener { filter: Seen::Absent, endpoint: Seen::NotAsked };
            view.listeners.insert(arn, listener);
        }
        Want::MuteRules(region, alarm) => {
            let rules = account.mute_rules.get(&alarm).filter(|_| region == home()).cloned().unwrap_or_default();
            view.mute_rules.insert((region, alarm), Seen::Present(rules));
        }
        Want::Transformer(region, group) => {
            view.transformers.insert((region, group), Seen::Absent);
        }
        Want::Key(region) => {
            let key = account.managed_key(&region, &managed::managed_key(&managed::at(place, &region)));
            view.keys.insert(region, key);
        }
    }
}
