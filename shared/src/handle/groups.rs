//! Groups of events, each with one target: who led to a resource, and whose call weighs most. Pure.

use crate::event::{Event, Origin};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// Groups that led to a resource, by their places among all groups of the invocation; never empty.
pub(crate) type Leads = BTreeSet<usize>;

/// An event, and what it weighs among those that led to the same resource.
#[derive(Debug)]
pub(crate) struct Cause<'a> {
    pub(crate) event: &'a Event,
    /// Whether a step of ours made the call, so that it is no news.
    pub(crate) ours: bool,
    /// Whether it changes the record whatever is found.
    pub(crate) weighs: bool,
}

/// Events that have one target.
#[derive(Debug)]
pub(crate) struct CauseGroup<'a> {
    causes: Vec<Cause<'a>>,
    /// Whether they are calls of our own role that a fix makes.
    own: bool,
    /// Whether they may lead to calls of ours.
    answers: bool,
}

/// All groups of an invocation.
#[derive(Debug)]
pub(crate) struct CauseGroups<'a>(Vec<CauseGroup<'a>>);

impl Cause<'_> {
    /// Returns what sorts events, the one first that has most likely made the resource what it is now: of those that change
    /// the record whatever is found, or else of all, the latest. Queues do not keep the order.
    fn weight(&self) -> impl Ord + use<> {
        Reverse((!self.ours, self.weighs, self.event.origin.time.clone()))
    }
}

impl<'a> CauseGroup<'a> {
    /// Creates a group of these events. One that was delivered several times is one event.
    pub(crate) fn new(mut causes: Vec<Cause<'a>>, own: bool, answers: bool) -> Self {
        let mut seen = BTreeSet::new();
        // Whoever makes up an event with the id of another hides nothing: it is not of AWS.
        causes.retain(|Cause { event, .. }| event.origin.id.is_none() || seen.insert((&event.origin.id, event.by_aws)));
        causes.sort_by_cached_key(Cause::weight);
        Self { causes, own, answers }
    }
}

impl<'a> CauseGroups<'a> {
    pub(crate) fn new(groups: Vec<CauseGroup<'a>>) -> Self {
        Self(groups)
    }

    /// Returns the events of one group, first the one that weighs most.
    pub(crate) fn causes_of(&self, group: usize) -> &[Cause<'a>] {
        self.0.get(group).map_or(&[], |group| &group.causes)
    }

    pub(crate) fn events(&self, group: usize) -> impl Iterator<Item = &'a Event> {
        self.causes_of(group).iter().map(|cause| cause.event)
    }

    pub(crate) fn all(&self) -> Leads {
        (0..self.0.len()).collect()
    }

    fn of(&self, leads: &Leads) -> impl Iterator<Item = (usize, &CauseGroup<'a>)> {
        leads.iter().filter_map(|at| Some((*at, self.0.get(*at)?)))
    }

    /// Returns the events of these groups with their groups, first the one that weighs most. Beside calls of others, those that
    /// a step of ours made are left out.
    fn causes(&self, leads: &Leads) -> Vec<(usize, &'a Event)> {
        let of = |(at, group): (usize, &'_ CauseGroup<'a>)| {
            group.causes.iter().map(|it| (at, it.event, it.ours, it.weight())).collect::<Vec<_>>()
        };
        let mut causes: Vec<_> = self.of(leads).flat_map(of).collect();
        causes.sort_by(|(.., one), (.., other)| one.cmp(other));
        let only_ours = causes.iter().all(|(_, _, ours, _)| *ours);
        causes.into_iter().filter(|(_, _, ours, _)| only_ours || !ours).map(|(at, event, ..)| (at, event)).collect()
    }

    /// Returns the events of these groups, first the one that weighs most: people are told of it as the one that led there.
    pub(crate) fn origins(&self, leads: &Leads) -> Vec<&'a Origin> {
        self.causes(leads).into_iter().map(|(_, event)| &event.origin).collect()
    }

    /// Returns the group whose event weighs most.
    pub(crate) fn first(&self, leads: &Leads) -> Option<usize> {
        self.causes(leads).first().map(|(at, _)| *at)
    }

    /// Returns the events besides the first, each caller and call once.
    pub(crate) fn beside(&self, leads: &Leads) -> Vec<Origin> {
        each_once(self.origins(leads).into_iter())
    }

    /// Returns whether only calls of our own role that a fix makes led there.
    pub(crate) fn own(&self, leads: &Leads) -> bool {
        self.of(leads).all(|(_, group)| group.own)
    }

    /// Returns whether anything led there that may lead to calls of ours.
    pub(crate) fn answers(&self, leads: &Leads) -> bool {
        self.of(leads).any(|(_, group)| group.answers)
    }
}

