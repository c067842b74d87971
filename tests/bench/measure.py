"""Measures one function process on the local AWS: how fast it starts, repairs and checks, and what it costs."""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import account
from local_aws.processes import Call, Faults, Moto
from runtime_api import Answer, Function

EVENT = Path(__file__).resolve().parents[1] / "events" / "transfer.create-server.json"
WARM_INVOCATIONS = 50
# Slow enough that all else is small beside it: a chain of n calls takes n of these.
LATENCY_SECONDS = 0.3


@dataclass(frozen=True)
class Contender:
    """One of the functions that are compared."""

    name: str
    command: list[str]


@dataclass(frozen=True)
class Round:
    """What one fresh process did; all times in seconds."""

    first_next: float
    cold: float
    cold_cpu: float
    cold_aws_cpu: float
    warm: float
    warm_cpu: float
    peak_kib: int


@dataclass(frozen=True)
class Calls:
    """The API calls of a repair and of a check that finds nothing wrong, and how long the check's longest chain is."""

    repair: list[Call]
    check: list[Call]
    check_in_sequence: int


def cpu_seconds(pid: int) -> float:
    """The CPU time that a process has used, user and system, all threads: the kernel's clock of that process."""
    return time.clock_gettime((~pid << 3) | 2)


def event(server_id: str) -> dict[str, Any]:
    """The event that names this server."""
    made: dict[str, Any] = json.loads(EVENT.read_text())
    made["detail"]["responseElements"]["serverId"] = server_id
    return made


def function(contender: Contender, endpoint: str, topic: str) -> Function:
    """The contender as a process that repairs, not started yet."""
    environment = {
        "AWS_ENDPOINT_URL": endpoint,
        "TRAILKEEPER_MODE": "enforce",
        "TRAILKEEPER_TOPIC_ARN": topic,
        "TRAILKEEPER_REGIONS": "us-east-1",
    }
    return Function(contender.command, environment)


def status(answer: Answer) -> str:
    """What became of the server."""
    if not answer.ok:
        raise RuntimeError(f"the function failed: {answer.error_message or answer.raw!r}")
    return str(answer.body["results"][0]["status"])


def expect(wanted: str, answer: Answer) -> None:
    """Fails where the function did not do what is measured."""
    if status(answer) != wanted:
        raise RuntimeError(f"{wanted} was expected: {answer.body}")


def fresh(moto: Moto) -> tuple[str, str]:
    """An account with nothing but a topic and a server without logging: the topic's ARN and the server's id."""
    moto.reset()
    topic = moto.client("sns").create_topic(Name="trailkeeper-reports")["TopicArn"]
    return topic, account.create_server(moto)


def measure(contender: Contender, moto: Moto) -> Round:
    """One process from its start through a repair to checks of the repaired server."""
    topic, server_id = fresh(moto)
    payload = event(server_id)
    aws_before = cpu_seconds(moto.pid)
    started = time.perf_counter()
    with function(contender, moto.endpoint, topic) as process:
        answer = process.invoke(payload)
        cold = time.perf_counter() - started
        cold_cpu = cpu_seconds(process.pid)
        cold_aws_cpu = cpu_seconds(moto.pid) - aws_before
        expect("fixed", answer)
        if not account.server(moto, server_id).get("LoggingRole"):
            raise RuntimeError(f"{contender.name} said fixed, but the server has no logging role")
        times = []
        for _ in range(WARM_INVOCATIONS):
            began = time.perf_counter()
            answer = process.invoke(payload)
            times.append(time.perf_counter() - began)
            expect("compliant", answer)
        warm_cpu = (cpu_seconds(process.pid) - cold_cpu) / WARM_INVOCATIONS
        warm = statistics.median(times)
        return Round(process.first_next, cold, cold_cpu, cold_aws_cpu, warm, warm_cpu, process.peak_rss_kib)


def count(contender: Contender, moto: Moto, faults: Faults) -> Calls:
    """The same, counted by a proxy in front of the local AWS; nothing is timed but the chain of calls."""
    topic, server_id = fresh(moto)
    payload = event(server_id)
    faults.clear()
    with function(contender, faults.endpoint, topic) as process:
        faults.forget()
        expect("fixed", process.invoke(payload))
        repair = faults.calls()
        faults.forget()
        began = time.perf_counter()
        expect("compliant", process.invoke(payload))
        usual = time.perf_counter() - began
        check = faults.calls()
        faults.rule("*", latency_ms=LATENCY_SECONDS * 1000)
        began = time.perf_counter()
        expect("compliant", process.invoke(payload))
        chain = (time.perf_counter() - began - usual) / LATENCY_SECONDS
        faults.clear()
    return Calls(repair, check, round(chain))


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
