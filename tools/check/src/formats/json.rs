//! Trailkeeper's own JSON: everything that is known, for programs and for later comparison.

use crate::finding::Finding;
use crate::report::{CheckReport, Row, VERSION};
use serde::Serialize;
use std::collections::BTreeMap;
use trailkeeper::frameworks::{Requirements, requirements};

#[derive(Serialize)]
struct Whole<'a> {
    version: &'static str,
    conclusion: String,
    #[serde(flatten)]
    report: &'a CheckReport,
    by_control: Vec<Row>,
    requirements: BTreeMap<&'static str, &'static [Requirements]>,
}

/// Renders the report.
#[must_use]
pub fn render(report: &CheckReport) -> String {
    let found = report.findings.iter().map(|it: &Finding| (it.control, requirements(it.control)));
    let whole = Whole {
        version: VERSION,
        conclusion: report.conclusion(),
        report,
        by_control: report.rows(),
        requirements: found.collect(),
    };
    // These types have no map with keys that are no text, so this cannot fail.
    serde_json::to_string_pretty(&whole).map(|text| text + "\n").unwrap_or_default()
}
