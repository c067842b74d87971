//! Guarantees of the engine, against a scripted AWS: it verifies, is patient, does not fight, and ends in time.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "this is a test from top to bottom")]

use serde_json::json;
use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::Instant;
use trailkeeper::event::{Dependency, Origin};
use trailkeeper::exemption::{Tags, tags};
use trailkeeper::families::transfer::{ServerStep, Step, Transfer, View};
use trailkeeper::family::Family as _;
use trailkeeper::managed::role::step::RoleStep;
use trailkeeper::model::{CallError, ErrorKind, Place, Region, Seen, Step as _, Subject};
use trailkeeper::reconcile::pen::Pen;
use trailkeeper::reconcile::ports::{Page, Read, Write};
use trailkeeper::reconcile::reconcile;
use trailkeeper::report::{ControlResult, Status, StepStatus};
use trailkeeper::settings::{Mode, Modes, Settings};

type Answer = Result<(), CallError>;
type Writes = dyn Fn(usize, &Step) -> (Answer, bool);

/// A server without logging, whose writes end as the script says.
struct Script {
    view: RefCell<View>,
    /// Result of the n-th write, and whether the write takes effect.
    write: Box<Writes>,
    reads: Cell<usize>,
    writes: Cell<usize>,
    /// Number of reads after a write that still return the old view.
    lag: Cell<usize>,
    old: RefCell<View>,
    /// View after a concurrent change by somebody else at the first write.
    late: Option<View>,
    /// Result of reading the server's tags.
    tags: Result<Seen<Tags>, CallError>,
    asked: Cell<usize>,
}

fn error(kind: ErrorKind, code: &str, message: &str) -> CallError {
    CallError { action: "x:Y", kind, code: code.into(), message: message.into() }
}

fn silent() -> View {
    let (logging_role, role) = (None, Seen::Absent);
    let (structured_destinations, tags, managed_role) = (vec![], Tags::new(), Seen::Absent);
    View { logging_role, structured_destinations, workflows: false, tags, role, managed_role, role_taken: false }
}

impl Script {
    fn new(write: impl Fn(usize, &Step) -> (Answer, bool) + 'static) -> Self {
        let (view, old) = (RefCell::new(silent()), RefCell::new(silent()));
        let (reads, writes, lag) = (Cell::new(0), Cell::new(0), Cell::new(0));
        let (tags, asked) = (Ok(Seen::Present(Tags::new())), Cell::new(0));
        Self { view, write: Box::new(write), reads, writes, lag, old, late: None, tags, asked }
    }

    /// Creates a server that can be repaired, with this result of reading its tags.
    fn tagged(tags: Result<Seen<Tags>, CallError>) -> Self {
        Self { tags, ..Self::new(|_, _| (Ok(()), true)) }
    }

    async fn run(&self, time: Duration) -> ControlResult {
        let region = Region::parse("us-east-1").expect("a region");
        let place = Place { partition: "aws".into(), account: "111122223333".into(), region };
        let subject = Transfer::subject(place, "s-1");
        let settings = Settings::of(Modes::all(Mode::Enforce));
        let pen =
            Pen { writer: self, ledger: None::<&Infallible>, cause: &Origin::default(), others: &[], tells: true };
        let checked = reconcile::<Transfer, _, _, _>(self, Some(pen), &subject, &settings, Instant::now() + time).await;
        let [outcome] = checked.outcomes.try_into().expect("one control");
        outcome
    }
}

impl Read<Transfer> for Script {
    async fn list(&self, _: &Place, _: Option<&Dependency>, _: Option<&str>) -> Result<Page, CallError> {
        Ok(Page::default())
    }

    async fn observe(&self, _: &Subject) -> Result<Option<View>, CallError> {
        self.reads.set(self.reads.get() + 1);
        if self.writes.get() > 0 && self.lag.get() > 0 {
            self.lag.set(self.lag.get() - 1);
            return Ok(Some(self.old.borrow().clone()));
        }
        Ok(Some(self.view.borrow().clone()))
    }

    async fn tags(&self, _: &Subject, _: &View) -> Result<Seen<Tags>, CallError> {
        self.asked.set(self.asked.get() + 1);
        self.tags.clone()
    }
}

