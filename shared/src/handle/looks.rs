//! Looks: which resources an invocation looks at, each once, for all the groups of events that lead to it. Pure.

use super::groups::Leads;
use crate::model::Subject;
use crate::report::ControlResult;
use std::collections::BTreeMap;

/// A resource to look at.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) subject: Subject,
    /// Groups of events that lead to it.
    pub(crate) leads: Leads,
    /// What was found of it and is yet to be told.
    pub(crate) held: Option<Held>,
    /// Whether it was looked at only for groups that lead to no calls of ours.
    in_vain: bool,
    /// Resources that its results lead to.
    next: Vec<usize>,
}

/// What has become of a look.
#[derive(Debug, PartialEq)]
pub(crate) enum Held {
    /// Results that are yet to be told.
    Results(Vec<ControlResult>),
    /// Time was too short to begin.
    Late,
}

/// Resources that an invocation looks at, in the order in which they were found.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    looks: Vec<Look>,
    by_arn: BTreeMap<String, Vec<usize>>,
}

impl Looks {
    pub(crate) fn get(&self, at: usize) -> Option<&Look> {
        self.looks.get(at)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Look> {
        self.looks.iter_mut()
    }

    /// Returns the looks at resources of this name.
    pub(crate) fn of(&self, arn: &str) -> impl Iterator<Item = &Look> {
        self.by_arn.get(arn).into_iter().flatten().filter_map(|at| self.looks.get(*at))
    }

    /// Adds a resource that these groups lead to. Returns its place if it is new.
    pub(crate) fn add(&mut self, subject: Subject, leads: &Leads) -> Option<usize> {
        let (at, is_new) = self.enter(subject, leads);
        is_new.then_some(at)
    }

    /// Records, before anything that was found is, for which of these resources, which are being looked at, nothing is written:
    /// whether groups lead to calls of ours is what `answers` says.
    pub(crate) fn begin(&mut self, due: &[usize], answers: impl Fn(&Leads) -> bool) {
        for at in due {
            if let Some(look) = self.looks.get_mut(*at) {
                look.in_vain = !answers(&look.leads);
            }
        }
    }

    /// Returns the resources that were looked at in vain, and to which a group leads by now that leads to calls of ours.
    pub(crate) fn to_repeat(&self, answers: impl Fn(&Leads) -> bool) -> impl Iterator<Item = usize> {
        let looks = self.looks.iter().enumerate();
        looks.filter(move |(_, look)| look.in_vain && answers(&look.leads)).map(|(at, _)| at)
    }

    /// Records what was found of a resource, and which others are responsible for it. Returns the places of those that are new.
    pub(crate) fn record(&mut self, at: usize, held: Option<Held>, next: Vec<Subject>) -> Vec<usize> {
        let Some(leads) = self.looks.get(at).map(|look| look.leads.clone()) else { return Vec::new() };
        let entered: Vec<(usize, bool)> = next.into_iter().map(|subject| self.enter(subject, &leads)).collect();
        if let Some(look) = self.looks.get_mut(at) {
            look.held = held;
            look.next = entered.iter().map(|(at, _)| *at).collect();
        }
        entered.into_iter().filter(|(_, is_new)| *is_new).map(|(at, _)| at).collect()
    }

    fn enter(&mut self, subject: Subject, leads: &Leads) -> (usize, bool) {
        let known = self.by_arn.get(&subject.arn).into_iter().flatten().copied().find(|at| {
            // An ARN need not name the region, and a call may name the wrong one: that keeps nobody from looking in the right one.
            let is_it = |it: &Look| it.subject.place == subject.place || !it.leads.is_disjoint(leads);
            self.looks.get(*at).is_some_and(is_it)
        });
        if let Some(at) = known {
            self.lead(at, leads);
            return (at, false);
        }
        let at = self.looks.len();
        self.by_arn.entry(subject.arn.clone()).or_default().push(at);
        self.looks.push(Look { subject, leads: leads.clone(), held: None, in_vain: false, next: Vec::new() });
        (at, true)
    }

    /// Adds groups that lead to a resource, and so to those that are responsible for it.
    fn lead(&mut self, at: usize, leads: &Leads) {
        let mut due = vec![at];
        while let Some(look) = due.pop().and_then(|at| self.looks.get_mut(at)) {
            if !leads.is_subset(&look.leads) {
                look.leads.extend(leads);
                due.extend(&look.next);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::bucket::Bucket;
    use crate::family::Family as _;
    use crate::model::{Place, Region};

    fn bucket(region: &str, name: &str) -> Subject {
        let region = Region::parse(region).expect("a region");
        Bucket::subject(Place { partition: "aws".into(), account: "111122223333".into(), region }, name)
    }

    fn leads(looks: &Looks) -> Vec<(String, Vec<usize>)> {
        looks.looks.iter().map(|it| (it.subject.id.clone(), it.leads.iter().copied().collect())).collect()
    }

    fn only(group: usize) -> Leads {
        Leads::from([group])
    }

    #[test]
    fn a_resource_is_looked_at_once_for_all_that_lead_to_it() {
        let mut looks = Looks::default();
        assert_eq!(looks.add(bucket("eu-west-1", "a"), &only(0)), Some(0));
        assert_eq!(looks.add(bucket("eu-west-1", "b"), &only(0)), Some(1));
        assert_eq!(looks.add(bucket("eu-west-1", "a"), &only(1)), None);
        assert_eq!(leads(&looks), [("a".to_owned(), vec![0, 1]), ("b".to_owned(), vec![0])]);
    }

    #[test]
    fn a_call_that_names_the_wrong_region_keeps_nobody_from_the_right_one() {
        let mut looks = Looks::default();
        assert_eq!(looks.add(bucket("us-east-1", "a"), &only(0)), Some(0));
        assert_eq!(looks.add(bucket("eu-west-1", "a"), &only(1)), Some(1));
        assert_eq!(looks.add(bucket("eu-west-2", "a"), &only(1)), None, "a list that has it twice");
    }

    #[test]
    fn what_was_looked_at_in_vain_is_due_again_once_somebody_leads_there_who_is_answered() {
        let (mut looks, answers) = (Looks::default(), |leads: &Leads| leads.contains(&1));
        looks.add(bucket("eu-west-1", "a"), &only(0));
        looks.add(bucket("eu-west-1", "b"), &only(1));
        looks.begin(&[0, 1], answers);
        looks.record(0, None, vec![]);
        assert_eq!(looks.to_repeat(answers).count(), 0);
        assert_eq!(looks.record(1, None, vec![bucket("eu-west-1", "a")]), Vec::<usize>::new());
        assert_eq!(looks.to_repeat(answers).collect::<Vec<_>>(), [0]);
        looks.begin(&[0], answers);
        assert_eq!(looks.to_repeat(answers).count(), 0);
    }

    #[test]
    fn whoever_leads_to_a_resource_leads_to_those_that_are_responsible_for_it() {
        let mut looks = Looks::default();
        looks.add(bucket("eu-west-1", "a"), &only(0));
        looks.add(bucket("eu-west-1", "target"), &only(1));
        looks.add(bucket("eu-west-1", "b"), &only(2));
        let next = || vec![bucket("eu-west-1", "target"), bucket("eu-west-1", "new")];
        assert_eq!(looks.record(0, Some(Held::Late), next()), [3]);
        assert_eq!(looks.record(3, None, vec![bucket("eu-west-1", "a")]), Vec::<usize>::new(), "a ring ends");
        assert_eq!(looks.record(2, None, vec![bucket("eu-west-1", "a")]), Vec::<usize>::new());
        let of = |name: &str, groups: &[usize]| (name.to_owned(), groups.to_vec());
        assert_eq!(leads(&looks), [of("a", &[0, 2]), of("target", &[0, 1, 2]), of("b", &[2]), of("new", &[0, 2])]);
    }
}
