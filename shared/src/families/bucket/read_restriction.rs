//! Statements that deny the files of a bucket to all but readers: ours with values filled in, those of a policy that
//! are ours, and those of others with the same effect.

use super::document::statements_of;
use super::managed_denial::ManagedDenial;
use crate::documents::policy::{Statement, denies_all_of, document, fill_lists};
use crate::documents::principals::Principals;
use crate::model::{Arn, Place};
use crate::settings::access::AccessSettings;
use ipnet::IpNet;
use serde_json::Value;

/// Returns our statements for a bucket according to the settings: one that denies access to non-readers and, if
/// networks are set, one that denies access to readers from elsewhere.
///
/// # Errors
/// Returns an error for the first reader that no policy can name.
pub(super) fn wanted<'a>(place: &Place, bucket: &str, setting: &'a AccessSettings) -> Result<Vec<Value>, &'a str> {
    let mut readers = Vec::new();
    for Principals(pattern) in setting.readers() {
        readers.extend(arns(pattern).ok_or(pattern.as_str())?);
    }
    let text = |network: &IpNet| network.trunc().to_string();
    let networks: Vec<String> = setting.networks().iter().map(text).collect();
    let private: Vec<String> = setting.networks().iter().filter(|it| is_private(it)).map(text).collect();
    let roles = setting.roles_in(&place.account);
    let lists = [("Readers", &*readers), ("Roles", &*roles), ("Networks", &*networks), ("PrivateNetworks", &*private)];
    let document = document!("access-logs.readers.json");
    let all = statements_of(document, place, &[("Bucket", bucket)]);
    let filled = all.iter().map(|it| fill_lists(it, &lists));
    let mut filled: Vec<Value> = filled.filter(|it| !networks.is_empty() || !names_addresses(it)).collect();
    if private.is_empty() {
        filled.iter_mut().filter_map(addresses).for_each(|keys| _ = keys.remove("aws:VpcSourceIp"));
    }
    Ok(filled)
}

fn addresses(statement: &mut Value) -> Option<&mut serde_json::Map<String, Value>> {
    statement.get_mut("Condition")?.get_mut("NotIpAddress")?.as_object_mut()
}

fn names_addresses(statement: &Value) -> bool {
    statement.get("Condition").is_some_and(|block| block.get("NotIpAddress").is_some())
}

/// Returns whether a network consists of private addresses.
fn is_private(network: &IpNet) -> bool {
    match network {
        IpNet::V4(network) => network.network().is_private() && network.broadcast().is_private(),
        IpNet::V6(network) => network.network().is_unique_local() && network.broadcast().is_unique_local(),
    }
}

/// Returns a pattern in the form of `aws:PrincipalArn`: a role for its sessions, under any path; nothing for an AWS
/// service, which is never denied. `None` if there is no such form.
fn arns(pattern: &str) -> Option<Vec<String>> {
    if pattern.starts_with("svc:") || (pattern.ends_with(".amazonaws.com") && !pattern.contains(':')) {
        return Some(Vec::new());
    }
    let Arn { partition, service, region: "", account, resource } = Arn::parse(pattern)? else { return None };
    let role = match (service, resource.split_once('/')) {
        ("sts", Some(("assumed-role", session))) => session.split('/').next().unwrap_or_default(),
        ("iam", Some(("role", name))) if !name.contains('/') => name,
        _ => return Some(vec![pattern.to_owned()]),
    };
    let of = |path: &str| format!("arn:{partition}:iam::{account}:role/{path}{role}");
    Some(vec![of(""), of("*/")])
}

/// Returns whether our statements would spare a principal: the settings name it as a reader, or it is a role of ours.
pub(super) fn spares(setting: &AccessSettings, account: &str, principal: &str) -> bool {
    let mut readers = setting.readers().iter().filter_map(|Principals(pattern)| arns(pattern)).flatten();
    readers.any(|reader| reader == principal) || setting.roles_in(account).iter().any(|role| role == principal)
}

