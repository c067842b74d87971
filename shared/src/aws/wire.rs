//! Fake HTTP connection that records what the SDKs send and returns an empty response.

use super::Aws;
use crate::settings::QuotaShare;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Recorded request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Operation: from the header (JSON protocols), the path (CBOR) or the body (query protocol); for a REST protocol
    /// the method and the query string: `PUT policy`.
    pub(crate) operation: String,
    /// Host that the request was sent to.
    pub(crate) host: String,
    /// Headers specific to AWS, except those of the signature.
    pub(crate) headers: BTreeMap<String, String>,
    /// Body of the request.
    pub(crate) body: String,
}

#[cfg(any(feature = "transfer", feature = "vpc", feature = "recorder"))]
impl Sent {
    /// Returns a field of the query protocol's body.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let value = self.body.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")))?;
        Some(percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned())
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Wire {
    sent: Arc<Mutex<Vec<Sent>>>,
    answer: String,
}

impl Wire {
    /// Creates a connection that returns this response to every call.
    pub(crate) fn answering(answer: &str) -> Self {
        Self { answer: answer.to_owned(), ..Self::default() }
    }

    /// Returns an account that uses this connection.
    pub(crate) fn account(&self) -> Aws {
        let credentials = Credentials::new("AKIAEXAMPLE", "secret", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(self.clone());
        Aws::of(config.build(), QuotaShare::WHOLE)
    }

    /// Returns the requests sent so far.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.sent.lock().expect("no test has panicked with it").clone()
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        let target = request.headers().get("x-amz-target").and_then(|target| target.split('.').next_back());
        let action = || body.split('&').find_map(|pair| pair.strip_prefix("Action="));
        let rest = || {
            let query = request.uri().split_once('?').map(|(_, query)| query).unwrap_or_default();
            let words = query.split('&').filter(|word| !word.is_empty() && !word.starts_with("x-id="));
            let words = words.map(|word| word.trim_end_matches('='));
            std::iter::once(request.method()).chain(words).collect::<Vec<_>>().join(" ")
        };
        let path = || request.uri().split_once("/operation/").map(|(_, operation)| operation);
        let operation = target.or_else(path).or_else(action).map_or_else(rest, str::to_owned);
        let host = request.uri().split(['/', '?']).nth(2).unwrap_or_default().to_owned();
        let managed = request.headers().iter().filter(|(name, _)| {
            name.starts_with("x-amz-") && !["x-amz-date", "x-amz-content-sha256", "x-amz-user-agent"].contains(name)
        });
        let headers = managed.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        self.sent.lock().expect("no test has panicked with it").push(Sent { operation, host, headers, body });
        let status = 200.try_into().expect("a status");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(self.answer.as_str()))))
    }
}

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
