//! Whole responses of AWS, and what they say by status and code alone.

use crate::model::ErrorKind;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::{Headers, StatusCode};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::Value;

/// Size in bytes of an answer beside its texts: question, time, and where they are.
const OVERHEAD: usize = 200;

/// Words by which services refuse a call because there were too many.
const REFUSALS: [&[u8]; 4] = [b"Throttl", b"SlowDown", b"RequestLimitExceeded", b"TooManyRequests"];

/// Whole response. It has texts of its own: a header as it was received holds on to the buffer that it was read into, which
/// is many times as large.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    status: StatusCode,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    /// Reads a response to its end.
    pub(super) async fn of(mut response: HttpResponse) -> Result<Self, ConnectorError> {
        let body = ByteStream::new(response.take_body()).collect().await;
        let body = body.map_err(|error| ConnectorError::io(error.into()))?.to_vec();
        let headers = response.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(Self { status: response.status(), headers, body })
    }

    /// Returns an answer with this text, for tests.
    #[cfg(test)]
    pub(super) fn text(status: u16, body: &str) -> Self {
        let status = status.try_into().expect("a status");
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// Returns it as a response.
    pub(super) fn response(&self) -> Result<HttpResponse, ConnectorError> {
        let mut headers = Headers::new();
        for (name, value) in &self.headers {
            headers
                .try_append(name.clone(), value.clone())
                .map_err(|error| ConnectorError::other(error.into(), None))?;
        }
        let mut response = HttpResponse::new(self.status, SdkBody::from(self.body.as_slice()));
        *response.headers_mut() = headers;
        Ok(response)
    }

    /// Returns how much memory it takes, in bytes.
    pub(super) fn size(&self) -> usize {
        let entry = size_of::<(String, String)>();
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len() + entry).sum();
        self.body.len() + headers + OVERHEAD
    }

    /// Returns the header in which services say what kind of error it is.
    fn error_type(&self) -> Option<&str> {
        self.headers.iter().find(|(name, _)| name == "x-amzn-errortype").map(|(_, value)| value.as_str())
    }

    /// Returns whether it says something of a resource: what it is, or that it is elsewhere or not there.
    pub(super) fn is_fact(&self) -> bool {
        match self.status.as_u16() {
            301 | 404 => true,
            400 => self.code().is_some_and(|code| ErrorKind::of(Some(&code), Some(400)) == ErrorKind::Gone),
            _ => self.status.is_success(),
        }
    }

    /// Returns whether it refuses a call because there were too many.
    pub(super) fn says_too_many(&self) -> bool {
        let code = self.error_type().unwrap_or_default().as_bytes();
        let says = |text: &[u8]| REFUSALS.iter().any(|word| text.windows(word.len()).any(|part| part == *word));
        self.status.as_u16() == 429 || says(&self.body) || says(code)
    }

    /// Returns the code of an error in one of the JSON protocols.
    fn code(&self) -> Option<String> {
        let code = self.error_type().map(str::to_owned).or_else(|| {
            let body: Value = serde_json::from_slice(&self.body).ok()?;
            Some(body.get("__type")?.as_str()?.to_owned())
        })?;
        let code = code.rsplit('#').next()?.split(':').next()?;
        Some(code.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_and_what_is_not_are_facts() {
        for (status, body, fact) in [
            (200, "", true),
            (301, "", true),
            (404, "", true),
            (400, r#"{"__type":"NotFoundException"}"#, true),
            (400, r#"{"__type":"com.amazonaws.logs#ResourceNotFoundException"}"#, true),
            (400, r#"{"__type":"ThrottlingException"}"#, false),
            (400, r#"{"__type":"AccessDeniedException"}"#, false),
            (400, "no JSON", false),
            (403, "", false),
            (429, "", false),
            (500, "", false),
        ] {
            assert_eq!(Answer::text(status, body).is_fact(), fact, "{status} {body}");
        }
    }

    #[tokio::test]
    async fn an_answer_comes_back_as_it_was() {
        let mut came = HttpResponse::new(404.try_into().expect("a status"), SdkBody::from("body"));
        for value in ["one", "two"] {
            came.headers_mut().append("x-amzn-errortype", value);
        }
        let answer = Answer::of(came).await.expect("an answer");
        let again = answer.response().expect("a response");
        assert_eq!((again.status().as_u16(), again.body().bytes()), (404, Some("body".as_bytes())));
        assert_eq!(again.headers().get_all("x-amzn-errortype").collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(answer.error_type(), Some("one"));
    }

    #[test]
    fn too_many_calls_are_refused_in_every_protocol() {
        for (status, body) in [
            (429, ""),
            (400, r#"{"__type":"ThrottlingException"}"#),
            (400, "<Error><Code>Throttling</Code></Error>"),
            (503, "<Error><Code>SlowDown</Code></Error>"),
            (503, "<Error><Code>RequestLimitExceeded</Code></Error>"),
        ] {
            assert!(Answer::text(status, body).says_too_many(), "{status} {body}");
        }
        assert!(!Answer::text(400, r#"{"__type":"ValidationException"}"#).says_too_many());
    }
}
