//! Findings in the [AWS Security Finding Format], as `BatchImportFindings` takes them, up to 100 at once.
//!
//! [AWS Security Finding Format]: https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-syntax.html

use super::cut;
use super::unseen::{self, Unseen, unseen};
use crate::finding::{Finding, Standing};
use crate::report::{CheckReport, VERSION};
use serde_json::{Value, json};
use trailkeeper::frameworks::requirements;
use trailkeeper::ledger::FindingId;
use trailkeeper::model::Arn;

/// Maximum number of related requirements ([API_Compliance], `RelatedRequirements`).
///
/// [API_Compliance]: https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_Compliance.html
const RELATED: usize = 32;

/// Renders the findings as a JSON array.
#[must_use]
pub fn render(report: &CheckReport) -> String {
    let found = report.findings.iter().map(|it| finding(report, it));
    let findings: Vec<Value> = found.chain(unseen(report).iter().map(|it| not_looked_at(report, it))).collect();
    serde_json::to_string_pretty(&findings).map(|text| text + "\n").unwrap_or_default()
}

fn finding(report: &CheckReport, it: &Finding) -> Value {
    let status = match it.standing {
        Standing::Right => "PASSED",
        Standing::Wrong => "FAILED",
        Standing::Unknown => "WARNING",
        Standing::Exempt | Standing::NotApplicable => "NOT_AVAILABLE",
    };
    let label = match it.standing {
        Standing::Wrong | Standing::Unknown => it.severity.as_str().to_uppercase(),
        Standing::Right | Standing::Exempt | Standing::NotApplicable => "INFORMATIONAL".to_owned(),
    };
    let only = |framework| report.framework.is_none_or(|only| only == framework);
    let asked = requirements(it.control).iter().filter(|it| only(it.framework));
    let mut related: Vec<String> =
        asked.flat_map(|it| it.ids.iter().map(|id| cut(&format!("{} {id}", it.framework.name()), 64))).collect();
    let beyond = related.len().saturating_sub(RELATED);
    related.truncate(RELATED);
    let mut fields = json!({
        "trailkeeper/version": VERSION,
        "trailkeeper/control": it.control,
        "trailkeeper/standing": it.standing.as_str(),
    });
    if let Some(fields) = fields.as_object_mut().filter(|_| beyond > 0) {
        fields.insert("trailkeeper/related-requirements-left-out".to_owned(), json!(beyond.to_string()));
    }
    let calls: Vec<String> = it.steps.iter().map(|step| format!("{} ({})", step.summary, step.action)).collect();
    let mut remedy = it.advice.as_deref().map(str::to_owned).or_else(|| it.cure()).unwrap_or_else(|| calls.join("; "));
    if remedy.is_empty() {
        "Nothing is to be done".clone_into(&mut remedy);
    }
    let because = if it.because.is_empty() { it.standing.as_str() } else { &it.because };
    let parts = Parts {
        id: &it.id,
        control: it.control,
        title: it.about.title,
        label: &label,
        because,
        remedy: &remedy,
        fields,
        resource: &it.resource,
        compliance: json!({ "Status": status, "RelatedRequirements": related, "SecurityControlId": it.control }),
    };
    whole(report, (it.partition(), &it.region, &it.account), &parts)
}

/// Returns the finding that something was not looked at: "some information is missing" ([API_Compliance]). Whoever checked holds
/// it, since an account that could not be entered cannot import any.
///
/// [API_Compliance]: https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_Compliance.html
fn not_looked_at(report: &CheckReport, it: &Unseen<'_>) -> Value {
    let parts = Parts {
        id: &it.id,
        control: unseen::CONTROL,
        title: unseen::TITLE,
        label: "HIGH",
        because: it.why,
        remedy: unseen::CURE,
        fields: json!({ "trailkeeper/version": VERSION, "trailkeeper/standing": "unknown" }),
        resource: &it.resource,
        compliance: json!({
            "Status": "WARNING",
            "StatusReasons": [{ "ReasonCode": "NOT_LOOKED_AT", "Description": cut(it.why, 2_048) }],
        }),
    };
    whole(report, (it.partition, it.region, it.account), &parts)
}

/// What one finding has and another has not.
struct Parts<'a> {
    id: &'a FindingId,
    control: &'a str,
    title: &'a str,
    label: &'a str,
    because: &'a str,
    remedy: &'a str,
    fields: Value,
    resource: &'a str,
    compliance: Value,
}

/// Returns a finding of an account and region, with what each finding has.
fn whole(report: &CheckReport, (partition, region, account): (&str, &str, &str), parts: &Parts<'_>) -> Value {
    let time = report.time();
    let types = json!(["Software and Configuration Checks/Industry and Regulatory Standards"]);
    let severity = json!({ "Label": parts.label });
    json!({
        "SchemaVersion": "2018-10-08",
        "Id": parts.id,
        "ProductArn": format!("arn:{partition}:securityhub:{region}:{account}:product/{account}/default"),
        "ProductName": "Trailkeeper",
        "CompanyName": "Trailkeeper",
        "GeneratorId": parts.control,
        "AwsAccountId": account,
        "Region": region,
        "Types": types,
        "FirstObservedAt": time,
        "CreatedAt": time,
        "UpdatedAt": time,
        "Severity": severity,
        "Title": cut(parts.title, 256),
        "Description": cut(parts.because, 1_024),
        "Remediation": { "Recommendation": { "Text": cut(parts.remedy, 512) } },
        "ProductFields": parts.fields,
        "Resources": [{
            "Type": kind(parts.resource),
            "Id": cut(parts.resource, 512),
            "Partition": partition,
            "Region": region,
        }],
        "Compliance": parts.compliance,
        "RecordState": "ACTIVE",
        "FindingProviderFields": { "Severity": severity, "Types": types },
    })
}

/// Returns Security Hub's word for the kind of a resource ([resource types]).
///
/// [resource types]: https://docs.aws.amazon.com/securityhub/latest/userguide/asff-resources.html
fn kind(arn: &str) -> &'static str {
    match Arn::parse(arn).map(|arn| arn.service) {
        Some("cloudtrail") => "AwsCloudTrailTrail",
        Some("s3") => "AwsS3Bucket",
        Some("ec2") => "AwsEc2Vpc",
        Some("kms") => "AwsKmsKey",
        Some("iam") => "AwsAccount",
        _ => "Other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::sample;

    #[test]
    fn what_is_beyond_the_limit_is_counted() {
        let whole: Vec<Value> = serde_json::from_str(&render(&sample())).expect("findings");
        let mut cut = 0;
        for it in &whole {
            let control = it["GeneratorId"].as_str().expect("a control");
            let asked: usize = requirements(control).iter().map(|it| it.ids.len()).sum();
            let related = it["Compliance"]["RelatedRequirements"].as_array().map_or(0, Vec::len);
            let left = &it["ProductFields"]["trailkeeper/related-requirements-left-out"];
            assert_eq!(left.as_str().map_or(0, |left| left.parse().expect("a number")), asked - related, "{control}");
            assert!(related == asked || related == RELATED, "{control}");
            cut += usize::from(related < asked);
        }
        assert!(cut > 0);
    }
}
