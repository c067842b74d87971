"""The command `access-report`, run as a user runs it."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from access_lines import READER_ROLE
from conftest import binary
from local_aws.clients import FAKE, REGION

KNOWN = ("--readers", READER_ROLE, "--account", "111122223333")
"""What is normal in the lines of `access_lines`."""


@dataclass(frozen=True)
class Done:
    """What a run ended with."""

    code: int
    out: str
    err: str
    memory: int
    """The most that it held, in bytes."""

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found

    def findings(self) -> list[dict[str, Any]]:
        """The findings, each with the name of its bucket."""
        buckets = self.json["buckets"]
        return [finding | {"bucket": bucket["bucket"]} for bucket in buckets for finding in bucket["findings"]]


def run(
    *arguments: str | Path, endpoint: str | None = None, folder: Path | None = None, credentials: bool = True
) -> Done:
    """Runs it to its end."""
    command = [str(binary("access-report")), *map(str, arguments)]
    environment = _environment(endpoint, credentials)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), err.seek(0)
        # Linux counts in kibibytes, macOS in bytes.
        memory = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        return Done(process.returncode, out.read().decode(), err.read().decode(), memory)


def in_terminal(columns: int, *arguments: str | Path, endpoint: str | None = None) -> str:
    """What is seen on a terminal of this width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = _environment(endpoint) | {"TERM": "xterm"}
    command = [str(binary("access-report")), *map(str, arguments)]
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = b""
    try:
        while chunk := os.read(ours, 65536):
            seen += chunk
    except OSError:
        # Linux says so at the end.
        pass
    os.close(ours)
    assert process.wait(60) == 0
    return seen.decode()


def _environment(endpoint: str | None, credentials: bool = True) -> dict[str, str]:
    environment = {"PATH": os.environ["PATH"], "AWS_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true"}
    if credentials:
        environment |= FAKE.as_environment()
    if endpoint:
        environment["AWS_ENDPOINT_URL"] = endpoint
    return environment
