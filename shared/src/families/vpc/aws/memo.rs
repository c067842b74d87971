//! What is read once for each event: the VPCs of a page, until each is looked at; and what many flow logs share, until a
//! call of ours changes it. That something is not there is never kept: another may be making it.

use crate::exemption::Tags;
use crate::families::vpc::view::FlowLogBucket;
use crate::managed::log_group::LogGroup;
use crate::managed::role::Role;
use crate::model::{Region, Seen, Subject};
use aws_sdk_ec2::types::FlowLog;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// What is read of a VPC itself: its owner and its tags.
#[derive(Debug, Clone)]
pub(super) struct Itself {
    pub(super) owner: String,
    pub(super) tags: Tags,
}

/// A VPC as it was listed, with its flow logs.
pub(super) type Listed = (Itself, Vec<FlowLog>);

/// How many VPCs are kept: more than are looked at together.
const KEPT: usize = 64;

/// What this event has taught so far.
#[derive(Debug, Default)]
pub(super) struct VpcMemo {
    listed: RefCell<BTreeMap<String, Listed>>,
    /// The VPCs that are being put right: none changes hands, and what a tag said before the first call counts.
    kept: RefCell<BTreeMap<String, Itself>>,
    shared: RefCell<Shared>,
    /// How often what is shared was changed: an answer that was on its way meanwhile is not kept.
    changes: Cell<u64>,
}

#[derive(Debug, Default)]
struct Shared {
    roles: BTreeMap<String, Role>,
    groups: BTreeMap<(Region, String), LogGroup>,
    bucket: Option<FlowLogBucket>,
}

impl VpcMemo {
    /// Forgets an earlier event.
    pub(super) fn clear(&self) {
        self.listed.borrow_mut().clear();
        self.kept.borrow_mut().clear();
        self.forget_shared();
    }

    /// Forgets what a call of ours changes.
    pub(super) fn forget_shared(&self) {
        self.changes.set(self.changes.get() + 1);
        *self.shared.borrow_mut() = Shared::default();
    }

    /// Keeps a VPC until it is looked at.
    pub(super) fn list(&self, subject: &Subject, listed: Listed) {
        self.listed.borrow_mut().insert(subject.arn.clone(), listed);
    }

    /// The VPC as it was listed: the first time that it is looked at, and never again.
    pub(super) fn take(&self, subject: &Subject) -> Option<Listed> {
        self.listed.borrow_mut().remove(&subject.arn)
    }

    /// A VPC that is being put right.
    pub(super) fn kept(&self, subject: &Subject) -> Option<Itself> {
        self.kept.borrow().get(&subject.arn).cloned()
    }

    /// Keeps a VPC that is to be put right. Those that cannot be are soon too many.
    pub(super) fn keep(&self, subject: &Subject, itself: Itself) {
        let mut kept = self.kept.borrow_mut();
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(subject.arn.clone(), itself);
    }

    /// Forgets it: the VPC is right, or it may be gone.
    pub(super) fn forget(&self, subject: &Subject) {
        self.kept.borrow_mut().remove(&subject.arn);
    }

    /// The state before a read, to keep its answer by.
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

    pub(super) fn bucket(&self) -> Option<FlowLogBucket> {
        self.shared.borrow().bucket.clone()
    }

    pub(super) fn keep_bucket(&self, since: u64, bucket: &FlowLogBucket) {
        if since == self.now() && *bucket != FlowLogBucket::Gone {
            self.shared.borrow_mut().bucket = Some(bucket.clone());
        }
    }
}
