//! Key family: KMS keys and the rotation of their material.

#[cfg(feature = "key")]
mod aws;
mod controls;
#[cfg(any(test, feature = "key"))]
mod permit;
mod step;
mod tests;
mod view;
mod watch;

#[cfg(feature = "key")]
pub use aws::AccountKeys;
pub use step::Step;
pub use view::{Fit, MultiRegion, View};

use crate::event::Watch;
use crate::family::{Control, Family};
use crate::model::Place;

/// Family of KMS keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key;

impl Family for Key {
    const NAME: &'static str = "key";
    type View = View;
    type Step = Step;
    const CONTROLS: &'static [Control<Self>] = &[controls::rotation::CONTROL];
    const WATCHES: &'static [Watch] = watch::WATCHES;
    // `DisableKeyRotation` is never ours: if our role is stolen and used for it, we do not look away.
    const OWN_CALLS: &'static [&'static str] = &["EnableKeyRotation"];
    /// Whether keys are independent: `ListKeys` lists each key once, and no key is responsible for another.
    const INDEPENDENT: bool = true;
    /// Maximum number of keys read concurrently. Each takes two reads of some ten milliseconds: well below the thousand
    /// `GetKeyRotationStatus` a second that KMS allows ([request quotas]), which others in the account use, too.
    ///
    /// [request quotas]: https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html
    const AT_ONCE: usize = 8;

    /// Returns the ARN of a key. Records identify a key by its ARN, the list by its id.
    fn arn(place: &Place, id: &str) -> String {
        let id = id.rsplit('/').next().unwrap_or_default();
        format!("arn:{}:kms:{}:{}:key/{id}", place.partition, place.region, place.account)
    }
}
