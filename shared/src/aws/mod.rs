//! AWS account: one configuration, one client per service and region, one way to make a call.

mod account;
mod answer;
#[cfg(feature = "s3")]
pub(crate) mod bucket;
#[cfg(feature = "s3")]
mod buckets;
mod bus;
mod call;
#[cfg(feature = "cloudtrail")]
pub mod cloudtrail;
mod connected;
#[cfg(feature = "logs")]
mod groups;
mod http;
#[cfg(feature = "kms")]
mod keys;
pub mod ledger;
mod member;
mod memory;
mod notify;
mod once;
mod organization;
#[cfg(feature = "cloudtrail")]
mod organization_id;
mod pace;
mod rate;
mod request;
#[cfg(feature = "iam")]
pub(crate) mod roles;
#[cfg(feature = "cloudtrail")]
pub(crate) mod selectors;
pub(crate) mod texts;
#[cfg(feature = "kms")]
mod topics;
mod turns;
pub(crate) mod unsent;
#[cfg(test)]
pub(crate) mod wire;

pub use account::{AtHome, Regions, Us};
#[cfg(feature = "s3")]
pub use buckets::{Buckets, Located};
pub use call::{call, write_call};
#[cfg(feature = "cloudtrail")]
pub use cloudtrail::CloudTrail;
pub use connected::Connected;
#[cfg(feature = "logs")]
pub use groups::{Groups, account_policies};
#[cfg(feature = "kms")]
pub use keys::Keys;
pub use memory::anew;
pub use once::{Once, Remembering};
#[cfg(feature = "cloudtrail")]
pub use organization_id::{organization_id, organization_id_of};
pub use pace::Pace;
#[cfg(feature = "iam")]
pub use roles::Roles;
#[cfg(feature = "kms")]
pub use topics::Topics;

use crate::event::Identity;
use crate::model::Region;
use crate::settings::QuotaShare;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use memory::Memory;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;
use texts::Texts;
use tokio::sync::OnceCell;
use turns::Turns;

/// Maximum number of attempts per call, with the SDK's exponential backoff and jitter: half a minute at worst.
const ATTEMPTS: u32 = 6;
/// Timeout of one attempt with the time that it waits for its turn, which is then retried.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(40);
/// Timeout of all attempts of one call together.
const CALL_TIMEOUT: Duration = Duration::from_secs(45);

/// Delays between reads of a resource that its service does not know: a newly created resource may become visible only
/// seconds later.
pub const YOUNG: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// AWS account in which the function works.
#[derive(Debug)]
pub struct Aws {
    config: SdkConfig,
    identity: Rc<OnceCell<Identity>>,
    topics: PerRegion<aws_sdk_sns::Client>,
    buses: PerRegion<aws_sdk_eventbridge::Client>,
    queues: PerRegion<aws_sdk_sqs::Client>,
    /// HTTP client without turns and memory, for the clients of other accounts.
    http: SharedHttpClient,
    /// Share of each quota, in other accounts as well.
    share: QuotaShare,
    memory: Memory,
    pub(crate) texts: Texts,
}

impl Aws {
    /// Loads credentials, region and endpoint the way every AWS tool does; `AWS_ENDPOINT_URL` is honoured. Calls are made
    /// within this share of each quota.
    pub async fn load(share: QuotaShare) -> Self {
        Self::of(Self::configured(None, None).await, share)
    }

    /// Loads the same with the credentials of a profile, in a region; `None` for those of the environment.
    pub async fn load_as(profile: Option<&str>, region: Option<&Region>) -> Self {
        Self::of(Self::configured(profile, region).await, QuotaShare::WHOLE)
    }

    async fn configured(profile: Option<&str>, region: Option<&Region>) -> SdkConfig {
        let mut from = aws_config::defaults(BehaviorVersion::latest());
        if let Some(profile) = profile {
            // Whoever names a profile means it: the usual chain would take credentials of the environment first.
            let mut here = ProviderConfig::with_default_region().await;
            if let Some(region) = region {
                here = here.with_region(Some(aws_config::Region::new(region.as_str().to_owned())));
            }
            let named = ProfileFileCredentialsProvider::builder().configure(&here).profile_name(profile).build();
            from = from.profile_name(profile).credentials_provider(named);
        }
        if let Some(region) = region {
            from = from.region(aws_config::Region::new(region.as_str().to_owned()));
        }
        from.retry_config(
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
        .await
    }

    /// Creates the clients of an account, which has rates and a memory of its own.
    fn of(config: SdkConfig, share: QuotaShare) -> Self {
        let (http, memory) = (config.http_client().unwrap_or_else(http::plain), Memory::default());
        let client = http::OnceClient { inner: http.clone(), memory: memory.clone(), turns: Turns::within(share) };
        let config = config.into_builder().http_client(client).build();
        let topics = PerRegion::new(&config, aws_sdk_sns::Client::new);
        let buses = PerRegion::new(&config, aws_sdk_eventbridge::Client::new);
        let queues = PerRegion::new(&config, aws_sdk_sqs::Client::new);
        let texts = Texts::default();
        Self { config, identity: Rc::default(), topics, buses, queues, http, share, memory, texts }
    }

    /// Returns the configuration, for the clients of a family.
    #[must_use]
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }
}

/// Clients of one service, created when a region is first requested and kept for later invocations. They share one
/// connection pool.
pub struct PerRegion<C> {
    config: SdkConfig,
    make: fn(&SdkConfig) -> C,
    made: RefCell<BTreeMap<Region, C>>,
}

impl<C: Clone> PerRegion<C> {
    /// Creates clients with this constructor.
    #[must_use]
    pub fn new(config: &SdkConfig, make: fn(&SdkConfig) -> C) -> Self {
        Self { config: config.clone(), make, made: RefCell::new(BTreeMap::new()) }
    }

    /// Returns the client for a region.
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
