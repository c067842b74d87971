//! Deny statements that shut an account out of what is its own, but for a few of its principals.
//!
//! Whoever may write the policy of a bucket or key can take its content hostage: everybody is denied but himself.

use super::caller::{KnownKey, holds_for};
use super::denial::network;
use super::matches;
use super::statement::{Statement, statements, texts};
use crate::documents::principals::account_of;
use crate::model::sanitized;
use serde_json::Value;

/// Condition keys that tell the network of a caller, in lower case.
const NETWORKS: [&str; 6] =
    ["aws:sourceip", "aws:vpcsourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:vpceaccount", "aws:vpceorgid"];

/// Account whose principals are asked about, and what is known of their requests.
#[derive(Debug, Clone, Copy)]
pub struct Household<'a> {
    /// Id of the account.
    pub account: &'a str,
    /// Id of the account's organization, if it is known.
    pub organization: Option<&'a str>,
    /// Service through which the requests come, such as `s3.us-east-1.amazonaws.com`: for keys, which see it as
    /// `kms:ViaService`.
    pub via: &'a str,
}

/// Statement that denies something to the principals of an account in general.
#[derive(Debug, Clone, Copy)]
pub struct ShutOut<'a> {
    /// The statement.
    pub statement: Statement<'a>,
    /// Its position in the document, from 1.
    pub number: usize,
}

impl Household<'_> {
    /// Returns the statements of a document that deny one of these actions to the account's principals in general,
    /// whomever they spare. A condition on a second factor or on anything else that any principal of the account may
    /// fulfil shuts nobody out. A network that is spared by its address or id does: whose it is, no policy says.
    #[must_use]
    pub fn shut_out<'d>(&self, document: &'d Value, actions: &[&str]) -> Vec<ShutOut<'d>> {
        let denies = |it: &ShutOut<'_>| {
            !it.statement.allows()
                && actions.iter().any(|action| it.statement.covers_action(action))
                && self.is_meant(it.statement)
                && holds_for(it.statement, &|key| self.fact(key)) == Some(true)
        };
        let all = statements(document).zip(1..).map(|(statement, number)| ShutOut { statement, number });
        all.filter(denies).collect()
    }

    /// Returns whether a statement names the account as a whole, or everybody.
    fn is_meant(&self, statement: Statement<'_>) -> bool {
        let whole = |name: &str| account_of(name) == Some(self.account) && (name == self.account || is_root(name));
        match statement.element("Principal") {
            Some(Value::Object(kinds)) => kinds.get("AWS").into_iter().flat_map(texts).any(|it| it == "*" || whole(it)),
            Some(principal) => principal == "*",
            None => statement.element("NotPrincipal").is_some(),
        }
    }

    /// Returns what is known of a key in the requests of the account's principals in general. A principal in general is
    /// none that a statement names, and calls from a network that none names, perhaps through a VPC endpoint
    /// ([properties of the network]).
    ///
    /// [properties of the network]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-network-properties
    fn fact<'s>(&'s self, key: &str) -> KnownKey<'s> {
        match key {
            "aws:principalaccount" | "kms:calleraccount" => KnownKey::is(self.account),
            "aws:principalarn" => KnownKey::Present(Box::new(|value, wildcards| {
                let arn = |kind: &str| format!("arn:{}:iam::{}:{kind}", partition(value), self.account);
                Some(wildcards && (matches(value, &arn("role/\u{1}")) || matches(value, &arn("user/\u{1}"))))
            })),
            "aws:userid" | "aws:username" => {
                KnownKey::Present(Box::new(|value, wildcards| Some(wildcards && is_any(value))))
            }
            key if key.starts_with("aws:principaltag/") => {
                KnownKey::Maybe(Box::new(|value, wildcards| Some(wildcards && is_any(value))))
            }
            "aws:sourceip" | "aws:vpcsourceip" => {
                KnownKey::Maybe(Box::new(|value, _| network(value).map(|network| network.prefix_len() == 0)))
            }
            "aws:sourcevpc" => in_general("vpc-"),
            "aws:sourcevpce" => in_general("vpce-"),
            "aws:vpceaccount" => KnownKey::Maybe(Box::new(|value, _| Some(value == self.account))),
            "aws:vpceorgid" => self
                .organization
                .map_or(KnownKey::Unknown, |own| KnownKey::Maybe(Box::new(move |value, _| Some(value == own)))),
            "aws:principalorgid" => self.organization.map_or(KnownKey::Unknown, KnownKey::is),
            "aws:principalisawsservice" | "aws:viaawsservice" => KnownKey::is("false"),
            "aws:securetransport" => KnownKey::is("true"),
            "aws:principalservicename"
            | "aws:principalservicenameslist"
            | "aws:sourceaccount"
            | "aws:sourcearn"
            | "aws:sourceowner"
            | "aws:sourceorgid"
            | "aws:sourceorgpaths" => KnownKey::Absent,
            "kms:viaservice" => KnownKey::is(self.via),
            // Some of the files are as bad as all of them.
            key if key.starts_with("kms:encryptioncontext:") => KnownKey::Present(Box::new(|_, _| Some(true))),
            _ => KnownKey::Unknown,
        }
    }
}

