//! The report for a terminal.

use crate::intake::plural;
use crate::person::{about, name};
use crate::standing::{SEVERITIES, Standing, clock};
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};
use console::{Style, Term};
use indicatif::HumanCount;
use std::io::{self, Write};
use trailkeeper::access::told::{BucketReport, Finding, Times};
use trailkeeper::model::Severity;

/// Writes findings, the worst first; then what could not be read, and the totals.
pub(crate) fn write(out: &mut impl Write, standing: &Standing<'_>) -> io::Result<()> {
    let findings = standing.findings();
    for severity in SEVERITIES {
        let alike: Vec<_> = findings.iter().filter(|(_, finding)| finding.severity == severity).collect();
        if !alike.is_empty() {
            writeln!(out, "{}", colour(severity).apply_to(severity.as_str().to_uppercase()))?;
            let mut table =
                table(&["who", "bucket", "found", "did", "requests", "refused", "first, last (UTC)", "from"]);
            for (bucket, finding) in alike {
                table.add_row(row(bucket, finding));
            }
            writeln!(out, "{table}\n")?;
        }
    }
    rest(out, standing)?;
    faults(out, standing)?;
    totals(out, standing)
}

fn table(heads: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(heads);
    // What goes into a file or a pipe is not wrapped.
    match Term::stdout().size_checked() {
        Some((_, width)) => table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    table
}

fn row(bucket: &BucketReport, finding: &Finding) -> Vec<Cell> {
    let Finding { kind, operations, who, times, addresses, .. } = finding;
    let top = addresses.top.first().map_or("-", |share| share.value.as_str());
    let more = if addresses.top.len() > 1 || addresses.others > 0 { " and others" } else { "" };
    let mut cells = vec![
        Cell::new(format!("{}\n{}", name(who), about(who))),
        Cell::new(&bucket.bucket),
        Cell::new(kind.as_str()),
        Cell::new(operations.as_str()),
    ];
    cells.extend(counts(times));
    cells.push(Cell::new(format!("{top}{more}")));
    cells
}

fn counts(times: &Times) -> [Cell; 3] {
    let number = |count| Cell::new(HumanCount(count)).set_alignment(CellAlignment::Right);
    let when = match (times.first, times.last) {
        (Some(first), Some(last)) if first != last => format!("{}\n{}", clock(first), clock(last)),
        (first, _) => first.map_or_else(|| "-".to_owned(), clock),
    };
    [number(times.count), number(times.refused), Cell::new(when)]
}

fn rest(out: &mut impl Write, standing: &Standing<'_>) -> io::Result<()> {
    let mut all = table(&["severity", "bucket", "found", "did", "requests", "refused", "first, last (UTC)"]);
    for (bucket, rest, severity) in standing.rests() {
        let words = [severity.as_str(), &bucket.bucket, rest.kind.as_str(), rest.operations.as_str()];
        all.add_row(words.map(Cell::new).into_iter().chain(counts(&rest.times)));
    }
    if all.is_empty() {
        return Ok(());
    }
    writeln!(out, "OF MORE REQUESTERS THAN ARE KEPT APART\n{all}\n")
}

fn faults(out: &mut impl Write, standing: &Standing<'_>) -> io::Result<()> {
    let report = standing.report;
    if report.malformed == 0 {
        return Ok(());
    }
    let mut all = table(&["file", "line", "byte", "problem"]);
    for fault in &report.faults {
        let number = |count| Cell::new(count).set_alignment(CellAlignment::Right);
        all.add_row([Cell::new(&fault.file), number(fault.line), number(fault.offset), Cell::new(&fault.problem)]);
    }
    let more = report.malformed.saturating_sub(report.faults.len() as u64);
    let more = if more > 0 { format!(", the first {}", report.faults.len()) } else { String::new() };
    writeln!(out, "LINES THAT COULD NOT BE UNDERSTOOD ({}{more})\n{all}\n", HumanCount(report.malformed))
}

fn totals(out: &mut impl Write, standing: &Standing<'_>) -> io::Result<()> {
    let report = standing.report;
    let mut all = table(&["bucket", "requests", "with findings"]);
    let mut sums = (0, 0);
    for bucket in &report.buckets {
        sums = (sums.0 + bucket.requests, sums.1 + bucket.flagged);
        all.add_row(total(&bucket.bucket, bucket.requests, bucket.flagged));
    }
    if report.elsewhere > 0 {
        sums.0 += report.elsewhere;
        all.add_row(total("(not watched)", report.elsewhere, 0));
    }
    all.add_row(total("all", sums.0, sums.1));
    writeln!(out, "{all}")?;
    if let Some((from, to)) = standing.period() {
        writeln!(out, "Requests from {} to {} (UTC)", clock(from), clock(to))?;
    }
    let (lines, blank, malformed) = (HumanCount(report.lines), HumanCount(report.blank), HumanCount(report.malformed));
    writeln!(out, "{lines} lines, of which {blank} blank and {malformed} malformed")?;
    let incomplete = standing.intake.unreadable > 0;
    match standing.worst() {
        Some(worst) => {
            let findings = plural(report.findings().count() as u64, "finding");
            writeln!(out, "{findings}, {} at worst", colour(worst).apply_to(worst.as_str()))?;
        }
        None if incomplete => writeln!(out, "Nothing out of the ordinary was found in what could be read")?,
        None => writeln!(out, "Nothing out of the ordinary was found")?,
    }
    if incomplete {
        let inputs = plural(standing.intake.unreadable, "input");
        writeln!(out, "THIS REPORT IS NOT COMPLETE: {inputs} could not be read, or not to the end")?;
    }
    Ok(())
}

fn total(name: &str, requests: u64, flagged: u64) -> [Cell; 3] {
    let number = |count| Cell::new(HumanCount(count)).set_alignment(CellAlignment::Right);
    [Cell::new(name), number(requests), number(flagged)]
}

fn colour(severity: Severity) -> Style {
    let style = Style::new().bold();
    match severity {
        Severity::Critical => style.white().on_red(),
        Severity::High => style.red(),
        Severity::Medium => style.yellow(),
        Severity::Low => style.blue(),
    }
}
