//! What makes a chain whole: the narrowest calls from the link that is broken to the last one. Pure.

use super::alarm::{Alarm, MOST_ACTIONS};
use super::chain::{Bell, Case, Line, Stop};
use super::filter::Filter;
use super::ours;
use super::source::Source;
use super::step::Step;
use super::tell::{Rest, Told, Way};
use super::view::Want;
use crate::managed::topic::step::TopicStep;
use crate::model::{Place, Remedy, Seen, Verdict};
use crate::settings::alarms::Patterns;

/// A log group has at most a hundred metric filters ([CloudWatch Logs quotas]).
///
/// [CloudWatch Logs quotas]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
const MOST_FILTERS: usize = 100;

impl<'a> Case<'a> {
    /// The filter that is to serve where none does: a customer's that lacks something, or ours.
    pub(super) fn planned(self, fed: &[Source<'a>]) -> Result<Line<'a>, Stop> {
        let all = |source: &Source<'a>| source.group.filters.present().map_or(&[][..], Vec::as_slice);
        let rule = self.rule;
        let theirs = fed.iter().flat_map(|source| all(source).iter().map(move |filter| (*source, filter)));
        let theirs = theirs.filter(|(_, filter)| {
            self.settings.filter_patterns == Patterns::Covering
                && filter.name != rule.name
                && !rule.leaves(&filter.name)
        });
        let completed = theirs.filter_map(|(source, filter)| {
            let (named, whole) = filter.completed(rule)?;
            Some((named, source, filter, whole))
        });
        // The first of those that name most.
        let nearest = completed.reduce(|best, other| if other.0 > best.0 { other } else { best });
        if let Some((_, source, filter, whole)) = nearest {
            let because = format!(
                "metric filter {} of log group {} does not take in all that it should",
                filter.name, source.group.name
            );
            let step = put(self.place(source), source, whole.clone(), Some(filter.clone()));
            return Ok(Line { source, filter: whole, put: Some((step, because)) });
        }
        let Some(source) = fed.first().copied() else {
            return Err(Stop::unknown("no log group is fed".to_owned()));
        };
        let because = format!("log group {} has no metric filter for this", source.group.name);
        let ours = ours::filter(rule);
        let replaces = all(&source).iter().find(|it| it.name == ours.name).cloned();
        if replaces.is_none() && all(&source).len() >= MOST_FILTERS {
            let advice = format!("Take a filter away: a log group has at most {MOST_FILTERS}.");
            return Err(Stop::advise(because, advice));
        }
        let step = put(self.place(source), source, ours.clone(), replaces);
        Ok(Line { source, filter: ours, put: Some((step, because)) })
    }

    /// The calls that make a line whole.
    pub(super) fn mend(self, line: &Line<'a>, bell: Option<Bell<'a>>) -> Result<Verdict<Step>, Stop> {
        let place = self.place(line.source);
        let filter = &line.filter;
        let Aimed { base, mut alarm, told, because } = self.aimed(filter, bell, &place)?;
        let arn = ours::alarm_arn(&place, &alarm.name);
        let way = Way { view: self.view, settings: self.settings, place: &place, alarm: &arn };
        let mut because = line.put.as_ref().map(|(_, why)| why.clone()).or(because);
        let mut steps: Vec<Step> = line.put.iter().map(|(step, _)| step.clone()).collect();
        let told = if let Some(told) = told.as_ref().filter(|told| !told.gone) {
            told.clone()
        } else {
            let gone = told.and_then(|told| told.because);
            because = because.or(gone).or_else(|| Some(format!("alarm {} tells no SNS topic", alarm.name)));
            let ours = ours::topic_arn(&place, self.rule);
            let told = way.ours(&ours)?;
            // An alarm is never made to tell a topic that may not be there.
            if !self.will_be(&ours, &told) {
                return Err(match told.rest {
                    Some(Rest::Advise(advice)) => Stop::advise(because.unwrap_or_default(), advice),
                    Some(Rest::Unknown(needs)) => Stop::unknown(needs),
                    None => Stop::unknown(format!("topic {ours} was not read")),
                });
            }
            if !alarm.alarm_actions.contains(&ours) {
                alarm.alarm_actions.push(ours);
            }
            told
        };
        let (region, on) = (place.region.clone(), Alarm { actions_enabled: true, ..alarm });
        if base.is_some_and(|base| *base == on) {
            // Nothing is wrong with it.
        } else if base.is_some_and(|base| Alarm { actions_enabled: true, ..base.clone() } == on) {
            because.get_or_insert(format!("the actions of alarm {} are disabled", on.name));
            steps.push(Step::Enable { region, alarm: on.name });
        } else if on.alarm_actions.len() > MOST_ACTIONS {
            let advice = format!(
                "Take an action of alarm {} away: it has {MOST_ACTIONS}, the most there can be, and tells nobody.",
                on.name
            );
            return Err(Stop::advise(because.unwrap_or_default(), advice));
        } else {
            let replaces = base.cloned().map(Box::new);
            steps.push(Step::PutAlarm { region, alarm: Box::new(on), replaces });
        }
        steps.extend(told.steps);
        let because = because.or(told.because).unwrap_or_default();
        Ok(match (told.rest, steps.is_empty()) {
            (Some(Rest::Unknown(needs)), true) => Verdict::Unknown { needs },
            (Some(Rest::Advise(advice)), true) => Verdict::Violation { because, remedy: Remedy::Advise(advice) },
            (Some(Rest::Advise(advice)), false) => {
                let because = format!("{because}. Left to a person: {advice}");
                Verdict::Violation { because, remedy: Remedy::Fix(steps) }
            }
            (Some(Rest::Unknown(_)) | None, _) => Verdict::Violation { because, remedy: Remedy::Fix(steps) },
        })
    }

    /// Whether a topic of ours is there, or is when these calls are made.
    fn will_be(self, topic: &str, told: &Told) -> bool {
        let creates = |step: &Step| matches!(step, Step::Topic(TopicStep::Create { .. }));
        matches!(self.view.topics.get(topic), Some(Seen::Present(_))) || told.steps.iter().any(creates)
    }

    /// The alarm of a filter as it is and as it is to ring.
    fn aimed(self, filter: &Filter, bell: Option<Bell<'a>>, place: &Place) -> Result<Aimed<'a>, Stop> {
        if let Some(Bell { alarm, mute, told }) = bell {
            let because = mute.first().map(|why| format!("alarm {} cannot ring: {why}", alarm.name));
            let ringing = if mute.is_empty() { alarm.clone() } else { alarm.ringing(filter) };
            return Ok(Aimed { base: Some(alarm), alarm: ringing, told, because });
        }
        let metric = &filter.transformation.metric;
        let because = Some(format!("no alarm is on metric {} of namespace {}", metric.name, metric.namespace));
        let key = (place.region.clone(), self.rule.name.to_owned());
        let (base, alarm, told) = match self.view.named.get(&key) {
            None => return Err(Want::Named(key.0).into()),
            Some(Seen::Unreadable(action)) => {
                return Err(Stop::unknown(format!("{action} was denied for alarm {}", key.1)));
            }
            Some(Seen::Absent) => (None, ours::alarm(self.rule, filter), None),
            // Somebody has had ours watch something else.
            Some(Seen::Present(named)) => {
                let mut wants = Vec::new();
                let told = self.told(named, place, &mut wants);
                if !wants.is_empty() {
                    return Err(Stop::Wants(wants));
                }
                (Some(named), Alarm { metric: metric.clone(), ..named.clone() }.ringing(filter), told)
            }
        };
        Ok(Aimed { base, alarm, told, because })
    }
}

/// An alarm as it is and as it is to ring.
struct Aimed<'a> {
    /// As it is; `None` where there is none.
    base: Option<&'a Alarm>,
    /// As it is to be, but for the topic that it may lack.
    alarm: Alarm,
    /// Whom it tells.
    told: Option<Told>,
    /// What is wrong with it.
    because: Option<String>,
}

fn put(place: Place, source: Source<'_>, filter: Filter, replaces: Option<Filter>) -> Step {
    let (group, filter) = (source.group.name.clone(), Box::new(filter));
    Step::PutFilter { region: place.region, group, filter, replaces: replaces.map(Box::new) }
}
