//! Lists and reads log files in S3.

use crate::access::notice::File;
use crate::aws::{Aws, Buckets, call};
use crate::model::{CallError, ErrorKind, Region};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{EncodingType, Object};
use futures_util::{Stream, TryStreamExt, stream};
use percent_encoding::percent_decode_str;

/// Number of attempts to read a file. After an interruption, each resumes where the last one stopped.
const TRIES: usize = 4;

/// Error code of S3 for a failed precondition: the object was replaced, or exists where none was expected.
pub(super) const REPLACED: &str = "PreconditionFailed";

/// Log files in the buckets of one account.
#[derive(Debug)]
pub struct Files {
    buckets: Buckets,
}

impl Files {
    /// Creates a reader that uses the credentials of this account.
    #[must_use]
    pub fn new(aws: &Aws) -> Self {
        Self { buckets: Buckets::new(aws) }
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
        let get = self.buckets.of(&file.region).get_object().bucket(&file.bucket).key(&file.key);
        let get = get.set_version_id(file.version.clone()).set_expected_bucket_owner(owner.map(str::to_owned));
        let object = ask(get.clone()).await?;
        let get = get.set_if_match(object.e_tag);
        Ok(Opened { get, body: object.body, offset: 0, tries: TRIES })
    }

    /// Reads a file chunk by chunk. Returns `false` if it was deleted before it was read to its end.
    pub(crate) async fn read(
        &self,
        file: &File,
        account: &str,
        mut each: impl FnMut(&[u8]),
    ) -> Result<bool, CallError> {
        let all = async {
            let mut opened = self.open(file, Some(account)).await?;
            while let Some(chunk) = opened.next().await? {
                each(chunk.as_ref());
            }
            Ok(true)
        };
        match all.await {
            // Deleting a file must not keep us from reporting what was read of it.
            Err(CallError { kind: ErrorKind::Gone, .. }) => Ok(false),
            answer => answer,
        }
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
