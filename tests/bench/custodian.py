"""Cloud Custodian with a policy: whole processes of `custodian run`, and one process that is kept warm."""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.measure import Spent, Watch, peak_until_end
from local_aws.processes import REGION, Moto
from local_aws.running import Running

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Custodian:
    """An installation of Cloud Custodian, with a folder that it may fill."""

    venv: Path
    folder: Path

    def environment(self, endpoint: str) -> dict[str, str]:
        """Nothing of the caller's but PATH."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
        }

    def run(self, policy: Path, moto: Moto, endpoint: str) -> tuple[Spent, int]:
        """One process from `exec` to its end: what it took, and its peak memory in KiB."""
        output, log = str(self.folder / "output"), self.folder / "log"
        command = [str(self.venv / "bin" / "custodian"), "run", "--region", REGION, "--output-dir", output]
        # A cache on disk would keep a resource as it was before it was broken anew.
        command += ["--cache-period", "0", str(policy)]
        with log.open("w") as told, ExitStack() as ending:
            watch = Watch(moto)
            process = subprocess.Popen(
                command, env=self.environment(endpoint), stdin=subprocess.DEVNULL, stdout=told, stderr=told
            )
            ending.callback(process.wait)
            ending.callback(process.kill)
            peak = peak_until_end(process.pid)
            # It has ended and is not waited for yet: its clock can still be read.
            spent = watch.stop(process.pid)
            if process.wait() != 0:
                raise RuntimeError(f"custodian ended with {process.returncode}: {log.read_text()}")
        return spent, peak


class Warm(Running):
    """One process that has loaded the policy and runs it when told."""

    def __init__(self, custodian: Custodian, policy: Path, endpoint: str) -> None:
        self._custodian = custodian
        self._policy = policy
        self._endpoint = endpoint
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Starts it; it loads what it needs while the first run is awaited."""
        python, script = str(self._custodian.venv / "bin" / "python"), str(HERE / "custodian_warm.py")
        self._process = subprocess.Popen(
            [python, "-P", script, str(self._policy), str(self._custodian.folder / "warm")],
            env=self._custodian.environment(self._endpoint),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @property
    def process(self) -> subprocess.Popen[str]:
        """The process, once started."""
        if self._process is None:
            raise RuntimeError("it was not started")
        return self._process

    def run(self) -> float:
        """Runs the policy once; the seconds that it took by its own clock."""
        given, answers = self.process.stdin, self.process.stdout
        if given is None or answers is None:
            raise RuntimeError("it was started without pipes")
        given.write("run\n")
        given.flush()
        line = answers.readline()
        if not line:
            raise RuntimeError(f"it ended with {self.process.wait()}")
        return float(line)

    def stop(self) -> None:
        """Ends it."""
        if self._process:
            self._process.kill()
            self._process.communicate()


def installed(venv: Path, ending: ExitStack) -> Custodian:
    """The installation in this venv, with a folder for as long as the bench runs."""
    return Custodian(venv, Path(ending.enter_context(TemporaryDirectory())))
