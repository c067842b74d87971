//! Public access by AWS's own definition ([The meaning of "public"]), without calling `GetBucketPolicyStatus`: the same
//! rule then also applies to a document that is only planned.
//!
//! [The meaning of "public"]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status

use super::view::Grant;
use crate::documents::policy::{Statement, statements, texts};
use crate::model::Arn;
use serde_json::Value;
use std::net::IpAddr;

/// Groups that include everybody.
const EVERYBODY: [&str; 2] =
    ["http://acs.amazonaws.com/groups/global/AllUsers", "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"];

/// Condition keys that make a grant non-public if their values are fixed.
const FIXED_KEYS: [&str; 12] = [
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
];

/// Operators that hold only for the values given.
pub(super) const OPERATORS: [&str; 5] =
    ["stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"];

/// Returns the statements that make the bucket public, by their `Sid` or number.
pub(super) fn public_statements(document: &Value) -> Vec<String> {
    let name = |number: usize, statement: Statement<'_>| {
        let sid = statement.element("Sid").and_then(Value::as_str).filter(|sid| !sid.is_empty());
        sid.map_or_else(|| format!("number {}", number + 1), str::to_owned)
    };
    let open = statements(document).enumerate().filter(|(_, statement)| {
        statement.allows() && names_anyone(*statement) && !statement.condition().is_some_and(narrows)
    });
    open.map(|(number, statement)| name(number, statement)).collect()
}

/// Returns the groups of everybody to which an access control list grants something.
pub(super) fn public_grants(grants: &[Grant]) -> Vec<String> {
    let public = grants.iter().filter(|grant| is_everybody(&grant.grantee));
    public.map(|grant| format!("{} to {}", grant.permission, grant.grantee)).collect()
}

/// Returns whether a grantee is a group that includes everybody.
pub(super) fn is_everybody(grantee: &str) -> bool {
    EVERYBODY.contains(&grantee)
}

/// Returns whether a statement names more than fixed principals: `*`, everyone with exceptions, or a foreign identity
/// provider.
fn names_anyone(statement: Statement<'_>) -> bool {
    match statement.element("Principal") {
        Some(Value::Object(kinds)) => {
            let wild = kinds.get("AWS").is_some_and(|names| texts(names).any(|name| name.contains('*')));
            wild || kinds.contains_key("Federated")
        }
        _ => true,
    }
}

/// Returns whether one of the conditions allows only fixed values.
pub(super) fn narrows(block: &Value) -> bool {
    let operators = block.as_object().into_iter().flatten();
    operators
        .flat_map(|(operator, keys)| keys.as_object().into_iter().flatten().map(move |pair| (operator, pair)))
        .any(|(operator, (key, values))| is_fixed(operator, key, values))
}

fn is_fixed(operator: &str, key: &str, values: &Value) -> bool {
    let (operator, key) = (operator.to_ascii_lowercase(), key.to_ascii_lowercase());
    let operator = operator.strip_prefix("foranyvalue:").unwrap_or(&operator);
    let values: Vec<&str> = texts(values).collect();
    if values.is_empty() {
        return false;
    }
    if key == "aws:sourceip" {
        return operator == "ipaddress" && values.iter().all(|range| is_narrow(range));
    }
    if !OPERATORS.contains(&operator) || !FIXED_KEYS.contains(&key.as_str()) {
        return false;
    }
    // The name of an access point may contain wildcards as long as the account does not.
    let open = |value: &str| value.contains(['*', '?']) || value.contains("${");
    values.iter().all(|value| match Arn::parse(value) {
        Some(arn) if key == "s3:dataaccesspointarn" => !open(arn.account) && !arn.account.is_empty(),
        _ => !open(value),
    })
}

/// Returns whether a range of addresses is private, or "not broader than /8 for IPv4 and /32 for IPv6".
fn is_narrow(range: &str) -> bool {
    let (address, bits) = match range.split_once('/') {
        Some((address, bits)) => (address, bits.parse::<u8>().ok()),
        None => (range, Some(128)),
    };
    match (address.parse::<IpAddr>(), bits) {
        (Ok(IpAddr::V4(_)), Some(bits)) => bits >= 8,
        (Ok(IpAddr::V6(_)), Some(bits)) => bits >= 32,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn public(principal: &Value, condition: Option<Value>) -> bool {
        let mut statement = json!({"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::b/*"});
        if let Some(condition) = condition {
            statement["Condition"] = condition;
        }
        !public_statements(&json!({"Statement": statement})).is_empty()
    }

    #[test]
    fn everybody_is_public_and_a_fixed_principal_is_not() {
        for anyone in
            [json!("*"), json!({"AWS": "*"}), json!({"AWS": ["111122223333", "*"]}), json!({"Federated": "x"})]
        {
            assert!(public(&anyone, None), "{anyone}");
        }
        for fixed in [json!({"AWS": "arn:aws:iam::999999999999:root"}), json!({"Service": "cloudtrail.amazonaws.com"})]
        {
            assert!(!public(&fixed, None), "{fixed}");
        }
        let but =
            json!({"Statement": {"Sid": "But", "Effect": "Allow", "NotPrincipal": {"AWS": "1"}, "Action": "s3:*"}});
        assert_eq!(public_statements(&but), ["But"]);
        let deny = json!({"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*"}});
        assert_eq!(public_statements(&deny), [""; 0]);
    }

    /// Checks AWS's own examples, and the edge cases of each.
    #[test]
    fn fixed_conditions_narrow_and_open_ones_do_not() {
        for narrow in [
            json!({"StringEquals": {"aws:SourceVpc": "vpc-91237329"}}),
            json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
            json!({"IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "10.0.0.0/8", "2001:db8::/32"]}}),
            json!({"ArnLike": {"s3:DataAccessPointArn": "arn:aws:s3:us-west-2:123456789012:accesspoint/*"}}),
            json!({"StringLike": {"aws:SourceVpc": "vpc-*"}, "StringEquals": {"AWS:SourceAccount": "123456789012"}}),
        ] {
            assert!(!public(&json!("*"), Some(narrow.clone())), "{narrow}");
        }
        for open in [
            json!({"StringLike": {"aws:SourceVpc": "vpc-*"}}),
            json!({"StringEquals": {"aws:SourceVpc": "${aws:username}"}}),
            json!({"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}),
            json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}),
            json!({"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}),
            json!({"Bool": {"aws:SecureTransport": "true"}}),
            json!({"StringEquals": {"aws:SourceVpc": []}}),
        ] {
            assert!(public(&json!("*"), Some(open.clone())), "{open}");
        }
    }

    #[test]
    fn the_log_delivery_group_is_not_the_public() {
        let grant = |group: &str| Grant {
            grantee: format!("http://acs.amazonaws.com/groups/{group}"),
            permission: "READ".to_owned(),
        };
        assert_eq!(public_grants(&[grant("s3/LogDelivery")]), [""; 0]);
        assert_eq!(public_grants(&[grant("global/AllUsers"), grant("global/AuthenticatedUsers")]).len(), 2);
    }
}
