//! The function: settings, clients and logs once, then one event after another.

use crate::aws::{AtHome, Aws};
use crate::desk::{Desk, Desks};
use crate::engine::{Read, Write};
use crate::error::CallError;
use crate::event::{Event, EventError};
use crate::handle::{self, Account, HandleError, handle};
use crate::ledger::Tell;
use crate::log;
use crate::message::messages;
use crate::metrics::Numbers;
use crate::model::Family;
use crate::registry::control_ids;
use crate::report::Report;
use crate::settings::{Mode, Settings};
use futures_util::FutureExt;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::cell::RefCell;
use std::ffi::OsStr;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::{Instant, timeout_at};
use tracing::{error, info, warn};

/// A family that has its SDKs on board.
pub trait Connected: Family {
    /// What reads and writes its resources.
    type Io: Read<Self> + Write<Self>;
    /// Makes that out of the account's configuration.
    fn connect(aws: &Aws, settings: &Settings) -> Self::Io;
}

/// What is kept of the time that Lambda gives, to publish the report and to answer: this, or a quarter if that is less.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Runs the function of family `F` until Lambda ends it.
#[must_use]
pub fn run<F: Connected>() -> ExitCode {
    log::start();
    let vars = std::env::vars_os().map(|(name, value)| (lossy(&name), lossy(&value)));
    let settings = match Settings::parse(vars, &control_ids()) {
        Ok(settings) => settings,
        Err(problem) => {
            error!(family = F::NAME, "{problem}");
            return ExitCode::FAILURE;
        }
    };
    for name in &settings.unknown {
        warn!(family = F::NAME, name, "{name} is no setting of Trailkeeper; is it misspelt?");
    }
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        error!(family = F::NAME, "this is a Lambda function: run it with `cargo lambda watch`, or deploy it");
        return ExitCode::FAILURE;
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            error!(%error, "no runtime could be started");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(serve::<F>(&settings)) {
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

async fn serve<F: Connected>(settings: &Settings) -> Result<(), lambda_runtime::Error> {
    let aws = Aws::load().await;
    let desks = Desks::new(Desk::new(aws, settings), settings);
    let function = Function::<F> { desks, settings, numbers: Numbers::start(F::NAME) };
    let events = lambda_runtime::run(service_fn(|event: LambdaEvent<Payload>| function.answer(event)));
    // Who we are is asked while the first event is on its way. If that fails, the event asks again and says so.
    let (served, _) = tokio::join!(events, function.desks.home.aws.identity());
    served
}

/// What Lambda hands us: JSON, or what is wrong with it. So a payload that is none gets an answer of ours.
struct Payload(Result<Value, String>);

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Value::deserialize(deserializer).map_err(|problem| problem.to_string())))
    }
}

struct Function<'a, F: Connected> {
    desks: Desks<'a, F>,
    settings: &'a Settings,
    numbers: Option<Numbers>,
}

impl<F: Connected> Function<'_, F> {
    async fn answer(&self, event: LambdaEvent<Payload>) -> Result<Report, Failure> {
        let request_id = event.context.request_id.clone();
        self.work(event).boxed_local().await.inspect_err(|failure| {
            error!(
                family = F::NAME,
                request_id,
                error_type = failure.kind,
                "the invocation failed: {}",
                failure.message
            );
        })
    }

    async fn work(&self, event: LambdaEvent<Payload>) -> Result<Report, Failure> {
        let start = Instant::now();
        let left = time_left(event.context.deadline);
        let until = start + left.saturating_sub(LAST_WORDS.min(left / 4));
        // Without a control that may write there is no writer at all.
        let may_write = F::CONTROLS.iter().any(|control| self.settings.modes.of(&control.about) == Mode::Enforce);
        let payload = event.payload.0.map_err(|problem| HandleError::Event(EventError::Json(problem)))?;
        let decoded = Event::decode(&payload).map_err(HandleError::Event)?;
        let telling = Telling {
            function: self,
            request_id: &event.context.request_id,
            // In time to say so, should it not get through.
            by: start + left.mul_f32(0.95),
            failure: RefCell::default(),
        };
        let report = match timeout_at(until, self.desks.of(&decoded).boxed_local()).await {
            Ok(Ok(desk)) => {
                let writer = may_write.then_some(&desk.io);
                let desk = handle::Desk { account: &desk.aws, reader: &desk.io, writer };
                let home = AtHome { aws: &self.desks.home.aws, bus: self.settings.bus.as_ref() };
                // Boxed, as the walk's future is large and deep.
                handle::<F, _, _, _, _, _>(&home, desk, &telling, self.settings, &decoded, until).boxed_local().await?
            }
            Ok(Err(error)) => self.shut(&error, &telling, &decoded).await?,
            Err(_) => return Err(Failure::again(CallError::OUT_OF_TIME.to_owned())),
        };
        log::ending::<F>(&report, &event.context.request_id, start.elapsed());
        if let Some(numbers) = &self.numbers {
            numbers.write(start.elapsed());
        }
        match (telling.failure.take(), &report.again) {
            (Some(failure), _) => Err(failure),
            (None, Some(again)) => Err(Failure::again(again.clone())),
            (None, None) => Ok(report),
        }
    }

    /// Tells that an account lets us not in. What may pass is tried again; who we are at home has to be known.
    async fn shut(&self, error: &CallError, telling: &Telling<'_, F>, event: &Event) -> Result<Report, Failure> {
        let home = self.desks.home.aws.identity().await.map_err(HandleError::Call)?;
        Ok(handle::shut::<F, _>(&home, error, telling, self.settings, event).await)
    }

    /// Tells people what they want to hear of. Where there is no topic, or it cannot be reached, the log is the only
    /// place for the report, and gets it whole.
    async fn publish(&self, report: &Report, by: Instant) -> Result<(), Failure> {
        let mut outcome = Ok(());
        for message in messages(report) {
            let (subject, whole) = (message.subject.clone(), message.report.clone());
            if let Some(topic) = &self.settings.topic {
                let problem = match timeout_at(by, self.desks.home.aws.publish(topic, message)).await {
                    Ok(Ok(())) => continue,
                    Ok(Err(error)) => error.to_string(),
                    Err(_) => CallError::OUT_OF_TIME.to_owned(),
                };
                outcome = Err(Failure::again(format!("the report could not be published: {problem}")));
            }
            info!(family = F::NAME, report = whole, "{subject}");
        }
        outcome
    }
}

/// Tells of the results of one event as they come.
struct Telling<'a, F: Connected> {
    function: &'a Function<'a, F>,
    request_id: &'a str,
    by: Instant,
    failure: RefCell<Option<Failure>>,
}

impl<F: Connected> Tell for Telling<'_, F> {
    async fn tell(&self, part: &Report) {
        log::results::<F>(part, self.request_id);
        if let Some(numbers) = &self.function.numbers {
            numbers.count(part);
        }
        if let Err(failure) = self.function.publish(part, self.by).await {
            self.failure.replace(Some(failure));
        }
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
struct Failure {
    kind: &'static str,
    message: String,
}

impl Failure {
    /// Trying again may end better.
    fn again(message: String) -> Self {
        Self { kind: "Trailkeeper.TryAgain", message }
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
