//! Reads of the chain: first the trails and what they feed, concurrently, then only what the judgement asks for.

use super::{Alarms, alarm, filter};
use crate::aws::call;
use crate::aws::cloudtrail::errors;
use crate::event::Dependency;
use crate::families::monitoring::chain::Assessment;
use crate::families::monitoring::table::RULES;
use crate::families::monitoring::watch::ACCOUNT;
use crate::families::monitoring::{
    Alarm, AlarmRule, Feed, Filter, Listener, LogGroupView, Metric, Monitoring, MuteRule, View, Want, managed,
};
use crate::family::Family as _;
use crate::managed::topic::Topic;
use crate::model::{Arn, CallError, Place, Region, Seen, Subject};
use crate::reconcile::ports::{Page, Read};
use crate::settings::Mode;
use aws_sdk_cloudwatch::types::AlarmType;
use futures_util::future::{try_join, try_join_all};
use futures_util::stream;
use futures_util::stream::{StreamExt, TryStreamExt};
use std::collections::BTreeSet;

/// Maximum number of concurrent reads. CloudWatch allows nine `DescribeAlarms` a second ([CloudWatch quotas]), and each
/// takes some ten milliseconds.
///
/// [CloudWatch quotas]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
const AT_ONCE: usize = 4;

/// Multi-region trail, as far as one region shows it.
#[derive(Debug, Clone)]
pub(super) struct FeedingTrail {
    arn: String,
    home: Region,
    group_arn: Option<String>,
}

/// Result of a read.
enum ReadResult {
    Alarms(Region, Metric, Seen<Vec<Alarm>>),
    Named(Region, Seen<Vec<Alarm>>),
    Topic(String, Box<Seen<Topic>>),
    Listener(String, Listener),
    MuteRules(Region, String, Seen<Vec<MuteRule>>),
    Transformer(Region, String, Seen<()>),
    Key(Region, Box<Seen<crate::managed::key::KeyView>>),
}

impl Read<Monitoring> for Alarms {
    fn begin(&self, _: &str) {
        self.keys.begin();
        self.trails.take();
        self.muting.take();
    }

    /// Lists the account once, in the region of its log group, or in the first monitored region if somebody else
    /// monitors that one; also in a sweep of other regions.
    async fn list(&self, place: &Place, _: Option<&Dependency>, _: Option<&str>) -> Result<Page, CallError> {
        let asked = self.asked();
        let swept = self.settings.swept.as_deref().unwrap_or_default();
        let once = if swept.contains(&asked) { &asked } else { swept.first().unwrap_or(&asked) };
        if place.region != *once {
            return Ok(Page::default());
        }
        let found = self.locate(place, ACCOUNT).await?;
        let looked_after = |region: &Region| self.settings.regions.as_ref().is_none_or(|it| it.contains(region));
        let region = found.filter(looked_after).unwrap_or(asked);
        Ok(vec![Monitoring::subject(managed::at(place, &region), ACCOUNT)].into())
    }

    /// Returns the region of the log group that the account's own trail feeds.
    async fn locate(&self, place: &Place, _: &str) -> Result<Option<Region>, CallError> {
        if self.on().next().is_none() {
            return Ok(None);
        }
        let Seen::Present(trails) = self.trails().await? else { return Ok(None) };
        let own = trails.iter().filter(|trail| is_of(trail, place));
        let nearest = own.max_by_key(|trail| (trail.group_arn.is_some(), trail.home == self.settings.home));
        Ok(nearest.map(|trail| trail.home.clone()))
    }

    async fn observe(&self, subject: &Subject) -> Result<Option<View>, CallError> {
        let mut view = View::of(Box::pin(self.feeds(&subject.place)).await?);
        loop {
            let wants = self.wants(&view, subject);
            if wants.is_empty() {
                return Ok(Some(view));
            }
            for found in self.find(&subject.place, wants).await? {
                view.take(found);
            }
        }
    }
}

fn is_of(trail: &FeedingTrail, place: &Place) -> bool {
    Arn::parse(&trail.arn).is_some_and(|arn| arn.account == place.account)
}

impl View {
    fn take(&mut self, found: ReadResult) {
        match found {
            ReadResult::Alarms(region, metric, seen) => {
                self.alarms.insert((region, metric), seen);
            }
            ReadResult::Named(region, seen) => {
                for rule in &RULES {
                    let of = |all: Vec<Alarm>| all.into_iter().find(|alarm| alarm.name == rule.name);
                    self.named.insert((region.clone(), rule.name.to_owned()), seen.clone().and_then(of));
                }
            }
            ReadResult::Topic(arn, seen) => {
                self.topics.insert(arn, *seen);
            }
            ReadResult::Listener(arn, listener) => {
                self.listeners.insert(arn, listener);
            }
            ReadResult::MuteRules(region, alarm, seen) => {
                self.mute_rules.insert((region, alarm), seen);
            }
            ReadResult::Transformer(region, group, seen) => {
                self.transformers.insert((region, group), seen);
            }
            ReadResult::Key(region, seen) => {
                self.keys.insert(region, *seen);
            }
        }
    }
}

