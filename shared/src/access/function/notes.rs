//! Notes which log files have been reported, so that each is reported once.

use super::files::{REPLACED, broken};
use crate::access::notice::File;
use crate::access::report::answer::AccessAnswer;
use crate::aws::{Aws, Buckets, call};
use crate::model::{CallError, ErrorKind, Region};
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long a claim on a file lasts before another invocation may take over. Lambda waits a minute before it retries.
const LEASE: Duration = Duration::from_secs(45);

/// Time limit for publishing, which takes seconds. The rest of the lease is for writing the note.
pub(super) const LEASE_HELD: Duration = Duration::from_secs(30);

/// Bucket with one note for each reported file.
pub(super) struct Notes {
    client: Client,
    bucket: String,
}

/// Content of a note.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    state: State,
    /// Time of writing, in milliseconds since 1970.
    at: u64,
    /// Id of the invocation that wrote the note.
    by: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    /// An invocation is about to report the file.
    #[serde(rename = "telling")]
    Claimed,
    /// The file was reported.
    #[serde(rename = "told")]
    Reported,
}

/// Decision on who reports a file.
pub(super) enum Turn {
    /// This invocation reports the file. The value is the `ETag` of the existing note, if there is one.
    Mine(Option<String>),
    /// The file has been reported already.
    Reported,
    /// Another invocation is reporting the file at the moment.
    Taken,
}

impl Notes {
    pub(super) fn new(aws: &Aws, home: &Region, bucket: &str) -> Self {
        Self { client: Buckets::new(aws).of(home), bucket: bucket.to_owned() }
    }

    /// Looks up whether a file has been reported. Comes first, so that it need not be read again.
    pub(super) async fn turn(&self, file: &File) -> Result<Turn, CallError> {
        Ok(match self.read(file).await? {
            Some((Some(Note { state: State::Reported, .. }), _)) => Turn::Reported,
            Some((Some(Note { at, .. }), _)) if now().saturating_sub(Duration::from_millis(at)) < LEASE => Turn::Taken,
            // The lease has expired, or the note is not one of ours.
            Some((_, etag)) => Turn::Mine(etag),
            None => Turn::Mine(None),
        })
    }

    /// Reads the note about a file and its `ETag`. The note is `None` if it cannot be parsed.
    async fn read(&self, file: &File) -> Result<Option<(Option<Note>, Option<String>)>, CallError> {
        let get = self.client.get_object().bucket(&self.bucket).key(key(file));
        let object = match call("s3:GetObject", Box::pin(get.send())).await {
            Ok(object) => object,
            Err(error) if error.kind == ErrorKind::Gone => return Ok(None),
            Err(error) => return Err(error),
        };
        let etag = object.e_tag.clone();
        let body = object.body.collect().await.map_err(|problem| broken(&problem.to_string()))?;
        Ok(Some((serde_json::from_slice(&body.into_bytes()).ok(), etag)))
    }

    /// Claims a file for this invocation. Of several concurrent claims, S3 accepts one ([conditional writes]).
    ///
    /// [conditional writes]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    pub(super) async fn take(&self, file: &File, by: &str, seen: Option<String>) -> Result<Turn, CallError> {
        let note = note(State::Claimed, by);
        let put = self.client.put_object().bucket(&self.bucket).key(key(file)).body(json(&note));
        let put = match &seen {
            Some(etag) => put.if_match(etag),
            None => put.if_none_match("*"),
        };
        match call("s3:PutObject", Box::pin(put.send())).await {
            Ok(_) => Ok(Turn::Mine(None)),
            Err(error) if [REPLACED, "ConditionalRequestConflict"].contains(&error.code.as_str()) => {
                Ok(match self.read(file).await? {
                    // The response to our write was lost, and the write was retried.
                    Some((Some(there), _)) if there == note => Turn::Mine(None),
                    Some((Some(Note { state: State::Reported, .. }), _)) => Turn::Reported,
                    _ => Turn::Taken,
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Notes that a file has been reported, together with the report.
    pub(super) async fn mark_reported(&self, file: &File, by: &str, answer: &AccessAnswer) -> Result<(), CallError> {
        #[derive(Serialize)]
        struct Reported<'a> {
            #[serde(flatten)]
            note: Note,
            answer: &'a AccessAnswer,
        }
        let mark_reported = Reported { note: note(State::Reported, by), answer };
        let put = self.client.put_object().bucket(&self.bucket).key(key(file)).body(json(&mark_reported));
        call("s3:PutObject", Box::pin(put.send())).await.map(|_| ())
    }
}

/// Maximum length of an S3 key in bytes ([object keys]).
///
/// [object keys]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
const LONGEST_KEY: usize = 1_024;

/// Returns the key of the note about a file. It is unambiguous: bucket names contain no slash, and the version is part
/// of it. A key that is too long loses its beginning, since log files differ in the end of theirs.
fn key(file: &File) -> String {
    let version = file.version.as_ref().map(|version| format!("@{version}")).unwrap_or_default();
    let (folder, name) = (format!("told/{}/", file.bucket), format!("{}{version}", file.key));
    let from = name.ceil_char_boundary((folder.len() + name.len()).saturating_sub(LONGEST_KEY));
    format!("{folder}{}", name.get(from..).unwrap_or_default())
}

fn json(value: &impl Serialize) -> ByteStream {
    // Strings, numbers and lists only: nothing that JSON cannot represent.
    serde_json::to_vec(value).unwrap_or_default().into()
}

fn note(state: State, by: &str) -> Note {
    Note { state, at: u64::try_from(now().as_millis()).unwrap_or(u64::MAX), by: by.to_owned() }
}

/// Returns the number of whole days since 1970.
pub(super) fn today() -> u64 {
    now().as_secs() / 86_400
}

/// Returns the time since 1970.
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
