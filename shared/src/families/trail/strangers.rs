//! Parties outside the account that a customer's key or role of a trail lets in. Pure.

use super::Step;
use super::managed;
use crate::documents::policy::{Household, Statement, strangers, told_of};
use crate::documents::principals::account_of;
use crate::managed::key::KeyView;
use crate::managed::role::Role;
use crate::model::{Arn, Place, Remedy, Unread, Verdict};
use crate::settings::Settings;
use serde_json::Value;

/// Actions by which a key's content is read, or the key taken over.
const HANDLES: [&str; 6] = [
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DisableKey",
    "kms:PutKeyPolicy",
    "kms:ReEncryptFrom",
    "kms:ScheduleKeyDeletion",
];

/// Returns the verdict on a key that serves CloudTrail, if its policy shuts the account out of the log files, or lets
/// strangers read or administer: what is advised, since a reader may be wanted.
pub(super) fn of_key(key: &KeyView, place: &Place, settings: &Settings) -> Option<Verdict<Step>> {
    let by_policy = key.policy.present().map(|policy| by_policy(policy, key, place, settings)).unwrap_or_default();
    let grants = match key.grants.known() {
        Ok(grants) => grants.map_or(&[][..], Vec::as_slice),
        Err(unread @ Unread::Denied(_)) if by_policy.is_empty() => {
            return Some(Verdict::Unknown { needs: unread.of(format_args!("the grants of key {}", key.arn)) });
        }
        Err(_) => &[],
    };
    let strange = grants.iter().filter(|it| it.is_strange(&place.account, &|name| is_trusted(name, place, settings)));
    let by_grants = first(strange.map(ToString::to_string).collect());
    let told = |what: &str, found: &[String]| {
        (!found.is_empty()).then(|| format!("by the {what} of key {}, {}", key.arn, found.join("; ")))
    };
    let found: Vec<String> = told("policy", &by_policy).into_iter().chain(told("grants", &by_grants)).collect();
    (!found.is_empty()).then(|| Verdict::Violation {
        because: found.join("; "),
        remedy: Remedy::Advise(format!(
            "Find out who changed the policy of {0}, and remove what nobody needs; a grant is ended by kms:RevokeGrant. Name \
             whoever is meant to be there in TRAILKEEPER_LOG_BUCKET_READERS. Trailkeeper leaves it, since readers may \
             depend on it.",
            key.arn
        )),
    })
}

/// Returns what is told of the policy of a key.
fn by_policy(policy: &Value, key: &KeyView, place: &Place, settings: &Settings) -> Vec<String> {
    let region = Arn::parse(&key.arn).map_or(place.region.as_str(), |arn| arn.region);
    let organization = settings.organization.as_ref().map(|it| it.id.as_str());
    let household = Household { account: &place.account, organization, via: &format!("s3.{region}.amazonaws.com") };
    let mut found = Vec::new();
    for it in household.shut_out(policy, &["kms:Decrypt"]) {
        if !it.spared().iter().any(|spared| settings.log_bucket_readers.names(spared)) {
            let so = if it.spared().is_empty() { "so nobody may" } else { "who alone may" };
            found.push(format!("{it}, {so} decrypt log files"));
        }
    }
    let handles = |it: &Statement<'_>| HANDLES.iter().any(|action| it.covers_action(action));
    let strangers = strangers(policy, &place.account, &|name| is_trusted(name, place, settings));
    found.extend(strangers.into_iter().filter(handles).map(|it| told_of(&it.to_value())));
    found
}

/// Returns the first grants of a key, which may have many thousands, and how many more there are.
fn first(mut grants: Vec<String>) -> Vec<String> {
    const SHOWN: usize = 5;
    let more = grants.len().saturating_sub(SHOWN);
    grants.truncate(SHOWN);
    grants.extend((more > 0).then(|| format!("and {more} more")));
    grants
}

/// Returns what is wrong with a role with which CloudTrail writes, if strangers may assume it.
pub(super) fn of_role(role: &Role, place: &Place, settings: &Settings) -> Option<Verdict<Step>> {
    if managed::MANAGED_ROLES.iter().any(|name| role.arn == place.role_arn(name)) {
        return None;
    }
    let found = strangers(&role.trust, &place.account, &|name| is_trusted(name, place, settings));
    let found: Vec<String> = found.into_iter().map(|it| told_of(&it.to_value())).collect();
    (!found.is_empty()).then(|| Verdict::Violation {
        because: format!("by the trust policy of its role {}, {}", role.arn, found.join("; ")),
        remedy: Remedy::Advise(format!(
            "Remove from the trust policy of {} whoever is not meant to be there: CloudTrail alone needs the role, and \
             whoever assumes it may write events of his own into the log group. Trailkeeper does not edit a role that it \
             did not create.",
            role.arn
        )),
    })
}

/// Returns whether the settings name a party: an account for the record, a reader, or the organization.
fn is_trusted(name: &str, place: &Place, settings: &Settings) -> bool {
    let account = account_of(name);
    settings.log_bucket_readers.names(name)
        || settings.organization.as_ref().is_some_and(|it| it.id == name)
        || account.is_some_and(|account| settings.record_destinations.account(place, account).is_wanted())
}

