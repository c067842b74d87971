//! Parses the fields after the user agent. AWS writes them itself, without spaces, and occasionally appends new ones.

use super::fields::given;
use super::line::LineError;
use memchr::memchr;

/// Fields after the user agent, in order. Lines from before a field was introduced lack it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tail<'a> {
    /// Version id of the requested object.
    pub version: Option<&'a [u8]>,
    /// `x-amz-id-2`, the host id.
    pub host_id: Option<&'a [u8]>,
    /// Signature version: `SigV2` or `SigV4`.
    pub signature: Option<&'a [u8]>,
    /// TLS cipher suite; `None` for plain HTTP.
    pub cipher: Option<&'a [u8]>,
    /// Authentication type: `AuthHeader`, or `QueryString` for a presigned URL.
    pub authentication: Option<&'a [u8]>,
    /// Endpoint that the request was sent to.
    pub host: Option<&'a [u8]>,
    /// TLS version, such as `TLSv1.2`; `None` for plain HTTP.
    pub tls: Option<&'a [u8]>,
    /// ARN of the access point.
    pub access_point: Option<&'a [u8]>,
    /// `Yes` if an ACL was needed to authorize the request.
    pub acl_required: Option<&'a [u8]>,
    /// Region that the request came from.
    pub region: Option<&'a [u8]>,
    /// Number of these fields that the line has.
    pub known: usize,
    /// Whether every field with a known set of values has one that AWS writes.
    pub(in crate::access) is_usual: bool,
    /// Fields that AWS introduced after this parser was written, unparsed.
    pub later: &'a [u8],
}

/// Names of all trailing fields that are known here.
pub(in crate::access) const FIELDS: [&str; 10] = [
    "version id",
    "host id",
    "signature version",
    "cipher suite",
    "authentication type",
    "host header",
    "TLS version",
    "access point ARN",
    "ACL required",
    "source region",
];

/// Number of trailing fields in every line since 2018.
const FULL: usize = 7;

/// Likelihood that a string consists of trailing fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::access) enum Likeness {
    /// The string has unknown values: newer than this parser, or chosen by a caller.
    Unlikely,
    /// The string is short, as in old lines.
    Possible,
    /// The string is complete and all its values are known.
    Certain,
}

impl<'a> Tail<'a> {
    /// Parses what follows the user agent: nothing, or a space and fields. `at` is its offset in the line.
    pub(in crate::access) fn read(text: &'a [u8], at: usize) -> Result<Self, LineError> {
        let mut found: [&'a [u8]; FIELDS.len()] = [&[]; FIELDS.len()];
        let (mut known, mut rest, mut is_usual) = (0, text, true);
        for (field, name) in found.iter_mut().zip(FIELDS) {
            let here = at + text.len() - rest.len();
            let Some((blank, after)) = rest.split_first() else { break };
            if *blank != b' ' {
                return Err(LineError { at: here, field: name, problem: "has no space before it" });
            }
            let end = memchr(b' ', after).unwrap_or(after.len());
            let (word, left) = after.split_at_checked(end).unwrap_or_default();
            if word.is_empty() {
                return Err(LineError { at: here, field: name, problem: "is empty" });
            }
            is_usual &= fits(known, word);
            (*field, rest, known) = (word, left, known + 1);
        }
        let [version, host_id, signature, cipher, authentication, host, tls, access_point, acl_required, region] =
            found.map(given);
        let later = rest.strip_prefix(b" ").unwrap_or_default();
        let mut trailing_fields =
            Self { version, host_id, signature, cipher, authentication, host, tls, ..Self::default() };
        (trailing_fields.access_point, trailing_fields.acl_required, trailing_fields.region) =
            (access_point, acl_required, region);
        Ok(Self { known, is_usual, later, ..trailing_fields })
    }

    /// Returns how likely it is that these are trailing fields and not part of a user agent.
    pub(in crate::access) fn likeness(&self) -> Likeness {
        match self.is_usual {
            true if self.known >= FULL => Likeness::Certain,
            true => Likeness::Possible,
            false => Likeness::Unlikely,
        }
    }
}

/// Returns whether a word is possible in a field. The fields that are checked have values that no caller can choose.
fn fits(field: usize, word: &[u8]) -> bool {
    let (sig, tls): (&[u8], &[u8]) = (b"Sig", b"TLS");
    let begins = |with: &[u8]| word.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    word == b"-"
        || match field {
            2 => begins(sig),
            4 => word.iter().all(u8::is_ascii_alphanumeric),
            6 => begins(tls) || begins(b"SSL"),
            _ => true,
        }
}