/// Returns what is known of the id of a VPC or endpoint, which only calls through an endpoint have.
fn in_general(kind: &str) -> KnownKey<'_> {
    KnownKey::Maybe(Box::new(move |value, wildcards| Some(wildcards && matches(value, &format!("{kind}\u{1}")))))
}

fn is_any(pattern: &str) -> bool {
    pattern.bytes().all(|byte| byte == b'*') && !pattern.is_empty()
}

fn is_root(arn: &str) -> bool {
    arn.ends_with(":root")
}

fn partition(arn: &str) -> &str {
    arn.split(':').nth(1).filter(|it| !it.contains(['*', '?'])).unwrap_or("aws")
}

impl<'a> ShutOut<'a> {
    /// Returns the principals and networks that the statement spares by name.
    #[must_use]
    pub fn spared(&self) -> Vec<&'a str> {
        let (people, networks) = (self.people(), self.networks());
        people.into_iter().chain(networks).collect()
    }

    fn people(&self) -> Vec<&'a str> {
        let not = self.statement.element("NotPrincipal").and_then(|it| it.get("AWS")).into_iter().flat_map(texts);
        let named = self.excepted(|key| {
            ["aws:principalarn", "aws:userid", "aws:username", "aws:principalaccount", "kms:calleraccount"]
                .contains(&key)
                || key.starts_with("aws:principaltag/")
                || key == "aws:principalorgid"
        });
        not.chain(named).collect()
    }

    fn networks(&self) -> Vec<&'a str> {
        self.excepted(|key| NETWORKS.contains(&key))
    }

    /// Returns the values of these keys that the conditions except.
    fn excepted(&self, is_asked: impl Fn(&str) -> bool) -> Vec<&'a str> {
        let operators = self.statement.condition().and_then(Value::as_object).into_iter().flatten();
        let negated = operators.filter(|(operator, _)| operator.to_ascii_lowercase().contains("not"));
        let keys = negated.filter_map(|(_, keys)| keys.as_object()).flatten();
        keys.filter(|(key, _)| is_asked(&key.to_ascii_lowercase())).flat_map(|(_, values)| texts(values)).collect()
    }
}

