"""The transfer function beside the same function written with boto3."""

from __future__ import annotations

import json
import statistics
import sys
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import account
from bench.measure import (
    Measure, Round, alternate, calls_of, environment, expect, in_sequence, one_process, results,
)
from bench.table import Cells, counts, rows, table, verdict
from local_aws.processes import Call, Faults, Moto
from runtime_api import Answer, Function

HERE = Path(__file__).resolve().parent
EVENT = HERE.parent / "events" / "transfer.create-server.json"
CONTROL = "transfer-server-logging"
WARM_INVOCATIONS = 50
BINARY_LIMIT_MB = 8.0
MEASURES = rows(("exec to the proven repair", 8), ("the server is as it must be", None), first=25, memory=5)


def event(server_id: str) -> dict[str, Any]:
    """The event that names this server."""
    made: dict[str, Any] = json.loads(EVENT.read_text())
    made["detail"]["responseElements"]["serverId"] = server_id
    return made


def function(command: list[str], endpoint: str, topic: str) -> Function:
    """The contender as a process that repairs, not started yet."""
    return Function(command, environment(endpoint, TRAILKEEPER_TOPIC_ARN=topic))


def fresh(moto: Moto) -> tuple[str, str]:
    """An account with nothing but a topic and a server without logging: the topic's ARN and the server's id."""
    moto.reset()
    topic = moto.client("sns").create_topic(Name="trailkeeper-reports")["TopicArn"]
    return topic, account.create_server(moto)


def measure(command: list[str], moto: Moto) -> Round:
    """One process from its start through a repair to checks of the repaired server."""
    topic, server_id = fresh(moto)

    def repaired(answer: Answer) -> None:
        expect({CONTROL: "fixed"}, answer)
        if not account.server(moto, server_id).get("LoggingRole"):
            raise RuntimeError(f"{results(answer)} was said, but the server has no logging role")

    again = partial(expect, {CONTROL: "compliant"})
    process = function(command, moto.endpoint, topic)
    return one_process(process, moto, partial(event, server_id), repaired, lambda: None, again, WARM_INVOCATIONS)


def count(command: list[str], moto: Moto, faults: Faults) -> tuple[list[Call], list[Call], int]:
    """The calls of a repair and of a check that finds nothing wrong, and how long the check's longest chain is."""
    topic, server_id = fresh(moto)
    process = function(command, faults.endpoint, topic)
    with ExitStack() as running:

        def work(status: str) -> None:
            expect({CONTROL: status}, process.invoke(event(server_id)))

        def cold() -> None:
            running.enter_context(process)
            work("fixed")

        repair = calls_of(faults, cold)
        check = calls_of(faults, lambda: work("compliant"))
        return repair, check, in_sequence(faults, lambda: None, lambda: work("compliant"))


def answer_time(moto: Moto) -> float:
    """How long the local AWS itself takes to answer a small read, median: no function can be faster per call."""
    _, server_id = fresh(moto)
    client = moto.client("transfer")
    times = []
    for _ in range(WARM_INVOCATIONS):
        began = time.perf_counter()
        client.describe_server(ServerId=server_id)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def bench(binary: Path, moto: Moto, faults: Faults, rounds: int) -> tuple[Cells, list[str]]:
    """The table, and how to read it."""
    commands = [[str(binary)], [sys.executable, str(HERE / "boto3_transfer.py")]]
    measures: list[Measure] = [partial(measure, command, moto) for command in commands]
    cells = table(MEASURES, ["Rust", "Python, boto3"], alternate(measures, rounds, "transfer"))
    calls = [count(command, moto, faults) for command in commands]
    cells.append(counts("API calls of the repair", [len(repair) for repair, _, _ in calls]))
    cells.append(counts("API calls of the check", [len(check) for _, check, _ in calls]))
    cells.append(counts("  of them one after another", [chain for _, _, chain in calls]))
    size = binary.stat().st_size / 1e6
    fits = f"<= {BINARY_LIMIT_MB:g}: {verdict(size <= BINARY_LIMIT_MB)}"
    cells.append(["binary, stripped, MB", f"{size:.1f}", "", "", fits])
    named = [", ".join(call.operation for call in repair) for repair, _, _ in calls]
    return cells, [
        f"The local AWS answers one small read in {answer_time(moto) * 1e3:.1f} ms (median, measured with boto3).",
        f"Calls of the repair, Rust: {named[0]}.",
        f"Calls of the repair, boto3: {named[1]}.",
    ]
