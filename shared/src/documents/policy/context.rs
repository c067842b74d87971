//! What is known of the condition keys of a request before it is made.

use super::shape::{CharacterClass, Shape};

/// Condition keys that a service has in no request that it makes by itself: they tell of a principal of an account, its
/// session, and the network that it calls from ([global condition keys]).
///
/// [global condition keys]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
const NO_SERVICE_SENDS: [&str; 21] = [
    "aws:calledvia",
    "aws:calledviafirst",
    "aws:calledvialast",
    "aws:ec2instancesourceprivateipv4",
    "aws:ec2instancesourcevpc",
    "aws:federatedprovider",
    "aws:multifactorauthage",
    "aws:multifactorauthpresent",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceidentity",
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:username",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
    "aws:vpcsourceip",
];

/// Actions that have an encryption context ([KMS condition keys]). Names may have more letters behind these.
///
/// [KMS condition keys]: https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-encryption-context
const ENCRYPTS: [&str; 6] =
    ["kms:creategrant", "kms:decrypt", "kms:encrypt", "kms:generatedatakey", "kms:reencrypt", "kms:retiregrant"];

/// What is known of one condition key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fact {
    /// Nothing.
    Unknown,
    /// The request does not have the key.
    Absent,
    /// The request has the key with these values.
    Values(Vec<Shape>),
    /// The request has the key with one of these values.
    OneOf(Vec<Shape>),
    /// The request has the key with this name of a service and perhaps the same with a region.
    AmongOthers(Shape),
}

/// Request, as far as conditions and variables depend on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) service: Option<&'a str>,
    /// Action; empty if it is not known.
    pub(super) action: &'a str,
    pub(super) known: &'a [(&'a str, &'a str)],
    /// Whether the document is of the version that has policy variables.
    pub(super) variables: bool,
}

impl Context<'_> {
    /// Returns what is known of a key, whose letters' case means nothing.
    pub(super) fn fact(&self, key: &str) -> Fact {
        let key = key.to_ascii_lowercase();
        if !self.action_has(&key) {
            return Fact::Absent;
        }
        let given = self.known.iter().filter(|(name, _)| name.eq_ignore_ascii_case(&key)).map(|(_, value)| *value);
        let given: Vec<&str> = given.collect();
        match given.as_slice() {
            [] => self.service.map_or(Fact::Unknown, |service| of_service(service, &key)),
            [""] => Fact::Absent,
            // Only the organization is known, and not where in it the account lies.
            [organization] if key == "aws:sourceorgpaths" => {
                Fact::Values(vec![Shape::from(organization).text("/").some(CharacterClass::Any)])
            }
            values => Fact::Values(values.iter().map(Shape::from).collect()),
        }
    }

    /// Returns whether requests of the action may have the key: other services' keys are in none, an encryption context
    /// only where something is encrypted, and headers of S3's requests that write only there.
    fn action_has(&self, key: &str) -> bool {
        let action = self.action.to_ascii_lowercase();
        if action.is_empty() {
            return true;
        }
        let service = |text: &str| text.split(':').next().map(str::to_owned);
        if key.starts_with("kms:encryptioncontext") {
            return ENCRYPTS.iter().any(|name| action.starts_with(name));
        }
        if key.starts_with("s3:x-amz-") && ["s3:get", "s3:list"].iter().any(|reads| action.starts_with(reads)) {
            return false;
        }
        key.starts_with("aws:") || service(key) == service(&action)
    }
}

/// Returns what is known of a key in a request that a service makes by itself.
fn of_service(service: &str, key: &str) -> Fact {
    let value = |text: &str| Fact::Values(vec![text.into()]);
    match key {
        "aws:principalisawsservice" | "aws:securetransport" => value("true"),
        // Forward access sessions make requests in the name of another principal.
        "aws:viaawsservice" => value("false"),
        "aws:principalservicename" => value(service),
        "aws:principalservicenameslist" => Fact::AmongOthers(service.into()),
        // No endpoint of AWS takes older versions.
        "s3:tlsversion" => Fact::OneOf(vec!["1.2".into(), "1.3".into()]),
        key if NO_SERVICE_SENDS.contains(&key) || key.starts_with("aws:principaltag/") => Fact::Absent,
        _ => Fact::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(action: &str, key: &str) -> Fact {
        let known = [("aws:SourceArn", "a"), ("kms:EncryptionContext:x", "y"), ("aws:SourceOrgID", "")];
        Context { service: Some("x.amazonaws.com"), action, known: &known, variables: true }.fact(key)
    }

    #[test]
    fn keys_are_those_of_the_action_and_of_a_service() {
        assert_eq!(fact("kms:Decrypt", "AWS:sourcearn"), Fact::Values(vec!["a".into()]));
        assert_eq!(
            fact("kms:GenerateDataKeyWithoutPlaintext", "kms:EncryptionContext:x"),
            Fact::Values(vec!["y".into()])
        );
        for absent in ["kms:EncryptionContext:x", "kms:EncryptionContextKeys", "s3:x-amz-acl", "aws:SourceOrgID"] {
            assert_eq!(fact("kms:DescribeKey", absent), Fact::Absent, "{absent}");
        }
        assert_eq!(fact("s3:GetBucketAcl", "s3:x-amz-acl"), Fact::Absent);
        for absent in ["aws:PrincipalOrgID", "aws:PrincipalTag/team", "aws:SourceVpce", "aws:MultiFactorAuthPresent"] {
            assert_eq!(fact("s3:PutObject", absent), Fact::Absent, "{absent}");
        }
        for unknown in ["aws:SourceIp", "aws:SourceAccount", "s3:x-amz-acl", "aws:CurrentTime"] {
            assert_eq!(fact("s3:PutObject", unknown), Fact::Unknown, "{unknown}");
        }
    }
}
