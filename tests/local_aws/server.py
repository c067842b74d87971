"""Starts a local server as its own process group, waits for it, and surely ends it."""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from repository import ROOT, TESTS
from local_aws.running import Running

WORK = ROOT / ".work"

START_TRIES = 5
START_SECONDS = 60.0
STOP_SECONDS = 5.0


class ServerError(RuntimeError):
    """A local server did not start, or refused one of the harness's own requests."""


def free_port() -> int:
    """A port nobody listens on, outside the range the kernel hands out by itself.

    Drawn at random, so that test processes running side by side seldom collide;
    the starter tries another one when they do.
    """
    while True:
        port = random.SystemRandom().randint(18_000, 31_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def request(method: str, url: str, body: Any = None, timeout: float = 35.0) -> Any:
    """One JSON request to a server's control interface; returns the parsed answer."""
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(
        url, data=data, method=method, headers={"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(asked, timeout=timeout) as answer:
            raw = answer.read()
    except urllib.error.HTTPError as refused:
        raise ServerError(f"{method} {url}: {refused.code} {refused.read()!r}") from refused
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw.decode(errors="replace")


def _end_with_parent() -> None:
    """In the child, on Linux: be killed when the thread that started it ends."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


class Server(Running):
    """One server process. Subclasses say how to start it and how to see that it answers."""

    name = "server"
    ended_by = signal.SIGTERM
    """What it is asked to end with, before it is made to."""

    def __init__(self) -> None:
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """The address to give to a client as its endpoint URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process id of the server."""
        if self._process is None:
            raise ServerError(f"{self.name} is not running")
        return self._process.pid

    @property
    def log_path(self) -> Path:
        """The file which takes what the server prints."""
        return WORK / "logs" / f"{self.name}-{self.port}.log"

    def command(self) -> list[str]:
        """The command line that serves on `self.port` of 127.0.0.1."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """What the server's environment has beyond the caller's."""
        return {}

    def answers(self) -> bool:
        """Whether this very server, not another one on its port, answers."""
        raise NotImplementedError

    def start(self) -> None:
        """Starts the server and returns once it answers."""
        for _ in range(START_TRIES):
            self.port = free_port()
            self._spawn()
            if self._wait_until_it_answers():
                return
            self.stop()
        tail = self.log_path.read_text(errors="replace")[-2000:]
        raise ServerError(f"{self.name} did not start; see {self.log_path}\n{tail}")

    def _spawn(self) -> None:
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        paths = [str(TESTS), os.environ.get("PYTHONPATH", "")]
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TRAILKEEPER_"))}
        environment = kept | {"PYTHONPATH": os.pathsep.join(p for p in paths if p)}
        with self.log_path.open("wb") as log:
            self._process = subprocess.Popen(
                self.command(),
                env=environment | self.environment(),
                cwd=self.log_path.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )
        atexit.register(self.stop)

    def _wait_until_it_answers(self) -> bool:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._process and self._process.poll() is None:
            try:
                if self.answers():
                    return True
            except (OSError, ServerError):
                pass
            time.sleep(0.05)
        return False

    def stop(self) -> None:
        """Ends the server's process group: `ended_by`, then SIGKILL for what is left."""
        process, self._process = self._process, None
        atexit.unregister(self.stop)
        if process is None or process.poll() is not None:
            return
        self._signal(process, self.ended_by)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self._signal(process, signal.SIGKILL)
            process.wait()

    @staticmethod
    def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
        try:
            os.killpg(process.pid, number)
        except (ProcessLookupError, PermissionError):
            pass
