//! Report for a terminal: a table by control, then each finding, the worst first.

use crate::difference::{Sign, difference};
use crate::finding::{Finding, Standing};
use crate::fold::{alike, counted, same_reason};
use crate::report::{CheckReport, Row, asked_by};
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use console::Style;
use std::collections::BTreeSet;
use std::fmt::{Result, Write as _};
use trailkeeper::frameworks::Framework;
use trailkeeper::model::{OneLine, Severity};
use trailkeeper::report::StepReport;

/// Maximum number of lines of a difference, where one thing is told.
const LINES: usize = 60;

/// Maximum number of lines of a difference, where everything is told.
const FEW_LINES: usize = 10;

/// What a terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whether there are colours.
    pub colour: bool,
    /// Number of columns; `None` where text is not wrapped.
    pub width: Option<u16>,
}

impl Look {
    fn style(self, style: Style) -> Style {
        style.force_styling(self.colour)
    }

    fn of(self, severity: Severity) -> Style {
        self.style(match severity {
            Severity::Critical => Style::new().red().bold(),
            Severity::High => Style::new().red(),
            Severity::Medium => Style::new().yellow(),
            Severity::Low => Style::new().blue(),
        })
    }
}

/// Renders the report.
#[must_use]
pub fn render(report: &CheckReport, look: Look) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = whole(&mut text, report, look);
    text
}

fn whole(text: &mut String, report: &CheckReport, look: Look) -> Result {
    let any = report.findings.iter().any(|it| it.standing <= Standing::Unknown) || !report.notes.is_empty();
    if any {
        // Who sees only the beginning, and who sees only the end, sees it.
        conclusion(text, report, look)?;
        text.push('\n');
    }
    table(text, report, look)?;
    let mut told = BTreeSet::new();
    let word = |it: &Finding| report.comparison.as_ref().map(|all| all.word(&it.id).to_owned()).unwrap_or_default();
    for group in alike(report.standing(Standing::Wrong), word) {
        text.push('\n');
        wrong(text, report, &group, look, &mut told)?;
    }
    let mut unknown = report.standing(Standing::Unknown).peekable();
    if unknown.peek().is_some() || !report.notes.is_empty() {
        writeln!(text, "\n{}", look.style(Style::new().yellow().bold()).apply_to("COULD NOT BE TOLD"))?;
    }
    for note in &report.notes {
        writeln!(text, "  {note}")?;
    }
    same_reason(unknown).iter().try_for_each(|group| untold(text, group, &mut told))?;
    if let Some(comparison) = &report.comparison {
        writeln!(text, "\n{}", comparison.line())?;
        let lists = comparison.no_longer_wrong().into_iter();
        for (word, gone) in lists.flat_map(|(word, list)| list.iter().map(move |gone| (word, gone))) {
            writeln!(text, "  {word}: {} {} ({}, {})", gone.control, gone.resource, gone.region, gone.id)?;
        }
    }
    text.push('\n');
    conclusion(text, report, look)
}

fn conclusion(text: &mut String, report: &CheckReport, look: Look) -> Result {
    let style = match (report.count(Standing::Wrong), report.is_unsure()) {
        (0, false) => Style::new().green(),
        (0, true) => Style::new().yellow(),
        _ => Style::new().red(),
    };
    writeln!(text, "{}.", look.style(style.bold()).apply_to(report.conclusion()))
}

/// Writes what could not be told for one reason, of one resource or of many.
fn untold(text: &mut String, group: &[&Finding], told: &mut BTreeSet<String>) -> Result {
    let Some(first) = group.first() else { return Ok(()) };
    let Finding { control, resource, account, region, because, id, .. } = first;
    if group.len() == 1 {
        writeln!(text, "  {control}  {resource}  ({account}, {region}, {id})\n    {because}")?;
    } else {
        let controls: BTreeSet<&str> = group.iter().map(|it| it.control).collect();
        let of_one: Vec<&Finding> = group.iter().filter(|it| it.control == *control).copied().collect();
        let controls: Vec<&str> = controls.into_iter().collect();
        writeln!(text, "  {}\n    {}\n    {because}", controls.join(", "), counted(&of_one, None, ""))?;
    }
    let is_one_place = group.iter().all(|it| it.region == *region);
    let cure = first.cure().map(|cure| {
        let place = format!(", region {region}");
        if is_one_place { cure } else { cure.replace(&place, "") }
    });
    if let Some(cure) = cure.map(OneLine::from).filter(|it| told.insert(it.to_string())) {
        writeln!(text, "    What to do: {cure}")?;
    }
    Ok(())
}

