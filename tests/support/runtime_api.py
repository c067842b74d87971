"""One function process, served by a Lambda Runtime API of its own.

The protocol is that of "Using the Lambda runtime API for custom runtimes" in the AWS
Lambda Developer Guide: the function asks for its next event, and posts its response or
its error, all over plain HTTP to the address in AWS_LAMBDA_RUNTIME_API.
"""

from __future__ import annotations

import fcntl
import json
import os
import queue
import select
import signal
import subprocess
import termios
import threading
import time
import uuid
from pathlib import Path
from typing import IO, Any

from local_aws.running import Running
from runtime_server import Answer, Offer, RuntimeServer

__all__ = ["Answer", "Function", "FunctionError", "Pending"]

ARN = "arn:aws:lambda:us-east-1:123456789012:function:transfer"
LOG_TAIL = 40
READY_SECONDS = 60.0
ONE_ROOT = Path(__file__).with_name("one_root.pem")

Payload = bytes | str | dict[str, Any] | list[Any]


class FunctionError(RuntimeError):
    """The function process ended, or did not answer in time."""


class Function(Running):
    """One process of a function, as Lambda runs it: started once, invoked one by one.

    Its environment is what Lambda gives, `env`, and PATH: nothing else of the caller's. Beyond these
    it is told of a single root certificate: to read all of the machine's is half of a start, and
    nothing here speaks TLS.
    """

    def __init__(
        self, command: list[str], env: dict[str, str], *, arn: str = ARN, timeout: float = 30.0
    ) -> None:
        self.command = command
        self.env = env
        self.arn = arn
        self.timeout = timeout
        self.log: list[str] = []
        self._server = RuntimeServer()
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._reading = threading.Lock()
        self._started = 0.0
        self._peak = 0

    def _environment(self) -> dict[str, str]:
        region, name = self.arn.split(":")[3], self.arn.split(":")[6]
        given = {
            "PATH": os.environ.get("PATH", os.defpath),
            "AWS_LAMBDA_RUNTIME_API": self._server.address,
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/trailkeeper-{name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]0123456789abcdef",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "_HANDLER": "bootstrap",
            "TZ": ":UTC",
            "SSL_CERT_FILE": str(ONE_ROOT),
        }
        return given | self.env

    def start(self) -> None:
        """Starts the process; it need not be ready yet when this returns."""
        self._server.start()
        environment = self._environment()
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            self.command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            start_new_session=True,
        )
        output = self._process.stdout
        self._reader = threading.Thread(target=self._read_log, args=(output,), daemon=True)
        self._reader.start()

    def _read_log(self, stream: IO[bytes]) -> None:
        rest = b""
        while True:
            select.select([stream], [], [])
            with self._reading:
                chunk = stream.read(65_536)
                *lines, rest = (rest + chunk).split(b"\n")
                if not chunk and rest:
                    lines.append(rest)
                self.log += [line.decode(errors="replace") for line in lines]
            if not chunk:
                return

    def _catch_up(self) -> None:
        """Returns once the log has all that the function has written so far."""
        output = self.process.stdout
        while output and self._reader and self._reader.is_alive():
            with self._reading:
                if not any(fcntl.ioctl(output, termios.FIONREAD, bytes(4))):
                    return
            time.sleep(0.001)

    @property
    def log_json(self) -> list[Any]:
        """The lines of the log that are JSON objects, parsed."""
        objects = []
        for line in list(self.log):
            try:
                objects += [json.loads(line)] if line.startswith("{") else []
            except ValueError:
                continue
        return objects

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process, once started."""
        if self._process is None:
            raise FunctionError("the function was not started")
        return self._process

    @property
    def pid(self) -> int:
        """The process id of the function."""
        return self.process.pid

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.poll() is None

    @property
    def first_next(self) -> float:
        """Seconds from starting the process to its first request for an event; waits for it."""
        until = time.monotonic() + self.timeout
        while not self._server.asked.wait(0.02):
            self._check(self.alive, until, "it did not ask for an event")
        return self._server.first_next_at - self._started

    @property
    def asked_at(self) -> list[float]:
        """When it asked for each event, by the monotonic clock: it works on one until it asks for the next."""
        return list(self._server.asked_at)

    @property
    def peak_rss_kib(self) -> int:
        """The largest resident memory so far, in KiB; the last value read once it has ended."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text()
        except OSError:
            status = ""
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                self._peak = int(line.split()[1])
        return self._peak

    @property
    def init_error(self) -> Answer | None:
        """What the function reported before it first asked for an event, if it did."""
        posted = self._server.init_error
        return Answer.of(posted) if posted else None

    def begin(self, payload: Payload, *, timeout: float | None = None) -> Pending:
        """Gives the function one event, and returns at once."""
        seconds = self.timeout if timeout is None else timeout
        if isinstance(payload, (dict, list)):
            payload = json.dumps(payload)
        request_id = str(uuid.uuid4())
        headers = {
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Invoked-Function-Arn": self.arn,
            "Lambda-Runtime-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0",
        }
        body = payload.encode() if isinstance(payload, str) else payload
        offer = Offer(request_id, body, headers, seconds)
        self._server.offer(offer)
        return Pending(self, offer)

    def invoke(self, payload: Payload, *, timeout: float | None = None) -> Answer:
        """Gives the function one event and returns what it answers.

        Bytes and strings go out as they are, JSON or not. `timeout` is the function's
        own: it sets the deadline it is told, and how long its answer is awaited once it has
        taken the event.
        """
        return self.begin(payload, timeout=timeout).answer()

    def _check(self, alive: bool, until: float, complaint: str) -> None:
        if not alive:
            raise FunctionError(f"{complaint}: it ended with {self.wait_exit()}{self._tail()}")
        if time.monotonic() > until:
            raise FunctionError(f"{complaint} in time{self._tail()}")

    def _tail(self) -> str:
        lines = "\n".join(self.log[-LOG_TAIL:])
        return f"; command {self.command}, pid {self.pid}, its log ends:\n{lines}"

    def wait_exit(self, timeout: float = 5.0) -> int:
        """The exit code of the process once it has ended; negative for a signal."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise FunctionError(f"it still runs after {timeout} s{self._tail()}") from None
        if self._reader:
            self._reader.join(1)
        return code

    def kill(self) -> None:
        """Kills the process on the spot, as Lambda does at a time-out, and waits for its end."""
        if self.alive:
            _ = self.peak_rss_kib
            os.killpg(self.pid, signal.SIGKILL)
        self.wait_exit()

    def stop(self) -> None:
        """Ends the process and what serves it."""
        if self._process:
            self.kill()
            self._server.stop()
        else:
            self._server.server_close()


class Pending:
    """An event that was given to a function and is not answered yet."""

    def __init__(self, function: Function, offer: Offer) -> None:
        self._function = function
        self._offer = offer
        self._given = time.monotonic()

    @property
    def _until(self) -> float:
        """When the function's time is up, or for how long it may take to ask for the event."""
        return self._offer.until or self._given + max(READY_SECONDS, self._offer.seconds)

    @property
    def taken(self) -> float | None:
        """When the function took it, by the monotonic clock."""
        return None if self._offer.until is None else self._offer.until - self._offer.seconds

    def answer(self) -> Answer:
        """Waits for the answer; the function's log then has what was written before it."""
        while True:
            alive = self._function.alive
            try:
                posted = self._offer.posted.get(timeout=0.05)
            except queue.Empty:
                self._function._check(alive, self._until, "it did not answer the event")
                continue
            self._function._catch_up()
            return Answer.of(posted)
