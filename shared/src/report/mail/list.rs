//! List of results, of any families and regions of one account: the worst first, equal ones once.

use super::group::{Advice, Group, StepCalls, groups};
use super::names::ResourceWord;
use super::undo::shown;
use super::{KnownControl, MailContext, is_unchecked, upper};
use crate::ledger::Tool;
use crate::model::OneLine;
use crate::report::{ControlResult, Status, StepReport, StepStatus};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Result, Write as _};

/// Maximum number of resources in a line.
const IN_LINE: usize = 10;

/// Maximum number of resources that are named of those that are told at once.
const NAMED: usize = 30;

/// Maximum number of commands that do by hand what Trailkeeper would have done.
const BY_HAND: usize = 12;

/// Number of bytes of such commands that a list of several groups has beside those of the worst.
const ROOM: usize = 3_000;

/// Size of a command of such a list, in bytes, up to which it is shown.
const LONGEST: usize = 1_500;

/// Number of regions up to which each has its line.
const REGIONS: usize = 20;

/// What was told already, and is not told again.
#[derive(Debug, Default)]
struct Told {
    /// Errors and instructions.
    texts: BTreeSet<OneLine>,
    /// Calls with their regions.
    calls: BTreeSet<String>,
    /// Advice, with the name of the resource that it was for.
    advice: BTreeMap<String, String>,
    /// Commands.
    commands: BTreeSet<OneLine>,
    /// Number of bytes of commands that are left.
    room: usize,
    /// Whether this is the only group.
    is_single: bool,
}

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
    let groups = groups(results);
    let mut told = Told { room: ROOM, is_single: groups.len() == 1, ..Told::default() };
    let section = |group: &Group<'_>| (group.status(), group.is_capped());
    let mut current = None;
    for group in &groups {
        if current != Some(section(group)) {
            if current.is_some() {
                text.push('\n');
            }
            current = Some(section(group));
            let of_section = groups.iter().filter(|it| section(it) == section(group));
            let of_section: Vec<_> = of_section.flat_map(Group::results).collect();
            let (count, new) = (of_section.len(), of_section.iter().filter(|it| is_new(it)).count());
            let new = if new > 0 { format!(", {new} new") } else { String::new() };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{} ({count}{new}){}:", upper(group.status()), meaning(group));
        }
        let _ = one(&mut text, group, &mut told);
        let _ = what_to_do(&mut text, group, role, context, &mut told);
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

fn one(text: &mut String, group: &Group<'_>, told: &mut Told) -> Result {
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
        let mut above: Vec<&str> = Vec::new();
        for call in calls.iter().filter(|call| call.status == status) {
            if status == StepStatus::Planned && !told.calls.insert(call_key(call)) {
                above.push(call.action);
                continue;
            }
            writeln!(text, "    {label}: {}{}", call.line, call.times)?;
            let Some(error) = &call.error else { continue };
            if told.texts.insert(error.clone()) {
                writeln!(text, "      {error}")?;
            } else {
                writeln!(text, "      for the same reason")?;
            }
        }
        if !above.is_empty() {
            writeln!(text, "    {label}, once, as told above: {}", above.join(", "))?;
        }
    }
    let changes: BTreeSet<String> = group.results().filter_map(|it| Some(it.change?.to_string())).collect();
    match changes.len() {
        0 => Ok(()),
        1 => writeln!(text, "    Change: {}", changes.into_iter().collect::<String>()),
        many => writeln!(text, "    Changes: {many}; `trailkeeper history` lists them"),
    }
}

/// Returns what tells a call from others.
fn call_key(call: &StepCalls<'_>) -> String {
    format!("{} {:?}", call.line, call.regions)
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
    let names: BTreeSet<&str> = regions.values().flatten().copied().collect();
    if let (Some(first), 1) = (group.cases.first(), names.len()) {
        // Each region has one of the same name.
        let (whole, all) = (ResourceWord::of(first.resource).whole(), regions.keys().copied().collect::<Vec<_>>());
        return writeln!(text, "  {}", OneLine::from(format!("{whole} in {} regions: {}", all.len(), all.join(", "))));
    }
    let (is_single, more_regions) = (regions.len() == 1, regions.len().saturating_sub(REGIONS));
    for (region, names) in regions.into_iter().take(REGIONS) {
        let mut head = if is_single { String::new() } else { format!("{region}: ") };
        for line in names.get(..names.len().min(NAMED)).unwrap_or_default().chunks(IN_LINE) {
            writeln!(text, "  {}", OneLine::from(format!("{head}{}", line.join(", "))))?;
            head = if is_single { String::new() } else { "  ".to_owned() };
        }
        if let Some(more) = names.len().checked_sub(NAMED).filter(|more| *more > 0) {
            writeln!(text, "  {head}and {more} more")?;
        }
    }
    if more_regions > 0 {
        writeln!(text, "  and those of {more_regions} more regions")?;
    }
    Ok(())
}

