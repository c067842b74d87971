//! Cache for one event of what none of our calls changes unnoticed: locations of buckets, and event selectors until we
//! put them. The trail itself and its status, which prove a fix, are read every time.

use crate::documents::selectors::Selectors;
use crate::model::Seen;
use crate::record::TrailBucket;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use tokio::sync::OnceCell;

/// Results read during this event.
#[derive(Debug, Default)]
pub(super) struct TrailMemo {
    buckets: RefCell<BTreeMap<String, Rc<OnceCell<TrailBucket>>>>,
    selectors: RefCell<BTreeMap<String, Seen<Selectors>>>,
}

impl TrailMemo {
    /// Forgets what was read during an earlier event.
    pub(super) fn clear(&self) {
        self.buckets.borrow_mut().clear();
        self.selectors.borrow_mut().clear();
    }

    /// Returns the location of a bucket, if it is known.
    pub(super) fn bucket(&self, name: &str) -> Option<TrailBucket> {
        self.buckets.borrow().get(name)?.get().cloned()
    }

    /// Returns the place of a bucket's location: one trail looks for it while the others wait.
    pub(super) fn bucket_cell(&self, name: &str) -> Rc<OnceCell<TrailBucket>> {
        Rc::clone(self.buckets.borrow_mut().entry(name.to_owned()).or_default())
    }

    /// Forgets that a bucket does not exist, since it may be created.
    pub(super) fn forget_bucket(&self, name: &str) {
        self.buckets.borrow_mut().remove(name);
    }

    /// Returns the event selectors of a trail.
    pub(super) fn selectors(&self, arn: &str) -> Option<Seen<Selectors>> {
        self.selectors.borrow().get(arn).cloned()
    }

    /// Returns whether the trail has existed during this event.
    pub(super) fn knows(&self, arn: &str) -> bool {
        self.selectors.borrow().contains_key(arn)
    }

    /// Keeps the event selectors of a trail.
    pub(super) fn keep_selectors(&self, arn: &str, selectors: &Seen<Selectors>) {
        self.selectors.borrow_mut().insert(arn.to_owned(), selectors.clone());
    }

    /// Forgets the event selectors of a trail that is being changed.
    pub(super) fn forget_selectors(&self, arn: &str) {
        self.selectors.borrow_mut().remove(arn);
    }
}
