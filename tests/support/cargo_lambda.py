"""`cargo lambda watch` for a function: the real binary behind a local Lambda endpoint."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local_aws.clients import FAKE, REGION
from local_aws.server import Server
from repository import ROOT

MANIFEST = ROOT / "Cargo.toml"
"""The workspace: named to cargo, the watcher finds built what `build` and the tests have built."""
INVOKE_SECONDS = 60.0


class InvokeError(RuntimeError):
    """The function failed, or did not answer."""


def build() -> None:
    """Builds every function just as `cargo lambda watch` would, with cargo's own progress on the terminal."""
    command = ["cargo", "build", "--manifest-path", str(MANIFEST), "--workspace", "--bins"]
    # A group of its own, so that the compilers that cargo started end with it.
    cargo = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0)
    try:
        if cargo.wait():
            raise InvokeError(f"`{' '.join(command)}` failed")
    finally:
        _signal(cargo.pid, signal.SIGTERM)
        cargo.wait()


class Watch(Server):
    """`cargo lambda watch` of one function, with `settings` as its environment and AWS at `endpoint`."""

    def __init__(self, function: str, endpoint: str, settings: dict[str, str]) -> None:
        super().__init__()
        self.name = f"watch-{function}"
        self.function = function
        self.aws = endpoint
        self.settings = settings

    def command(self) -> list[str]:
        tool = Path(sys.executable).parent / "cargo-lambda"
        return [
            *(str(tool), "lambda", "watch", "--ignore-changes", "--color", "never"),
            *("--manifest-path", str(MANIFEST)),
            *("--invoke-address", "127.0.0.1", "--invoke-port", str(self.port)),
        ]

    def environment(self) -> dict[str, str]:
        ours = dict.fromkeys((name for name in os.environ if name.startswith("TRAILKEEPER_")), "")
        aws = {
            "AWS_ENDPOINT_URL": self.aws,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        return ours | aws | FAKE.as_environment() | self.settings

    def answers(self) -> bool:
        with socket.create_connection(("127.0.0.1", self.port), timeout=5):
            return True

    def invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        """Sends one event, as Lambda's Invoke API takes it, and returns the function's response."""
        asked = urllib.request.Request(
            f"{self.endpoint}/2015-03-31/functions/{self.function}/invocations",
            data=json.dumps(event).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(asked, timeout=INVOKE_SECONDS) as answer:
                response = json.load(answer)
        except urllib.error.HTTPError as failed:
            raise self._failure(failed.read().decode(errors="replace")) from failed
        except OSError as failed:
            raise self._failure(str(failed)) from failed
        if "errorType" in response:
            raise self._failure(json.dumps(response))
        return response

    def _failure(self, why: str) -> InvokeError:
        tail = self.log_path.read_text(errors="replace")[-3000:]
        return InvokeError(f"invoking {self.function} failed: {why}\nits log ends:\n{tail}")

    def stop(self) -> None:
        """Ends the watcher, then the function if it is left: it has a session of its own."""
        started = list(_descendants(self._process.pid)) if self._process else []
        super().stop()
        for pid in started:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _descendants(pid: int) -> Iterator[int]:
    """The processes that this one started, and theirs."""
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in thread.read_text().split():
            yield int(child)
            yield from _descendants(int(child))


def _signal(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)
