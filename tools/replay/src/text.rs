//! Shows the report to people: tables of plain text, in which no name begins a line of its own.

mod table;
pub(crate) mod words;

use crate::chain::Validation;
use crate::report::{CallerWakes, Loss, ReplayReport, ReplayedFight, Side};
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use table::{columns, table};
use trailkeeper::model::sanitized;
use words::{count, lasting, minute, name, rest, start, thousands};

/// Number of days up to which each has a row of its own; beyond that there is one for each month.
const DAYS: usize = 31;

/// Number of rows of a list. JSON has all of them.
const ROWS: usize = 20;

/// Returns the report as text.
#[must_use]
pub fn text(report: &ReplayReport) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut text, report);
    text
}

fn write(text: &mut String, report: &ReplayReport) -> fmt::Result {
    read(text, report)?;
    wakes(text, report)?;
    callers(text, &report.callers)?;
    fights(text, &report.fights)?;
    losses(text, "Taken from the record", &report.losses)?;
    losses(text, "Tried, and failed", &report.tried)?;
    cost(text, report)?;
    proposal(text, report)?;
    if let Some(validation) = &report.validation {
        validated(text, validation)?;
    }
    missing(text, report)
}

fn read(text: &mut String, report: &ReplayReport) -> fmt::Result {
    let read = &report.read;
    let day = |time: &Option<String>| time.as_deref().and_then(|time| time.get(..10)).unwrap_or("?").to_owned();
    write!(text, "{} of {}", count(read.records, "record"), count(read.accounts.len() as u64, "account"))?;
    write!(text, " in {}", count(read.regions.len() as u64, "region"))?;
    writeln!(text, ", {} to {} ({:.0} days)", day(&read.first), day(&read.last), read.days)?;
    if read.copies > 0 {
        writeln!(text, "{} counted once: the same call was in another file", count(read.copies, "copy"))?;
    }
    let buckets = read.log_buckets.iter().take(ROWS).map(|name| sanitized(name)).collect::<Vec<_>>().join(", ");
    match read.log_buckets.len() {
        0 => writeln!(text, "No log bucket is named in these records: name them with --log-bucket")?,
        number => writeln!(text, "Log buckets: {buckets}{}", rest(number, ROWS))?,
    }
    report.limits.iter().try_for_each(|limit| writeln!(text, "Note: {limit}"))
}

fn wakes(text: &mut String, report: &ReplayReport) -> fmt::Result {
    writeln!(text, "\nHow often it would have been woken")?;
    if report.wakes.is_empty() {
        return writeln!(text, "  never: no call of these records is watched");
    }
    let rows = report.wakes.iter().map(|of| {
        let busiest = of.busiest.as_ref().map(|(day, wakes)| format!("{day} ({})", thousands(*wakes)));
        let day = format!("{:.1}", of.a_day);
        [of.function.to_owned(), thousands(of.woken), thousands(of.looks), day, busiest.unwrap_or_default()]
    });
    table(text, ["function", "woken", "looks", "a day", "busiest day"], rows.collect())?;
    by_time(text, report)
}

/// Writes wakes by day, or by month where there are many days.
fn by_time(text: &mut String, report: &ReplayReport) -> fmt::Result {
    let functions: Vec<&str> = report.wakes.iter().map(|of| of.function).collect();
    let (length, unit) = if report.days.len() > DAYS { (7, "month") } else { (10, "day") };
    let mut times: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for day in &report.days {
        let time = times.entry(day.day.get(..length).unwrap_or(&day.day)).or_default();
        day.woken.iter().for_each(|(function, wakes)| *time.entry(function).or_default() += wakes);
    }
    writeln!(text, "\n  by {unit}")?;
    let heads: Vec<String> = [unit].iter().chain(&functions).map(|head| (*head).to_owned()).collect();
    let rows = times.iter().map(|(time, woken)| {
        let cells = functions.iter().map(|function| woken.get(function).map_or(String::new(), |it| thousands(*it)));
        [(*time).to_owned()].into_iter().chain(cells).collect()
    });
    columns(text, &heads, &rows.collect::<Vec<Vec<String>>>())
}

