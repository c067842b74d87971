//! Organization whose trail delivers to a bucket. Its id comes from the settings or from AWS Organizations, and never from
//! the bucket's policy: whoever may write the policy could name any.

use super::need::organizations_in;
use super::step::Step;
use super::view::{Missing, View};
use crate::model::{Remedy, Unread, Verdict};
use crate::settings::Settings;
use serde_json::Value;

/// Organization whose trail delivers to the bucket.
pub(super) struct TrailOrganization<'a> {
    /// Id of the account's organization, if it is in one; asked for only for the trail of one.
    id: Result<Option<&'a str>, Unread>,
    /// The same, as far as it is known.
    known: Result<Option<&'a str>, Unread>,
    /// Ids that the policy names.
    named: Vec<&'a str>,
}

impl<'a> TrailOrganization<'a> {
    pub(super) fn of(view: &'a View, settings: &'a Settings, policy: Option<&'a Value>) -> Self {
        let asked = view.uses.trails.iter().any(|trail| trail.organization);
        let named = policy.filter(|_| asked).map(|policy| organizations_in(policy).into_iter().collect());
        let known = view.organization(settings);
        let id = if asked { known } else { Ok(None) };
        Self { id, known, named: named.unwrap_or_default() }
    }

    /// Returns the id of the account's organization, `None` if it is in none, as far as that was read.
    pub(super) fn known(&self) -> Result<Option<&'a str>, Unread> {
        self.known
    }

    /// Returns the id of the organization, if it is known.
    pub(super) fn id(&self) -> Option<&'a str> {
        self.id.ok().flatten()
    }

    /// Checks that the id is known, where the policy names a single organization that may be it.
    ///
    /// # Errors
    /// Returns an error that says what is missing.
    pub(super) fn must_be_known(&self) -> Result<(), Missing> {
        let (Err(unread), [named]) = (self.id, self.named.as_slice()) else { return Ok(()) };
        let unread = unread.of("the account's organization");
        Err(Missing::other(format!("{unread}, so it is not known whether {named} in its policy is the organization")))
    }

    /// Returns the violation of a policy that names another organization, or several.
    pub(super) fn contradicted(&self) -> Option<Verdict<Step>> {
        let others: Vec<&str> = self.named.iter().copied().filter(|id| self.id != Ok(Some(*id))).collect();
        let because = match self.id {
            Ok(Some(id)) if !others.is_empty() => {
                format!("its policy allows access to the path of {}, and the organization is {id}", others.join(", "))
            }
            _ if self.named.len() > 1 => format!("its policy names several organizations: {}", self.named.join(", ")),
            _ => return None,
        };
        let advice = "Remove the statements about the paths of other organizations: files of this account's members never \
                      lie there. Trailkeeper allows delivery only on the path of the organization that \
                      TRAILKEEPER_ORGANIZATION or AWS Organizations names.";
        Some(Verdict::Violation { because, remedy: Remedy::Advise(advice.to_owned()) })
    }
}
