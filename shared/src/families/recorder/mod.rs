//! Recorder family: AWS Config in each region, with its recorder and the channel that delivers what it records.

#[cfg(feature = "recorder")]
pub(crate) mod aws;
mod bucket;
mod complaints;
mod controls;
mod delivery;
mod destination;
mod foreign;
mod managed;
mod scope;
mod step;
mod tests;
mod view;
#[cfg(any(test, feature = "recorder"))]
mod wants;
mod watch;

#[cfg(feature = "recorder")]
pub use aws::Recorders;
pub use bucket::{BucketAccess, OwnBucket};
pub use managed::LINKED_ROLE;
pub use scope::Scope;
pub use step::{RecorderStep, Step};
pub use view::{Channel, ChannelDestination, RecorderStatus, RecorderView, View};

use crate::event::{ApiCall, Watch};
use crate::family::{Control, Family, Tell};
use crate::model::Place;
use crate::settings::Settings;

/// Family of AWS Config, once per region: a region has at most one customer-managed recorder and one delivery channel,
/// so the region is judged, whatever its recorder is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorder;

impl Family for Recorder {
    const NAME: &'static str = "recorder";
    type View = View;
    type Step = Step;
    const CONTROLS: &'static [Control<Self>] = &[controls::recording::CONTROL];
    const WATCHES: &'static [Watch] = watch::WATCHES;
    // The names are as CloudTrail spells them: one differs from the name of the call (S3 user guide, CloudTrail
    // events).
    const TELLS: &'static [Tell] = watch::TELLS;
    const OWN_CALLS: &'static [&'static str] = &[
        "CreateBucket",
        "CreateServiceLinkedRole",
        "PutBucketEncryption",
        "PutBucketPolicy",
        "PutBucketPublicAccessBlock",
        "PutConfigurationRecorder",
        "PutDeliveryChannel",
        "StartConfigurationRecorder",
    ];
    const INDEPENDENT: bool = true;

    fn sets_what_we_set(call: &ApiCall, place: &Place, _: &Settings) -> bool {
        watch::sets_our_bucket(call, place)
    }

    /// Returns the ARN of the region's recorder under its usual name. Its actual ARN ends in a number that cannot be
    /// predicted.
    fn arn(place: &Place, id: &str) -> String {
        format!("arn:{}:config:{}:{}:configuration-recorder/{id}", place.partition, place.region, place.account)
    }
}
