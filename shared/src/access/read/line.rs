//! One line of an S3 server access log, read without copying.
//!
//! Fields: [Amazon S3 server access log format](https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html).

use super::fields::{Fields, given};
use super::foreign::Foreign;
use super::time::Time;
pub use super::trailing_fields::Tail;

/// One request. A field that S3 left out (`-`) is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// The canonical user id of the bucket's owner.
    pub owner: Option<&'a [u8]>,
    /// The bucket.
    pub bucket: Option<&'a [u8]>,
    /// When the request came.
    pub time: Time,
    /// The address that it seemed to come from.
    pub remote_ip: Option<&'a [u8]>,
    /// Who made it; nobody that S3 knows where `None`.
    pub requester: Option<&'a [u8]>,
    /// S3's id of the request.
    pub request_id: Option<&'a [u8]>,
    /// `REST.GET.OBJECT`, ...
    pub operation: Option<&'a [u8]>,
    /// The object's key, URL-encoded, some characters of it twice.
    pub key: Option<Foreign<'a>>,
    /// The first line of the request.
    pub uri: Option<Foreign<'a>>,
    /// What came of it.
    pub reply: Reply<'a>,
    /// The header of that name.
    pub referer: Option<Foreign<'a>>,
    /// The header of that name.
    pub agent: Option<Foreign<'a>>,
    /// The rest: AWS's own words.
    pub trailing_fields: Tail<'a>,
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply<'a> {
    /// The HTTP status.
    pub status: Option<u16>,
    /// `AccessDenied`, ...
    pub error: Option<&'a [u8]>,
    /// How many bytes the answer had.
    pub sent: Option<u64>,
    /// How large the object is.
    pub size: Option<u64>,
    /// How many milliseconds it took.
    pub total: Option<u64>,
    /// How many of them S3 worked.
    pub turn_around: Option<u64>,
}

/// Why a line cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineError {
    /// Where in the line, in bytes.
    pub at: usize,
    /// The field that was read.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl<'a> Line<'a> {
    /// Reads a line without its end.
    ///
    /// # Errors
    /// Says which field cannot be read, where and why.
    pub fn parse(line: &'a [u8]) -> Result<Self, LineError> {
        let mut rest = Fields::of(line);
        let owner = given(rest.word("bucket owner")?);
        let bucket = given(rest.word("bucket")?);
        let time = rest.time()?;
        let remote_ip = given(rest.word("remote IP")?);
        let requester = given(rest.word("requester")?);
        let request_id = given(rest.word("request id")?);
        let operation = given(rest.word("operation")?);
        let key = given(rest.word("key")?).map(Foreign);
        let (uri, reply) = rest.request()?;
        let (referer, agent, trailing_fields) = rest.headers()?;
        Ok(Self {
            owner,
            bucket,
            time,
            remote_ip,
            requester,
            request_id,
            operation,
            key,
            uri,
            reply,
            referer,
            agent,
            trailing_fields,
        })
    }
}
