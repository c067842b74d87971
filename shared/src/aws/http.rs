//! HTTP client of all SDKs: one connection pool, calls in turn where a service counts them, and each question once.

use super::answer::Answer;
use super::memory::{Memory, Writing};
use super::request::{Kind, SignedCall};
use super::turns::Turns;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, ConnectorBuilder};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use std::time::Duration;
use tokio::time::timeout;

/// Timeout of one attempt from the moment it is sent, which is then retried.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// Client as the SDKs make it by default, which is not offered by itself.
pub(super) fn plain() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = ConnectorBuilder::default().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.set_proxy_config(Some(ProxyConfig::from_env()));
        connector.build()
    })
}

/// Client that takes turns, and answers from memory.
#[derive(Debug, Clone)]
pub(super) struct OnceClient {
    pub(super) inner: SharedHttpClient,
    pub(super) memory: Memory,
    pub(super) turns: Turns,
}

impl HttpClient for OnceClient {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let Self { inner, memory, turns } = self.clone();
        SharedHttpConnector::new(Connector { inner: inner.http_connector(settings, components), memory, turns })
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.inner.connector_metadata()
    }
}

#[derive(Debug, Clone)]
struct Connector {
    inner: SharedHttpConnector,
    memory: Memory,
    turns: Turns,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Some(call) = SignedCall::of(&request) else { return self.inner.call(request) };
        // Whether an answer must be of now is known here, where the caller asks.
        let asked = match call.kind {
            Kind::Read => call
                .question(&request)
                .and_then(|it| self.memory.place(it, call.bucket.as_deref()).map(|asked| (it, asked))),
            Kind::Write | Kind::Aside => None,
        };
        let writing = (call.kind == Kind::Write).then(|| Writing::begin(&self.memory, call.bucket.clone()));
        let this = self.clone();
        HttpConnectorFuture::new(async move {
            let _writing = writing;
            match asked {
                Some((question, asked)) => this.memory.answer(question, &asked, this.send(&call, request)).await,
                None => this.send(&call, request).await,
            }
        })
    }
}

impl Connector {
    /// Sends a request when it is its turn.
    async fn send(&self, call: &SignedCall, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let left = self.turns.wait(call).await;
        let answer = async {
            let response = self.inner.call(request).await?;
            if response.status().is_success() {
                if call.kind == Kind::Write {
                    self.memory.wrote(call.bucket.as_deref());
                }
                return Ok(response);
            }
            let answer = Answer::of(response).await?;
            self.turns.refused(call, left, &answer);
            answer.response()
        };
        timeout(ATTEMPT_TIMEOUT, answer).await.unwrap_or_else(|late| Err(ConnectorError::timeout(late.into())))
    }
}
