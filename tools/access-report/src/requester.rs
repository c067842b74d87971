//! Names requesters: by the person if S3 logs one, otherwise by the shortest form that identifies them.

use std::borrow::Cow;
use trailkeeper::access::report::{WhoKind, WhoReport};

/// Returns the name: for a person theirs; otherwise the part of the ARN after the account, or both ends of a
/// canonical id.
pub(crate) fn name(who: &WhoReport) -> Cow<'_, str> {
    let WhoReport { requester, person, kind, account, .. } = who;
    if let (WhoKind::Account, None, Some(begin), Some(end)) = (kind, account, requester.get(..12), requester.get(58..))
    {
        return format!("{begin}…{end}").into();
    }
    let of_arn = requester.rsplit(':').next().filter(|_| requester.starts_with("arn:"));
    let short = |name| ["assumed-role/", "user/"].iter().find_map(|kind| str::strip_prefix(name, kind)).unwrap_or(name);
    person.as_deref().or(of_arn.map(short)).unwrap_or(requester).into()
}

/// Describes a requester: role, account, and whether that is another account.
pub(crate) fn about(who: &WhoReport) -> String {
    let kind = match (who.kind, &who.role) {
        (WhoKind::Role, Some(role)) if who.is_vouched_for() => format!("role {role}"),
        (WhoKind::Role, Some(role)) if who.person.is_some() => format!("session of this name, role {role}"),
        (WhoKind::Role, _) => "role".to_owned(),
        (WhoKind::Account, _) if who.account.is_some() => "root user".to_owned(),
        (WhoKind::Account, _) => "account by its canonical id".to_owned(),
        (WhoKind::Anonymous, _) => "not signed".to_owned(),
        (WhoKind::User, _) => "IAM user".to_owned(),
        (WhoKind::Federated, _) => "federated user".to_owned(),
        (WhoKind::Service, _) => "AWS service".to_owned(),
        (WhoKind::Other, _) => "of an unknown kind".to_owned(),
    };
    match (&who.account, who.foreign) {
        (Some(account), Some(true)) => format!("{kind}, another account ({account})"),
        (Some(account), _) => format!("{kind}, account {account}"),
        (None, Some(true)) => format!("{kind}, another account"),
        (None, _) => kind,
    }
}
