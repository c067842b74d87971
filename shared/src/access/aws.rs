//! Log files on S3, and what is noted about those that were told of.

use super::answer::AccessAnswer;
use super::notice::File;
use crate::aws::{Aws, Buckets, call};
use crate::error::{CallError, Kind};
use crate::place::Region;
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{EncodingType, Object};
use futures_util::{Stream, TryStreamExt, stream};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How often a file is asked for that breaks off, each time from where it broke off.
const TRIES: usize = 4;

/// For so long whoever took its turn to tell of a file is let alone. Lambda waits a minute before it tries again.
const LEASE: Duration = Duration::from_secs(45);

/// For so long it may tell, which takes seconds. The rest is for noting that it did.
pub(super) const TELLING: Duration = Duration::from_secs(30);

/// What S3 answers where an object is not the one that was expected, or there is one where none was.
const REPLACED: &str = "PreconditionFailed";

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
    pub(super) async fn read(
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
            Err(CallError { kind: Kind::Gone, .. }) => Ok(false),
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
        REPLACED => CallError { kind: Kind::Transient, ..error },
        _ => error,
    })
}

fn broken(message: &str) -> CallError {
    CallError {
        action: "s3:GetObject",
        kind: Kind::Transient,
        code: "BrokenOff".to_owned(),
        message: crate::event::legible(message),
    }
}

/// The bucket with a note for each file that was told of.
pub(super) struct Notes {
    client: Client,
    bucket: String,
}

/// What a note says.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    state: State,
    /// When, in milliseconds since 1970.
    at: u64,
    /// The invocation that wrote it.
    by: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Telling,
    Told,
}

/// Whether it is ours to tell of a file.
pub(super) enum Turn {
    /// It is. This is the note that was there before, by its `ETag`.
    Ours(Option<String>),
    /// It was told already.
    Told,
    /// Another invocation is about to.
    Theirs,
}

impl Notes {
    pub(super) fn new(aws: &Aws, home: &Region, bucket: &str) -> Self {
        Self { client: Buckets::new(aws).of(home), bucket: bucket.to_owned() }
    }

    /// Whether a file was told of. Asked first, so that it need not be read again.
    pub(super) async fn turn(&self, file: &File) -> Result<Turn, CallError> {
        Ok(match self.read(file).await? {
            Some((Some(Note { state: State::Told, .. }), _)) => Turn::Told,
            Some((Some(Note { at, .. }), _)) if now().saturating_sub(Duration::from_millis(at)) < LEASE => Turn::Theirs,
            // A note that was not taken back, or that is none of ours.
            Some((_, etag)) => Turn::Ours(etag),
            None => Turn::Ours(None),
        })
    }

    /// The note about a file, where it can be understood, and its `ETag`.
    async fn read(&self, file: &File) -> Result<Option<(Option<Note>, Option<String>)>, CallError> {
        let get = self.client.get_object().bucket(&self.bucket).key(key(file));
        let object = match call("s3:GetObject", Box::pin(get.send())).await {
            Ok(object) => object,
            Err(error) if error.kind == Kind::Gone => return Ok(None),
            Err(error) => return Err(error),
        };
        let etag = object.e_tag.clone();
        let body = object.body.collect().await.map_err(|problem| broken(&problem.to_string()))?;
        Ok(Some((serde_json::from_slice(&body.into_bytes()).ok(), etag)))
    }

    /// Takes the turn: of several that take it at once, S3 lets in one ([conditional writes]).
    ///
    /// [conditional writes]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    pub(super) async fn take(&self, file: &File, by: &str, seen: Option<String>) -> Result<Turn, CallError> {
        let note = note(State::Telling, by);
        let put = self.client.put_object().bucket(&self.bucket).key(key(file)).body(json(&note));
        let put = match &seen {
            Some(etag) => put.if_match(etag),
            None => put.if_none_match("*"),
        };
        match call("s3:PutObject", Box::pin(put.send())).await {
            Ok(_) => Ok(Turn::Ours(None)),
            Err(error) if [REPLACED, "ConditionalRequestConflict"].contains(&error.code.as_str()) => {
                Ok(match self.read(file).await? {
                    // The answer to our own was lost, and it was sent again.
                    Some((Some(there), _)) if there == note => Turn::Ours(None),
                    Some((Some(Note { state: State::Told, .. }), _)) => Turn::Told,
                    _ => Turn::Theirs,
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Notes that it was told, and what.
    pub(super) async fn told(&self, file: &File, by: &str, answer: &AccessAnswer) -> Result<(), CallError> {
        #[derive(Serialize)]
        struct Told<'a> {
            #[serde(flatten)]
            note: Note,
            answer: &'a AccessAnswer,
        }
        let told = Told { note: note(State::Told, by), answer };
        let put = self.client.put_object().bucket(&self.bucket).key(key(file)).body(json(&told));
        call("s3:PutObject", Box::pin(put.send())).await.map(|_| ())
    }
}

/// S3 takes keys of up to 1,024 bytes ([object keys]).
///
/// [object keys]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
const LONGEST_KEY: usize = 1_024;

/// Where the note about a file is. Bucket names have no slash, and a version says which of several it is. What makes a
/// log file's key its own stands at its end.
fn key(file: &File) -> String {
    let version = file.version.as_ref().map(|version| format!("@{version}")).unwrap_or_default();
    let (folder, name) = (format!("told/{}/", file.bucket), format!("{}{version}", file.key));
    let from = name.ceil_char_boundary((folder.len() + name.len()).saturating_sub(LONGEST_KEY));
    format!("{folder}{}", name.get(from..).unwrap_or_default())
}

fn json(value: &impl Serialize) -> ByteStream {
    // Texts, numbers and lists: there is nothing in it that JSON cannot hold.
    serde_json::to_vec(value).unwrap_or_default().into()
}

fn note(state: State, by: &str) -> Note {
    Note { state, at: u64::try_from(now().as_millis()).unwrap_or(u64::MAX), by: by.to_owned() }
}

/// The time since 1970.
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
