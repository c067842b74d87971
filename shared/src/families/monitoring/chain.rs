//! Chain from an event to a person who is notified, link by link, as CIS audits it. Pure.
//!
//! One function both judges and says what to read next, so that a complete chain needs no more reads than it has links.

use super::alarm::Alarm;
use super::filter::Filter;
use super::managed;
use super::mute_rule::muted;
use super::rules::AlarmRule;
use super::source::{LogSource, Sources, sources};
use super::step::Step;
use super::topic_check::{TopicCheck, TopicChecker, topics};
use super::view::{View, Want};
use crate::model::{Blocked, Place, Subject, Verdict};
use crate::settings::Settings;
use crate::settings::destinations::RecordDestinations;

/// Inputs for judging a rule.
#[derive(Clone, Copy)]
pub(super) struct Assessment<'a> {
    pub(super) rule: &'a AlarmRule,
    pub(super) view: &'a View,
    pub(super) subject: &'a Subject,
    pub(super) settings: &'a Settings,
}

/// Filter that serves the rule, or will do so.
pub(super) struct FilterCandidate<'a> {
    pub(super) source: LogSource<'a>,
    pub(super) filter: Filter,
    /// Step that makes the filter serve the rule, and what is wrong without it.
    pub(super) put: Option<(Step, String)>,
}

/// Alarm on the metric of a filter, and the best path from it to a person.
pub(super) struct AlarmCandidate<'a> {
    pub(super) alarm: &'a Alarm,
    pub(super) faults: Vec<String>,
    pub(super) topic_check: Option<TopicCheck>,
    /// Whether it has the control's own name.
    pub(super) own: bool,
    /// Why nobody is told although the rest of the chain is complete, or what is missing to determine that.
    pub(super) muted: Option<Verdict<Step>>,
}

impl AlarmCandidate<'_> {
    /// Returns how complete the chain is. Having a subscriber counts for more than having actions enabled. Of two that
    /// notify nobody, the control's own is the one to complete, whatever another control does to the other meanwhile.
    fn score(&self) -> (bool, bool, bool, bool, u8, bool) {
        let topic_check = self.topic_check.as_ref().map_or(0, |topic_check| topic_check.holds);
        let heard = self.muted.is_none();
        let own = self.own && !self.is_notified();
        (self.faults.is_empty(), self.is_notified(), own, self.alarm.actions_enabled, topic_check, heard)
    }

    fn is_notified(&self) -> bool {
        self.topic_check.as_ref().is_some_and(|topic_check| topic_check.because.is_none())
    }

    fn is_sound(&self) -> bool {
        self.faults.is_empty() && self.alarm.actions_enabled
    }

    /// Returns whether the alarm goes off and somebody is notified.
    fn is_whole(&self) -> bool {
        self.is_sound() && self.is_notified()
    }

    /// Returns the verdict of a complete chain: others who hear its alarms, or may end that somebody hears them, are told.
    fn whole<S>(&self) -> Verdict<S> {
        let Some(topic_check) = &self.topic_check else { return Verdict::Compliant };
        let TopicCheck { outsiders, handlers, unread, .. } = topic_check;
        let alarm = &self.alarm.name;
        let hear = (!outsiders.is_empty())
            .then(|| format!("the topic of alarm {alarm} also notifies other accounts: {}", outsiders.join(", ")));
        let because: Vec<String> = hear.into_iter().chain(handlers.iter().cloned()).collect();
        if because.is_empty() {
            return unread.clone().map_or(Verdict::Compliant, |needs| Verdict::Unknown { needs });
        }
        let mut advice = Vec::new();
        if !outsiders.is_empty() {
            advice.push(format!(
                "If they should receive the alarms, name their accounts in {}; otherwise unsubscribe them.",
                RecordDestinations::SETTING
            ));
        }
        if !handlers.is_empty() {
            advice.push(
                "Find out who let them in, and remove what nobody needs from the policy; a grant is ended by \
                 kms:RevokeGrant. Trailkeeper leaves it, since somebody may depend on it."
                    .to_owned(),
            );
        }
        Blocked::Advise(advice.join(" ")).verdict(because.join("; "))
    }

    /// Returns what is missing to determine whether it does.
    fn doubt(&self) -> Option<&str> {
        let topic_check = self.topic_check.as_ref().filter(|_| self.is_sound())?;
        match &topic_check.rest {
            Some(Blocked::Unknown(needs)) if topic_check.steps.is_empty() => Some(needs),
            _ => None,
        }
    }
}

