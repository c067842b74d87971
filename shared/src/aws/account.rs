//! Who we are, and which regions there are.

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
    /// Asked once; the answer is kept. `sts:GetCallerIdentity` needs no permission.
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
}

/// The account of the function, with the bus that sweeps are handed on over.
#[derive(Debug)]
pub struct AtHome<'a> {
    /// The account.
    pub aws: &'a Aws,
    /// The bus.
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

/// Who we are, for whoever needs it while an event is handled: it is asked for before that.
#[derive(Debug, Clone, Default)]
pub struct Us(Rc<OnceCell<Identity>>);

impl Us {
    /// By this account.
    #[must_use]
    pub fn new(aws: &Aws) -> Self {
        Self(Rc::clone(&aws.identity))
    }

    /// The answer, once it is there.
    #[must_use]
    pub fn known(&self) -> Option<&Identity> {
        self.0.get()
    }
}

/// The regions that are looked after: those that are set, or all that the account has enabled.
#[derive(Debug)]
pub struct Regions {
    config: SdkConfig,
    set: Option<Vec<Region>>,
}

impl Regions {
    /// By these settings.
    #[must_use]
    pub fn new(aws: &Aws, settings: &Settings) -> Self {
        Self { config: aws.config().clone(), set: settings.regions.clone() }
    }

    /// All of them.
    ///
    /// # Errors
    /// The call that failed.
    pub async fn all(&self) -> Result<Vec<Region>, CallError> {
        match &self.set {
            Some(regions) => Ok(regions.clone()),
            None => Box::pin(enabled(&self.config)).await,
        }
    }
}

/// The regions that are on: by default, or because someone opted in.
async fn enabled(config: &SdkConfig) -> Result<Vec<Region>, CallError> {
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
