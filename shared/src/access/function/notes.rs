//! What is noted about log files that were told of, so that each is told of once.

use super::files::{REPLACED, broken};
use crate::access::notice::File;
use crate::access::report::answer::AccessAnswer;
use crate::aws::{Aws, Buckets, call};
use crate::model::{CallError, ErrorKind, Region};
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// For so long whoever took its turn to tell of a file is let alone. Lambda waits a minute before it tries again.
const LEASE: Duration = Duration::from_secs(45);

/// For so long it may tell, which takes seconds. The rest is for noting that it did.
pub(super) const TELLING: Duration = Duration::from_secs(30);

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
    ReportSink,
    Reported,
}

/// Whether it is ours to tell of a file.
pub(super) enum Turn {
    /// It is. This is the note that was there before, by its `ETag`.
    Mine(Option<String>),
    /// It was told already.
    Reported,
    /// Another invocation is about to.
    Taken,
}

impl Notes {
    pub(super) fn new(aws: &Aws, home: &Region, bucket: &str) -> Self {
        Self { client: Buckets::new(aws).of(home), bucket: bucket.to_owned() }
    }

    /// Whether a file was told of. Asked first, so that it need not be read again.
    pub(super) async fn turn(&self, file: &File) -> Result<Turn, CallError> {
        Ok(match self.read(file).await? {
            Some((Some(Note { state: State::Reported, .. }), _)) => Turn::Reported,
            Some((Some(Note { at, .. }), _)) if now().saturating_sub(Duration::from_millis(at)) < LEASE => Turn::Taken,
            // A note that was not taken back, or that is none of ours.
            Some((_, etag)) => Turn::Mine(etag),
            None => Turn::Mine(None),
        })
    }

    /// The note about a file, where it can be understood, and its `ETag`.
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

    /// Takes the turn: of several that take it at once, S3 lets in one ([conditional writes]).
    ///
    /// [conditional writes]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    pub(super) async fn take(&self, file: &File, by: &str, seen: Option<String>) -> Result<Turn, CallError> {
        let note = note(State::ReportSink, by);
        let put = self.client.put_object().bucket(&self.bucket).key(key(file)).body(json(&note));
        let put = match &seen {
            Some(etag) => put.if_match(etag),
            None => put.if_none_match("*"),
        };
        match call("s3:PutObject", Box::pin(put.send())).await {
            Ok(_) => Ok(Turn::Mine(None)),
            Err(error) if [REPLACED, "ConditionalRequestConflict"].contains(&error.code.as_str()) => {
                Ok(match self.read(file).await? {
                    // The answer to our own was lost, and it was sent again.
                    Some((Some(there), _)) if there == note => Turn::Mine(None),
                    Some((Some(Note { state: State::Reported, .. }), _)) => Turn::Reported,
                    _ => Turn::Taken,
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Notes that it was told, and what.
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
