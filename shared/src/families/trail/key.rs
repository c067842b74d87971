//! KMS key of a trail: what CloudTrail requires of it, and who else reads what it encrypts. Pure.

use super::managed::MANAGED_KEY;
use crate::documents::policy::{Statement, compiled, document, statements, texts};
use crate::managed::key::KeyNeed;
use crate::managed::key::keeper::Keeper;
use crate::managed::key::wanted::ManagedKey;
use crate::model::{Arn, Place};
use serde_json::Value;

/// Returns the key that Trailkeeper creates for trails without one ([CloudTrail user guide, key policies]): the account
/// administers it, CloudTrail encrypts with it for trails of this account, and every principal of the account that may
/// read the files may decrypt them.
///
/// [CloudTrail user guide, key policies]: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
#[must_use]
pub(super) fn managed_key(place: &Place) -> ManagedKey {
    ManagedKey {
        alias: MANAGED_KEY,
        purpose: "Encrypts the log files of CloudTrail trails. Made by Trailkeeper.",
        policy: compiled(document!("trail-key.json"), place),
        keeper: Keeper::of(place, "trail"),
    }
}

/// Returns what CloudTrail requires of a trail's key. `Decrypt` is left out: it is needed only for buckets with a
/// bucket key, and CloudTrail refuses those itself.
#[must_use]
pub(super) fn need<'a>(place: &'a Place, trail_arn: &'a str) -> KeyNeed<'a> {
    KeyNeed {
        service: "cloudtrail.amazonaws.com",
        known: vec![
            ("aws:SourceArn", trail_arn),
            ("aws:SourceAccount", &place.account),
            ("kms:EncryptionContext:aws:cloudtrail:arn", trail_arn),
            ("aws:SecureTransport", "true"),
        ],
        actions: &[
            ("kms:GenerateDataKey", "AllowCloudTrailEncryptLogs"),
            ("kms:DescribeKey", "AllowCloudTrailDescribeKey"),
        ],
    }
}

/// Returns the other accounts whose principals may read under the bucket's policy: a key of this account would cut them
/// off. Everybody counts as one of them.
#[must_use]
pub(super) fn readers_elsewhere(bucket_policy: &Value, place: &Place) -> Vec<String> {
    let reads = |statement: &Statement<'_>| statement.allows() && statement.covers_action("s3:GetObject");
    let principals = |statement: Statement<'_>| {
        let everybody = statement.element("Principal").and_then(Value::as_str).map(str::to_owned);
        let named: Vec<String> = statement
            .element("Principal")
            .and_then(|it| it.get("AWS"))
            .map(|it| texts(it).map(str::to_owned).collect())
            .unwrap_or_default();
        everybody.into_iter().chain(named)
    };
    let account = |principal: &String| Arn::parse(principal).map_or(principal.clone(), |arn| arn.account.to_owned());
    let mut accounts: Vec<String> = statements(bucket_policy)
        .filter(reads)
        .flat_map(principals)
        .map(|it| account(&it))
        .filter(|it| *it != place.account && !it.starts_with("AROA") && !it.starts_with("AIDA"))
        .collect();
    accounts.sort_unstable();
    accounts.dedup();
    accounts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Region;
    use serde_json::json;

    fn place() -> Place {
        let region = Region::parse("eu-west-1").expect("a region");
        Place { partition: "aws".into(), account: "111122223333".into(), region }
    }

    const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/t";

    const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/k";

    fn missing(policy: &Value, trail: &str) -> Option<usize> {
        managed_key(&place()).missing(KEY, policy, &need(&place(), trail)).map(|it| it.len())
    }

    #[test]
    fn our_policy_serves_every_trail_of_the_account_and_no_other() {
        let policy = managed_key(&place()).policy;
        assert_eq!(missing(&policy, TRAIL), Some(0));
        assert_eq!(missing(&policy, "arn:aws:cloudtrail:us-east-1:111122223333:trail/x"), Some(0));
        assert_eq!(missing(&policy, "arn:aws:cloudtrail:eu-west-1:999999999999:trail/t"), Some(2));
        assert!(!policy.to_string().contains("${"), "{policy}");
    }

    #[test]
    fn what_is_missing_is_named_by_the_statements_that_would_allow_it() {
        let root = json!({"Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*",
            "Principal": {"AWS": "arn:aws:iam::111122223333:root"}}});
        let added = managed_key(&place()).missing(KEY, &root, &need(&place(), TRAIL)).expect("no conditions");
        let whole = crate::documents::policy::with_statements(Some(&root), &added);
        assert_eq!((missing(&root, TRAIL), missing(&whole, TRAIL)), (Some(2), Some(0)));
        let maybe = json!({"Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*",
            "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}});
        assert_eq!(missing(&maybe, TRAIL), None);
        let lets = |action: &str, resource: &str, condition: Value| {
            let statement = json!({"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition,
                "Principal": {"Service": "cloudtrail.amazonaws.com"}});
            missing(&json!({"Statement": statement}), TRAIL)
        };
        let context = json!({"StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": "arn:aws:cloudtrail:*"}});
        assert_eq!(lets("kms:*", "*", context), Some(1), "a description has no encryption context");
        assert_eq!(lets("kms:*", KEY, json!({})), Some(0));
        assert_eq!(lets("kms:*", "arn:aws:kms:eu-west-1:111122223333:key/other", json!({})), Some(2));
    }

    #[test]
    fn readers_of_other_accounts_are_seen() {
        let of = |principal: Value, action: &str| {
            let policy =
                json!({"Statement": [{"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*"}]});
            readers_elsewhere(&policy, &place())
        };
        assert_eq!(
            of(json!({"AWS": ["arn:aws:iam::999999999999:role/siem", "888888888888"]}), "s3:Get*"),
            ["888888888888", "999999999999"]
        );
        assert_eq!(of(json!("*"), "s3:GetObject"), ["*"]);
        assert!(of(json!({"AWS": "arn:aws:iam::111122223333:root"}), "s3:GetObject").is_empty());
        assert!(of(json!({"AWS": "999999999999"}), "s3:PutObject").is_empty());
        assert!(of(json!({"Service": "cloudtrail.amazonaws.com"}), "s3:*").is_empty());
    }
}
