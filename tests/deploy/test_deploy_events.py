"""What CloudTrail tells reaches exactly the functions that look into it, and what fails for good is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import recorded
from broken import BROKEN
from deployed import FAMILIES, ROOT, Home, until
from envelope import Event, create_server
from given import refusal
from installed import caller
from local_aws.clients import client
from local_aws.processes import ACCOUNT, REGION, Ministack
from local_aws.server import request

GUARD = json.loads((ROOT / "tests" / "golden" / "guard.json").read_text())
REGISTRY = json.loads((ROOT / "tests" / "golden" / "registry.json").read_text())
OURS: list[Path] = sorted((ROOT / "tests" / "events").glob("*.json"))


@pytest.fixture(scope="module")
def home(ministack_server: Ministack) -> Home:
    ministack_server.reset()
    return Home(ministack_server)


def looked_into(event: Event) -> set[str]:
    """The functions whose code looks into the event: a successful call of a service that they watch, or an access log."""
    if event["detail-type"] == "Object Created":
        return {"access"} if event["detail"]["bucket"]["name"].startswith("trailkeeper-access-logs-") else set()
    record = event["detail"]
    if event["detail-type"] != "AWS API Call via CloudTrail" or record.get("eventType") != "AwsApiCall":
        return set()
    if record.get("errorCode"):
        return set()
    all_watches = [(it["family"], watch) for it in REGISTRY for watch in it["watches"]]
    all_watches += [("guard", calls) for ways in GUARD.values() for calls in ways]
    return {
        function for function, watch in all_watches
        if (watch["service"], watch["source"]) == (record["eventSource"], event["source"])
        and record["eventName"] in watch["calls"]
    }


@pytest.mark.parametrize("file", OURS, ids=lambda file: file.stem)
def test_an_event_reaches_the_functions_that_look_into_it(home: Home, file: Path) -> None:
    event = json.loads(file.read_text())
    assert home.reached(home.deliver(event, invoke=False)) == looked_into(event)


@pytest.mark.parametrize("file", recorded.FILES)
def test_a_recorded_event_reaches_the_functions_that_look_into_it(home: Home, file: str) -> None:
    event = recorded.event(file)
    here = event | {"region": "us-east-1"}
    assert home.reached(home.deliver(here, invoke=False)) == looked_into(here)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_event_wakes_a_function_which_tells_what_it_would_do(home: Home, family: str) -> None:
    event = BROKEN[family](home)
    event["detail"]["eventID"] = f"{family}-was-woken"
    assert family in home.reached(home.deliver(event))
    assert home.told(family, event_id=f"{family}-was-woken", status="planned")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_schedule_has_its_function_look_at_everything(home: Home, family: str) -> None:
    schedules = home.client("scheduler").list_schedules()["Schedules"]
    (arn,) = [it["Arn"] for it in schedules if it["Target"]["Arn"] == home.function(family, "sweep")]
    assert request("POST", f"{home.endpoint}/_local/schedule", {"arn": arn}) == {"refused": None}
    assert home.told(family, event="Scheduled Event", message="Scheduled Event handled")


def test_nobody_but_the_functions_puts_a_sweep_on_the_bus(home: Home) -> None:
    """Not with a right to everything, and not as the root of the account."""
    sweep = {"Source": "trailkeeper", "DetailType": "Trailkeeper Sweep", "EventBusName": home.outputs["Bus"],
             "Detail": json.dumps({"family": "key", "account": ACCOUNT, "region": REGION, "after": "token"})}
    anybody = caller(home.server, {"Action": "*", "Resource": "*"})
    for session in (home.client("events"), client(home.endpoint, "events", REGION, home.server.credentials_for(anybody))):
        _, code, message = refusal(session.put_events, Entries=[sweep])
        assert code == "AccessDeniedException" and home.outputs["Bus"] in message
    for family in FAMILIES:
        assert home.client_as(family, "events").put_events(Entries=[sweep])["FailedEntryCount"] == 0


def letters(home: Home) -> Iterator[list[dict[str, Any]]]:
    """What is in the queue of events that failed for good."""
    while True:
        found = home.client("sqs").receive_message(QueueUrl=home.outputs["DeadLetters"]).get("Messages", [])
        yield [json.loads(it["Body"]) for it in found]


def test_what_fails_again_and_again_is_kept_with_the_error(home: Home) -> None:
    home.set("transfer", TRAILKEEPER_MODE="nonsense")
    event = create_server("s-0123456789abcdef0")
    assert home.reached(home.deliver(event)) == {"transfer"}
    (letter,) = until(letters(home))
    home.set("transfer", TRAILKEEPER_MODE="dry-run")
    assert letter["requestPayload"]["detail"] == event["detail"]
    assert letter["requestContext"]["condition"] == "RetriesExhausted"
    assert letter["requestContext"]["functionArn"] == f"{home.function('transfer')}:$LATEST"
    assert "TRAILKEEPER_MODE: must be dry-run or enforce" in letter["responsePayload"]["errorMessage"]
    assert home.invoke("transfer", letter["requestPayload"]).ok, "it may be sent again once that is put right"
