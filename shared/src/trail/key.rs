//! Whether a KMS key lets `CloudTrail` encrypt a trail's files and readers decrypt them. Pure.

use super::view::Key;
use crate::place::{Arn, Place};
use crate::policy::{Decision, Request, Statement, compiled, decide, statements, texts};
use serde_json::Value;

/// What a key's policy says to `CloudTrail`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Lets {
    /// All that it needs.
    All,
    /// Not these: the statements of ours that would allow it.
    NotThese(Vec<Value>),
    /// It hangs on conditions that only a real request can settle.
    Unclear,
}

/// The policy of our key: the account administers it, `CloudTrail` encrypts with it for trails of this account, and
/// whoever of the account may read the files may decrypt them ([CloudTrail user guide, key policies]).
///
/// [CloudTrail user guide, key policies]: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
#[must_use]
pub(super) fn our_policy(place: &Place) -> Value {
    compiled(include_str!("../../../policies/trail-key.json"), place)
}

/// What the policy of a trail's key says to `CloudTrail` for that trail. `Decrypt` is not asked for: `CloudTrail` needs
/// it only for buckets with a bucket key, and refuses those itself.
#[must_use]
pub(super) fn lets(policy: &Value, place: &Place, trail_arn: &str) -> Lets {
    let known = [
        ("aws:SourceArn", trail_arn),
        ("aws:SourceAccount", place.account.as_str()),
        ("kms:EncryptionContext:aws:cloudtrail:arn", trail_arn),
        ("aws:SecureTransport", "true"),
    ];
    let decision = |action| {
        let request = Request { service: Some("cloudtrail.amazonaws.com"), action, resources: &[], known: &known };
        decide([policy], request)
    };
    let mut missing = Vec::new();
    for (action, sid) in
        [("kms:GenerateDataKey", "AllowCloudTrailEncryptLogs"), ("kms:DescribeKey", "AllowCloudTrailDescribeKey")]
    {
        match decision(action) {
            Decision::Allowed => {}
            Decision::Unclear => return Lets::Unclear,
            Decision::Denied | Decision::NotAllowed => missing.push(sid),
        }
    }
    if missing.is_empty() {
        return Lets::All;
    }
    let ours = our_policy(place);
    let named = |statement: &Statement<'_>| {
        let sid = statement.element("Sid").and_then(Value::as_str);
        sid.is_some_and(|sid| missing.contains(&sid))
    };
    Lets::NotThese(statements(&ours).filter(named).map(Statement::to_value).collect())
}

/// Why a key cannot encrypt a trail as it is, whatever its policy says.
#[must_use]
pub(super) fn unfit(key: &Key) -> Option<String> {
    if !key.customers {
        return Some(format!("key {} is managed by AWS, which does not let CloudTrail use it", key.arn));
    }
    (key.state != "Enabled").then(|| format!("key {} is in state {}, so CloudTrail cannot deliver", key.arn, key.state))
}

/// The accounts, other than this one, whose principals the bucket's policy lets read: a key of this account would cut
/// them off. Everybody is one of them.
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
    use crate::place::Region;
    use serde_json::json;

    fn place() -> Place {
        let region = Region::parse("eu-west-1").expect("a region");
        Place { partition: "aws".into(), account: "111122223333".into(), region }
    }

    const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/t";

    #[test]
    fn our_policy_serves_every_trail_of_the_account_and_no_other() {
        let policy = our_policy(&place());
        assert_eq!(lets(&policy, &place(), TRAIL), Lets::All);
        assert_eq!(lets(&policy, &place(), "arn:aws:cloudtrail:us-east-1:111122223333:trail/x"), Lets::All);
        let foreign = "arn:aws:cloudtrail:eu-west-1:999999999999:trail/t";
        assert!(matches!(lets(&policy, &place(), foreign), Lets::NotThese(_)));
        assert!(!policy.to_string().contains("${"), "{policy}");
    }

    #[test]
    fn what_is_missing_is_named_by_the_statements_that_would_allow_it() {
        let root = json!({"Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*",
            "Principal": {"AWS": "arn:aws:iam::111122223333:root"}}});
        let Lets::NotThese(missing) = lets(&root, &place(), TRAIL) else { panic!("{root}") };
        assert_eq!(missing.len(), 2);
        let whole = crate::policy::with_statements(Some(&root), &missing);
        assert_eq!(lets(&whole, &place(), TRAIL), Lets::All);
        let maybe = json!({"Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*",
            "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}});
        assert_eq!(lets(&maybe, &place(), TRAIL), Lets::Unclear);
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
