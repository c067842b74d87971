//! Bucket that a channel delivers to: our access to it, and the calls that prepare it. Pure.

use super::managed::region_of_managed;
use super::view::Channel;
use crate::documents::policy::completed;
use crate::families::bucket::grants;
use crate::managed::bucket::step::{Act, BucketStep};
use crate::managed::bucket::{Blocks, LARGEST_POLICY};
use crate::model::{Blocked, Call, Place, Region, Seen};
use serde_json::Value;

/// Our access to a bucket.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BucketAccess {
    /// The bucket is in this account.
    ThisAccount(OwnBucket),
    /// The bucket belongs to another account.
    OtherAccount,
    /// The owner is unknown, since we may neither access the bucket nor list the account's own.
    Closed,
    /// There is no bucket with this name.
    Gone,
}

/// Bucket of this account. Parts that nothing depends on were not read.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct OwnBucket {
    /// Region of the bucket.
    pub region: Region,
    /// Bucket policy.
    pub policy: Seen<Value>,
    /// Whether the bucket has default encryption.
    pub encryption: Seen<()>,
    /// Public access block.
    pub blocks: Seen<Blocks>,
    /// Whether a lifecycle rule deletes files; read only of a bucket that no channel uses yet.
    pub expires: Seen<bool>,
}

impl OwnBucket {
    /// Returns a bucket as S3 has created it since April 2023: closed to the public, encrypted, without a policy.
    #[must_use]
    pub fn new(region: Region) -> Self {
        Self {
            region,
            policy: Seen::Absent,
            encryption: Seen::Present(()),
            blocks: Seen::Present(Blocks::ALL),
            expires: Seen::Present(false),
        }
    }

    /// Applies the effect of one of our calls.
    pub(super) fn change(&mut self, step: &BucketStep) {
        match &step.act {
            Act::Create => {}
            Act::Encrypt => self.encryption = Seen::Present(()),
            Act::PutPolicy { .. } => self.policy = Seen::Present(step.after()),
            Act::Block { blocks, replaces: _ } => self.blocks = Seen::Present(*blocks),
        }
    }
}

/// Returns the calls that create our bucket for a channel, in order.
pub(super) fn make(place: &Place, channel: &Channel, region: &Region) -> Vec<BucketStep> {
    let acts = [
        Act::Create,
        Act::Encrypt,
        Act::put_policy(None, lacking(place, channel, None)),
        Act::Block { blocks: Blocks::ALL, replaces: None },
    ];
    acts.into_iter().map(|act| BucketStep::new(&channel.bucket, region, act)).collect()
}

/// Returns the calls that let a channel deliver into an existing bucket of this account, possibly none. Our own buckets
/// are also closed to the public, encrypted and restricted to HTTPS, as on creation; for any other only the policy
/// matters here.
pub(super) fn prepare(place: &Place, channel: &Channel, bucket: &OwnBucket) -> Result<Vec<BucketStep>, Blocked> {
    let name = &channel.bucket;
    let its = format!("bucket {name}");
    let mut acts = Vec::new();
    let policy = bucket.policy.known_of(&its)?;
    let added = lacking(place, channel, policy);
    if !added.is_empty() {
        may_add(place, channel, policy, &added)?;
        acts.push(Act::put_policy(policy.cloned(), added));
    }
    if region_of_managed(place, name).is_some() {
        if bucket.encryption.known_of(&its)?.is_none() {
            acts.push(Act::Encrypt);
        }
        let blocks = bucket.blocks.known_of(&its)?.copied();
        if blocks != Some(Blocks::ALL) {
            acts.push(Act::Block { blocks: Blocks::ALL, replaces: blocks });
        }
    }
    Ok(acts.into_iter().map(|act| BucketStep::new(name, &bucket.region, act)).collect())
}

/// Returns what the policy of another account's bucket must contain for our channel, for people.
pub(super) fn asked_of_others(place: &Place, channel: &Channel) -> String {
    let statements = grants::for_channel(place, &channel.bucket, channel.prefix.as_deref(), None);
    let text = |it: &Value, element: &str| it.get(element).and_then(Value::as_str).unwrap_or_default().to_owned();
    let each = statements.iter().map(|it| format!("{} on {}", text(it, "Action"), text(it, "Resource")));
    format!("config.amazonaws.com, for account {}: {}", place.account, each.collect::<Vec<_>>().join(", "))
}

/// Returns the statements that a policy lacks; our own buckets must deny plain HTTP as well.
fn lacking(place: &Place, channel: &Channel, policy: Option<&Value>) -> Vec<Value> {
    let bucket = &channel.bucket;
    let mut lacking = grants::for_channel(place, bucket, channel.prefix.as_deref(), policy);
    if region_of_managed(place, bucket).is_some() {
        lacking.extend(grants::for_https(place, bucket, policy));
    }
    lacking
}

