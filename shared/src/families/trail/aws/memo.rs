//! What is read once for each event, since no call of ours changes it unseen: where a bucket is, and what a trail
//! records until we put its selectors. What a fix is proven by, the trail itself and its status, is read each time.

use crate::documents::selectors::Selectors;
use crate::families::trail::view::TrailBucket;
use crate::model::Seen;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// What this event has taught so far.
#[derive(Debug, Default)]
pub(super) struct TrailMemo {
    buckets: RefCell<BTreeMap<String, TrailBucket>>,
    selectors: RefCell<BTreeMap<String, Seen<Selectors>>>,
}

impl TrailMemo {
    /// Forgets an earlier event.
    pub(super) fn clear(&self) {
        self.buckets.borrow_mut().clear();
        self.selectors.borrow_mut().clear();
    }

    /// Where a bucket is.
    pub(super) fn bucket(&self, name: &str) -> Option<TrailBucket> {
        self.buckets.borrow().get(name).cloned()
    }

    /// Keeps where a bucket is. One that is not there may be made.
    pub(super) fn keep_bucket(&self, name: &str, bucket: &TrailBucket) {
        if *bucket != TrailBucket::Gone {
            self.buckets.borrow_mut().insert(name.to_owned(), bucket.clone());
        }
    }

    /// What a trail records.
    pub(super) fn selectors(&self, arn: &str) -> Option<Seen<Selectors>> {
        self.selectors.borrow().get(arn).cloned()
    }

    /// Whether the trail has been there during this event.
    pub(super) fn knows(&self, arn: &str) -> bool {
        self.selectors.borrow().contains_key(arn)
    }

    /// Keeps what a trail records.
    pub(super) fn keep_selectors(&self, arn: &str, selectors: &Seen<Selectors>) {
        self.selectors.borrow_mut().insert(arn.to_owned(), selectors.clone());
    }

    /// Forgets what a trail recorded: it is being changed.
    pub(super) fn forget_selectors(&self, arn: &str) {
        self.selectors.borrow_mut().remove(arn);
    }
}