fn table(text: &mut String, report: &CheckReport, look: Look) -> Result {
    let rows = report.rows();
    let (any, none): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.has_any());
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    let mut head = vec!["control", "severity", "right", "wrong", "exempt", "unknown"];
    let framework = report.framework;
    if let Some(framework) = framework {
        head.insert(0, framework.id());
    }
    table.set_header(head);
    let mut lines: Vec<(Vec<&str>, &Row)> = any.into_iter().map(|row| (ids(row, framework), row)).collect();
    if framework.is_some() {
        lines.sort_by_cached_key(|(ids, _)| ids.first().map(|id| ranked(id)));
    }
    for (ids, row) in lines {
        let count = |number: usize| if number == 0 { String::new() } else { number.to_string() };
        let mut cells = vec![row.control.to_owned(), row.about.severity.as_str().to_owned()];
        cells.extend([row.right, row.wrong, row.exempt, row.unknown].map(count));
        if framework.is_some() {
            cells.insert(0, ids.join(", "));
        }
        table.add_row(cells);
    }
    match look.width {
        Some(width) => table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    let numbers = usize::from(framework.is_some()) + 2;
    for column in table.column_iter_mut().skip(numbers) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    writeln!(text, "{table}")?;
    match none.len() {
        0 => Ok(()),
        _ if report.left_out.is_some() => writeln!(text, "Of what is less severe, nothing is shown."),
        1 => {
            writeln!(text, "There was nothing to check for {}.", none.iter().map(|row| row.control).collect::<String>())
        }
        many => writeln!(text, "There was nothing to check for {many} other controls."),
    }
}

fn ids(row: &Row, framework: Option<Framework>) -> Vec<&'static str> {
    framework.map(|it| it.asks(row.control).iter().map(String::as_str).collect()).unwrap_or_default()
}

/// Returns the parts of an id in the order of people: 4.2 before 4.10.
fn ranked(id: &str) -> Vec<(u32, String)> {
    let runs = id.as_bytes().chunk_by(|one, next| one.is_ascii_digit() == next.is_ascii_digit());
    let part = |run: &[u8]| String::from_utf8_lossy(run).into_owned();
    runs.map(part).map(|part| (part.parse().unwrap_or(u32::MAX), part)).collect()
}

fn wrong(
    text: &mut String,
    report: &CheckReport,
    group: &[&Finding],
    look: Look,
    told: &mut BTreeSet<String>,
) -> Result {
    let Some((finding, others)) = group.split_first() else { return Ok(()) };
    let Finding {
        id, control, account, region, resource, severity, because, advice, steps, last_change, about, ..
    } = finding;
    let word = report.comparison.as_ref().map(|it| format!("  {}", it.word(id))).unwrap_or_default();
    let label = look.of(*severity).apply_to(severity.as_str().to_uppercase());
    writeln!(text, "{label}  {control}  {resource}{word}")?;
    writeln!(text, "  {account}, {region}, {id}\n  Wrong: {because}")?;
    if let Some(last) = last_change {
        writeln!(text, "  Last changed: {} by {} at {}", last.call, last.actor, last.time)?;
    }
    if let Some(advice) = advice {
        writeln!(text, "  What to do: {advice}")?;
    }
    if !steps.is_empty() {
        writeln!(text, "  Would put it right:")?;
    }
    for (number, step) in (1..).zip(steps) {
        written(text, number, step, (look, FEW_LINES), told)?;
    }
    if told.insert((*control).to_owned()) {
        if !steps.is_empty() {
            writeln!(text, "  May break or cost: {}", OneLine::from(about.risk))?;
        }
        if let Some(asked) = asked_by(control, report.framework) {
            writeln!(text, "  Asked for by: {asked}")?;
        }
    }
    let given = report.given_for(account);
    if !steps.is_empty() {
        writeln!(text, "  To fix it: trailkeeper fix {control} {}{given}", shell(resource))?;
    }
    if !others.is_empty() {
        writeln!(text, "  The same {}", counted(others, Some(finding), "more "))?;
        if !steps.is_empty() {
            writeln!(
                text,
                "  To fix everything of this control: trailkeeper fix {control} --all{}",
                report.given_for_all()
            )?;
        }
    }
    Ok(())
}

