//! Compliance findings of the [Open Cybersecurity Schema Framework] 1.3.0, class 2003, with the profile `cloud`.
//!
//! [Open Cybersecurity Schema Framework]: https://schema.ocsf.io/1.3.0/classes/compliance_finding

use super::cut;
use super::unseen::{self, Unseen, unseen};
use crate::finding::{Finding, Standing};
use crate::report::{CheckReport, VERSION, page_of};
use serde_json::{Value, json};
use trailkeeper::frameworks::requirements;
use trailkeeper::ledger::FindingId;
use trailkeeper::model::{Arn, Severity};

/// Class Compliance Finding, activity Create.
const CLASS: u32 = 2003;

/// Renders the findings as a JSON array.
#[must_use]
pub fn render(report: &CheckReport) -> String {
    let found = report.findings.iter().map(|it| finding(report, it));
    let findings: Vec<Value> = found.chain(unseen(report).iter().map(|it| not_looked_at(report, it))).collect();
    serde_json::to_string_pretty(&findings).map(|text| text + "\n").unwrap_or_default()
}

fn finding(report: &CheckReport, it: &Finding) -> Value {
    let (status_id, status) = match it.standing {
        Standing::Right => (1, "Pass"),
        Standing::Wrong => (3, "Fail"),
        Standing::Unknown => (2, "Warning"),
        Standing::Exempt | Standing::NotApplicable => (99, "Other"),
    };
    let (severity_id, severity) = match (it.standing, it.severity) {
        (Standing::Right | Standing::Exempt | Standing::NotApplicable, _) => (1, "Informational"),
        (_, Severity::Low) => (2, "Low"),
        (_, Severity::Medium) => (3, "Medium"),
        (_, Severity::High) => (4, "High"),
        (_, Severity::Critical) => (5, "Critical"),
    };
    let asked = requirements(it.control);
    let only = |framework| report.framework.is_none_or(|only| only == framework);
    let mut standards: Vec<&str> = asked.iter().filter(|it| only(it.framework)).map(|it| it.framework.name()).collect();
    if standards.is_empty() {
        standards.push("Trailkeeper");
    }
    let named = |it: &trailkeeper::frameworks::Requirements| {
        it.ids.iter().map(|id| format!("{} {id}", it.framework.name())).collect::<Vec<_>>()
    };
    let named: Vec<String> = asked.iter().filter(|it| only(it.framework)).flat_map(named).collect();
    let arn = Arn::parse(&it.resource);
    let calls: Vec<String> = it.steps.iter().map(|step| format!("{} ({})", step.summary, step.action)).collect();
    let remedy = it.advice.as_deref().map(str::to_owned).or_else(|| it.cure()).unwrap_or_else(|| calls.join("; "));
    let mut made = frame(report, &it.id, (it.control, it.about.title), &it.because);
    set(
        &mut made,
        json!({
        "severity": severity,
        "severity_id": severity_id,
        "cloud": cloud(&it.account, &it.region),
        "compliance": {
            "control": it.control,
            "requirements": named,
            "standards": standards,
            "status": status,
            "status_id": status_id,
            "status_detail": it.standing.as_str(),
        },
        "remediation": { "desc": cut(&remedy, 4_096), "references": [page_of(it.control)] },
        "resources": [{
            "uid": it.resource,
            "name": arn.as_ref().map_or(&*it.resource, |arn| arn.resource),
            "type": arn.as_ref().map_or("", |arn| arn.service),
            "region": it.region,
            "cloud_partition": it.partition(),
        }],
        "unmapped": { "steps": it.steps, "last_change": it.last_change },
        }),
    );
    made
}

/// Returns the finding that something was not looked at: a check that "did not yield a result due to missing information".
fn not_looked_at(report: &CheckReport, it: &Unseen<'_>) -> Value {
    let mut made = frame(report, &it.id, (unseen::CONTROL, unseen::TITLE), it.why);
    set(
        &mut made,
        json!({
        "severity": "High",
        "severity_id": 4,
        "cloud": cloud(it.account, it.region),
        "compliance": {
            "control": unseen::CONTROL,
            "standards": ["Trailkeeper"],
            "status": "Warning",
            "status_id": 2,
            "status_detail": "unknown",
        },
        "remediation": { "desc": unseen::CURE },
        "resources": [{
            "uid": it.resource,
            "name": "root",
            "type": "iam",
            "region": it.region,
            "cloud_partition": it.partition,
        }],
        }),
    );
    made
}

fn set(finding: &mut Value, members: Value) {
    if let (Value::Object(finding), Value::Object(members)) = (finding, members) {
        finding.extend(members);
    }
}

fn cloud(account: &str, region: &str) -> Value {
    json!({ "provider": "AWS", "region": region, "account": { "uid": account, "type": "AWS Account", "type_id": 10 } })
}

/// Returns what each finding has: what it is, of when and whom, and its texts.
fn frame(report: &CheckReport, id: &FindingId, (control, title): (&str, &str), because: &str) -> Value {
    let time = report.made.timestamp_millis();
    json!({
        "activity_id": 1,
        "activity_name": "Create",
        "category_name": "Findings",
        "category_uid": 2,
        "class_name": "Compliance Finding",
        "class_uid": CLASS,
        "type_name": "Compliance Finding: Create",
        "type_uid": CLASS * 100 + 1,
        "time": time,
        "time_dt": report.time(),
        "message": because,
        "status": "New",
        "status_id": 1,
        "status_detail": because,
        "metadata": {
            "event_code": control,
            "product": { "name": "Trailkeeper", "vendor_name": "Trailkeeper", "version": VERSION, "uid": "trailkeeper" },
            "profiles": ["cloud", "datetime"],
            "version": "1.3.0",
        },
        "finding_info": {
            "uid": id,
            "title": title,
            "desc": because,
            "created_time": time,
            "created_time_dt": report.time(),
            "types": ["Trailkeeper"],
        },
    })
}