/// Returns an error unless adding these statements is sufficient and S3 accepts the document.
fn may_add(place: &Place, channel: &Channel, policy: Option<&Value>, added: &[Value]) -> Result<(), Blocked> {
    let name = &channel.bucket;
    let never = match completed(policy, added, LARGEST_POLICY) {
        Err(refusal) => refusal.to_string(),
        Ok(merged) if lacking(place, channel, Some(&merged)).is_empty() => return Ok(()),
        Ok(_) => "denies what AWS Config needs, or has a condition that cannot be evaluated from here".to_owned(),
    };
    Err(Blocked::Advise(format!(
        "The policy of bucket {name} {never}. Trailkeeper never edits a statement that it did not write. Change the \
         policy to allow {}.",
        asked_of_others(place, channel)
    )))
}

#[cfg(test)]
mod tests {
    use super::super::Recorder;
    use super::super::managed::managed_bucket;
    use super::*;
    use crate::testing::laws::subject;
    use serde_json::json;

    fn channel(bucket: &str) -> Channel {
        let bucket = bucket.to_owned();
        Channel { name: "default".into(), bucket, prefix: None, key: None, topic: None, frequency: None }
    }

    fn place() -> Place {
        subject::<Recorder>().place
    }

    fn prepared(name: &str, bucket: &OwnBucket) -> Result<Vec<Act>, Blocked> {
        prepare(&place(), &channel(name), bucket).map(|steps| steps.into_iter().map(|step| step.act).collect())
    }

    /// Checks that a bucket after all calls that create it needs no more, and that each lost call is made up for.
    #[test]
    fn a_bucket_of_ours_is_completed() {
        let name = managed_bucket(&place());
        let steps = make(&place(), &channel(&name), &place().region);
        let bare = OwnBucket { encryption: Seen::Absent, blocks: Seen::Absent, ..OwnBucket::new(place().region) };
        let mut made = bare.clone();
        for step in &steps {
            made.change(step);
        }
        assert_eq!(prepared(&name, &made), Ok(vec![]));
        assert_eq!(steps.len(), 4);
        for lost in 1..4 {
            let mut torn = bare.clone();
            for (_, step) in steps.iter().enumerate().filter(|(at, _)| *at != lost) {
                torn.change(step);
            }
            let again = prepared(&name, &torn).expect("all is known");
            assert_eq!(again, [steps[lost].act.clone()]);
        }
        let statements = made.policy.present().expect("a policy")["Statement"].as_array().map(Vec::len);
        assert_eq!(statements, Some(4), "three of Config's, and HTTPS alone");
    }

    #[test]
    fn of_a_customers_bucket_only_the_policy_matters_and_nothing_of_it_is_lost() {
        let theirs = json!({"Id": "x", "Statement": {"Sid": "A", "Effect": "Allow", "Principal": {"AWS": "111122223333"},
            "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*"}});
        let open = OwnBucket {
            region: place().region,
            policy: Seen::Present(theirs.clone()),
            encryption: Seen::Absent,
            blocks: Seen::NotAsked,
            expires: Seen::NotAsked,
        };
        let acts = prepared("logs", &open).expect("all is known");
        let [Act::PutPolicy { read, added, .. }] = acts.as_slice() else { panic!("{acts:?}") };
        assert_eq!((read.as_ref(), added.len()), (Some(&theirs), 3));
    }

    #[test]
    fn what_would_not_help_is_not_sent() {
        let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "*"});
        let gone = json!({"Effect": "Allow", "Principal": {"AWS": "AROAEXAMPLEEXAMPLE123"}, "Action": "s3:*", "Resource": "*"});
        for (policy, why) in [
            (json!({ "Statement": deny }), "denies what"),
            (json!({ "Statement": gone }), "AROAEXAMPLEEXAMPLE123"),
            (json!({ "Id": "x".repeat(20 * 1024), "Statement": [] }), "20 KB"),
        ] {
            let bucket = OwnBucket { policy: Seen::Present(policy), ..OwnBucket::new(place().region) };
            let Err(Blocked::Advise(advice)) = prepared("logs", &bucket) else { panic!("{why}") };
            assert!(advice.contains(why) && advice.contains("s3:PutObject on arn:aws:s3:::logs/AWSLogs"), "{advice}");
        }
        let blind = OwnBucket { policy: Seen::Unreadable("s3:GetBucketPolicy"), ..OwnBucket::new(place().region) };
        let needs = "s3:GetBucketPolicy was denied for bucket logs".to_owned();
        assert_eq!(prepared("logs", &blind), Err(Blocked::Unknown(needs)));
    }
}
