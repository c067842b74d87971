//! List of results, of any families and regions of one account: the worst first, equal ones once.

use super::group::{Group, groups};
use super::names::ResourceWord;
use super::undo::shown;
use super::{KnownControl, MailContext, is_unchecked, upper};
use crate::ledger::Tool;
use crate::model::OneLine;
use crate::report::{ControlResult, Status, StepStatus};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Result, Write as _};

/// Maximum number of resources in a line.
const IN_LINE: usize = 10;

/// Maximum number of resources that are named of those that are told at once.
const NAMED: usize = 30;

/// Maximum number of commands that do by hand what Trailkeeper would have done.
const BY_HAND: usize = 12;

/// Returns the results as a list. `is_new` says which were not told before; `role` is the role that read the account,
/// if it is one.
#[must_use]
pub fn list(
    results: &[ControlResult],
    is_new: &dyn Fn(&ControlResult) -> bool,
    role: Option<&str>,
    context: &MailContext<'_>,
) -> String {
    let mut text = String::new();
    let (mut status, mut told) = (None, BTreeSet::new());
    for group in groups(results) {
        if status != Some(group.status()) {
            if status.is_some() {
                text.push('\n');
            }
            status = Some(group.status());
            let of_status = || results.iter().filter(|it| it.status == group.status());
            let (count, new) = (of_status().count(), of_status().filter(|it| is_new(it)).count());
            let new = if new > 0 { format!(", {new} new") } else { String::new() };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{} ({count}{new}){}:", upper(group.status()), meaning(&group));
        }
        let _ = one(&mut text, &group, &mut told);
        let _ = what_to_do(&mut text, &group, role, context, &mut told);
    }
    text
}

