//! Finding: what one control says of one resource, as every format tells it.

use serde::{Deserialize, Serialize};
use trailkeeper::families::known;
use trailkeeper::ledger::FindingId;
use trailkeeper::model::{About, Arn, OneLine, Severity};
use trailkeeper::report::{ControlResult, Status, StepReport};

/// What one control says of one resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// Id, the same in every run and format, and in the ledger.
    pub id: FindingId,
    /// Id of the control.
    pub control: &'static str,
    /// Family of the control.
    pub family: &'static str,
    /// Account id.
    pub account: OneLine,
    /// Region of the resource.
    pub region: OneLine,
    /// ARN of the resource; contains `*` if a whole region could not be checked.
    pub resource: OneLine,
    /// How the resource stands.
    pub standing: Standing,
    /// The same in the word of the functions' reports.
    pub status: Status,
    /// Severity of a violation.
    pub severity: Severity,
    /// Explanation.
    pub because: OneLine,
    /// Advice on what a person should do, if only a person can.
    pub advice: Option<OneLine>,
    /// Calls that would put it right, or that did.
    pub steps: Vec<StepReport>,
    /// Last call that changed the resource, if CloudTrail tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_change: Option<LastChange>,
    /// Description of the control.
    #[serde(skip)]
    pub about: &'static About,
}

/// How a resource stands with regard to a control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It violates the control.
    Wrong,
    /// That could not be told.
    Unknown,
    /// It violates the control and is exempt from it.
    Exempt,
    /// It complies.
    Right,
    /// The control does not apply to it.
    NotApplicable,
}

impl Standing {
    /// Returns the word used in every format.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wrong => "wrong",
            Self::Unknown => "unknown",
            Self::Exempt => "exempt",
            Self::Right => "right",
            Self::NotApplicable => "not-applicable",
        }
    }
}

/// Last call that changed a resource, as CloudTrail tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastChange {
    /// Time of the call, RFC 3339.
    pub time: OneLine,
    /// Name of the call.
    pub call: OneLine,
    /// Caller.
    pub actor: OneLine,
}

impl Finding {
    /// Creates the finding of a result in this account. `None` if the control is switched off, or is no control.
    #[must_use]
    pub fn of(result: &ControlResult, account: &str) -> Option<Self> {
        let control = known(&result.control)?;
        Some(Self {
            id: FindingId::of(control.about.id, account, &result.region, &result.resource),
            control: control.about.id,
            family: control.family,
            account: account.into(),
            region: result.region.as_str().into(),
            resource: result.resource.clone(),
            standing: standing(result)?,
            status: result.status,
            severity: result.severity,
            because: result.because.clone(),
            advice: result.advice.clone(),
            steps: result.steps.clone(),
            last_change: None,
            about: control.about,
        })
    }

    /// Returns whether the finding is about a whole region, in which nothing could be checked.
    #[must_use]
    pub fn is_of_region(&self) -> bool {
        self.resource.contains('*')
    }

    /// Returns the partition of the resource.
    #[must_use]
    pub fn partition(&self) -> &str {
        Arn::parse(&self.resource).map_or("aws", |arn| arn.partition)
    }

    /// Returns what a person may do about something that could not be told.
    #[must_use]
    pub fn cure(&self) -> Option<String> {
        let (family, because) = (self.family, &*self.because);
        if self.standing != Standing::Unknown {
            return None;
        }
        match action(because) {
            Some(action) if because.contains("denied") => Some(format!(
                "allow {action} in account {}, region {}: policies/{family}.observe.json has it",
                self.account, self.region
            )),
            Some(action) if because.contains("to the key's policy") => Some(format!(
                "the key's policy and policies/{family}.observe.json have to allow {action} in account {}, region {}",
                self.account, self.region
            )),
            _ if self.status == Status::Failed => Some("try again".to_owned()),
            _ => None,
        }
    }
}

/// Returns how a resource stands; `None` if the control is switched off.
fn standing(result: &ControlResult) -> Option<Standing> {
    Some(match result.status {
        Status::Compliant | Status::Fixed => Standing::Right,
        Status::Unknown => Standing::Unknown,
        // Calls that failed leave it wrong; without any it was never looked at.
        Status::Failed if result.steps.is_empty() => Standing::Unknown,
        Status::Planned | Status::Fought | Status::Advised | Status::Changed | Status::Failed => Standing::Wrong,
        Status::Exempt if result.exempted || !is_off(&result.because) => Standing::Exempt,
        Status::Exempt => return None,
        Status::NotApplicable => Standing::NotApplicable,
    })
}

/// Returns whether this is why a control that is switched off says nothing.
fn is_off(because: &str) -> bool {
    because.is_empty() || because.contains("TRAILKEEPER_CONTROLS")
}

/// Returns the first action that a text names, such as `s3:GetBucketPolicy`.
fn action(text: &str) -> Option<&str> {
    let letters = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    text.split(|c: char| c.is_whitespace() || ",;()`".contains(c)).map(|word| word.trim_end_matches([':', '.'])).find(
        |word| {
            let parts: Vec<&str> = word.split(':').collect();
            let [service, call] = parts.as_slice() else { return false };
            letters(service)
                && letters(call)
                && service.starts_with(|c: char| c.is_ascii_lowercase())
                && call.starts_with(|c: char| c.is_ascii_uppercase())
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::result;

    #[test]
    fn what_could_not_be_read_is_never_right_and_what_is_off_is_no_finding() {
        let of = |status, because: &str, exempted| {
            let mut result =
                result("cloudtrail-logging", "arn:aws:cloudtrail:us-east-1:111122223333:trail/main", status);
            (result.because, result.exempted) = (because.into(), exempted);
            result.steps.clear();
            Finding::of(&result, "111122223333").map(|it| it.standing)
        };
        assert_eq!(of(Status::Compliant, "", false), Some(Standing::Right));
        assert_eq!(of(Status::Failed, "time is up", false), Some(Standing::Unknown));
        assert_eq!(of(Status::Unknown, "s3:GetBucketAcl was denied", false), Some(Standing::Unknown));
        assert_eq!(of(Status::Planned, "", false), Some(Standing::Wrong));
        assert_eq!(of(Status::Advised, "", false), Some(Standing::Wrong));
        assert_eq!(of(Status::Exempt, "x; exempt by a rule of TRAILKEEPER_CONTROLS", true), Some(Standing::Exempt));
        assert_eq!(of(Status::Exempt, "the organization closes the region", false), Some(Standing::Exempt));
        assert_eq!(of(Status::Exempt, "off unless TRAILKEEPER_CONTROLS turns it on", false), None);
        assert_eq!(of(Status::Exempt, "", false), None);
    }

    #[test]
    fn an_unknown_names_the_permission_and_where_it_is_written() {
        let mut result = result("log-bucket-https-only", "arn:aws:s3:::logs", Status::Unknown);
        result.because = "s3:GetBucketPolicy was denied".into();
        let told = Finding::of(&result, "111122223333").and_then(|it| it.cure()).expect("a cure");
        assert_eq!(
            told,
            "allow s3:GetBucketPolicy in account 111122223333, region us-east-1: policies/bucket.observe.json has it"
        );
        result.because = "CloudTrail says nothing of it to a member account".into();
        assert_eq!(Finding::of(&result, "111122223333").and_then(|it| it.cure()), None);
        result.status = Status::Failed;
        assert_eq!(Finding::of(&result, "111122223333").and_then(|it| it.cure()).as_deref(), Some("try again"));
        assert_eq!(action("no call: at all, arn:aws:s3:::x http://x"), None);
    }
}