fn callers(text: &mut String, callers: &[CallerWakes]) -> fmt::Result {
    if callers.is_empty() {
        return Ok(());
    }
    writeln!(text, "\nWho makes these calls")?;
    for CallerWakes { kind, calls, most, others } in callers {
        let named = most.iter().map(|(who, calls)| format!("{} ({})", name(who), thousands(*calls)));
        let more = if *others > 0 { format!(", and {others} more") } else { String::new() };
        let words = kind.words();
        writeln!(text, "  {words:<22}{:>9}  {}{more}", thousands(*calls), named.collect::<Vec<_>>().join(", "))?;
    }
    Ok(())
}

fn fights(text: &mut String, fights: &[ReplayedFight]) -> fmt::Result {
    writeln!(text, "\nWhat it would fight over")?;
    if fights.is_empty() {
        return writeln!(text, "  nothing: no control would be fixed three times or more on one resource");
    }
    for fight in fights.iter().take(ROWS) {
        let ReplayedFight { control, resource, account, region, times, by, against, first, last, .. } = fight;
        writeln!(text, "  would fight {control} on {}: {times} times", name(resource))?;
        writeln!(text, "    account {account}, {region}, {} to {}", minute(first), minute(last))?;
        writeln!(text, "    at most {} within a day; made wrong by {}", fight.most_in_a_day, sides(by))?;
        if !against.is_empty() {
            writeln!(text, "    made right by {}", sides(against))?;
        }
    }
    more(text, fights.len())
}

fn sides(sides: &[Side]) -> String {
    let shown = sides
        .iter()
        .take(3)
        .map(|side| format!("{} ({}, {})", name(&side.who), side.kind.words(), count(side.times, "time")));
    format!("{}{}", shown.collect::<Vec<_>>().join(", "), rest(sides.len(), 3))
}

/// Losses that are alike: of one resource, by one caller, with one call.
type Alike<'l> = Vec<(&'l Loss, Vec<&'l Loss>)>;

fn losses(text: &mut String, title: &str, losses: &[Loss]) -> fmt::Result {
    if losses.is_empty() && title.starts_with("Tried") {
        return Ok(());
    }
    writeln!(text, "\n{title}")?;
    let mut alike: Alike<'_> = Vec::new();
    let mut places: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for loss in losses.iter().filter(|loss| !loss.in_fight) {
        let place = places.entry((&loss.resource, loss.what, &loss.principal)).or_insert(alike.len());
        match alike.get_mut(*place) {
            Some((_, all)) => all.push(loss),
            None => alike.push((loss, vec![loss])),
        }
    }
    let in_fights = losses.iter().filter(|loss| loss.in_fight).count() as u64;
    if in_fights > 0 {
        writeln!(text, "  {} of the fights above, and besides:", count(in_fights, "call"))?;
    }
    if alike.is_empty() {
        return writeln!(text, "  nothing");
    }
    for (first, all) in alike.iter().take(ROWS) {
        let until = all.last().filter(|_| all.len() > 1).map(|last| format!(" to {}", minute(&last.at)));
        let (at, until, times) = (minute(&first.at), until.unwrap_or_default(), all.len());
        let often = if times > 1 { format!(", {times} times") } else { String::new() };
        writeln!(text, "  {at}{until}  {} on {}: {}{often}", first.call, name(&first.resource), first.what)?;
        let who = if times > 1 { &first.principal } else { &first.who };
        write!(text, "    by {}", sanitized(who))?;
        first.source_ip.iter().try_for_each(|ip| write!(text, " from {}", sanitized(ip)))?;
        first.user_agent.iter().try_for_each(|agent| write!(text, " with {}", start(agent)))?;
        writeln!(text, ", account {}, {}", first.account, sanitized(&first.region))?;
        ending(text, first, all)?;
    }
    more(text, alike.len())
}

