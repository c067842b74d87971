"""The local servers start side by side, listen on this machine only, and surely end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from local_aws.processes import Moto
from local_aws.server import TESTS, Server, ServerError, request

STARTER = """
import signal, time
from local_aws.processes import Moto
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
with Moto() as moto:
    print(moto.pid, moto.port, flush=True)
    time.sleep(600)
"""


def runs(pid: int) -> bool:
    """Whether the process is there and not just waiting to be reaped."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def ends(pid: int) -> bool:
    """Whether the process is gone within some seconds."""
    until = time.monotonic() + 10
    while runs(pid) and time.monotonic() < until:
        time.sleep(0.05)
    return not runs(pid)


def listening(port: int) -> set[str]:
    """The local addresses, in the kernel's notation, on which somebody listens at the port."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    addresses = [fields[1].split(":") for fields in lines if fields[3] == "0A"]
    return {address for address, number in addresses if int(number, 16) == port}


def test_two_at_once_and_each_ends(moto: Moto) -> None:
    with pytest.raises(ZeroDivisionError), Moto() as other:
        pid = other.pid
        assert other.port != moto.port
        other.client("transfer").create_server()
        assert moto.client("transfer").list_servers()["Servers"] == []
        _ = 1 / 0
    assert not runs(pid)


@pytest.mark.parametrize("name", ["moto_server", "faults_server", "ministack_server"])
def test_only_this_machine_is_served(request: pytest.FixtureRequest, name: str) -> None:
    assert listening(request.getfixturevalue(name).port) == {"0100007F"}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_server_ends_with_whoever_started_it(number: signal.Signals) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER],
        cwd=TESTS, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
    )
    assert starter.stdout
    try:
        pid = int(starter.stdout.readline().split()[0])
        assert runs(pid)
        os.kill(starter.pid, number)
        starter.wait(10)
        assert ends(pid)
    finally:
        starter.kill()
        starter.wait()
        starter.stdout.close()


def test_a_server_that_does_not_start_says_why() -> None:
    class Broken(Server):
        name = "broken"

        def command(self) -> list[str]:
            return [sys.executable, "-c", "raise SystemExit('no such thing')"]

        def answers(self) -> bool:
            return bool(request("GET", self.endpoint))

    with pytest.raises(ServerError, match="no such thing"), Broken():
        pass
