//! The report for a terminal.

use crate::deed;
use crate::intake::plural;
use crate::person::{about, name};
use crate::standing::{SEVERITIES, Standing, clock};
use crate::verdict::Verdict;
use comfy_table::presets::{UTF8_FULL, UTF8_FULL_CONDENSED};
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width};
use console::{Style, Term};
use indicatif::HumanCount;
use std::io::{self, Write};
use trailkeeper::access::report::{BucketReport, Finding, Times};
use trailkeeper::model::Severity;

/// Below so many columns, tables cannot be read any more.
const NARROW: u16 = 72;

/// How wide the end of a span of time is, with the padding of its cell.
const DATE: u16 = 24;

/// Writes the worst, then findings, the worst first, then what could not be read, and the totals.
pub(crate) fn write(out: &mut impl Write, standing: &Standing<'_>) -> io::Result<()> {
    let worst = deed::worst(standing);
    for deed in &worst {
        writeln!(out, "{} {}", deed.name(), deed.words())?;
    }
    if !worst.is_empty() {
        writeln!(out)?;
    }
    rest(out, standing)?;
    let findings = standing.findings();
    for severity in SEVERITIES {
        let alike: Vec<_> = findings.iter().filter(|(_, finding)| finding.severity == severity).collect();
        if !alike.is_empty() {
            writeln!(out, "{}", colour(severity).apply_to(severity.as_str().to_uppercase()))?;
            let rows = alike.into_iter().map(|(bucket, finding)| row(bucket, finding)).collect();
            show(out, [("who", 0), ("what", 0), ("requests", 0), ("when (UTC)", DATE)], rows)?;
        }
    }
    faults(out, standing)?;
    totals(out, standing)
}

/// Shows rows as a table, or one below the other where that does not fit. Each column has its name and its least width.
fn show<const N: usize>(out: &mut impl Write, heads: [(&str, u16); N], rows: Vec<[String; N]>) -> io::Result<()> {
    let width = Term::stdout().size_checked().map(|(_, width)| width);
    if N > 3 && width.is_some_and(|width| width < NARROW) {
        for row in rows {
            for ((head, _), cell) in heads.iter().zip(row) {
                writeln!(out, "{head}: {}", cell.replace("\n(", " (").replace('\n', ", "))?;
            }
            writeln!(out)?;
        }
        return Ok(());
    }
    let mut table = Table::new();
    let style = if rows.iter().flatten().any(|cell| cell.contains('\n')) { UTF8_FULL } else { UTF8_FULL_CONDENSED };
    table.load_style(style).set_header(heads.map(|(head, _)| head)).add_rows(rows);
    // What goes into a file or a pipe is not wrapped.
    match width {
        Some(width) => table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    for (column, (head, least)) in table.column_iter_mut().zip(heads) {
        if least > 0 && width.is_some() {
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
        }
        if ["line", "byte", "requests", "with findings"].contains(&head) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    writeln!(out, "{table}\n")
}

fn row(bucket: &BucketReport, finding: &Finding) -> [String; 4] {
    let Finding { kind, operations, who, times, addresses, .. } = finding;
    let top = addresses.top.first().map_or_else(String::new, |share| format!("\nfrom {}", share.value));
    let more = if addresses.top.len() > 1 || addresses.others > 0 { "\nand others" } else { "" };
    [
        format!("{}\n{}\non {}", name(who), about(who), bucket.bucket),
        what(kind.as_str(), operations.as_str()),
        count(times),
        format!("{}{top}{more}", when(times)),
    ]
}

/// What was found, and what was done where that is something else.
fn what(kind: &str, operations: &str) -> String {
    if kind == operations { kind.to_owned() } else { format!("{kind}\n({operations})") }
}

fn count(times: &Times) -> String {
    let refused = if times.refused > 0 { format!("\n({} refused)", HumanCount(times.refused)) } else { String::new() };
    format!("{}{refused}", HumanCount(times.count))
}

fn when(times: &Times) -> String {
    match (times.first, times.last) {
        (Some(first), Some(last)) if first != last => format!("{}\nto {}", clock(first), clock(last)),
        (first, _) => first.map_or_else(|| "-".to_owned(), clock),
    }
}

fn rest(out: &mut impl Write, standing: &Standing<'_>) -> io::Result<()> {
    let rows = standing.rests().into_iter().map(|(bucket, rest)| {
        let (kind, times) = (what(rest.kind.as_str(), rest.operations.as_str()), &rest.times);
        [rest.severity.as_str().to_owned(), bucket.bucket.clone(), kind, count(times), when(times)]
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "OTHER REQUESTERS, NOT LISTED ONE BY ONE")?;
    show(out, [("severity", 10), ("bucket", 0), ("what", 0), ("requests", 0), ("when (UTC)", DATE)], rows)
}

fn faults(out: &mut impl Write, standing: &Standing<'_>) -> io::Result<()> {
    let report = standing.report;
    if report.malformed == 0 {
        return Ok(());
    }
    let more = report.malformed.saturating_sub(report.faults.len() as u64);
    let more = if more > 0 { format!(", the first {}", report.faults.len()) } else { String::new() };
    writeln!(out, "LINES THAT COULD NOT BE UNDERSTOOD ({}{more})", HumanCount(report.malformed))?;
    let rows = report
        .faults
        .iter()
        .map(|fault| [fault.file.clone(), fault.line.to_string(), fault.offset.to_string(), fault.problem.clone()]);
    show(out, [("file", 0), ("line", 0), ("byte", 0), ("problem", 0)], rows.collect())
}

fn totals(out: &mut impl Write, standing: &Standing<'_>) -> io::Result<()> {
    let (report, intake) = (standing.report, standing.intake);
    let total = |name: &str, requests: u64, flagged: u64| {
        [name.to_owned(), HumanCount(requests).to_string(), HumanCount(flagged).to_string()]
    };
    let mut rows: Vec<_> = report.buckets.iter().map(|it| total(&it.bucket, it.requests, it.flagged)).collect();
    rows.extend(standing.silent().into_iter().map(|bucket| total(bucket, 0, 0)));
    if report.elsewhere > 0 {
        rows.push(total("(not watched)", report.elsewhere, 0));
    }
    let flagged = report.buckets.iter().map(|bucket| bucket.flagged).sum();
    rows.push(total("all", standing.requests() + report.elsewhere, flagged));
    show(out, [("bucket", 0), ("requests", 0), ("with findings", 0)], rows)?;

    if let Some((from, to)) = standing.period() {
        writeln!(out, "Requests from {} to {} (UTC)", clock(from), clock(to))?;
    }
    let lines = plural(report.lines, "line");
    writeln!(
        out,
        "{lines}, of which {} blank and {} malformed",
        HumanCount(report.blank),
        HumanCount(report.malformed)
    )?;
    if !standing.silent().is_empty() {
        writeln!(out, "These logs have no request to {}", standing.silent().join(", "))?;
    }
    let verdict = Verdict::of(standing);
    let style = if let Verdict::Found(worst) = verdict { colour(worst) } else { Style::new().bold() };
    writeln!(out, "{}", style.apply_to(verdict.words(standing)))?;
    if intake.unreadable > 0 {
        let inputs = plural(intake.unreadable, "input");
        writeln!(out, "THIS REPORT IS NOT COMPLETE: {inputs} could not be read, or not to the end")?;
    }
    Ok(())
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
