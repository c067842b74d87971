//! Batches over an account in memory: whatever leads to a resource, it is looked at once.

use super::*;
use crate::event::Dependency;
use crate::exemption::Tags;
use crate::families::transfer::{Step, StructuredDestination, Transfer, View};
use crate::ledger::{ChangeId, LedgerEntry, Outcome};
use crate::managed::log_group::LogGroup;
use crate::model::Seen;
use crate::reconcile::ports::Page;
use crate::testing::ledger::{MemoryLedger, meant};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::sleep;

const ACCOUNT: &str = "111122223333";

/// Servers of one region, none of which logs until something is written: which depend on what, and what is called.
#[derive(Default)]
struct Servers {
    /// Servers that depend on something, by its name.
    users: BTreeMap<&'static str, Vec<&'static str>>,
    /// Servers that cannot be read.
    broken: BTreeSet<&'static str>,
    mended: RefCell<BTreeSet<String>>,
    observed: RefCell<BTreeMap<String, usize>>,
    written: RefCell<BTreeMap<String, usize>>,
    lists: RefCell<usize>,
    /// Ledger that is slow from the first write on.
    slows: Option<Rc<MemoryLedger>>,
}

fn us() -> Identity {
    Identity::of("arn:aws:sts::111122223333:assumed-role/Keeper/x", "AROAKEEPER:x").expect("an identity")
}

fn count(counts: &RefCell<BTreeMap<String, usize>>, id: &str) {
    *counts.borrow_mut().entry(id.to_owned()).or_default() += 1;
}

impl Account for Servers {
    async fn identity(&self) -> Result<Identity, CallError> {
        Ok(us())
    }

    async fn regions(&self) -> Result<Vec<Region>, CallError> {
        Ok(vec![Region::first()])
    }
}

impl Home for Servers {
    async fn accounts(&self) -> Result<Vec<String>, CallError> {
        Ok(vec![])
    }

    async fn delegate(&self, _: &[Sweep]) -> Result<(), CallError> {
        panic!("nothing is delegated")
    }
}

impl Read<Transfer> for Servers {
    async fn list(&self, place: &Place, using: Option<&Dependency>, _: Option<&str>) -> Result<Page, CallError> {
        *self.lists.borrow_mut() += 1;
        let name = match using {
            Some(Dependency::RolePolicies(name) | Dependency::Role(name) | Dependency::LogGroup(name)) => name.as_str(),
            Some(_) => panic!("not of servers"),
            None => "all",
        };
        if name == "slow" {
            sleep(Duration::from_hours(1)).await;
        }
        let found = self.users.get(name).into_iter().flatten();
        Ok(found.map(|id| Transfer::subject(place.clone(), id)).collect::<Vec<_>>().into())
    }

    async fn observe(&self, subject: &Subject) -> Result<Option<View>, CallError> {
        count(&self.observed, &subject.id);
        if self.broken.contains(subject.id.as_str()) {
            let (kind, code) = (ErrorKind::Transient, "ThrottlingException".to_owned());
            return Err(CallError { action: "transfer:DescribeServer", kind, code, message: "later".to_owned() });
        }
        let logs = self.mended.borrow().contains(&subject.id);
        let group = Seen::Present(LogGroup { name: "g".to_owned(), ..LogGroup::default() });
        let to = StructuredDestination { arn: "arn:aws:logs:us-east-1:111122223333:log-group:g:*".to_owned(), group };
        Ok(Some(View {
            logging_role: None,
            structured_destinations: logs.then_some(to).into_iter().collect(),
            workflows: false,
            tags: Tags::new(),
            role: Seen::Absent,
            managed_role: Seen::Absent,
            role_taken: false,
        }))
    }
}

impl Write<Transfer> for Servers {
    async fn apply(&self, subject: &Subject, step: &Step) -> Result<(), CallError> {
        if let Step::Server(_) = step {
            self.slows.iter().for_each(|ledger| ledger.delay.set(Duration::from_hours(1)));
            count(&self.written, &subject.id);
            self.mended.borrow_mut().insert(subject.id.clone());
        }
        Ok(())
    }
}