/// Reason why a judgement ended early.
pub(super) enum Undecided {
    /// Something has to be read first.
    Wants(Vec<Want>),
    /// The verdict is final.
    Verdict(Verdict<Step>),
}

impl Undecided {
    pub(super) fn unknown(needs: String) -> Self {
        Blocked::Unknown(needs).into()
    }

    pub(super) fn advise(because: String, advice: String) -> Self {
        Self::Verdict(Blocked::Advise(advice).verdict(because))
    }
}

impl From<Blocked> for Undecided {
    fn from(blocked: Blocked) -> Self {
        Self::Verdict(blocked.verdict(String::new()))
    }
}

impl From<Want> for Undecided {
    fn from(want: Want) -> Self {
        Self::Wants(vec![want])
    }
}

impl<'a> Assessment<'a> {
    /// Judges the rule.
    ///
    /// # Errors
    /// Returns an error that lists what to read first.
    pub(super) fn assess(self) -> Result<Verdict<Step>, Vec<Want>> {
        match self.judged() {
            Ok(verdict) | Err(Undecided::Verdict(verdict)) => Ok(verdict),
            Err(Undecided::Wants(wants)) => Err(wants),
        }
    }

    fn judged(self) -> Result<Verdict<Step>, Undecided> {
        let (fed, doubt) = match sources(self.view, &self.subject.place) {
            Sources::Fed(fed, doubt) => (self.looked_after(fed)?, doubt),
            Sources::Broken { because, advice } => return Err(Undecided::advise(because, advice)),
            Sources::Elsewhere(because) => return Ok(Verdict::NotApplicable { because }),
            Sources::Unknown(needs) => return Err(Undecided::unknown(needs)),
        };
        let serving = self.serving(&fed);
        let (mut doubt, mut wants, mut muted) = (serving.doubt.or(doubt), serving.wants, None);
        let mut best: Option<(FilterCandidate<'a>, Option<AlarmCandidate<'a>>)> = None;
        for candidate in serving.candidates {
            let alarm_candidate = match self.alarm_candidate(&candidate) {
                Ok(Some(alarm_candidate)) if alarm_candidate.is_whole() => match alarm_candidate.muted {
                    Some(verdict) => {
                        muted = muted.or(Some(verdict));
                        continue;
                    }
                    None => return Ok(candidate.source.refusal().unwrap_or_else(|| alarm_candidate.whole())),
                },
                Ok(alarm_candidate) => alarm_candidate,
                Err(Undecided::Wants(more)) => {
                    wants.extend(more);
                    continue;
                }
                Err(Undecided::Verdict(unknown)) => return Ok(unknown),
            };
            doubt = doubt.or_else(|| alarm_candidate.as_ref().and_then(AlarmCandidate::doubt).map(str::to_owned));
            let score =
                |alarm_candidate: &Option<AlarmCandidate<'_>>| alarm_candidate.as_ref().map(AlarmCandidate::score);
            if best.as_ref().is_none_or(|(_, other)| score(other) < score(&alarm_candidate)) {
                best = Some((candidate, alarm_candidate));
            }
        }
        match (muted, doubt, best) {
            _ if !wants.is_empty() => Err(Undecided::Wants(wants)),
            // The chain is complete: another one beside it would only be muted next.
            (Some(verdict), ..) => Ok(verdict),
            // If an unreadable chain may be complete, none is created.
            (None, Some(needs), _) => Err(Undecided::unknown(needs)),
            (None, None, Some((candidate, alarm_candidate))) => self.mend(&candidate, alarm_candidate),
            (None, None, None) => {
                if let Some((because, advice)) = serving.misled {
                    return Err(Undecided::advise(because, advice));
                }
                let candidate = self.planned(&fed)?;
                let alarm_candidate = self.alarm_candidate(&candidate)?;
                self.mend(&candidate, alarm_candidate)
            }
        }
    }

