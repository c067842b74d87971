"""Two players: at the end the record runs as before, or a letter says what ended it and who did it.

`make game` plays fifty games with new seeds; TRAILKEEPER_GAMES says another number, TRAILKEEPER_SEED where to begin.
The seeds of games that were lost once are kept, and always played.
"""

from __future__ import annotations

import copy
import json
import os
from random import Random
from typing import Any

import pytest
from audit_record import Record
from conftest import StartFunction
from inbox import Inbox
from intruder_calls import MALLORY
from intruder_moves import MOVES
from local_aws.processes import ACCOUNT, REGION, Moto
from games import FAMILIES, Game
from our_role import as_our_role
from repository import TESTS

KEPT = [int(line) for line in (TESTS / "game" / "seeds.txt").read_text().split()]
MOVE = {move.name: move for move in MOVES}
GAMES, FIRST = int(os.environ.get("TRAILKEEPER_GAMES", "3")), int(os.environ.get("TRAILKEEPER_SEED", "1"))


@pytest.mark.parametrize("seed", [*KEPT, *range(FIRST, FIRST + GAMES)])
def test_nobody_ends_the_record_without_a_letter(
    function: StartFunction, moto: Moto, inbox: Inbox, seed: int
) -> None:
    game = started(function, moto, inbox)
    game.play(Random(seed))
    assert game.silent() == {}, game.story()


def started(function: StartFunction, moto: Moto, inbox: Inbox) -> Game:
    """An account in order, and the functions, each with its role."""
    settings = {"TRAILKEEPER_TOPIC_ARN": inbox.topic, "TRAILKEEPER_REGIONS": "us-east-1,eu-west-1"}
    record, roles = Record(moto), {family: as_our_role(moto, f"{family}-function") for family in FAMILIES}
    functions = {family: function(family, mode="enforce", **settings, **roles[family][0]) for family in FAMILIES}
    game = Game(
        record, functions, lambda: [json.loads(it["Message"]) for it in inbox.messages()],
        {family: who for family, (_, who) in roles.items()},
    )
    game.settle()
    return game


PAIRS = [
    ("server_exempted", "logging_role_emptied"), ("recorder_exempted", "recorder_narrowed"),
    ("vpc_exempted", "flow_logs_deleted"), ("trail_exempted", "key_closed"),
]


@pytest.mark.parametrize("stolen", [False, True])
def test_what_was_exempted_first_is_told(function: StartFunction, moto: Moto, inbox: Inbox, stolen: bool) -> None:
    game = started(function, moto, inbox)
    for pair in PAIRS:
        for name in pair:
            game.make(MOVE[name], Everything(1), stolen)
    game.sweep()
    assert {"server", "config", "flow logs"} <= game.record.ends().keys()
    assert game.silent() == {}, game.story()


class Everything(Random):
    """Chooses the widest exemption, and every flow log."""

    def choice(self, seq: Any) -> Any:
        return "all" if "all" in seq else seq[0]

    def random(self) -> float:
        return 0.0


def test_the_judge_calls_a_silent_loss_lost(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    """Nobody answers any more: whatever ends is lost, unless a letter is about it, and about it as it is now."""
    game = started(function, moto, inbox)
    game.functions = {}
    for name in ("stopped", "expiring", "flow_logs_deleted", "recorder_narrowed", "logging_role_emptied"):
        game.make(MOVE[name], Everything(1))
    facets = {"trail", "files", "flow logs", "config", "server"}
    assert game.silent().keys() == facets
    letter = {
        "event": {"name": "PutConfigurationRecorder", "actor": MALLORY["arn"]},
        "results": [{
            "control": "config-recorder", "status": "changed",
            "resource": f"arn:aws:config:{REGION}:{ACCOUNT}:configuration-recorder/default",
        }],
    }
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("event", {"name": "StopLogging"}), ("event", {"actor": "arn:aws:iam::123456789012:user/alice"}),
        ("results", {"status": "fixed"}), ("results", {"control": "cloudtrail-logging"}),
        ("results", {"resource": f"arn:aws:config:eu-west-1:{ACCOUNT}:configuration-recorder/default"}),
    ]
    for part, change in wrong:
        other = copy.deepcopy(letter)
        (other["event"] if part == "event" else other["results"][0]).update(change)
        game.told = [other]
        assert game.silent().keys() == facets, change
    game.told = [letter]
    assert game.silent().keys() == facets - {"config"}
    game.fine["config"] = 1
    assert game.silent().keys() == facets, "it was in order since"
