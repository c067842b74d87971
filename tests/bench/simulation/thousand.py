"""A thousand accounts: how long a stopped trail stays stopped, whatever else goes on, and what a sweep and a month take.

usage: make simulate, or PYTHONPATH=(as in tests/pytest.ini) tests/bench/simulation/thousand.py [--markdown FILE]

It runs on counted calls (`measured.json`) and on what AWS publishes (`aws.py`), and needs no AWS, local or other.
"""

from __future__ import annotations

import argparse
import statistics
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import costs
from bench.simulation.aws import LONG_POLL, POLLERS, RECEIVED_AT_ONCE
from bench.simulation.batches import Source
from bench.simulation.organization import HOURS, SCENES, Scene, calls, schedules
from bench.simulation.world import Arrangement, Outcome, World
from bench.table import Cells, markdown, plain

AIM_SECONDS, AIM_HOURS = 5.0, 2.0
ONE = Arrangement("a function for each family", 2, frozenset({"trail", "monitoring"}), spares=True)
LANES = Arrangement("lanes, two at once", 2, many=Source(window=2, size=100, at_once=2, again=330, attempts=4), sweeps=2)
WIDE = replace(LANES, name="lanes, wide", at_once=None, many=Source(window=2, size=50, at_once=10, again=330, attempts=4), sweeps=5)
ARRANGEMENTS = (ONE, LANES, WIDE)
STORMS_A_MONTH = 4
BUSY = 1_000
"""Events a day of which some come in each hour."""
QUIET, STORM, SWEEP = SCENES[:3]
Run = tuple[Arrangement, Scene]


def run(it: Run) -> Outcome:
    """One arrangement in one scene; the same each time."""
    arrangement, scene = it
    world = World(arrangement)
    return world.run(calls(scene), schedules(world.families) if scene.sweep else {})


def percentile(values: list[float], number: int) -> float:
    """As `statistics.quantiles` has it."""
    return statistics.quantiles(values, n=100, method="inclusive")[number - 1]


def seconds(value: float) -> str:
    """With a unit that fits."""
    return f"{value:.1f} s" if value < 600 else f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.1f} h"


def swept(outcome: Outcome) -> float:
    """Hours that the longest sweep of a family took."""
    return max((ended - began for began, ended in outcome.swept.values()), default=0.0) / 3600


def timed(outcomes: dict[Run, Outcome]) -> Cells:
    """How long what is urgent waits, how many of one function worked on it at once, and what is left."""
    cells = [[
        "arrangement", "meanwhile", "stopped: median", "99th percentile", "longest", "never mended", "the many: 99th percentile",
        "longest sweep", "invocations", "throttled", "at once", "dead letters",
    ]]
    for (arrangement, scene), it in outcomes.items():
        cells.append([
            arrangement.name, scene.name, seconds(statistics.median(it.mended)), seconds(percentile(it.mended, 99)),
            seconds(max(it.mended)), f"{it.stopped - len(it.mended):,}", seconds(percentile(it.looked, 99)) if it.looked else "",
            f"{swept(it):.1f} h" if scene.sweep else "", f"{it.invocations:,}", f"{it.throttled:,}", f"{it.widest:,}",
            f"{it.dead:,}",
        ])
    return cells


def services(outcomes: dict[Run, Outcome]) -> Cells:
    """Calls of a usual day with its sweep, by service, in thousands."""
    days = {it: of_a_day({scene: outcome for (of, scene), outcome in outcomes.items() if of == it}) for it in ARRANGEMENTS}
    names = sorted({name for day in days.values() for name in day}, key=lambda name: -days[ONE][name])
    return [["calls a day, thousands", *(it.name for it in days)], *(
        [name, *(f"{day[name] / 1e3:,.1f}" for day in days.values())] for name in names
    ), ["all", *(f"{day.total() / 1e3:,.1f}" for day in days.values())]]


def of_a_day(outcomes: dict[Scene, Outcome]) -> Counter[str]:
    """Calls by service: those of the hours that were run, for a whole day, and those that a sweep adds."""
    found: Counter[str] = Counter()
    quiet, sweep = outcomes[QUIET].calls, outcomes[SWEEP].calls
    for name in quiet.keys() | sweep.keys():
        found[name.split(":")[0]] += round(quiet[name] * 24 / HOURS + max(sweep[name] - quiet[name], 0))
    return found


