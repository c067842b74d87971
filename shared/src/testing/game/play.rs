//! One game: an intruder makes a few calls, the functions answer their events, and at the end the account is looked at.

use super::account::{AwsAccount, Cut, settings};
use super::called::{Called, MALLORY};
use super::moves::Move;
use super::record::{Facet, Record};
use super::world::{Guarding, Played, World};
use crate::event::Event;
use crate::families::{bucket, key, monitoring, recorder, trail, transfer, vpc};
use crate::guard::Ours;
use crate::handle::{Echoes, Ports, handle};
use crate::report::ControlResult;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::time::Instant;

/// When the events of the calls arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// Each before the next call.
    AtOnce,
    /// Each before the next call, twice.
    Twice,
    /// After all calls, in an order of this number.
    Late(u64),
}

/// What people were told of one call.
#[derive(Debug)]
struct Letter {
    call: usize,
    who: Option<String>,
    text: String,
}

/// An account that is in order, and what is wrong with it for good: that tells nobody anything new.
#[derive(Debug, Clone)]
pub(crate) struct Settled {
    pub(crate) account: AwsAccount,
    standing: BTreeSet<String>,
}

/// The functions of all families, and the account in which they work.
pub(crate) struct Game {
    world: World,
    record: Record,
    echoes: BTreeMap<&'static str, Echoes>,
    runtime: Runtime,
    calls: Vec<(&'static Move, Called)>,
    letters: Vec<Letter>,
    standing: BTreeSet<String>,
}

impl Settled {
    /// Puts the account in order, as weeks of sweeps have.
    pub(crate) fn new(destinations: Option<&str>) -> Self {
        let account = AwsAccount::before_trailkeeper();
        let mut game = Game::of(&Self { account, standing: BTreeSet::new() }, destinations);
        for _ in 0..4 {
            game.standing.clear();
            game.sweep();
            game.world.account.borrow_mut().confirm();
        }
        Self { account: game.world.account.into_inner(), standing: game.standing }
    }
}

impl Game {
    /// Begins a game in an account that is in order.
    pub(crate) fn of(settled: &Settled, destinations: Option<&str>) -> Self {
        let Settled { account, standing } = settled.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        Self {
            record: Record::of(&account),
            world: World::of(account, settings(destinations)),
            echoes: BTreeMap::new(),
            runtime: runtime.expect("a runtime"),
            calls: Vec::new(),
            letters: Vec::new(),
            standing,
        }
    }

    /// Returns what does not run as before.
    pub(crate) fn ends(&self) -> BTreeMap<Facet, String> {
        self.record.ends(&self.world.account.borrow())
    }

    /// Returns whether people were told that somebody keeps undoing a fix.
    pub(crate) fn was_fought(&self) -> bool {
        self.letters.iter().any(|letter| letter.text.contains("it was fixed 3 times"))
    }

