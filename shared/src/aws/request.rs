//! Requests as the SDKs send them: which call it is, whether it only reads, and what it asks.

use super::memory::Question;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use sha2::{Digest, Sha256};

/// Beginnings of the names of calls that only read.
const READS: [&str; 4] = ["Describe", "Get", "Head", "List"];

/// Calls that change nothing that is looked after: messages, and what is handed on.
const ASIDE: [&str; 8] = [
    "Publish",
    "PublishBatch",
    "PutEvents",
    "SendMessage",
    "SendMessageBatch",
    "ReceiveMessage",
    "DeleteMessage",
    "DeleteMessageBatch",
];

/// Services whose calls are no facts of the account: the ledger, and who we are.
const SERVICES_ASIDE: [&str; 2] = ["dynamodb", "sts"];

/// Beginnings of headers that differ between two requests that ask the same.
const OF_ONE_REQUEST: [&str; 7] = [
    "authorization",
    "amz-sdk-",
    "user-agent",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-user-agent",
    "x-amzn-trace-id",
];

/// Call that a request makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SignedCall {
    /// Service and region that the request is signed for: `cloudtrail`, `eu-west-1`.
    pub(super) service: String,
    pub(super) region: String,
    /// Name of the operation; for a REST protocol the method.
    pub(super) operation: String,
    /// Whether it only reads.
    pub(super) kind: Kind,
    /// Bucket that it is about, if it is a call of S3 on one.
    pub(super) bucket: Option<String>,
    /// Access key that it is signed with.
    key: String,
}

/// Effect of a call on what is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Reads a fact.
    Read,
    /// May change facts.
    Write,
    /// Neither.
    Aside,
}

impl SignedCall {
    /// Returns the call that a signed request makes; `None` if it is not signed.
    pub(super) fn of(request: &HttpRequest) -> Option<Self> {
        let scope = request.headers().get("authorization")?.split_once("Credential=")?.1.split(',').next()?;
        let parts: Vec<&str> = scope.split('/').collect();
        let [key, _, region, service, ..] = parts.as_slice() else { return None };
        let operation = named(request);
        let begins = |name: &str| READS.iter().any(|read| name.starts_with(read));
        let kind = match operation {
            _ if SERVICES_ASIDE.contains(service) => Kind::Aside,
            Some(name) if ASIDE.contains(&name) => Kind::Aside,
            Some(name) if begins(name) => Kind::Read,
            None if ["GET", "HEAD"].contains(&request.method()) || lists(request) => Kind::Read,
            _ => Kind::Write,
        };
        let operation = operation.unwrap_or_else(|| request.method()).to_owned();
        let bucket = if *service == "s3" { bucket(request.uri()) } else { None };
        let owned = |text: &&str| (*text).to_owned();
        Some(Self { service: owned(service), region: owned(region), operation, kind, bucket, key: owned(key) })
    }

    /// Returns a call that reads, for tests of other modules.
    #[cfg(test)]
    pub(super) fn signed(service: &str, region: &str, operation: &str) -> Self {
        let [service, region, operation, key] = [service, region, operation, "AKIA"].map(str::to_owned);
        Self { service, region, operation, kind: Kind::Read, bucket: None, key }
    }

    /// Returns what the request asks and for whom; `None` if its body is not in memory.
    pub(super) fn question(&self, request: &HttpRequest) -> Option<Question> {
        let mut asked = Sha256::new();
        let mut add = |part: &[u8]| {
            asked.update((part.len() as u64).to_le_bytes());
            asked.update(part);
        };
        for part in [self.key.as_str(), self.region.as_str(), request.method(), request.uri()] {
            add(part.as_bytes());
        }
        let mut headers: Vec<(&str, &str)> = request.headers().iter().collect();
        headers.retain(|(name, _)| !OF_ONE_REQUEST.iter().any(|one| name.starts_with(one)));
        headers.sort_unstable();
        for (name, value) in headers {
            add(name.as_bytes());
            add(value.as_bytes());
        }
        add(request.body().bytes()?);
        Some(asked.finalize().into())
    }
}

/// Returns the name of the operation, which all protocols but REST send.
fn named(request: &HttpRequest) -> Option<&str> {
    let target = request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next());
    let path = || request.uri().rsplit_once("/operation/").map(|(_, operation)| operation);
    let action = || {
        let form = request.headers().get("content-type")?.starts_with("application/x-www-form-urlencoded");
        let body = form.then(|| request.body().bytes())?.and_then(|body| std::str::from_utf8(body).ok())?;
        body.split('&').find_map(|pair| pair.strip_prefix("Action="))
    };
    target.or_else(path).or_else(action)
}

