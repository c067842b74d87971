//! Bucket of a trail.

use super::Trails;
use crate::aws::Located;
use crate::model::{CallError, Place, Seen};
use crate::record::TrailBucket;
use futures_util::future::join;
use serde_json::Value;

impl Trails {
    pub(super) async fn locate(&self, place: &Place, bucket: &str) -> Result<TrailBucket, CallError> {
        if let Some(known) = self.memo.bucket(bucket) {
            return Ok(known);
        }
        let found = match Box::pin(self.buckets.locate(place, bucket)).await? {
            Located::ThisAccount(region) => TrailBucket::ThisAccount(region),
            Located::OtherAccount => TrailBucket::OtherAccount,
            Located::Closed => TrailBucket::Closed,
            Located::Gone => TrailBucket::Gone,
        };
        self.memo.keep_bucket(bucket, &found);
        Ok(found)
    }

    /// Locates the bucket and, if requested and in the trail's region, reads its policy.
    pub(super) async fn bucket(
        &self,
        place: &Place,
        name: &str,
        with_policy: bool,
    ) -> Result<(TrailBucket, Seen<Value>), CallError> {
        if !with_policy {
            return Ok((self.locate(place, name).await?, Seen::NotAsked));
        }
        let (located, policy) =
            join(self.locate(place, name), self.buckets.at(place, &place.region, name).policy()).await;
        let located = located?;
        let policy = if located == TrailBucket::ThisAccount(place.region.clone()) { policy? } else { Seen::NotAsked };
        Ok((located, policy))
    }
}