/// Returns the events besides the first, each caller and call once.
fn each_once<'e>(mut events: impl Iterator<Item = &'e Origin>) -> Vec<Origin> {
    let key = |event: &Origin| (event.name.clone(), event.actor.clone());
    let mut seen: BTreeSet<_> = events.next().map(key).into_iter().collect();
    events.filter(|event| seen.insert(key(event))).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Body;

    fn event(name: &str, actor: &str, second: u32) -> Event {
        let origin = Origin {
            name: name.to_owned(),
            actor: Some(actor.to_owned()),
            time: Some(format!("2026-11-29T16:00:{second:02}Z")),
            ..Origin::default()
        };
        Event { sender: String::new(), by_aws: true, origin, body: Body::Schedule }
    }

    fn cause(event: &Event, weighs: bool) -> Cause<'_> {
        Cause { event, ours: event.origin.actor.as_deref() == Some("us"), weighs }
    }

    fn names(origins: &[Origin]) -> Vec<&str> {
        origins.iter().map(|it| it.name.as_str()).collect()
    }

    #[test]
    fn the_one_that_weighs_most_comes_first_and_then_the_latest() {
        let (early, late, ends) = (event("Early", "a", 1), event("Late", "b", 5), event("Ends", "c", 3));
        let one = CauseGroup::new(vec![cause(&early, false), cause(&late, false)], false, true);
        let groups = CauseGroups::new(vec![one, CauseGroup::new(vec![cause(&ends, true)], false, true)]);
        assert_eq!(groups.events(0).map(|it| it.origin.name.as_str()).collect::<Vec<_>>(), ["Late", "Early"]);
        assert_eq!((groups.first(&groups.all()), groups.first(&Leads::from([0]))), (Some(1), Some(0)));
        assert_eq!(names(&groups.beside(&groups.all())), ["Late", "Early"]);
    }

    #[test]
    fn an_event_that_was_delivered_twice_is_one() {
        let with_id = |id: &str, by_aws| {
            let event = event(id, "a", 1);
            Event { origin: Origin { id: Some(id.to_owned()), ..event.origin }, by_aws, ..event }
        };
        let events = [with_id("one", false), with_id("one", true), with_id("one", true), with_id("two", true)];
        let nameless = [event("Put", "a", 1), event("Put", "a", 1)];
        let all = events.iter().chain(&nameless).map(|it| cause(it, false)).collect();
        let groups = CauseGroups::new(vec![CauseGroup::new(all, false, true)]);
        let of = |event: &Event| (event.origin.name.clone(), event.by_aws);
        let left: Vec<_> = groups.events(0).map(of).collect();
        let expected = [("one", false), ("one", true), ("two", true), ("Put", true), ("Put", true)];
        assert_eq!(left, expected.map(|(name, by_aws)| (name.to_owned(), by_aws)));
    }

    #[test]
    fn each_caller_and_call_is_beside_once() {
        let events = [event("Put", "a", 1), event("Put", "a", 2), event("Put", "b", 3), event("Put", "b", 4)];
        let group = |part: &'static [usize]| part.iter().map(|at| cause(&events[*at], false)).collect();
        let groups = CauseGroups::new(vec![
            CauseGroup::new(group(&[0, 2]), false, true),
            CauseGroup::new(group(&[1, 3]), false, true),
        ]);
        let beside = groups.beside(&groups.all());
        assert_eq!(beside.iter().filter_map(|it| it.actor.as_deref()).collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn what_a_step_of_ours_called_is_named_only_where_nobody_else_called() {
        let (ours, theirs) = (event("Put", "us", 9), event("Put", "a", 1));
        let own = CauseGroup::new(vec![cause(&ours, true)], true, false);
        let groups = CauseGroups::new(vec![own, CauseGroup::new(vec![cause(&theirs, false)], false, true)]);
        let both = groups.all();
        assert_eq!((groups.first(&both), groups.beside(&both)), (Some(1), vec![]));
        assert_eq!((groups.own(&both), groups.answers(&both)), (false, true));
        let alone = Leads::from([0]);
        assert_eq!((groups.first(&alone), groups.own(&alone), groups.answers(&alone)), (Some(0), true, false));
    }
}
