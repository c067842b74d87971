//! Bucket family: S3 buckets that contain the audit trail, and those that log access to them.
//!
//! A log bucket is one that a trail or a Config delivery channel delivers to, the target of such a bucket's server
//! access logs, or one that the settings name as such a target.

mod added_rule;
#[cfg(feature = "bucket")]
pub(crate) mod aws;
mod chosen;
mod controls;
mod cut_off;
mod delivered;
mod document;
mod expiry;
mod fence;
pub mod grants;
mod log_names;
mod managed_denial;
mod need;
mod new_readers;
mod organization;
mod parts;
mod powers;
mod public;
mod ransom;
mod read_restriction;
mod step;
#[cfg(any(test, feature = "bucket"))]
mod strangers;
mod target;
mod tests;
mod trusted;
mod uses;
mod view;
mod watch;
pub mod written;

pub use crate::managed::bucket::name::is_bucket_name;
pub use added_rule::{Action, AddedRule};
#[cfg(feature = "bucket")]
pub use aws::LogBuckets;
pub use step::{ConfigStep, Step};
pub use uses::{ChannelDelivery, DeliveryOutcome, DeniedCall, LoggingSource, ReportedDelivery, TrailDelivery, Uses};
pub use view::{
    BucketConfig, DefaultKey, Encryption, Grant, Logging, Notifications, Ownership, Replica, ReplicaOwner, Rules, View,
};

use crate::event::{ApiCall, Watch};
use crate::family::{Control, Family, RecordChange, StandingChange, Tell};
use crate::model::{Place, Subject};
use crate::settings::Settings;

/// Family of S3 buckets that logs are delivered to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket;

impl Family for Bucket {
    const NAME: &'static str = "bucket";
    type View = View;
    type Step = Step;
    const CONTROLS: &'static [Control<Self>] = &controls::CONTROLS;
    const WATCHES: &'static [Watch] = watch::WATCHES;
    const TELLS: &'static [Tell] = watch::TELLS;
    // The names are as CloudTrail spells them: four differ from the names of the calls (S3 user guide, CloudTrail
    // events).
    const OWN_CALLS: &'static [&'static str] = &[
        "CreateBucket",
        "PutBucketEncryption",
        "PutBucketLifecycle",
        "PutBucketLogging",
        "PutBucketNotification",
        "PutBucketPolicy",
        "PutBucketPublicAccessBlock",
    ];
    const VITAL: bool = true;

    /// A bucket that refuses logs is a trail that stands still, whatever another trail does now: that one may end next.
    const ALWAYS: &'static [&'static str] = &[controls::delivery::CONTROL.about.id];

    fn sets_what_we_set(call: &ApiCall, _: &Place, _: &Settings) -> bool {
        watch::deletes_nothing(call)
    }

    fn tells(call: &ApiCall, place: &Place, settings: &Settings) -> Option<RecordChange> {
        new_readers::let_in(call, place, settings)
    }

    fn stands(call: &ApiCall, place: &Place, settings: &Settings) -> Option<StandingChange> {
        new_readers::stands(call, place, settings)
    }

    /// Returns the ARN of a bucket, which contains neither account nor region.
    fn arn(place: &Place, id: &str) -> String {
        format!("arn:{}:s3:::{id}", place.partition)
    }

    /// Returns why a control is vital, if so: nothing may exempt what would end, or give into foreign hands or to the
    /// public, the last record of the account.
    fn vital(control: &str, view: &View, _: &Subject, _: &Settings) -> Option<String> {
        let record = [&controls::delivery::CONTROL, &controls::public_access::CONTROL, &controls::readers::CONTROL];
        view.uses.last_record().filter(|_| record.iter().any(|it| it.about.id == control))
    }
}