/// What was told: for each result, its resource with who called, the first and those beside.
#[derive(Default)]
struct Told(RefCell<Vec<(String, Vec<String>)>>);

impl Sink for Told {
    async fn publish(&self, part: &Report) {
        let callers = std::iter::once(&part.event).chain(&part.beside);
        let callers: Vec<String> =
            callers.filter_map(|it| it.actor.as_deref()?.rsplit('/').next().map(str::to_owned)).collect();
        let told = part.results.iter().filter(|it| it.worth_telling());
        let resource = |it: &ControlResult| it.resource.rsplit('/').next().unwrap_or_default().to_owned();
        self.0.borrow_mut().extend(told.map(|it| (resource(it), callers.clone())));
    }
}

/// Returns a call by somebody, at a second.
fn called(who: &str, second: u32, service: &str, name: &str, request: &Value) -> Event {
    let event = json!({
        "detail-type": "AWS API Call via CloudTrail", "source": format!("aws.{service}"), "account": ACCOUNT,
        "detail": {
            "eventSource": format!("{service}.amazonaws.com"), "eventName": name, "eventType": "AwsApiCall",
            "awsRegion": "us-east-1", "eventTime": format!("2026-11-29T16:00:{second:02}Z"), "eventID": format!("{who}{second}"),
            "requestParameters": request, "responseElements": {"omitted": true},
            "userIdentity": {"type": "IAMUser", "arn": format!("arn:aws:iam::{ACCOUNT}:user/{who}"), "accountId": ACCOUNT},
        },
    });
    Event::decode(&event).expect("an event")
}

fn role(who: &str, second: u32, name: &str) -> Event {
    called(who, second, "iam", "PutRolePolicy", &json!({"roleName": name}))
}

fn group(who: &str, second: u32, name: &str) -> Event {
    called(who, second, "logs", "DeleteLogGroup", &json!({"logGroupName": name}))
}

fn server(who: &str, second: u32, id: &str) -> Event {
    called(who, second, "transfer", "UpdateServer", &json!({"serverId": id}))
}

/// What came of a batch.
struct Came {
    /// Places of the events that are to be tried again.
    again: Vec<usize>,
    told: Vec<(String, Vec<String>)>,
    reports: Vec<GroupReport>,
}

