"""The demo: faults in a local AWS, each found by a dry run, repaired, and left alone ever after.

One story by itself, or with `--all` one of each kind. The real functions run under `cargo lambda watch` against an AWS
on this machine. Everything they are said to do is read back from the API by a client of its own. Exits with 1 where a
claim does not hold.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import cargo_lambda
from account_snapshot import difference, snapshot
from building import Building, BuildError
from cargo_lambda import Watch
from demo_bucket import WeakenedBucket
from demo_monitoring import SilentChange
from demo_show import said, show, show_state
from demo_stopped import FUNCTION, StoppedTrail
from demo_story import Run, Story
from demo_trail import BareTrail
from demo_transfer import ServerWithoutLogging
from demo_vpc import SilentVpc
from local_aws.clients import REGION
from local_aws.processes import Moto, ServerError
from screen import check, fact, heading, note
from subscriber import Subscribers
from waiting import Waiting

STORIES = (BareTrail, WeakenedBucket, SilentChange, ServerWithoutLogging, SilentVpc)
"""In this order: the bucket is the trail's, and so is the log group in which a change of its policy is to ring.
The last is the one whose SDK takes longest to compile."""
FIRST = ((FUNCTION,),)
GROUPS = (*FIRST, ("bucket", "monitoring", "transfer"), ("vpc",))
"""What is built together, in the order in which it is told of."""
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Demo:
    """One local account; each run is a fresh process of a function."""

    def __init__(self, moto: Moto, building: Building) -> None:
        self.moto = moto
        self.building = building
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
        binary = self.building.executable(story.function)
        before, account = story.state(), snapshot(self.moto, [REGION])
        with Watch(story.function, binary, self.moto.endpoint, settings) as watch:
            self.moto.calls()
            report = watch.invoke(story.event)
            calls = self.moto.calls()
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


def demonstrate(*, every: bool) -> bool:
    """The demo from beginning to end; everything it starts ends with it."""
    with ExitStack() as running:
        building = running.enter_context(Building(GROUPS if every else FIRST))
        with Waiting("Starting the local AWS ..."):
            moto = running.enter_context(Moto())
        binary = building.executable(FUNCTION)
        return told_first(moto, binary, every=every) and (not every or told_all(moto, building))


def told_first(moto: Moto, binary: Path, *, every: bool) -> bool:
    """The story of the stopped trail."""
    with Waiting("Seeding an account with a trail, its bucket, key, log group and role ..."):
        story = StoppedTrail(moto)
    holds = story.tell(binary)
    if not every:
        print("\nFive more stories, with dry runs and reports: make demo ALL=1")
    return holds


def told_all(moto: Moto, building: Building) -> bool:
    """The others, in an account that is empty again."""
    moto.reset()
    told: list[tuple[Story, list[Run]]] = []
    demo = Demo(moto, building)
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
    parser = argparse.ArgumentParser(description="Shows Trailkeeper at work in a local AWS.")
    parser.add_argument("--all", action="store_true", help="tells a story of each kind")
    given = parser.parse_args()
    for ending in ENDINGS:
        signal.signal(ending, end)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    try:
        return 0 if demonstrate(every=given.all) else 1
    except (BuildError, ServerError, cargo_lambda.InvokeError) as failed:
        print(failed, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