def month(outcomes: dict[Scene, Outcome], queues: int) -> dict[str, float]:
    """Dollars of a month by what they are paid for: usual days, a sweep each, a storm a week. Prices: tools/costs.py."""

    def monthly(name: str) -> float:
        quiet, storm, sweep = (float(getattr(outcomes[it], name)) for it in (QUIET, STORM, SWEEP))
        return quiet * 24 / HOURS * costs.DAYS + (sweep - quiet) * costs.DAYS + (storm - quiet) * STORMS_A_MONTH

    invocations, logged = monthly("invocations"), monthly("invocations") * costs.GB_OF_LOG
    polls = queues * POLLERS * 86_400 * costs.DAYS / LONG_POLL
    # A message is sent alone, and received and deleted with others.
    requests = monthly("messages") * (1 + 2 / RECEIVED_AT_ONCE) + monthly("batches") * 2 + polls * (queues > 0)
    # Each family's metrics count something in each hour.
    fixed = costs.month(0) | {"CloudWatch metrics": costs.month(BUSY)["CloudWatch metrics"]}
    return {
        "Lambda": invocations * costs.REQUEST + monthly("seconds") * costs.GB_OF_MEMORY * costs.GB_SECOND,
        "EventBridge": monthly("forwarded") * costs.FORWARDED,
        "CloudWatch Logs": logged * costs.LOG_GB + logged * costs.MONTHS_OF_LOG * costs.COMPRESSED * costs.LOG_GB_MONTH,
        "DynamoDB": monthly("sweeps") * costs.WRITTEN_BY_A_SWEEP * costs.ITEM_WRITTEN,
        # Each invocation asks once for reports that could not be sent.
        "SQS": (requests + invocations) * costs.RECEIVED,
        "metrics, alarms, dashboard, keys": sum(
            value for name, value in fixed.items() if name.startswith("CloudWatch ") and name != "CloudWatch Logs"
        ) + fixed["KMS"],
    }


def dollars(outcomes: dict[Run, Outcome]) -> Cells:
    """A month of each arrangement."""
    months = []
    for it in ARRANGEMENTS:
        of = {scene: outcome for (by, scene), outcome in outcomes.items() if by == it}
        months.append(month(of, len(World(it).families) if it.many else 0))
    return [["a month, US dollars", *(it.name for it in ARRANGEMENTS)], *(
        [what, *(f"{it[what]:,.2f}" for it in months)] for what in months[0]
    ), ["**all**", *(f"**{sum(it.values()):,.2f}**" for it in months)]]


def waited(outcomes: dict[Run, Outcome]) -> Cells:
    """Calls that came sooner than a service's quota allows, in the last scene."""
    last = [outcomes[it, SCENES[-1]].waited for it in ARRANGEMENTS]
    names = sorted({name for it in last for name, count in it.items() if count}, key=lambda name: -last[0][name])
    return [["calls that waited for a quota", *(it.name for it in ARRANGEMENTS)],
            *([name, *(f"{it[name]:,}" for it in last)] for name in names)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--markdown", type=Path, help="also write the tables to this file")
    asked = parser.parse_args()
    runs = [(arrangement, scene) for arrangement in ARRANGEMENTS for scene in SCENES]
    with ProcessPoolExecutor() as workers:
        outcomes = dict(zip(runs, workers.map(run, runs), strict=True))
    tables = [timed(outcomes), services(outcomes), waited(outcomes), dollars(outcomes)]
    print("\n\n".join(map(plain, tables)))
    if asked.markdown:
        asked.markdown.write_text("\n\n".join(map(markdown, tables)) + "\n")
    last = ARRANGEMENTS[-1]
    late = max(percentile(outcomes[last, scene].mended, 99) for scene in SCENES)
    long, dead = max(swept(outcomes[last, scene]) for scene in SCENES), sum(outcomes[last, it].dead for it in SCENES)
    met = late < AIM_SECONDS and long < AIM_HOURS and not dead
    print(f"\n{last.name}: {late:.1f} s of {AIM_SECONDS:g}, {long:.1f} h of {AIM_HOURS:g}, {dead} dead letters: "
          f"{'met' if met else 'MISSED'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
