//! Integration with Lambda's runtime: what every function of ours does around its events.

use super::log;
use crate::event::EventError;
use crate::families::control_ids;
use crate::handle::{Deadlines, HandleError};
use crate::model::CallError;
use crate::settings::Settings;
use futures_util::FutureExt;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::ffi::OsStr;
use std::fmt;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;
use tracing::{error, warn};

/// Event handling of a function.
#[allow(async_fn_in_trait, reason = "one thread runs everything, so no future has to be Send")]
pub(crate) trait Serve {
    /// Name of the function.
    const NAME: &'static str;
    /// Response of the function.
    type Answer: Serialize;

    /// Prepares for events while the first is on its way. If that fails, the event tries again and reports the error.
    async fn prepare(&self);

    /// Handles one event.
    async fn work(&self, invocation: &Invocation) -> Result<Self::Answer, Failure>;
}

/// Event to handle, and its time limits.
#[derive(Debug)]
pub(crate) struct Invocation {
    /// Event as JSON.
    pub(crate) payload: Value,
    /// Request id of the invocation, assigned by Lambda.
    pub(crate) request_id: String,
    /// Time at which the event arrived.
    pub(crate) start: Instant,
    /// Time at which the work must end, so that there is time for the report.
    pub(crate) until: Instant,
    /// Deadline for publishing the report, early enough to report a failure.
    pub(crate) by: Instant,
}

/// Runs a function until Lambda ends it.
pub(crate) fn start<S: Serve>(connect: impl AsyncFnOnce(Rc<Settings>) -> S) -> ExitCode {
    log::start();
    let vars = std::env::vars_os().map(|(name, value)| (lossy(&name), lossy(&value)));
    let settings = match Settings::parse(vars, &control_ids()) {
        Ok(settings) => Rc::new(settings),
        Err(problem) => {
            error!(family = S::NAME, "{problem}");
            return ExitCode::FAILURE;
        }
    };
    for name in &settings.unknown {
        warn!(family = S::NAME, name, "{name} is not a Trailkeeper setting; is it misspelled?");
    }
    for unknown in &settings.unknown_controls {
        warn!(family = S::NAME, control = unknown.id, "{unknown}");
    }
    if let Some(unlisted) = settings.home.unlisted().filter(|_| settings.regions.is_none()) {
        warn!(family = S::NAME, "no sweep can begin: {unlisted}");
    }
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        error!(family = S::NAME, "this is a Lambda function: run it with `cargo lambda watch`, or deploy it");
        return ExitCode::FAILURE;
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            error!(%error, "the runtime could not be started");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(async { serve(&connect(settings).await).await }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!(%error, "the connection to the Lambda Runtime API broke");
            ExitCode::FAILURE
        }
    }
}

/// Returns the name of the function's log group, as Lambda gives it.
pub(crate) fn log_group() -> Option<String> {
    std::env::var("AWS_LAMBDA_LOG_GROUP_NAME").ok().filter(|name| !name.is_empty())
}

/// Converts a variable to text. Invalid Unicode is not a valid setting either, and is rejected as it then looks.
fn lossy(text: &OsStr) -> String {
    text.to_string_lossy().into_owned()
}

async fn serve<S: Serve>(function: &S) -> Result<(), lambda_runtime::Error> {
    let events = lambda_runtime::run(service_fn(|event: LambdaEvent<Payload>| answer(function, event)));
    let (served, ()) = tokio::join!(events, function.prepare());
    served
}

async fn answer<S: Serve>(function: &S, event: LambdaEvent<Payload>) -> Result<S::Answer, Failure> {
    let start = Instant::now();
    let Deadlines { until, by } = Deadlines::of(start, time_left(event.context.deadline));
    let request_id = event.context.request_id;
    let invocation =
        event.payload.0.map(|payload| Invocation { payload, request_id: request_id.clone(), start, until, by });
    let work = async {
        match &invocation {
            Ok(invocation) => function.work(invocation).await,
            Err(problem) => Err(HandleError::Event(EventError::Json(problem.clone())).into()),
        }
    };
    // Boxed, as the future is large and deep.
    work.boxed_local().await.inspect_err(|Failure { kind, message }| {
        error!(family = S::NAME, request_id, error_type = kind, "the invocation failed: {message}");
    })
}

/// Payload from Lambda: JSON, or the parse error, so that an invalid payload gets our own error response.
struct Payload(Result<Value, String>);

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Value::deserialize(deserializer).map_err(|problem| problem.to_string())))
    }
}

/// Time limit of an event if the deadline that Lambda gives is unusable. `cargo lambda watch` sends a duration instead.
const UNTOLD: Duration = Duration::from_mins(1);

/// Returns how much time is left. Lambda gives its deadline as milliseconds since 1970.
fn time_left(deadline: u64) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    match Duration::from_millis(deadline).saturating_sub(now) {
        Duration::ZERO => UNTOLD,
        left => left,
    }
}

/// Failure of an invocation, as Lambda and the dead-letter queue see it.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    kind: &'static str,
    message: String,
}

impl Failure {
    /// Creates a failure that a retry may resolve.
    pub(crate) fn again(message: String) -> Self {
        Self { kind: "Trailkeeper.TryAgain", message }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        HandleError::Call(error).into()
    }
}

impl From<HandleError> for Failure {
    fn from(error: HandleError) -> Self {
        let message = error.to_string();
        match error {
            HandleError::Event(_) => Self { kind: "Trailkeeper.BadEvent", message },
            HandleError::Call(error) if error.retryable() => Self::again(message),
            HandleError::Call(_) => Self { kind: "Trailkeeper.CallFailed", message },
        }
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Self { error_type: failure.kind.to_owned(), error_message: failure.message }
    }
}
