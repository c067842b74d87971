//! Parses a principal of the settings for access logs, and refuses one that can be nobody there.
//!
//! [Amazon S3 server access log format], Requester: the canonical user id, the ARN of a user or of a role's session, or
//! a service principal; no account id, no name, and no ARN of anything else.
//!
//! [Amazon S3 server access log format]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html

use crate::documents::principals::Principals;
use crate::model::{Arn, is_account};

/// Number of hexadecimal digits of a canonical user id.
const CANONICAL: usize = 64;

/// Beginnings of the ids that IAM gives to roles and users, which access logs do not contain.
const UNIQUE: [&str; 3] = ["AROA", "AIDA", "ASIA"];

/// Parses a principal. The error says what is wrong with it, and what was probably meant.
pub(super) fn requester(item: &str) -> Result<Principals, String> {
    // A pattern that matches everybody would make nobody suspicious.
    if !item.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
        return Err("is not a principal such as arn:aws:iam::111122223333:role/SiemReader".to_owned());
    }
    match nobody(item) {
        Some(meant) => Err(format!("is nobody in access logs; {meant}")),
        None => Ok(Principals(item.to_owned())),
    }
}

/// Returns what was probably meant, if no requester can match.
fn nobody(item: &str) -> Option<String> {
    let fixed = item.split(['*', '?']).next().unwrap_or_default();
    let begins = |start: &str| item.starts_with(start) || (fixed.len() < item.len() && start.starts_with(fixed));
    if let Some(arn) = Arn::parse(item) {
        return of_arn(&arn);
    }
    let is_service = item.ends_with(".amazonaws.com") || item.ends_with(".amazonaws.com.cn");
    if begins("svc:") || is_service || item == "AmazonS3" || is_canonical(item) {
        return None;
    }
    if item.starts_with("arn:") && fixed.len() == item.len() {
        return Some("an ARN has six parts, such as arn:aws:iam::111122223333:role/SiemReader".to_owned());
    }
    if begins("arn:") {
        return None;
    }
    Some(if is_account(item) {
        format!("for everyone in the account: arn:aws:iam::{item}:role/*,arn:aws:iam::{item}:user/*")
    } else if UNIQUE.iter().any(|id| item.starts_with(id)) {
        "S3 logs names, not ids: arn:aws:iam::<account>:role/<name>".to_owned()
    } else if let Some((_, name)) = item.split_once('/') {
        format!("meant is probably arn:aws:iam::<account>:{item}, or arn:aws:iam::<account>:role/{name}")
    } else if item.contains('@') {
        format!("meant is probably a person's session: arn:aws:sts::<account>:assumed-role/*/{item}")
    } else {
        format!("meant is probably arn:aws:iam::<account>:role/{item}")
    })
}

fn of_arn(arn: &Arn<'_>) -> Option<String> {
    let Arn { partition, service, region, account, resource } = *arn;
    let open = |text: &str| text.contains(['*', '?']);
    if open(service) || open(resource.split('/').next().unwrap_or_default()) {
        return None;
    }
    let whose = if is_account(account) || open(account) { account } else { "<account>" };
    let role = |name: &str| format!("meant is probably arn:{partition}:iam::{whose}:role/{name}");
    match (service, resource.split_once('/')) {
        ("iam" | "sts", _) if !region.is_empty() && !open(region) => {
            Some(format!("IAM has no regions: arn:{partition}:{service}::{whose}:{resource}"))
        }
        ("iam" | "sts", _) if whose != account => {
            Some(format!("its account is missing: arn:{partition}:{service}::<account>:{resource}"))
        }
        ("iam", None) if resource == "root" => None,
        ("iam", Some(("role" | "user", name))) if !name.is_empty() => None,
        ("iam", Some(("instance-profile", name))) => Some(role(name)),
        ("iam", Some(("group", _))) => {
            Some(format!("S3 does not log groups: arn:{partition}:iam::{whose}:user/<name> for each of its users"))
        }
        ("sts", Some(("assumed-role", session))) => match session.split_once('/') {
            Some((_, name)) if !name.is_empty() => None,
            _ if session.ends_with('*') => None,
            _ => Some(role(session.trim_end_matches('/'))),
        },
        ("sts", Some(("federated-user", name))) if !name.is_empty() => None,
        _ => Some(role("<name>")),
    }
}

