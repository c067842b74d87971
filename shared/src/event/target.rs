//! Where a call sends us: which resources to look at.

use super::record::ApiCall;
use super::sweep::Sweep;
use crate::model::Region;

/// API calls of one service that may have changed a resource of the family.
#[derive(Debug, Clone, Copy)]
pub struct Watch {
    /// The name of the rule that wakes the function for them, among the function's events in `template.yaml`.
    pub rule: &'static str,
    /// The record's `eventSource`, such as `transfer.amazonaws.com`.
    pub service: &'static str,
    /// The event names, as CloudTrail spells them.
    pub calls: &'static [&'static str],
    /// Which resources to look at. `Err` says why there is none.
    pub target: fn(&ApiCall) -> Result<Target, String>,
}

/// Which resources of a family to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The one with this id.
    One(Region, String),
    /// The one with this id, in a region that the record does not tell.
    Named(String),
    /// All of one region or of every configured one; with `using`, those that lean on something that changed.
    All {
        /// The region; `None` means every configured one.
        within: Option<Region>,
        /// What changed.
        using: Option<Dependency>,
    },
    /// All that the schedule reaches: our account, or every one of the organization.
    Schedule,
    /// What another invocation handed on.
    Sweep(Sweep),
}

impl Target {
    /// All resources of every configured region.
    pub const EVERYTHING: Self = Self::All { within: None, using: None };

    /// All resources of a region: the record does not say which.
    #[must_use]
    pub fn region(region: Region) -> Self {
        Self::All { within: Some(region), using: None }
    }

    /// All resources that lean on something that changed, wherever they are.
    #[must_use]
    pub fn using(dependency: Dependency) -> Self {
        Self::All { within: None, using: Some(dependency) }
    }
}

/// Something that resources of several families lean on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dependency {
    /// A role, by name: IAM's records carry neither path nor ARN.
    Role(String),
    /// A KMS key, by ARN.
    Key(String),
    /// A log group, by name, in the region that is looked at.
    LogGroup(String),
}
