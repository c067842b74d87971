//! Laws that every control of every family obeys, tested on generated views against a world in memory.
//!
//! A family describes its views with [`Lawful`]; `registry` then tests all laws on them.

use super::ledger::MemoryLedger;
use super::read::Shown;
use crate::event::{Dependency, Origin};
use crate::exemption::{Exemptions, Tags};
use crate::families::families;
use crate::family::Family;
use crate::ledger::{
    CallState, EntryStep, Outcome, PlannedReversal, PropertyReading, Reversal, Standing, is_part_of, plan as takeback,
};
use crate::model::{CallError, ErrorKind, Place, Property, Region, Seen, Severity, Step, Subject};
use crate::reconcile::pen::{Pen, entry_step, is_right};
use crate::reconcile::plan::{Judgement, Past, Withheld, plan, plan_by};
use crate::reconcile::ports::{Page, Read, Write};
use crate::reconcile::reconcile;
use crate::report;
use crate::report::{Status, StepStatus};
use crate::settings::exempt::ExemptionRule;
use crate::settings::{Mode, Modes, Settings};
use proptest::prelude::*;
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// What the laws need to know about a family.
pub(crate) trait Lawful: Family {
    /// Valid id of a resource.
    const ID: &'static str;
    /// Generates views as they can be read, unusual ones included.
    fn views(subject: Subject) -> BoxedStrategy<Self::View>;
    /// Returns whether something that the step depends on could not be read.
    fn is_blind(step: &Self::Step, view: &Self::View) -> bool;
    /// Returns every step of the family, with this text in each value that is read from AWS or an event.
    fn hostile(text: &str) -> Vec<Self::Step>;
    /// Operations of the commands that advice of the family quotes.
    const ADVISED: &'static [&'static str] = &[];
    /// Returns the view with this text in each name that advice may quote. The resource has it as id.
    fn named(view: Self::View, text: &str) -> Self::View;
    /// Returns the view without what an untimely crash may lose, provided that only advice depends on it.
    fn lasting(view: Self::View) -> Self::View {
        view
    }
    /// Returns the settings to test with.
    fn settings() -> Settings {
        settings()
    }
    /// Returns a property as it reads in the view, in the form in which the ledger has it.
    fn read(view: &Self::View, property: &Property) -> Shown;
    /// Returns everything in the view that no step may change, as a string.
    fn foreign(view: &Self::View) -> String;
}

/// One resource that exists in memory only. Its writes simulate the real ones.
struct World<F: Family> {
    view: RefCell<F::View>,
    writes: Cell<usize>,
    /// Number of the write that gets no answer, and whether it takes effect.
    breaks: Option<(usize, bool)>,
    ledger: MemoryLedger,
}

impl<F: Lawful> World<F> {
    fn of(view: &F::View, breaks: Option<(usize, bool)>) -> Self {
        Self { view: RefCell::new(view.clone()), writes: Cell::new(0), breaks, ledger: MemoryLedger::default() }
    }

    fn reconcile(&self, subject: &Subject) -> Vec<report::ControlResult> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        runtime.block_on(async {
            let until = Instant::now() + Duration::from_mins(15);
            let cause = Origin::default();
            let pen = Pen { writer: self, ledger: Some(&self.ledger), cause: &cause, others: &[], tells: true };
            reconcile::<F, _, _, _>(self, Some(pen), subject, &F::settings(), until).await.outcomes
        })
    }
}

impl<F: Family> Read<F> for World<F> {
    async fn list(&self, _: &Place, _: Option<&Dependency>, _: Option<&str>) -> Result<Page, CallError> {
        Ok(Page::default())
    }

    async fn observe(&self, _: &Subject) -> Result<Option<F::View>, CallError> {
        Ok(Some(self.view.borrow().clone()))
    }
}

impl<F: Family> Write<F> for World<F> {
    async fn apply(&self, _: &Subject, step: &F::Step) -> Result<(), CallError> {
        assert!(self.ledger.means(&step.to_string()), "{step} was not in the ledger before");
        if let Some(name) = step.makes() {
            let free = self.ledger.claimed.borrow().get(&claim(&name)).is_some_and(|others| *others == 0);
            assert!(free, "{step} was not claimed before");
        }
        let lost = self.breaks.filter(|(number, _)| *number == self.writes.get());
        self.writes.set(self.writes.get() + 1);
        if lost.is_none_or(|(_, after)| after) {
            step.effect(&mut self.view.borrow_mut());
        }
        let action = step.actions().first().copied().expect("a step has an action");
        let error =
            CallError { action, kind: ErrorKind::Transient, code: "Timeout".into(), message: "no answer".into() };
        if lost.is_some() { Err(error) } else { Ok(()) }
    }
}

