"""The demo: five faults, each found by a dry run, repaired, and left alone ever after.

The real functions run under `cargo lambda watch` against an AWS on this machine. Everything
they are said to do is read back from the API by a client of its own. Exits with 1 where a
claim does not hold.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

import cargo_lambda
from account_snapshot import difference, snapshot
from cargo_lambda import Watch
from demo_bucket import WeakenedBucket
from demo_monitoring import SilentChange
from demo_show import said, show, show_state
from demo_story import Run, Story
from demo_trail import BareTrail
from demo_transfer import ServerWithoutLogging
from demo_vpc import SilentVpc
from local_aws.clients import REGION
from local_aws.processes import Faults, Moto
from screen import check, fact, heading, note
from subscriber import Subscribers

STORIES = (ServerWithoutLogging, BareTrail, WeakenedBucket, SilentChange, SilentVpc)
"""In this order: the bucket is the trail's, and so is the log group in which a change of its policy is to ring."""
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Demo:
    """One local account; each run is a fresh process of a function."""

    def __init__(self, moto: Moto, faults: Faults) -> None:
        self.moto = moto
        self.faults = faults
        self.subscribers = Subscribers(moto)

    def tell(self, number: int, story: Story) -> list[Run]:
        """The three runs of a story."""
        heading(f"{number}. {story.title}")
        show_state(story.state())
        note("EventBridge delivers the call that CloudTrail recorded:")
        detail = story.event["detail"]
        fact("event", f"{detail['eventSource']} {detail['eventName']} at {detail['eventTime']}")
        fact("caller", f"{detail['userIdentity']['arn']} from {detail['sourceIPAddress']}")
        for name, value in story.settings.items():
            fact("setting", f"{name}={value}")
        heading(f"{number}.1 Dry run: what would be done")
        dry = self.run(story, "dry-run")
        heading(f"{number}.2 Enforce: it is fixed, and read back to prove it")
        fix = self.run(story, "enforce", whole=True)
        heading(f"{number}.3 Enforce again: the same event changes nothing")
        again = self.run(story, "enforce")
        if tried := story.tried():
            heading(f"{number}.4 The test: the same change happens again")
            for name, value in tried.items():
                fact(name, said(value))
        return [dry, fix, again]

    def run(self, story: Story, mode: str, *, whole: bool = False) -> Run:
        """Lets the function handle the event in this mode, and shows it."""
        settings = story.settings | {
            "TRAILKEEPER_MODE": mode,
            "TRAILKEEPER_TOPIC_ARN": self.subscribers.topic,
            "TRAILKEEPER_REGIONS": REGION,
        }
        before, account = story.state(), snapshot(self.moto, [REGION])
        self.faults.forget()
        with Watch(story.function, self.faults.endpoint, settings) as watch:
            report = watch.invoke(story.event)
        calls = self.faults.calls()
        letters, messages = self.subscribers.letters(), self.subscribers.messages()
        changed = difference(account, snapshot(self.moto, [REGION]))
        run = Run(report, calls, letters, messages, before, story.state(), changed)
        show(run, whole=whole)
        return run


def judge(story: Story, runs: list[Run]) -> bool:
    """Says what the story has shown, and whether all of it held."""
    note(story.title)
    claims = claims_of(story, *runs) if runs else {"the function answered": False}
    for claim, holds in claims.items():
        check(holds, claim)
    return all(claims.values())


def claims_of(story: Story, dry: Run, fix: Run, again: Run) -> dict[str, bool]:
    """What is claimed of the three runs, and whether it holds."""
    return {
        f"the dry run found {story.fault} and planned the fix":
            dry.statuses() - {"compliant"} == {"planned"} and bool(dry.steps()),
        "the dry run made no write calls and changed nothing": not dry.writes() and not dry.changed,
        "enforce mode took exactly the steps that the dry run had planned":
            fix.statuses() - {"compliant"} == {"fixed"} and fix.steps() == dry.steps(),
        **story.claims(fix),
        "subscribers were notified of the plan and of the fix":
            all([dry.letters, dry.messages, fix.letters, fix.messages]),
        "a second enforce run found everything compliant, made no write calls and changed nothing":
            again.statuses() == {"compliant"} and not again.writes() and not again.changed,
        "and it sent no message, since there was nothing new to report": not again.letters and not again.messages,
    }


def demonstrate() -> bool:
    """The demo from beginning to end; everything it starts ends with it."""
    heading("Building the functions (takes several minutes the first time)")
    cargo_lambda.build()
    told: list[tuple[Story, list[Run]]] = []
    with Moto() as moto, Faults(moto) as faults:
        demo = Demo(moto, faults)
        for number, kind in enumerate(STORIES, start=1):
            story = kind(moto)
            try:
                told.append((story, demo.tell(number, story)))
            except cargo_lambda.InvokeError as failed:
                print(failed, file=sys.stderr)
                told.append((story, []))
    heading("What this showed")
    # A list: every story is judged, whatever became of the one before.
    return all([judge(story, runs) for story, runs in told])


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
        return 0 if demonstrate() else 1
    except cargo_lambda.InvokeError as failed:
        print(failed, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
