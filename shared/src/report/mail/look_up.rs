//! How a person sees what else the caller did.

use super::names::ActorName;
use crate::model::{Command, OneLine};
use crate::report::{ControlResult, Report};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

/// Time before the event that is looked at.
const BEFORE: TimeDelta = TimeDelta::hours(1);

/// Returns the command that lists the caller's calls since shortly before the event, if a person or a role made it.
pub(super) fn calls(report: &Report, results: &[ControlResult]) -> String {
    let Some(command) = command(report, results) else { return String::new() };
    let who = report.event.actor.as_deref().map(|actor| ActorName(actor).whole()).unwrap_or_default();
    format!("To see what else {} did there:\n  {command}\n", OneLine::from(who))
}

fn command(report: &Report, results: &[ControlResult]) -> Option<Command> {
    let name = ActorName(report.event.actor.as_deref()?).user_name()?;
    let time: DateTime<Utc> = report.event.time.as_deref()?.parse().ok()?;
    let region = &results.first()?.region;
    let since = (time - BEFORE).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let by_name = json!([{ "AttributeKey": "Username", "AttributeValue": name }]);
    let command = Command::aws("cloudtrail", "lookup-events").region(region).with("StartTime", since);
    Some(command.with("LookupAttributes", by_name))
}
