//! What follows the user agent: AWS's own words, none with a blank in it. AWS adds fields at the end now and then.

use super::fields::given;
use super::line::LineError;
use memchr::memchr;

/// The fields after the user agent, in their order. An old line ends early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tail<'a> {
    /// The version of the object that was asked for.
    pub version: Option<&'a [u8]>,
    /// `x-amz-id-2`.
    pub host_id: Option<&'a [u8]>,
    /// `SigV2` or `SigV4`.
    pub signature: Option<&'a [u8]>,
    /// The cipher that TLS agreed on; none for plain HTTP.
    pub cipher: Option<&'a [u8]>,
    /// `AuthHeader`, or `QueryString` for a presigned URL.
    pub authentication: Option<&'a [u8]>,
    /// The endpoint.
    pub host: Option<&'a [u8]>,
    /// `TLSv1.2`; none for plain HTTP.
    pub tls: Option<&'a [u8]>,
    /// The ARN of the access point.
    pub access_point: Option<&'a [u8]>,
    /// `Yes` where an ACL was needed to allow it.
    pub acl_required: Option<&'a [u8]>,
    /// The region that the request came from.
    pub region: Option<&'a [u8]>,
    /// How many of these fields the line has.
    pub known: usize,
    /// Whether the words in it are ones that AWS is known to write there.
    pub(in crate::access) is_usual: bool,
    /// Fields that came later than this parser, as they are.
    pub later: &'a [u8],
}

/// All fields of a tail that are known here.
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

/// Lines have had so many since 2018.
const FULL: usize = 7;

/// How likely a text is a tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::access) enum Likeness {
    /// It has words that nobody knows there: of a later time, or of a caller's.
    Unlikely,
    /// It is short, as in old lines.
    Possible,
    /// It is neither.
    Certain,
}

impl<'a> Tail<'a> {
    /// Reads what follows the user agent: nothing, or a blank and fields. `at` is where it begins in the line.
    pub(in crate::access) fn read(text: &'a [u8], at: usize) -> Result<Self, LineError> {
        let mut found: [&'a [u8]; FIELDS.len()] = [&[]; FIELDS.len()];
        let (mut known, mut rest, mut is_usual) = (0, text, true);
        for (field, name) in found.iter_mut().zip(FIELDS) {
            let here = at + text.len() - rest.len();
            let Some((blank, after)) = rest.split_first() else { break };
            if *blank != b' ' {
                return Err(LineError { at: here, field: name, problem: "does not begin after a blank" });
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

    /// How likely it is a tail, and not words in a user agent.
    pub(in crate::access) fn likeness(&self) -> Likeness {
        match self.is_usual {
            true if self.known >= FULL => Likeness::Certain,
            true => Likeness::Possible,
            false => Likeness::Unlikely,
        }
    }
}

/// The fields whose words are known: AWS's own, whatever the caller sent.
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
