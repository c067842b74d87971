//! The bucket family: the S3 buckets that the audit trail lies in, and those that log who reads them.
//!
//! A log bucket is one that a trail or a Config delivery channel delivers to, or the target of such a bucket's server
//! access logs; or one that the settings name as such a target.

mod access_events;
mod access_lifecycle;
mod access_logging;
mod access_readers;
#[cfg(feature = "bucket")]
mod aws;
mod delivery;
mod document;
mod encryption;
pub mod grants;
mod https_only;
mod keep_out;
#[cfg(test)]
mod laws;
mod lifecycle;
mod mfa_delete;
mod need;
#[cfg(feature = "bucket")]
mod parts;
mod public;
mod public_access;
mod rule;
mod step;
mod target;
mod uses;
mod view;
mod watch;
#[cfg(test)]
#[cfg(feature = "bucket")]
mod wire;

#[cfg(feature = "bucket")]
pub use aws::LogBuckets;
pub use rule::{Action, Rule};
pub use step::Step;
pub(crate) use uses::our_target;
pub use uses::{Channel, Source, Trail, Unread, Uses, is_bucket_name};
pub use view::{Config, Encryption, Grant, Logging, Notifications, Rules, Standing, View};

use crate::model::{Control, Family, Watch};
use crate::place::Place;

/// S3 buckets that logs are delivered to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket;

impl Family for Bucket {
    const NAME: &'static str = "bucket";
    type View = View;
    type Step = Step;
    const CONTROLS: &'static [Control<Self>] = &[
        delivery::CONTROL,
        public_access::CONTROL,
        https_only::CONTROL,
        encryption::CONTROL,
        access_logging::CONTROL,
        lifecycle::CONTROL,
        mfa_delete::CONTROL,
        access_readers::CONTROL,
        access_lifecycle::CONTROL,
        access_events::CONTROL,
    ];
    const WATCHES: &'static [Watch] = watch::WATCHES;
    // As CloudTrail spells them: four differ from the names of the calls (S3 user guide, CloudTrail events).
    const OWN_CALLS: &'static [&'static str] = &[
        "CreateBucket",
        "PutBucketEncryption",
        "PutBucketLifecycle",
        "PutBucketLogging",
        "PutBucketNotification",
        "PutBucketPolicy",
        "PutBucketPublicAccessBlock",
    ];

    /// The ARN of a bucket names neither account nor region.
    fn arn(place: &Place, id: &str) -> String {
        format!("arn:{}:s3:::{id}", place.partition)
    }
}
