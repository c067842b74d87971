//! Policy statement that a key needs so that Trailkeeper can read it and enable its rotation.
//!
//! IAM alone gives nobody access to a key: the key's own policy must do so, by name or by way of the account ([key
//! policies]). To make a denial by the key policy actionable, it is reported with the missing statement. Nobody adds
//! that but the key's owner.
//!
//! [key policies]: https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html

use crate::documents::policy::{compiled, document};
use crate::model::{CallError, ErrorKind, Place};
use serde_json::Value;

/// Phrases in a denial that the key's policy is not responsible for ([access denied messages]).
///
/// [access denied messages]: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
const OTHERS: [&str; 6] = [
    "identity-based policy",
    "permissions boundary",
    "resource control policy",
    "service control policy",
    "session policy",
    "VPC endpoint policy",
];

/// JSON pointer to our identity in the statement.
const WHO: &str = "/Condition/ArnLike/aws:PrincipalArn";

/// Returns the statement by which a key's policy lets these principals do what the control needs. They also need a
/// policy of their own: ours is in `policies/`.
pub(super) fn statement(place: &Place, principals: &[String]) -> Value {
    let document = compiled(document!("key-rotation.json"), place);
    let mut statement = document.pointer("/Statement/0").cloned().unwrap_or_default();
    if let Some(who) = statement.pointer_mut(WHO) {
        *who = principals.into();
    }
    statement
}

/// Returns a denial by a key's policy as a final result that includes the missing statement. Other errors are returned
/// unchanged.
pub(super) fn explained(error: CallError, place: &Place, principals: &[String]) -> CallError {
    let elsewhere = OTHERS.iter().any(|words| error.message.contains(words));
    if error.kind != ErrorKind::Denied || elsewhere {
        return error;
    }
    let denies = error.message.contains("explicit deny");
    let besides = if denies { "exclude this role from what denies it there, and " } else { "" };
    let statement = statement(place, principals);
    let message = format!("{}; {besides}add this statement to the key's policy: {statement}", error.message);
    CallError { kind: ErrorKind::Rejected, message, ..error }
}

#[cfg(test)]
mod tests {
    use super::super::Key;
    use super::*;
    use crate::testing::laws::subject;
    use serde_json::json;

    const ROLE: &str = "arn:aws:iam::111122223333:role/Keeper";

    fn denied(why: &str) -> CallError {
        let message = format!("User: x is not authorized to perform: kms:DescribeKey on resource: y {why}");
        CallError { action: "kms:DescribeKey", kind: ErrorKind::Denied, code: "AccessDeniedException".into(), message }
    }

    fn explanation(why: &str) -> CallError {
        explained(denied(why), &subject::<Key>().place, &[ROLE.to_owned()])
    }

    #[test]
    fn the_statement_lets_our_role_do_what_the_control_needs_and_nothing_else() {
        let statement = statement(&subject::<Key>().place, &[ROLE.to_owned()]);
        assert!(!statement.to_string().contains("${"), "{statement}");
        assert_eq!(statement["Principal"], json!({"AWS": "arn:aws:iam::111122223333:root"}));
        assert_eq!(statement.pointer(WHO), Some(&json!([ROLE])));
        let actions = ["kms:DescribeKey", "kms:EnableKeyRotation", "kms:GetKeyRotationStatus", "kms:ListResourceTags"];
        assert_eq!(statement["Action"], json!(actions));
    }

    #[test]
    fn a_refusal_by_the_keys_policy_is_final_and_says_what_is_missing() {
        for why in ["because no resource-based policy allows the kms:DescribeKey action", ""] {
            let error = explanation(why);
            assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Rejected, "AccessDeniedException"));
            assert!(error.message.contains(r#""kms:EnableKeyRotation""#) && error.message.contains(ROLE), "{error}");
            assert!(!error.message.contains("denies"), "{error}");
        }
        let error = explanation("with an explicit deny in a resource-based policy");
        assert!(error.kind == ErrorKind::Rejected && error.message.contains("what denies it there"), "{error}");
    }

    #[test]
    fn what_the_keys_policy_has_no_part_in_stays_as_it_is() {
        for why in [
            "because no identity-based policy allows the kms:DescribeKey action",
            "with an explicit deny in a service control policy",
            "because no permissions boundary allows the kms:DescribeKey action",
        ] {
            assert_eq!(explanation(why), denied(why));
        }
        let gone = CallError { kind: ErrorKind::Gone, ..denied("") };
        assert_eq!(explained(gone.clone(), &subject::<Key>().place, &[]), gone);
    }
}
