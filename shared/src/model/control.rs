//! Description of a control, and its verdicts.

use super::place::Region;

/// Description of a control, as shown in reports and in `docs/controls.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// Id of the control in settings and reports.
    pub id: &'static str,
    /// Short description of a violation, to follow the name of the resource, such as `without flow logs`.
    pub wrong: &'static str,
    /// Requirement, as one sentence.
    pub title: &'static str,
    /// Reason why the control matters to the people who run the account.
    pub why: &'static str,
    /// Conditions that count as compliant.
    pub compliant: &'static str,
    /// Changes that the fix makes, and what it leaves alone.
    pub fix: &'static str,
    /// Possible breakage or cost of the fix.
    pub risk: &'static str,
    /// Safeguards against that risk.
    pub guard: &'static str,
    /// Code that keeps a resource right from the start; `None` if the control is never fixed.
    pub permanent: Option<Permanent>,
    /// Severity of a violation.
    pub severity: Severity,
    /// Whether the control is off by default.
    pub opt_in: bool,
    /// Pages, mostly of AWS, that the control follows. What frameworks ask for stands in
    /// [`requirements`](crate::frameworks::requirements).
    pub references: &'static [&'static str],
}

/// What people write into their own code, so that their tools make the resource right and leave it so. Names in capital
/// letters stand for what is theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permanent {
    /// Resources of Terraform's provider `hashicorp/aws`.
    pub terraform: &'static str,
    /// Part of a CloudFormation template, in YAML.
    pub cloudformation: &'static str,
}

/// Includes the code of a control: `families/<family>/permanent/<name>.tf` and `.yaml`.
macro_rules! permanent {
    ($family:literal, $name:literal) => {
        Some(crate::model::Permanent {
            terraform: include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/src/families/",
                $family,
                "/permanent/",
                $name,
                ".tf"
            )),
            cloudformation: include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/src/families/",
                $family,
                "/permanent/",
                $name,
                ".yaml"
            )),
        })
    };
}
pub(crate) use permanent;

/// Severity of a violation. The words are Security Hub's severity labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it all")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// Returns the label in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// Verdict of a control on one resource.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict<S> {
    /// The resource meets the requirement.
    Compliant,
    /// The control does not apply to this resource.
    NotApplicable {
        /// Reason why the control does not apply.
        because: String,
    },
    /// Another resource of the family is responsible and is checked instead.
    Elsewhere {
        /// Region of that resource.
        region: Region,
        /// Id of that resource.
        id: String,
        /// Reason why that resource is responsible.
        because: String,
    },
    /// Cannot be determined, because something could not be read or understood.
    Unknown {
        /// Missing prerequisite, such as a permission.
        needs: String,
    },
    /// The resource violates the requirement.
    Violation {
        /// Description of the violation.
        because: String,
        /// Remedy for the violation.
        remedy: Remedy<S>,
    },
}

/// Remedy for a violation.
#[derive(Debug, Clone, PartialEq)]
pub enum Remedy<S> {
    /// Calls that put it right.
    Fix(Vec<S>),
    /// Trailkeeper never fixes this itself: what a person should do, and why Trailkeeper does not.
    Advise(String),
}