impl Alarms {
    /// Returns the region to query for trails: each region knows all trails that cover every region.
    fn asked(&self) -> Region {
        let home = &self.settings.home;
        let set = self.settings.regions.as_deref().unwrap_or_default();
        if set.contains(home) { home.clone() } else { set.first().unwrap_or(home).clone() }
    }

    /// Returns the rules of the active controls.
    fn on(&self) -> impl Iterator<Item = &'static AlarmRule> + use<'_> {
        RULES.iter().filter(|rule| self.settings.modes.of(&rule.about) != Mode::Off)
    }

    /// Returns what all active controls want to read next.
    fn wants(&self, view: &View, subject: &Subject) -> BTreeSet<Want> {
        let settings = &self.settings;
        self.on().filter_map(|rule| Assessment { rule, view, subject, settings }.assess().err()).flatten().collect()
    }

    /// Returns the multi-region trails, read once per event.
    async fn trails(&self) -> Result<Seen<Vec<FeedingTrail>>, CallError> {
        if let Some(known) = self.trails.borrow().clone() {
            return Ok(known);
        }
        let described = Seen::from_call(self.cloudtrail.describe(&self.asked()).await)?;
        let trails = described.map(|described| {
            let multi_region = described.into_iter().filter(|it| it.is_multi_region_trail() == Some(true));
            let mut trails: Vec<FeedingTrail> = multi_region
                .filter_map(|it| {
                    let group_arn = it.cloud_watch_logs_log_group_arn.filter(|arn| !arn.is_empty());
                    let arn = it.trail_arn?;
                    Some(FeedingTrail { home: Region::of_arn(&arn)?, arn, group_arn })
                })
                .collect();
            trails.sort_by(|a, b| a.arn.cmp(&b.arn));
            trails
        });
        self.trails.replace(Some(trails.clone()));
        Ok(trails)
    }

    /// Returns the trails with what they feed. Those of other accounts are read only if we have none of our own.
    async fn feeds(&self, place: &Place) -> Result<Seen<Vec<Feed>>, CallError> {
        let trails = match self.trails().await?.into_present() {
            Ok(trails) => trails,
            Err(none) => return Ok(none),
        };
        let (own, others): (Vec<FeedingTrail>, Vec<FeedingTrail>) =
            trails.into_iter().partition(|trail| is_of(trail, place));
        let due = if own.is_empty() { others } else { own };
        let feeds = due.into_iter().map(|trail| self.feed(place, trail));
        Ok(Seen::Present(try_join_all(feeds).await?))
    }

    async fn feed(&self, place: &Place, trail: FeedingTrail) -> Result<Feed, CallError> {
        let group = async {
            match &trail.group_arn {
                Some(arn) if is_of(&trail, place) => Box::pin(self.group(&trail.home, arn)).await,
                _ => Ok(Seen::Absent),
            }
        };
        let state = try_join(
            self.cloudtrail.status(&trail.home, &trail.arn),
            self.cloudtrail.selectors(&trail.home, &trail.arn),
        );
        let ((status, selectors), group) = Box::pin(try_join(state, group)).await?;
        let refused = status.present().and_then(|status| errors(status, true)?.logs);
        let logging = status.map(|status| status.is_logging().unwrap_or_default());
        Ok(Feed { trail: trail.arn, logging, selectors, refused, group_arn: trail.group_arn, group })
    }

    async fn group(&self, region: &Region, arn: &str) -> Result<Seen<LogGroupView>, CallError> {
        let resource = Arn::parse(arn).map_or("", |arn| arn.resource);
        let name = resource.trim_start_matches("log-group:").trim_end_matches(":*");
        if name.is_empty() {
            return Ok(Seen::Absent);
        }
        let filters = self.filters(region, name).await?;
        // Only this class has metric filters, and a log group keeps its class ([log classes]).
        //
        // [log classes]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html
        let class = match filters.present() {
            Some(some) if !some.is_empty() => Seen::Present("STANDARD".to_owned()),
            _ => self.groups.class(region, name).await?,
        };
        Ok(class.map(|class| LogGroupView { name: name.to_owned(), class, filters }))
    }

