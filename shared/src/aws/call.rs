//! AWS calls, with SDK errors converted into ours.

use crate::model::{CallError, ErrorKind};
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::error::Error;
use std::iter::successors;

/// Awaits an SDK call. `action` is the IAM action that it needs; tests compare the policies with these.
///
/// # Errors
/// Returns any SDK error that remains after the SDK's own retries.
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
                    ErrorKind::of(code, status),
                    code.map_or_else(|| format!("HTTP {}", status.unwrap_or_default()), str::to_owned),
                )
            }
            SdkError::TimeoutError(_) => (ErrorKind::Transient, "Timeout".to_owned()),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => (ErrorKind::Transient, "Timeout".to_owned()),
            SdkError::DispatchFailure(_) => (ErrorKind::Transient, "NoConnection".to_owned()),
            SdkError::ResponseError(_) => (ErrorKind::Transient, "UnreadableAnswer".to_owned()),
            _ => (ErrorKind::Rejected, "NotSent".to_owned()),
        };
        let message = crate::model::sanitized(&describe(&error));
        CallError { action, kind, code, message }
    })
}

/// Number of calls that the process remembers having made: more than it makes until their events have come.
const REMEMBERED: usize = 10_000;

thread_local! {
    /// Request ids of the latest calls that changed something. One thread runs everything.
    static MADE: RefCell<VecDeque<String>> = const { RefCell::new(VecDeque::new()) };
}

/// Awaits an SDK call that changes something, and remembers the id that AWS gave the request. CloudTrail records the
/// same id ([CloudTrail record contents], `requestID`), so that nobody can pass their call off as this one.
///
/// [CloudTrail record contents]: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
///
/// # Errors
/// Returns any SDK error that remains after the SDK's own retries.
pub fn write_call<T, E>(
    action: &'static str,
    sent: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
) -> impl Future<Output = Result<T, CallError>>
where
    T: RequestId,
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    // Boxed, as the SDK's futures are large.
    let sent = Box::pin(sent);
    async move {
        let answer = call(action, sent).await;
        if let Some(id) = answer.as_ref().ok().and_then(RequestId::request_id) {
            MADE.with_borrow_mut(|made| {
                made.truncate(REMEMBERED - 1);
                made.push_front(id.to_owned());
            });
        }
        answer
    }
}

/// Returns whether this process made the call with this request id.
pub(super) fn made(request_id: &str) -> bool {
    MADE.with_borrow(|made| made.iter().any(|id| id == request_id))
}

/// Describes an error for people: AWS's message, or else what each error down to the cause adds to the previous one.
fn describe<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let answer = error.as_service_error();
    match answer.map(|answer| (answer.code(), answer.message())) {
        Some((Some("InvalidObjectState"), _)) => return "the object is archived: restore it first".to_owned(),
        Some((_, Some(message))) => return message.to_owned(),
        _ => {}
    }
    let first = answer.map_or(Some(error as &(dyn Error + 'static)), Error::source);
    let mut describe: Vec<String> = Vec::new();
    for cause in successors(first, |error| (**error).source()) {
        if matches!(cause.downcast_ref(), Some(CredentialsError::CredentialsNotLoaded(_))) {
            return "no AWS credentials were found".to_owned();
        }
        let words = cause.to_string();
        // Error metadata is skipped, since it displays as Rust's debug form.
        if !cause.is::<ErrorMetadata>() && !describe.iter().any(|before| before.contains(&words)) {
            describe.push(words);
        }
    }
    match (answer.map(|answer| answer.code()), error.raw_response()) {
        (Some(Some(_)), Some(response)) if describe.is_empty() => {
            format!("HTTP {}, no details", response.status().as_u16())
        }
        _ if describe.is_empty() => "no details".to_owned(),
        _ => describe.join(": "),
    }
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
            (ErrorKind::Denied, "AccessDenied", "no more")
        );
    }

    #[tokio::test]
    async fn what_went_wrong_is_told_without_the_debug_form_of_errors() {
        let answer = || HttpResponse::new(403.try_into().expect("a status"), SdkBody::empty());
        let refusal = |code: Option<&str>| {
            let about = match code {
                Some(code) => ErrorMetadata::builder().code(code),
                None => ErrorMetadata::builder(),
            };
            SdkError::service_error(Refusal::generic(about.build()), answer())
        };
        let nobody = CredentialsError::not_loaded("nothing was there");
        let refused = std::io::Error::other("tcp connect error: Connection refused (os error 111)");
        for (error, describe) in [
            (refusal(None), "(HTTP 403: no details)"),
            (refusal(Some("NotFound")), "(NotFound: HTTP 403, no details)"),
            (refusal(Some("InvalidObjectState")), "(InvalidObjectState: the object is archived: restore it first)"),
            (
                SdkError::dispatch_failure(ConnectorError::other(nobody.into(), None)),
                "(NoConnection: no AWS credentials were found)",
            ),
            (
                SdkError::dispatch_failure(ConnectorError::io(refused.into())),
                "(NoConnection: dispatch failure: io error: tcp connect error: Connection refused (os error 111))",
            ),
        ] {
            let error = failed(error).await.to_string();
            assert!(error.ends_with(describe), "{error}");
        }
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