impl Write<Transfer> for Script {
    async fn apply(&self, _: &Subject, step: &Step) -> Answer {
        let number = self.writes.get();
        self.writes.set(number + 1);
        if let Some(late) = &self.late {
            *self.view.borrow_mut() = late.clone();
        }
        let (answer, effect) = (self.write)(number, step);
        if effect {
            step.effect(&mut self.view.borrow_mut());
        }
        answer
    }
}

const LONG: Duration = Duration::from_mins(15);

#[tokio::test(start_paused = true)]
async fn fixed_is_said_only_of_what_was_read_back() {
    let lying = Script::new(|_, _| (Ok(()), false));
    let outcome = lying.run(LONG).await;
    assert_eq!(outcome.status, Status::Failed);
    assert!(outcome.because.contains("it is still wrong when read back"), "{}", outcome.because);
    assert!(outcome.steps.iter().all(|step| step.status == StepStatus::Applied));
    assert_eq!(lying.writes.get(), 3, "what was accepted is not written again and again");
    assert!(!outcome.retry);
}

#[tokio::test(start_paused = true)]
async fn what_is_right_is_looked_at_once_and_what_is_fixed_once_more() {
    let script = Script::new(|_, _| (Ok(()), true));
    let fixed = script.run(LONG).await;
    assert_eq!((fixed.status, fixed.right_at.is_some()), (Status::Fixed, true));
    assert!(fixed.steps.iter().all(|step| step.by_hand.is_some()), "each call can be made by hand");
    assert_eq!((script.reads.get(), script.writes.get()), (2, 3));
    let right = script.run(LONG).await;
    assert_eq!((right.status, right.right_at), (Status::Compliant, None));
    assert_eq!((script.reads.get(), script.writes.get()), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_lags_behind_is_given_time() {
    let slow = Script::new(|_, _| (Ok(()), true));
    slow.lag.set(3);
    assert_eq!(slow.run(LONG).await.status, Status::Fixed);
    assert_eq!(slow.writes.get(), 3);
}

#[tokio::test(start_paused = true)]
async fn somebody_quicker_makes_for_a_new_plan() {
    // The role exists when we try to create it: another invocation created it a moment ago.
    let raced = Script::new(|number, _| match number {
        0 => (Err(error(ErrorKind::Exists, "EntityAlreadyExists", "Role with name exists")), true),
        _ => (Ok(()), true),
    });
    let outcome = raced.run(LONG).await;
    assert_eq!(outcome.status, Status::Fixed);
    let made: Vec<_> = outcome.steps.iter().map(|step| step.action.as_str()).collect();
    assert_eq!(made, ["iam:PutRolePolicy", "transfer:UpdateServer"]);
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_has_put_right_is_not_claimed() {
    let quicker = Script::new(|_, _| (Ok(()), true));
    quicker.run(LONG).await;
    let beaten = Script::new(|_, _| (Err(error(ErrorKind::Exists, "EntityAlreadyExists", "exists")), false));
    let outcome = Script { late: Some(quicker.view.into_inner()), ..beaten }.run(LONG).await;
    assert_eq!((outcome.status, outcome.steps), (Status::Compliant, vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_race_that_never_ends_is_given_up() {
    let cursed = Script::new(|_, _| (Err(error(ErrorKind::Exists, "EntityAlreadyExists", "exists")), false));
    assert_eq!(cursed.run(LONG).await.status, Status::Failed);
    assert_eq!(cursed.writes.get(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_passes_by_itself_is_waited_out_for_a_minute_and_no_longer() {
    let busy = |times: usize| {
        move |number: usize, step: &Step| match step {
            Step::Server(ServerStep::SetLoggingRole { .. }) if number < 2 + times => (
                Err(error(ErrorKind::Transient, "ConflictException", "VPC Endpoint state is not yet available")),
                false,
            ),
            _ => (Ok(()), true),
        }
    };
    assert_eq!(Script::new(busy(5)).run(LONG).await.status, Status::Fixed);
    let start = Instant::now();
    let outcome = Script::new(busy(1_000)).run(LONG).await;
    assert!(start.elapsed() < Duration::from_secs(75), "{:?}", start.elapsed());
    assert_eq!((outcome.status, outcome.retry), (Status::Failed, true));
}

#[tokio::test(start_paused = true)]
async fn the_same_refusal_at_any_other_call_is_final() {
    let refused = Script::new(|_, _| (Err(error(ErrorKind::Rejected, "InvalidRequestException", "a role")), false));
    let outcome = refused.run(LONG).await;
    assert_eq!((outcome.status, outcome.retry, refused.writes.get()), (Status::Failed, false, 1));
    let statuses: Vec<_> = outcome.steps.iter().map(|step| step.status).collect();
    assert_eq!(statuses, [StepStatus::Failed, StepStatus::Skipped, StepStatus::Skipped]);
}

#[tokio::test(start_paused = true)]
async fn time_that_runs_out_leaves_a_report_of_what_was_done() {
    let outcome = Script::new(|number, _| match number {
        0 | 1 => (Ok(()), true),
        _ => (Err(error(ErrorKind::Transient, "ConflictException", "not yet available")), false),
    });
    let outcome = outcome.run(Duration::from_millis(100)).await;
    assert_eq!((outcome.status, outcome.retry), (Status::Failed, true));
    let done: Vec<_> = outcome.steps.iter().map(|step| (step.action.as_str(), step.status)).collect();
    assert_eq!(done[..2], [("iam:CreateRole", StepStatus::Applied), ("iam:PutRolePolicy", StepStatus::Applied)]);
}

#[tokio::test(start_paused = true)]
async fn a_replaced_document_is_kept_whole() {
    let script = Script::new(|_, _| (Ok(()), true));
    script.run(LONG).await;
    let cut = json!({"Version": "2012-10-17", "Statement": []});
    let name = trailkeeper::families::transfer::MANAGED_ROLE;
    let harm = Step::Role(RoleStep::RepairTrust { name, trust: cut.clone(), replaces: json!(null) });
    harm.effect(&mut script.view.borrow_mut());
    let outcome = script.run(LONG).await;
    assert_eq!(outcome.status, Status::Fixed);
    assert_eq!(outcome.steps[0].before, Some(cut));
}

fn exempt(value: &str) -> Seen<Tags> {
    Seen::Present(tags([("trailkeeper:exempt", value)]))
}

#[tokio::test(start_paused = true)]
async fn what_a_tag_exempts_is_left_alone_and_told_with_what_is_wrong() {
    let script = Script::tagged(Ok(exempt("all")));
    let outcome = script.run(LONG).await;
    assert_eq!((outcome.status, outcome.steps.len(), script.writes.get()), (Status::Exempt, 0, 0));
    assert!(outcome.because.ends_with("; exempt by tag trailkeeper:exempt"), "{}", outcome.because);
    assert_eq!((script.reads.get(), script.asked.get()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn tags_are_asked_for_once_and_only_where_something_is_wrong() {
    let script = Script::tagged(Ok(exempt("transfer-server-loging")));
    script.lag.set(2);
    let outcome = script.run(LONG).await;
    assert_eq!((outcome.status, script.asked.get()), (Status::Fixed, 1));
    assert!(outcome.because.contains("`transfer-server-loging`"), "{}", outcome.because);
    assert_eq!(script.run(LONG).await.status, Status::Compliant);
    assert_eq!(script.asked.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn tags_that_may_not_be_read_exempt_nothing() {
    let refused = Err(error(ErrorKind::Rejected, "UnsupportedOperationException", "no tags here"));
    for (tags, why) in [(Ok(Seen::Unreadable("x:Y")), "x:Y was denied"), (refused, "x:Y was rejected (Unsup")] {
        let outcome = Script::tagged(tags).run(LONG).await;
        assert_eq!(outcome.status, Status::Fixed);
        assert!(outcome.because.contains(&format!("could not be read, so they do not exempt it: {why}")));
    }
}

#[tokio::test(start_paused = true)]
async fn while_it_cannot_be_told_whether_it_is_exempt_nothing_is_written() {
    let script = Script::tagged(Err(error(ErrorKind::Transient, "ThrottlingException", "slow down")));
    let outcome = script.run(LONG).await;
    assert_eq!((outcome.status, outcome.retry, script.writes.get()), (Status::Failed, true, 0));
}
