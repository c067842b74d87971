//! Lists and reads log files in S3.

use crate::access::notice::{Announced, File, Put};
use crate::aws::{Aws, Buckets, call};
use crate::model::{CallError, ErrorKind, Region};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{EncodingType, Object};
use futures_util::{Stream, TryStreamExt, stream};
use percent_encoding::percent_decode_str;
use tokio::sync::OnceCell;

/// Number of attempts to read a file. After an interruption, each resumes where the last one stopped.
const TRIES: usize = 4;

/// Length of a canonical user id in hexadecimal digits ([identifiers]).
///
/// [identifiers]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/finding-canonical-user-id.html
const CANONICAL: usize = 64;

/// Error code of S3 for a failed precondition: the object was replaced, or exists where none was expected.
pub(super) const REPLACED: &str = "PreconditionFailed";

/// Log files in the buckets of one account.
#[derive(Debug)]
pub struct Files {
    buckets: Buckets,
    /// Canonical user id of the account, read once.
    owner: OnceCell<Option<String>>,
}

/// How reading a file ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// All of it was read.
    Whole,
    /// It was deleted before it was read to its end.
    Gone,
    /// Another file is in its place.
    Overwritten,
    /// It cannot be read, for this reason, which no retry changes.
    Unreadable(String),
}

impl Files {
    /// Creates a reader that uses the credentials of this account.
    #[must_use]
    pub fn new(aws: &Aws) -> Self {
        Self { buckets: Buckets::new(aws), owner: OnceCell::new() }
    }

    /// Locates a bucket and lists the files under a prefix with their sizes in bytes, ordered by key.
    ///
    /// # Errors
    /// Returns the call that failed. In the stream, an error is the last item.
    pub async fn list(
        &self,
        near: &Region,
        bucket: &str,
        prefix: &str,
    ) -> Result<impl Stream<Item = Result<(File, u64), CallError>> + use<>, CallError> {
        let region = self.buckets.region(near, bucket).await?;
        let list = self.buckets.of(&region).list_objects_v2().bucket(bucket).prefix(prefix);
        // Keys may contain characters that XML cannot represent, so they are requested URL-encoded.
        let list = list.encoding_type(EncodingType::Url);
        let (pages, bucket) = (list.into_paginator().send(), bucket.to_owned());
        let files = move |page: ListObjectsV2Output| {
            let encoded = page.encoding_type.is_some();
            let file = |object: Object| {
                let key = object.key.map(|key| if encoded { decoded(&key) } else { key })?;
                let file = File { region: region.clone(), bucket: bucket.clone(), key, version: None };
                Some((file, object.size?.try_into().unwrap_or_default()))
            };
            stream::iter(page.contents.unwrap_or_default().into_iter().filter_map(file).map(Ok).collect::<Vec<_>>())
        };
        let pages = stream::try_unfold(pages, async |mut pages| {
            let page = call("s3:ListBucket", async { pages.next().await.transpose() }).await?;
            Ok(page.map(|page| (page, pages)))
        });
        Ok(pages.map_ok(files).try_flatten())
    }

    /// Opens a file for reading. With `owner`, the bucket must belong to that account.
    ///
    /// # Errors
    /// Returns the call that failed.
    pub async fn open(&self, file: &File, owner: Option<&str>) -> Result<Opened, CallError> {
        let opened = self.start(file, owner, &Put::default()).await?;
        // Without a size that was announced, there is nothing to compare.
        opened.ok_or_else(|| broken("the file was replaced"))
    }

    /// Opens a file if it is the one that was announced. Returns `None` if it has another size.
    async fn start(&self, file: &File, owner: Option<&str>, put: &Put) -> Result<Option<Opened>, CallError> {
        let get = self.buckets.of(&file.region).get_object().bucket(&file.bucket).key(&file.key);
        let get = get.set_version_id(file.version.clone()).set_expected_bucket_owner(owner.map(str::to_owned));
        let object = ask(get.clone().set_if_match(put.etag.as_ref().map(|etag| format!("\"{etag}\"")))).await?;
        let there = object.content_length.and_then(|length| u64::try_from(length).ok());
        if put.size.is_some() && there.is_some() && put.size != there {
            return Ok(None);
        }
        let get = get.set_if_match(object.e_tag);
        Ok(Some(Opened { get, body: object.body, offset: 0, tries: TRIES }))
    }

