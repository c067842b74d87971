//! Plan of taking a change back: what is done about each of its calls, from the last to the first. Pure.

use super::entry::{CallState, EntryStep, LedgerEntry, Outcome};
use super::standing::{Difference, Standing};
use crate::model::{Property, Seen, Undo};
use serde_json::Value;

/// What is done about one call of a change.
#[derive(Debug, Clone, PartialEq)]
pub enum Reversal {
    /// The property is given its earlier value, or taken away if it had none.
    Restore {
        /// The same for a person to run, if a command does it.
        shown: Undo,
    },
    /// There is nothing to do, for this reason.
    Nothing(String),
    /// AWS has no way back: the reason, and what to do instead.
    Stays(String),
    /// Something is in the way for now, such as what else uses the resource: the reason, and what to do after that.
    Waits(String),
    /// Somebody changed the property since.
    Refused(Vec<Difference>),
}

/// One call of a change with what is done about it.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedReversal<'a> {
    /// Call that is taken back.
    pub step: &'a EntryStep,
    /// What is done about it.
    pub reversal: Reversal,
}

/// What was read of a property for taking a call back.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PropertyReading {
    /// Present value, in the form in which the ledger keeps it.
    pub now: Seen<Value>,
    /// The property as AWS names it now, if the ledger could not know that name.
    pub found: Option<Property>,
    /// Why it cannot be taken away without harm, or given its earlier value, if so.
    pub hindrance: Option<String>,
}

/// Why a change cannot be taken back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotUndoable {
    /// It has been taken back already.
    #[error("change {id} was taken back on {at} by {by}, with change {change}")]
    Already {
        /// Id of the change.
        id: String,
        /// Time of that.
        at: String,
        /// Who did it.
        by: String,
        /// Id of the change that did it.
        change: String,
    },
    /// Trailkeeper took it back itself.
    #[error("change {0} did harm and was taken back by Trailkeeper itself: nothing of it is left")]
    TakenBack(String),
    /// It has only just begun.
    #[error("change {0} is being made right now: wait for its end")]
    Running(String),
    /// No call of it was made.
    #[error("change {0} made no call: there is nothing to take back")]
    Empty(String),
}

impl LedgerEntry {
    /// Returns the calls that may have been made, from the last to the first.
    ///
    /// # Errors
    /// Returns an error if there is nothing to take back; `running` says whether the change may still be going on.
    pub fn to_take_back(&self, running: bool) -> Result<Vec<&EntryStep>, NotUndoable> {
        if let Some(undone) = &self.undone {
            let (at, change) = (undone.at.format("%Y-%m-%d %H:%M UTC").to_string(), undone.change.to_string());
            return Err(NotUndoable::Already { id: self.id.to_string(), at, by: undone.by.clone(), change });
        }
        if self.outcome == Outcome::TakenBack {
            return Err(NotUndoable::TakenBack(self.id.to_string()));
        }
        if !self.is_over() && running {
            return Err(NotUndoable::Running(self.id.to_string()));
        }
        // Whether a call was made that was only meant, its property says.
        let made = |step: &&EntryStep| matches!(step.state, CallState::Applied | CallState::Meant);
        let steps: Vec<&EntryStep> = self.steps.iter().rev().filter(made).collect();
        if steps.is_empty() { Err(NotUndoable::Empty(self.id.to_string())) } else { Ok(steps) }
    }
}

/// Plans what is done about each call, given in the order of taking back, each with what was read of its property.
///
/// A property that was set twice is judged for the earlier call as the later one left it. What is part of something
/// that is taken away goes with it, and what is part of something that stays, stays.
#[must_use]
pub fn plan<'a>(steps: &[(&'a EntryStep, PropertyReading)]) -> Vec<PlannedReversal<'a>> {
    let mut planned: Vec<PlannedReversal<'a>> = Vec::new();
    let mut left: Vec<(&Property, Option<&Value>)> = Vec::new();
    for (step, reading) in steps {
        let step: &'a EntryStep = step;
        let later = left.iter().rev().find(|(property, _)| *property == &step.property).map(|(_, value)| *value);
        let now = later.unwrap_or_else(|| reading.now.present());
        let reversal = match step.standing(now) {
            Standing::Back => Reversal::Nothing("it is as it was before".to_owned()),
            // Whoever changed it since, it stays.
            standing => match (no_way_back(step), standing, &reading.hindrance) {
                (Some(words), ..) => Reversal::Stays(words),
                (None, Standing::Changed, _) => Reversal::Refused(step.differences(now)),
                (None, _, Some(hindrance)) => Reversal::Waits(waits(step, hindrance)),
                (None, _, None) => Reversal::Restore { shown: shown(step, reading.found.as_ref()) },
            },
        };
        if let Reversal::Restore { .. } | Reversal::Nothing(_) = &reversal {
            left.push((&step.property, step.before.as_ref()));
        }
        planned.push(PlannedReversal { step, reversal });
    }
    let wholes: Vec<(Property, Reversal)> =
        planned.iter().map(|it| (it.step.property.clone(), it.reversal.clone())).collect();
    for part in &mut planned {
        let whole = wholes.iter().find(|(whole, _)| is_part_of(&part.step.property, whole));
        match (whole, &part.reversal) {
            (Some((whole, Reversal::Stays(_))), Reversal::Restore { .. }) => {
                part.reversal = Reversal::Stays(format!("it belongs to {}, which stays", name_of(whole)));
            }
            (Some((whole, Reversal::Waits(_))), Reversal::Restore { .. }) => {
                part.reversal = Reversal::Waits(format!("it belongs to {}, which stays for now", name_of(whole)));
            }
            // IAM deletes no role that still has a policy.
            (Some((whole, Reversal::Restore { .. })), Reversal::Restore { .. })
                if !matches!(part.step.property, Property::RolePolicy { .. }) =>
            {
                part.reversal = Reversal::Nothing(format!("it goes with {}", name_of(whole)));
            }
            _ => {}
        }
    }
    planned
}

