"""What a story of the demo is, and what a run of its function brings to light."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from local_aws.processes import Call, Moto
from repository import EVENTS
from subscriber import Letter, Message

READING = ("Describe", "Get", "Head", "List")

State = dict[str, Any]
"""What the account looks like to someone who reads it: names, and texts or documents, as they are shown."""


def recorded(name: str) -> dict[str, Any]:
    """The event in this file, as EventBridge delivers it."""
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return event


@dataclass(frozen=True)
class Run:
    """One event, and all that came of it."""

    report: dict[str, Any]
    calls: list[Call]
    letters: list[Letter]
    messages: list[Message]
    before: State
    after: State
    changed: dict[str, Any]
    """What came, went or changed in the whole account, whether the story tells of it or not."""

    def results(self) -> list[dict[str, Any]]:
        """What was found for each control, those aside that are disabled."""
        return [result for result in self.report["results"] if result["status"] != "exempt"]

    def statuses(self) -> set[str]:
        """What became of the controls."""
        return {result["status"] for result in self.results()}

    def writes(self) -> list[Call]:
        """The calls that change something, other than telling people."""
        return [call for call in self.calls if not call.operation.startswith((*READING, "Publish"))]

    def steps(self) -> list[tuple[str, str]]:
        """The calls that the report speaks of, in their order, each with what it was made for."""
        return [(result["control"], step["action"]) for result in self.results() for step in result["steps"]]


class Story(ABC):
    """Someone does something to the account, which its beginning does too; a function hears of it."""

    function: str
    """The function that the event wakes."""
    title: str
    """What happened."""
    fault: str
    """What is wrong now, as in "the dry run found ..."."""
    settings: dict[str, str] = {}
    """What the function is told, besides its mode and topic."""
    event: dict[str, Any]

    @abstractmethod
    def __init__(self, moto: Moto) -> None:
        """Brings the account into the state after the call, and tells the event of it."""

    @abstractmethod
    def state(self) -> State:
        """Reads what the story is about."""

    @abstractmethod
    def claims(self, fix: Run) -> dict[str, bool]:
        """What must be true of the account after the repair, and whether it is."""

    def tried(self) -> State:
        """Puts the repaired account to the test, while it is there; what came of it, where there is something to test."""
        return {}
