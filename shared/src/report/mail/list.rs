//! List of results, of any families and regions of one account: the worst first, equal ones once.

use super::group::{Advice, Case, Group, StepCalls, groups};
use super::names::ResourceWord;
use super::undo::shown;
use super::{KnownControl, MailContext, is_unchecked, only_resource, upper};
use crate::ledger::Tool;
use crate::model::{Arn, OneLine, denied_actions};
use crate::report::{ControlResult, Status, StepReport, StepStatus};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Result, Write as _};

/// Maximum number of resources in a line.
const IN_LINE: usize = 10;

/// Maximum number of resources that are named of those that are told at once.
const NAMED: usize = 30;

/// Maximum number of commands that do by hand what Trailkeeper would have done.
const BY_HAND: usize = 12;

/// Size of a command, in bytes, up to which a list of several groups has it, and one of many.
const LONGEST: [usize; 2] = [2_000, 360];

/// Number of groups up to which they are several.
const SEVERAL: usize = 6;

/// Number of regions up to which each has its line.
const REGIONS: usize = 20;

/// What was told already, and is not told again.
#[derive(Debug, Default)]
struct ToldAbove {
    /// Errors and instructions.
    texts: BTreeSet<OneLine>,
    /// Calls by what they have in common with others.
    calls: BTreeMap<String, ToldCall>,
    /// Advice, with the name of the resource that it was for.
    advice: BTreeMap<String, String>,
    /// Commands.
    commands: BTreeSet<OneLine>,
    /// Whether this is the only group.
    is_single: bool,
    /// Whether all results are of the resource that the lines above the list name.
    is_named: bool,
    /// Size of a command, in bytes, up to which it is shown.
    longest: usize,
    /// Account of most resources; names are those of its own.
    account: String,
}

/// Call that was told.
#[derive(Debug, PartialEq)]
struct ToldCall {
    line: OneLine,
    regions: String,
    /// Name of the resource that it was told of.
    name: String,
}

impl ToldCall {
    fn of(call: &StepCalls<'_>, name: &str) -> Self {
        let regions = call.regions.iter().copied().collect::<Vec<_>>().join(", ");
        Self { line: call.line.clone(), regions, name: name.to_owned() }
    }

    /// Returns where a call like this one was told, and what is different of this one.
    fn place(&self, known: &Self, is_of_resource: bool) -> String {
        if (&self.line, &self.regions) == (&known.line, &known.regions) {
            return "once for all, as above".to_owned();
        }
        let of = if is_of_resource { format!(" for {}", known.name) } else { String::new() };
        let place = if self.regions == known.regions { String::new() } else { format!(", but in {}", self.regions) };
        format!("the same as above{of}{place}")
    }
}