    /// Plays a game, and says what ended without a letter that names it and who did it.
    pub(crate) fn play(&mut self, moves: &[&'static Move], arrival: Arrival) -> Result<(), String> {
        let mut ended: BTreeMap<Facet, usize> = BTreeMap::new();
        for it in moves {
            let made = (it.make)(&mut self.world.account.borrow_mut());
            let Some(called) = made else { continue };
            self.calls.push((it, called));
            let last = self.calls.len() - 1;
            match arrival {
                Arrival::AtOnce => self.arrives(last),
                Arrival::Twice => (0..2).for_each(|_| self.arrives(last)),
                Arrival::Late(_) => continue,
            }
            let ends = self.ends();
            ended.retain(|facet, _| ends.contains_key(facet));
            for facet in ends.into_keys() {
                ended.entry(facet).or_insert(last);
            }
        }
        if let Arrival::Late(order) = arrival {
            for call in shuffled(self.calls.len(), order) {
                self.arrives(call);
            }
        }
        // A sweep of an account that is in order does nothing.
        if !self.record.is_as_before(&self.world.account.borrow()) {
            self.sweep();
        }
        let tagged = self.calls.iter().any(|(it, _)| it.name.contains("_exempt"));
        for (facet, why) in self.ends() {
            if tagged && facet.may_be_exempt() {
                continue;
            }
            let told = match ended.get(&facet) {
                Some(call) => self.told(*call) || self.is_turned(*call),
                // Which call it was cannot be said: one that is about it must have been told.
                None => (0..self.calls.len()).any(|call| self.calls[call].0.facets.contains(&facet) && self.told(call)),
            };
            if !told {
                return Err(format!("{facet:?} ended without a letter: {why}\n{}", self.story()));
            }
        }
        Ok(())
    }

    /// Returns whether a letter names a call's target and who made it.
    fn told(&self, call: usize) -> bool {
        let Called { name, names, .. } = &self.calls[call].1;
        let names_it = |letter: &&Letter| letter.call == call && letter.who.as_deref() == Some(MALLORY);
        let plain = name.trim_end_matches(|c: char| c == 'v' || c.is_ascii_digit());
        let mut about = self.letters.iter().filter(names_it);
        about.any(|letter| letter.text.contains(plain) && names.iter().any(|name| letter.text.contains(name)))
    }

    /// Returns whether an earlier call turned Trailkeeper off, and was told.
    fn is_turned(&self, by: usize) -> bool {
        let turns = |call: usize| self.calls[call].0.facets.len() == super::moves::EVERYTHING.len();
        (0..=by).any(|call| turns(call) && self.told(call))
    }

    fn story(&self) -> String {
        let calls: Vec<String> = self.calls.iter().map(|(it, called)| format!("{it:?} ({})", called.name)).collect();
        let letters: Vec<String> =
            self.letters.iter().map(|it| format!("  {} {:?}: {}", it.call, it.who, it.text)).collect();
        format!("calls: {}\nletters:\n{}", calls.join(", "), letters.join("\n"))
    }

    fn arrives(&mut self, call: usize) {
        let event = self.calls[call].1.event(call);
        let told = Ours::of(&self.world.settings).map(|ours| ours.told(&event)).unwrap_or_default();
        self.tell(Some(call), &event, &told);
        self.wake(&event, Some(call), Cut::Rule);
    }

    fn sweep(&mut self) {
        let event = json!({"detail-type": "Scheduled Event", "source": "aws.scheduler", "detail": "{}",
            "account": super::account::ACCOUNT});
        let event = Event::decode(&event).expect("an event");
        self.wake(&event, None, Cut::Schedule);
    }

    fn wake(&mut self, event: &Event, call: Option<usize>, way: fn(String) -> Cut) {
        self.one::<trail::Trail>(event, call, way);
        self.one::<bucket::Bucket>(event, call, way);
        self.one::<key::Key>(event, call, way);
        self.one::<vpc::Vpc>(event, call, way);
        self.one::<recorder::Recorder>(event, call, way);
        self.one::<transfer::Transfer>(event, call, way);
        self.one::<monitoring::Monitoring>(event, call, way);
    }

    /// Has one function answer an event, unless it does not get it.
    fn one<F: Played>(&mut self, event: &Event, call: Option<usize>, way: fn(String) -> Cut) {
        let cut = |part: Cut| self.world.account.borrow().cut.contains(&part);
        if cut(way(F::NAME.to_owned())) || cut(Cut::Function(F::NAME.to_owned())) {
            return;
        }
        let echoes = self.echoes.entry(F::NAME).or_default();
        let world = &self.world;
        let answered = self.runtime.block_on(async {
            let ports =
                Ports { account: world, reader: world, writer: Some(world), ledger: Some(&world.ledger), echoes };
            let until = Instant::now() + Duration::from_mins(15);
            handle::<F, _, _, _, _, _, _>(world, ports, world, &world.settings, event, until).await
        });
        answered.expect("a report");
        let results = self.world.results.take();
        if !self.world.account.borrow().cut.contains(&Cut::Reports) {
            self.tell(call, event, &results);
        }
    }

    /// Keeps what is worth telling and new. A sweep's letters name nobody.
    fn tell(&mut self, call: Option<usize>, event: &Event, results: &[ControlResult]) {
        let said = |it: &ControlResult| format!("{} {} {}", it.control, it.resource, it.because);
        let Some(call) = call else {
            return self.standing.extend(results.iter().map(said));
        };
        for it in results.iter().filter(|it| it.worth_telling() && !self.standing.contains(&said(it))) {
            let ControlResult { control, resource, because, status, region, .. } = it;
            let steps: Vec<String> = it.steps.iter().map(|step| step.summary.to_string()).collect();
            let (name, status) = (&event.origin.name, status.as_str());
            let text = format!("{name} {control} {resource} {region} {status}: {because} {}", steps.join("; "));
            self.letters.push(Letter { call, who: event.origin.actor.clone(), text });
        }
    }
}

/// Returns the numbers below `count` in an order that `seed` decides.
fn shuffled(count: usize, mut seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for at in (1..count).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        order.swap(at, usize::try_from(seed >> 33).unwrap_or_default() % (at + 1));
    }
    order
}
