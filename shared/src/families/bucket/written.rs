//! What a policy or access control list means that somebody has written, without the bucket that it was written to.

use super::controls::https_only;
use super::public;
use serde_json::Value;

/// Returns whether a policy denies plain HTTP for the bucket with this ARN and all its objects.
#[must_use]
pub fn denies_http(policy: &Value, arn: &str) -> bool {
    https_only::denies_http(policy, arn)
}

/// Returns whether a policy opens a bucket to everybody, [by AWS's own definition][public].
///
/// [public]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
#[must_use]
pub fn is_public(policy: &Value) -> bool {
    !public::public_statements(policy).is_empty()
}

/// Returns whether a grantee of an access control list is everybody, by its URI.
#[must_use]
pub fn is_everybody(grantee: &str) -> bool {
    public::is_everybody(grantee)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_policy_means_what_it_says() {
        let arn = "arn:aws:s3:::logs";
        let both = json!([arn, format!("{arn}/*")]);
        let denial = json!({"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": both,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}}}});
        let open =
            json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": both}});
        assert!(denies_http(&denial, arn) && !denies_http(&open, arn) && !denies_http(&denial, "arn:aws:s3:::other"));
        assert!(is_public(&open) && !is_public(&denial));
        assert!(is_everybody("http://acs.amazonaws.com/groups/global/AllUsers") && !is_everybody("alice"));
    }
}
