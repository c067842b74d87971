"""A local AWS with a stopped trail in it, and the function `trail` under `cargo lambda watch`, until it is interrupted."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from building import Building, BuildError
from demo import ENDINGS, end
from demo_stopped import FUNCTION, StoppedTrail
from local_aws.clients import FAKE, REGION
from local_aws.processes import Moto, ServerError
from local_aws.server import free_port
from repository import EVENTS, ROOT
from screen import block, note
from waiting import Waiting

USUAL = ("::1", 9000)
"""Where `cargo lambda invoke` asks, unless it is told another address and port."""
STARTED_SECONDS = 60.0


class Watched:
    """`cargo lambda watch` of the function, which is compiled anew when its code changes."""

    def __init__(self, moto: Moto, story: StoppedTrail) -> None:
        self.address, self.port = place()
        manifest = ROOT / "functions" / FUNCTION / "Cargo.toml"
        listen = ["--invoke-address", self.address, "--invoke-port", str(self.port)]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TRAILKEEPER_"))}
        settings = {
            "TRAILKEEPER_MODE": os.environ.get("TRAILKEEPER_MODE", "enforce"),
            "TRAILKEEPER_TOPIC_ARN": story.subscribers.topic,
            "TRAILKEEPER_REGIONS": REGION,
        }
        aws = {
            "AWS_ENDPOINT_URL": moto.endpoint,
            "AWS_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        self.process = subprocess.Popen(
            [*tool(), "watch", "--manifest-path", str(manifest), *listen],
            env=kept | aws | FAKE.as_environment() | settings,
            stdin=subprocess.DEVNULL,
            process_group=0,
        )

    def __enter__(self) -> Watched:
        until = time.monotonic() + STARTED_SECONDS
        while self.process.poll() is None and time.monotonic() < until:
            try:
                with socket.create_connection((self.address, self.port), timeout=1):
                    return self
            except OSError:
                time.sleep(0.1)
        self.__exit__()
        raise ServerError("cargo lambda watch did not start")

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
            self.process.wait()


def tool() -> list[str]:
    """Cargo Lambda, as it was installed with the packages of the tests."""
    return [str(Path(sys.executable).parent / "cargo-lambda"), "lambda"]


def place() -> tuple[str, int]:
    """The usual address and port, or another where there is no IPv6, or somebody listens there."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(USUAL)
    except OSError:
        return "127.0.0.1", free_port()
    return USUAL


def invoke_line(address: str, port: int) -> str:
    """What a shell in the repository's folder invokes the function with."""
    cargo_lambda = os.path.relpath(tool()[0], ROOT)
    event = (EVENTS / "cloudtrail.stop-logging.json").relative_to(ROOT)
    told = "" if (address, port) == USUAL else f" --invoke-address {address} --invoke-port {port}"
    return f"{cargo_lambda} lambda invoke {FUNCTION}{told} --data-file {event}"


def serve() -> None:
    """Starts everything, says what to try, and waits until it is interrupted."""
    with ExitStack() as running:
        building = running.enter_context(Building(((FUNCTION,),)))
        with Waiting("Starting the local AWS ..."):
            moto = running.enter_context(Moto())
            story = StoppedTrail(moto)
        building.executable(FUNCTION)
        watched = running.enter_context(Watched(moto, story))
        keys = " ".join(f"{name}={value}" for name, value in FAKE.as_environment().items())
        aws = f"{keys} aws --region {REGION} --endpoint-url {moto.endpoint} cloudtrail"
        note("\nAlice has stopped the trail. Let the function hear of it, from another terminal in this folder:")
        print(f"\n  {invoke_line(watched.address, watched.port)}\n")
        note("Look at the trail, and stop it again, if you have the AWS CLI:")
        print(f"\n  {aws} get-trail-status --name main\n  {aws} stop-logging --name main\n")
        note("Settings such as TRAILKEEPER_MODE=dry-run are read from the environment. Ctrl-C ends everything.\n")
        while watched.process.poll() is None:
            time.sleep(0.5)
            for letter in story.subscribers.letters():
                note("Mail:")
                block(f"Subject: {letter.subject}\n\n{letter.text}")


def main() -> int:
    for ending in ENDINGS:
        signal.signal(ending, end)
    try:
        serve()
    except (BuildError, ServerError) as failed:
        print(failed, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
