"""Holds the simulation's queue against a measured one: a small flood through one process of a built function.

usage: PYTHONPATH=(as in tests/pytest.ini) tests/bench/simulation/held.py FOLDER_OF_FUNCTIONS

The simulation gets the arrivals and the service times as they were measured, and must say how long each event waited.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from bench.measure import environment
from bench.simulation.clock import Clock
from bench.simulation.functions import Function as Simulated
from bench.simulation.functions import Pool
from bench.simulation.measure import BUCKET, REGIONS, seed
from envelope import Event
from local_aws.processes import Moto
from log_buckets import bucket_call
from runtime_api import Function, Pending

EVENTS, LOAD, TOLERANCE = 200, 0.8, 0.05
"""So many events, as often as keeps the process busy for this share of the time; and by how much of the mean wait the mean
and the longest wait may differ."""
Flood = tuple[list[float], list[float], list[float]]
"""When each event came, how long it waited, and how long it was worked on."""


def event() -> Event:
    """A bucket policy that concerns nothing of ours, with an id of its own."""
    call = bucket_call(BUCKET)
    return call | {"id": str(uuid.uuid4()), "detail": call["detail"] | {"eventID": str(uuid.uuid4())}}


def measured(function: Function, events: int, load: float) -> Flood:
    """Gives events to the process as they come, whether it is ready or not."""
    alone = []
    for _ in range(10):
        began = time.monotonic()
        function.invoke(event())
        alone.append(time.monotonic() - began)
    apart, chance, before = statistics.mean(alone[2:]) / load, random.Random(5), len(alone)
    given: list[tuple[float, Pending]] = []
    due = time.monotonic()
    for _ in range(events):
        due += chance.expovariate(1 / apart)
        time.sleep(max(0.0, due - time.monotonic()))
        given.append((time.monotonic(), function.begin(event())))
    for _, pending in given:
        if not pending.answer().ok:
            raise RuntimeError("the function failed")
    while len(function.asked_at) <= before + events:
        time.sleep(0.01)
    came, taken = [at for at, _ in given], [float(it.taken or 0) for _, it in given]
    free = function.asked_at[before + 1 :]
    return came, [at - since for since, at in zip(came, taken)], [at - since for since, at in zip(taken, free)]


def simulated(came: list[float], took: list[float]) -> list[float]:
    """What the simulation says that each waited."""
    clock, waits = Clock(), [0.0] * len(came)

    def serve(number: int, _: bool) -> Iterator[float]:
        waits[number] = clock.now - (came[number] - came[0])
        yield took[number]

    worker = Simulated(clock, Pool(), serve, reserved=1, patient=True, cold=(0.0, 0.0))
    for number, at in enumerate(came):
        clock.after(at - came[0], worker.invoke, number)
    clock.run()
    return waits


def main() -> int:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with Moto() as moto:
        seed(moto)
        settings = environment(moto.endpoint, TRAILKEEPER_REGIONS=",".join(REGIONS[:2]))
        with Function([str(Path(sys.argv[1]).resolve() / "bucket")], settings) as function:
            came, waited, took = measured(function, EVENTS, LOAD)
    said = simulated(came, took)
    means, most = (statistics.mean(waited), statistics.mean(said)), (max(waited), max(said))
    off = max(abs(one - other) for one, other in (means, most)) / means[0]
    print(f"{EVENTS} events, {statistics.mean(took) * 1e3:.1f} ms each; waited {means[0] * 1e3:.1f} ms on average and "
          f"{most[0] * 1e3:.1f} at most, in the simulation {means[1] * 1e3:.1f} and {most[1] * 1e3:.1f}: "
          f"{off:.1%} apart, {TOLERANCE:.0%} allowed")
    return 0 if off <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