pub(crate) fn subject<F: Lawful>() -> Subject {
    let region = Region::parse("eu-west-1").expect("a region");
    F::subject(Place { partition: "aws".into(), account: "111122223333".into(), region }, F::ID)
}

/// Returns settings that enforce everything, including controls that are off by default.
pub(crate) fn settings() -> Settings {
    let opt_in = families().into_iter().flat_map(|family| family.controls).filter(|about| about.opt_in);
    let overrides = opt_in.map(|about| (about.id.to_owned(), Mode::Enforce)).collect();
    Settings::of(Modes { default: Mode::Enforce, overrides })
}

pub(crate) fn steps<F: Lawful>(view: &F::View, subject: &Subject) -> Vec<F::Step> {
    let plan = plan::<F>(view, subject, &F::settings(), &Past::default());
    plan.steps.into_iter().map(|planned| planned.step).collect()
}

/// Applying the plan repairs everything that the plan promised, and says so. If something is left that Trailkeeper
/// never changes, or that cannot be determined, the outcome is about that, after the rest is done. What was advised may be
/// repaired as well, once a call of another control has removed what stood in the way.
pub(crate) fn convergence<F: Lawful>(view: &F::View, subject: &Subject) {
    let plan = plan::<F>(view, subject, &F::settings(), &Past::default());
    let outcomes = World::<F>::of(view, None).reconcile(subject);
    for (finding, outcome) in plan.findings.iter().zip(outcomes) {
        let fixable = matches!(finding.outcome, Judgement::Fixable { .. });
        let a_rest = matches!(outcome.status, Status::Advised | Status::Unknown) && !outcome.steps.is_empty();
        let unblocked = matches!(finding.outcome, Judgement::Advised { .. }) && !plan.steps.is_empty();
        let fixed = outcome.status == Status::Fixed || a_rest;
        assert!(fixable == fixed || fixed && unblocked, "{finding:?}: {outcome:?}");
    }
}

/// A change ends in the ledger as it ended in the world, and a change that cannot be kept there is not made.
pub(crate) fn bookkeeping<F: Lawful>(view: &F::View, subject: &Subject) {
    let world = World::<F>::of(view, None);
    let results = world.reconcile(subject);
    let entries = world.ledger.entries.borrow();
    let wrote = results.iter().any(|it| it.steps.iter().any(|step| step.status == StepStatus::Applied));
    assert_eq!(entries.len(), usize::from(wrote));
    for entry in entries.values() {
        assert!(entry.is_over());
        let named = results.iter().filter(|it| it.change == Some(entry.id));
        let all_right = named.clone().all(|it| it.status == Status::Fixed || is_right(it.status));
        assert_eq!(entry.outcome == Outcome::Fixed, all_right, "{entry:?}");
        assert_eq!(named.count(), entry.findings.len());
        let applied = entry.steps.iter().filter(|step| step.state == CallState::Applied).count();
        assert_eq!(applied, world.writes.get());
    }
    let unkept = World::<F>::of(view, None);
    unkept.ledger.broken.set(true);
    let results = unkept.reconcile(subject);
    assert_eq!(unkept.writes.get(), 0);
    let failed = |it: &report::ControlResult| it.status == Status::Failed && it.because.contains("the ledger");
    assert_eq!(results.iter().any(failed), wrote, "{results:?}");
}

/// What AWS would make twice is not made while another function makes it, which a retry then finds; once the other one has
/// given up, it is made.
pub(crate) fn claims<F: Lawful>(view: &F::View, subject: &Subject) {
    let makes: BTreeSet<String> = steps::<F>(view, subject).iter().filter_map(Step::makes).collect();
    let busy = |asked: usize| {
        let world = World::<F>::of(view, None);
        world.ledger.claimed.borrow_mut().extend(makes.iter().map(|name| (claim(name), asked)));
        world
    };
    if makes.is_empty() {
        return;
    }
    let results = busy(usize::MAX).reconcile(subject);
    assert!(results.iter().any(|it| it.status == Status::Failed && it.retry), "{results:?}");
    let [alone, patient] = [busy(0), busy(1)].map(|world| {
        world.reconcile(subject);
        // Each of several things may cost the patience of a run.
        world.reconcile(subject);
        F::lasting(world.view.borrow().clone())
    });
    assert_eq!(alone, patient);
}

