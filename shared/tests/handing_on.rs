//! Schedules that cover many accounts and regions, and sweeps that do not end in time: each invocation does its part,
//! delegates the rest, and loses nothing.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "this is a test from top to bottom")]

use serde_json::{Value, json};
use std::cell::RefCell;
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use trailkeeper::event::{Dependency, Event, Identity, Sweep};
use trailkeeper::exemption::Tags;
use trailkeeper::families::transfer::{Step, StructuredDestination, Transfer, View};
use trailkeeper::family::Family as _;
use trailkeeper::handle::{Echoes, HandleError, Ports, handle, report_inaccessible};
use trailkeeper::managed::log_group::LogGroup;
use trailkeeper::model::{CallError, ErrorKind, Place, Region, Seen, Subject};
use trailkeeper::reconcile::ports::{Account, Home, Page, Read, Sink, Write};
use trailkeeper::report::{Report, Status};
use trailkeeper::settings::Settings;

const HOME: &str = "111122223333";
const MEMBER: &str = "444455556666";
const BUS: &str = "arn:aws:events:us-east-1:111122223333:event-bus/keeper";

/// An organization of two accounts with two regions each, and the sweeps delegated there.
struct World {
    account: &'static str,
    /// Response of the event bus.
    bus: Result<(), CallError>,
    handed: RefCell<Vec<Sweep>>,
}

impl World {
    fn of(account: &'static str) -> Self {
        Self { account, bus: Ok(()), handed: RefCell::default() }
    }
}

impl Account for World {
    async fn identity(&self) -> Result<Identity, CallError> {
        let arn = format!("arn:aws:sts::{}:assumed-role/Keeper/x", self.account);
        Ok(Identity::of(&arn, "AROA:x").expect("an identity"))
    }

    async fn regions(&self) -> Result<Vec<Region>, CallError> {
        Ok(["us-east-1", "eu-west-1"].map(|it| Region::parse(it).expect("a region")).into())
    }
}

impl Home for World {
    async fn accounts(&self) -> Result<Vec<String>, CallError> {
        Ok([HOME, MEMBER].map(str::to_owned).into())
    }

    async fn delegate(&self, sweeps: &[Sweep]) -> Result<(), CallError> {
        self.handed.borrow_mut().extend_from_slice(sweeps);
        self.bus.clone()
    }
}

/// Servers that log, two per page, with this many pages in each region. Listing a page takes ten seconds.
struct Servers {
    pages: usize,
    seen: RefCell<Vec<Subject>>,
}

impl Read<Transfer> for Servers {
    async fn list(&self, place: &Place, _: Option<&Dependency>, after: Option<&str>) -> Result<Page, CallError> {
        sleep(Duration::from_secs(10)).await;
        let page = after.map_or(0, |after| after.parse::<usize>().expect("a page"));
        let servers = [2 * page, 2 * page + 1].map(|n| Transfer::subject(place.clone(), &format!("s-{n}")));
        let next = (page + 1 < self.pages).then(|| (page + 1).to_string());
        Ok(Page { subjects: servers.into(), next })
    }

    async fn observe(&self, subject: &Subject) -> Result<Option<View>, CallError> {
        self.seen.borrow_mut().push(subject.clone());
        let arn = "arn:aws:logs:us-east-1:111122223333:log-group:g:*".to_owned();
        let group = Seen::Present(LogGroup { name: "g".to_owned(), ..LogGroup::default() });
        let structured_destinations = vec![StructuredDestination { arn, group }];
        let role = Seen::Absent;
        let (workflows, tags) = (false, Tags::new());
        Ok(Some(View {
            logging_role: None,
            structured_destinations,
            workflows,
            tags,
            role,
            managed_role: Seen::NotAsked,
            role_taken: false,
        }))
    }
}

impl Write<Transfer> for Servers {
    async fn apply(&self, _: &Subject, step: &Step) -> Result<(), CallError> {
        panic!("a dry run writes nothing: {step}")
    }
}

struct Nobody;

impl Sink for Nobody {
    async fn publish(&self, _: &Report) {}
}

fn settings(vars: &[(&str, &str)]) -> Settings {
    let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::parse(vars, &[]).expect("settings")
}

fn alone() -> Settings {
    settings(&[("TRAILKEEPER_BUS", BUS)])
}

fn organized() -> Settings {
    settings(&[("TRAILKEEPER_BUS", BUS), ("TRAILKEEPER_ORGANIZATION", "o-a1b2c3d4e5")])
}

fn scheduled() -> Value {
    json!({"detail-type": "Scheduled Event", "source": "aws.scheduler", "account": HOME, "detail": "{}"})
}

fn handed_on(sweep: &Sweep) -> Value {
    json!({"detail-type": Sweep::DETAIL_TYPE, "source": Sweep::SOURCE, "account": HOME, "detail": sweep})
}

async fn run(world: &World, servers: &Servers, settings: &Settings, event: &Value) -> Result<Report, HandleError> {
    let (event, member) = (Event::decode(event).expect("an event"), World::of(MEMBER));
    let account = if event.account() == MEMBER { &member } else { world };
    let echoes = Echoes::default();
    let ports =
        Ports { account, reader: servers, writer: None::<&Servers>, ledger: None::<&Infallible>, echoes: &echoes };
    let until = Instant::now() + Duration::from_mins(1);
    handle::<Transfer, _, _, _, _, _, _>(world, ports, &Nobody, settings, &event, until).await
}