/// Returns whether a canonical user id can match.
fn is_canonical(item: &str) -> bool {
    let digits = item.bytes().filter(u8::is_ascii_hexdigit).count();
    let others = item.bytes().filter(|byte| !byte.is_ascii_hexdigit() && !b"*?".contains(byte)).count();
    let questions = item.bytes().filter(|byte| *byte == b'?').count();
    // A short word such as `dead*` is more likely a name.
    let long_enough = if item.contains('*') {
        (8..=CANONICAL).contains(&(digits + questions))
    } else {
        digits + questions == CANONICAL
    };
    others == 0 && long_enough
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn whoever_can_be_somebody_is_taken() {
        for item in [
            "arn:aws:iam::111122223333:role/SiemReader",
            "arn:aws-cn:iam::111122223333:role/team/SiemReader",
            "arn:aws:iam::*:role/Siem*",
            "arn:aws:iam::111122223333:user/*",
            "arn:aws:iam::111122223333:*",
            "arn:aws:iam::111122223333:root",
            "arn:*:iam::111122223333:user/alice",
            "arn:aws:sts::111122223333:assumed-role/SiemReader/*",
            "arn:aws:sts::111122223333:assumed-role/SiemReader*",
            "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Ops_0a1b/bob@example.com",
            "arn:aws:sts::111122223333:federated-user/dora",
            "arn:aws:*",
            "*SiemReader*",
            "*/bob@example.com",
            "svc:config.amazonaws.com",
            "config.amazonaws.com",
            "svc:*",
            "AmazonS3",
            HEX,
            "0123456789*",
        ] {
            assert_eq!(requester(item), Ok(Principals(item.to_owned())), "{item}");
        }
    }

    #[test]
    fn whoever_can_be_nobody_is_refused_with_what_was_probably_meant() {
        for (item, meant) in [
            ("SiemReader", "arn:aws:iam::<account>:role/SiemReader"),
            ("Siem*", "arn:aws:iam::<account>:role/Siem*"),
            ("role/SiemReader", "arn:aws:iam::<account>:role/SiemReader"),
            ("bob@example.com", "arn:aws:sts::<account>:assumed-role/*/bob@example.com"),
            ("111122223333", "arn:aws:iam::111122223333:role/*,arn:aws:iam::111122223333:user/*"),
            ("AROAEXAMPLE5OPERATOR", "names, not ids"),
            ("arn:aws:sts::111122223333:assumed-role/SiemReader", "arn:aws:iam::111122223333:role/SiemReader"),
            ("arn:aws-us-gov:sts::111122223333:assumed-role/R/", "arn:aws-us-gov:iam::111122223333:role/R"),
            ("arn:aws:iam:::role/SiemReader", "arn:aws:iam::<account>:role/SiemReader"),
            ("arn:aws:iam::1111:role/SiemReader", "arn:aws:iam::<account>:role/SiemReader"),
            ("arn:aws:iam:us-east-1:111122223333:role/R", "arn:aws:iam::111122223333:role/R"),
            ("arn:aws:iam::111122223333:instance-profile/R", "arn:aws:iam::111122223333:role/R"),
            ("arn:aws:iam::111122223333:group/Auditors", "arn:aws:iam::111122223333:user/<name>"),
            ("arn:aws:iam::111122223333:role/", "arn:aws:iam::111122223333:role/<name>"),
            ("arn:aws:s3:::trail-logs", "arn:aws:iam::<account>:role/<name>"),
            ("arn:aws:iam", "six parts"),
            ("0123456789abcdef", "role/0123456789abcdef"),
            ("*", "such as arn:aws:iam::111122223333:role/SiemReader"),
            ("**", "such as arn:aws:iam::111122223333:role/SiemReader"),
        ] {
            let told = requester(item).expect_err(item);
            assert!(told.contains(meant), "{item}: {told}");
        }
    }
}
