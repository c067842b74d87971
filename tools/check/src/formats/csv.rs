//! Comma-separated values ([RFC 4180](https://www.rfc-editor.org/rfc/rfc4180)), for spreadsheets: one row for each finding.

use crate::report::{CheckReport, asked_by};
use csv::{Terminator, WriterBuilder};

/// Names of the columns.
const HEAD: [&str; 15] = [
    "id",
    "standing",
    "severity",
    "control",
    "family",
    "account",
    "region",
    "resource",
    "because",
    "advice",
    "calls",
    "undo",
    "last_change",
    "frameworks",
    "documentation",
];

/// Renders the findings, the worst first.
///
/// # Errors
/// Returns why they cannot be written.
pub fn render(report: &CheckReport) -> Result<String, String> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    let failed = |error: csv::Error| error.to_string();
    writer.write_record(HEAD).map_err(failed)?;
    for it in &report.findings {
        let all = |texts: Vec<&str>| texts.join(" ; ");
        let row = [
            it.id.as_str().to_owned(),
            it.standing.as_str().to_owned(),
            it.severity.as_str().to_owned(),
            it.control.to_owned(),
            it.family.to_owned(),
            it.account.to_string(),
            it.region.to_string(),
            it.resource.to_string(),
            it.because.to_string(),
            it.advice.as_deref().unwrap_or_default().to_owned(),
            all(it.steps.iter().map(|step| &*step.summary).collect()),
            all(it.steps.iter().map(|step| &*step.undo).collect()),
            it.last_change.as_ref().map(|it| format!("{} by {} at {}", it.call, it.actor, it.time)).unwrap_or_default(),
            asked_by(it.control, report.framework).unwrap_or_default(),
            crate::report::page_of(it.control),
        ];
        writer.write_record(row.map(shielded)).map_err(failed)?;
    }
    // What was not looked at has no finding, and is no good news.
    for note in &report.notes {
        let mut row = HEAD.map(|_| String::new());
        (row[1], row[8]) = ("unknown".to_owned(), shielded(note.to_string()));
        writer.write_record(row).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

/// Returns a cell that no spreadsheet takes for a formula, whoever chose what stands in it.
fn shielded(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t']) { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::hostile;

    #[test]
    fn what_is_read_back_is_what_was_written_and_no_formula() {
        let report = hostile();
        let made = render(&report).expect("rows");
        let mut reader = csv::Reader::from_reader(made.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("rows");
        assert_eq!(rows.len(), report.findings.len() + report.notes.len());
        for (row, finding) in rows.iter().zip(&report.findings) {
            assert_eq!((&row[0], &row[7]), (finding.id.as_str(), &*finding.resource));
            assert_eq!(row[8].trim_start_matches('\''), &*finding.because);
            assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@'])));
        }
        assert!(made.ends_with("\r\n"));
    }
}
