//! Log files on S3, and what is noted about those that were told of.

use super::answer::AccessAnswer;
use super::notice::File;
use crate::aws::{Aws, Buckets, call};
use crate::error::{CallError, Kind};
use crate::place::Region;
use crate::settings::Settings;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use serde::{Deserialize, Serialize};
use std::time::{SystemTime, UNIX_EPOCH};

/// How often a file is asked for again that breaks off, from where it broke off.
const TRIES: usize = 4;

/// For so long whoever said that it is telling of a file is let alone. Telling takes seconds.
const LEASE: u64 = 45;

/// The buckets of an account.
pub(super) struct Files {
    buckets: Buckets,
}

impl Files {
    pub(super) fn connect(aws: &Aws, _: &Settings) -> Self {
        Self { buckets: Buckets::new(aws) }
    }

    /// Reads a file, chunk by chunk. `false` where there is none any more.
    pub(super) async fn read(
        &self,
        file: &File,
        account: &str,
        mut each: impl FnMut(&[u8]),
    ) -> Result<bool, CallError> {
        let client = self.buckets.of(&file.region);
        let (mut offset, mut etag, mut tries) = (0, None, TRIES);
        loop {
            let get = client
                .get_object()
                .bucket(&file.bucket)
                .key(&file.key)
                .set_version_id(file.version.clone())
                .expected_bucket_owner(account)
                .set_range((offset > 0).then(|| format!("bytes={offset}-")))
                .set_if_match(etag.clone());
            let mut object = match call("s3:GetObject", Box::pin(get.send())).await {
                Ok(object) => object,
                Err(error) if error.kind == Kind::Gone => return Ok(false),
                Err(error) => return Err(error),
            };
            etag = etag.or(object.e_tag.take());
            loop {
                match object.body.try_next().await {
                    Ok(Some(chunk)) => {
                        offset += chunk.len();
                        each(&chunk);
                    }
                    Ok(None) => return Ok(true),
                    Err(_) if tries > 1 => break,
                    Err(error) => return Err(broken(&error.to_string())),
                }
            }
            tries -= 1;
        }
    }
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
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    state: State,
    /// When, in seconds since 1970.
    at: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Telling,
    Told,
}

/// Whether it is ours to tell of a file.
pub(super) enum Turn {
    /// It is. This is the note that says so.
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
        let get = self.client.get_object().bucket(&self.bucket).key(key(file));
        let object = match call("s3:GetObject", Box::pin(get.send())).await {
            Ok(object) => object,
            Err(error) if error.kind == Kind::Gone => return Ok(Turn::Ours(None)),
            Err(error) => return Err(error),
        };
        let etag = object.e_tag.clone();
        let body = object.body.collect().await.map_err(|problem| broken(&problem.to_string()))?;
        // A note that cannot be read was not written by us to its end.
        let note: Option<Note> = serde_json::from_slice(&body.into_bytes()).ok();
        Ok(match note {
            Some(Note { state: State::Told, .. }) => Turn::Told,
            Some(Note { state: State::Telling, at }) if now().saturating_sub(at) < LEASE => Turn::Theirs,
            _ => Turn::Ours(etag),
        })
    }

    /// Takes the turn: of several that take it at once, S3 lets in one ([conditional writes]).
    ///
    /// [conditional writes]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    pub(super) async fn take(&self, file: &File, seen: Option<String>) -> Result<Turn, CallError> {
        let note = Note { state: State::Telling, at: now() };
        let put = self.client.put_object().bucket(&self.bucket).key(key(file)).body(json(&note));
        let put = match &seen {
            Some(etag) => put.if_match(etag),
            None => put.if_none_match("*"),
        };
        match call("s3:PutObject", Box::pin(put.send())).await {
            Ok(_) => Ok(Turn::Ours(None)),
            Err(error) if ["PreconditionFailed", "ConditionalRequestConflict"].contains(&error.code.as_str()) => {
                self.turn(file).await.map(|turn| if let Turn::Told = turn { turn } else { Turn::Theirs })
            }
            Err(error) => Err(error),
        }
    }

    /// Notes that it was told, and what.
    pub(super) async fn told(&self, file: &File, answer: &AccessAnswer) -> Result<(), CallError> {
        #[derive(Serialize)]
        struct Told<'a> {
            #[serde(flatten)]
            note: Note,
            answer: &'a AccessAnswer,
        }
        let told = Told { note: Note { state: State::Told, at: now() }, answer };
        let put = self.client.put_object().bucket(&self.bucket).key(key(file)).body(json(&told));
        call("s3:PutObject", Box::pin(put.send())).await.map(|_| ())
    }
}

/// Where the note about a file is. Bucket names have no slash, and a version says which of several it is.
fn key(file: &File) -> String {
    let version = file.version.as_ref().map(|version| format!("@{version}")).unwrap_or_default();
    format!("told/{}/{}{version}", file.bucket, file.key)
}

fn json(value: &impl Serialize) -> ByteStream {
    // Texts, numbers and lists: there is nothing in it that JSON cannot hold.
    serde_json::to_vec(value).unwrap_or_default().into()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
