//! Identity and enabled regions of the account.

use super::{Aws, call};
use crate::event::{Identity, Sweep};
use crate::model::{CallError, ErrorKind, Region};
use crate::reconcile::ports::{Account, Home};
use crate::settings::{Bus, Settings};
use aws_config::SdkConfig;
use aws_sdk_account::types::RegionOptStatus;
use std::rc::Rc;
use tokio::sync::OnceCell;

impl Account for Aws {
    /// Returns our identity, requested once and then cached. `sts:GetCallerIdentity` needs no permission.
    async fn identity(&self) -> Result<Identity, CallError> {
        let ask = async {
            let sts = aws_sdk_sts::Client::new(&self.config);
            let answer = call("sts:GetCallerIdentity", sts.get_caller_identity().send()).await?;
            let (arn, user_id) = (answer.arn().unwrap_or_default(), answer.user_id().unwrap_or_default());
            Identity::of(arn, user_id).ok_or_else(|| CallError {
                action: "sts:GetCallerIdentity",
                kind: ErrorKind::Rejected,
                code: "UnreadableAnswer".to_owned(),
                message: format!("`{arn}` is not the ARN of a caller"),
            })
        };
        Box::pin(self.identity.get_or_try_init(|| ask)).await.cloned()
    }

    async fn regions(&self) -> Result<Vec<Region>, CallError> {
        enabled(&self.config).await
    }

    fn made(&self, request_id: &str) -> bool {
        super::call::made(request_id)
    }
}

/// Account of the function, with the event bus for delegated sweeps.
#[derive(Debug)]
pub struct AtHome<'a> {
    /// Clients for the account.
    pub aws: &'a Aws,
    /// Event bus.
    pub bus: Option<&'a Bus>,
}

impl Account for AtHome<'_> {
    async fn identity(&self) -> Result<Identity, CallError> {
        self.aws.identity().await
    }

    async fn regions(&self) -> Result<Vec<Region>, CallError> {
        self.aws.regions().await
    }
}

impl Home for AtHome<'_> {
    async fn accounts(&self) -> Result<Vec<String>, CallError> {
        Box::pin(self.aws.members()).await
    }

    async fn delegate(&self, sweeps: &[Sweep]) -> Result<(), CallError> {
        match self.bus {
            Some(bus) => Box::pin(self.aws.put_sweeps(bus, sweeps)).await,
            None => Err(CallError {
                action: "events:PutEvents",
                kind: ErrorKind::Rejected,
                code: "NotSent".to_owned(),
                message: format!("{} is not set", Bus::SETTING),
            }),
        }
    }
}

/// Identity for code that needs it while an event is handled: it is requested before that.
#[derive(Debug, Clone, Default)]
pub struct Us(Rc<OnceCell<Identity>>);

impl Us {
    /// Creates it for this account.
    #[must_use]
    pub fn new(aws: &Aws) -> Self {
        Self(Rc::clone(&aws.identity))
    }

    /// Returns the identity if it has been requested.
    #[must_use]
    pub fn known(&self) -> Option<&Identity> {
        self.0.get()
    }
}

/// Regions to monitor: those that are set, or all that the account has enabled.
#[derive(Debug)]
pub struct Regions {
    config: SdkConfig,
    set: Option<Vec<Region>>,
}

impl Regions {
    /// Creates it with these settings.
    #[must_use]
    pub fn new(aws: &Aws, settings: &Settings) -> Self {
        Self { config: aws.config().clone(), set: settings.regions.clone() }
    }

    /// Returns all regions to monitor.
    ///
    /// # Errors
    /// Returns an error if the call fails.
    pub async fn all(&self) -> Result<Vec<Region>, CallError> {
        match &self.set {
            Some(regions) => Ok(regions.clone()),
            None => Box::pin(enabled(&self.config)).await,
        }
    }
}

/// Returns the regions that are enabled: by default, or because someone opted in.
///
/// Outside the partitions `aws` and `aws-cn`, AWS has [no endpoint][endpoints] that lists them.
///
/// [endpoints]: https://docs.aws.amazon.com/general/latest/gr/acct-mgmt.html
async fn enabled(config: &SdkConfig) -> Result<Vec<Region>, CallError> {
    if let Some(unlisted) = config.region().and_then(|it| Region::parse(it.as_ref())).and_then(|it| it.unlisted()) {
        let (action, code) = ("account:ListRegions", "NoEndpoint".to_owned());
        return Err(CallError { action, kind: ErrorKind::Rejected, code, message: unlisted });
    }
    let account = aws_sdk_account::Client::new(config);
    let mut pages = account
        .list_regions()
        .region_opt_status_contains(RegionOptStatus::Enabled)
        .region_opt_status_contains(RegionOptStatus::EnabledByDefault)
        .into_paginator()
        .items()
        .send();
    let mut regions = Vec::new();
    while let Some(region) = call("account:ListRegions", async { pages.next().await.transpose() }).await? {
        regions.extend(region.region_name().and_then(Region::parse));
    }
    Ok(regions)
}