fn meaning(group: &Group<'_>) -> &'static str {
    match group.status() {
        Status::Failed if group.results().all(is_unchecked) => ", not checked",
        Status::Failed => ", still wrong",
        Status::Fought => ", still wrong, and no longer fixed",
        Status::Unknown => ", not checked",
        Status::Advised => ", for you to fix",
        Status::Planned if group.is_capped() => ", still wrong, left for later",
        Status::Planned => ", still wrong, as this was a dry run",
        Status::Fixed => ", read back as right",
        Status::Changed | Status::Compliant | Status::Exempt | Status::NotApplicable => "",
    }
}

fn one(text: &mut String, group: &Group<'_>, told: &mut BTreeSet<OneLine>) -> Result {
    resources(text, group)?;
    for said in group.said() {
        writeln!(text, "    {} ({}): {}", said.control, said.severity.as_str(), said.because)?;
    }
    let calls = group.calls();
    for (status, label) in [
        (StepStatus::Failed, "Failed"),
        (StepStatus::Skipped, "Not made after that"),
        (StepStatus::Applied, "Made"),
        (StepStatus::Planned, "Would be made"),
    ] {
        for call in calls.iter().filter(|call| call.status == status) {
            let times = if call.count > 1 { format!(", {} times", call.count) } else { String::new() };
            writeln!(text, "    {label}: {}{times}", call.line)?;
            let Some(error) = &call.error else { continue };
            if told.insert(error.clone()) {
                writeln!(text, "      {error}")?;
            } else {
                writeln!(text, "      for the same reason")?;
            }
        }
    }
    let changes: BTreeSet<String> = group.results().filter_map(|it| Some(it.change?.to_string())).collect();
    match changes.len() {
        0 => Ok(()),
        1 => writeln!(text, "    Change: {}", changes.into_iter().collect::<String>()),
        many => writeln!(text, "    Changes: {many}; `trailkeeper history` lists them"),
    }
}

/// Writes the resources of a group: one by its ARN, several by their names, region by region.
fn resources(text: &mut String, group: &Group<'_>) -> Result {
    if let [one] = group.cases.as_slice() {
        return writeln!(text, "  {}", OneLine::from(one.resource));
    }
    let mut regions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for case in &group.cases {
        regions.entry(case.region).or_default().push(ResourceWord::of(case.resource).name.unwrap_or(case.resource));
    }
    let single = regions.len() == 1;
    for (region, names) in regions {
        if !single {
            writeln!(text, "  {region}:")?;
        }
        for line in names.get(..names.len().min(NAMED)).unwrap_or_default().chunks(IN_LINE) {
            writeln!(text, "  {}", OneLine::from(line.join(", ")))?;
        }
        if let Some(more) = names.len().checked_sub(NAMED).filter(|more| *more > 0) {
            writeln!(text, "  and {more} more")?;
        }
    }
    Ok(())
}

/// Writes what a person can do about a group.
fn what_to_do(
    text: &mut String,
    group: &Group<'_>,
    role: Option<&str>,
    context: &MailContext<'_>,
    told: &mut BTreeSet<OneLine>,
) -> Result {
    let advice: BTreeSet<OneLine> = group.said().into_iter().filter_map(|said| said.advice).collect();
    for advice in advice {
        writeln!(text, "    What to do: {advice}")?;
    }
    let known: Vec<KnownControl> = group.results().filter_map(|it| (context.control)(&it.control)).collect();
    let family = known.first().map(|known| known.family);
    let denied = denied(group, role, family).map(OneLine::from);
    if let Some(denied) = denied.as_ref().filter(|it| told.insert((*it).clone())) {
        writeln!(text, "    What to do: {denied}")?;
    }
    if group.status() == Status::Failed && denied.is_none() {
        writeln!(text, "    What to do: look at the error, or wait: the next event and the next sweep try again.")?;
    }
    let ids: BTreeSet<&str> = known.iter().map(|known| known.about.id).collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    if group.status() == Status::Planned && !group.is_capped() && !ids.is_empty() {
        writeln!(text, "    To have Trailkeeper do it: make controls ON={}", ids.join(","))?;
    }
    if matches!(group.status(), Status::Failed | Status::Planned | Status::Fought) {
        by_hand(text, group)?;
    }
    if group.status() == Status::Fought {
        ending_it(text, group, &known)?;
    }
    Ok(())
}

/// Returns what to do about denied calls, if any were.
fn denied(group: &Group<'_>, role: Option<&str>, family: Option<&str>) -> Option<String> {
    if !matches!(group.status(), Status::Failed | Status::Unknown) {
        return None;
    }
    let errors = group.results().flat_map(|it| it.steps.iter().filter_map(|step| step.error.as_deref()));
    let texts: Vec<&str> = errors.chain(group.results().map(|it| &*it.because)).collect();
    let mut actions: BTreeSet<&str> = BTreeSet::new();
    for text in texts {
        for (at, _) in text.match_indices(" was denied (") {
            let action = text.get(..at).and_then(|before| before.rsplit(' ').next()).unwrap_or_default();
            if action.contains(':') {
                actions.insert(action);
            }
        }
    }
    let actions = (!actions.is_empty()).then(|| actions.into_iter().collect::<Vec<_>>().join(", "))?;
    let role = role.map_or("Trailkeeper's role in the account".to_owned(), |role| format!("role {role}"));
    let part = if group.status() == Status::Unknown { "observe" } else { "remediate" };
    let file =
        family.map(|family| format!(" (policies/{family}.{part}.json has all that it needs)")).unwrap_or_default();
    Some(format!(
        "allow {actions} to {role}{file}. If its policy allows that, look for a service control policy, a permissions \
         boundary, or the policy of the resource or of its key. The next sweep tries again."
    ))
}

/// Writes the commands that do what was not done: for the first resource, where several are alike.
fn by_hand(text: &mut String, group: &Group<'_>) -> Result {
    let Some(first) = group.cases.first() else { return Ok(()) };
    let left: Vec<_> = first.steps().filter(|step| step.status != StepStatus::Applied).collect();
    if left.is_empty() {
        return Ok(());
    }
    let whose = if group.cases.len() > 1 { ", for the first of them" } else { "" };
    writeln!(text, "    By hand{whose}:")?;
    for step in left.iter().take(BY_HAND) {
        match &step.by_hand {
            Some(command) => writeln!(text, "      {}", shown(command, None))?,
            None => writeln!(text, "      # {} ({})", step.summary, step.action)?,
        }
    }
    if let Some(more) = left.len().checked_sub(BY_HAND).filter(|more| *more > 0) {
        writeln!(text, "      # and {more} more calls: the JSON report has them")?;
    }
    Ok(())
}

/// Writes what ends a fight: the same change in the code of whoever keeps undoing it.
fn ending_it(text: &mut String, group: &Group<'_>, known: &[KnownControl]) -> Result {
    let tools: BTreeSet<bool> = group
        .results()
        .filter_map(|it| match it.hints.fight.as_ref()?.tool {
            Tool::Terraform => Some(true),
            Tool::CloudFormation => Some(false),
            Tool::Console | Tool::Cli | Tool::Other => None,
        })
        .collect();
    let only = tools.iter().next().filter(|_| tools.len() == 1).copied();
    let mut ids = BTreeSet::new();
    for about in known.iter().map(|known| known.about).filter(|about| ids.insert(about.id)) {
        let Some(permanent) = about.permanent else { continue };
        for (name, code, shows) in [
            ("Terraform", permanent.terraform, only != Some(false)),
            ("CloudFormation", permanent.cloudformation, only != Some(true)),
        ] {
            if shows {
                writeln!(text, "    To end it for {}, in {name} (capitals stand for what is yours):", about.id)?;
                for line in code.lines() {
                    writeln!(text, "{}", format!("      {line}").trim_end())?;
                }
            }
        }
    }
    Ok(())
}
