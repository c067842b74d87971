"""The command `trailkeeper`, run as a person runs it, over a ledger that functions have written."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from account_snapshot import Found, difference, snapshot
from conftest import StartFunction, binary
from envelope import Event
from given import Emulator
from local_aws.clients import FAKE, REGION, Credentials
from local_aws.processes import Moto
from runtime_api import Answer

TABLE = "trailkeeper-ledger"
TEMPLATE = Path(__file__).parents[3] / "template.yaml"


class _Loader(yaml.SafeLoader):
    """Reads a template; what its functions give is nothing to the table."""


_Loader.add_multi_constructor("!", lambda loader, suffix, node: None)


def ledger(account: Emulator, name: str = TABLE) -> str:
    """The ledger's table, as the template has it."""
    resource = yaml.load(TEMPLATE.read_text(), _Loader)["Resources"]["Ledger"]["Properties"]
    taken = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    account.client("dynamodb").create_table(TableName=name, **{key: resource[key] for key in taken})
    return name


@dataclass(frozen=True)
class Done:
    """What a run ended with."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Desk:
    """A person with the command, the ledger, and credentials."""

    endpoint: str
    table: str | None = TABLE
    credentials: Credentials | None = FAKE
    region: str = REGION

    def run(self, *arguments: str, folder: Path | None = None, **env: str) -> Done:
        """Runs the command to its end, without a terminal."""
        given = self._command(arguments)
        done = subprocess.run(
            given, env=self._environment() | env, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
            check=False,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def interrupting(self, *arguments: str) -> Done:
        """Runs the command at a terminal, where somebody presses Ctrl-C at the question."""
        return self._at_terminal(arguments, None)

    def answering(self, answer: str, *arguments: str) -> Done:
        """Runs the command at a terminal, where somebody answers."""
        return self._at_terminal(arguments, answer)

    def _at_terminal(self, arguments: tuple[str, ...], answer: str | None) -> Done:
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            self._command(arguments), env=self._environment(), stdin=theirs, stdout=subprocess.PIPE, stderr=theirs
        )
        os.close(theirs)
        seen = b""
        if answer is None:
            while b"[y/N]" not in seen:
                seen += os.read(ours, 65_536)
            process.send_signal(signal.SIGINT)
        else:
            os.write(ours, f"{answer}\n".encode())
        out = process.stdout.read().decode() if process.stdout else ""
        code = process.wait(60)
        try:
            while chunk := os.read(ours, 65_536):
                seen += chunk
        except OSError:
            pass  # Linux says so at the end.
        os.close(ours)
        return Done(code, out, seen.decode().replace("\r\n", "\n"))

    def history(self, *arguments: str) -> list[dict[str, Any]]:
        """The changes, the latest last."""
        done = self.run("history", "--json", *arguments)
        assert done.code == 0, done
        found: list[dict[str, Any]] = done.json
        return found

    def show(self, change: str) -> dict[str, Any]:
        """One change."""
        done = self.run("show", change, "--json")
        assert done.code == 0, done
        found: dict[str, Any] = done.json
        return found

    def undo(self, change: str, *arguments: str) -> Done:
        """Takes a change back, which must succeed but for what is in the way."""
        done = self.run("undo", change, "--yes", *arguments)
        assert done.code == int("stays for now: " in done.out), done.out + done.err
        return done

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        table = ["--table", self.table] if self.table else []
        return [str(binary("trailkeeper")), *arguments, *table]

    def _environment(self) -> dict[str, str]:
        environment = {"PATH": os.environ["PATH"], "AWS_REGION": self.region, "AWS_EC2_METADATA_DISABLED": "true"}
        environment |= {"AWS_ENDPOINT_URL": self.endpoint, "HOME": "/nonexistent"}
        return environment | (self.credentials.as_environment() if self.credentials else {})


class Broken(NamedTuple):
    """Whom what wakes, with which settings, and the names of what is otherwise then in the account."""

    family: str
    event: Event
    settings: dict[str, str]
    changed: set[str]


def fixed(function: StartFunction, moto: Moto, family: str, event: Event, **env: str) -> Answer:
    """What a function answers that fixes, and keeps that in the ledger."""
    return function(family, mode="enforce", endpoint=moto, TRAILKEEPER_LEDGER=TABLE, **env).invoke(event)


def kinds(desk: Desk) -> set[str]:
    """The kinds of property that the changes in the ledger have set."""
    steps = [step for it in desk.history() for step in desk.show(it["id"])["steps"]]
    return {step["property"]["property"] for step in steps if step["state"] == "applied"}


def all_undone(desk: Desk) -> list[str]:
    """Takes all changes back, the latest first; what was said."""
    changes = [it["id"] for it in reversed(desk.history()) if it["undone"] is None and it["controls"]]
    assert changes
    return [desk.undo(change).out for change in changes]


def left(moto: Moto, before: Found, regions: tuple[str, ...] = (REGION,)) -> set[str]:
    """The names of what is otherwise than before."""
    return set(difference(before, snapshot(moto, regions)))


def but_keys(names: set[str]) -> set[str]:
    """The names of what is not of a KMS key: those stay."""
    return {it for it in names if not it.startswith("kms ")}