/// Writes a call: what it does, what it replaces, and what takes it back. What is in `told` was written before, and is only
/// named.
///
/// # Errors
/// Returns an error only if the text does not take it, which a String always does.
pub fn calls(text: &mut String, number: usize, step: &StepReport, look: Look, told: &mut BTreeSet<String>) -> Result {
    written(text, number, step, (look, LINES), told)
}

fn written(
    text: &mut String,
    number: usize,
    step: &StepReport,
    (look, most): (Look, usize),
    told: &mut BTreeSet<String>,
) -> Result {
    let is_new = told.insert(format!("{:?} {:?} {:?} {:?}", step.summary, step.before, step.after, step.undo));
    let above = if is_new { "" } else { ", as above" };
    writeln!(text, "    {number}. {} ({}){above}", step.summary, step.action)?;
    if !is_new {
        return Ok(());
    }
    let lines = difference(step.before.as_ref(), &step.after);
    for line in lines.iter().take(most) {
        let style = match line.sign {
            Sign::Goes => Style::new().red(),
            Sign::Comes => Style::new().green(),
            Sign::Stays | Sign::Cut => Style::new().dim(),
        };
        writeln!(text, "       {}", look.style(style).apply_to(format!("{} {}", line.sign.mark(), line.text)))?;
    }
    if let Some(more) = lines.len().checked_sub(most).filter(|more| *more > 0) {
        let place = if most < LINES { ": trailkeeper explain shows them" } else { "" };
        writeln!(text, "       and {more} more lines{place}")?;
    }
    let once = step.undo_once.as_ref().map(|it| format!("  # once {it}")).unwrap_or_default();
    writeln!(text, "       To undo it: {}{once}", step.undo)
}

/// Returns an ARN as one argument of a shell.
#[must_use]
pub fn shell(arn: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.:/@+=,".contains(&b);
    if !arn.is_empty() && arn.bytes().all(plain) { arn.to_owned() } else { format!("'{}'", arn.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{hostile, sample};

    const PLAIN: Look = Look { colour: false, width: None };

    #[test]
    fn the_worst_comes_first_with_calls_and_what_they_replace() {
        let told = render(&sample(), PLAIN);
        let places = [
            "│ cloudtrail-logging",
            "CRITICAL  cloudtrail-logging",
            "MEDIUM  log-bucket-https-only",
            "LOW  log-bucket-mfa-delete",
            "COULD NOT BE TOLD",
            "3 things are wrong, and 1 thing could not be told.",
        ];
        let found: Vec<Option<usize>> = places.iter().map(|it| told.rfind(it)).collect();
        assert!(found.iter().all(Option::is_some) && found.is_sorted(), "{found:?}\n{told}");
        assert!(told.starts_with("3 things are wrong, and 1 thing could not be told.\n"), "{told}");
        for part in [
            "StopLogging by alice",
            "+       \"Sid\": \"DenyHttp\"",
            "May break or cost: ",
            "To undo it: aws s3api",
            "trailkeeper fix log-bucket-https-only arn:aws:s3:::main-logs",
            "policies/trail.observe.json",
            "CIS AWS",
        ] {
            assert!(told.contains(part), "{part}\n{told}");
        }
        assert!(!told.contains('\u{1b}'));
        assert!(render(&sample(), Look { colour: true, width: Some(80) }).contains("\u{1b}[32m"));
    }

    #[test]
    fn a_framework_groups_the_table_by_its_requirements() {
        let mut report = sample();
        report.framework = Framework::parse("cis-5.0");
        let told = render(&report, PLAIN);
        assert!(told.contains("cis-5.0") && told.contains("│ 3.1 "), "{told}");
        assert!(ranked("4.2") < ranked("4.10") && ranked("AU-2b") < ranked("AU-3"));
    }

    #[test]
    fn no_name_begins_a_line_or_leaves_its_argument() {
        let told = render(&hostile(), PLAIN);
        assert!(!told.contains(['\u{1b}', '\u{202e}', '\r', '\0']));
        for line in told.lines() {
            assert!(!line.starts_with(['<', '=', ';', 'd']), "{line}");
        }
        assert_eq!(shell("a'b $(c)"), r"'a'\''b $(c)'");
        assert_eq!(shell("arn:aws:s3:::logs"), "arn:aws:s3:::logs");
    }
}
