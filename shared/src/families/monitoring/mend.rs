//! Repair of a chain: the minimal calls from the broken link to the last one. Pure.

use super::alarm::{Alarm, MOST_ACTIONS};
use super::chain::{AlarmCandidate, Assessment, FilterCandidate, Undecided};
use super::filter::Filter;
use super::managed;
use super::source::LogSource;
use super::step::Step;
use super::topic_check::{LINKS, TopicCheck, TopicChecker};
use super::view::Want;
use crate::families::monitoring::step::AlarmStep;
use crate::managed::topic::step::TopicStep;
use crate::model::{Blocked, Place, Remedy, Seen, Unread, Verdict};
use crate::settings::alarms::Patterns;

/// Maximum number of metric filters per log group ([CloudWatch Logs quotas]).
///
/// [CloudWatch Logs quotas]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
const MOST_FILTERS: usize = 100;

impl<'a> Assessment<'a> {
    /// Returns the filter that is to serve if none does yet: a customer's that lacks something, or ours.
    pub(super) fn planned(self, fed: &[LogSource<'a>]) -> Result<FilterCandidate<'a>, Undecided> {
        let all = |source: &LogSource<'a>| source.group.filters.present().map_or(&[][..], Vec::as_slice);
        let rule = self.rule;
        let theirs = fed.iter().flat_map(|source| all(source).iter().map(move |filter| (*source, filter)));
        let theirs = theirs.filter(|(_, filter)| {
            self.settings.filter_patterns == Patterns::Covering
                && !filter.transformed
                && filter.name != rule.name
                && !rule.leaves(&filter.name)
        });
        let completed = theirs.filter_map(|(source, filter)| {
            let (named, whole) = filter.completed(rule)?;
            Some((named, source, filter, whole))
        });
        // The first of the filters that mention most terms is chosen.
        let nearest = completed.reduce(|best, other| if other.0 > best.0 { other } else { best });
        if let Some((_, source, filter, whole)) = nearest {
            let because = format!(
                "metric filter {} of log group {} does not match everything it should",
                filter.name, source.group.name
            );
            let step = put(self.place(source), source, whole.clone(), Some(filter.clone()));
            return Ok(FilterCandidate { source, filter: whole, put: Some((step, because)) });
        }
        let Some(source) = fed.first().copied() else {
            return Err(Undecided::unknown("no log group is fed by a trail".to_owned()));
        };
        let because = format!("log group {} has no metric filter for this", source.group.name);
        let managed = managed::filter(rule);
        let replaces = all(&source).iter().find(|it| it.name == managed.name).cloned();
        if replaces.is_none() && all(&source).len() >= MOST_FILTERS {
            let advice = format!("Remove a filter: a log group can have at most {MOST_FILTERS}.");
            return Err(Undecided::advise(because, advice));
        }
        let step = put(self.place(source), source, managed.clone(), replaces);
        Ok(FilterCandidate { source, filter: managed, put: Some((step, because)) })
    }

    /// Returns the calls that complete the chain from this filter on.
    pub(super) fn mend(
        self,
        candidate: &FilterCandidate<'a>,
        alarm_candidate: Option<AlarmCandidate<'a>>,
    ) -> Result<Verdict<Step>, Undecided> {
        let place = self.place(candidate.source);
        let filter = &candidate.filter;
        let Aimed { base, mut alarm, topic_check, because } = self.aimed(filter, alarm_candidate, &place)?;
        let arn = managed::alarm_arn(&place, &alarm.name);
        let checker = TopicChecker { view: self.view, settings: self.settings, place: &place, alarm: &arn };
        let mut because = candidate.put.as_ref().map(|(_, why)| why.clone()).or(because);
        let mut steps: Vec<Step> = candidate.put.iter().map(|(step, _)| step.clone()).collect();
        let topic_check = if let Some(found) = topic_check.as_ref().filter(|topic_check| !topic_check.gone) {
            match self.by_ours(&alarm, found, &checker)? {
                Some((managed, ours)) => {
                    if !alarm.alarm_actions.contains(&managed) {
                        because = because.or_else(|| found.because.clone());
                        alarm.alarm_actions.push(managed);
                    }
                    ours
                }
                None => found.clone(),
            }
        } else {
            let gone = topic_check.and_then(|topic_check| topic_check.because);
            because = because.or(gone).or_else(|| Some(format!("alarm {} notifies no SNS topic", alarm.name)));
            let (managed, topic_check) = checker.managed(self.rule, &alarm.alarm_actions)?;
            // An alarm is never created for a topic that may not exist.
            if !self.will_be(&managed, &topic_check) {
                let unread = || Blocked::Unknown(Unread::NotAsked.of(format_args!("topic {managed}")));
                let rest = topic_check.rest.unwrap_or_else(unread);
                let because = because.into_iter().chain(topic_check.because.filter(|it| !it.is_empty()));
                return Err(Undecided::Verdict(rest.verdict(because.collect::<Vec<_>>().join("; "))));
            }
            if !alarm.alarm_actions.contains(&managed) {
                alarm.alarm_actions.push(managed);
            }
            topic_check
        };
        let (region, on) = (place.region.clone(), Alarm { actions_enabled: true, ..alarm });
        if base.is_some_and(|base| *base == on) {
            // Nothing is wrong with the alarm.
        } else if base.is_some_and(|base| Alarm { actions_enabled: true, ..base.clone() } == on) {
            because.get_or_insert(format!("the actions of alarm {} are disabled", on.name));
            steps.push(Step::Alarm(AlarmStep::Enable { region, alarm: on.name }));
        } else if on.alarm_actions.len() > MOST_ACTIONS {
            let advice = format!(
                "Remove an action from alarm {}: it has {MOST_ACTIONS}, the maximum, and notifies nobody.",
                on.name
            );
            return Err(Undecided::advise(because.unwrap_or_default(), advice));
        } else {
            let replaces = base.cloned().map(Box::new);
            steps.push(Step::Alarm(AlarmStep::PutAlarm { region, alarm: Box::new(on), replaces }));
        }
        steps.extend(topic_check.steps);
        let because = because.or(topic_check.because).into_iter().chain(topic_check.passed);
        let because = because.collect::<Vec<_>>().join("; ");
        Ok(match (topic_check.rest, steps.is_empty()) {
            (Some(rest), true) => rest.verdict(because),
            (Some(Blocked::Advise(advice)), false) => {
                let because = format!("{because}. Left for you to do: {advice}");
                Verdict::Violation { because, remedy: Remedy::Fix(steps) }
            }
            (Some(Blocked::Unknown(_)) | None, _) => Verdict::Violation { because, remedy: Remedy::Fix(steps) },
        })
    }

    /// Returns the check of our topic if the alarm is to notify it, too: its own topic does not notify the address of the
    /// setting, and ours does so already, so that nobody has to confirm another subscription, or the other one is not ours
    /// to subscribe anybody to.
    fn by_ours(
        self,
        alarm: &Alarm,
        found: &TopicCheck,
        checker: &TopicChecker<'_>,
    ) -> Result<Option<(String, TopicCheck)>, Undecided> {
        let is_unheard = found.holds == LINKS && found.because.is_some();
        let concerned = self.settings.alarm_address.is_some() && (is_unheard || found.unaddressed);
        if !concerned {
            return Ok(None);
        }
        let (managed, ours) = checker.managed(self.rule, &alarm.alarm_actions)?;
        if !alarm.alarm_actions.contains(&managed) && alarm.alarm_actions.len() >= MOST_ACTIONS {
            return Ok(None);
        }
        let serves = found.unaddressed && self.will_be(&managed, &ours) && !ours.unaddressed;
        Ok((serves || ours.because.is_none()).then_some((managed, ours)))
    }

    /// Returns whether our topic exists, or will exist after these calls.
    fn will_be(self, topic: &str, topic_check: &TopicCheck) -> bool {
        let creates = |step: &Step| matches!(step, Step::Topic(TopicStep::Create { .. }));
        let exists = matches!(self.view.topics.get(topic), Some(Seen::Present(_)));
        !topic_check.gone && exists || topic_check.steps.iter().any(creates)
    }

    /// Returns the alarm of a filter, as it is and as it must be to go off.
    fn aimed(
        self,
        filter: &Filter,
        alarm_candidate: Option<AlarmCandidate<'a>>,
        place: &Place,
    ) -> Result<Aimed<'a>, Undecided> {
        if let Some(AlarmCandidate { alarm, faults, topic_check, own: _, muted: _ }) = alarm_candidate {
            let because = faults.first().map(|why| format!("alarm {} cannot go off: {why}", alarm.name));
            let ringing = if faults.is_empty() { alarm.clone() } else { alarm.ringing(filter) };
            return Ok(Aimed { base: Some(alarm), alarm: ringing, topic_check, because });
        }
        let metric = &filter.transformation.metric;
        let because = Some(format!("there is no alarm on metric {} in namespace {}", metric.name, metric.namespace));
        let key = (place.region.clone(), self.rule.name.to_owned());
        let Some(named) = self.view.named.get(&key) else { return Err(Want::Named(key.0).into()) };
        let (base, alarm, topic_check) = match named.known_of(format_args!("alarm {}", key.1))? {
            None => (None, managed::alarm(self.rule, filter), None),
            // Somebody has made our alarm watch something else.
            Some(named) => {
                let mut wants = Vec::new();
                let topic_check = self.topic_check(named, place, &mut wants);
                if !wants.is_empty() {
                    return Err(Undecided::Wants(wants));
                }
                (Some(named), Alarm { metric: metric.clone(), ..named.clone() }.ringing(filter), topic_check)
            }
        };
        Ok(Aimed { base, alarm, topic_check, because })
    }
}

/// Alarm as it is, and as it must be to go off.
struct Aimed<'a> {
    /// Current alarm; `None` if there is none.
    base: Option<&'a Alarm>,
    /// Required alarm, apart from a topic that it may lack.
    alarm: Alarm,
    /// Check of the topic that the alarm notifies.
    topic_check: Option<TopicCheck>,
    /// Description of what is wrong with the alarm.
    because: Option<String>,
}

fn put(place: Place, source: LogSource<'_>, filter: Filter, replaces: Option<Filter>) -> Step {
    let (group, filter) = (source.group.name.clone(), Box::new(filter));
    Step::Alarm(AlarmStep::PutFilter { region: place.region, group, filter, replaces: replaces.map(Box::new) })
}
