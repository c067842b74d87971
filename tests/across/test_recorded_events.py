"""Recorded CloudTrail events of many services through the function, where a folder of them is at hand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import binary
from local_aws.processes import Faults, Moto
from observed import writes
from recorded import FILES, event
from repository import TESTS
from runtime_api import Function

REGISTRY = json.loads((TESTS / "golden" / "registry.json").read_text())
WATCHED = {
    family["family"]: {
        service: {call for watch in family["watches"] if watch["service"] == service for call in watch["calls"]}
        for service in {watch["service"] for watch in family["watches"]}
    }
    for family in REGISTRY
}
SPARED = "changes no alarm, and the alarms were checked"
"""Said of calls on buckets where many came before: the function's alarms are looked at ten times in 30 s."""

if not FILES:
    pytest.skip("no recorded events at hand", allow_module_level=True)


@pytest.fixture(scope="module", params=WATCHED)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def telling(family: str, moto_server: Moto, faults_server: Faults) -> Iterator[Function]:
    """The function in dry-run, on an account that has nothing of what the events speak of."""
    moto_server.reset()
    settings = {"AWS_ENDPOINT_URL": faults_server.endpoint, "TRAILKEEPER_MODE": "dry-run"}
    with Function([str(binary(family))], settings) as started:
        yield started


def reason(record: dict[str, Any], family: str) -> str | None:
    """Why the event is ignored, in the order of the decision; none where it is looked into."""
    watched, by_name = WATCHED[family], family != "monitoring"
    calls = watched.get(record["eventSource"])
    if record.get("eventType") != "AwsApiCall":
        return f"a record of type {record.get('eventType', '(none)')}"
    if record.get("errorCode"):
        return str(record["errorCode"])
    if record.get("readOnly"):
        return "read-only"
    if calls is None:
        return str(record["eventSource"])
    if record["eventName"] not in calls:
        return str(record["eventName"])
    # Some were published with a region that there is not, and an ARN that names it.
    global_service = record["eventSource"] == "iam.amazonaws.com"
    if by_name and not global_service and not re.fullmatch(r"[a-z]+(-[a-z]+)+-\d+", record["awsRegion"]):
        return "region" if record["eventName"] != "PutEventSelectors" else "not name a valid trail"
    # One of AWS's own examples names an empty bucket.
    if (record.get("requestParameters") or {}).get("bucketName") == "" and by_name:
        return "names no bucket"
    return None


@pytest.mark.parametrize("file", FILES)
def test_every_recorded_event_gets_its_answer(telling: Function, faults: Faults, family: str, file: str) -> None:
    recorded = event(file)
    record = recorded["detail"]
    answer = telling.invoke(recorded)
    assert answer.ok, answer.error_message
    assert answer.body["event"]["id"] == record["eventID"]
    expected = reason(record, family)
    if expected is not None:
        assert expected in answer.body["ignored"]
        assert answer.body["results"] == []
        return
    if family == "monitoring" and SPARED in (answer.body["ignored"] or ""):
        return
    assert answer.body["ignored"] is None
    # Nothing of what they name is there, and no trail. The ids of AWS's own examples are no ids: AWS refuses some.
    statuses = {outcome["status"] for outcome in answer.body["results"]}
    assert statuses <= {"compliant", "failed", "not-applicable", "planned", "advised", "changed", "exempt"}, answer.body["results"]
    assert writes(faults) == []