impl std::fmt::Display for ShutOut<'_> {
    /// Writes which statement denies, and whom it spares.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sid = self.statement.element("Sid").and_then(Value::as_str).filter(|sid| !sid.is_empty());
        let sid = sid.map_or_else(|| format!("number {}", self.number), sanitized);
        let (people, networks) = (sanitized(&self.people().join(", ")), sanitized(&self.networks().join(", ")));
        let but = match (people.is_empty(), networks.is_empty()) {
            (true, true) => String::new(),
            (false, true) => format!(" but {people}"),
            (true, false) => format!(" but those who call from {networks}"),
            (false, false) => format!(" but {people} and those who call from {networks}"),
        };
        write!(f, "statement {sid} shuts out everybody{but}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const HOME: Household<'_> =
        Household { account: "111122223333", organization: Some("o-own"), via: "s3.us-east-1.amazonaws.com" };

    fn told(changes: &Value) -> String {
        let mut deny =
            json!({"Sid": "D", "Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"});
        deny.as_object_mut().expect("an object").extend(changes.as_object().cloned().unwrap_or_default());
        let all = json!({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*"}, deny]});
        HOME.shut_out(&all, &["kms:Decrypt"]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn whoever_spares_only_himself_is_told() {
        let mallory = "arn:aws:iam::111122223333:user/mallory";
        for (changes, spared) in [
            (json!({}), ""),
            (json!({"Principal": {"AWS": "111122223333"}}), ""),
            (json!({"Action": "kms:*", "Condition": {"StringNotEquals": {"aws:PrincipalArn": mallory}}}), mallory),
            (json!({"Condition": {"ArnNotLikeIfExists": {"aws:PrincipalARN": [mallory]}}}), mallory),
            (json!({"Condition": {"StringNotLike": {"aws:userid": "AROAEVIL:*"}}}), "AROAEVIL:*"),
            (json!({"Condition": {"StringNotEquals": {"aws:PrincipalAccount": "999999999999"}}}), "999999999999"),
            (json!({"Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-evil"}}}), "o-evil"),
            (json!({"Condition": {"StringNotEquals": {"aws:PrincipalTag/team": "x"}}}), "x"),
            (
                json!({"Condition": {"StringNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:*"}}}),
                "arn:aws:iam::111122223333:*",
            ),
            (json!({"Condition": {"Bool": {"aws:PrincipalIsAWSService": "false"}}}), ""),
            (json!({"Condition": {"StringLike": {"kms:ViaService": "s3.*.amazonaws.com"}}}), ""),
            (json!({"Condition": {"StringLike": {"kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::logs/*"}}}), ""),
        ] {
            let but = if spared.is_empty() { String::new() } else { format!(" but {spared}") };
            assert_eq!(told(&changes), format!("statement D shuts out everybody{but}"), "{changes}");
        }
        let mut not =
            json!({"Statement": {"Effect": "Deny", "NotPrincipal": {"AWS": mallory}, "NotAction": "kms:Get*"}});
        assert_eq!(
            HOME.shut_out(&not, &["kms:Decrypt"]).iter().map(ToString::to_string).collect::<String>(),
            format!("statement number 1 shuts out everybody but {mallory}")
        );
        not["Statement"]["NotAction"] = json!("kms:Decrypt");
        assert!(HOME.shut_out(&not, &["kms:Decrypt"]).is_empty());
    }

    #[test]
    fn whoever_spares_only_one_network_is_told() {
        let mallory = "arn:aws:iam::111122223333:user/mallory";
        for (condition, spared) in [
            (json!({"NotIpAddress": {"aws:SourceIp": "198.51.100.7"}}), "198.51.100.7"),
            (json!({"NotIpAddressIfExists": {"aws:SourceIp": ["198.51.100.7/32"]}}), "198.51.100.7/32"),
            (json!({"NotIpAddress": {"aws:VpcSourceIp": "10.0.0.7"}}), "10.0.0.7"),
            (json!({"StringNotEquals": {"aws:SourceVpc": "vpc-evil"}}), "vpc-evil"),
            (json!({"StringNotEqualsIfExists": {"aws:sourceVpce": ["vpce-evil"]}}), "vpce-evil"),
            (json!({"StringNotLike": {"aws:SourceVpce": "vpce-e*"}}), "vpce-e*"),
            (json!({"StringNotEquals": {"aws:VpceAccount": "999999999999"}}), "999999999999"),
            (
                json!({"NotIpAddress": {"aws:SourceIp": "198.51.100.7"}, "Bool": {"aws:ViaAWSService": "false"}}),
                "198.51.100.7",
            ),
        ] {
            let words = format!("statement D shuts out everybody but those who call from {spared}");
            assert_eq!(told(&json!({ "Condition": condition })), words, "{condition}");
        }
        let both =
            json!({"StringNotEquals": {"aws:PrincipalArn": mallory}, "NotIpAddress": {"aws:SourceIp": "198.51.100.7"}});
        let words = format!("statement D shuts out everybody but {mallory} and those who call from 198.51.100.7");
        assert_eq!(told(&json!({ "Condition": both })), words);
    }

    #[test]
    fn a_perimeter_shuts_nobody_of_the_account_out() {
        for changes in [
            json!({"Effect": "Allow"}),
            json!({"Action": "kms:Encrypt"}),
            json!({"Principal": {"AWS": "arn:aws:iam::111122223333:user/old"}}),
            json!({"Principal": {"AWS": "999999999999"}}),
            json!({"Principal": {"Service": "x.amazonaws.com"}}),
            json!({"Condition": {"Bool": {"aws:SecureTransport": "false"}}}),
            json!({"Condition": {"StringNotEquals": {"aws:PrincipalAccount": ["111122223333", "999999999999"]}}}),
            json!({"Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-own"}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}}),
            json!({"Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:*"}}}),
            json!({"Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}}),
            json!({"Condition": {"NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24", "0.0.0.0/0"]}}}),
            json!({"Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}),
            json!({"Condition": {"NotIpAddress": {"aws:SourceIp": "${aws:PrincipalTag/net}"}}}),
            json!({"Condition": {"Null": {"aws:SourceVpce": "true"}}}),
            json!({"Condition": {"StringNotLike": {"aws:SourceVpce": "vpce-*"}}}),
            json!({"Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}}),
            json!({"Condition": {"StringNotEqualsIfExists": {"aws:VpceAccount": "111122223333"}}}),
            json!({"Condition": {"StringNotEquals": {"aws:VpceOrgID": "o-own"}}}),
            json!({"Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}),
            json!({"Condition": {"StringNotEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}}),
            json!({"Condition": {"StringEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:user/old"}}}),
        ] {
            assert_eq!(told(&changes), "", "{changes}");
        }
    }
}
