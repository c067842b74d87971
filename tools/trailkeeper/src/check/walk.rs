//! The walk over one account: every family as its function sweeps it, without a writer.

use super::accounts::Opened;
use super::progress::Progress;
use chrono::{SecondsFormat, Utc};
use futures_util::FutureExt;
use futures_util::future::join_all;
use std::cell::RefCell;
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::Instant;
use trailkeeper::aws::{AtHome, Aws, Connected, Remembering};
use trailkeeper::event::{Body, Dependency, Event, Origin, Sweep};
use trailkeeper::exemption::Tags;
use trailkeeper::families::families;
use trailkeeper::family::Family;
use trailkeeper::handle::{Echoes, Ports, handle};
use trailkeeper::model::{CallError, OneLine, Place, Region, Seen, Subject};
use trailkeeper::reconcile::ports::{Account, Page, Read, Sink};
use trailkeeper::report::Report;
use trailkeeper::settings::Settings;
use trailkeeper_check::finding::Finding;

/// Longest time for one account, after which what was not read is unknown.
pub(crate) const LONGEST: Duration = Duration::from_hours(6);

/// What was found in one account.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    /// Findings.
    pub(crate) findings: Vec<Finding>,
    /// What was not looked at, and why.
    pub(crate) notes: Vec<OneLine>,
}

/// Calls a function for the family with this name; `None` if there is no such family.
macro_rules! with_family {
    ($name:expr, $function:ident($($argument:expr),* $(,)?)) => {
        match $name {
            "bucket" => Some($function::<trailkeeper::families::bucket::Bucket>($($argument),*).boxed_local().await),
            "key" => Some($function::<trailkeeper::families::key::Key>($($argument),*).boxed_local().await),
            "monitoring" => Some($function::<trailkeeper::families::monitoring::Monitoring>($($argument),*).boxed_local().await),
            "recorder" => Some($function::<trailkeeper::families::recorder::Recorder>($($argument),*).boxed_local().await),
            "trail" => Some($function::<trailkeeper::families::trail::Trail>($($argument),*).boxed_local().await),
            "transfer" => Some($function::<trailkeeper::families::transfer::Transfer>($($argument),*).boxed_local().await),
            "vpc" => Some($function::<trailkeeper::families::vpc::Vpc>($($argument),*).boxed_local().await),
            _ => None,
        }
    };
}
pub(crate) use with_family;

/// Checks one account: all families at once, each at the pace of its function. What several of them ask is asked once.
pub(crate) async fn account(
    home: &Aws,
    account: &Opened,
    settings: &Settings,
    controls: &[&str],
    progress: &Progress,
) -> Walked {
    let walked = RefCell::new(Walked::default());
    let one = async |name: &'static str| {
        let swept = with_family!(name, sweep(home, account, settings, progress, &walked));
        let Some(Err(error)) = swept else { return };
        let note = format!("family {name} of account {}: {error}: nothing of it was checked", account.id);
        walked.borrow_mut().notes.push(note.into());
    };
    let _asked_once = Remembering::begin(&account.aws);
    let due = families().into_iter().filter(|it| it.controls.iter().any(|about| controls.contains(&about.id)));
    join_all(due.map(|family| one(family.name))).await;
    walked.into_inner()
}

async fn sweep<F: Connected>(
    home: &Aws,
    account: &Opened,
    settings: &Settings,
    progress: &Progress,
    walked: &RefCell<Walked>,
) -> Result<(), String> {
    let io = F::connect(&account.aws, settings);
    let reader = Watched { reader: &io, progress };
    let sender = home.identity().await.map_err(|error| error.to_string())?.account;
    let event = Event {
        sender,
        by_aws: false,
        origin: origin("trailkeeper check", None),
        body: Body::Sweep(Sweep::of_account(F::NAME, &account.id)),
    };
    let echoes = Echoes::default();
    let ports = Ports {
        account: &*account.aws,
        reader: &reader,
        writer: None::<&F::Io>,
        ledger: None::<&Infallible>,
        echoes: &echoes,
    };
    let sink = Collector { account: &account.id, walked };
    let home = AtHome { aws: home, bus: None };
    let swept = handle::<F, _, _, _, _, _, _>(&home, ports, &sink, settings, &event, Instant::now() + LONGEST);
    match swept.boxed_local().await {
        Ok(Report { ignored: Some(because), .. }) => Err(because.to_string()),
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// Returns what a change of a person's command is told to come from.
pub(crate) fn origin(name: &str, actor: Option<String>) -> Origin {
    Origin {
        id: None,
        name: name.to_owned(),
        time: Some(Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true)),
        actor,
        source_ip: None,
        user_agent: Some(concat!("trailkeeper/", env!("CARGO_PKG_VERSION")).to_owned()),
    }
}

/// Collects findings as they come.
struct Collector<'a> {
    account: &'a str,
    walked: &'a RefCell<Walked>,
}

impl Sink for Collector<'_> {
    async fn publish(&self, part: &Report) {
        let found = part.results.iter().filter_map(|result| Finding::of(result, self.account));
        self.walked.borrow_mut().findings.extend(found);
    }
}

/// Reader that shows progress, and that stops reading when somebody interrupts the check.
#[derive(Debug)]
pub(crate) struct Watched<'a, R> {
    pub(crate) reader: &'a R,
    pub(crate) progress: &'a Progress,
}

impl<F: Family, R: Read<F>> Read<F> for Watched<'_, R> {
    fn begin(&self, event: &str) {
        self.reader.begin(event);
    }

    async fn list(&self, place: &Place, using: Option<&Dependency>, after: Option<&str>) -> Result<Page, CallError> {
        let listed = self.reader.list(place, using, after).boxed_local();
        let page = self.progress.unless_stopped("listing the resources", listed).await?;
        page.subjects.iter().for_each(|it| self.progress.found(&it.place.region, 1));
        Ok(page)
    }

    async fn locate(&self, place: &Place, id: &str) -> Result<Option<Region>, CallError> {
        self.reader.locate(place, id).await
    }

    async fn observe(&self, subject: &Subject) -> Result<Option<F::View>, CallError> {
        let observed = self.reader.observe(subject).boxed_local();
        let view = self.progress.unless_stopped("reading the resource", observed).await;
        self.progress.read(&subject.place.region);
        view
    }

    async fn tags(&self, subject: &Subject, view: &F::View) -> Result<Seen<Tags>, CallError> {
        self.progress.unless_stopped("reading the tags", self.reader.tags(subject, view).boxed_local()).await
    }
}
