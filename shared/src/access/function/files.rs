//! Log files on S3: which there are, and what is in them.

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

/// How often a file is asked for that breaks off, each time from where it broke off.
const TRIES: usize = 4;

/// What S3 answers where an object is not the one that was expected, or there is one where none was.
pub(super) const REPLACED: &str = "PreconditionFailed";

/// Log files in the buckets of an account.
#[derive(Debug)]
pub struct Files {
    buckets: Buckets,
}

impl Files {
    /// Log files, read with this account's credentials.
    #[must_use]
    pub fn new(aws: &Aws) -> Self {
        Self { buckets: Buckets::new(aws) }
    }

    /// Finds out where a bucket is, and gives its files whose keys begin so, with their sizes, in the order of the keys.
    ///
    /// # Errors
    /// The call that failed. In the stream, a failed one ends it.
    pub async fn list(
        &self,
        near: &Region,
        bucket: &str,
        prefix: &str,
    ) -> Result<impl Stream<Item = Result<(File, u64), CallError>> + use<>, CallError> {
        let region = self.buckets.region(near, bucket).await?;
        let list = self.buckets.of(&region).list_objects_v2().bucket(bucket).prefix(prefix);
        // Keys can have characters that XML has not: they are asked for as in a URL.
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

    /// Begins to read a file, of a bucket that must be of this account, where one is given.
    ///
    /// # Errors
    /// The call that failed.
    pub async fn open(&self, file: &File, owner: Option<&str>) -> Result<Opened, CallError> {
        let get = self.buckets.of(&file.region).get_object().bucket(&file.bucket).key(&file.key);
        let get = get.set_version_id(file.version.clone()).set_expected_bucket_owner(owner.map(str::to_owned));
        let object = ask(get.clone()).await?;
        let get = get.set_if_match(object.e_tag);
        Ok(Opened { get, body: object.body, offset: 0, tries: TRIES })
    }

    /// Reads a file, chunk by chunk. `false` where it went away before all of it was read.
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
            // Somebody who takes it away does not keep us from telling what was read of it.
            Err(CallError { kind: ErrorKind::Gone, .. }) => Ok(false),
            answer => answer,
        }
    }
}

/// A key, of its form in a URL. A space is a plus there, and a plus is encoded.
fn decoded(key: &str) -> String {
    percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// A file that is being read.
#[derive(Debug)]
pub struct Opened {
    get: GetObjectFluentBuilder,
    body: ByteStream,
    offset: usize,
    tries: usize,
}

impl Opened {
    /// The next chunk; `None` at the end. What breaks off is asked for again from there.
    ///
    /// # Errors
    /// It broke off once too often, or the file is not the same any more.
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

/// Asks for a file, which needs another permission where a version is named.
async fn ask(get: GetObjectFluentBuilder) -> Result<GetObjectOutput, CallError> {
    let versioned = get.get_version_id().is_some();
    let sent = Box::pin(get.send());
    let answer = if versioned { call("s3:GetObjectVersion", sent).await } else { call("s3:GetObject", sent).await };
    // Another file under the same key is one to begin anew with.
    answer.map_err(|error| match error.code.as_str() {
        REPLACED => CallError { kind: ErrorKind::Transient, ..error },
        _ => error,
    })
}

/// A file that broke off.
pub(super) fn broken(message: &str) -> CallError {
    CallError {
        action: "s3:GetObject",
        kind: ErrorKind::Transient,
        code: "BrokenOff".to_owned(),
        message: crate::model::sanitized(message),
    }
}