fn claim(name: &str) -> String {
    format!("111122223333#{name}")
}

/// Returns the view after the fixes that are made each time, while all others are withheld.
fn after_what_is_always_fixed<F: Lawful>(view: &F::View, subject: &Subject, settings: &Settings) -> F::View {
    let is_always = |id| F::ALWAYS.contains(&id) || F::vital(id, view, subject, settings).is_some();
    let others = F::CONTROLS.iter().map(|it| it.about.id).filter(|id| !is_always(id));
    let withheld =
        others.map(|id| (id, Withheld::TooMany { limit: 0, first: false, until: chrono::Utc::now() })).collect();
    let past = Past { withheld, ..Past::default() };
    let mut after = view.clone();
    for planned in plan::<F>(view, subject, settings, &past).steps.iter().filter(|it| it.enforce) {
        planned.step.effect(&mut after);
    }
    after
}

/// What somebody makes wrong again after each fix is fixed three times, and then told once; what no account can do without
/// is fixed each time, and heard. Where that leaves nothing to fix of another control, people are told what is left.
pub(crate) fn fights<F: Lawful>(view: &F::View, subject: &Subject) {
    let settings = F::settings();
    let plan = plan::<F>(view, subject, &settings, &Past::default());
    let world = World::<F>::of(view, None);
    let again = || {
        *world.view.borrow_mut() = view.clone();
        world.reconcile(subject)
    };
    let first: Vec<_> = (0..settings.limits.fights).fold(Vec::new(), |_, _| again());
    let (told, silent) = (again(), again());
    let after = after_what_is_always_fixed::<F>(view, subject, &settings);
    let still = crate::reconcile::plan::plan::<F>(&after, subject, &settings, &Past::default()).findings;
    for (number, finding) in plan.findings.iter().enumerate() {
        let Judgement::Fixable { .. } = finding.outcome else { continue };
        let (Some(first), Some(told), Some(silent)) = (first.get(number), told.get(number), silent.get(number)) else {
            panic!("a result for each control")
        };
        let vital = F::vital(finding.about.id, view, subject, &settings).is_some();
        assert!(!vital || told.severity >= Severity::High, "{told:?}");
        let always = F::ALWAYS.contains(&finding.about.id) || vital;
        if always || first.status == Status::Failed {
            assert_eq!((told.status, silent.status), (first.status, first.status), "{told:?}");
        } else if !still.get(number).is_some_and(|it| matches!(it.outcome, Judgement::Fixable { .. })) {
            assert_ne!(told.status, Status::Fixed, "{told:?}");
        } else {
            assert_eq!((told.status, silent.status), (Status::Fought, Status::Fought), "{told:?}");
            assert_eq!((told.worth_telling(), silent.worth_telling()), (true, false));
        }
    }
}

/// What was read can be told as data, and two views that differ are told otherwise.
pub(crate) fn facts<F: Lawful>(view: &F::View, subject: &Subject) {
    let told = |view: &F::View| serde_json::to_value(view).expect("a view is data");
    let mut after = view.clone();
    for step in steps::<F>(view, subject) {
        step.effect(&mut after);
    }
    assert_eq!(told(view) == told(&after), *view == after);
}

/// A compliant resource is left alone: after a repair there is nothing to do.
pub(crate) fn silence<F: Lawful>(view: &F::View, subject: &Subject) {
    let world = World::<F>::of(view, None);
    world.reconcile(subject);
    let writes = world.writes.get();
    world.reconcile(subject);
    assert_eq!(world.writes.get(), writes);
}

/// Making a call twice has the same effect as making it once.
pub(crate) fn idempotence<F: Lawful>(view: &F::View, subject: &Subject) {
    let mut once = view.clone();
    for step in steps::<F>(view, subject) {
        step.effect(&mut once);
        let mut twice = once.clone();
        step.effect(&mut twice);
        assert_eq!(once, twice, "{step}");
    }
}

/// A step changes only its own part.
pub(crate) fn frame<F: Lawful>(view: &F::View, subject: &Subject) {
    let mut changed = view.clone();
    for step in steps::<F>(view, subject) {
        step.effect(&mut changed);
        assert_eq!(F::foreign(view), F::foreign(&changed), "{step}");
    }
}