    /// Returns the log groups in monitored regions, and the one that an event led to: a sweep of other regions leaves a
    /// log group to the installation responsible for it.
    fn looked_after(self, mut fed: Vec<LogSource<'a>>) -> Result<Vec<LogSource<'a>>, Undecided> {
        let Some(regions) = &self.settings.regions else { return Ok(fed) };
        let elsewhere = fed.first().map(LogSource::region);
        let here = &self.subject.place.region;
        fed.retain(|source| source.region() == *here || regions.contains(&source.region()));
        match elsewhere.filter(|_| fed.is_empty()) {
            Some(region) => Err(Undecided::Verdict(Verdict::NotApplicable {
                because: format!("the log group is in {region}, which is not one of the covered regions"),
            })),
            None => Ok(fed),
        }
    }

    pub(super) fn place(self, source: LogSource<'_>) -> Place {
        managed::at(&self.subject.place, &source.region())
    }

    /// Returns the alarm on a filter's metric that needs the least repair.
    fn alarm_candidate(self, candidate: &FilterCandidate<'_>) -> Result<Option<AlarmCandidate<'a>>, Undecided> {
        let place = self.place(candidate.source);
        let metric = &candidate.filter.transformation.metric;
        let key = (place.region.clone(), metric.clone());
        let Some(alarms) = self.view.alarms.get(&key) else { return Err(Want::Alarms(key.0, key.1).into()) };
        let alarms = alarms.known_of(format_args!("metric {}", metric.name))?.map_or(&[][..], Vec::as_slice);
        let (mut best, mut wants): (Option<AlarmCandidate<'a>>, _) = (None, Vec::new());
        for alarm in alarms.iter().filter(|alarm| !self.rule.leaves(&alarm.name)) {
            let topic_check = self.topic_check(alarm, &place, &mut wants);
            let (faults, own) = (alarm.faults(&candidate.filter), alarm.name == self.rule.name);
            let mut alarm_candidate = AlarmCandidate { alarm, faults, topic_check, own, muted: None };
            if alarm_candidate.is_whole() {
                alarm_candidate.muted = self.muted(alarm, &place, &mut wants);
            }
            if best.as_ref().is_none_or(|other| other.score() < alarm_candidate.score()) {
                best = Some(alarm_candidate);
            }
        }
        if wants.is_empty() { Ok(best) } else { Err(Undecided::Wants(wants)) }
    }

    /// Returns why the alarm tells nobody although it goes off, or what is missing to determine that.
    fn muted(self, alarm: &Alarm, place: &Place, wants: &mut Vec<Want>) -> Option<Verdict<Step>> {
        let key = (place.region.clone(), alarm.name.clone());
        let Some(seen) = self.view.mute_rules.get(&key) else {
            wants.push(Want::MuteRules(key.0, key.1));
            return None;
        };
        match seen.known() {
            Ok(rules) => {
                let (because, advice) = muted(&alarm.name, rules.map_or(&[][..], Vec::as_slice))?;
                Some(Blocked::Advise(advice).verdict(because))
            }
            Err(unread) => {
                Some(Blocked::Unknown(unread.of(format_args!("alarm {}", alarm.name))).verdict(String::new()))
            }
        }
    }

    /// Returns the check of the alarm's topic that comes closest to notifying somebody.
    pub(super) fn topic_check(self, alarm: &Alarm, place: &Place, wants: &mut Vec<Want>) -> Option<TopicCheck> {
        let arn = managed::alarm_arn(place, &alarm.name);
        let checker = TopicChecker { view: self.view, settings: self.settings, place, alarm: &arn };
        let of_this = |topic: &&str| !topic.rsplit(':').next().is_some_and(|name| self.rule.leaves(name));
        let mut best: Option<TopicCheck> = None;
        for topic in topics(&alarm.alarm_actions, &place.region).filter(of_this) {
            match checker.by(topic) {
                Err(want) => wants.push(want),
                Ok(topic_check) if best.as_ref().is_none_or(|other| other.score() < topic_check.score()) => {
                    best = Some(topic_check);
                }
                Ok(_) => {}
            }
        }
        best
    }
}
