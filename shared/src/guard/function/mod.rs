//! Lambda function of the guard: one call or one scheduled look per event.

mod read;

use super::letter::{changed, messages, no_rules, of_rule, unread};
use super::ours::{Ours, OwnPart};
use super::quiet::{has_begun, is_through_cloudformation, is_usual_elsewhere, millis, was_running};
use super::watch::parts;
use crate::aws::Aws;
use crate::event::{ApiCall, Body, Event};
use crate::handle::HandleError;
use crate::lambda::log;
use crate::lambda::metrics::Numbers;
use crate::lambda::publish::Outbox;
use crate::lambda::runtime::{Failure, Invocation, Serve, log_group, start};
use crate::model::{Arn, CallError, Region, sanitized};
use crate::reconcile::ports::{Account, REGIONS_AT_ONCE};
use crate::report::mail::MailContext;
use crate::report::{ControlResult, Report};
use crate::settings::{Settings, Stack};
use futures_util::stream::StreamExt;
use futures_util::{FutureExt, stream};
use read::OwnStack;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::process::ExitCode;
use std::rc::Rc;
use tokio::time::timeout_at;
use tracing::warn;

/// Number of events that are remembered as told. Some come by two ways, within a minute or so.
const REMEMBERED: usize = 512;

/// Runs the function until Lambda shuts it down.
#[must_use]
pub fn run() -> ExitCode {
    start(async |settings: Rc<Settings>| {
        let aws = Aws::load(settings.share).await;
        Guard {
            own: OwnStack::new(&aws),
            aws,
            settings,
            numbers: Numbers::start(Guard::NAME),
            told: RefCell::default(),
        }
    })
}

/// Event, by its id, and the topic that it was published to; `None` if there is none and it was logged.
type Told = (String, Option<String>);

struct Guard {
    aws: Aws,
    own: OwnStack,
    settings: Rc<Settings>,
    numbers: Option<Numbers>,
    told: RefCell<VecDeque<Told>>,
}

impl Serve for Guard {
    const NAME: &'static str = "guard";
    type Answer = Report;

    /// Has nothing to prepare: most events need no call but the letter's.
    async fn prepare(&self) {}

    async fn work(&self, invocation: &Invocation) -> Result<Report, Failure> {
        let event = Event::decode(&invocation.payload).map_err(HandleError::Event)?;
        let Some(ours) = Ours::of(&self.settings) else {
            return Err(Failure::again(format!("{} is not set, so no part is known", Stack::SETTING)));
        };
        let found = match timeout_at(invocation.until, self.look(&ours, &event).boxed_local()).await {
            Ok(found) => found?,
            Err(_) => return Err(Failure::again(CallError::OUT_OF_TIME.to_owned())),
        };
        let mut report = Report::of(&event, &self.settings);
        match found {
            Err(why) => report.ignored = Some(why.into()),
            Ok(results) => {
                report.account = Some(event.account().to_owned());
                report.again = results.iter().find(|it| it.retry).map(|it| it.because.to_string());
                report.results = results;
            }
        }
        self.tell(invocation, &report).await?;
        Ok(report)
    }
}

impl Guard {
    /// Returns the results of an event, or why there are none.
    async fn look(&self, ours: &Ours<'_>, event: &Event) -> Result<Result<Vec<ControlResult>, String>, Failure> {
        let account = event.account();
        if !ours.is_in(account) {
            return Ok(Err(format!("an event from account {}, not from this one", sanitized(account))));
        }
        match &event.body {
            Body::ApiCall(call) => Ok(self.call(ours, event, call).await),
            Body::Schedule if account == ours.stack().account => Ok(Ok(self.rules(ours).await?)),
            Body::Schedule | Body::Sweep(_) => Ok(Err("the guard looks at its own account alone".to_owned())),
            Body::Other(what) => Ok(Err(format!("not an event that Trailkeeper handles: {what}"))),
        }
    }

    async fn call(&self, ours: &Ours<'_>, event: &Event, call: &ApiCall) -> Result<Vec<ControlResult>, String> {
        let account = event.account();
        if let Some(other) = call.recipient.as_ref().filter(|recipient| *recipient != account) {
            return Err(format!("a call in account {}, not in that of the event", sanitized(other)));
        }
        let named = parts(call)?;
        let home = account == ours.stack().account;
        let at = event.origin.time.as_deref().and_then(millis);
        let mut arns: Vec<String> =
            named.iter().filter_map(|part| ours.arn(part, account, call.region.as_ref())).collect();
        let by_change_set = home && named.iter().any(|part| matches!(part, OwnPart::ChangeSet(_)));
        if by_change_set && self.stack_says(ours, call, at, has_begun).await.unwrap_or(true) {
            arns.push(ours.stack().id.clone());
        }
        if arns.is_empty() {
            return Err("it is no part of Trailkeeper".to_owned());
        }
        if is_through_cloudformation(call) {
            let quiet = if home {
                self.stack_says(ours, call, at, was_running).await.unwrap_or(false)
            } else {
                is_usual_elsewhere(call)
            };
            if quiet {
                return Err("CloudFormation made it for an operation on Trailkeeper's stack, which is told".to_owned());
            }
        }
        if event.origin.id.as_ref().is_some_and(|id| self.untold(id).is_empty()) {
            return Err("it was told already".to_owned());
        }
        arns.dedup();
        Ok(arns.iter().map(|arn| changed(ours, call, arn)).collect())
    }

