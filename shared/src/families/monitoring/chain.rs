//! The chain from what happens to a person who is told, link by link, as CIS audits it. Pure.
//!
//! One function judges, and says at the same time what is to be read next: so a chain that is whole costs no more reads
//! than it has links.

use super::alarm::Alarm;
use super::filter::Filter;
use super::ours;
use super::rules::Rule;
use super::source::{Source, Sources, sources};
use super::step::Step;
use super::tell::{Rest, Told, Way, topics};
use super::view::{View, Want};
use crate::model::{Place, Remedy, Seen, Subject, Verdict};
use crate::settings::Settings;

/// What a rule is judged by.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) rule: &'a Rule,
    pub(super) view: &'a View,
    pub(super) subject: &'a Subject,
    pub(super) settings: &'a Settings,
}

/// A filter that serves the rule, or will.
pub(super) struct Line<'a> {
    pub(super) source: Source<'a>,
    pub(super) filter: Filter,
    /// The call that makes it so, and what is wrong before.
    pub(super) put: Option<(Step, String)>,
}

/// An alarm on the metric of a filter, and the best way from it to a person.
pub(super) struct Bell<'a> {
    pub(super) alarm: &'a Alarm,
    pub(super) mute: Vec<String>,
    pub(super) told: Option<Told>,
}

impl Bell<'_> {
    /// How near it is to whole. Switching one on that somebody would hear is less than making somebody hear one.
    fn score(&self) -> (bool, bool, bool, u8) {
        let told = self.told.as_ref().map_or(0, |told| told.holds);
        (self.mute.is_empty(), self.is_heard(), self.alarm.actions_enabled, told)
    }

    fn is_heard(&self) -> bool {
        self.told.as_ref().is_some_and(|told| told.because.is_none())
    }

    fn is_sound(&self) -> bool {
        self.mute.is_empty() && self.alarm.actions_enabled
    }

    /// Whether it rings, and somebody hears.
    fn is_whole(&self) -> bool {
        self.is_sound() && self.is_heard()
    }

    /// What is missing to say that it does.
    fn doubt(&self) -> Option<&str> {
        let told = self.told.as_ref().filter(|_| self.is_sound())?;
        match &told.rest {
            Some(Rest::Unknown(needs)) if told.steps.is_empty() => Some(needs),
            _ => None,
        }
    }
}

/// Why a judgement ends before its end.
pub(super) enum Stop {
    /// This has to be read first.
    Wants(Vec<Want>),
    /// This is the last word.
    Verdict(Verdict<Step>),
}

impl Stop {
    pub(super) fn unknown(needs: String) -> Self {
        Self::Verdict(Verdict::Unknown { needs })
    }

    pub(super) fn advise(because: String, advice: String) -> Self {
        Self::Verdict(Verdict::Violation { because, remedy: Remedy::Advise(advice) })
    }
}

impl From<Want> for Stop {
    fn from(want: Want) -> Self {
        Self::Wants(vec![want])
    }
}

impl<'a> Case<'a> {
    /// Judges the rule.
    ///
    /// # Errors
    /// What has to be read first.
    pub(super) fn assess(self) -> Result<Verdict<Step>, Vec<Want>> {
        match self.judged() {
            Ok(verdict) | Err(Stop::Verdict(verdict)) => Ok(verdict),
            Err(Stop::Wants(wants)) => Err(wants),
        }
    }

    fn judged(self) -> Result<Verdict<Step>, Stop> {
        let (fed, mut doubt) = match sources(self.view, &self.subject.place) {
            Sources::Fed(fed, doubt) => (self.looked_after(fed)?, doubt),
            Sources::Broken { because, advice } => return Err(Stop::advise(because, advice)),
            Sources::Elsewhere(because) => return Ok(Verdict::NotApplicable { because }),
            Sources::Unknown(needs) => return Err(Stop::unknown(needs)),
        };
        let (mut best, mut wants): (Option<(Line<'a>, Option<Bell<'a>>)>, _) = (None, Vec::new());
        for line in self.serving(&fed, &mut doubt) {
            let bell = match self.bell(&line) {
                Ok(bell) if bell.as_ref().is_some_and(Bell::is_whole) => return Ok(Verdict::Compliant),
                Ok(bell) => bell,
                Err(Stop::Wants(more)) => {
                    wants.extend(more);
                    continue;
                }
                Err(Stop::Verdict(unknown)) => return Ok(unknown),
            };
            doubt = doubt.or_else(|| bell.as_ref().and_then(Bell::doubt).map(str::to_owned));
            let score = |bell: &Option<Bell<'_>>| bell.as_ref().map(Bell::score);
            if best.as_ref().is_none_or(|(_, other)| score(other) < score(&bell)) {
                best = Some((line, bell));
            }
        }
        match (doubt, best) {
            _ if !wants.is_empty() => Err(Stop::Wants(wants)),
            // Where a chain may be whole that cannot be looked at, none is made.
            (Some(needs), _) => Err(Stop::unknown(needs)),
            (None, Some((line, bell))) => self.mend(&line, bell),
            (None, None) => {
                let line = self.planned(&fed)?;
                let bell = self.bell(&line)?;
                self.mend(&line, bell)
            }
        }
    }