/// Returns what AWS has no way back for, and what to do instead; `None` if there is one.
fn no_way_back(step: &EntryStep) -> Option<String> {
    let whole = matches!(
        step.property,
        Property::Bucket { .. }
            | Property::ConfigRecorder { .. }
            | Property::Key { .. }
            | Property::KeyAlias { .. }
            | Property::LogGroup { .. }
            | Property::Queue { .. }
            | Property::Role { .. }
            | Property::ServiceLinkedRole { .. }
            | Property::Subscription { .. }
            | Property::Topic { .. }
            | Property::Trail { .. }
    );
    match (&step.property, &step.before) {
        (property, Some(_)) if whole => Some(format!(
            "{} was taken away, and AWS does not bring it back: Trailkeeper makes a new one once something needs it",
            name_of(property)
        )),
        (property @ Property::Key { .. }, None) => Some(property.restore(None).to_string()),
        (Property::KeyPolicy { .. } | Property::RoleTrust { .. } | Property::TopicPolicy { .. }, None) => {
            Some("it always has a policy, and the earlier one is not known".to_owned())
        }
        _ => None,
    }
}

fn waits(step: &EntryStep, hindrance: &str) -> String {
    match step.property.restore(step.before.as_ref()) {
        Undo::Command { command, .. } => format!("{hindrance}. Once that is no longer so: {command}"),
        Undo::Words(words) => format!("{hindrance}. Once that is no longer so, {words}"),
    }
}

fn shown(step: &EntryStep, found: Option<&Property>) -> Undo {
    found.unwrap_or(&step.property).restore(step.before.as_ref())
}

/// Returns whether a property is a part of a resource that the ledger knows as a whole.
#[must_use]
pub fn is_part_of(part: &Property, whole: &Property) -> bool {
    let of_key =
        |key: &str, alias: &str| key.split_once(":alias/").is_some_and(|(_, name)| alias == format!("alias/{name}"));
    match (whole, part) {
        (
            Property::Bucket { bucket: whole },
            Property::BucketEncryption { bucket }
            | Property::BucketLifecycle { bucket }
            | Property::BucketLogging { bucket }
            | Property::BucketNotifications { bucket }
            | Property::BucketPolicy { bucket }
            | Property::BucketPublicAccessBlock { bucket },
        ) => whole == bucket,
        (Property::Alarm { region, name }, Property::AlarmActions { region: place, name: same })
        | (
            Property::LogGroup { region, name },
            Property::LogGroupRetention { region: place, name: same }
            | Property::MetricFilter { region: place, group: same, .. },
        ) => region == place && name == same,
        (Property::Key { region, alias }, Property::KeyAlias { region: place, alias: same }) => {
            region == place && alias == same
        }
        (Property::Key { region, alias }, Property::KeyRotation { region: place, key }) => {
            region == place && of_key(key, alias)
        }
        (Property::Key { alias, .. }, Property::KeyPolicy { key }) => of_key(key, alias),
        (Property::Queue { url, .. }, Property::QueuePolicy { url: same, .. }) => url == same,
        (
            Property::Role { role: whole },
            Property::RoleBoundary { role } | Property::RolePolicy { role, .. } | Property::RoleTrust { role },
        ) => whole == role,
        (Property::Topic { arn: whole }, Property::TopicKey { arn } | Property::TopicPolicy { arn })
        | (
            Property::Trail { arn: whole },
            Property::TrailLogging { arn } | Property::TrailSelectors { arn } | Property::TrailSettings { arn },
        ) => whole == arn,
        _ => false,
    }
}