/// Difference between a policy and our statements.
#[derive(Debug, PartialEq)]
pub(super) struct PolicyDiff {
    /// Existing statements of ours that are outdated.
    pub(super) stale: Vec<Value>,
    /// Statements whose effect is missing from the policy.
    pub(super) missing: Vec<Value>,
}

/// Compares a policy with the statements that it needs.
pub(super) fn compared(policy: Option<&Value>, wanted: &[Value]) -> PolicyDiff {
    let managed: Vec<Statement<'_>> = wanted.iter().filter_map(Statement::of).collect();
    let (stale, rest) = OURS.split(policy, &managed);
    let is_missing = |managed: &Statement<'_>| !rest.iter().any(|there| denies_all_of(*there, *managed));
    PolicyDiff {
        stale: stale.into_iter().map(Statement::to_value).collect(),
        missing: managed.into_iter().filter(is_missing).map(Statement::to_value).collect(),
    }
}

/// Statements of ours, for any readers and networks.
const OURS: ManagedDenial = ManagedDenial {
    sids: &["TrailkeeperAccessLogReaders", "TrailkeeperAccessLogNetworks"],
    keys: &["aws:PrincipalArn", "aws:PrincipalIsAWSService", "aws:ViaAWSService", "aws:SourceIp", "aws:VpcSourceIp"],
};

#[cfg(test)]
mod tests {
    use super::super::Bucket;
    use super::*;
    use crate::documents::policy::{Decision, Request, decide};
    use crate::testing::laws::subject;
    use serde_json::json;

    const READER: &str = "arn:aws:iam::111122223333:role/Reader";
    const ROOT: &str = "arn:aws:iam::111122223333:root";
    const ADMIN: &str = "arn:aws:iam::111122223333:role/Admin";
    const HOME: &str = "192.0.2.7";

    fn setting(readers: &str, networks: &str) -> AccessSettings {
        let set = [
            ("TRAILKEEPER_ACCESS_READERS", readers),
            ("TRAILKEEPER_ACCESS_NETWORKS", networks),
            ("TRAILKEEPER_ROLES", "arn:aws:iam::111122223333:role/prod-AccessRole-1A2B"),
        ];
        AccessSettings::parse(|name| set.iter().find(|(set, _)| *set == name).map(|(_, it)| (*it).to_owned()))
            .expect("settings")
    }

    fn managed(readers: &str, networks: &str) -> Vec<Value> {
        wanted(&subject::<Bucket>().place, "logs", &setting(readers, networks)).expect("readers")
    }

