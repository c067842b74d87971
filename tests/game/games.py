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
from repository import TESTS
from runtime_api import Answer, Function

FAMILIES = ("trail", "bucket", "vpc", "recorder", "transfer")
LONGEST = 6
WATCHES = {
    it["family"]: {(watch["service"], call) for watch in it["watches"] for call in watch["calls"]}
    for it in json.loads((TESTS / "golden" / "registry.json").read_text())
}
OWNERS = {
    f"{service}.amazonaws.com": family for service, family in
    {"cloudtrail": "trail", "s3": "bucket", "ec2": "vpc", "config": "recorder", "transfer": "transfer"}.items()
}
"""The function whose role makes calls of a service."""
EXEMPTING = [move for move in MOVES if move.name.endswith("_exempted")]
Letters = Callable[[], list[dict[str, Any]]]


REPAIRED = ("fixed", "planned")


@dataclass
class Game:
    """What was done, and what people were told."""

    record: Record
    functions: dict[str, Function]
    letters: Letters
    roles: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The role of each function, as a record shows it: an intruder may have stolen it."""
    made: list[tuple[Move, Event]] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)
    fine: dict[str, int] = field(default_factory=dict)
    """How many letters there were when a facet of the record was last in order."""

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
        """A few calls, each followed by its event, as EventBridge delivers it; at times, first an exemption."""
        stolen = random.random() < 1 / 3
        first = [random.choice(EXEMPTING)] if random.random() < 1 / 3 else []
        for each in [*first, *random.choices(MOVES, k=random.randint(1, LONGEST))]:
            self.make(each, random, stolen)
        self.sweep()

    def make(self, move: Move, random: Random, stolen: bool = False) -> None:
        """One call: by the role of a function that makes such calls, if roles are stolen, else by Mallory."""
        ended = self.record.ends()
        self.fine |= {facet: len(self.told) for facet in self.record.about() if facet not in ended}
        try:
            event = move.make(self.record, random)
        except ClientError:  # What it would look at first is gone.
            event = None
        if event is None:
            return
        detail = event["detail"]
        who = self.roles.get(OWNERS.get(detail["eventSource"], ""))
        if stolen and who:
            detail["userIdentity"] = who
        self.made.append((move, event))
        for family, function in self.functions.items():
            if (detail["eventSource"], detail["eventName"]) in WATCHES[family]:
                self._answer(function.invoke(event))

    def _answer(self, answer: Answer) -> None:
        assert answer.ok, (answer.error_type, answer.error_message)
        self.told.extend(self.letters())

    def silent(self) -> dict[str, str]:
        """What ended without a letter about it, since it was last in order, that names the call and the caller."""
        about = self.record.about()
        return {facet: why for facet, why in self.record.ends().items() if not self._is_told(facet, about[facet])}

    def _is_told(self, facet: str, about: Callable[[dict[str, Any]], bool]) -> bool:
        callers = {
            (event["detail"]["eventName"], event["detail"]["userIdentity"]["arn"])
            for move, event in self.made if facet in move.facets
        }
        letters = [it for it in self.told[self.fine.get(facet, 0):] if (it["event"]["name"], it["event"]["actor"]) in callers]
        return any(it["status"] not in REPAIRED and about(it) for letter in letters for it in letter["results"])

    def story(self) -> str:
        """The calls, in order, and what was told."""
        calls = ", ".join(f"{move.name} by {event['detail']['userIdentity']['arn']}" for move, event in self.made)
        told = [
            (it["event"]["name"], it["event"].get("actor"), [(r["control"], r["status"]) for r in it["results"]])
            for it in self.told
        ]
        return f"{calls}; told: {told}"