#[cfg(test)]
mod tests {
    use super::super::Trail;
    use super::*;
    use crate::managed::key::grant::KeyGrant;
    use crate::managed::role::Bounds;
    use crate::model::Seen;
    use crate::settings::log_bucket_readers::LogBucketReaders;
    use crate::testing::laws::{settings, subject};
    use serde_json::json;

    fn because(verdict: Option<Verdict<Step>>) -> String {
        match verdict {
            None => String::new(),
            Some(Verdict::Violation { because, remedy: Remedy::Advise(_) }) => because,
            Some(other) => panic!("{other:?}"),
        }
    }

    fn of_policy(statement: &Value, readers: &str) -> String {
        let place = subject::<Trail>().place;
        let key = KeyView {
            arn: "arn:aws:kms:eu-west-1:111122223333:key/k".to_owned(),
            managed: Seen::NotAsked,
            customers: true,
            native: true,
            state: "Enabled".to_owned(),
            policy: Seen::Present(json!({ "Statement": statement })),
            grants: Seen::Present(vec![]),
            rotates: Seen::NotAsked,
            next: Box::default(),
        };
        let readers = Some(readers.to_owned()).filter(|it| !it.is_empty());
        let log_bucket_readers = LogBucketReaders::setting(readers).expect("readers");
        because(of_key(&key, &place, &Settings { log_bucket_readers, ..settings() }))
    }

    #[test]
    fn whoever_holds_the_key_against_the_account_is_told() {
        let mallory = "arn:aws:iam::111122223333:user/mallory";
        let deny = json!({"Sid": "D", "Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:PrincipalArn": mallory}}});
        let told = of_policy(&deny, "");
        assert!(told.contains("everybody but") && told.contains("mallory, who alone may decrypt"), "{told}");
        assert_eq!(of_policy(&deny, mallory), "");
        let allow = |action: &str| json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:root"}, "Action": action});
        for action in ["kms:*", "kms:Decrypt", "kms:PutKeyPolicy"] {
            assert!(of_policy(&allow(action), "").contains("999999999999:root may"), "{action}");
            assert_eq!(of_policy(&allow(action), "999999999999"), "", "{action}");
        }
        assert_eq!(of_policy(&allow("kms:DescribeKey"), ""), "");
    }

    #[test]
    fn whoever_has_a_grant_of_the_key_is_told() {
        let place = subject::<Trail>().place;
        let key = |grants: Seen<Vec<KeyGrant>>| KeyView {
            arn: "arn:aws:kms:eu-west-1:111122223333:key/k".to_owned(),
            managed: Seen::NotAsked,
            customers: true,
            native: true,
            state: "Enabled".to_owned(),
            policy: Seen::Present(json!({ "Statement": [] })),
            grants,
            rotates: Seen::NotAsked,
            next: Box::default(),
        };
        let grant = |id: usize, grantee: &str| KeyGrant {
            id: format!("g{id}"),
            grantee: grantee.to_owned(),
            issuer: Some("arn:aws:iam::111122223333:root".to_owned()),
            operations: vec!["Decrypt".to_owned(), "DescribeKey".to_owned()],
        };
        let told = |grants: Vec<KeyGrant>, named: &str| {
            let named = Some(named.to_owned()).filter(|it| !it.is_empty());
            let log_bucket_readers = LogBucketReaders::setting(named).expect("readers");
            because(of_key(&key(Seen::Present(grants)), &place, &Settings { log_bucket_readers, ..settings() }))
        };
        let mallory = "arn:aws:iam::999999999999:user/mallory";
        let kept = [grant(1, "rds.eu-west-1.amazonaws.com"), grant(2, "arn:aws:iam::111122223333:role/reader")];
        assert_eq!(told(kept.to_vec(), ""), "");
        let words = format!(
            "by the grants of key arn:aws:kms:eu-west-1:111122223333:key/k, {mallory} may Decrypt, DescribeKey (grant g3)"
        );
        assert_eq!(told([&kept[..], &[grant(3, mallory)]].concat(), ""), words);
        assert_eq!(told(vec![grant(3, mallory)], "999999999999"), "");
        let many = told((0..9).map(|id| grant(id, mallory)).collect(), "");
        assert!(many.contains("(grant g4); and 4 more") && !many.contains("g5"), "{many}");
        let unread = of_key(&key(Seen::Unreadable("kms:ListGrants")), &place, &settings());
        assert!(matches!(unread, Some(Verdict::Unknown { needs }) if needs.contains("kms:ListGrants")));
    }

    #[test]
    fn whoever_may_assume_a_customers_role_is_told() {
        let place = subject::<Trail>().place;
        let role = |name: &str, who: Value| Role {
            arn: place.role_arn(name),
            managed: false,
            trust: json!({"Statement": {"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole"}}),
            inline: Seen::NotAsked,
            attached: Seen::NotAsked,
            boundary: Seen::Absent,
            bounds: Bounds::default(),
        };
        let told = |role: &Role| because(of_role(role, &place, &settings()));
        let both = json!({"Service": "cloudtrail.amazonaws.com", "AWS": "999999999999"});
        assert!(told(&role("writer", both.clone())).contains("999999999999"));
        assert_eq!(told(&role("writer", json!({"Service": "cloudtrail.amazonaws.com"}))), "");
        assert_eq!(told(&role("writer", json!({"AWS": "111122223333"}))), "");
        assert_eq!(told(&role(managed::MANAGED_ROLE, both)), "", "ours is repaired");
    }
}
