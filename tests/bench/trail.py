"""The trail function beside Cloud Custodian, which mends three of the faults and does not read back."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bench import needless
from bench.custodian import Custodian, Warm
from bench.faulty_trail import ALL, APART_SECONDS, THREE, Scenario
from bench.measure import (
    Measure, Round, Spent, Watch, alternate, calls_of, in_sequence, one_process, typical,
)
from bench.table import Cells, counts, rows, table
from local_aws.processes import Call, Faults, Moto
from runtime_api import Function
from trails import create_trail

WARM_INVOCATIONS = 5
MEASURES = rows(("exec to the repaired trail", 12), ("the trail is repaired again", 2))


def measure(binary: Path, scenario: Scenario, moto: Moto) -> Round:
    """One process of the function from its start through a repair to more of them."""
    arn = scenario.make(moto)
    function = Function([str(binary)], scenario.environment(moto.endpoint))
    proven = partial(scenario.proven, moto, arn)
    again = partial(scenario.break_anew, moto)
    return one_process(function, moto, dict(create_trail(arn)), proven, again, proven, WARM_INVOCATIONS)


def measure_custodian(custodian: Custodian, moto: Moto) -> Round:
    """One whole process of Cloud Custodian, and the runs of another that is kept warm."""
    arn = THREE.make(moto)
    cold, peak = custodian.run(moto, moto.endpoint)
    THREE.prove(moto, arn)
    warm = []
    with Warm(custodian, moto.endpoint) as process:
        # The first run is not counted: it starts up, and meets each service for the first time.
        for number in range(WARM_INVOCATIONS + 1):
            THREE.break_anew(moto)
            watch = Watch(moto, process.process.pid)
            took = process.run()
            spent = watch.stop(process.process.pid)
            THREE.prove(moto, arn)
            warm += [Spent(took, spent.cpu, spent.aws_cpu)] if number else []
    return Round(None, cold, typical(warm), peak)


def count(binary: Path, scenario: Scenario, moto: Moto, faults: Faults) -> tuple[list[Call], int]:
    """The calls of a repair by a fresh process, and how long the longest chain is in a warm one."""
    arn = scenario.make(moto)
    event = dict(create_trail(arn))
    process = Function([str(binary)], scenario.environment(faults.endpoint))
    with ExitStack() as running:

        def repair() -> None:
            scenario.proven(moto, arn, process.invoke(event))

        def cold() -> None:
            running.enter_context(process)
            repair()

        calls = calls_of(faults, cold)
        chain = in_sequence(faults, partial(scenario.break_anew, moto), repair)
    needless.check(calls)
    return calls, chain


def count_custodian(custodian: Custodian, moto: Moto, faults: Faults) -> tuple[list[Call], int]:
    """The same of Cloud Custodian."""
    THREE.make(moto)
    calls = calls_of(faults, lambda: custodian.run(moto, faults.endpoint))
    with Warm(custodian, faults.endpoint) as process:
        process.run()
        chain = in_sequence(faults, partial(THREE.again, moto), process.run)
    return calls, chain


def bench(binary: Path, custodian: Custodian, moto: Moto, faults: Faults, rounds: int) -> tuple[Cells, list[str]]:
    """The table, and how to read it."""
    measures: list[Measure] = [
        partial(measure, binary, THREE, moto),
        partial(measure_custodian, custodian, moto),
        partial(measure, binary, ALL, moto),
    ]
    names = [f"Rust, {THREE.name}", f"Cloud Custodian, {THREE.name}", f"Rust, {ALL.name}"]
    cells = table(MEASURES, names, alternate(measures, rounds, "trail"))
    ours, theirs = count(binary, THREE, moto, faults), count_custodian(custodian, moto, faults)
    whole = count(binary, ALL, moto, faults)
    found = [ours, theirs, whole]
    cells.append(counts("API calls of the cold repair", [len(calls) for calls, _ in found]))
    cells.append(counts("  of them one after another, warm", [chain for _, chain in found]))
    cells.append(["binary, stripped, MB", f"{binary.stat().st_size / 1e6:.1f}", *[""] * 4])
    return cells, [
        f"{APART_SECONDS:g} s lie between warm events: CloudTrail takes one UpdateTrail and one StartLogging a second, "
        "and the function waits where they come sooner. That wait is in no figure.",
        "Cloud Custodian does not read back what it did. Its warm time is taken in its process, ours from the outside.",
        "Calls before the first write; up to the last; after it. None is made twice before or after the writes.",
        *(f"{name}: {needless.told(calls)}." for name, (calls, _) in zip(names, found, strict=True)),
    ]
