//! Life under Lambda's runtime: what every function of ours does around its events.

use super::log;
use crate::event::EventError;
use crate::families::control_ids;
use crate::handle::HandleError;
use crate::model::CallError;
use crate::settings::Settings;
use futures_util::FutureExt;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::ffi::OsStr;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;
use tracing::{error, warn};

/// What a function does with its events.
#[allow(async_fn_in_trait, reason = "one thread runs everything, so no future has to be Send")]
pub(crate) trait Serve {
    /// The name of the function.
    const NAME: &'static str;
    /// What it answers.
    type Answer: Serialize;

    /// Makes ready for events while the first is on its way. If that fails, the event does it again and says so.
    async fn prepare(&self);

    /// Deals with one event.
    async fn work(&self, invocation: &Invocation) -> Result<Self::Answer, Failure>;
}

/// One event, and how long it may take.
#[derive(Debug)]
pub(crate) struct Invocation {
    /// The event as JSON.
    pub(crate) payload: Value,
    /// Lambda's id of the invocation.
    pub(crate) request_id: String,
    /// When it came.
    pub(crate) start: Instant,
    /// When the work has to end, so that there is time for the report.
    pub(crate) until: Instant,
    /// When the report has to be out, in time to say so should it not get through.
    pub(crate) by: Instant,
}

/// What is kept of the time that Lambda gives, to publish the report and to answer: this, or a quarter if that is less.
const LAST_WORDS: Duration = Duration::from_secs(3);

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

/// A variable as text. What is no Unicode is no setting either, and is refused as what it looks like.
fn lossy(text: &OsStr) -> String {
    text.to_string_lossy().into_owned()
}

async fn serve<S: Serve>(function: &S) -> Result<(), lambda_runtime::Error> {
    let events = lambda_runtime::run(service_fn(|event: LambdaEvent<Payload>| answer(function, event)));
    let (served, ()) = tokio::join!(events, function.prepare());
    served
}

async fn answer<S: Serve>(function: &S, event: LambdaEvent<Payload>) -> Result<S::Answer, Failure> {
    let (start, left) = (Instant::now(), time_left(event.context.deadline));
    let request_id = event.context.request_id;
    let invocation = event.payload.0.map(|payload| Invocation {
        payload,
        request_id: request_id.clone(),
        start,
        until: start + left.saturating_sub(LAST_WORDS.min(left / 4)),
        by: start + left.mul_f32(0.95),
    });
    let work = async {
        match &invocation {
            Ok(invocation) => function.work(invocation).await,
            Err(problem) => Err(HandleError::Event(EventError::Json(problem.clone())).into()),
        }
    };
    // Boxed, as it is large and deep.
    work.boxed_local().await.inspect_err(|Failure { kind, message }| {
        error!(family = S::NAME, request_id, error_type = kind, "the invocation failed: {message}");
    })
}

/// What Lambda hands us: JSON, or what is wrong with it. So a payload that is none gets an answer of ours.
struct Payload(Result<Value, String>);

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Value::deserialize(deserializer).map_err(|problem| problem.to_string())))
    }
}

/// How long an event may take where the end that Lambda gives is no use. `cargo lambda watch` sends a length of time
/// in place of it.
const UNTOLD: Duration = Duration::from_mins(1);

/// How much of the invocation is left. Lambda gives its end as milliseconds since 1970.
fn time_left(deadline: u64) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    match Duration::from_millis(deadline).saturating_sub(now) {
        Duration::ZERO => UNTOLD,
        left => left,
    }
}

/// Why an invocation failed, as Lambda and the dead-letter queue see it.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: &'static str,
    message: String,
}

impl Failure {
    /// Trying again may end better.
    pub(crate) fn again(message: String) -> Self {
        Self { kind: "Trailkeeper.TryAgain", message }
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
