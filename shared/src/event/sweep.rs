//! A sweep that is handed on: to other invocations, account by account and region by region, or to one that goes on
//! where the time of this one ends.
//!
//! The event only says where to look; like any other it can at most cause a check.

use super::EventError;
use crate::model::{Region, is_account};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a handed-on sweep looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sweep {
    /// The family whose function it is for.
    pub family: String,
    /// The account.
    pub account: String,
    /// The region; `None` means every one of the account's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// Where the listing of the region goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// How often it has been handed on to get here.
    #[serde(default)]
    pub part: u32,
}

impl Sweep {
    /// The `source` of its event. AWS keeps `aws.` for itself.
    pub const SOURCE: &'static str = "trailkeeper";
    /// The `detail-type` of its event.
    pub const DETAIL_TYPE: &'static str = "Trailkeeper Sweep";
    /// A listing that has not ended after so many invocations never ends.
    pub const LAST_PART: u32 = 1_000;

    /// All of an account.
    #[must_use]
    pub fn of_account(family: &str, account: &str) -> Self {
        Self { family: family.to_owned(), account: account.to_owned(), region: None, after: None, part: 0 }
    }

    /// One region of the same account.
    #[must_use]
    pub fn in_region(&self, region: &Region) -> Self {
        Self { region: Some(region.clone()), ..self.clone() }
    }

    /// What is left of it, from there on.
    #[must_use]
    pub fn rest(&self, after: Option<String>) -> Self {
        Self { after, part: self.part.saturating_add(1), ..self.clone() }
    }

    /// Reads the `detail` of an event.
    ///
    /// # Errors
    /// Where it is none of ours.
    pub(crate) fn of(detail: &Value) -> Result<Self, EventError> {
        let sweep = Self::deserialize(detail).map_err(|problem| EventError::Sweep(problem.to_string()))?;
        if is_account(&sweep.account) { Ok(sweep) } else { Err(EventError::Sweep("account is none".to_owned())) }
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
        ] {
            assert!(Sweep::of(&detail).is_err(), "{detail}");
        }
    }
}