    async fn filters(&self, region: &Region, group: &str) -> Result<Seen<Vec<Filter>>, CallError> {
        let (mut all, mut next) = (Vec::new(), None);
        loop {
            self.filter_pace.turn(region, "DescribeMetricFilters").await;
            let page = self.logs.of(region).describe_metric_filters().log_group_name(group).set_next_token(next);
            let page = Box::pin(call("logs:DescribeMetricFilters", page.send())).await;
            let page = match Seen::from_call(page)?.into_present() {
                Ok(page) => page,
                Err(none) => return Ok(none),
            };
            all.extend(page.metric_filters.unwrap_or_default().into_iter().filter_map(filter::seen));
            next = page.next_token;
            if next.is_none() {
                return Ok(Seen::Present(all));
            }
        }
    }

    /// Reads what is wanted, several things concurrently.
    async fn find(&self, place: &Place, wants: BTreeSet<Want>) -> Result<Vec<ReadResult>, CallError> {
        let found = stream::iter(wants).map(|want| self.one(place, want)).buffer_unordered(AT_ONCE);
        found.try_collect().await
    }

    async fn one(&self, place: &Place, want: Want) -> Result<ReadResult, CallError> {
        Ok(match want {
            Want::Alarms(region, metric) => {
                let seen = self.on_metric(&region, &metric).await?;
                ReadResult::Alarms(region, metric, seen)
            }
            Want::Named(region) => {
                let seen = self.named(&region).await?;
                ReadResult::Named(region, seen)
            }
            Want::Topic(arn) => {
                let seen = Box::pin(self.topic(place, &arn)).await?;
                ReadResult::Topic(arn, Box::new(seen))
            }
            Want::Listener { topic, arn, endpoint } => {
                let listener = Box::pin(self.listener(place, &topic, &arn, &endpoint)).await?;
                ReadResult::Listener(arn, listener)
            }
            Want::MuteRules(region, alarm) => {
                let seen = Box::pin(self.mute_rules(&region, &alarm)).await?;
                ReadResult::MuteRules(region, alarm, seen)
            }
            Want::Transformer(region, group) => {
                let seen = Box::pin(self.transformer(&region, &group)).await?;
                ReadResult::Transformer(region, group, seen)
            }
            Want::Key(region) => {
                let wanted = managed::managed_key(&managed::at(place, &region));
                let seen = Box::pin(self.keys.managed(&region, &wanted)).await?;
                ReadResult::Key(region, Box::new(seen))
            }
        })
    }

    async fn on_metric(&self, region: &Region, metric: &Metric) -> Result<Seen<Vec<Alarm>>, CallError> {
        let ask = self.cloudwatch.of(region).describe_alarms_for_metric();
        let ask = ask.namespace(&metric.namespace).metric_name(&metric.name);
        let answer = Box::pin(call("cloudwatch:DescribeAlarmsForMetric", ask.send())).await;
        Ok(Seen::from_call(answer)?.map(|it| self.seen(region, it.metric_alarms())))
    }

    /// Reads all alarms with our names in one call: it accepts a hundred names, and there are only as many as rules.
    async fn named(&self, region: &Region) -> Result<Seen<Vec<Alarm>>, CallError> {
        let names = RULES.iter().map(|rule| rule.name.to_owned()).collect();
        let ask = self.cloudwatch.of(region).describe_alarms().set_alarm_names(Some(names));
        let ask = ask.alarm_types(AlarmType::MetricAlarm).max_records(100);
        let answer = Box::pin(call("cloudwatch:DescribeAlarms", ask.send())).await;
        Ok(Seen::from_call(answer)?.map(|it| self.seen(region, it.metric_alarms())))
    }

    /// Converts alarms and keeps each as it was read, since settings that we do not judge must be put back as well.
    fn seen(&self, region: &Region, all: &[aws_sdk_cloudwatch::types::MetricAlarm]) -> Vec<Alarm> {
        let mut read = self.as_read.borrow_mut();
        let alarms = all.iter().filter_map(|it| alarm::seen(it).map(|alarm| (it, alarm)));
        let mut seen: Vec<Alarm> = alarms
            .map(|(it, alarm)| {
                read.insert((region.clone(), alarm.name.clone()), it.clone());
                alarm
            })
            .collect();
        seen.sort_by(|a, b| a.name.cmp(&b.name));
        seen
    }

    /// Reads a topic with all of its subscriptions: the first that is confirmed may receive nothing.
    async fn topic(&self, place: &Place, arn: &str) -> Result<Seen<Topic>, CallError> {
        let region = Region::of_arn(arn).unwrap_or_else(Region::first);
        let place = managed::at(place, &region);
        let any = managed::alarm_arn(&place, "*");
        let need = managed::alarm_needs(&place, &any);
        let wanted = managed::managed_key(&place);
        let (topic, subscriptions) = Box::pin(try_join(
            self.topics.read(arn, &self.keys, &wanted, &need),
            self.topics.subscriptions(arn, |_| false),
        ))
        .await?;
        Ok(topic.map(|topic| Topic { subscriptions, ..topic }))
    }
}
