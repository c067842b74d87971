"""The demo: a server without logging, found by a dry run, repaired, and left alone ever after.

The real function runs under `cargo lambda watch` against an AWS on this machine. Everything
it is said to do is read back from the API by a client of its own. Exits with 1 where a claim
does not hold.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import account
import cargo_lambda
from cargo_lambda import Watch
from local_aws.processes import Call, Faults, Moto
from screen import WIDTH, block, check, compact, fact, heading, note
from subscriber import ADDRESS, Letter, Message, Subscribers

EVENT = Path(__file__).resolve().parent / "events" / "transfer.create-server.json"
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class State:
    """What the account looks like to someone who reads it."""

    server: dict[str, Any]
    roles: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Run:
    """One event, and all that came of it."""

    report: dict[str, Any]
    calls: list[Call]
    letters: list[Letter]
    messages: list[Message]
    before: State
    after: State

    def statuses(self) -> set[str]:
        """What became of the controls."""
        return {result["status"] for result in self.report["results"]}

    def writes(self) -> list[Call]:
        """The calls that change something, other than telling people."""
        reading = ("Describe", "Get", "List")
        return [call for call in self.calls if not call.operation.startswith(reading) and call.service != "sns"]

    def steps(self) -> list[str]:
        """The calls that the report speaks of, in their order."""
        return [step["action"] for result in self.report["results"] for step in result["steps"]]


class Demo:
    """One local account, one server, one event; each run is a fresh process of the function."""

    def __init__(self, moto: Moto, faults: Faults) -> None:
        self.moto = moto
        self.faults = faults
        self.subscribers = Subscribers(moto)
        self.server_id = account.create_server(moto)
        self.event = json.loads(EVENT.read_text())
        self.event["detail"]["responseElements"]["serverId"] = self.server_id

    def state(self) -> State:
        """Reads the account."""
        return State(account.server(self.moto, self.server_id), account.roles(self.moto))

    def run(self, mode: str) -> Run:
        """Lets the function handle the event in this mode, and shows it."""
        settings = {
            "TRAILKEEPER_MODE": mode,
            "TRAILKEEPER_TOPIC_ARN": self.subscribers.topic,
            "TRAILKEEPER_REGIONS": "us-east-1",
        }
        before = self.state()
        self.faults.forget()
        with Watch("transfer", self.faults.endpoint, settings) as watch:
            report = watch.invoke(self.event)
        calls = self.faults.calls()
        letters, messages = self.subscribers.letters(), self.subscribers.messages()
        run = Run(report, calls, letters, messages, before, self.state())
        show(run)
        return run


def show(run: Run) -> None:
    """The function's response and calls, what its subscribers received, and the account afterwards."""
    note("The function's response (policy documents cut short; they are shown where they are read back):")
    block(compact(without_documents(run.report)))
    note("The calls it made:")
    block(textwrap.fill(", ".join(f"{call.service}:{call.operation}" for call in run.calls), WIDTH))
    for letter in run.letters:
        note("What a subscriber of the topic reads in the mail:")
        fact("to", ADDRESS)
        fact("subject", letter.subject)
        block(letter.text)
    for message in run.messages:
        note("What a program reads from a queue:")
        fact("attributes", ", ".join(f"{name}={value}" for name, value in sorted(message.attributes.items())))
        block("the function's response, as above" if message.body == run.report else compact(message.body))
    if not run.letters and not run.messages:
        note("The topic was sent nothing.")
    if run.after == run.before:
        note("The account, read back from the API: as it was.")
    else:
        show_state(run.after)


def without_documents(value: Any) -> Any:
    """The same JSON with an ellipsis for each policy document."""
    if isinstance(value, dict):
        return "…" if "Statement" in value else {key: without_documents(item) for key, item in value.items()}
    return [without_documents(item) for item in value] if isinstance(value, list) else value


def show_state(state: State) -> None:
    """The server and the roles, as the API describes them."""
    note("The account, read back from the API:")
    fact("server", state.server["ServerId"])
    fact("LoggingRole", state.server.get("LoggingRole") or "none")
    fact("structured logs", ", ".join(state.server.get("StructuredLogDestinations") or []) or "none")
    for name, role in state.roles.items():
        fact("role", name)
        fact("tags", ", ".join(f"{key}={value}" for key, value in role["tags"].items()) or "none")
        block(f"trust {compact(role['trust'])}")
        for policy, document in role["inline"].items():
            block(f"policy {policy} {compact(document)}")
    if not state.roles:
        fact("roles", "none")


def judge(dry: Run, fix: Run, again: Run) -> bool:
    """Says what was shown, and whether all of it held."""
    heading("What this showed")
    role = fix.after.server.get("LoggingRole")
    claims = {
        "the dry run found the missing log and planned the repair":
            dry.statuses() == {"planned"} and bool(dry.steps()),
        "the dry run made no writing call and changed nothing":
            not dry.writes() and dry.before == dry.after,
        "enforce took exactly the steps that the dry run had planned":
            fix.statuses() == {"fixed"} and fix.steps() == dry.steps(),
        "the server has a logging role now, and the role is there":
            role is not None and role in {known["arn"] for known in fix.after.roles.values()},
        "subscribers were told of the plan and of the repair":
            all([dry.letters, dry.messages, fix.letters, fix.messages]),
        "a second enforce found it compliant, made no writing call and changed nothing":
            again.statuses() == {"compliant"} and not again.writes() and again.before == again.after,
        "and it sent no message, since there was no news": not again.letters and not again.messages,
    }
    for claim, holds in claims.items():
        check(holds, claim)
    return all(claims.values())


def story() -> bool:
    """The demo from beginning to end; everything it starts ends with it."""
    heading("Building the function (the first time takes some minutes)")
    cargo_lambda.build("transfer")
    with Moto() as moto, Faults(moto) as faults:
        heading("Someone creates an SFTP server without logging")
        demo = Demo(moto, faults)
        show_state(demo.state())
        note("EventBridge delivers the call that CloudTrail recorded:")
        detail = demo.event["detail"]
        fact("event", f"{detail['eventSource']} {detail['eventName']} at {detail['eventTime']}")
        fact("caller", f"{detail['userIdentity']['arn']} from {detail['sourceIPAddress']}")
        heading("1. Dry run: what would be done")
        dry = demo.run("dry-run")
        heading("2. Enforce: it is done, and proven by reading back")
        fix = demo.run("enforce")
        heading("3. Enforce again: the same event changes nothing more")
        again = demo.run("enforce")
    return judge(dry, fix, again)


def end(number: int, _frame: object) -> NoReturn:
    """Ends the demo as an exception does, so that nothing it started stays; once is enough."""
    for ending in ENDINGS:
        signal.signal(ending, signal.SIG_IGN)
    sys.exit(128 + number)


def main() -> int:
    for ending in ENDINGS:
        signal.signal(ending, end)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    try:
        return 0 if story() else 1
    except cargo_lambda.InvokeError as failed:
        print(failed, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