/// Returns the name of a resource for people.
fn name_of(property: &Property) -> String {
    match property {
        Property::Alarm { name, .. } => format!("alarm {name}"),
        Property::Bucket { bucket } => format!("bucket {bucket}"),
        Property::ConfigRecorder { name, .. } => format!("recorder {name}"),
        Property::Key { alias, .. } | Property::KeyAlias { alias, .. } => format!("the KMS key of {alias}"),
        Property::LogGroup { name, .. } => format!("log group {name}"),
        Property::Queue { url, .. } => format!("queue {url}"),
        Property::Role { role } | Property::ServiceLinkedRole { role } => format!("role {role}"),
        Property::Subscription { endpoint, .. } => format!("the subscription of {endpoint}"),
        Property::Topic { arn } => format!("topic {arn}"),
        Property::Trail { arn } => format!("trail {arn}"),
        _ => "it".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Region;
    use serde_json::json;

    fn step(property: Property, before: Option<Value>, after: Value) -> EntryStep {
        let (action, summary, state) = ("x:Y".into(), "do it".into(), CallState::Applied);
        EntryStep { action, summary, before, text: None, after, property, state }
    }

    fn read(now: Option<Value>) -> PropertyReading {
        PropertyReading { now: now.map_or(Seen::Absent, Seen::Present), ..PropertyReading::default() }
    }

    fn bucket() -> String {
        "b".to_owned()
    }

    fn policy(action: &str) -> Value {
        json!({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*"}]})
    }

    #[test]
    fn a_property_that_was_set_twice_goes_back_twice() {
        let property = || Property::BucketPolicy { bucket: bucket() };
        let first = step(property(), None, policy("s3:One"));
        let second = step(property(), Some(policy("s3:One")), policy("s3:Two"));
        let now = || read(Some(policy("s3:Two")));
        let planned = plan(&[(&second, now()), (&first, now())]);
        assert!(planned.iter().all(|it| matches!(it.reversal, Reversal::Restore { .. })), "{planned:?}");
        let other = || read(Some(policy("s3:Three")));
        let planned = plan(&[(&second, other()), (&first, other())]);
        assert!(planned.iter().all(|it| matches!(it.reversal, Reversal::Refused(_))), "{planned:?}");
    }

    #[test]
    fn parts_go_with_the_whole_and_stay_with_it() {
        let made = step(Property::Bucket { bucket: bucket() }, None, json!({"Bucket": "b"}));
        let part = step(Property::BucketPolicy { bucket: bucket() }, None, policy("s3:*"));
        let there = || read(Some(json!({"Bucket": "b"})));
        let of_part = || read(Some(policy("s3:*")));
        let planned = plan(&[(&part, of_part()), (&made, there())]);
        assert!(
            matches!(planned.first().map(|it| &it.reversal), Some(Reversal::Nothing(why)) if why.contains("bucket b"))
        );
        assert!(matches!(planned.last().map(|it| &it.reversal), Some(Reversal::Restore { .. })));
        let full = PropertyReading { hindrance: Some("it holds files".into()), ..there() };
        let planned = plan(&[(&part, of_part()), (&made, full)]);
        for it in &planned {
            assert!(matches!(&it.reversal, Reversal::Waits(_)), "{it:?}");
        }
    }

    #[test]
    fn the_policies_of_a_role_are_deleted_before_it() {
        let made = step(Property::Role { role: "r".into() }, None, json!({"Arn": "r"}));
        let part = step(Property::RolePolicy { role: "r".into(), policy: "p".into() }, None, policy("s3:*"));
        let planned = plan(&[(&part, read(Some(policy("s3:*")))), (&made, read(Some(json!({"Arn": "r"}))))]);
        assert!(planned.iter().all(|it| matches!(it.reversal, Reversal::Restore { .. })), "{planned:?}");
    }

    #[test]
    fn a_key_stays_with_its_alias() {
        let (region, alias) = (Region::first(), "alias/trailkeeper".to_owned());
        let policy = json!({"Statement": []});
        let key = step(Property::Key { region: region.clone(), alias: alias.clone() }, None, policy);
        let name = step(Property::KeyAlias { region, alias }, None, json!({"AliasName": "alias/trailkeeper"}));
        let there = || read(Some(json!({"AliasName": "alias/trailkeeper"})));
        for it in plan(&[(&name, there()), (&key, there())]) {
            assert!(matches!(&it.reversal, Reversal::Stays(_)), "{it:?}");
        }
    }

    #[test]
    fn what_is_back_already_needs_nothing() {
        let off = step(
            Property::TrailLogging { arn: "arn:aws:cloudtrail:us-east-1:1:trail/t".into() },
            Some(json!({"IsLogging": false})),
            json!({"IsLogging": true}),
        );
        let planned = plan(&[(&off, read(Some(json!({"IsLogging": false}))))]);
        assert!(matches!(planned.first().map(|it| &it.reversal), Some(Reversal::Nothing(_))), "{planned:?}");
        let planned = plan(&[(&off, read(Some(json!({"IsLogging": true}))))]);
        let Some(Reversal::Restore { shown }) = planned.first().map(|it| &it.reversal) else { panic!("{planned:?}") };
        assert!(shown.to_string().starts_with("aws cloudtrail stop-logging --region us-east-1"), "{shown}");
    }
}
