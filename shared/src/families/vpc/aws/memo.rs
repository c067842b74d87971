//! Cache for one event: the VPCs of a page until each is checked, and what many flow logs share until one of our calls
//! changes it. Absence is never cached, since somebody else may be creating the resource.

use crate::exemption::Tags;
use crate::families::vpc::view::FlowLogBucket;
use crate::managed::log_group::LogGroup;
use crate::managed::role::Role;
use crate::model::{Region, Seen, Subject};
use aws_sdk_ec2::types::FlowLog;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// Owner and tags of a VPC.
#[derive(Debug, Clone)]
pub(super) struct Itself {
    pub(super) owner: String,
    pub(super) tags: Tags,
}

/// VPC as listed, with its flow logs.
pub(super) type Listed = (Itself, Vec<FlowLog>);

/// Maximum number of VPCs to keep: more than are checked concurrently.
const KEPT: usize = 64;

/// Results read during this event.
#[derive(Debug, Default)]
pub(super) struct VpcMemo {
    listed: RefCell<BTreeMap<String, Listed>>,
    /// VPCs that are being repaired: their owner does not change, and the tags from before the first call count.
    kept: RefCell<BTreeMap<String, Itself>>,
    shared: RefCell<Shared>,
    /// Whether buckets of flow logs belong to other accounts, by name: none of our calls changes that.
    foreign: RefCell<BTreeMap<String, bool>>,
    /// Number of changes to what is shared: a response that was in flight during a change is not cached.
    changes: Cell<u64>,
}

#[derive(Debug, Default)]
struct Shared {
    roles: BTreeMap<String, Role>,
    groups: BTreeMap<(Region, String), LogGroup>,
    bucket: Option<FlowLogBucket>,
}

impl VpcMemo {
    /// Forgets what was read during an earlier event.
    pub(super) fn clear(&self) {
        self.listed.borrow_mut().clear();
        self.kept.borrow_mut().clear();
        self.foreign.borrow_mut().clear();
        self.forget_shared();
    }

    /// Forgets what one of our calls changes.
    pub(super) fn forget_shared(&self) {
        self.changes.set(self.changes.get() + 1);
        *self.shared.borrow_mut() = Shared::default();
    }

    /// Keeps a listed VPC until it is checked.
    pub(super) fn list(&self, subject: &Subject, listed: Listed) {
        self.listed.borrow_mut().insert(subject.arn.clone(), listed);
    }

    /// Takes the VPC as listed, for its first check only.
    pub(super) fn take(&self, subject: &Subject) -> Option<Listed> {
        self.listed.borrow_mut().remove(&subject.arn)
    }

    /// Returns a VPC that is being repaired.
    pub(super) fn kept(&self, subject: &Subject) -> Option<Itself> {
        self.kept.borrow().get(&subject.arn).cloned()
    }

    /// Keeps a VPC that is to be repaired. The number is limited, since VPCs that cannot be repaired would accumulate.
    pub(super) fn keep(&self, subject: &Subject, itself: Itself) {
        let mut kept = self.kept.borrow_mut();
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(subject.arn.clone(), itself);
    }

    /// Forgets a VPC that is compliant or may be gone.
    pub(super) fn forget(&self, subject: &Subject) {
        self.kept.borrow_mut().remove(&subject.arn);
    }

    /// Returns the number of changes before a read, to decide whether its response may be cached.
    pub(super) fn now(&self) -> u64 {
        self.changes.get()
    }

    pub(super) fn role(&self, arn: &str) -> Option<Seen<Role>> {
        self.shared.borrow().roles.get(arn).cloned().map(Seen::Present)
    }

    pub(super) fn keep_role(&self, since: u64, arn: &str, role: &Seen<Role>) {
        if let (true, Seen::Present(role)) = (since == self.now(), role) {
            self.shared.borrow_mut().roles.insert(arn.to_owned(), role.clone());
        }
    }

    pub(super) fn group(&self, region: &Region, name: &str) -> Option<Seen<LogGroup>> {
        self.shared.borrow().groups.get(&(region.clone(), name.to_owned())).cloned().map(Seen::Present)
    }

    pub(super) fn keep_group(&self, since: u64, region: &Region, group: &Seen<LogGroup>) {
        if let (true, Seen::Present(group)) = (since == self.now(), group) {
            self.shared.borrow_mut().groups.insert((region.clone(), group.name.clone()), group.clone());
        }
    }

    /// Returns whether a bucket belongs to another account, if that is known.
    pub(super) fn owner(&self, bucket: &str) -> Option<bool> {
        self.foreign.borrow().get(bucket).copied()
    }

    pub(super) fn keep_owner(&self, bucket: &str, is_foreign: bool) {
        self.foreign.borrow_mut().insert(bucket.to_owned(), is_foreign);
    }

    pub(super) fn bucket(&self) -> Option<FlowLogBucket> {
        self.shared.borrow().bucket.clone()
    }

    pub(super) fn keep_bucket(&self, since: u64, bucket: &FlowLogBucket) {
        if since == self.now() && *bucket != FlowLogBucket::Gone {
            self.shared.borrow_mut().bucket = Some(bucket.clone());
        }
    }
}
