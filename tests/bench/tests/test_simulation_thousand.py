"""The simulated organization: the same each time, complete, and late where an arrangement makes it late."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import replace

import pytest
from bench.simulation import aws, functions, organization
from bench.simulation import world as simulated
from bench.simulation.measure import FAMILIES
from bench.simulation.organization import SCENES, Scene, Task, calls, schedules
from bench.simulation.thousand import LANES, ONE, WIDE, percentile
from bench.simulation.work import Times, Work, measured
from bench.simulation.world import NAMES, Arrangement, Outcome, World, grouped, watchers
from template import Template

BUSY = Scene("all", storm=True, sweep=True, attack=True)


def some(scene: Scene, minutes: float) -> list[organization.Call]:
    """The calls of the first minutes after the sweep's window opens."""
    return [it for it in calls(scene) if organization.SWEEP <= it[0] < organization.SWEEP + minutes * 60]


def short(arrangement: Arrangement, scene: Scene, minutes: float = 13) -> Outcome:
    return World(arrangement).run(some(scene, minutes), {})


def test_every_family_and_every_kind_of_call_is_measured() -> None:
    works = measured()
    assert {family for family, _ in works} == set(FAMILIES)
    for kind, families in watchers().items():
        assert families, f"nobody watches {NAMES[kind]}"
        for family in families:
            assert (family, kind) in works
    assert all((family, "sweep") in works for family in FAMILIES)
    assert 0 < works["trail", "stopped"].until_mended <= works["trail", "stopped"].chain


def test_the_same_seed_is_the_same_organization() -> None:
    assert list(calls(SCENES[0])) == list(calls(SCENES[0])) != list(calls(SCENES[0], seed=8))
    first, again = (short(LANES, SCENES[1], 11) for _ in range(2))
    assert first == again


def test_rates_are_what_they_are_said_to_be() -> None:
    found = Counter(kind for _, kind, *_ in calls(SCENES[0]))
    busy = round(organization.ACCOUNTS * organization.BUSY_SHARE)
    day = busy * organization.BUSY_ACCOUNT + organization.ACCOUNTS * organization.QUIET_ACCOUNT
    assert sum(found[kind] for kind in organization.KINDS) == pytest.approx(day * organization.HOURS / 24, rel=0.05)
    flood = Counter(kind for _, kind, account, *_ in calls(BUSY) if account == 0)
    assert flood["stopped"] == organization.STORM_LASTS * len(aws.REGIONS)


def test_a_call_takes_what_is_assumed() -> None:
    times = Times(Work(1, Counter({"sts:AssumeRole": 1})), 1)
    drawn = sorted(times.draw("us-east-1", False)[0] for _ in range(4_000))
    for at, wanted in zip((0.05, 0.95), aws.CALL, strict=True):
        assert drawn[int(at * 4_000)] == pytest.approx(wanted, abs=0.015)


def test_far_regions_and_closed_connections_take_longer() -> None:
    times = Times(Work(4, Counter({"a:B": 4})), 1)

    def mean(region: str, rested: bool) -> float:
        return statistics.mean(times.draw(region, rested)[1] for _ in range(2_000))

    near, far = "us-east-1", "ap-southeast-1"
    apart = aws.ROUND_TRIPS[far] - aws.ROUND_TRIPS[near]
    assert mean(far, False) - mean(near, False) == pytest.approx(4 * apart, abs=0.03)
    assert mean(far, True) - mean(far, False) == pytest.approx(2 * aws.ROUND_TRIPS[far], abs=0.03)


def test_every_call_is_looked_into_and_none_is_lost() -> None:
    made = some(SCENES[1], 12)
    wakes = watchers()
    for arrangement in (ONE, LANES):
        out = World(arrangement).run(made, {})
        assert (out.dead, len(out.mended)) == (0, sum(counted for *_, counted in made))
        many = sum(len(wakes[kind]) for _, kind, *_ in made if kind != "stopped")
        if arrangement is LANES:
            assert out.messages == len(out.looked) == many
            assert out.batches < out.messages / 2


def test_a_storm_delays_what_is_urgent_only_where_both_have_one_queue() -> None:
    one, lanes = (short(it, SCENES[1]) for it in (ONE, WIDE))
    assert percentile(one.mended, 99) > 60
    assert percentile(lanes.mended, 99) < 8
    assert one.throttled > 1_000


def test_a_sweep_reaches_every_region_of_every_account_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulated, "ACCOUNTS", 100)
    world = World(WIDE)
    out = world.run([], schedules(world.families))
    each = {"trail": 1, "bucket": 1, "monitoring": 1}
    wanted = sum(1 + 100 * (each.get(it) or 1 + len(aws.REGIONS)) for it in world.families)
    assert out.sweeps == out.invocations == wanted
    assert all(ended > began for began, ended in out.swept.values()) and out.dead == 0


def test_too_little_concurrency_for_too_long_leaves_dead_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that "none" says something."""
    monkeypatch.setattr(functions, "MAX_EVENT_AGE", 120.0)
    one, lanes = (short(it, SCENES[1]) for it in (ONE, WIDE))
    assert one.dead > 100 and lanes.dead == 0


def test_a_quota_keeps_calls_waiting_and_those_of_another_account_do_not() -> None:
    world = World(WIDE)
    times = world._times["trail", "stopped"]
    task = Task("trail", "stopped", 1, "eu-west-1", 0)
    # One StartLogging a second.
    assert [world._called(times, task, "urgent") for _ in range(3)] == pytest.approx([0, 1, 2], abs=0.01)
    assert world._called(times, replace(task, account=2), "urgent") == 0
    assert world.outcome.waited["cloudtrail:StartLogging"] == 2


def test_each_lane_has_its_share_of_a_quota_as_the_template_says() -> None:
    for lane, share in simulated.SHARES.items():
        variables = Template().lane("trail", "" if lane == "urgent" else lane.capitalize())["Environment"]["Variables"]
        assert float(variables["TRAILKEEPER_SHARE"]) == share * 100
    task, times = Task("trail", "key", 1, "eu-west-1", 0), Times(Work(1, Counter({"logs:DescribeMetricFilters": 1})), 1)
    lanes = World(WIDE)
    # Five a second: two for what is urgent, and one each for the others.
    found = {lane: [lanes._called(times, task, lane) for _ in range(3)] for lane in simulated.SHARES}
    assert found == {"urgent": [0, 0, 0.5], "batch": [0, 1, 2], "sweep": [0, 1, 2]}
    one = World(ONE)
    assert [one._called(times, task, lane) for lane in [*simulated.SHARES] * 2] == pytest.approx([0] * 5 + [0.2])


def test_a_batch_is_grouped_by_account_and_by_what_one_look_answers() -> None:
    tasks = [Task("trail", kind, account, "eu-west-1", 0.1 * number) for number, (kind, account) in enumerate(
        [("role", 2), ("key", 1), ("role", 1), ("role", 2), ("role", 1)])]
    assert {key: len(it) for key, it in grouped(tasks).items()} == {
        (1, "key"): 1, (1, "role"): 2, (2, "role"): 2,
    }
