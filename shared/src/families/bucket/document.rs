//! Statements to add to the policy of a bucket, and reasons not to add them.

use super::public::public_statements;
use super::step::Step;
use super::view::BucketConfig;
use crate::documents::policy::{compiled, completed, fill_in, without_statements};
use crate::managed::bucket::LARGEST_POLICY;
use crate::managed::bucket::step::{Act, BucketStep};
use crate::model::{Blocked, Place};
use serde_json::Value;

/// Returns the call that adds statements to the policy of a bucket.
///
/// # Errors
/// Returns an error that says why we must not make the call.
pub(super) fn add(name: &str, config: &BucketConfig, added: Vec<Value>) -> Result<Step, Blocked> {
    replace(name, config, Vec::new(), added)
}

/// Returns the call that replaces some of our statements in the policy of a bucket.
///
/// # Errors
/// Returns the same errors as [`add`].
pub(super) fn replace(
    name: &str,
    config: &BucketConfig,
    removed: Vec<Value>,
    added: Vec<Value>,
) -> Result<Step, Blocked> {
    let its = format!("bucket {name}");
    let read = config.policy.known_of(&its)?;
    let blocked = config.blocks.known_of(&its)?.is_some_and(|blocks| blocks.block_policy);
    let rest = read.map(|read| without_statements(read, &removed));
    if let Err(refusal) = completed(rest.as_ref(), &added, LARGEST_POLICY) {
        return Err(Blocked::Advise(format!("Its policy {refusal}. Then the rest will be fixed.")));
    }
    let public = read.map(public_statements).unwrap_or_default();
    if blocked && !public.is_empty() {
        return Err(Blocked::Advise(format!(
            "Its policy is public (statement {}) and BlockPublicPolicy is on, so S3 rejects every change to it. Remove \
             that statement, and the rest will be fixed.",
            public.join(", ")
        )));
    }
    let act = Act::amend_policy(read.cloned(), removed, added);
    Ok(Step::Bucket(BucketStep::new(name, &config.region, act)))
}

/// Returns the statements of a compiled-in document, with the values of a place and these words filled in.
pub(super) fn statements_of(text: &str, place: &Place, words: &[(&str, &str)]) -> Vec<Value> {
    match fill_in(&compiled(text, place), words).get_mut("Statement").map(Value::take) {
        Some(Value::Array(statements)) => statements,
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Bucket;
    use super::*;
    use crate::managed::bucket::Blocks;
    use crate::model::Seen;
    use crate::testing::laws::subject;
    use serde_json::json;

    fn added(policy: Value, blocks: Seen<Blocks>) -> Result<Step, Blocked> {
        let config = BucketConfig {
            policy: Seen::Present(policy),
            blocks,
            ..BucketConfig::new(subject::<Bucket>().place.region)
        };
        add("logs", &config, vec![json!({"Sid": "New"})])
    }

    #[test]
    fn what_s3_would_refuse_is_not_sent() {
        let plain = json!({"Statement": []});
        let public = json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}});
        let deleted = json!({"Statement": {"Effect": "Allow", "Principal": {"AWS": "AROAEXAMPLEEXAMPLE123"}}});
        let large = json!({"Id": "x".repeat(20 * 1024), "Statement": []});
        for (policy, blocks, may) in [
            (plain.clone(), Seen::Present(Blocks::ALL), true),
            (plain.clone(), Seen::Absent, true),
            (public.clone(), Seen::Present(Blocks::NONE), true),
            (public, Seen::Present(Blocks::ALL), false),
            (deleted, Seen::Absent, false),
            (large, Seen::Absent, false),
        ] {
            let answer = added(policy.clone(), blocks);
            assert!(matches!(&answer, Ok(_) | Err(Blocked::Advise(_))), "all is known: {answer:?}");
            assert_eq!(answer.is_ok(), may, "{policy}");
        }
        let blind = added(plain, Seen::Unreadable("s3:GetBucketPublicAccessBlock"));
        assert!(matches!(blind, Err(Blocked::Unknown(_))), "{blind:?}");
    }
}
