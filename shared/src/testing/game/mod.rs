//! A game of two players in memory: an intruder makes a few calls of some hundred kinds, the functions answer in
//! enforce mode, and at the end either the record runs as before, or a letter says what ended it and who did it.
//!
//! `TRAILKEEPER_GAMES` says how many games are played for each setting, `TRAILKEEPER_SEED` which. A game that is lost is
//! shown with as few calls as lose it; put them into [`KEPT`].

pub(crate) mod account;
mod called;
mod moves;
mod play;
mod record;
pub(crate) mod world;

use moves::Move;
use play::{Arrival, Game, Settled};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::sync::LazyLock;

/// Where the record may go: unset, or this account alone.
const DESTINATIONS: [Option<&str>; 2] = [None, Some("111122223333")];

/// Number of games for each setting, if nobody says how many.
const GAMES: u32 = 300;

/// Maximum number of calls of one game, but for fights.
const LONGEST: usize = 6;

/// Maximum number of times that one call is made in a fight, which ends after three fixes.
const FIGHT: usize = 5;

static SETTLED: LazyLock<[Settled; 2]> = LazyLock::new(|| DESTINATIONS.map(Settled::new));

fn play(moves: &[&'static Move], arrival: Arrival, named: bool) -> Result<(), String> {
    let at = usize::from(named);
    Game::of(&SETTLED[at], DESTINATIONS[at]).play(moves, arrival)
}

fn arrivals() -> impl Strategy<Value = Arrival> {
    prop_oneof![3 => Just(Arrival::AtOnce), 1 => Just(Arrival::Twice), 1 => any::<u64>().prop_map(Arrival::Late)]
}

/// Returns the calls of a game: some of any kind, or one kind again and again, until it is left as it is, amid others.
fn calls() -> impl Strategy<Value = Vec<&'static Move>> {
    let one = || (0..moves::all().len()).prop_map(|at| &moves::all()[at]);
    let fight =
        (one(), 4..=FIGHT, proptest::collection::vec((one(), any::<proptest::sample::Index>()), 0..=LONGEST / 2));
    let fight = fight.prop_map(|(again, times, others)| {
        let mut calls = vec![again; times];
        for (other, at) in others {
            calls.insert(at.index(calls.len() + 1), other);
        }
        calls
    });
    prop_oneof![3 => proptest::collection::vec(one(), 1..=LONGEST), 1 => fight]
}

/// Games that were lost once.
const KEPT: &[(&[&str], Arrival)] =
    &[(&["server_role_bounded"], Arrival::AtOnce), (&["server_exempt", "server_role_emptied"], Arrival::AtOnce)];

#[test]
fn the_account_is_in_order_before_the_game() {
    for (settled, destinations) in SETTLED.iter().zip(DESTINATIONS) {
        assert_eq!(Game::of(settled, destinations).ends(), [].into(), "{:#?}", settled.account);
    }
}

#[test]
fn one_call_alone_is_mended_or_told() {
    let lost: Vec<String> = moves::all()
        .iter()
        .flat_map(|it| [false, true].map(|named| play(&[it], Arrival::AtOnce, named).err()))
        .flatten()
        .collect();
    assert!(lost.is_empty(), "{}", lost.join("\n\n"));
}

#[test]
fn games_that_were_lost_once_are_won() {
    for (names, arrival) in KEPT {
        let moves: Vec<&Move> = names.iter().map(|name| moves::named(name)).collect();
        for named in [false, true] {
            assert_eq!(play(&moves, *arrival, named), Ok(()));
        }
    }
}

#[test]
fn one_call_made_again_and_again_is_mended_or_told() {
    let lost: Vec<String> =
        moves::all().iter().filter_map(|it| play(&[it; FIGHT], Arrival::AtOnce, false).err()).collect();
    assert!(lost.is_empty(), "{}", lost.join("\n\n"));
}

#[test]
fn a_fix_that_is_undone_each_time_is_given_up_and_told() {
    let fought = moves::all().iter().filter(|it| {
        let mut game = Game::of(&SETTLED[0], DESTINATIONS[0]);
        game.play(&[*it; FIGHT], Arrival::AtOnce).is_ok() && game.was_fought()
    });
    let fought: Vec<&str> = fought.map(|it| it.name.as_str()).collect();
    assert!(fought.len() > 5, "{fought:?}");
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Plays games of random calls.
fn nobody_ends_the_record(named: bool) {
    let cases = number("TRAILKEEPER_GAMES").and_then(|it| it.try_into().ok()).unwrap_or(GAMES);
    let rng_seed = RngSeed::Fixed(number("TRAILKEEPER_SEED").unwrap_or(1));
    let config = ProptestConfig { cases, rng_seed, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(moves in calls(), arrival in arrivals())| {
        if let Err(lost) = play(&moves, arrival, named) {
            return Err(TestCaseError::fail(lost));
        }
    });
}

#[test]
fn nobody_ends_the_record_without_a_letter() {
    nobody_ends_the_record(false);
}

#[test]
fn nobody_ends_it_either_where_the_settings_say_where_it_goes() {
    nobody_ends_the_record(true);
}