fn ending(text: &mut String, first: &Loss, all: &[&Loss]) -> fmt::Result {
    if let Some(error) = &first.failed {
        return writeln!(text, "    it failed: {}", sanitized(error));
    }
    match (&first.ended, all.len()) {
        (Some(ended), 1) => {
            let (lasted, call) = (lasting(ended.seconds), sanitized(&ended.call));
            writeln!(text, "    for {lasted}, until {call} by {}", sanitized(&ended.who))
        }
        (None, 1) => writeln!(text, "    not set right in these records"),
        (_, number) => {
            let seconds = all.iter().filter_map(|loss| loss.ended.as_ref()).map(|ended| ended.seconds);
            let open = all.iter().filter(|loss| loss.ended.is_none()).count();
            write!(text, "    for {} in all", lasting(seconds.sum()))?;
            if open > 0 {
                write!(text, "; {open} of {number} not set right in these records")?;
            }
            writeln!(text)
        }
    }
}

fn cost(text: &mut String, report: &ReplayReport) -> fmt::Result {
    let cost = &report.cost;
    writeln!(text, "\nWhat it would cost")?;
    writeln!(
        text,
        "  {:.2} US dollars a month with {:.1} such calls a day, {:.2} without any; before any free tier (docs/costs.md)",
        cost.a_month, cost.events_a_day, cost.without_calls
    )
}

fn proposal(text: &mut String, report: &ReplayReport) -> fmt::Result {
    let proposal = &report.proposal;
    writeln!(text, "\nWhat follows")?;
    if proposal.commands.is_empty() {
        return writeln!(text, "  nothing that these records tell: begin in dry-run mode");
    }
    for (mode, list) in [("on", &proposal.enforce), ("dry-run", &proposal.dry_run), ("exempt", &proposal.exempt)] {
        list.iter().try_for_each(|it| writeln!(text, "  {mode:<8} {}: {}", it.what, it.because))?;
    }
    proposal.commands.iter().try_for_each(|command| writeln!(text, "  $ {command}"))?;
    if !proposal.exempt.is_empty() {
        writeln!(text, "  Exempt takes the place of the rules that are set: add those that are to stay")?;
    }
    Ok(())
}

fn validated(text: &mut String, found: &Validation) -> fmt::Result {
    writeln!(text, "\nValidation")?;
    found.said.iter().try_for_each(|said| writeln!(text, "  {said}"))?;
    for (names, what) in [
        (&found.changed_logs, "changed log file"),
        (&found.missing_names, "log file that was not read"),
        (&found.added_names, "log file that the digest files of its hour do not list"),
        (&found.twice, "name that is there twice, with other content"),
        (&found.unlisted_names, "log file of an hour without digest files"),
        (&found.changed_digests, "changed digest file"),
        (&found.missing_digests, "missing digest file"),
        (&found.forged, "digest file with a wrong signature"),
        (&found.restarts, "chain that begins anew"),
    ] {
        names.iter().take(ROWS).try_for_each(|name| writeln!(text, "  {what}: {}", sanitized(name)))?;
        more(text, names.len())?;
    }
    Ok(())
}

fn missing(text: &mut String, report: &ReplayReport) -> fmt::Result {
    let read = &report.read;
    let passed = read.passed_over.iter().map(|(kind, number)| format!("{number} {kind}")).collect::<Vec<_>>();
    let nothing = read.unread.is_empty() && read.unusable == 0 && read.left_out.is_empty() && read.outside == 0;
    if nothing && passed.is_empty() {
        return Ok(());
    }
    writeln!(text, "\nNot in this report")?;
    for unread in read.unread.iter().take(ROWS) {
        writeln!(text, "  {}: {}", sanitized(&unread.what), sanitized(&unread.because))?;
    }
    more(text, read.unread.len())?;
    if read.unusable > 0 {
        writeln!(text, "  {} that cannot be judged", count(read.unusable, "record"))?;
    }
    if read.outside > 0 {
        writeln!(text, "  {} outside of the time that was asked for", count(read.outside, "record"))?;
    }
    if !passed.is_empty() {
        writeln!(text, "  files without records of calls: {}", passed.join(", "))?;
    }
    read.left_out.iter().try_for_each(|what| writeln!(text, "  {}", sanitized(what)))
}

fn more(text: &mut String, number: usize) -> fmt::Result {
    if number > ROWS { writeln!(text, "  and {} more: --json has all", number - ROWS) } else { Ok(()) }
}
