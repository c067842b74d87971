"""The story that people come for: someone stops the trail of the account. Told in one page, with the mail whole."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from account_snapshot import Found, difference, snapshot
from cargo_lambda import Watch
from demo_story import READING, recorded
from given import described_trail, trail_status
from local_aws.clients import REGION
from local_aws.processes import Call, Moto
from screen import block, check, folded, heading, note, row
from subscriber import ADDRESS, Letter, Subscribers
from trails import kept_trail

FUNCTION = "trail"
TITLE = "Alice stops the account's trail"


class StoppedTrail:
    """StopLogging on the only trail of an account in which all else is right."""

    def __init__(self, moto: Moto) -> None:
        self.moto = moto
        self.subscribers = Subscribers(moto)
        self.arn = kept_trail(moto)
        self.good = self._account()
        moto.client("cloudtrail").stop_logging(Name=self.arn)
        self.event = stopped_now()
        self.letters: list[Letter] = []

    def _account(self) -> Found:
        """Everything in the account, as its API tells it."""
        return snapshot(self.moto, [REGION])

    def tell(self, binary: Path) -> bool:
        """What happened, what the function saw, did and proved, the mail, and whether all that holds."""
        heading(TITLE)
        self._happened()
        settings = {
            "TRAILKEEPER_MODE": "enforce",
            "TRAILKEEPER_TOPIC_ARN": self.subscribers.topic,
            "TRAILKEEPER_REGIONS": REGION,
        }
        stopped = not self._logs()
        self.moto.calls()
        with Watch(FUNCTION, binary, self.moto.endpoint, settings) as watch:
            begun = time.monotonic()
            report = watch.invoke(self.event)
            took = time.monotonic() - begun
            calls = self.moto.calls()
            self._did(report, calls, took)
            self.letters = self.subscribers.letters()
            self._mail()
            self.moto.calls()
            watch.invoke(self.event)
            again = self.moto.calls()
        return self._shown(stopped, calls, again)

    def _happened(self) -> None:
        found, detail = described_trail(self.moto, self.arn), self.event["detail"]
        row("call", f"{detail['eventName']} of trail {found['Name']}, the only one, by {detail['userIdentity']['arn']}")
        row("wakes", f"the function {FUNCTION}, through EventBridge; GetTrailStatus says IsLogging: {self._logs()}")

    def _did(self, report: dict[str, Any], calls: list[Call], took: float) -> None:
        wrong = [result for result in report["results"] if result["steps"]]
        for number, result in enumerate(wrong):
            row("" if number else "saw", f"{result['because']} ({result['severity']})")
        made = ", ".join(f"{call.service}:{call.operation}" for call in writes(calls))
        row("did", f"{made}: the one call of {len(calls)} that changes anything")
        statuses = " and ".join(sorted({result["status"] for result in wrong}))
        row("proved", f"{statuses} {took:.1f} s after the event came; GetTrailStatus says IsLogging: {self._logs()}")

    def _mail(self) -> None:
        for letter in self.letters:
            note(f"\nThe mail that {ADDRESS} receives, whole")
            block(folded(f"{letter.subject}\n\n{letter.text}"))

    def _shown(self, stopped: bool, calls: list[Call], again: list[Call]) -> bool:
        """Says what this has shown, as read from the API and not as the function tells it."""
        claims = {
            "read from the API: the trail logs, and all else is as it was before alice's call":
                stopped and self._logs() and [call.operation for call in writes(calls)] == ["StartLogging"]
                and not difference(self.good, self._account()) and len(self.letters) == 1,
            "the same event once more: no call that changes anything": bool(again) and not writes(again),
        }
        print()
        for claim, holds in claims.items():
            check(holds, claim)
        return all(claims.values())

    def _logs(self) -> bool:
        return bool(trail_status(self.moto, self.arn)["IsLogging"])


def stopped_now() -> dict[str, Any]:
    """StopLogging of the trail "main" by alice, in this second."""
    event = recorded("cloudtrail.stop-logging")
    event["time"] = event["detail"]["eventTime"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return event


def writes(calls: list[Call]) -> list[Call]:
    """The calls that change something, other than telling people."""
    return [call for call in calls if not call.operation.startswith((*READING, "Publish"))]
