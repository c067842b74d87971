//! Reads CloudTrail's event history by `LookupEvents`: twice a second in each region, all regions side by side, and from where
//! an earlier run has ended.

use super::arguments::Asked;
use super::second;
use super::taking::{Taking, words};
use crate::problem::{Problem, Whose};
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use aws_smithy_types::DateTime;
use chrono::{TimeDelta, Utc};
use futures_util::future::join_all;
use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, IsTerminal, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;
use trailkeeper::aws::{Aws, CloudTrail, Pace, call};
use trailkeeper::model::{CallError, Region};
use trailkeeper::reconcile::ports::Account;
use trailkeeper_replay::Calls;
use trailkeeper_replay::lookup::{Answered, Open, Page, Questions, REACH};

/// Time between two calls in a region: a little more than the two a second that [CloudTrail allows][limits].
///
/// [limits]: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
const APART: Duration = Duration::from_millis(550);

/// Number of events on a page, the most that there can be.
const ON_A_PAGE: i32 = 50;

/// Returns what is to be asked: what an earlier run has asked, if its answers are kept, and else what the arguments say.
pub(super) async fn questions(aws: &Aws, asked: &Asked, now: chrono::DateTime<Utc>) -> Result<Questions, Problem> {
    let person = aws.identity().await.map_err(|error| Problem::call(&error, &Whose::default()).of_ledger())?;
    if let Some(path) = asked.keep.as_deref().filter(|path| path.exists()) {
        return kept(path, &person.account, asked);
    }
    let days = asked.days.unwrap_or(REACH);
    let from = now.checked_sub_signed(TimeDelta::days(days.into())).unwrap_or(now);
    let regions = match asked.regions.as_slice() {
        [] => aws.regions().await.map_err(|error| Problem::call(&error, &Whose::default()).of_ledger())?,
        regions => regions.to_vec(),
    };
    let regions = regions.iter().map(ToString::to_string).collect();
    let mut names = Calls::watched().to_look_up();
    names.retain(|name| asked.calls.is_empty() || asked.calls.iter().any(|call| call == name));
    Ok(Questions::new(&person.account, (second(from), second(now), days), regions, &names))
}

/// Returns what an earlier run has asked. Whatever differs from it is refused, since its answers would not fit.
fn kept(path: &Path, account: &str, asked: &Asked) -> Result<Questions, Problem> {
    let unusable =
        |why: &dyn std::fmt::Display| Problem::unusable(format!("--keep: {}: {why}", path.to_string_lossy()));
    let file = File::open(path).map_err(|error| unusable(&words(&error)))?;
    let questions = Questions::read(BufReader::new(file)).map_err(|error| unusable(&error))?;
    let theirs = &questions.account;
    if theirs != account {
        return Err(Problem::unusable(format!("--keep: its answers are of account {theirs}, not of {account}")));
    }
    let regions: Vec<String> = asked.regions.iter().map(ToString::to_string).collect();
    let unlike = questions.unlike(asked.days, &regions, &asked.calls);
    if unlike.is_empty() {
        return Ok(questions);
    }
    let begun = unlike.join(" ");
    Err(unusable(&format!(
        "it was begun with {begun}: give the same or leave it out, or keep other answers in another file"
    )))
}

/// Reads the history of the account.
pub(super) async fn read(aws: &Aws, asked: &Asked, questions: Questions, taking: &mut Taking) -> Result<(), Problem> {
    let answered = match asked.keep.as_deref().filter(|path| path.exists()) {
        Some(path) => earlier(path, taking)?,
        None => questions.unanswered(),
    };
    taking.is_answered = answered.is_begun();
    let Questions { account, from, to, .. } = &answered.questions;
    taking.sources.given.push(format!("event history of account {account}, {from} to {to}"));
    let left_out = "calls that wake the guard alone: the event history is not asked for them";
    taking.sources.left_out.push(left_out.to_owned());
    if answered.questions.names.len() < Calls::watched().to_look_up().len() {
        let asked = answered.questions.names.join(", ");
        taking.sources.left_out.push(format!("all calls but those that were asked for: {asked}"));
    }
    let asking = Asking {
        cloudtrail: CloudTrail::new(aws),
        pace: Pace::of(APART),
        keep: match &asked.keep {
            Some(path) => Some(RefCell::new(continued(path, &answered)?)),
            None => None,
        },
        progress: RefCell::new((0, answered.open().len())),
        taking: RefCell::new(taking),
        from: from.clone(),
    };
    let open = answered.open();
    let regions: Vec<&String> = answered.questions.regions.iter().collect();
    join_all(regions.into_iter().map(|region| {
        let of: Vec<&Open> = open.iter().filter(|open| open.region == *region).collect();
        asking.region(region, of)
    }))
    .await;
    asking.said();
    Ok(())
}

