"""A function beside Cloud Custodian, which does less and does not read back, on the same broken resource."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench import needless
from bench.custodian import Custodian, Warm
from bench.measure import (
    Measure, Round, Spent, Watch, alternate, calls_of, in_sequence, one_process, typical,
)
from bench.scenario import Scenario
from bench.table import Cells, Row, counts, table
from local_aws.processes import Call, Faults, Moto
from runtime_api import Function

Counted = tuple[list[Call], int]


@dataclass(frozen=True)
class Comparison:
    """A function and a policy of Cloud Custodian that do the same, and what the function does beyond."""

    name: str
    measures: list[Row]
    policy: Path
    like: Scenario
    """What both mend."""
    whole: Scenario
    """What the function alone mends."""
    warm: int
    """How many events a process gets that has handled one before."""
    remarks: list[str]

    def bench(
        self, binary: Path, custodian: Custodian, moto: Moto, faults: Faults, rounds: int
    ) -> tuple[Cells, list[str]]:
        """The table, and how to read it."""
        measures: list[Measure] = [
            partial(self._ours, binary, self.like, moto),
            partial(self._theirs, custodian, moto),
            partial(self._ours, binary, self.whole, moto),
        ]
        names = [f"Rust, {self.like.name}", f"Cloud Custodian, {self.like.name}", f"Rust, {self.whole.name}"]
        cells = table(self.measures, names, alternate(measures, rounds, self.name))
        ours, theirs = count(binary, self.like, moto, faults), self._count_theirs(custodian, moto, faults)
        found = [ours, theirs, count(binary, self.whole, moto, faults)]
        cells.append(counts("API calls of the cold repair", [len(calls) for calls, _ in found]))
        cells.append(counts("  of them one after another, warm", [chain for _, chain in found]))
        cells.append(["binary, stripped, MB", f"{binary.stat().st_size / 1e6:.1f}", *[""] * 4])
        return cells, [
            *self.remarks,
            "Cloud Custodian does not read back what it did. "
            "Its warm time is measured inside its process, ours from outside.",
            "The lists show the calls before the first write, up to the last write, and after it. "
            "No call is made twice before or after the writes.",
            *(f"{name}: {needless.told(calls)}." for name, (calls, _) in zip(names, found, strict=True)),
        ]

    def _ours(self, binary: Path, scenario: Scenario, moto: Moto) -> Round:
        """One process of the function from its start through a repair to more of them."""
        resource = scenario.make(moto)
        function = Function([str(binary)], scenario.environment(moto.endpoint))
        proven = partial(scenario.proven, moto, resource)
        again = partial(scenario.break_anew, moto)
        return one_process(function, moto, partial(scenario.event, resource), proven, again, proven, self.warm)

    def _theirs(self, custodian: Custodian, moto: Moto) -> Round:
        """One whole process of Cloud Custodian, and the runs of another that is kept warm."""
        resource = self.like.make(moto)
        cold, peak = custodian.run(self.policy, moto, moto.endpoint)
        self.like.prove(moto, resource)
        warm = []
        with Warm(custodian, self.policy, moto.endpoint) as process:
            # The first run is not counted: it starts up, and meets each service for the first time.
            for number in range(self.warm + 1):
                self.like.break_anew(moto)
                watch = Watch(moto, process.process.pid)
                took = process.run()
                spent = watch.stop(process.process.pid)
                self.like.prove(moto, resource)
                warm += [Spent(took, spent.cpu, spent.aws_cpu)] if number else []
        return Round(None, cold, typical(warm), peak)

    def _count_theirs(self, custodian: Custodian, moto: Moto, faults: Faults) -> Counted:
        """The calls of a whole process of Cloud Custodian, and how long the longest chain is in a warm one."""
        self.like.make(moto)
        calls = calls_of(faults, lambda: custodian.run(self.policy, moto, faults.endpoint))
        with Warm(custodian, self.policy, faults.endpoint) as process:
            # It has met each service before it is timed.
            self.like.again(moto)
            process.run()
            chain = in_sequence(faults, partial(self.like.again, moto), process.run)
        return calls, chain


def count(binary: Path, scenario: Scenario, moto: Moto, faults: Faults) -> Counted:
    """The calls of a repair by a fresh process, and how long the longest chain is in a warm one."""
    resource = scenario.make(moto)
    process = Function([str(binary)], scenario.environment(faults.endpoint))
    with ExitStack() as running:

        def repair() -> None:
            scenario.proven(moto, resource, process.invoke(scenario.event(resource)))

        def cold() -> None:
            running.enter_context(process)
            repair()

        calls = calls_of(faults, cold)
        chain = in_sequence(faults, partial(scenario.break_anew, moto), repair)
    needless.check(calls)
    return calls, chain