/// Handles an event and all sweeps that result from it, and returns the reports.
async fn run_all(servers: &Servers, settings: &Settings) -> Vec<Report> {
    let (mut due, mut reports) = (vec![scheduled()], Vec::new());
    while let Some(event) = due.pop() {
        let world = World::of(HOME);
        reports.push(run(&world, servers, settings, &event).await.expect("a report"));
        due.extend(world.handed.borrow().iter().map(handed_on));
    }
    reports
}

fn servers(pages: usize) -> Servers {
    Servers { pages, seen: RefCell::default() }
}

fn names(servers: &Servers) -> Vec<String> {
    let mut arns: Vec<String> = servers.seen.borrow().iter().map(|subject| subject.arn.clone()).collect();
    arns.sort_unstable();
    arns
}

#[tokio::test(start_paused = true)]
async fn a_schedule_reaches_every_account_and_region_in_an_invocation_of_its_own() {
    let servers = servers(1);
    let reports = run_all(&servers, &organized()).await;
    assert_eq!(reports.iter().map(|it| it.handed_on).collect::<Vec<_>>(), [2, 2, 0, 0, 2, 0, 0]);
    let expected = [HOME, MEMBER].map(|account| {
        ["eu-west-1", "us-east-1"]
            .map(|region| ["s-0", "s-1"].map(|id| format!("arn:aws:transfer:{region}:{account}:server/{id}")))
    });
    let mut expected: Vec<String> = expected.into_iter().flatten().flatten().collect();
    expected.sort_unstable();
    assert_eq!(names(&servers), expected);
    assert!(reports.iter().all(|it| {
        it.results
            .iter()
            .all(|result| it.account.as_ref().is_some_and(|account| result.resource.contains(account.as_str())))
    }));
}

#[tokio::test(start_paused = true)]
async fn an_account_that_is_left_out_is_not_even_entered() {
    let vars = [("TRAILKEEPER_BUS", BUS), ("TRAILKEEPER_ORGANIZATION", "o-a1b2c3d4e5")];
    for (rule, accounts) in [("control=all account=4444*", 1), ("control=all account=4444* until=2020-01-01", 2)] {
        let world = World::of(HOME);
        let exempting = settings(&[vars[0], vars[1], ("TRAILKEEPER_EXEMPT", rule)]);
        let report = run(&world, &servers(1), &exempting, &scheduled()).await.expect("a report");
        assert_eq!(report.handed_on, accounts);
        let error =
            CallError { action: "sts:AssumeRole", kind: ErrorKind::Denied, code: "X".into(), message: "no".into() };
        let event = Event::decode(&handed_on(&Sweep::of_account("transfer", MEMBER))).expect("an event");
        let us = world.identity().await.expect("an identity");
        let report_inaccessible =
            report_inaccessible::<Transfer, _>(&us, &error, &Nobody, &exempting, (&event, &[&event])).await;
        assert_eq!(report_inaccessible.results[0].status, if accounts == 1 { Status::Exempt } else { Status::Unknown });
    }
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_gets_late_is_handed_on_and_no_server_is_left_out_or_seen_twice() {
    for pages in [1, 4, 9] {
        let servers = servers(pages);
        let reports = run_all(&servers, &alone()).await;
        let all = names(&servers);
        let mut once = all.clone();
        once.dedup();
        assert_eq!((all.len(), once.len()), (4 * pages, 4 * pages), "two regions with two servers a page");
        // Three pages fit into the first half of a minute.
        assert_eq!(reports.len(), 1 + 2 * (pages.div_ceil(3) - 1));
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_bus_a_sweep_goes_as_far_as_its_time_suffices_and_is_tried_again() {
    let report = run(&World::of(HOME), &servers(9), &settings(&[]), &scheduled()).await.expect("a report");
    assert_eq!(report.handed_on, 0);
    assert!(report.again.is_some_and(|again| again.contains("ran out of time")));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_handed_on_is_told() {
    for (kind, status, again) in
        [(ErrorKind::Denied, Status::Unknown, false), (ErrorKind::Transient, Status::Failed, true)]
    {
        let error = CallError { action: "events:PutEvents", kind, code: "X".into(), message: "no".into() };
        let world = World { bus: Err(error.clone()), ..World::of(HOME) };
        let report = run(&world, &servers(9), &alone(), &scheduled()).await.expect("a report");
        let published: Vec<_> = report.results.iter().filter(|result| result.resource.ends_with("server/*")).collect();
        assert_eq!(published.len(), 2, "one for each region");
        assert!(published.iter().all(|result| result.status == status && result.because.contains("events:PutEvents")));
        assert_eq!(report.again.is_some(), again);
        let failed = run(&world, &servers(1), &organized(), &scheduled()).await;
        assert_eq!(failed.expect_err("no account is reached"), HandleError::Call(error));
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_without_an_end_is_given_up() {
    let region = Region::parse("eu-west-1").expect("a region");
    let last = Sweep { part: Sweep::LAST_PART, ..Sweep::of_account("transfer", HOME).in_region(&region) };
    let world = World::of(HOME);
    let report = run(&world, &servers(9), &alone(), &handed_on(&last)).await.expect("a report");
    assert!(world.handed.borrow().is_empty());
    assert!(report.results.iter().any(|result| result.because.contains("is not finished after 1000 invocations")));
}
