//! S3: a client for each region, and where a bucket is.

use super::{Aws, PerRegion, call};
use crate::model::{CallError, ErrorKind, Place, Region};
use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::head_bucket::HeadBucketError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use tokio::sync::Mutex;

/// The buckets of the account.
#[derive(Debug)]
pub struct Buckets {
    clients: PerRegion<Client>,
    /// Whoever holds this may change a document that was read.
    pub(crate) writing: Mutex<()>,
}

/// Where a bucket is, and whether it is ours to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Located {
    /// It belongs to this account and is in this region.
    ThisAccount(Region),
    /// It belongs to another account.
    OtherAccount,
    /// We may neither look at it nor list the account's own, so whose it is cannot be told.
    Closed,
    /// There is none of that name.
    Gone,
}

impl Buckets {
    /// The buckets of the account.
    #[must_use]
    pub fn new(aws: &Aws) -> Self {
        Self { clients: PerRegion::new(aws.config(), client), writing: Mutex::default() }
    }

    /// The client of a region. A bucket is only reached through the one of its own.
    #[must_use]
    pub fn of(&self, region: &Region) -> Client {
        self.clients.of(region)
    }

    /// Finds a bucket, asking first in the region of `place`, where it probably is. `HeadBucket` tells the region of
    /// every bucket, wherever it is sent ([HeadBucket]).
    ///
    /// # Errors
    /// The call that failed.
    ///
    /// [HeadBucket]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
    pub async fn locate(&self, place: &Place, name: &str) -> Result<Located, CallError> {
        let mut region = place.region.clone();
        // A second look in its own region: only there the owner is compared.
        for _ in 0..2 {
            let sent = self.of(&region).head_bucket().bucket(name).expected_bucket_owner(&place.account).send();
            let raw = Box::pin(sent).await;
            let elsewhere = raw.as_ref().err().and_then(region_of).filter(|told| *told != region);
            let answer = call("s3:ListBucket", async { raw }).await;
            match (answer, elsewhere) {
                (Ok(found), _) => {
                    return Ok(Located::ThisAccount(found.bucket_region().and_then(Region::parse).unwrap_or(region)));
                }
                (Err(_), Some(own)) => region = own,
                (Err(error), None) => {
                    return match error.kind {
                        ErrorKind::Gone => Ok(Located::Gone),
                        // Log buckets often let nobody look; whose it is can be told all the same.
                        ErrorKind::Denied => Ok(match self.is_listed(&region, name).await? {
                            Some(true) => Located::ThisAccount(region),
                            Some(false) => Located::OtherAccount,
                            None => Located::Closed,
                        }),
                        _ => Err(error),
                    };
                }
            }
        }
        Ok(Located::Closed)
    }

    /// The region of a bucket, whoever owns it, asking first in one that may be it.
    ///
    /// # Errors
    /// The call that failed.
    pub async fn region(&self, near: &Region, name: &str) -> Result<Region, CallError> {
        let raw = Box::pin(self.of(near).head_bucket().bucket(name).send()).await;
        // A refusal names the region, too.
        let told = raw.as_ref().err().and_then(region_of);
        match (call("s3:ListBucket", async { raw }).await, told) {
            (Ok(found), _) => Ok(found.bucket_region().and_then(Region::parse).unwrap_or_else(|| near.clone())),
            (Err(_), Some(region)) => Ok(region),
            (Err(error), None) => Err(error),
        }
    }

    /// Whether this account owns a bucket; `None` where its buckets may not be listed.
    async fn is_listed(&self, region: &Region, name: &str) -> Result<Option<bool>, CallError> {
        let mut pages = self.of(region).list_buckets().into_paginator().send();
        loop {
            match call("s3:ListAllMyBuckets", async { pages.next().await.transpose() }).await {
                Ok(Some(page)) if page.buckets().iter().any(|it| it.name() == Some(name)) => return Ok(Some(true)),
                Ok(Some(_)) => {}
                Ok(None) => return Ok(Some(false)),
                Err(error) if error.kind == ErrorKind::Denied => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }
}

/// A local endpoint has no host name for each bucket.
fn client(config: &aws_config::SdkConfig) -> Client {
    let by_path = config.endpoint_url().is_some();
    Client::from_conf(aws_sdk_s3::config::Builder::from(config).force_path_style(by_path).build())
}

/// The region that an answer names in its header, whatever else it says.
fn region_of(error: &SdkError<HeadBucketError, HttpResponse>) -> Option<Region> {
    error.raw_response()?.headers().get("x-amz-bucket-region").and_then(Region::parse)
}
