"""Two players: at the end the record runs as before, or a letter says what ended it and who did it.

`make game` plays fifty games with new seeds; TRAILKEEPER_GAMES says another number, TRAILKEEPER_SEED where to begin.
The seeds of games that were lost once are kept, and always played.
"""

from __future__ import annotations

import json
import os
from random import Random

import pytest
from audit_record import Record
from conftest import StartFunction
from inbox import Inbox
from local_aws.processes import Moto
from games import FAMILIES, Game
from repository import TESTS

KEPT = [int(line) for line in (TESTS / "game" / "seeds.txt").read_text().split()]
GAMES, FIRST = int(os.environ.get("TRAILKEEPER_GAMES", "3")), int(os.environ.get("TRAILKEEPER_SEED", "1"))


@pytest.mark.parametrize("seed", [*KEPT, *range(FIRST, FIRST + GAMES)])
def test_nobody_ends_the_record_without_a_letter(
    function: StartFunction, moto: Moto, inbox: Inbox, seed: int
) -> None:
    settings = {"TRAILKEEPER_TOPIC_ARN": inbox.topic, "TRAILKEEPER_REGIONS": "us-east-1,eu-west-1"}
    record = Record(moto)
    functions = {family: function(family, mode="enforce", **settings) for family in FAMILIES}
    game = Game(record, functions, lambda: [json.loads(it["Message"]) for it in inbox.messages()])
    game.settle()
    game.play(Random(seed))
    assert game.silent() == {}, game.story()
