//! The bucket of a trail.

use super::Trails;
use crate::aws::Located;
use crate::families::trail::view::Bucket;
use crate::model::{CallError, Place, Seen};
use futures_util::future::join;
use serde_json::Value;

impl Trails {
    pub(super) async fn locate(&self, place: &Place, bucket: &str) -> Result<Bucket, CallError> {
        if let Some(known) = self.memo.bucket(bucket) {
            return Ok(known);
        }
        let found = match Box::pin(self.buckets.locate(place, bucket)).await? {
            Located::Ours(region) => Bucket::Ours(region),
            Located::Theirs | Located::Closed => Bucket::Closed,
            Located::Gone => Bucket::Gone,
        };
        self.memo.keep_bucket(bucket, &found);
        Ok(found)
    }

    /// Where the bucket is and, if that is wanted and it is where the trail is, its policy.
    pub(super) async fn bucket(
        &self,
        place: &Place,
        name: &str,
        with_policy: bool,
    ) -> Result<(Bucket, Option<Seen<Value>>), CallError> {
        if !with_policy {
            return Ok((self.locate(place, name).await?, None));
        }
        let (located, policy) =
            join(self.locate(place, name), self.buckets.at(place, &place.region, name).policy()).await;
        let located = located?;
        let policy = if located == Bucket::Ours(place.region.clone()) { Some(policy?) } else { None };
        Ok((located, policy))
    }
}
