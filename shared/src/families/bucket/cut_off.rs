//! Parties that `RestrictPublicBuckets` would cut off: under a public policy it leaves access only to services of AWS and to
//! the account itself ([block public access settings]).
//!
//! [block public access settings]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-options

use super::public::{OPERATORS, narrows};
use crate::documents::policy::{Condition, Statement, statements, texts};
use crate::documents::principals::{Party, account_of, parties};
use serde_json::Value;

/// Condition keys that only requests of services have.
const OF_SERVICES: [&str; 6] = [
    "aws:principalservicename",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
];

/// Returns the parties that a policy lets in and that are neither the public, nor the account itself, nor a service: other
/// accounts, organizations, networks and identity providers, for people.
pub(super) fn cut_off(document: &Value, account: &str) -> Vec<String> {
    let allows = statements(document).filter(|statement| statement.allows());
    let mut all: Vec<String> = allows.flat_map(|statement| of_statement(statement, account)).collect();
    all.sort();
    all.dedup();
    all
}

fn of_statement(statement: Statement<'_>, account: &str) -> Vec<String> {
    let one = |party| match party {
        // The id of a deleted principal belongs to nobody.
        Party::Account(name) => account_of(name).filter(|other| *other != account).map(|_| name.to_owned()),
        Party::CanonicalUser(id) => Some(format!("canonical user {id}")),
        Party::Federated(provider) => Some(format!("identity provider {provider}")),
        Party::Service(_) => None,
        Party::Anyone => of_anyone(statement, account),
    };
    parties(statement).into_iter().filter_map(one).collect()
}

/// Returns whom a statement for everybody lets in by its conditions; `None` if that is still the public, or nobody but the
/// account and services.
fn of_anyone(statement: Statement<'_>, account: &str) -> Option<String> {
    let mut named = Vec::new();
    for Condition { operator, key, values } in statement.conditions() {
        if key == "aws:principalisawsservice" && operator == "bool" && texts(values).all(|it| it == "true") {
            return None;
        }
        let operator = operator.strip_prefix("foranyvalue:").unwrap_or(&operator);
        if !OPERATORS.contains(&operator) {
            continue;
        }
        if OF_SERVICES.contains(&key.as_str()) {
            return None;
        }
        let values: Vec<&str> = texts(values).collect();
        let parties: Option<Vec<&str>> = values.iter().map(|value| party(&key, value)).collect();
        match parties {
            Some(parties) if parties.is_empty() => {}
            Some(parties) if parties.iter().all(|party| *party == account) => return None,
            Some(_) => named.extend(values.into_iter().map(str::to_owned)),
            None => {}
        }
    }
    if !named.is_empty() {
        return Some(named.join(", "));
    }
    let narrowed = statement.condition().is_some_and(narrows);
    narrowed.then(|| "whoever meets the conditions of the other statements".to_owned())
}

/// Returns the account or the organization that a value of a condition names, if it names one.
fn party<'a>(key: &str, value: &'a str) -> Option<&'a str> {
    let party = match key {
        "aws:principalaccount" | "aws:principalorgid" => value,
        "aws:principalarn" => account_of(value)?,
        "aws:principalorgpaths" => value.split('/').next()?,
        _ => return None,
    };
    (!party.is_empty() && !party.contains(['*', '?', '$'])).then_some(party)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const OWN: &str = "111122223333";

    fn of(principal: &Value, condition: &Value) -> Vec<String> {
        let document = json!({"Statement": [{"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::b/*", "Condition": condition}]});
        cut_off(&document, OWN)
    }

    #[test]
    fn every_kind_of_other_party_is_cut_off() {
        let role = "arn:aws:iam::999999999999:role/siem";
        assert_eq!(of(&json!({"AWS": [OWN, role, "*"]}), &json!({})), [role]);
        assert_eq!(of(&json!({"CanonicalUser": "79a5"}), &json!({})), ["canonical user 79a5"]);
        let provider = json!({"Federated": "accounts.google.com"});
        assert_eq!(of(&provider, &json!({})), ["identity provider accounts.google.com"]);
        for condition in [
            json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}),
            json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"}}),
            json!({"StringEquals": {"aws:PrincipalAccount": ["999999999999", OWN]}}),
            json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::999999999999:role/*"}}),
            json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}),
            json!({"StringEquals": {"aws:SourceVpce": "vpce-1"}}),
        ] {
            assert_eq!(of(&json!("*"), &condition).len(), 1, "{condition}");
        }
        let organization = json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}});
        assert_eq!(of(&json!({"AWS": "*"}), &organization), ["o-a1b2c3d4e5"]);
    }

    #[test]
    fn the_public_the_account_and_services_are_not_cut_off() {
        for principal in [
            json!("*"),
            json!({"AWS": OWN}),
            json!({"AWS": format!("arn:aws:iam::{OWN}:root")}),
            json!({"AWS": "AROAEXAMPLEEXAMPLE123"}),
            json!({"Service": "cloudtrail.amazonaws.com"}),
        ] {
            assert_eq!(of(&principal, &json!({})), [""; 0], "{principal}");
        }
        for condition in [
            json!({"Bool": {"aws:SecureTransport": "true"}}),
            json!({"StringLike": {"aws:PrincipalOrgID": "o-*"}}),
            json!({"StringEquals": {"aws:PrincipalAccount": OWN}}),
            json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}),
            json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5", "aws:PrincipalAccount": OWN}}),
            json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::logs"}}),
            json!({"Bool": {"aws:PrincipalIsAWSService": "true"}}),
            json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}),
        ] {
            assert_eq!(of(&json!("*"), &condition), [""; 0], "{condition}");
        }
        let deny = json!({"Statement": {"Effect": "Deny", "Principal": {"AWS": "888888888888"}, "Action": "s3:*"}});
        assert_eq!(cut_off(&deny, OWN), [""; 0]);
    }
}
