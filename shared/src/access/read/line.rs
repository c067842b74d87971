//! Parses one line of an S3 server access log without copying.
//!
//! Fields: [Amazon S3 server access log format](https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html).

use super::fields::{Fields, given};
use super::foreign::Foreign;
use super::time::Time;
pub use super::trailing_fields::Tail;

/// One logged request. A field that S3 left out (`-`) is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Canonical user id of the bucket's owner.
    pub owner: Option<&'a [u8]>,
    /// Name of the bucket.
    pub bucket: Option<&'a [u8]>,
    /// Time at which S3 received the request.
    pub time: Time,
    /// Apparent address of the requester.
    pub remote_ip: Option<&'a [u8]>,
    /// Requester as S3 writes it; `None` for an unsigned request.
    pub requester: Option<&'a [u8]>,
    /// Request id assigned by S3.
    pub request_id: Option<&'a [u8]>,
    /// Operation, such as `REST.GET.OBJECT`.
    pub operation: Option<&'a [u8]>,
    /// Key of the object, URL-encoded, some characters of it twice.
    pub key: Option<Foreign<'a>>,
    /// Request line: method, URI and HTTP version.
    pub uri: Option<Foreign<'a>>,
    /// Reply to the request.
    pub reply: Reply<'a>,
    /// `Referer` header.
    pub referer: Option<Foreign<'a>>,
    /// `User-Agent` header.
    pub agent: Option<Foreign<'a>>,
    /// Trailing fields, which AWS writes itself.
    pub trailing_fields: Tail<'a>,
}

/// Reply of S3 to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply<'a> {
    /// HTTP status.
    pub status: Option<u16>,
    /// Error code, such as `AccessDenied`.
    pub error: Option<&'a [u8]>,
    /// Number of bytes sent.
    pub sent: Option<u64>,
    /// Size of the object in bytes.
    pub size: Option<u64>,
    /// Total time of the request in milliseconds.
    pub total: Option<u64>,
    /// Time that S3 spent processing the request, in milliseconds.
    pub turn_around: Option<u64>,
}

/// Why a line cannot be parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineError {
    /// Offset in the line, in bytes.
    pub at: usize,
    /// Name of the field.
    pub field: &'static str,
    /// Description of the problem, to follow the name of the field.
    pub problem: &'static str,
}

impl<'a> Line<'a> {
    /// Parses a line without its line break.
    ///
    /// # Errors
    /// Returns the field that cannot be parsed, its offset and the problem.
    pub fn parse(line: &'a [u8]) -> Result<Self, LineError> {
        let mut rest = Fields::of(line);
        let owner = given(rest.word("bucket owner")?);
        let bucket = given(rest.word("bucket")?);
        let time = rest.time()?;
        let remote_ip = given(rest.word("remote IP")?);
        let requester = given(rest.requester()?);
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
