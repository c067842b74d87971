"""Fixtures: a local AWS, faults in front of it, IAM enforced, and the built functions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol, cast

import pytest
from inbox import Inbox
from local_aws.processes import ACCOUNT, REGION, Faults, Ministack, Moto
from local_aws.server import Server
from runtime_api import Function
from through_command import ALONE, SWITCH, Twice, twice

BINARIES = "TRAILKEEPER_BIN_DIR"


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two for each core: half of a test's time it waits, as the functions do for AWS."""
    return 2 * (os.cpu_count() or 1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where the command says everything a second time, leaves out what it cannot say."""
    if not os.environ.get(SWITCH):
        return
    for item in items:
        for marker in item.iter_markers(ALONE):
            assert marker.args and isinstance(marker.args[0], str), f"{item.nodeid}: {ALONE} needs a reason"
    alone = [it for it in items if it.get_closest_marker(ALONE) or "function" not in getattr(it, "fixturenames", ())]
    config.hook.pytest_deselected(items=alone)
    items[:] = [item for item in items if item not in alone]


@pytest.fixture(scope="session")
def moto_server() -> Iterator[Moto]:
    """One moto for the whole run."""
    with Moto() as server:
        yield server


@pytest.fixture
def moto(moto_server: Moto) -> Moto:
    """An empty account without permissions to check."""
    moto_server.reset()
    return moto_server


@pytest.fixture(scope="session")
def faults_server(moto_server: Moto) -> Iterator[Faults]:
    """One proxy in front of moto for the whole run."""
    with Faults(moto_server) as server:
        yield server


@pytest.fixture
def faults(moto: Moto, faults_server: Faults) -> Faults:
    """The way to `moto`, without a fault or a recorded call yet."""
    faults_server.clear()
    faults_server.forget()
    return faults_server


@pytest.fixture(scope="session")
def beside_server(moto_server: Moto) -> Iterator[Faults]:
    """Another proxy in front of moto, for the command beside a function."""
    with Faults(moto_server) as server:
        yield server


@pytest.fixture(scope="session")
def ministack_server() -> Iterator[Ministack]:
    """One ministack for the whole run."""
    with Ministack() as server:
        yield server


@pytest.fixture
def ministack(ministack_server: Ministack) -> Ministack:
    """An empty account in which IAM decides about each call."""
    ministack_server.reset()
    return ministack_server


@pytest.fixture
def inbox(moto: Moto) -> Inbox:
    """A topic for reports, with a queue and a person subscribed."""
    return Inbox(moto)


class StartFunction(Protocol):
    """Starts a function and gives it; it is ended after the test."""

    def __call__(
        self,
        name: str = "transfer",
        *,
        mode: str = "dry-run",
        endpoint: str | Server | None = None,
        timeout: float = 30.0,
        **env: str,
    ) -> Function: ...


def binary(name: str) -> Path:
    """The built function, from the folder that TRAILKEEPER_BIN_DIR names."""
    folder = os.environ.get(BINARIES)
    if not folder:
        pytest.fail(
            f"{BINARIES} is not set: build the functions with `cargo build --workspace --bins` "
            f"and set it to the folder which they are built into, e.g. target/debug",
            pytrace=False,
        )
    path = Path(folder).resolve() / name
    if not path.is_file():
        pytest.fail(f"{BINARIES} has no function {name}: {path} does not exist", pytrace=False)
    return path


def through(
    started: Function, name: str, mode: str, settings: dict[str, str], server: str | Server, beside: Faults | None = None
) -> Function | Twice:
    """The function, compared with the command where that is asked for."""
    if not os.environ.get(SWITCH):
        return started
    return twice(started, name, mode, settings, binary("trailkeeper"), server, beside)


@pytest.fixture
def function(request: pytest.FixtureRequest) -> Iterator[StartFunction]:
    """Starts functions, by default in dry-run mode and against `moto`."""
    all_started: list[Function | Twice] = []
    # Started before a test's own calls, since its start makes a call, too.
    is_beside = os.environ.get(SWITCH) and "faults" in request.fixturenames
    beside: Faults | None = request.getfixturevalue("beside_server") if is_beside else None
    with ExitStack() as running:

        def start(
            name: str = "transfer",
            *,
            mode: str = "dry-run",
            endpoint: str | Server | None = None,
            timeout: float = 30.0,
            **env: str,
        ) -> Function:
            server = endpoint or request.getfixturevalue("moto")
            url = server.endpoint if isinstance(server, Server) else server
            settings = {"AWS_ENDPOINT_URL": url, "TRAILKEEPER_MODE": mode} | env
            arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
            command = [str(binary(name))]
            started = running.enter_context(Function(command, settings, arn=arn, timeout=timeout))
            all_started.append(through(started, name, mode, settings, server, beside))
            return cast(Function, all_started[-1])

        yield start
    beside = [it for it in all_started if isinstance(it, Twice)]
    if beside and not any(it.compared for it in beside):
        pytest.skip("there was nothing that both say")
