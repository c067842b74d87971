//! `log-bucket-readers`: nobody foreign handles the record.

use crate::documents::policy::{Statement, statements};
use crate::documents::principals::{Party, account_of, parties};
use crate::families::bucket::Bucket;
use crate::families::bucket::fence::keeps_strangers_out;
use crate::families::bucket::parts::Part;
use crate::families::bucket::powers::{LogFiles, powers};
use crate::families::bucket::public::is_everybody;
use crate::families::bucket::ransom::{hostages, of_key};
use crate::families::bucket::step::Step;
use crate::families::bucket::trusted::Trusted;
use crate::families::bucket::uses::Uses;
use crate::families::bucket::view::{BucketConfig, Encryption, Grant, Missing, Replica, ReplicaOwner, View};
use crate::family::Control;
use crate::model::{About, Remedy, Severity, Subject, Unread, Verdict};
use crate::settings::Settings;
use crate::settings::destinations::Destination;
use serde_json::Value;

pub(in crate::families::bucket) const CONTROL: Control<Bucket> = Control {
    about: About {
        id: "log-bucket-readers",
        wrong: "open to other readers",
        title: "The account, and nobody outside it, handles the files of a log bucket",
        why: "An intruder who lets an account of his own into a log bucket reads who works where, deletes the traces, \
              or encrypts new files with a key that he takes away later. One who denies the files to everybody but himself \
              has taken them hostage. Delivery goes on all the while.",
        compliant: "Neither the bucket's policy nor its ACL lets a party outside the account read, list, overwrite, \
                    delete or administer log files, default encryption uses no key of another account, and no file is \
                    replicated to a bucket of another account. No statement \
                    denies the account's own principals in general to read or list log files, whatever principal or \
                    network it spares, unless TRAILKEEPER_LOG_BUCKET_READERS, TRAILKEEPER_ACCESS_READERS or \
                    TRAILKEEPER_ACCESS_NETWORKS names one of these. Access points and CloudFront \
                    distributions of the account count as outside, since they let in anybody. Parties in \
                    TRAILKEEPER_LOG_BUCKET_READERS, accounts and buckets in TRAILKEEPER_RECORD_DESTINATIONS and the account's \
                    organization may, and so may anyone whom the \
                    policy's conditions limit to these. The services that deliver logs may write and list.",
        fix: "None: the finding says who may do what by which statement, and it is advised to remove it. A PutBucketPolicy \
              that lets principals of the account itself handle log files is told with who made it, unless \
              TRAILKEEPER_LOG_BUCKET_READERS names them.",
        risk: "Nothing is written. A reader that is meant to be there is reported until the setting names it.",
        guard: "It is only reported: whether a party is a reader of yours or an intruder is not to be seen from its account.",
        permanent: None,
        severity: Severity::High,
        opt_in: false,
        references: &["Amazon S3 user guide, cross-account access: \
             https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-walkthroughs-managing-access-example2.html"],
    },
    judge,
};

/// Returns the parts of a log bucket that this control reads.
pub(super) fn reads(_: &Uses, _: &str, _: &Settings) -> Vec<Part> {
    vec![Part::Policy, Part::Grants, Part::Encryption, Part::DefaultKey, Part::Replication]
}

