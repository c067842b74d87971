//! What is given beside the records.

use serde::Serialize;

/// What is given beside the records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Assumptions {
    /// Region of the stack, in which the guard is; all regions count for it if not given.
    pub home: Option<String>,
    /// Names of buckets that hold logs, beside those that the records tell of.
    pub log_buckets: Vec<String>,
    /// ARNs of keys that encrypt trails, beside those that the records tell of.
    pub trail_keys: Vec<String>,
    /// First time that is looked at, as in a record; all before if not given.
    pub from: Option<String>,
    /// Last time that is looked at, as in a record; all after if not given.
    pub to: Option<String>,
    /// Number of days that were looked at; as many as lie between the first record and the last if not given.
    pub days: Option<u32>,
}