/// Returns whether a REST call lists something, though it is a POST: `POST /listRegions`.
fn lists(request: &HttpRequest) -> bool {
    let path = request.uri().splitn(4, '/').nth(3).unwrap_or_default();
    request.method() == "POST" && path.starts_with("list")
}

/// Returns the bucket that a URI of S3 is about, whether its host or its path names it.
fn bucket(uri: &str) -> Option<String> {
    let (_, rest) = uri.split_once("://")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let name = match host.rsplit_once(".s3.") {
        Some((name, _)) => name,
        None => path.split(['/', '?']).next().unwrap_or_default(),
    };
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_types::body::SdkBody;

    fn request(
        service: &str,
        method: &str,
        uri: &str,
        headers: &[(&'static str, &'static str)],
        body: &str,
    ) -> HttpRequest {
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method(method).expect("a method");
        request.set_uri(uri).expect("a URI");
        let signed = format!("AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu-west-1/{service}/aws4_request, Signature=1");
        request.headers_mut().insert("authorization", signed);
        for (name, value) in headers {
            request.headers_mut().insert(*name, *value);
        }
        request
    }

    #[test]
    fn a_call_is_known_in_every_protocol() {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        for (request, operation, kind) in [
            (
                request("cloudtrail", "POST", "http://a/", &[("x-amz-target", "C.GetTrailStatus")], "{}"),
                "GetTrailStatus",
                Kind::Read,
            ),
            (
                request("cloudtrail", "POST", "http://a/", &[("x-amz-target", "C.StartLogging")], "{}"),
                "StartLogging",
                Kind::Write,
            ),
            (request("iam", "POST", "http://a/", &form, "Action=GetRole&RoleName=a"), "GetRole", Kind::Read),
            (request("iam", "POST", "http://a/", &form, "Action=CreateRole&RoleName=a"), "CreateRole", Kind::Write),
            (request("sns", "POST", "http://a/", &form, "Action=Publish&Message=a"), "Publish", Kind::Aside),
            (
                request("monitoring", "POST", "http://a/service/G/operation/DescribeAlarms", &[], ""),
                "DescribeAlarms",
                Kind::Read,
            ),
            (
                request("monitoring", "POST", "http://a/service/G/operation/PutMetricAlarm", &[], ""),
                "PutMetricAlarm",
                Kind::Write,
            ),
            (request("s3", "GET", "http://a/b?policy", &[], ""), "GET", Kind::Read),
            (request("s3", "HEAD", "http://a/b", &[], ""), "HEAD", Kind::Read),
            (request("s3", "PUT", "http://a/b?policy", &[], "{}"), "PUT", Kind::Write),
            (request("account", "POST", "http://a/listRegions", &[], "{}"), "POST", Kind::Read),
            (request("dynamodb", "POST", "http://a/", &[("x-amz-target", "D.GetItem")], "{}"), "GetItem", Kind::Aside),
        ] {
            let call = SignedCall::of(&request).expect("a signed request");
            assert_eq!((call.operation.as_str(), call.kind), (operation, kind));
            assert_eq!(call.region, "eu-west-1");
        }
    }

    #[test]
    fn a_bucket_is_named_by_host_or_path() {
        for (uri, name) in [
            ("https://logs.s3.eu-west-1.amazonaws.com/?policy", Some("logs")),
            ("https://my.s3.logs.s3.us-east-1.amazonaws.com/", Some("my.s3.logs")),
            ("http://127.0.0.1:5000/logs?policy", Some("logs")),
            ("http://127.0.0.1:5000/logs", Some("logs")),
            ("https://s3.eu-west-1.amazonaws.com/?x-id=ListBuckets", None),
            ("http://127.0.0.1:5000/", None),
        ] {
            assert_eq!(bucket(uri).as_deref(), name, "{uri}");
        }
    }

    #[test]
    fn what_is_asked_is_everything_but_the_attempt() {
        let question = |uri: &str, headers: &[(&'static str, &'static str)], body: &str| {
            let request = request("s3", "GET", uri, headers, body);
            SignedCall::of(&request).and_then(|call| call.question(&request)).expect("a question")
        };
        let one = question("http://a/b?policy", &[], "");
        assert_eq!(one, question("http://a/b?policy", &[("x-amz-date", "now"), ("amz-sdk-request", "attempt=2")], ""));
        assert_ne!(one, question("http://a/c?policy", &[], ""));
        assert_ne!(one, question("http://a/b?policy", &[("x-amz-expected-bucket-owner", "1")], ""));
        assert_ne!(one, question("http://a/b?policy", &[], "x"));
        let mut other = request("s3", "GET", "http://a/b?policy", &[], "");
        other.headers_mut().insert("authorization", "AWS4 Credential=OTHER/20260101/eu-west-1/s3/aws4_request");
        assert_ne!(Some(one), SignedCall::of(&other).and_then(|call| call.question(&other)), "another account asks");
    }
}