/// Writes what a person can do about a group.
fn what_to_do(
    text: &mut String,
    group: &Group<'_>,
    role: Option<&str>,
    context: &MailContext<'_>,
    told: &mut Told,
) -> Result {
    advice(text, group, told)?;
    let known: Vec<KnownControl> = group.results().filter_map(|it| (context.control)(&it.control)).collect();
    let family = known.first().map(|known| known.family);
    let denied = denied(group, role, family).map(OneLine::from);
    if let Some(denied) = denied.as_ref().filter(|it| told.texts.insert((*it).clone())) {
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
        by_hand(text, group, told)?;
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

/// Writes the advice on the controls of a group, on the most severe first. What was told of another resource is not told
/// again.
fn advice(text: &mut String, group: &Group<'_>, told: &mut Told) -> Result {
    let said = group.said();
    let is_single = said.len() == 1;
    let mut all: Vec<(Vec<&str>, &Advice)> = Vec::new();
    for (control, advice) in said.iter().filter_map(|it| Some((it.control.as_str(), it.advice.as_ref()?))) {
        match all.iter_mut().find(|(_, known)| *known == advice) {
            Some((controls, _)) => controls.push(control),
            None => all.push((vec![control], advice)),
        }
    }
    let first = group.cases.first().map(|case| ResourceWord::of(case.resource).name.unwrap_or(case.resource));
    let first = first.unwrap_or_default();
    for (controls, advice) in all {
        let of = if is_single && told.is_single { String::new() } else { format!(" ({})", controls.join(", ")) };
        if let Some(other) = told.advice.get(&advice.kind) {
            writeln!(text, "    What to do{of}: {}", OneLine::from(format!("as said of {other}")))?;
            continue;
        }
        told.advice.insert(advice.kind.clone(), first.to_owned());
        let example = if advice.of_first { format!(", here for {first}") } else { String::new() };
        writeln!(text, "    What to do{}: {}", OneLine::from(format!("{of}{example}")), advice.text)?;
    }
    Ok(())
}

/// Writes the commands that do what was not done: for the first resource, where several are alike. Of several groups, the
/// worst and some more have them.
fn by_hand(text: &mut String, group: &Group<'_>, told: &mut Told) -> Result {
    let Some(first) = group.cases.first() else { return Ok(()) };
    let left: Vec<&StepReport> = first.steps().filter(|step| step.status != StepStatus::Applied).collect();
    if left.is_empty() {
        return Ok(());
    }
    let several = group.cases.len() > 1;
    let line = |step: &StepReport| match &step.by_hand {
        Some(command) if told.is_single || command.len() <= LONGEST => shown(command, None),
        Some(_) => {
            format!("# {} ({}): too long for this list, the JSON report has the command", step.summary, step.action)
        }
        None => format!("# {} ({})", step.summary, step.action),
    };
    let lines: Vec<(OneLine, &StepReport)> = left.iter().take(BY_HAND).map(|step| (line(step).into(), *step)).collect();
    let is_new = |(line, _): &&(OneLine, &StepReport)| told.is_single || !told.commands.contains(line);
    let size: usize = lines.iter().filter(is_new).map(|(line, _)| line.len()).sum();
    if !told.is_single && !told.commands.is_empty() && size > told.room {
        let control = group.said().into_iter().next().map(|said| said.control).unwrap_or_default();
        let whole = if several { "--all" } else { first.resource };
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/@+=,".contains(c);
        let which = if whole.chars().all(plain) { whole } else { "--all" };
        return writeln!(
            text,
            "    By hand: {} calls, in the JSON report; or: trailkeeper fix {control} {which}",
            left.len()
        );
    }
    let whose = if several { ", for the first of them" } else { "" };
    writeln!(text, "    By hand{whose}:")?;
    let above: Vec<&str> = lines.iter().filter(|it| !is_new(it)).map(|(_, step)| step.action.as_str()).collect();
    if !above.is_empty() {
        writeln!(text, "      # as above: {}", above.join(", "))?;
    }
    let new: Vec<OneLine> = lines.iter().filter(is_new).map(|(line, _)| line.clone()).collect();
    for line in &new {
        writeln!(text, "      {line}")?;
    }
    if let Some(more) = left.len().checked_sub(BY_HAND).filter(|more| *more > 0) {
        writeln!(text, "      # and {more} more calls: the JSON report has them")?;
    }
    // The worst has its commands whatever their size.
    if !told.commands.is_empty() {
        told.room = told.room.saturating_sub(size);
    }
    told.commands.extend(new);
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