/// Whether what is written out was not read, by a denial or because nobody asked.
pub(crate) fn unread(what: &str) -> bool {
    ["Unreadable", "NotAsked"].iter().any(|word| what.contains(word))
}

/// Applying the plan and then taking each call back gives the old view, as far as AWS has a way back. A call replaces what
/// the view shows and sets what the view shows afterwards, so that a property which is given its earlier value is as it
/// was; what nothing else changes, [`frame`] says.
pub(crate) fn inverse<F: Lawful>(view: &F::View, subject: &Subject) {
    let mut world = view.clone();
    let mut made: Vec<EntryStep> = Vec::new();
    for step in steps::<F>(view, subject) {
        let call = entry_step(&step, subject);
        let old = F::read(&world, &call.property);
        step.effect(&mut world);
        let new = F::read(&world, &call.property);
        // What is part of something new goes with it, whatever AWS gave it at first.
        let of_new = |whole: &EntryStep| whole.before.is_none() && is_part_of(&call.property, &whole.property);
        if let (Some(old), false) = (&old, made.iter().any(of_new)) {
            assert_eq!(call.standing(old.as_ref()), Standing::Back, "{step}: {:?} was {old:?}", call.before);
        }
        if let Some(new) = &new {
            let standing = as_shown(&call, new.as_ref()).standing(new.as_ref());
            assert!(standing == Standing::Written || Some(new) == old.as_ref(), "{step}: {} is {new:?}", call.after);
        }
        made.push(call);
    }
    let readings = made.iter().rev().map(|call| {
        let written = Some(call.after.clone()).filter(|after| !after.is_null());
        let now = F::read(&world, &call.property).unwrap_or(written);
        (as_shown(call, now.as_ref()), now.map_or(Seen::Absent, Seen::Present))
    });
    let readings: Vec<(EntryStep, Seen<Value>)> = readings.collect();
    let readings: Vec<(&EntryStep, PropertyReading)> = readings
        .iter()
        .map(|(call, now)| (call, PropertyReading { now: now.clone(), ..PropertyReading::default() }))
        .collect();
    let mut account: Vec<(Property, Option<Value>)> = Vec::new();
    for PlannedReversal { step, reversal } in takeback(&readings) {
        match reversal {
            Reversal::Refused(differences) => panic!("{}: nobody changed it since: {differences:?}", step.summary),
            Reversal::Stays(why) | Reversal::Waits(why) => assert!(!why.is_empty(), "{}", step.summary),
            Reversal::Nothing(_) => {}
            Reversal::Restore { .. } => {
                account.retain(|(property, _)| *property != step.property);
                account.push((step.property.clone(), step.before.clone()));
            }
        }
    }
    for (property, value) in account {
        let first = made.iter().find(|call| call.property == property).expect("a call");
        assert_eq!(first.before, value, "{property:?}");
    }
}

/// Returns a call that makes something with those members of it that a view shows.
fn as_shown(call: &EntryStep, shown: Option<&Value>) -> EntryStep {
    let mut call = call.clone();
    if let (None, Some(after), Some(Value::Object(shown))) = (&call.before, call.after.as_object_mut(), shown) {
        after.retain(|name, _| name == "Settings" || shown.contains_key(name));
    }
    call
}

/// What could not be read, and what nobody asked for, never leads to a write.
pub(crate) fn ignorance<F: Lawful>(view: &F::View, subject: &Subject) {
    for step in steps::<F>(view, subject) {
        assert!(!F::is_blind(&step, view), "{step}");
    }
}

/// A crash between any two calls, whether or not the last one took effect, is repaired by the next run.
pub(crate) fn recovery<F: Lawful>(view: &F::View, subject: &Subject) {
    let end = |from: &F::View| {
        let whole = World::<F>::of(from, None);
        whole.reconcile(subject);
        whole.view.into_inner()
    };
    let judged = |view: &F::View| {
        let found = plan::<F>(view, subject, &F::settings(), &Past::default()).findings.into_iter();
        found.map(|it| std::mem::discriminant(&it.outcome)).collect::<Vec<_>>()
    };
    let meant = end(view);
    // What no account can do without waits for no other call; once it is made, AWS may refuse what was lost before it.
    let always = F::lasting(end(&after_what_is_always_fixed::<F>(view, subject, &F::settings())));
    let steps = steps::<F>(view, subject);
    for (number, step) in steps.iter().enumerate() {
        for after in [false, true] {
            let mut world = World::<F>::of(view, Some((number, after)));
            world.reconcile(subject);
            world.breaks = None;
            world.reconcile(subject);
            let mended = world.view.into_inner();
            // One call may have made another needless that it would have stood beside.
            if F::lasting(mended.clone()) != always && judged(&mended) != judged(&meant) {
                assert_eq!(F::lasting(mended), F::lasting(meant.clone()), "{step}: lost, {after}");
            }
        }
    }
}