    /// Asks the stack that the part of a call is in about the time of the call; `None` if it cannot say.
    async fn stack_says(
        &self,
        ours: &Ours<'_>,
        call: &ApiCall,
        at: Option<i64>,
        asked: fn(&[super::quiet::StackEvent], i64) -> bool,
    ) -> Option<bool> {
        let (stack, at) = (ours.stack(), at?);
        let elsewhere = call.region.as_ref().filter(|region| **region != stack.region && call.service != IAM);
        let (id, region) = match elsewhere {
            Some(region) => (format!("{}-regions", stack.name), region),
            None => (stack.id.clone(), &stack.region),
        };
        match self.own.events(&id, region, at).await {
            Ok(events) => Some(asked(&events, at)),
            Err(error) => {
                warn!(family = Self::NAME, "whether the stack was being deployed cannot be said: {error}");
                None
            }
        }
    }

    /// Looks at the rules of every region that wake functions of ours.
    async fn rules(&self, ours: &Ours<'_>) -> Result<Vec<ControlResult>, Failure> {
        let regions = match &self.settings.regions {
            Some(regions) => regions.clone(),
            None => self.aws.regions().await?,
        };
        let looks = regions.iter().map(|region| self.rules_of(ours, region));
        Ok(stream::iter(looks).buffered(REGIONS_AT_ONCE).concat().await)
    }

    async fn rules_of(&self, ours: &Ours<'_>, region: &Region) -> Vec<ControlResult> {
        let here = *region == ours.stack().region;
        let bus = self.settings.bus.as_ref().filter(|_| here).and_then(|bus| Some(Arn::parse(&bus.arn)?.name()));
        match self.own.rules(&ours.stack().name, bus, region).await {
            Ok(rules) if rules.is_empty() && here => vec![no_rules(ours)],
            Ok(rules) => rules.iter().map(|rule| of_rule(rule, region.as_str())).collect(),
            Err(error) => vec![unread(ours, region.as_str(), &error)],
        }
    }

    /// Logs and publishes a report, and remembers the event.
    async fn tell(&self, invocation: &Invocation, report: &Report) -> Result<(), Failure> {
        let Invocation { request_id, start, by, .. } = invocation;
        log::results(Self::NAME, report, request_id);
        log::ending(Self::NAME, report, request_id, start.elapsed());
        if let Some(numbers) = &self.numbers {
            numbers.count(report);
            numbers.write(start.elapsed());
        }
        // Lambda's retry finds the same to tell, so nothing has to be kept; and what others keep is for another topic.
        let id = report.event.id.as_deref().unwrap_or_default();
        let log_group = log_group();
        let context =
            MailContext { log_group: log_group.as_deref(), request_id: Some(request_id), ..MailContext::NONE };
        let mut outcome = report.again.as_ref().map_or(Ok(()), |again| Err(Failure::again(again.clone())));
        for topic in self.untold(id) {
            // A topic that was cut off does not keep the letter from the others, nor a retry from trying it alone.
            let outbox = Outbox::that_keeps_nothing(Self::NAME, &self.aws, topic.as_deref());
            match outbox.publish(messages(report, context), *by).await {
                Ok(()) if !id.is_empty() && !report.results.is_empty() => {
                    let mut told = self.told.borrow_mut();
                    told.push_front((id.to_owned(), topic));
                    told.truncate(REMEMBERED);
                }
                Ok(()) => {}
                Err(failure) => outcome = Err(failure),
            }
        }
        outcome
    }

    /// Returns the topics that an event was not published to yet.
    fn untold(&self, id: &str) -> Vec<Option<String>> {
        let stack = self.settings.stack.as_ref();
        let mut topics: Vec<Option<String>> = stack.into_iter().flat_map(|it| &it.topics).cloned().map(Some).collect();
        if topics.is_empty() {
            topics.push(self.settings.topic.clone());
        }
        topics.retain(|topic| !self.told.borrow().iter().any(|(known, to)| known == id && to == topic));
        topics
    }
}

/// Service whose calls are events of one region, wherever the stack is.
const IAM: &str = "iam.amazonaws.com";
