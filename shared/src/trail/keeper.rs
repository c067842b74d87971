//! Which trail covers the account, and which would be the one to do so. Pure.
//!
//! One multi-region trail with all management events is enough, and every further copy of them is paid for; so the
//! account is judged, not each trail.

use super::view::{Facts, View};
use crate::model::{Seen, Subject};
use crate::place::Region;

/// How it stands with the account.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Keeper<'a> {
    /// This trail covers it.
    Covers(&'a Facts),
    /// None does, and this one comes nearest.
    Nearest(&'a Facts),
    /// There is no trail at all.
    Nobody,
    /// There are trails, and none of them is ours to change: why not.
    Stuck(String),
    /// It cannot be told; what is missing.
    Unknown(String),
}

/// Finds the trail that covers the account, or the one that should.
#[must_use]
pub(super) fn keeper<'a>(view: &'a View, subject: &Subject, home: &Region) -> Keeper<'a> {
    let itself = Some(&view.trail.facts).filter(|_| view.trail.exists);
    if let Some(facts) = itself.filter(|facts| covers(facts)) {
        return Keeper::Covers(facts);
    }
    let others = match &view.others {
        Seen::Present(others) => others.as_slice(),
        Seen::Absent => &[],
        Seen::Unreadable(action) => return Keeper::Unknown(format!("{action} was denied")),
    };
    if let Some(facts) = others.iter().find(|facts| covers(facts)) {
        return Keeper::Covers(facts);
    }
    let all = || itself.into_iter().chain(others);
    if let Some(action) = all().find_map(unread) {
        return Keeper::Unknown(format!(
            "{action} was denied, so it cannot be told whether a trail covers the account"
        ));
    }
    let open = all().filter(|facts| facts.closed(&subject.place).is_none());
    match (open.max_by(|a, b| rank(a, home).cmp(&rank(b, home))), all().next()) {
        (Some(nearest), _) => Keeper::Nearest(nearest),
        (None, Some(closed)) => {
            Keeper::Stuck(format!("{}: {}", closed.arn, closed.closed(&subject.place).unwrap_or_default()))
        }
        (None, None) => Keeper::Nobody,
    }
}

/// Whether a trail alone keeps the account's record: every region, now, with every management event.
pub(super) fn covers(facts: &Facts) -> bool {
    let whole = facts.selectors.present().is_some_and(super::selectors::Selectors::takes_all_management);
    facts.multi_region && facts.logging == Seen::Present(true) && whole
}

fn unread(facts: &Facts) -> Option<&'static str> {
    match (&facts.logging, &facts.selectors) {
        (Seen::Unreadable(action), _) | (_, Seen::Unreadable(action)) => Some(action),
        _ => None,
    }
}

/// How near a trail comes, best last. A trail that is there for data events alone is the last to be taken: someone left
/// management events out on purpose. Then what is least to be changed, and at the end the name, so that every
/// invocation takes the same. Whether it is logging does not count: stopped trails are started in any case, and the
/// choice must not change on the way.
fn rank<'a>(facts: &'a Facts, home: &Region) -> impl Ord + use<'a> {
    let selectors = facts.selectors.present();
    (
        !selectors.is_some_and(super::selectors::Selectors::is_for_data_only),
        facts.multi_region,
        selectors.is_some_and(super::selectors::Selectors::takes_all_management),
        facts.organization,
        facts.home().as_ref() == Some(home),
        std::cmp::Reverse(facts.arn.as_str()),
    )
}
