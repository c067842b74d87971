//! Statements added to the policy of a bucket, and what forbids it.

use super::public::public_statements;
use super::step::Step;
use super::view::{BucketConfig, Missing, known};
use crate::documents::policy::{compiled, completed, fill_in, without_statements};
use crate::managed::bucket::{Act, BucketStep, LARGEST_POLICY};
use crate::model::{Place, Remedy, Verdict};
use serde_json::Value;

/// Whether statements can be added.
#[derive(Debug)]
pub(super) enum Addition {
    /// By this call.
    By(Step),
    /// Not by us; why, and what a person should do.
    Never(String),
}

/// The call that adds statements to the policy of a bucket, or why we must not make it.
pub(super) fn add(name: &str, config: &BucketConfig, added: Vec<Value>) -> Result<Addition, Missing> {
    replace(name, config, Vec::new(), added)
}

/// The same in place of statements of ours.
pub(super) fn replace(
    name: &str,
    config: &BucketConfig,
    removed: Vec<Value>,
    added: Vec<Value>,
) -> Result<Addition, Missing> {
    let read = known(&config.policy)?;
    let blocked = known(&config.blocks)?.is_some_and(|blocks| blocks.block_policy);
    let rest = read.map(|read| without_statements(read, &removed));
    if let Err(refusal) = completed(rest.as_ref(), &added, LARGEST_POLICY) {
        return Ok(Addition::Never(format!("Its policy {refusal}. Then the rest will be put right.")));
    }
    let public = read.map(public_statements).unwrap_or_default();
    if blocked && !public.is_empty() {
        return Ok(Addition::Never(format!(
            "Its policy is public (statement {}) and BlockPublicPolicy is on, so S3 refuses every change of it. Take \
             that statement out, and the rest will be put right.",
            public.join(", ")
        )));
    }
    let act = Act::amend_policy(read.cloned(), removed, added);
    Ok(Addition::By(Step::Bucket(BucketStep::new(name, &config.region, act))))
}

impl Addition {
    /// The verdict on what is wrong, with this as its remedy.
    pub(super) fn remedies(self, because: String) -> Verdict<Step> {
        let remedy = match self {
            Self::By(step) => Remedy::Fix(vec![step]),
            Self::Never(advice) => Remedy::Advise(advice),
        };
        Verdict::Violation { because, remedy }
    }
}

/// The statements of a compiled-in document, filled in for one place and with these words of ours.
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

    fn added(policy: Value, blocks: Seen<Blocks>) -> Result<Addition, Missing> {
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
            let answer = added(policy.clone(), blocks).expect("all is known");
            assert_eq!(matches!(answer, Addition::By(_)), may, "{policy}");
        }
        assert!(added(plain, Seen::Unreadable("s3:GetBucketPublicAccessBlock")).is_err());
    }
}
