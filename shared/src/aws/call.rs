//! One AWS call: its failure turned into ours.

use crate::error::{CallError, Kind};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::error::Error;

/// Awaits a call of an SDK. `action` is the IAM action that it needs: the policies are held equal to these.
///
/// # Errors
/// Whatever the SDK raised once its own retries were used up.
pub async fn call<T, E>(
    action: &'static str,
    sent: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
) -> Result<T, CallError>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    sent.await.map_err(|error| {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let (kind, code) = match &error {
            SdkError::ServiceError(service) => {
                let code = service.err().code();
                (
                    Kind::of(code, status),
                    code.map_or_else(|| format!("HTTP {}", status.unwrap_or_default()), str::to_owned),
                )
            }
            SdkError::TimeoutError(_) => (Kind::Transient, "Timeout".to_owned()),
            SdkError::DispatchFailure(_) => (Kind::Transient, "NoConnection".to_owned()),
            SdkError::ResponseError(_) => (Kind::Transient, "UnreadableAnswer".to_owned()),
            _ => (Kind::Rejected, "NotSent".to_owned()),
        };
        let told = error.as_service_error().and_then(ProvideErrorMetadata::message).map(str::to_owned);
        let message = told.unwrap_or_else(|| DisplayErrorContext(&error).to_string());
        CallError { action, kind, code, message: crate::event::legible(&message) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityError as Refusal;
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    async fn failed(error: SdkError<Refusal, HttpResponse>) -> CallError {
        call("sts:GetCallerIdentity", async { Err::<(), _>(error) }).await.expect_err("a failure")
    }

    #[tokio::test]
    async fn an_answer_is_sorted_by_its_code() {
        let refusal = Refusal::generic(ErrorMetadata::builder().code("AccessDenied").message("no\nmore").build());
        let answer = HttpResponse::new(403.try_into().expect("a status"), SdkBody::empty());
        let error = failed(SdkError::service_error(refusal, answer)).await;
        assert_eq!(
            (error.kind, error.code.as_str(), error.message.as_str()),
            (Kind::Denied, "AccessDenied", "no more")
        );
    }

    #[tokio::test]
    async fn no_answer_is_worth_another_try() {
        for (error, code) in [
            (SdkError::timeout_error("late"), "Timeout"),
            (SdkError::dispatch_failure(ConnectorError::io("cut".into())), "NoConnection"),
        ] {
            let error = failed(error).await;
            assert!(error.retryable() && error.code == code, "{error}");
        }
        assert!(!failed(SdkError::construction_failure("nonsense")).await.retryable());
    }
}
