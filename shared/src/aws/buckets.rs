//! S3: one client per region, and the location of buckets.

use super::texts::Texts;
use super::{Aws, PerRegion, call};
use crate::model::{CallError, ErrorKind, Place, Region};
use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::head_bucket::HeadBucketError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use tokio::sync::{Mutex, OnceCell};

/// Number of buckets on a page of the account's: the default, and without a number S3 names no regions ([ListBuckets]).
///
/// [ListBuckets]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
const PAGE: i32 = 1_000;

/// Buckets of the account.
#[derive(Debug)]
pub struct Buckets {
    clients: PerRegion<Client>,
    pub(super) texts: Texts,
    /// Region in which the account's buckets are listed: whoever asks, it is one question.
    home: Region,
    /// Whether many buckets are looked for, so that it pays to list the account's.
    many: Cell<bool>,
    /// Buckets of the account with their regions, as soon as they were listed; `None` if they may not be.
    listed: RefCell<Rc<OnceCell<Option<Listed>>>>,
    /// Lock to hold while changing a document that was read.
    pub(crate) writing: Mutex<()>,
}

/// Buckets of the account by name, with the region if S3 names it. Those that are found to be gone are taken out.
type Listed = RefCell<BTreeMap<String, Option<Region>>>;

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
        let home = aws.config().region().and_then(|region| Region::parse(region.as_ref()));
        Self {
            clients: PerRegion::new(aws.config(), client),
            texts: aws.texts.clone(),
            home: home.unwrap_or_else(Region::first),
            many: Cell::new(false),
            listed: RefCell::default(),
            writing: Mutex::default(),
        }
    }

    /// Forgets the account's list of buckets: another event begins.
    pub fn forget(&self) {
        self.many.set(false);
        self.listed.take();
    }

    /// Has buckets looked for in the account's list of them during this event, which is read once, instead of one by one.
    ///
    /// S3 may still list a bucket that was just deleted ([Amazon S3 data consistency model]): who reads such a bucket is
    /// told that there is none ([`At`](super::bucket::At)), says so with [`Self::gone`], and asks again.
    ///
    /// [Amazon S3 data consistency model]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel
    pub fn expect_many(&self) {
        self.many.set(true);
    }

    /// Returns whether buckets are looked for in the account's list of them.
    #[must_use]
    pub fn expects_many(&self) -> bool {
        self.many.get()
    }

    /// Takes a bucket out of the account's list, since it is gone. Returns whether it was there.
    pub fn gone(&self, name: &str) -> bool {
        let cell = Rc::clone(&self.listed.borrow());
        let listed = cell.get().and_then(Option::as_ref);
        listed.is_some_and(|listed| listed.borrow_mut().remove(name).is_some())
    }

    /// Adds a bucket that was created to the account's list, if it was read.
    pub(super) fn created(&self, name: &str, region: &Region) {
        let cell = Rc::clone(&self.listed.borrow());
        if let Some(listed) = cell.get().and_then(Option::as_ref) {
            listed.borrow_mut().insert(name.to_owned(), Some(region.clone()));
        }
    }

    /// Returns the client for a region. A bucket is only accessed through its own region.
    #[must_use]
    pub fn of(&self, region: &Region) -> Client {
        self.clients.of(region)
    }

    /// Locates a bucket: in the account's list where many are looked for; else, and if it is not listed, starting with the
    /// region of `place`, where it probably is. `HeadBucket` returns the region of every bucket, whichever region it is
    /// sent to ([HeadBucket]).
    ///
    /// # Errors
    /// Returns an error if the call fails.
    ///
    /// [HeadBucket]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
    pub async fn locate(&self, place: &Place, name: &str) -> Result<Located, CallError> {
        if let Some(region) = self.listed(name).await? {
            return Ok(Located::ThisAccount(region));
        }
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
                        ErrorKind::Denied => Ok(match self.list().await?.map(|all| all.contains_key(name)) {
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

    /// Returns the region of a bucket that is on the account's list, if many buckets are looked for.
    async fn listed(&self, name: &str) -> Result<Option<Region>, CallError> {
        if !self.many.get() {
            return Ok(None);
        }
        let cell = Rc::clone(&self.listed.borrow());
        let listed =
            cell.get_or_try_init(|| async { Ok::<_, CallError>(self.list().await?.map(RefCell::new)) }).await?;
        Ok(listed.as_ref().and_then(|listed| listed.borrow().get(name).cloned().flatten()))
    }

    /// Lists the account's buckets; `None` if they may not be listed.
    async fn list(&self) -> Result<Option<BTreeMap<String, Option<Region>>>, CallError> {
        let mut pages = self.of(&self.home).list_buckets().max_buckets(PAGE).into_paginator().send();
        let mut found = BTreeMap::new();
        loop {
            match call("s3:ListAllMyBuckets", async { pages.next().await.transpose() }).await {
                Ok(Some(page)) => found.extend(page.buckets().iter().filter_map(|it| {
                    let region = it.bucket_region().and_then(Region::parse);
                    Some((it.name()?.to_owned(), region))
                })),
                Ok(None) => return Ok(Some(found)),
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