    /// Those in regions that this installation looks after, and the one that an event led to: a sweep of other regions
    /// leaves a log group to the installation that has it.
    fn looked_after(self, mut fed: Vec<Source<'a>>) -> Result<Vec<Source<'a>>, Stop> {
        let Some(regions) = &self.settings.regions else { return Ok(fed) };
        let elsewhere = fed.first().map(Source::region);
        let here = &self.subject.place.region;
        fed.retain(|source| source.region() == *here || regions.contains(&source.region()));
        match elsewhere.filter(|_| fed.is_empty()) {
            Some(region) => Err(Stop::Verdict(Verdict::NotApplicable {
                because: format!("the log group is in {region}, which is not among the regions that are looked after"),
            })),
            None => Ok(fed),
        }
    }

    /// The filters that serve the rule as they are.
    fn serving(self, fed: &[Source<'a>], doubt: &mut Option<String>) -> Vec<Line<'a>> {
        let mut serving = Vec::new();
        for source in fed {
            match &source.group.filters {
                Seen::Present(filters) => {
                    let filters = filters.iter().filter(|it| !self.rule.leaves(&it.name));
                    let serves = filters.filter(|it| it.serves(self.rule, self.settings.filter_patterns));
                    serving.extend(serves.map(|it| Line { source: *source, filter: it.clone(), put: None }));
                }
                Seen::Unreadable(action) => {
                    *doubt = Some(format!("{action} was denied for log group {}", source.group.name));
                }
                Seen::Absent => {}
            }
        }
        serving
    }

    pub(super) fn place(self, source: Source<'_>) -> Place {
        ours::at(&self.subject.place, &source.region())
    }

    /// The alarm on a filter's metric that comes nearest.
    fn bell(self, line: &Line<'_>) -> Result<Option<Bell<'a>>, Stop> {
        let place = self.place(line.source);
        let metric = &line.filter.transformation.metric;
        let key = (place.region.clone(), metric.clone());
        let alarms = match self.view.alarms.get(&key) {
            None => return Err(Want::Alarms(key.0, key.1).into()),
            Some(Seen::Unreadable(action)) => {
                return Err(Stop::unknown(format!("{action} was denied for metric {}", metric.name)));
            }
            Some(Seen::Absent) => &[],
            Some(Seen::Present(alarms)) => alarms.as_slice(),
        };
        let (mut best, mut wants): (Option<Bell<'a>>, _) = (None, Vec::new());
        for alarm in alarms.iter().filter(|alarm| !self.rule.leaves(&alarm.name)) {
            let told = self.told(alarm, &place, &mut wants);
            let bell = Bell { alarm, mute: alarm.mute(&line.filter), told };
            if best.as_ref().is_none_or(|other| other.score() < bell.score()) {
                best = Some(bell);
            }
        }
        if wants.is_empty() { Ok(best) } else { Err(Stop::Wants(wants)) }
    }

    /// How it stands with the topic of an alarm that comes nearest to telling somebody.
    pub(super) fn told(self, alarm: &Alarm, place: &Place, wants: &mut Vec<Want>) -> Option<Told> {
        let arn = ours::alarm_arn(place, &alarm.name);
        let way = Way { view: self.view, settings: self.settings, place, alarm: &arn };
        let of_this = |topic: &&str| !topic.rsplit(':').next().is_some_and(|name| self.rule.leaves(name));
        let mut best: Option<Told> = None;
        for topic in topics(&alarm.alarm_actions, &place.region).filter(of_this) {
            match way.by(topic) {
                Err(want) => wants.push(want),
                Ok(told) if best.as_ref().is_none_or(|other| other.score() < told.score()) => best = Some(told),
                Ok(_) => {}
            }
        }
        best
    }
}
