//! Logging: JSON lines with the fields of the report.

use crate::report::{Report, Status, StepReport};
use std::time::Duration;
use tracing::{Level, info};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging JSON lines at level info; `RUST_LOG` overrides it (`debug`, or `trailkeeper=debug,aws_config=warn`).
pub(crate) fn start() {
    let chosen = std::env::var("RUST_LOG").ok().and_then(|filter| filter.parse::<Targets>().ok());
    let quiet = || {
        let ours = Targets::new().with_default(Level::WARN).with_target("trailkeeper", Level::INFO);
        // The runtime would log each of our failures a second time.
        ours.with_target("lambda_runtime::layers", LevelFilter::OFF)
    };
    let lines =
        tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false);
    // Fails only if a log was set up before, which is then used.
    let _ = tracing_subscriber::registry().with(lines).with(chosen.unwrap_or_else(quiet)).try_init();
}

/// Logs the results of an event: a line for each result that is not simply compliant. Policy documents are left out.
pub(crate) fn results(family: &str, report: &Report, request_id: &str) {
    let (event_id, event, actor) = origin(report);
    for outcome in report.results.iter().filter(|outcome| outcome.status != Status::Compliant) {
        info!(
            family,
            request_id,
            event_id,
            event,
            actor,
            account = report.account,
            control = outcome.control,
            resource = &*outcome.resource,
            region = outcome.region,
            status = outcome.status.as_str(),
            severity = outcome.severity.as_str(),
            because = &*outcome.because,
            advice = outcome.advice.as_deref(),
            steps = outcome.steps.iter().map(StepReport::line).collect::<Vec<_>>().join("; "),
            "{} {}: {}",
            outcome.control,
            outcome.status.as_str(),
            outcome.resource
        );
    }
}

/// Logs that an event has been handled: one line per event.
pub(crate) fn ending(family: &str, report: &Report, request_id: &str, took: Duration) {
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let (event_id, event, actor) = origin(report);
    let (ignored, results) = (report.ignored.as_deref(), report.results.len() as u64 + report.omitted);
    let (account, handed_on) = (report.account.as_deref(), report.handed_on);
    let ending = ignored.map_or_else(|| "handled".to_owned(), |why| format!("ignored: {why}"));
    info!(
        family,
        request_id, event_id, event, actor, account, ignored, results, handed_on, duration_ms, "{event} {ending}"
    );
}

fn origin(report: &Report) -> (Option<&str>, &str, Option<&str>) {
    (report.event.id.as_deref(), report.event.name.as_str(), report.event.actor.as_deref())
}
