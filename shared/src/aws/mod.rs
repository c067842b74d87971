//! The AWS account: one configuration, one client for each service and region, one way to make a call.

mod account;
#[cfg(feature = "s3")]
pub(crate) mod bucket;
#[cfg(feature = "s3")]
mod buckets;
mod bus;
mod call;
#[cfg(feature = "cloudtrail")]
mod cloudtrail;
mod connected;
#[cfg(feature = "logs")]
mod groups;
#[cfg(feature = "kms")]
mod keys;
mod member;
mod notify;
mod organization;
mod pace;
#[cfg(feature = "iam")]
mod roles;
#[cfg(feature = "cloudtrail")]
pub(crate) mod selectors;
#[cfg(feature = "kms")]
mod topics;
#[cfg(test)]
pub(crate) mod wire;

pub use account::{AtHome, Regions, Us};
#[cfg(feature = "s3")]
pub use buckets::{Buckets, Located};
pub use call::call;
#[cfg(feature = "cloudtrail")]
pub use cloudtrail::CloudTrail;
pub use connected::Connected;
#[cfg(feature = "logs")]
pub use groups::Groups;
#[cfg(feature = "kms")]
pub use keys::Keys;
pub use pace::Pace;
#[cfg(feature = "iam")]
pub use roles::Roles;
#[cfg(feature = "kms")]
pub use topics::Topics;

use crate::event::Identity;
use crate::model::Region;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::OnceCell;

/// A call is tried this often, with the SDK's exponential back-off and jitter: half a minute at the worst.
const ATTEMPTS: u32 = 6;
/// One attempt that takes longer than this is given up and tried again.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// All attempts of one call together.
const CALL_TIMEOUT: Duration = Duration::from_secs(45);

/// The waits for a resource that its service does not know: one that was made a moment ago may be known only seconds
/// later.
pub const YOUNG: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// The account that the function works in.
#[derive(Debug)]
pub struct Aws {
    config: SdkConfig,
    identity: Rc<OnceCell<Identity>>,
    topics: PerRegion<aws_sdk_sns::Client>,
    buses: PerRegion<aws_sdk_eventbridge::Client>,
}

impl Aws {
    /// Reads credentials, region and endpoint the way every AWS tool does; `AWS_ENDPOINT_URL` is honoured.
    pub async fn load() -> Self {
        let config = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(
                RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(Duration::from_millis(500)),
            )
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(3))
                    .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                    .operation_timeout(CALL_TIMEOUT)
                    .build(),
            )
            .load()
            .await;
        Self::of(config)
    }

    fn of(config: SdkConfig) -> Self {
        let topics = PerRegion::new(&config, aws_sdk_sns::Client::new);
        let buses = PerRegion::new(&config, aws_sdk_eventbridge::Client::new);
        Self { config, identity: Rc::default(), topics, buses }
    }

    /// The configuration, for the clients of a family.
    #[must_use]
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }
}

/// The clients of one service, made when a region is first asked for and kept for later invocations. They share one
/// pool of connections.
pub struct PerRegion<C> {
    config: SdkConfig,
    make: fn(&SdkConfig) -> C,
    made: RefCell<BTreeMap<Region, C>>,
}

impl<C: Clone> PerRegion<C> {
    /// Clients by this recipe.
    #[must_use]
    pub fn new(config: &SdkConfig, make: fn(&SdkConfig) -> C) -> Self {
        Self { config: config.clone(), make, made: RefCell::new(BTreeMap::new()) }
    }

    /// The client of a region.
    pub fn of(&self, region: &Region) -> C {
        let make = || {
            let name = aws_config::Region::new(region.as_str().to_owned());
            (self.make)(&self.config.clone().into_builder().region(name).build())
        };
        self.made.borrow_mut().entry(region.clone()).or_insert_with(make).clone()
    }
}

impl<C> fmt::Debug for PerRegion<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerRegion").finish_non_exhaustive()
    }
}