fn judge(view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    view.as_log_bucket(subject, |bucket| {
        let trusted = Trusted::new(subject, view.organization(settings), settings);
        let mut found = by_policy(view, subject, bucket, &trusted)?;
        let policy = bucket.policy.known()?;
        found.extend(policy.map(|policy| hostages(view, subject, settings, policy)).into_iter().flatten());
        found.extend(bucket.grants.known()?.into_iter().flatten().filter_map(|grant| by_acl(grant, &trusted)));
        if let Some(Encryption::Kms { key: Some(key) }) = bucket.encryption.known()?
            && !trusted.trusts_key(key)
        {
            found.push(format!("another account owns the key of the default encryption, {key}"));
        }
        if let Some(key) = bucket.default_key.known()? {
            let policy = if key.customers { key.policy.known()? } else { None };
            found.extend(of_key(key, view, subject, settings, policy.unwrap_or(&Value::Null)));
        }
        let replicas = bucket.replicas.known()?.into_iter().flatten();
        let replicas: Vec<(&Replica, bool)> =
            replicas.filter_map(|it| unwanted(it, &trusted).map(|known| (it, known))).collect();
        let sent = replicas.iter().filter(|(_, known)| *known);
        found
            .extend(sent.map(|(it, _)| format!("its files are replicated to bucket {} of another account", it.bucket)));
        if found.is_empty() {
            return match replicas.first() {
                Some((it, _)) => {
                    Err(Missing::other(format!("who owns bucket {}, to which files are replicated", it.bucket)))
                }
                None => Ok(Verdict::Compliant),
            };
        }
        Ok(Verdict::Violation {
            because: found.join("; "),
            remedy: Remedy::Advise(
                "Remove whoever is not meant to be there, or alone is let in, from the bucket's policy, ACL, default \
                 encryption or replication. Name those who are meant in TRAILKEEPER_LOG_BUCKET_READERS, buckets in \
                 TRAILKEEPER_RECORD_DESTINATIONS. Trailkeeper does not remove them, because a reader of yours \
                 would be cut off."
                    .to_owned(),
            ),
        })
    })
}

/// Returns what the statements of the policy allow to parties that are not trusted.
fn by_policy(
    view: &View,
    subject: &Subject,
    bucket: &BucketConfig,
    trusted: &Trusted<'_>,
) -> Result<Vec<String>, Missing> {
    let Some(policy) = bucket.policy.known()? else { return Ok(Vec::new()) };
    let files = LogFiles { arn: &subject.arn, prefixes: view.uses.prefixes() };
    let of_organization = |unread: Unread| Missing::other(unread.of("the account's organization"));
    let mut fences = Vec::new();
    for statement in statements(policy) {
        if keeps_strangers_out(trusted, statement).map_err(of_organization)? {
            fences.push(statement);
        }
    }
    let mut found = Vec::new();
    for (number, statement) in statements(policy).enumerate().filter(|(_, statement)| statement.allows()) {
        for party in parties(statement) {
            let may = powers(statement, party, &files, &fences);
            if may.is_empty() || trusted.are_all_of(statement, party).map_err(of_organization)? {
                continue;
            }
            let sid = statement.element("Sid").and_then(Value::as_str).filter(|sid| !sid.is_empty());
            let sid = sid.map_or_else(|| format!("number {}", number + 1), str::to_owned);
            found.push(format!("statement {sid} lets {} {} log files", named(party, statement), listed(&may)));
        }
    }
    Ok(found)
}

/// Returns whether files are known to be replicated to a bucket that is not wanted; `None` if it is wanted.
fn unwanted(replica: &Replica, trusted: &Trusted<'_>) -> Option<bool> {
    match (trusted.bucket(replica), &replica.owner) {
        (Destination::Own | Destination::Named | Destination::Organization, _) => None,
        // An account may be named as a reader instead of as a destination.
        (_, ReplicaOwner::OtherAccount(Some(account))) if trusted.trusts(account) => None,
        (Destination::Elsewhere, _) => Some(true),
        (Destination::Unknown, _) => Some(false),
    }
}

/// Returns what an ACL allows a party that is not trusted ([ACL overview]).
///
/// [ACL overview]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
fn by_acl(grant: &Grant, trusted: &Trusted<'_>) -> Option<String> {
    const LOG_WRITER: &str = "http://acs.amazonaws.com/groups/s3/LogDelivery";
    let Grant { grantee, permission } = grant;
    let may: &[&str] = match permission.as_str() {
        "READ" => &["list"],
        "WRITE" => &["overwrite", "delete"],
        "WRITE_ACP" => &["administer"],
        "FULL_CONTROL" => &["list", "overwrite", "delete", "administer"],
        _ => return None,
    };
    if grantee == LOG_WRITER || trusted.trusts(grantee) {
        return None;
    }
    let who =
        if is_everybody(grantee) { "anyone".to_owned() } else { format!("the account of canonical user {grantee}") };
    Some(format!("its ACL lets {who} {} log files", listed(may)))
}

