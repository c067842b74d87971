"""Recorded CloudTrail events of many services through the function, where a folder of them is at hand.

The folder has an index.json which says of each file whether it is a whole event or a
record; TRAILKEEPER_RECORDED_EVENTS names it. It is not part of this repository.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import binary
from envelope import api_call
from local_aws.processes import ACCOUNT, Faults, Moto
from observed import writes
from runtime_api import Function

FOLDER = Path(os.environ.get("TRAILKEEPER_RECORDED_EVENTS", Path(__file__).parents[2] / "shared" / "events"))
INDEX = FOLDER / "index.json"
FILES = [event["file"] for event in json.loads(INDEX.read_text())["events"]] if INDEX.is_file() else []
WATCHED = {
    "transfer.amazonaws.com": {"CreateServer", "StartServer", "UpdateServer"},
    "iam.amazonaws.com": {
        "AttachRolePolicy", "DeleteRole", "DeleteRolePolicy", "DetachRolePolicy", "PutRolePolicy", "UpdateAssumeRolePolicy",
    },
}

if not FILES:
    pytest.skip("no recorded events at hand", allow_module_level=True)


@pytest.fixture(scope="module")
def enforcing(moto_server: Moto, faults_server: Faults) -> Iterator[Function]:
    moto_server.reset()
    settings = {"AWS_ENDPOINT_URL": faults_server.endpoint, "TRAILKEEPER_MODE": "enforce"}
    with Function([str(binary("transfer"))], settings) as started:
        yield started


def event(file: str) -> dict[str, Any]:
    """The recorded event, in our account; a bare record gets the envelope that EventBridge gives it."""
    recorded: dict[str, Any] = json.loads((FOLDER / file).read_text().replace("111122223333", ACCOUNT))
    if "detail" in recorded:
        return recorded
    whole = api_call(str(recorded["eventSource"]).split(".")[0], str(recorded["eventName"]))
    return whole | {"detail": recorded}


def reason(record: dict[str, Any]) -> str | None:
    """Why the event is ignored, in the order of the decision; none where it is looked into."""
    calls = WATCHED.get(record["eventSource"])
    if record.get("eventType") != "AwsApiCall":
        return f"a record of type {record.get('eventType', '(none)')}"
    if record.get("errorCode"):
        return str(record["errorCode"])
    if record.get("readOnly"):
        return "only read"
    if calls is None:
        return record["eventSource"]
    return None if record["eventName"] in calls else record["eventName"]


@pytest.mark.parametrize("file", FILES)
def test_every_recorded_event_gets_its_answer(enforcing: Function, faults: Faults, file: str) -> None:
    recorded = event(file)
    record = recorded["detail"]
    answer = enforcing.invoke(recorded)
    assert answer.ok, answer.error_message
    expected = reason(record)
    if expected is not None:
        assert expected in answer.body["ignored"]
        assert answer.body["results"] == []
        return
    assert answer.body["ignored"] is None
    if record["eventSource"] == "transfer.amazonaws.com":
        (outcome,) = answer.body["results"]
        # The ids of AWS's own examples are no ids: AWS refuses some and does not know the others.
        assert outcome["status"] in {"failed", "not-applicable"}
        assert outcome["resource"].endswith(record["responseElements"]["serverId"])
    else:
        assert answer.body["results"] == []
        assert {call.operation for call in faults.calls()} - {"GetCallerIdentity"} == {"ListRegions", "ListServers"}
    assert writes(faults) == []
    assert answer.body["event"]["id"] == record["eventID"]
