"""One game: an intruder makes a few calls, the functions answer each, and at the end the account is looked at."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from audit_record import Record
from botocore.exceptions import ClientError
from envelope import Event, schedule
from intruder_moves import MOVES, Move
from intruder_calls import MALLORY
from repository import TESTS
from runtime_api import Answer, Function

FAMILIES = ("trail", "bucket", "vpc", "recorder", "transfer")
LONGEST = 6
WATCHES = {
    it["family"]: {(watch["service"], call) for watch in it["watches"] for call in watch["calls"]}
    for it in json.loads((TESTS / "golden" / "registry.json").read_text())
}
Letters = Callable[[], list[dict[str, Any]]]


@dataclass
class Game:
    """What was done, and what people were told."""

    record: Record
    functions: dict[str, Function]
    letters: Letters
    made: list[tuple[Move, Event]] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)

    def settle(self) -> None:
        """Puts the account in order, as weeks of sweeps have."""
        for _ in range(2):
            self.sweep()
        assert self.record.ends() == {}, self.record.ends()
        self.told.clear()

    def sweep(self) -> None:
        """The daily look at everything."""
        for function in self.functions.values():
            self._answer(function.invoke(schedule()))

    def play(self, random: Random) -> None:
        """A few calls, each followed by its event, as EventBridge delivers it."""
        for _ in range(random.randint(1, LONGEST)):
            move = random.choice(MOVES)
            try:
                event = move.make(self.record, random)
            except ClientError:  # What it would look at first is gone.
                event = None
            if event is None:
                continue
            self.made.append((move, event))
            for family, function in self.functions.items():
                detail = event["detail"]
                if (detail["eventSource"], detail["eventName"]) in WATCHES[family]:
                    self._answer(function.invoke(event))
        self.sweep()

    def _answer(self, answer: Answer) -> None:
        assert answer.ok, (answer.error_type, answer.error_message)
        self.told.extend(self.letters())

    def silent(self) -> dict[str, str]:
        """What ended without a letter that names the call and the caller."""
        who = [it["event"]["name"] for it in self.told if it["event"]["actor"] == MALLORY["arn"]]
        ends = self.record.ends()
        for facet in list(ends):
            calls = {event["detail"]["eventName"] for move, event in self.made if facet in move.facets}
            if calls & set(who):
                del ends[facet]
        return ends

    def story(self) -> str:
        """The calls, in order, and what was told."""
        calls = ", ".join(move.name for move, _ in self.made)
        return f"{calls}; told: {[(it['event']['name'], it['event'].get('actor')) for it in self.told]}"
