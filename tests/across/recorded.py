"""Recorded CloudTrail events of many services, where a folder of them is at hand.

The folder has an index.json which says of each file whether it is a whole event or a
record; TRAILKEEPER_RECORDED_EVENTS names it. It is not part of this repository.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from envelope import api_call
from local_aws.processes import ACCOUNT
from repository import ROOT

FOLDER = Path(os.environ.get("TRAILKEEPER_RECORDED_EVENTS", ROOT.parent / "shared" / "events"))
INDEX = FOLDER / "index.json"
FILES = [event["file"] for event in json.loads(INDEX.read_text())["events"]] if INDEX.is_file() else []


def event(file: str) -> dict[str, Any]:
    """The recorded event, in our account; a bare record gets the envelope that EventBridge gives it."""
    recorded: dict[str, Any] = json.loads((FOLDER / file).read_text().replace("111122223333", ACCOUNT))
    if "detail" in recorded:
        return recorded
    whole = api_call(str(recorded["eventSource"]).split(".")[0], str(recorded["eventName"]))
    return whole | {"detail": recorded}
