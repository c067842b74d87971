//! Sweeps that are delegated: to other invocations by account and region, or to one that continues when this one runs
//! out of time.
//!
//! The event only says where to look; like any other, the worst that it can cause is a check.

use crate::model::{Region, is_account, sanitized};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Scope of a delegated sweep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sweep {
    /// Name of the family whose function is to run the sweep.
    pub family: String,
    /// Account id.
    pub account: String,
    /// Region; `None` means all regions of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// Pagination token at which listing the region resumes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Number of times that the sweep has been delegated so far.
    #[serde(default)]
    pub part: u32,
}

impl Sweep {
    /// `source` of a sweep's event. AWS reserves `aws.` for itself.
    pub const SOURCE: &'static str = "trailkeeper";
    /// `detail-type` of a sweep's event.
    pub const DETAIL_TYPE: &'static str = "Trailkeeper Sweep";
    /// Maximum number of invocations for one listing. One that has not ended by then never will.
    pub const LAST_PART: u32 = 1_000;

    /// Creates a sweep of a whole account.
    #[must_use]
    pub fn of_account(family: &str, account: &str) -> Self {
        Self { family: family.to_owned(), account: account.to_owned(), region: None, after: None, part: 0 }
    }

    /// Narrows the sweep to one region.
    #[must_use]
    pub fn in_region(&self, region: &Region) -> Self {
        Self { region: Some(region.clone()), ..self.clone() }
    }

    /// Returns the rest of the sweep, from a pagination token on.
    #[must_use]
    pub fn rest(&self, after: Option<String>) -> Self {
        Self { after, part: self.part.saturating_add(1), ..self.clone() }
    }

    /// Parses the `detail` of an event.
    ///
    /// # Errors
    /// Returns the reason if the event is not a sweep of Trailkeeper. Anyone who may put events can write one: it is no
    /// failure, and nothing is lost, since the next sweep checks everything.
    pub(crate) fn of(detail: &Value) -> Result<Self, String> {
        let sweep = Self::deserialize(detail).map_err(|problem| sanitized(&problem.to_string()))?;
        if !is_account(&sweep.account) {
            return Err("invalid account".to_owned());
        }
        if sweep.part > Self::LAST_PART {
            return Err(format!("part {} of at most {}", sweep.part, Self::LAST_PART));
        }
        Ok(sweep)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_handed_on_is_read_as_it_was_meant() {
        let account = Sweep::of_account("key", "111122223333");
        assert_eq!(serde_json::to_value(&account).expect("JSON")["account"], "111122223333");
        let rest = account.in_region(&Region::first()).rest(Some("token".into()));
        assert_eq!((rest.part, rest.rest(None).part), (1, 2));
        for sweep in [account, rest] {
            assert_eq!(Sweep::of(&serde_json::to_value(&sweep).expect("JSON")), Ok(sweep));
        }
    }

    #[test]
    fn what_names_no_place_is_no_sweep() {
        for detail in [
            json!({}),
            json!("{}"),
            json!({"family": "key"}),
            json!({"family": "key", "account": "1111"}),
            json!({"family": "key", "account": 111_122_223_333_u64}),
            json!({"family": "key", "account": "111122223333", "region": "evil.example"}),
            json!({"family": "key", "account": "111122223333", "after": 7}),
            json!({"family": "key", "account": "111122223333", "part": -1}),
            json!({"family": "key", "account": "111122223333", "part": 1001}),
        ] {
            assert!(Sweep::of(&detail).is_err(), "{detail}");
        }
    }
}