async fn came(servers: &Servers, ledger: &MemoryLedger, events: Vec<Event>, begun: Duration) -> Came {
    let (us, echoes) = (us(), Echoes::default());
    let vars = [("TRAILKEEPER_MODE", "enforce")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let settings = Settings::parse(vars, &[]).expect("settings");
    let events: Vec<(usize, Event)> = events.into_iter().enumerate().collect();
    let (groups, ignored) = Alike::sorted::<Transfer>(&events, Identities::at_home(&us));
    assert_eq!(ignored, []);
    let places: Vec<Vec<usize>> = groups.iter().map(|it| it.events.iter().map(|(at, _)| *at).collect()).collect();
    let sinks: Vec<Told> = groups.iter().map(|_| Told::default()).collect();
    let ports =
        Ports { account: servers, reader: servers, writer: Some(servers), ledger: Some(ledger), echoes: &echoes };
    let now = Instant::now();
    let times = (now + Duration::from_mins(5), Some(now + begun));
    let reports = check::<Transfer, _, _, _, _, _, _>(servers, ports, &sinks, &settings, (&us, groups), times).await;
    let failed = |report: &GroupReport| report.report.as_ref().map_or(true, |report| report.again.is_some());
    let again = reports.iter().zip(places).filter(|(report, _)| failed(report)).flat_map(|(_, places)| places);
    let mut again: Vec<usize> = again.collect();
    again.sort_unstable();
    let mut told: Vec<_> = sinks.into_iter().flat_map(|it| it.0.into_inner()).collect();
    told.sort();
    Came { again, told, reports }
}

async fn run(servers: &Servers, events: Vec<Event>) -> Came {
    came(servers, &MemoryLedger::default(), events, Duration::from_mins(2)).await
}

fn account() -> Servers {
    let users = [("r", vec!["s-1", "s-2"]), ("g", vec!["s-1"]), ("all", vec!["s-1", "s-2", "s-3"])];
    Servers { users: users.into(), ..Servers::default() }
}

fn by(resource: &str, callers: &[&str]) -> (String, Vec<String>) {
    (resource.to_owned(), callers.iter().map(|it| (*it).to_owned()).collect())
}

fn times(counts: &RefCell<BTreeMap<String, usize>>) -> Vec<(String, usize)> {
    counts.borrow().iter().map(|(id, times)| (id.clone(), *times)).collect()
}

fn each(times: usize, ids: &[&str]) -> Vec<(String, usize)> {
    ids.iter().map(|id| ((*id).to_owned(), times)).collect()
}

#[tokio::test(start_paused = true)]
async fn what_several_targets_lead_to_is_looked_at_mended_counted_and_told_once() {
    let (servers, ledger) = (account(), MemoryLedger::default());
    let events = vec![role("alice", 1, "r"), group("bob", 3, "g"), server("carol", 2, "s-1"), group("bob", 4, "none")];
    let Came { again, told, reports } = came(&servers, &ledger, events, Duration::from_mins(2)).await;
    assert_eq!(again, Vec::<usize>::new());
    assert_eq!(told, [by("s-1", &["bob", "carol", "alice"]), by("s-2", &["alice"])]);
    assert_eq!(times(&servers.observed), each(2, &["s-1", "s-2"]), "before and after");
    assert_eq!(times(&servers.written), each(1, &["s-1", "s-2"]));
    let entries = ledger.entries.borrow();
    let causes: Vec<_> = entries.values().map(|it| (it.subject.as_str(), it.cause.name.as_str())).collect();
    assert_eq!(causes, [("s-1", "DeleteLogGroup"), ("s-2", "PutRolePolicy")]);
    let told_in = reports.iter().map(|it| it.told_in.iter().copied().collect());
    assert_eq!(told_in.collect::<Vec<Vec<usize>>>(), [vec![0, 1], vec![1], vec![1, 2], vec![3]]);
}

/// Returns what a function meant that was killed after its calls, minutes ago.
fn killed(id: &str, cause: &Event) -> LedgerEntry {
    let place = us().place(&Region::first());
    let Subject { arn, id: subject, .. } = Transfer::subject(place, id);
    let minutes_ago = Utc::now() - TimeDelta::minutes(6);
    LedgerEntry {
        id: ChangeId::new(minutes_ago, subject.len() as u128),
        account: ACCOUNT.to_owned(),
        subject,
        cause: cause.origin.clone(),
        ..meant(Transfer::NAME, &arn, &[("transfer-server-logging", "it logs nowhere")])
    }
}

#[tokio::test(start_paused = true)]
async fn a_fix_whose_function_was_killed_before_it_told_of_it_is_told_once_by_the_next_that_handles_its_event() {
    let (servers, ledger) = (account(), MemoryLedger::default());
    servers.mended.borrow_mut().extend(["s-1", "s-2", "s-3"].map(str::to_owned));
    let carol = || server("carol", 2, "s-1");
    ledger.keep(&mut killed("s-1", &carol())).await.expect("kept");
    let run = |events| came(&servers, &ledger, events, Duration::from_mins(2));
    let outcome = || ledger.entries.borrow().values().map(|it| it.outcome).collect::<Vec<_>>();
    assert_eq!(run(vec![server("dora", 5, "s-1")]).await.told, [], "carol's function may still be at it");
    assert_eq!(outcome(), [Outcome::Meant]);
    let Came { told, reports, .. } = run(vec![role("alice", 1, "none"), server("dora", 5, "s-3"), carol()]).await;
    assert_eq!((told, outcome()), (vec![by("s-1", &["carol"])], vec![Outcome::FoundRight]));
    let results = reports.iter().filter_map(|it| it.report.as_ref().ok()).flat_map(|it| &it.results);
    let fixes: Vec<_> = results.filter(|it| it.status == Status::Fixed).collect();
    let [fix] = fixes.as_slice() else { panic!("{fixes:?}") };
    assert_eq!(fix.change, ledger.entries.borrow().keys().next().copied());
    assert!(fix.because.starts_with("it logs nowhere; ") && fix.right_at.is_some(), "{}", fix.because);
    assert_eq!(run(vec![server("dora", 6, "s-1")]).await.told, [], "whoever closed it is about to tell it");
    assert_eq!(run(vec![carol()]).await.told, [by("s-1", &["carol"])], "unless that function was killed, too");
    ledger.told_change(fix.change.expect("a change")).await.expect("told");
    assert_eq!(run(vec![carol()]).await.told, []);
    assert_eq!(*servers.written.borrow(), BTreeMap::new());
}

#[tokio::test(start_paused = true)]
async fn a_ledger_that_is_slow_once_all_is_done_costs_nobody_what_is_told() {
    let (mut servers, ledger) = (account(), Rc::new(MemoryLedger::default()));
    servers.slows = Some(Rc::clone(&ledger));
    let begin = Instant::now();
    let Came { told, again, .. } =
        came(&servers, &ledger, vec![server("carol", 2, "s-1")], Duration::from_mins(2)).await;
    assert_eq!((told, again), (vec![by("s-1", &["carol"])], vec![]));
    assert_eq!(begin.elapsed(), Duration::from_mins(5), "it ends with the work");
    assert_eq!(ledger.entries.borrow().values().map(|it| it.outcome).collect::<Vec<_>>(), [Outcome::Meant]);
}

#[tokio::test(start_paused = true)]
async fn order_and_duplicates_do_not_matter() {
    let events =
        || vec![role("alice", 1, "r"), group("bob", 3, "g"), server("carol", 2, "s-1"), server("dora", 5, "s-2")];
    for turn in 0..4 {
        let servers = account();
        let mut all = [events(), events()].concat();
        all.rotate_left(turn);
        let Came { again, told, .. } = run(&servers, all).await;
        assert_eq!(again, Vec::<usize>::new());
        assert_eq!(told, [by("s-1", &["bob", "carol", "alice"]), by("s-2", &["dora", "alice"])]);
        assert_eq!(times(&servers.written), each(1, &["s-1", "s-2"]));
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_led_to_what_failed_is_tried_again_and_nobody_else() {
    let events =
        || vec![role("alice", 1, "r"), group("bob", 3, "g"), server("carol", 2, "s-3"), server("dora", 2, "s-2")];
    for (broken, again) in [("s-1", vec![0, 1]), ("s-2", vec![0, 3]), ("s-3", vec![2])] {
        let servers = Servers { broken: [broken].into(), ..account() };
        assert_eq!(run(&servers, events()).await.again, again, "{broken}");
        let right = ["s-1", "s-2", "s-3"].into_iter().filter(|id| *id != broken).collect::<Vec<_>>();
        assert_eq!(times(&servers.written), each(1, &right));
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_slow_keeps_nothing_else_from_being_looked_at() {
    let servers = account();
    let mut events: Vec<Event> = (0..20).map(|at| server("carol", 2, &format!("s-{at}"))).collect();
    events.insert(0, role("alice", 1, "slow"));
    assert_eq!(run(&servers, events).await.again, [0]);
    assert_eq!(servers.written.borrow().len(), 20);
}

#[tokio::test(start_paused = true)]
async fn what_is_late_is_tried_again_and_told_to_nobody() {
    let (servers, ledger) = (account(), MemoryLedger::default());
    let events = vec![
        role("alice", 1, "r"),
        server("carol", 2, "s-1"),
        called("bob", 1, "transfer", "CreateServer", &Value::Null),
    ];
    let Came { again, told, .. } = came(&servers, &ledger, events, Duration::ZERO).await;
    assert_eq!((again, told), (vec![0, 1, 2], vec![]));
    assert_eq!((times(&servers.observed), *servers.lists.borrow()), (vec![], 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_named_is_not_looked_at_again_among_all_of_its_region() {
    let servers = account();
    let events =
        vec![server("carol", 2, "s-2"), called("bob", 1, "transfer", "CreateServer", &json!({"omitted": true}))];
    let Came { again, told, .. } = run(&servers, events).await;
    assert_eq!(again, Vec::<usize>::new());
    assert_eq!(told, [by("s-1", &["bob"]), by("s-2", &["carol", "bob"]), by("s-3", &["bob"])]);
    assert_eq!(times(&servers.observed), each(2, &["s-1", "s-2", "s-3"]));
}