    /// Returns the decision of a policy with these statements and an Allow for everything.
    fn decision(statements: &[Value], action: &str, who: &str, known: &[(&str, &str)]) -> Decision {
        let mut all = statements.to_vec();
        all.push(json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}));
        let resources = ["logs", "logs/x"].map(|it| format!("arn:aws:s3:::{it}").into());
        let usual = [
            ("aws:PrincipalArn", who),
            ("aws:PrincipalIsAWSService", "false"),
            ("aws:ViaAWSService", "false"),
            ("aws:SourceIp", HOME),
            ("aws:VpcSourceIp", HOME),
        ];
        let rest = usual.iter().filter(|(key, _)| !known.iter().any(|(given, _)| given == key));
        let all_known: Vec<(&str, &str)> = known.iter().chain(rest).copied().collect();
        let request = Request { service: None, action, resources: &resources, known: &all_known };
        decide(Some(&json!({ "Statement": all })), request)
    }

    const READS: [&str; 5] =
        ["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging", "s3:ListBucket", "s3:ListBucketVersions"];

    #[test]
    fn readers_read_from_their_networks_and_others_do_not() {
        let both = managed(READER, "192.0.2.0/24,10.0.0.0/8");
        assert_eq!(both.len(), 2);
        let away = ("aws:SourceIp", "198.51.100.1");
        let elsewhere = [away, ("aws:VpcSourceIp", "172.16.0.1")];
        for action in READS {
            for (who, known, answer) in [
                (READER, &[][..], Decision::Allowed),
                (READER, &elsewhere, Decision::Denied),
                (READER, &[away, ("aws:VpcSourceIp", "10.1.2.3")], Decision::Allowed),
                (READER, &[elsewhere[0], elsewhere[1], ("aws:ViaAWSService", "true")], Decision::Allowed),
                (ADMIN, &[], Decision::Denied),
                (ADMIN, &[("aws:ViaAWSService", "true")], Decision::Denied),
                (ROOT, &elsewhere, Decision::Allowed),
                ("arn:aws:iam::999999999999:root", &[], Decision::Denied),
                ("arn:aws:iam::111122223333:role/prod-AccessRole-1A2B", &elsewhere, Decision::Allowed),
                ("arn:aws:iam::111122223333:role/prod-AccessRole-3C4D", &elsewhere, Decision::Denied),
                ("arn:aws:iam::111122223333:role/TrailkeeperRole", &elsewhere, Decision::Denied),
                ("arn:aws:iam::999999999999:role/prod-AccessRole-1A2B", &[], Decision::Denied),
                (ADMIN, &[("aws:PrincipalIsAWSService", "true")], Decision::Allowed),
            ] {
                assert_eq!(decision(&both, action, who, known), answer, "{action} {who} {known:?}");
            }
        }
    }

    /// Checks that bucket management is unaffected: the statements deny only reading.
    #[test]
    fn nothing_that_manages_the_bucket_or_delivers_into_it_is_denied() {
        let both = managed(READER, "192.0.2.0/24");
        let elsewhere = [("aws:SourceIp", "198.51.100.1"), ("aws:VpcSourceIp", "10.1.2.3")];
        for action in [
            "s3:GetBucketPolicy",
            "s3:PutBucketPolicy",
            "s3:DeleteBucketPolicy",
            "s3:PutBucketAcl",
            "s3:GetBucketLocation",
            "s3:PutLifecycleConfiguration",
            "s3:PutBucketNotification",
            "s3:PutBucketPublicAccessBlock",
            "s3:DeleteBucket",
            "s3:PutObject",
            "s3:DeleteObject",
        ] {
            assert_eq!(decision(&both, action, ADMIN, &elsewhere), Decision::Allowed, "{action}");
        }
    }

    #[test]
    fn a_policy_names_readers_as_it_can() {
        let named = |pattern: &str| managed(pattern, "")[0]["Condition"]["ArnNotLike"]["aws:PrincipalArn"].clone();
        let own = 2;
        for (pattern, names) in [
            (READER, &[READER, "arn:aws:iam::111122223333:role/*/Reader"][..]),
            (
                "arn:aws:sts::111122223333:assumed-role/Reader/siem-7",
                &[READER, "arn:aws:iam::111122223333:role/*/Reader"],
            ),
            ("arn:aws*:iam::111122223333:role/a/Read*", &["arn:aws*:iam::111122223333:role/a/Read*"]),
            ("arn:aws:iam::999999999999:user/siem", &["arn:aws:iam::999999999999:user/siem"]),
            ("arn:aws:sts::111122223333:federated-user/dora", &["arn:aws:sts::111122223333:federated-user/dora"]),
            ("svc:cloudtrail.amazonaws.com", &[]),
            ("athena.amazonaws.com", &[]),
        ] {
            assert_eq!(named(pattern).as_array().expect("a list")[own..], *json!(names).as_array().expect("a list"));
        }
        let place = subject::<Bucket>().place;
        for nobody in ["*/Reader", "0123abcd*", "AmazonS3"] {
            assert_eq!(wanted(&place, "logs", &setting(nobody, "")), Err(nobody));
        }
    }

    #[test]
    fn only_private_blocks_count_for_addresses_in_a_vpc() {
        let addresses = |networks: &str| managed(READER, networks)[1]["Condition"]["NotIpAddress"].clone();
        assert_eq!(addresses("192.0.2.1/24"), json!({"aws:SourceIp": ["192.0.2.0/24"]}));
        let both = json!({"aws:SourceIp": ["192.0.2.0/24", "10.0.0.0/8", "fd00::/8"],
            "aws:VpcSourceIp": ["10.0.0.0/8", "fd00::/8"]});
        assert_eq!(addresses("192.0.2.0/24,10.0.0.0/8,fd00::/8"), both);
        assert_eq!(addresses("0.0.0.0/0"), json!({"aws:SourceIp": ["0.0.0.0/0"]}));
        assert_eq!(managed(READER, "").len(), 1, "no network, no statement");
    }

    #[test]
    fn ours_are_known_in_every_partition_and_filled_in() {
        for partition in ["aws", "aws-cn", "aws-us-gov"] {
            let place = Place { partition: partition.to_owned(), ..subject::<Bucket>().place };
            let all = wanted(&place, "logs", &setting(READER, "10.0.0.0/8")).expect("readers");
            let policy = json!({ "Statement": all });
            assert!(!policy.to_string().contains("${") && policy.to_string().contains(partition), "{policy}");
            assert_eq!(compared(Some(&policy), &all), PolicyDiff { stale: Vec::new(), missing: Vec::new() });
        }
    }

    #[test]
    fn what_the_settings_no_longer_say_is_stale_and_what_others_wrote_is_theirs() {
        let now = managed(READER, "192.0.2.0/24");
        let stands = |statements: &[Value]| {
            let PolicyDiff { stale, missing } = compared(Some(&json!({ "Statement": statements })), &now);
            let sids = |all: Vec<Value>| all.iter().map(|it| it["Sid"].to_string()).collect::<Vec<_>>().join(" ");
            (sids(stale), sids(missing))
        };
        let (readers, networks) = (r#""TrailkeeperAccessLogReaders""#, r#""TrailkeeperAccessLogNetworks""#);
        let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
        assert_eq!(stands(&[]), pair("", &format!("{readers} {networks}")));
        // Our statements must follow changes of readers and networks.
        for (before, after) in [
            (managed(&format!("{READER},{ADMIN}"), "192.0.2.0/24"), pair(readers, readers)),
            (managed(ADMIN, "192.0.2.0/24"), pair(readers, readers)),
            (managed(READER, "192.0.2.0/25"), pair(networks, networks)),
            (managed(READER, "192.0.2.0/24,10.0.0.0/8"), pair(networks, networks)),
            (managed(READER, ""), pair("", networks)),
        ] {
            assert_eq!(stands(&before), after);
        }
        let unlimited = compared(Some(&json!({ "Statement": now })), &managed(READER, ""));
        assert_eq!((unlimited.stale.len(), unlimited.missing.len()), (1, 0), "networks are set no more");
        let mut numbered = now.clone();
        numbered[0]["Sid"] = json!("TrailkeeperAccessLogReaders2");
        assert_eq!(stands(&numbered), pair("", ""));
        // These were turned into something else, or were never ours.
        for (element, value) in [
            ("Sid", json!("Mine")),
            ("Sid", json!("TrailkeeperAccessLogReadersOfMine")),
            ("Effect", json!("Allow")),
            ("Action", json!(["s3:GetObject*"])),
            ("Resource", json!("arn:aws:s3:::logs/*")),
            ("Principal", json!({"AWS": "111122223333"})),
            ("Condition", json!({"StringNotEquals": {"aws:SourceVpc": "vpc-1"}})),
        ] {
            let mut theirs = managed(ADMIN, "")[0].clone();
            theirs[element] = value;
            assert_eq!(stands(&[theirs.clone()]), pair("", &format!("{readers} {networks}")), "{theirs}");
        }
        let stricter = json!({"Sid": "Mine", "Effect": "Deny", "Principal": "*", "Action": "s3:Get*", "Resource": "*"});
        let mut lists = stricter.clone();
        lists["Action"] = json!(["s3:List*", "s3:Get*"]);
        assert_eq!(stands(&[stricter]), pair("", &format!("{readers} {networks}")));
        assert_eq!(stands(&[lists]), pair("", ""));
    }
}