    /// Reads a file chunk by chunk, if it is the one that was announced.
    ///
    /// # Errors
    /// Returns the call that failed, if it may succeed later.
    pub(crate) async fn read(
        &self,
        Announced { file, put }: &Announced,
        account: &str,
        mut each: impl FnMut(&[u8]),
    ) -> Result<Ending, CallError> {
        let all = async {
            let Some(mut opened) = self.start(file, Some(account), put).await? else { return Ok(Ending::Overwritten) };
            while let Some(chunk) = opened.next().await? {
                each(chunk.as_ref());
            }
            Ok(Ending::Whole)
        };
        // Whoever deletes or replaces a file, or closes it to us, must not keep us from reporting what was read of it.
        match all.await {
            Err(CallError { kind: ErrorKind::Gone, .. }) => Ok(Ending::Gone),
            Err(error) if error.code == REPLACED => Ok(Ending::Overwritten),
            Err(error) if !error.retryable() => Ok(Ending::Unreadable(error.to_string())),
            answer => answer,
        }
    }

    /// Returns the canonical user id of the account, which access logs name as the owner of its buckets. Every bucket
    /// belongs to the account that `ListBuckets` is sent for ([ListBuckets], Owner). `None` if it is none.
    ///
    /// # Errors
    /// Returns the call that failed.
    ///
    /// [ListBuckets]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
    pub(crate) async fn owner(&self, near: &Region) -> Result<Option<String>, CallError> {
        let read = async || {
            let list = self.buckets.of(near).list_buckets().max_buckets(1);
            let answer = call("s3:ListAllMyBuckets", Box::pin(list.send())).await?;
            let is_canonical = |id: &String| id.len() == CANONICAL && id.bytes().all(|byte| byte.is_ascii_hexdigit());
            Ok(answer.owner.and_then(|owner| owner.id).filter(is_canonical))
        };
        self.owner.get_or_try_init(read).await.cloned()
    }
}

/// Decodes a key from its URL-encoded form, in which a space is a plus sign and a plus sign is escaped.
fn decoded(key: &str) -> String {
    percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// A file that is open for reading.
#[derive(Debug)]
pub struct Opened {
    get: GetObjectFluentBuilder,
    body: ByteStream,
    offset: usize,
    tries: usize,
}

impl Opened {
    /// Returns the next chunk, or `None` at the end of the file. Resumes after an interruption.
    ///
    /// # Errors
    /// Returns an error if the transfer broke off too often, or if the file was replaced in the meantime.
    pub async fn next(&mut self) -> Result<Option<impl AsRef<[u8]> + use<>>, CallError> {
        loop {
            match self.body.try_next().await {
                Ok(chunk) => {
                    if let Some(chunk) = &chunk {
                        self.offset += chunk.len();
                    }
                    return Ok(chunk);
                }
                Err(_) if self.tries > 1 => {
                    self.tries -= 1;
                    let get = self.get.clone().set_range((self.offset > 0).then(|| format!("bytes={}-", self.offset)));
                    self.body = ask(get).await?.body;
                }
                Err(error) => return Err(broken(&error.to_string())),
            }
        }
    }
}

/// Requests a file. Reading a specific version requires a permission of its own.
async fn ask(get: GetObjectFluentBuilder) -> Result<GetObjectOutput, CallError> {
    let versioned = get.get_version_id().is_some();
    let sent = Box::pin(get.send());
    let answer = if versioned { call("s3:GetObjectVersion", sent).await } else { call("s3:GetObject", sent).await };
    // Another file now has this key, so reading has to start again.
    answer.map_err(|error| match error.code.as_str() {
        REPLACED => CallError { kind: ErrorKind::Transient, ..error },
        _ => error,
    })
}

/// Creates the error for a transfer that broke off.
pub(super) fn broken(message: &str) -> CallError {
    CallError {
        action: "s3:GetObject",
        kind: ErrorKind::Transient,
        code: "BrokenOff".to_owned(),
        message: crate::model::sanitized(message),
    }
}