/// Returns the results as a list; where all are of one resource, the lines above it name it. `is_new` says which were not told before; `role` is the role that read the account,
/// if it is one.
pub(super) fn list(
    results: &[ControlResult],
    is_new: &dyn Fn(&ControlResult) -> bool,
    role: Option<&str>,
    context: &MailContext<'_>,
) -> String {
    let mut text = String::new();
    let groups = groups(results);
    let [several, many] = LONGEST;
    let longest = match groups.len() {
        ..2 => usize::MAX,
        2..=SEVERAL => several,
        _ => many,
    };
    let mut told = ToldAbove {
        is_single: groups.len() == 1,
        is_named: only_resource(results).is_some(),
        longest,
        account: account(results),
        ..ToldAbove::default()
    };
    let section = |group: &Group<'_>| (group.status(), group.is_capped());
    let mut current = None;
    for group in &groups {
        if current != Some(section(group)) {
            if let Some((status, capped)) = current {
                let _ = ending(&mut text, status, capped, &told);
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
    if let Some((status, capped)) = current {
        let _ = ending(&mut text, status, capped, &told);
    }
    text
}

/// Returns the account of most results; that of none if their ARNs have none.
fn account(results: &[ControlResult]) -> String {
    let mut accounts: BTreeMap<&str, usize> = BTreeMap::new();
    for arn in results.iter().filter_map(|it| Arn::parse(&it.resource)).filter(|arn| !arn.account.is_empty()) {
        *accounts.entry(arn.account).or_default() += 1;
    }
    accounts.into_iter().max_by_key(|(_, count)| *count).map(|(account, _)| account.to_owned()).unwrap_or_default()
}

/// Writes what holds for all groups of a section: how it is done, by Trailkeeper or by hand.
fn ending(text: &mut String, status: Status, is_capped: bool, told: &ToldAbove) -> Result {
    if told.is_single || !matches!(status, Status::Failed | Status::Planned | Status::Fought) {
        return Ok(());
    }
    if status == Status::Planned && !is_capped {
        writeln!(text, "  To have Trailkeeper do any of it: make controls ON=CONTROL,...")?;
    }
    writeln!(
        text,
        "  By hand: trailkeeper fix CONTROL RESOURCE (or --all) shows the calls, asks and makes them; trailkeeper check --json \
         has each command."
    )
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

fn one(text: &mut String, group: &Group<'_>, told: &mut ToldAbove) -> Result {
    if !told.is_named {
        resources(text, group, told)?;
    }
    for said in group.said() {
        writeln!(text, "    {} ({}): {}", said.control, said.severity.as_str(), said.because)?;
    }
    let calls = group.calls();
    let name = first_name(group);
    for (status, label) in [
        (StepStatus::Failed, "Failed"),
        (StepStatus::Skipped, "Not made after that"),
        (StepStatus::Applied, "Made"),
        (StepStatus::Planned, "Would be made"),
    ] {
        let told_here = |call: &StepCalls<'_>| (call.kind.clone(), ToldCall::of(call, name));
        // The commands by hand say it, too.
        if status == StepStatus::Planned && !told.is_single && group.cases.len() == 1 && has_commands(group, told) {
            told.calls.extend(calls.iter().map(told_here));
            continue;
        }
        let mut above: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        let mut due: Vec<&StepCalls<'_>> = Vec::new();
        for call in calls.iter().filter(|call| call.status == status) {
            let known = told.calls.get(&call.kind).filter(|_| status == StepStatus::Planned && !told.is_single);
            match known.map(|known| ToldCall::of(call, name).place(known, call.is_of_resource)) {
                Some(place) => above.entry(OneLine::from(place).to_string()).or_default().push(call.action),
                None => due.push(call),
            }
        }
        let is_list = due.len() > 1 && !told.is_single;
        if is_list {
            writeln!(text, "    {label}:")?;
        }
        for call in due {
            told.calls.extend([told_here(call)]);
            let head = if is_list { "  ".to_owned() } else { format!("{label}: ") };
            let is_brief = status == StepStatus::Planned && !told.is_single;
            let action = if is_brief { String::new() } else { format!(" ({})", call.action) };
            writeln!(text, "    {head}{}{action}{}", call.line, call.times)?;
            let Some(error) = &call.error else { continue };
            if told.texts.insert(error.clone()) {
                writeln!(text, "      {error}")?;
            } else {
                writeln!(text, "      for the same reason")?;
            }
        }
        for (how, actions) in above {
            writeln!(text, "    {label}, {how}: {}", actions.join(", "))?;
        }
    }
    let changes: BTreeSet<String> = group.results().filter_map(|it| Some(it.change?.to_string())).collect();
    match changes.len() {
        0 => Ok(()),
        1 => writeln!(text, "    Change: {}", changes.into_iter().collect::<String>()),
        many => writeln!(text, "    Changes: {many}; `trailkeeper history` lists them"),
    }
}

/// Returns the name of the first resource of a group.
fn first_name<'a>(group: &Group<'a>) -> &'a str {
    let name = group.cases.first().map(|case| ResourceWord::of(case.resource).name.unwrap_or(case.resource));
    name.unwrap_or_default()
}

/// Writes the resources of a group: a single one by its ARN, one of many by its kind and name, several by their names,
/// region by region.
fn resources(text: &mut String, group: &Group<'_>, told: &ToldAbove) -> Result {
    if let [one] = group.cases.as_slice() {
        let arn = Arn::parse(one.resource).filter(|arn| !told.is_single && told.account == arn.account);
        let whole = ResourceWord::of(one.resource).whole();
        return match arn.map(|arn| arn.region) {
            None | Some("") => writeln!(text, "  {}", OneLine::from(one.resource)),
            Some(region) => writeln!(text, "  {}", OneLine::from(format!("{whole} in {region}"))),
        };
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
    told: &mut ToldAbove,
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
    if told.is_single && group.status() == Status::Planned && !group.is_capped() && !ids.is_empty() {
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
    let actions: BTreeSet<&str> = texts.into_iter().flat_map(denied_actions).collect();
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
fn advice(text: &mut String, group: &Group<'_>, told: &mut ToldAbove) -> Result {
    let said = group.said();
    let is_single = said.len() == 1;
    let mut all: Vec<(Vec<&str>, &Advice)> = Vec::new();
    for (control, advice) in said.iter().filter_map(|it| Some((it.control.as_str(), it.advice.as_ref()?))) {
        match all.iter_mut().find(|(_, known)| *known == advice) {
            Some((controls, _)) => controls.push(control),
            None => all.push((vec![control], advice)),
        }
    }
    let first = first_name(group);
    for (controls, advice) in all {
        let of = match controls.len() {
            _ if is_single => String::new(),
            many if many == said.len() => " (all of these)".to_owned(),
            _ => format!(" ({})", controls.join(", ")),
        };
        if let Some(other) = told.advice.get(&advice.kind) {
            writeln!(text, "    What to do{of}: {}", OneLine::from(format!("the same as above for {other}")))?;
            continue;
        }
        told.advice.insert(advice.kind.clone(), first.to_owned());
        let example = if advice.of_first { format!(", here of {first}") } else { String::new() };
        writeln!(text, "    What to do{}: {}", OneLine::from(format!("{of}{example}")), advice.text)?;
    }
    Ok(())
}

/// Returns the calls that were not made of the first resource of a group.
fn left<'a>(group: &Group<'a>) -> Vec<&'a StepReport> {
    let first = group.cases.first().into_iter().flat_map(Case::steps);
    first.filter(|step| step.status != StepStatus::Applied).collect()
}

/// Returns the commands that do by hand what was not done, those that were not told above.
fn commands<'a>(group: &Group<'a>, told: &ToldAbove) -> (Vec<OneLine>, Vec<&'a str>) {
    let line = |step: &StepReport| match &step.by_hand {
        Some(command) if command.len() <= told.longest => shown(command, None),
        Some(_) => {
            format!("# {} ({}): too long for this list, trailkeeper check --json has it", step.summary, step.action)
        }
        None => format!("# {} ({})", step.summary, step.action),
    };
    let (mut new, mut above) = (Vec::new(), Vec::new());
    for step in left(group).into_iter().take(BY_HAND) {
        let line = OneLine::from(line(step));
        if !told.is_single && told.commands.contains(&line) {
            above.push(step.action.as_str());
        } else {
            new.push(line);
        }
    }
    (new, above)
}

/// Returns whether a group has its commands: of several, the worst that needs some.
fn has_commands(group: &Group<'_>, told: &ToldAbove) -> bool {
    if !matches!(group.status(), Status::Failed | Status::Planned | Status::Fought) || left(group).is_empty() {
        return false;
    }
    told.is_single || told.commands.is_empty()
}

/// Writes the commands that do what was not done: for the first resource, where several are alike.
fn by_hand(text: &mut String, group: &Group<'_>, told: &mut ToldAbove) -> Result {
    if !has_commands(group, told) {
        return Ok(());
    }
    let (new, above) = commands(group, told);
    let whose = if group.cases.len() > 1 { ", for the first of them" } else { "" };
    writeln!(text, "    By hand{whose}:")?;
    if !above.is_empty() {
        writeln!(text, "      # as above: {}", above.join(", "))?;
    }
    for line in &new {
        writeln!(text, "      {line}")?;
    }
    if let Some(more) = left(group).len().checked_sub(BY_HAND).filter(|more| *more > 0) {
        writeln!(text, "      # and {more} more calls: the JSON report has them")?;
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
