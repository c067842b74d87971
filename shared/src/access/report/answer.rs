//! Response of the function that reads access logs.

use super::AccessReport;
use crate::access::notice::File;
use crate::event::Origin;
use serde::Serialize;

/// Outcome of one event about a log file.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AccessAnswer {
    /// The event that triggered the function.
    pub event: Origin,
    /// Account that the file is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Reason that the file was not read, if it was not.
    pub ignored: Option<crate::model::OneLine>,
    /// The log file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<File>,
    /// Findings in the file.
    #[serde(flatten)]
    pub report: AccessReport,
}
