"""A function under `cargo lambda watch`: the real binary behind a local Lambda endpoint.

Source: Cargo Lambda's manual, "Local development", "Working with Lambda Runtime APIs": with `--only-lambda-apis` the
watcher starts no function; AWS_LAMBDA_RUNTIME_API names its address, `/.rt` and the function.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from local_aws.clients import FAKE, REGION
from local_aws.server import Server
from repository import ROOT

MANIFEST = ROOT / "Cargo.toml"
INVOKE_SECONDS = 60.0


class InvokeError(RuntimeError):
    """The function failed, or did not answer."""


class Watch(Server):
    """`cargo lambda watch` in front of one function, with `settings` as its environment and AWS at `endpoint`."""

    def __init__(self, function: str, binary: Path, endpoint: str, settings: dict[str, str]) -> None:
        super().__init__()
        self.name = f"watch-{function}"
        self.function = function
        self.binary = binary
        self.aws = endpoint
        self.settings = settings
        self._started: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        tool = Path(sys.executable).parent / "cargo-lambda"
        return [
            *(str(tool), "lambda", "watch", "--only-lambda-apis", "--ignore-changes", "--color", "never"),
            *("--manifest-path", str(MANIFEST)),
            *("--invoke-address", "127.0.0.1", "--invoke-port", str(self.port)),
        ]

    @property
    def function_log(self) -> Path:
        """What the function prints."""
        return self.log_path.with_suffix(".function.log")

    def start(self) -> None:
        """Starts the watcher, then the function."""
        super().start()
        with self.function_log.open("wb") as log:
            self._started = subprocess.Popen(
                [str(self.binary)],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _environment(self) -> dict[str, str]:
        given = {
            "PATH": os.environ.get("PATH", os.defpath),
            "AWS_LAMBDA_RUNTIME_API": f"{self.endpoint}/.rt/{self.function}",
            "AWS_LAMBDA_FUNCTION_NAME": self.function,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/trailkeeper-{self.function}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/03/02/[$LATEST]0123456789abcdef",
            "AWS_ENDPOINT_URL": self.aws,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        return given | FAKE.as_environment() | self.settings

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
        tail = self.function_log.read_text(errors="replace")[-3000:]
        return InvokeError(f"invoking {self.function} failed: {why}\nits log ends:\n{tail}")

    def stop(self) -> None:
        """Ends the function, then the watcher."""
        function, self._started = self._started, None
        if function:
            function.kill()
            function.wait()
        super().stop()