/// The order in which controls are registered does not matter.
pub(crate) fn order<F: Lawful>(view: &F::View, subject: &Subject) {
    let reversed = plan_by::<F>(F::CONTROLS.iter().rev(), view, subject, &F::settings(), &Past::default());
    assert_eq!(plan::<F>(view, subject, &F::settings(), &Past::default()).steps, reversed.steps);
}

/// An exempt resource gets no call, unless the control is vital; an expired exemption has no effect.
pub(crate) fn exemption<F: Lawful>(view: &F::View, subject: &Subject) {
    let settings = F::settings();
    let rule = "control=all account=* until=2026-01-31";
    let exempt = ExemptionRule::setting(Some(rule.to_owned())).expect("a rule");
    let ruled = Settings { exempt, ..F::settings() };
    let past = |today: &str| {
        let today = today.parse().expect("a date");
        Past { exemptions: Some(Exemptions::of(subject, &ruled, &Ok(Tags::new()), today)), ..Past::default() }
    };
    let as_ever = plan::<F>(view, subject, &settings, &Past::default());
    assert_eq!(plan::<F>(view, subject, &settings, &past("2026-02-01")).steps, as_ever.steps);
    let exempt = plan::<F>(view, subject, &settings, &past("2026-01-31"));
    let mut asked: BTreeSet<usize> = BTreeSet::new();
    for finding in &exempt.findings {
        let is_vital = F::vital(finding.about.id, view, subject, &settings).is_some();
        let is_wrong = matches!(finding.outcome, Judgement::Fixable { .. } | Judgement::Advised { .. });
        assert_eq!(finding.vital, is_vital && is_wrong, "a mail offers to exempt it where that holds: {finding:?}");
        match &finding.outcome {
            Judgement::Fixable { steps, .. } if is_vital => asked.extend(steps.iter().copied()),
            Judgement::Fixable { .. } | Judgement::Advised { .. } => assert!(is_vital, "{finding:?}"),
            _ => {}
        }
    }
    assert_eq!(asked.len(), exempt.steps.len());
}

/// Defines the tests of all laws for one family.
macro_rules! hold {
    ($family:ident) => {
        crate::testing::laws::hold!($family: convergence, silence, idempotence, frame, inverse, ignorance, recovery, order, exemption, bookkeeping, claims, fights, facts);

        #[test]
        fn hostile_names_are_only_names() {
            crate::testing::hostile::hold::<$family>();
        }

        #[test]
        fn every_command_of_advice_is_tried_with_hostile_names() {
            crate::testing::hostile::every_advised_command_is_tried::<$family>();
        }

        proptest::proptest! {
            #[test]
            fn every_step_is_tried_with_hostile_names(view in <$family as crate::testing::laws::Lawful>::views(crate::testing::laws::subject::<$family>())) {
                crate::testing::hostile::every_step_is_tried::<$family>(&view, &crate::testing::laws::subject::<$family>());
            }

            #[test]
            fn advice_with_hostile_names_is_one_line_with_whole_commands(
                view in <$family as crate::testing::laws::Lawful>::views(crate::testing::laws::subject::<$family>()),
                text in crate::testing::hostile::names(),
            ) {
                crate::testing::hostile::advice_is_one_line::<$family>(&view, &text);
            }

            #[test]
            fn any_name_is_only_a_name(text in "[^\0]{1,40}|[ '\"\\\\\n;$()-]{1,12}") {
                crate::testing::hostile::undo_is_one_command::<$family>(&text);
                crate::testing::hostile::mail_has_its_own_lines::<$family>(&text);
            }
        }
    };
    ($family:ident: $($law:ident),+) => {
        proptest::proptest! {
            #![proptest_config(proptest::prelude::ProptestConfig::with_cases(512))]
            $(#[test]
            fn $law(view in <$family as crate::testing::laws::Lawful>::views(crate::testing::laws::subject::<$family>())) {
                crate::testing::laws::$law::<$family>(&view, &crate::testing::laws::subject::<$family>());
            })+
        }
    };
}
pub(crate) use hold;
