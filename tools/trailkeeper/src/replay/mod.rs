//! `trailkeeper replay`: what Trailkeeper would have done with the calls of the past.

mod arguments;
mod bucket;
mod folder;
mod history;
mod keys;
mod taking;

pub(crate) use arguments::{Asked, command};

use crate::arguments::LedgerPlace;
use crate::problem::Problem;
use crate::terminal::{print, print_json};
use arguments::Output;
use chrono::{DateTime, TimeDelta, Utc};
use std::process::ExitCode;
use taking::Taking;
use trailkeeper::aws::Aws;
use trailkeeper_replay::{Assumptions, Page, ReplayReport, text::text};

/// Runs the command.
pub(crate) async fn run(place: &LedgerPlace, asked: &Asked) -> Result<ExitCode, Problem> {
    let aws = Aws::load_as(place.profile.as_deref(), place.region.as_ref()).await;
    let now = Utc::now();
    let history =
        if asked.sources.is_empty() { Some(Box::pin(history::questions(&aws, asked, now)).await?) } else { None };
    // Answers that were kept are of their own days.
    let begin = || asked.days.and_then(|days| now.checked_sub_signed(TimeDelta::days(days.into()))).map(second);
    let assumptions = Assumptions {
        home: place.region.as_ref().map(ToString::to_string),
        log_buckets: asked.log_buckets.clone(),
        from: history.as_ref().map(|questions| questions.from.clone()).or_else(begin),
        days: history.as_ref().map(|questions| questions.days).or(asked.days),
        ..Assumptions::default()
    };
    for source in &asked.sources {
        let is_on_s3 = bucket::url(source).is_some();
        if !is_on_s3 && !std::path::Path::new(source).exists() {
            return Err(Problem::unusable(format!("{}: there is no such file or folder", source.to_string_lossy())));
        }
    }
    let mut taking = Taking::new(assumptions, asked.validate);
    if let Some(questions) = history {
        Box::pin(history::read(&aws, asked, questions, &mut taking)).await?;
    }
    for source in &asked.sources {
        taking.sources.given.push(source.to_string_lossy().into_owned());
        match bucket::url(source) {
            Some((bucket, prefix)) => Box::pin(bucket::read(&aws, bucket, prefix, &mut taking)).await,
            None => folder::read(source.as_ref(), &mut taking),
        }
    }
    if let Some(chain) = taking.chain.take() {
        let keys = Box::pin(keys::of(&aws, &chain, &mut taking)).await;
        taking.sources.validation =
            Some(chain.validate(&|region, fingerprint, signed, signature| {
                keys.verify(region, fingerprint, signed, signature)
            }));
    }
    // A report about nothing would look like good news. What a region refuses last are the calls themselves.
    let of_history = asked.sources.is_empty();
    let is_nothing = if of_history { !taking.is_answered } else { taking.sources.files == 0 };
    let unread = &taking.sources.unread;
    if let (true, Some(it)) = (is_nothing, if of_history { unread.last() } else { unread.first() }) {
        return Err(Problem::unusable(format!("nothing could be read: {}: {}", it.what, it.because)));
    }
    let report = taking.finish();
    write(&asked.outputs, &report, now)?;
    if asked.json {
        print_json(&report)?;
    } else {
        print(&text(&report))?;
    }
    if report.validation.as_ref().is_some_and(|it| it.digests == 0) {
        return Err(Problem::unusable(
            "--validate: nothing was validated, since there is no digest file among the files: give the folder or prefix above \
             CloudTrail-Digest as well, such as s3://my-logs/AWSLogs/111122223333/",
        ));
    }
    Ok(ExitCode::from(report.exit_code()))
}

/// Writes the report into files.
fn write(outputs: &[Output], report: &ReplayReport, now: DateTime<Utc>) -> Result<(), Problem> {
    let unusable = |error: &dyn std::fmt::Display| Problem::unusable(error.to_string());
    for output in outputs {
        let (path, text) = match output {
            Output::Html(path) => (path, Page::of(report, &second(now)).html().map_err(|error| unusable(&error))?),
            Output::Json(path) => (path, serde_json::to_string_pretty(report).map_err(|error| unusable(&error))?),
        };
        std::fs::write(path, text).map_err(|error| unusable(&format!("--output: {}: {error}", path.display())))?;
    }
    Ok(())
}

/// Returns a time as records have it.
fn second(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
