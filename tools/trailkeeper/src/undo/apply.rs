//! Makes the calls, proves each, and keeps all of it in the ledger.

use super::survey::Survey;
use super::{CAUSE, Job};
use crate::problem::Problem;
use chrono::Utc;
use std::time::Duration;
use tokio::time::sleep;
use trailkeeper::event::Origin;
use trailkeeper::ledger::{
    CallLeft, CallState, ChangeId, EntryStep, LedgerEntry, Outcome, PlannedReversal, Reversal, Standing, Undone,
    UndoneInPart,
};
use trailkeeper::model::{OneLine, Property};
use trailkeeper::reconcile::ports::Ledger;
use trailkeeper::undo::aws::action;

/// How often the entry of the change is read anew to mark it.
const MARKS: usize = 5;

/// Delays between reads until what was written shows.
const DELAYS: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// Takes back what is due, in its order, and keeps that as a change of its own.
/// Returns the id of that change. `tell` tells the person what is done.
pub(super) async fn run(
    job: &Job<'_>,
    survey: &Survey,
    planned: &[PlannedReversal<'_>],
    tell: &impl Fn(&str) -> Result<(), Problem>,
) -> Result<ChangeId, Problem> {
    let due: Vec<&EntryStep> =
        planned.iter().filter(|it| matches!(it.reversal, Reversal::Restore { .. })).map(|it| it.step).collect();
    let mut change = meant(job, survey, &due);
    keep(job, &mut change).await?;
    let mut end = Ok(());
    for (step, own) in due.iter().zip(0..) {
        let done = one(job, step).await;
        if let Some(own) = change.steps.get_mut(own) {
            own.state = match &done {
                Ok(_) => CallState::Applied,
                Err(problem) => CallState::Failed(problem.to_string()),
            };
            if let Ok(Some(found)) = &done {
                own.property = found.clone();
            }
        }
        match done {
            Ok(_) => tell(&format!("Taken back: {}\n", OneLine::from(step.summary.as_str())))?,
            Err(problem) => {
                end = Err(problem);
                break;
            }
        }
    }
    for step in change.steps.iter_mut().filter(|step| step.state == CallState::Meant) {
        step.state = CallState::Skipped;
    }
    change.outcome = if end.is_ok() { Outcome::Fixed } else { Outcome::Failed };
    change.ended = Some(Utc::now());
    keep(job, &mut change).await?;
    let waits = planned.iter().any(|it| matches!(it.reversal, Reversal::Waits(_)));
    let marked = if end.is_ok() && !waits {
        mark(job, &change).await
    } else if change.steps.iter().any(|step| step.state == CallState::Applied) {
        // What is left is taken back by running it again.
        mark_part(job, &change, left(planned, &due, &change)).await
    } else {
        Ok(())
    };
    if end.is_ok() {
        marked?;
        let stays = planned.iter().filter(|it| matches!(it.reversal, Reversal::Stays(_) | Reversal::Waits(_))).count();
        let but = if stays == 0 { String::new() } else { format!(", but for what stays ({stays}): see above") };
        let again = if waits { " Run it again once nothing is in the way." } else { "" };
        tell(&format!("Change {} is taken back{but}. That is change {}.{again}\n", job.entry.id, change.id))?;
    }
    end.map(|()| change.id)
}

/// Takes one call back and reads the old state. Returns the property as it was found.
async fn one(job: &Job<'_>, step: &EntryStep) -> Result<Option<Property>, Problem> {
    let reading = Survey::read(job, step).await?;
    match step.standing(reading.now.present()) {
        Standing::Back => return Ok(reading.found),
        Standing::Written => {}
        Standing::Changed => {
            return Err(Problem::refused(format!(
                "somebody changed it in the meantime, so it is left: {}",
                step.summary
            )));
        }
    }
    let property = reading.found.as_ref().unwrap_or(&step.property);
    let set = job.properties.set(property, step.former().as_ref()).await;
    set.map_err(|error| job.problem(&error))?;
    for delay in DELAYS {
        if step.is_proven(Survey::read(job, step).await?.now.present()) {
            return Ok(reading.found);
        }
        sleep(delay).await;
    }
    let summary = &step.summary;
    Err(Problem::refused(format!("the call was made, but the old state does not show yet: {summary}. Run it again")))
}

/// Returns the change that takes these calls back, before the first of them.
fn meant(job: &Job<'_>, survey: &Survey, due: &[&EntryStep]) -> LedgerEntry {
    let steps = due.iter().map(|step| {
        let mut before = step.after.clone();
        if let (Property::FlowLog { .. }, Some(now)) = (&step.property, survey.now(step)) {
            // It comes back only with what the call that made it left to AWS.
            before = now.clone();
            if let Some(members) = before.as_object_mut() {
                members.retain(|name, _| !["FlowLogId", "ResourceId"].contains(&name.as_str()));
            }
        }
        let before = Some(before).filter(|it| !it.is_null());
        EntryStep {
            action: action(&step.property, step.before.as_ref()),
            summary: format!("take back: {}", step.summary),
            text: before.as_ref().and_then(|value| job.properties.text(&step.property, value)),
            before,
            after: step.before.clone().unwrap_or_default(),
            property: step.property.clone(),
            state: CallState::Meant,
        }
    });
    let cause = Origin {
        id: Some(job.entry.id.to_string()),
        name: CAUSE.to_owned(),
        time: Some(Utc::now().to_rfc3339()),
        actor: Some(job.person.arn.clone()),
        source_ip: None,
        user_agent: Some(concat!("trailkeeper/", env!("CARGO_PKG_VERSION")).to_owned()),
    };
    LedgerEntry {
        id: job.changes.ledger.id(),
        cause,
        findings: Vec::new(),
        steps: steps.collect(),
        outcome: Outcome::Meant,
        wrong_since: None,
        ended: None,
        undone: None,
        undone_in_part: Vec::new(),
        telling: None,
        told: None,
        version: 0,
        ..job.entry.clone()
    }
}

/// Returns the calls of the change that are left as they are, from the last to the first.
fn left(planned: &[PlannedReversal<'_>], due: &[&EntryStep], change: &LedgerEntry) -> Vec<CallLeft> {
    let of = |PlannedReversal { step, reversal }: &PlannedReversal<'_>| {
        let because = match reversal {
            Reversal::Stays(why) | Reversal::Waits(why) => why.clone(),
            Reversal::Restore { .. } => {
                let own = due.iter().position(|it| it == step)?;
                match &change.steps.get(own)?.state {
                    CallState::Failed(error) => error.clone(),
                    CallState::Skipped => "it was not tried after one that failed".to_owned(),
                    CallState::Applied | CallState::Meant => return None,
                }
            }
            Reversal::Nothing(_) | Reversal::Refused(_) => return None,
        };
        Some(CallLeft { summary: step.summary.as_str().into(), because: because.into() })
    };
    planned.iter().filter_map(of).collect()
}

/// Records with the change that it was taken back by another one.
async fn mark(job: &Job<'_>, change: &LedgerEntry) -> Result<(), Problem> {
    let undone = Undone { by: job.person.arn.clone(), at: Utc::now(), change: change.id };
    write(job, |entry| {
        let ended = entry.ended.or(change.ended);
        LedgerEntry { undone: Some(undone.clone()), ended, ..entry }
    })
    .await
}

/// Records with the change that another one took a part of it back, and what is left.
async fn mark_part(job: &Job<'_>, change: &LedgerEntry, left: Vec<CallLeft>) -> Result<(), Problem> {
    let part = UndoneInPart { by: job.person.arn.as_str().into(), at: Utc::now(), change: change.id, left };
    write(job, |mut entry| {
        entry.undone_in_part.push(part.clone());
        entry
    })
    .await
}

/// Writes the entry of the change anew, whatever else was written of it since it was read.
async fn write(job: &Job<'_>, marked: impl Fn(LedgerEntry) -> LedgerEntry) -> Result<(), Problem> {
    let mut entry = job.entry.clone();
    for _ in 0..MARKS {
        match job.changes.ledger.replace(&marked(entry)).await {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(error) => return Err(job.changes.unreadable(&error).await),
        }
        entry = job.changes.entry(job.entry.id).await?;
        if let Some(undone) = &entry.undone {
            return Err(Problem::refused(format!(
                "it is taken back, but somebody else took it back at the same time, with change {}: see both",
                undone.change
            )));
        }
    }
    Err(Problem::refused("it is taken back, but others write its entry again and again, so the ledger does not say so"))
}

async fn keep(job: &Job<'_>, change: &mut LedgerEntry) -> Result<(), Problem> {
    match job.changes.ledger.keep(change).await {
        Ok(()) => Ok(()),
        Err(error) => Err(job.changes.unreadable(&error).await),
    }
}