/// Returns a party as people know it, with the conditions under which a statement applies to it.
fn named(party: Party<'_>, statement: Statement<'_>) -> String {
    let who = match party {
        Party::Anyone => "anyone".to_owned(),
        Party::Account(name) => match account_of(name) {
            Some(account) if account != name => format!("account {account} ({name})"),
            Some(account) => format!("account {account}"),
            None => format!("the deleted principal {name}"),
        },
        Party::CanonicalUser(id) => format!("the account of canonical user {id}"),
        Party::Federated(name) => format!("identity provider {name}"),
        Party::Service(name) => format!("service {name}"),
    };
    let keys = [
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceorgid",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
    ];
    let limits = statement.conditions().into_iter().filter(|it| keys.contains(&it.key.as_str()));
    let limits: Vec<String> = limits.map(|it| format!("{} {} {}", it.operator, it.key, it.values)).collect();
    if limits.is_empty() { who } else { format!("{who} (if {})", limits.join(", ")) }
}

/// Returns verbs as a list in a sentence.
fn listed(verbs: &[&str]) -> String {
    match verbs {
        [all @ .., last] if !all.is_empty() => format!("{} and {last}", all.join(", ")),
        _ => verbs.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::bucket::{DefaultKey, Ownership, TrailDelivery};
    use crate::model::Seen;
    use crate::settings::access::AccessSettings;
    use crate::settings::destinations::RecordDestinations;
    use crate::settings::log_bucket_readers::LogBucketReaders;
    use crate::testing::laws::{settings, subject};
    use serde_json::json;

    const FOREIGN: &str = "arn:aws:iam::999999999999:root";

    fn judged(config: BucketConfig, settings: &Settings) -> Verdict<Step> {
        let subject = subject::<Bucket>();
        let arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/t".to_owned();
        let trails = vec![TrailDelivery { arn, prefix: None, organization: false }];
        let uses = Uses { trails, organization: Seen::Present("o-abc".to_owned()), ..Uses::default() };
        let buckets = [(subject.id.clone(), Ownership::ThisAccount(Box::new(config)))].into();
        judge(&View { uses, buckets }, &subject, settings)
    }

    fn bucket() -> BucketConfig {
        BucketConfig::new(subject::<Bucket>().place.region)
    }

    /// Returns what is told of a policy with one statement, with changes; empty if it is compliant.
    fn told(changes: &Value) -> String {
        told_of(&[statement(changes)], &settings())
    }

    fn statement(changes: &Value) -> Value {
        let mut statement = json!({"Sid": "Backup", "Effect": "Allow", "Principal": {"AWS": FOREIGN},
            "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"]});
        for (key, value) in changes.as_object().cloned().unwrap_or_default() {
            statement[key] = value;
        }
        statement
    }

    fn told_of(statements: &[Value], settings: &Settings) -> String {
        let policy = Seen::Present(json!({ "Statement": statements }));
        match judged(BucketConfig { policy, ..bucket() }, settings) {
            Verdict::Compliant => String::new(),
            Verdict::Violation { because, remedy: Remedy::Advise(_) } => because,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_a_foreign_account_may_do_is_told() {
        for (action, may) in [
            (json!("s3:GetObject"), "read"),
            (json!("s3:List*"), "list"),
            (json!(["s3:PutObject", "s3:getobjectversion"]), "read and overwrite"),
            (json!(["s3:DeleteObject", "s3:PutLifecycleConfiguration"]), "delete and administer"),
            (json!("s3:PutBucketPolicy"), "administer"),
            (json!("*"), "read, list, overwrite, delete and administer"),
        ] {
            let told = told(&json!({ "Action": action }));
            assert_eq!(
                told,
                format!("statement Backup lets account 999999999999 ({FOREIGN}) {may} log files"),
                "{action}"
            );
        }
        let mut all_but = statement(&json!({"NotAction": "s3:GetObject"}));
        all_but.as_object_mut().expect("an object").remove("Action");
        assert!(told_of(&[all_but], &settings()).contains("list, overwrite, delete and administer"));
        for harmless in [
            json!({"Action": ["s3:GetBucketAcl", "s3:GetBucketPolicy"]}),
            json!({"Effect": "Deny"}),
            json!({"Principal": {"AWS": "111122223333"}, "Action": "s3:*"}),
            json!({"Resource": "arn:aws:s3:::logs/public/*"}),
            json!({"Resource": "arn:aws:s3:::others/*"}),
            json!({"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::logs/*"}),
        ] {
            assert_eq!(told(&harmless), "", "{harmless}");
        }
        for resource in ["*", "arn:aws:s3:::*", "arn:aws:s3:::logs/AWSLogs/111122223333/*", "arn:aws:s3:::logs/A*"] {
            assert_ne!(told(&json!({ "Resource": resource })), "", "{resource}");
        }
    }

    #[test]
    fn every_kind_of_party_is_told() {
        let source = |account: &str| json!({"StringEquals": {"aws:SourceAccount": account}});
        for (principal, condition, who) in [
            (json!("*"), json!({}), "lets anyone read"),
            (
                json!({"AWS": "*"}),
                json!({"StringEquals": {"aws:SourceVpce": "vpce-1"}}),
                r#"anyone (if stringequals aws:sourcevpce "vpce-1") read"#,
            ),
            (json!({"AWS": "AROAEXAMPLEEXAMPLE123"}), json!({}), "the deleted principal AROAEXAMPLEEXAMPLE123"),
            (json!({"CanonicalUser": "79a5"}), json!({}), "the account of canonical user 79a5"),
            (json!({"Federated": "accounts.google.com"}), json!({}), "identity provider accounts.google.com"),
            (
                json!({"Service": "cloudfront.amazonaws.com"}),
                source("999999999999"),
                "service cloudfront.amazonaws.com",
            ),
        ] {
            let told = told(&json!({"Principal": principal, "Condition": condition}));
            assert!(told.contains(who), "{told}");
        }
        let of = |service: &str| json!({"Principal": {"Service": service}, "Condition": source("111122223333")});
        assert_eq!(told(&of("athena.amazonaws.com")), "");
        assert!(told(&of("cloudfront.amazonaws.com")).contains("lets service cloudfront.amazonaws.com"));
        let point =
            json!({"Principal": "*", "Condition": {"StringEquals": {"s3:DataAccessPointAccount": "111122223333"}}});
        assert!(told(&point).contains("lets anyone (if stringequals s3:dataaccesspointaccount"));
        let delivers =
            json!({"Principal": {"Service": "config.amazonaws.com"}, "Action": ["s3:PutObject", "s3:ListBucket"]});
        assert_eq!(told(&delivers), "", "services that deliver");
        let organization = json!({"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abc"}}});
        assert_eq!(told(&organization), "");
    }

    #[test]
    fn whoever_is_named_or_denied_may_not_be_told() {
        let named = LogBucketReaders::setting(Some("999999999999".to_owned())).expect("readers");
        assert_eq!(told_of(&[statement(&json!({}))], &Settings { log_bucket_readers: named, ..settings() }), "");
        let record_destinations = RecordDestinations::setting(Some("999999999999".to_owned())).expect("destinations");
        assert_eq!(told_of(&[statement(&json!({}))], &Settings { record_destinations, ..settings() }), "");
        let fence = statement(&json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Sid": "Fence",
            "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-abc"}}}));
        assert_eq!(told_of(&[statement(&json!({})), fence.clone()], &settings()), "");
        let mut narrow = fence;
        narrow["Action"] = json!("s3:DeleteObject");
        assert_ne!(told_of(&[statement(&json!({})), narrow], &settings()), "");
    }

    #[test]
    fn a_denial_that_never_applies_hides_no_reader() {
        let fence = statement(
            &json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Sid": "Fence", "Condition": {
            "StringNotEquals": {"aws:PrincipalAccount": "111122223333"}, "Bool": {"aws:PrincipalIsAWSService": "true"}}}),
        );
        assert!(told_of(&[statement(&json!({})), fence], &settings()).contains("lets account 999999999999"));
    }

    #[test]
    fn whoever_keeps_the_account_out_is_told() {
        let mallory = "arn:aws:iam::111122223333:user/mallory";
        let deny = |action: &str, resource: &str, but: &str| {
            statement(
                &json!({"Sid": "Mine", "Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource,
                "Condition": {"ArnNotEquals": {"aws:PrincipalArn": but}}}),
            )
        };
        let read = deny("s3:GetObject*", "arn:aws:s3:::logs/*", mallory);
        assert_eq!(
            told_of(std::slice::from_ref(&read), &settings()),
            format!("statement Mine shuts out everybody but {mallory}, who alone may read log files")
        );
        assert!(told_of(&[deny("s3:List*", "*", mallory)], &settings()).contains("alone may list log files"));
        for harmless in [
            deny("s3:DeleteObject", "*", mallory),
            deny("s3:GetObject", "arn:aws:s3:::logs/reports/*", mallory),
            deny("s3:ListBucket", "arn:aws:s3:::logs/*", mallory),
            deny("s3:*", "*", "arn:aws:iam::111122223333:*"),
        ] {
            assert_eq!(told_of(std::slice::from_ref(&harmless), &settings()), "", "{harmless}");
        }
        let named = LogBucketReaders::setting(Some(mallory.to_owned())).expect("readers");
        assert_eq!(told_of(&[read], &Settings { log_bucket_readers: named, ..settings() }), "");
    }

    #[test]
    fn whoever_lets_only_one_network_in_is_told() {
        let deny = |condition: Value| {
            let files = ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"];
            statement(&json!({"Sid": "Net", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": files,
                "Condition": condition}))
        };
        let address = deny(json!({"NotIpAddress": {"aws:SourceIp": "198.51.100.7/32"}}));
        let told = told_of(std::slice::from_ref(&address), &settings());
        let words = "statement Net shuts out everybody but those who call from 198.51.100.7/32, who alone may";
        assert_eq!(told, format!("{words} read log files; {words} list log files"));
        let endpoint = deny(json!({"StringNotEquals": {"aws:SourceVpce": "vpce-0bad"}}));
        assert!(
            told_of(std::slice::from_ref(&endpoint), &settings()).contains("call from vpce-0bad, who alone may read")
        );
        let readers = |value: &str| LogBucketReaders::setting(Some(value.to_owned())).expect("readers");
        for (statement, named) in [(&address, "198.51.100.0/24"), (&endpoint, "vpce-0bad")] {
            let settings = Settings { log_bucket_readers: readers(named), ..settings() };
            assert_eq!(told_of(std::slice::from_ref(statement), &settings), "", "{named}");
        }
        let networks = |name: &str| (name == "TRAILKEEPER_ACCESS_NETWORKS").then(|| "198.51.100.0/24".to_owned());
        let access = AccessSettings::parse(networks).expect("settings");
        assert_eq!(told_of(&[address], &Settings { access, ..settings() }), "");
    }

    #[test]
    fn a_key_that_is_off_or_in_other_hands_is_told() {
        let with = |enabled: bool, statement: Value| {
            let arn = "arn:aws:kms:eu-west-1:111122223333:key/k".to_owned();
            let policy = Seen::Present(json!({ "Statement": statement }));
            let default_key = Seen::Present(DefaultKey { arn, enabled, customers: true, policy });
            match judged(BucketConfig { default_key, ..bucket() }, &settings()) {
                Verdict::Compliant => String::new(),
                Verdict::Violation { because, remedy: Remedy::Advise(_) } => because,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(with(true, json!([])), "");
        assert!(with(false, json!([])).contains("is switched off"));
        let deny = json!({"Sid": "D", "Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"});
        assert!(with(true, deny).contains("statement D shuts out everybody, so nobody may decrypt"));
        let stranger = json!({"Effect": "Allow", "Principal": {"AWS": FOREIGN}, "Action": "kms:*", "Resource": "*"});
        assert!(with(true, stranger).contains("999999999999:root may kms:*"));
    }

    #[test]
    fn replicas_in_other_accounts_are_told() {
        let with = |owner: ReplicaOwner, named: &str| {
            let replicas = Seen::Present(vec![Replica { bucket: "copies".to_owned(), owner }]);
            let named = Some(named.to_owned()).filter(|it| !it.is_empty());
            let record_destinations = RecordDestinations::setting(named).expect("destinations");
            judged(BucketConfig { replicas, ..bucket() }, &Settings { record_destinations, ..settings() })
        };
        let foreign = |id: Option<&str>| ReplicaOwner::OtherAccount(id.map(str::to_owned));
        let Verdict::Violation { because, .. } = with(foreign(None), "") else { panic!("told") };
        assert_eq!(because, "its files are replicated to bucket copies of another account");
        assert_eq!(with(ReplicaOwner::ThisAccount, ""), Verdict::Compliant);
        assert_eq!(with(foreign(None), "copies"), Verdict::Compliant);
        assert_eq!(with(foreign(Some("999999999999")), "999999999999"), Verdict::Compliant);
        assert!(matches!(with(foreign(None), "999999999999"), Verdict::Unknown { .. }), "it may be that account's");
        assert!(matches!(with(ReplicaOwner::Unknown, ""), Verdict::Unknown { .. }));
    }

    #[test]
    fn grants_and_keys_of_others_are_told() {
        let with = |config: BucketConfig| judged(config, &settings());
        let grant =
            |grantee: &str, permission: &str| Grant { grantee: grantee.to_owned(), permission: permission.to_owned() };
        let writer = grant("http://acs.amazonaws.com/groups/s3/LogDelivery", "WRITE");
        let quiet = BucketConfig { grants: Seen::Present(vec![writer, grant("79a5", "READ_ACP")]), ..bucket() };
        assert_eq!(with(quiet), Verdict::Compliant);
        let shared = BucketConfig { grants: Seen::Present(vec![grant("79a5", "FULL_CONTROL")]), ..bucket() };
        let Verdict::Violation { because, .. } = with(shared) else { panic!("told") };
        assert_eq!(
            because,
            "its ACL lets the account of canonical user 79a5 list, overwrite, delete and administer log files"
        );
        let keyed = |key: &str| BucketConfig {
            encryption: Seen::Present(Encryption::Kms { key: Some(key.to_owned()) }),
            ..bucket()
        };
        let foreign = "arn:aws:kms:eu-west-1:999999999999:key/k";
        let Verdict::Violation { because, .. } = with(keyed(foreign)) else { panic!("told") };
        assert!(because.contains(foreign), "{because}");
        for own in ["alias/logs", "arn:aws:kms:eu-west-1:111122223333:key/k"] {
            assert_eq!(with(keyed(own)), Verdict::Compliant, "{own}");
        }
        let record_destinations = RecordDestinations::setting(Some("999999999999".to_owned())).expect("destinations");
        assert_eq!(judged(keyed(foreign), &Settings { record_destinations, ..settings() }), Verdict::Compliant);
    }
}
