//! What the function answers.

use super::AccessReport;
use crate::access::notice::File;
use crate::event::Origin;
use serde::Serialize;

/// What came of one file.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AccessAnswer {
    /// The event that woke the function.
    pub event: Origin,
    /// The account that the file is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Why nothing was read, when nothing was.
    pub ignored: Option<String>,
    /// The file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<File>,
    /// What was found in it.
    #[serde(flatten)]
    pub report: AccessReport,
}
