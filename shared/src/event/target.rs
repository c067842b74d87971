//! Targets: which resources a call leads to.

use super::record::ApiCall;
use super::sweep::Sweep;
use crate::model::Region;

/// API calls of one service that may have changed a resource of the family.
#[derive(Debug, Clone, Copy)]
pub struct Watch {
    /// Name of the rule in `template.yaml` that wakes the function for these calls.
    pub rule: &'static str,
    /// Service as in the record's `eventSource`, such as `transfer.amazonaws.com`.
    pub service: &'static str,
    /// Event names, as CloudTrail spells them.
    pub calls: &'static [&'static str],
    /// Finds the resources to check. The error says why there is none.
    pub target: fn(&ApiCall) -> Result<Target, String>,
}

/// Resources of a family to check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The resource with this id.
    One(Region, String),
    /// The resource with this id, in a region that the record does not contain.
    Named(String),
    /// All resources of one region or of every configured one; with `using`, only those that depend on what changed.
    All {
        /// Region; `None` means every configured one.
        within: Option<Region>,
        /// Dependency that changed.
        using: Option<Dependency>,
    },
    /// All resources that the schedule covers: those of our account, or of every account of the organization.
    Schedule,
    /// The resources of a sweep that another invocation has delegated.
    Sweep(Sweep),
}

impl Target {
    /// All resources of every configured region.
    pub const EVERYTHING: Self = Self::All { within: None, using: None };

    /// Targets all resources of a region, for a record that does not say which.
    #[must_use]
    pub fn region(region: Region) -> Self {
        Self::All { within: Some(region), using: None }
    }

    /// Targets all resources that depend on what changed, wherever they are.
    #[must_use]
    pub fn using(dependency: Dependency) -> Self {
        Self::All { within: None, using: Some(dependency) }
    }
}

/// A resource that others, of several families, depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dependency {
    /// A role, by name: IAM's records contain neither path nor ARN.
    Role(String),
    /// What a role may do, by its name: whoever depends on the role, if it lets their service in.
    RolePolicies(String),
    /// A managed policy, by ARN: whoever depends on a role may depend on it.
    Policy(String),
    /// A KMS key, by ARN.
    Key(String),
    /// A log group, by name, in the region that is being checked.
    LogGroup(String),
}