/// Takes what an earlier run was answered.
fn earlier(path: &Path, taking: &mut Taking) -> Result<Answered, Problem> {
    let unusable =
        |why: &dyn std::fmt::Display| Problem::unusable(format!("--keep: {}: {why}", path.to_string_lossy()));
    let file = File::open(path).map_err(|error| unusable(&words(&error)))?;
    Answered::read(BufReader::new(file), &mut |record| taking.record(record)).map_err(|error| unusable(&error))
}

/// Opens the file of answers behind its last whole line. Nobody else may read what was called in the account.
fn continued(path: &Path, answered: &Answered) -> Result<File, Problem> {
    let open = || -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        file.set_len(answered.whole)?;
        file.seek(SeekFrom::End(0))?;
        if answered.whole == 0 {
            file.write_all(answered.questions.line().as_bytes())?;
        }
        Ok(file)
    };
    open().map_err(|error| Problem::unusable(format!("--keep: {}: {}", path.to_string_lossy(), words(&error))))
}

struct Asking<'t> {
    cloudtrail: CloudTrail,
    pace: Pace,
    keep: Option<RefCell<File>>,
    /// Number of questions that are answered, and of all.
    progress: RefCell<(usize, usize)>,
    taking: RefCell<&'t mut Taking>,
    from: String,
}

impl Asking<'_> {
    /// Asks one region, question after question. After a refusal the region is left, since the next one would be refused, too.
    async fn region(&self, name: &str, open: Vec<&Open>) {
        let Some(region) = Region::parse(name) else { return };
        match self.cloudtrail.describe(&region).await {
            Ok(trails) => {
                for trail in trails {
                    self.taking.borrow_mut().intake.holds(trail.s3_bucket_name(), trail.kms_key_id());
                }
            }
            Err(error) => self.taking.borrow_mut().unread(&format!("the trails of {region}"), &error),
        }
        for (number, question) in open.iter().enumerate() {
            if let Err(error) = Box::pin(self.ask(&region, question)).await {
                let left = open.len() - number;
                let what = format!("{} in {region}, and {} more names of calls there", question.name, left - 1);
                return self.taking.borrow_mut().unread(&what, &error);
            }
            self.progress.borrow_mut().0 += 1;
        }
    }

    async fn ask(&self, region: &Region, question: &Open) -> Result<(), String> {
        let time = |text: &str| DateTime::from_str(text, aws_smithy_types::date_time::Format::DateTime).ok();
        let by_name = LookupAttribute::builder()
            .attribute_key(LookupAttributeKey::EventName)
            .attribute_value(&question.name)
            .build()
            .map_err(|error| error.to_string())?;
        let lookup = self
            .cloudtrail
            .of(region)
            .lookup_events()
            .lookup_attributes(by_name)
            .set_start_time(time(&self.from))
            .set_end_time(time(&question.to))
            .max_results(ON_A_PAGE);
        let mut token = None;
        loop {
            self.pace.turn(region, "LookupEvents").await;
            let sent = lookup.clone().set_next_token(token).send();
            let answer = Box::pin(call("cloudtrail:LookupEvents", sent)).await;
            let answer = answer.map_err(|error: CallError| error.to_string())?;
            let events = answer.events.unwrap_or_default();
            let oldest = events.iter().filter_map(|event| event.event_time).map(|at| at.secs()).min();
            let oldest = oldest.and_then(|at| chrono::DateTime::from_timestamp(at, 0)).map(second);
            token = answer.next_token.filter(|token| !token.is_empty());
            let records = events.into_iter().filter_map(|event| event.cloud_trail_event).collect();
            let (region, name) = (question.region.clone(), question.name.clone());
            self.take(&Page { region, name, oldest, last: token.is_none(), records }).map_err(|error| words(&error))?;
            if token.is_none() {
                return Ok(());
            }
        }
    }

    /// Keeps a page before it is counted.
    fn take(&self, page: &Page) -> io::Result<()> {
        if let Some(file) = &self.keep {
            file.borrow_mut().write_all(page.line().as_bytes())?;
        }
        let mut taking = self.taking.borrow_mut();
        taking.is_answered = true;
        page.records.iter().for_each(|record| taking.record(record));
        if io::stderr().is_terminal() {
            let (answered, all) = *self.progress.borrow();
            eprint!("\r{answered} of {all} questions answered ");
        }
        Ok(())
    }

    fn said(&self) {
        if io::stderr().is_terminal() {
            let (answered, all) = *self.progress.borrow();
            eprintln!("\r{answered} of {all} questions answered ");
        }
    }
}
