//! S3: one client per region, and the location of buckets.

use super::{Aws, PerRegion, call};
use crate::model::{CallError, ErrorKind, Place, Region};
use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::head_bucket::HeadBucketError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use tokio::sync::Mutex;

/// Buckets of the account.
#[derive(Debug)]
pub struct Buckets {
    clients: PerRegion<Client>,
    /// Lock to hold while changing a document that was read.
    pub(crate) writing: Mutex<()>,
}

/// Location of a bucket, and whether we may access it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Located {
    /// The bucket belongs to this account and is in this region.
    ThisAccount(Region),
    /// The bucket belongs to another account.
    OtherAccount,
    /// The owner is unknown, since we may neither access the bucket nor list the account's own.
    Closed,
    /// There is no bucket with this name.
    Gone,
}

impl Buckets {
    /// Creates access to the buckets of the account.
    #[must_use]
    pub fn new(aws: &Aws) -> Self {
        Self { clients: PerRegion::new(aws.config(), client), writing: Mutex::default() }
    }

    /// Returns the client for a region. A bucket is only accessed through its own region.
    #[must_use]
    pub fn of(&self, region: &Region) -> Client {
        self.clients.of(region)
    }

    /// Locates a bucket, starting with the region of `place`, where it probably is. `HeadBucket` returns the region of
    /// every bucket, whichever region it is sent to ([HeadBucket]).
    ///
    /// # Errors
    /// Returns an error if the call fails.
    ///
    /// [HeadBucket]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
    pub async fn locate(&self, place: &Place, name: &str) -> Result<Located, CallError> {
        let mut region = place.region.clone();
        // The bucket is read again in its own region, since only there is the owner compared.
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
                        // Log buckets often deny all access; their owner can be determined all the same.
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

    /// Returns the region of a bucket, whoever owns it, starting with a likely one.
    ///
    /// # Errors
    /// Returns an error if the call fails.
    pub async fn region(&self, near: &Region, name: &str) -> Result<Region, CallError> {
        let raw = Box::pin(self.of(near).head_bucket().bucket(name).send()).await;
        // A denial also names the region.
        let told = raw.as_ref().err().and_then(region_of);
        match (call("s3:ListBucket", async { raw }).await, told) {
            (Ok(found), _) => Ok(found.bucket_region().and_then(Region::parse).unwrap_or_else(|| near.clone())),
            (Err(_), Some(region)) => Ok(region),
            (Err(error), None) => Err(error),
        }
    }

    /// Returns whether this account owns a bucket; `None` if its buckets may not be listed.
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

/// Creates a client. A local endpoint has no host name per bucket.
fn client(config: &aws_config::SdkConfig) -> Client {
    let by_path = config.endpoint_url().is_some();
    Client::from_conf(aws_sdk_s3::config::Builder::from(config).force_path_style(by_path).build())
}

/// Returns the region from the header of an error response.
fn region_of(error: &SdkError<HeadBucketError, HttpResponse>) -> Option<Region> {
    error.raw_response()?.headers().get("x-amz-bucket-region").and_then(Region::parse)
}
