//! Prints the report for a terminal.

use crate::conclusion::Conclusion;
use crate::headline;
use crate::intake::plural;
use crate::requester::{about, name};
use crate::summary::{SEVERITIES, Summary, clock};
use comfy_table::presets::{UTF8_FULL, UTF8_FULL_CONDENSED};
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width};
use console::{Style, Term};
use indicatif::{DecimalBytes, HumanCount};
use std::io::{self, Write};
use trailkeeper::access::report::{AccessFinding, BucketReport, Times};
use trailkeeper::model::Severity;

/// Number of columns below which tables are unreadable.
const NARROW: u16 = 76;

/// Width of a period's end, with the padding of its cell.
const DATE: u16 = 24;

/// Writes the worst, then all findings, the worst first, then what could not be read, and the totals.
pub(crate) fn write(out: &mut impl Write, summary: &Summary<'_>) -> io::Result<()> {
    let worst = headline::worst(summary);
    for headline in &worst {
        writeln!(out, "{} {}", headline.name(), headline.words())?;
    }
    if !worst.is_empty() {
        writeln!(out)?;
    }
    rest(out, summary)?;
    let findings: Vec<_> = (1..).zip(summary.findings()).collect();
    for severity in SEVERITIES {
        let alike: Vec<_> = findings.iter().filter(|(_, (_, finding))| finding.severity == severity).collect();
        if !alike.is_empty() {
            writeln!(out, "{}", colour(severity).apply_to(severity.as_str().to_uppercase()))?;
            let rows = alike.into_iter().map(|(number, (bucket, finding))| row(*number, bucket, finding)).collect();
            show(out, [("#", 0), ("who", 0), ("what", 0), ("requests", 0), ("when (UTC)", DATE)], rows)?;
        }
    }
    if !findings.is_empty() {
        writeln!(
            out,
            "Each request of a finding, and its object: --list 1 (the number), or --list delete (the kind)\n"
        )?;
    }
    faults(out, summary)?;
    totals(out, summary)
}

/// Shows rows as a table, or one below another if that does not fit. Each column has a name and a minimum width.
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
    // Output to a file or a pipe is not wrapped.
    match width {
        Some(width) => table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    for (column, (head, least)) in table.column_iter_mut().zip(heads) {
        if least > 0 && width.is_some() {
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
        }
        if ["#", "line", "byte", "requests", "with findings"].contains(&head) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    writeln!(out, "{table}\n")
}

fn row(number: usize, bucket: &BucketReport, finding: &AccessFinding) -> [String; 5] {
    let AccessFinding { kind, operations, who, times, addresses, .. } = finding;
    let top = addresses.top.first().map_or_else(String::new, |share| format!("\nfrom {}", share.value));
    let more = if addresses.top.len() > 1 || addresses.others > 0 { "\nand others" } else { "" };
    [
        number.to_string(),
        format!("{}\n{}\non {}", name(who), about(who), bucket.bucket),
        what(kind.as_str(), operations.as_str()),
        count(times),
        format!("{}{top}{more}", when(times)),
    ]
}

/// Returns the kind of finding, and the class of the requests if that is different.
fn what(kind: &str, operations: &str) -> String {
    if kind == operations { kind.to_owned() } else { format!("{kind}\n({operations})") }
}

fn count(times: &Times) -> String {
    let refused = if times.refused > 0 { format!("\n({} refused)", HumanCount(times.refused)) } else { String::new() };
    let sent = if times.bytes > 0 { format!("\n{}", DecimalBytes(times.bytes)) } else { String::new() };
    format!("{}{refused}{sent}", HumanCount(times.count))
}

fn when(times: &Times) -> String {
    match (times.first, times.last) {
        (Some(first), Some(last)) if first != last => format!("{}\nto {}", clock(first), clock(last)),
        (first, _) => first.map_or_else(|| "-".to_owned(), clock),
    }
}

fn rest(out: &mut impl Write, summary: &Summary<'_>) -> io::Result<()> {
    let rows = summary.rests().into_iter().map(|(bucket, rest)| {
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

fn faults(out: &mut impl Write, summary: &Summary<'_>) -> io::Result<()> {
    let report = summary.report;
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

fn totals(out: &mut impl Write, summary: &Summary<'_>) -> io::Result<()> {
    let (report, intake) = (summary.report, summary.intake);
    let total = |name: &str, requests: u64, flagged: u64| {
        [name.to_owned(), HumanCount(requests).to_string(), HumanCount(flagged).to_string()]
    };
    let mut rows: Vec<_> = report.buckets.iter().map(|it| total(&it.bucket, it.requests, it.flagged)).collect();
    rows.extend(summary.silent().into_iter().map(|bucket| total(bucket, 0, 0)));
    if report.elsewhere > 0 {
        rows.push(total("(not watched)", report.elsewhere, 0));
    }
    let flagged = report.buckets.iter().map(|bucket| bucket.flagged).sum();
    rows.push(total("all", summary.requests() + report.elsewhere, flagged));
    show(out, [("bucket", 0), ("requests", 0), ("with findings", 0)], rows)?;

    if let Some((from, to)) = summary.period() {
        writeln!(out, "Requests from {} to {} (UTC)", clock(from), clock(to))?;
    }
    let lines = plural(report.lines, "line");
    writeln!(
        out,
        "{lines}, of which {} blank and {} malformed",
        HumanCount(report.blank),
        HumanCount(report.malformed)
    )?;
    if !summary.silent().is_empty() {
        writeln!(out, "These logs contain no requests to {}", summary.silent().join(", "))?;
    }
    let readers = summary.readers_seen();
    if !readers.is_empty() {
        writeln!(out, "Without --readers, everyone who reads is reported. If these may read the logs:")?;
        writeln!(out, "  --readers '{}'", readers.join(","))?;
    }
    let conclusion = Conclusion::of(summary);
    let style = if let Conclusion::Found(worst) = conclusion { colour(worst) } else { Style::new().bold() };
    writeln!(out, "{}", style.apply_to(conclusion.words(summary)))?;
    if intake.unreadable > 0 {
        let inputs = plural(intake.unreadable, "input");
        writeln!(out, "THIS REPORT IS INCOMPLETE: {inputs} could not be read to the end")?;
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
