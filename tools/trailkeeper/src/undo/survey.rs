//! Reads everything that the plan of taking a change back depends on.

use super::Job;
use crate::problem::Problem;
use serde_json::Value;
use trailkeeper::ledger::{EntryStep, PlannedReversal, PropertyReading, plan};
use trailkeeper::model::{Property, Seen, Unread};

/// Calls in the order of taking them back, each with what was read of its property.
#[derive(Debug)]
pub(super) struct Survey(Vec<(EntryStep, PropertyReading)>);

impl Survey {
    /// Reads the properties that these calls set.
    pub(super) async fn of(job: &Job<'_>, steps: &[&EntryStep]) -> Result<Self, Problem> {
        let mut found = Vec::new();
        for step in steps {
            let settled = job.properties.settled(step).await.map_err(|error| job.problem(&error))?;
            let reading = Self::read(job, &settled).await?;
            found.push((settled, reading));
        }
        // What the same change has made goes: it is not what the change had deleted, however alike they are.
        let made: Vec<Value> = found.iter().filter(|(step, _)| !step.after.is_null()).filter_map(flow_log).collect();
        for it in found.iter_mut().filter(|(step, _)| step.after.is_null()) {
            if flow_log(it).is_some_and(|id| made.contains(&id)) {
                (it.1.now, it.1.found) = (Seen::Absent, None);
            }
        }
        let property = |(step, reading): &(EntryStep, PropertyReading)| {
            let found: Property = reading.found.clone().unwrap_or_else(|| step.property.clone());
            found
        };
        let going: Vec<Property> = found.iter().map(property).collect();
        for (step, reading) in &mut found {
            if reading.now.present().is_some() || step.before.is_some() {
                let hindrance = Box::pin(job.properties.hindrance(job.aws, step, reading.now.present(), &going)).await;
                // What may still be needed stays.
                reading.hindrance =
                    hindrance.unwrap_or_else(|error| Some(format!("whether it is needed could not be read: {error}")));
            }
        }
        Ok(Self(found))
    }

    /// Reads the property that a call set. What may not be read is not taken back.
    pub(super) async fn read(job: &Job<'_>, step: &EntryStep) -> Result<PropertyReading, Problem> {
        let reading = job.properties.read(step).await.map_err(|error| job.problem(&error))?;
        match reading.now.known() {
            Ok(_) => Ok(reading),
            Err(Unread::Denied(action)) => Err(Problem::refused(format!(
                "nothing more was taken back: {action} was denied in account {}, region {}: allow it to {}",
                job.entry.account, job.entry.region, job.person.arn
            ))),
            Err(Unread::NotAsked) => {
                Err(Problem::refused(format!("nothing more was taken back: {} could not be read", step.summary)))
            }
        }
    }

    /// Returns the present value of the property that a call set.
    pub(super) fn now(&self, step: &EntryStep) -> Option<&Value> {
        self.0.iter().find(|(it, _)| it == step)?.1.now.present()
    }

    /// Plans what is done about each call.
    pub(super) fn plan(&self) -> Vec<PlannedReversal<'_>> {
        let steps: Vec<(&EntryStep, PropertyReading)> = self.0.iter().map(|(step, it)| (step, it.clone())).collect();
        plan(&steps)
    }
}

/// Returns the id of the flow log that was read for a call.
fn flow_log((step, reading): &(EntryStep, PropertyReading)) -> Option<Value> {
    let is_one = matches!(step.property, Property::FlowLog { .. });
    is_one.then(|| reading.now.present()?.get("FlowLogId").cloned()).flatten()
}
