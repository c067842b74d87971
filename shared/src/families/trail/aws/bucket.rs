//! Bucket of a trail: its location, and what a key on its files depends on.

use super::Trails;
use crate::aws::{Located, call};
use crate::families::trail::ReplicationRule;
use crate::model::{CallError, ErrorKind, Place, Region, Seen};
use crate::record::{Facts, TrailBucket};
use aws_sdk_s3::types::{ReplicationRule as Described, ReplicationRuleStatus, SseKmsEncryptedObjectsStatus};
use futures_util::future::join;
use serde_json::Value;

impl Trails {
    pub(super) async fn locate(&self, place: &Place, bucket: &str) -> Result<TrailBucket, CallError> {
        let cell = self.memo.bucket_cell(bucket);
        let look = async {
            Ok::<_, CallError>(match Box::pin(self.buckets.locate(place, bucket)).await? {
                Located::ThisAccount(region) => TrailBucket::ThisAccount(region),
                Located::OtherAccount => TrailBucket::OtherAccount,
                Located::Closed => TrailBucket::Closed,
                Located::Gone => TrailBucket::Gone,
            })
        };
        let found = cell.get_or_try_init(|| look).await?.clone();
        if found == TrailBucket::Gone {
            self.memo.forget_bucket(bucket);
        }
        Ok(found)
    }

    /// Locates the bucket of a trail, starting in the trail's own region: where most are, and whoever asks, it is one question.
    pub(super) async fn locate_for(&self, place: &Place, trail: &Facts) -> Result<TrailBucket, CallError> {
        let near = Place { region: trail.home().unwrap_or_else(|| place.region.clone()), ..place.clone() };
        self.locate(&near, &trail.files.bucket).await
    }

    /// Returns whether the bucket is in another region of the account, as far as that is known without a call: where many
    /// are looked for, the account's buckets are listed.
    pub(super) async fn is_elsewhere(&self, place: &Place, name: &str) -> Result<bool, CallError> {
        if !self.buckets.expects_many() {
            return Ok(false);
        }
        Ok(matches!(self.locate(place, name).await?, TrailBucket::ThisAccount(region) if region != place.region))
    }

    /// Locates the bucket and, if requested and in the trail's region, reads what a key depends on.
    pub(super) async fn bucket(
        &self,
        place: &Place,
        name: &str,
        to_encrypt: bool,
    ) -> Result<(TrailBucket, BucketReads), CallError> {
        if !to_encrypt {
            return Ok((self.locate(place, name).await?, BucketReads::default()));
        }
        // What is known to be elsewhere is not read there.
        if let Some(known) =
            self.memo.bucket(name).filter(|known| *known != TrailBucket::ThisAccount(place.region.clone()))
        {
            return Ok((known, BucketReads::default()));
        }
        let (located, reads) = join(self.locate(place, name), self.reads(place, &place.region, name)).await;
        let located = located?;
        let reads =
            if located == TrailBucket::ThisAccount(place.region.clone()) { reads? } else { BucketReads::default() };
        Ok((located, reads))
    }

    /// Reads what a key on the files of a bucket depends on.
    pub(super) async fn reads(&self, place: &Place, region: &Region, name: &str) -> Result<BucketReads, CallError> {
        let at = self.buckets.at(place, region, name);
        // A bucket that is gone by now has neither, as its location shows when it is read again.
        let none_of = |error: CallError| if error.kind == ErrorKind::Gone { Ok(Seen::Absent) } else { Err(error) };
        let sent = at.client.get_bucket_replication().bucket(name).expected_bucket_owner(at.account).send();
        let answer = call("s3:GetReplicationConfiguration", Box::pin(sent));
        let (policy, answer) = Box::pin(join(at.policy(), answer)).await;
        let replication = Seen::from_call(answer)?.map(|it| {
            let rules = it.replication_configuration.map(|it| it.rules).unwrap_or_default();
            rules.iter().filter(|rule| *rule.status() == ReplicationRuleStatus::Enabled).map(rule).collect()
        });
        Ok(BucketReads { policy: policy.or_else(none_of)?, replication })
    }
}

/// What a key on the files of a bucket depends on.
#[derive(Debug, Default)]
pub(super) struct BucketReads {
    pub(super) policy: Seen<Value>,
    pub(super) replication: Seen<Vec<ReplicationRule>>,
}

/// Converts a replication rule. One that filters by more than a prefix is taken for its prefix.
fn rule(it: &Described) -> ReplicationRule {
    let filter = it.filter();
    let both = filter.and_then(|it| it.and()).and_then(|it| it.prefix());
    #[allow(deprecated, reason = "rules of the first version have their prefix here")]
    let prefix = it.prefix();
    let criteria = it.source_selection_criteria().and_then(|it| it.sse_kms_encrypted_objects());
    ReplicationRule {
        id: it.id().unwrap_or_default().to_owned(),
        prefix: filter.and_then(|it| it.prefix()).or(both).or(prefix).unwrap_or_default().to_owned(),
        takes_encrypted: criteria.is_some_and(|it| *it.status() == SseKmsEncryptedObjectsStatus::Enabled),
    }
}
