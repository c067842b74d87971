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
from local_aws.processes import Ministack

REGISTRY = json.loads((ROOT / "tests" / "golden" / "registry.json").read_text())
OURS: list[Path] = sorted((ROOT / "tests" / "events").glob("*.json"))


@pytest.fixture(scope="module")
def home(ministack_server: Ministack) -> Home:
    ministack_server.reset()
    return Home(ministack_server)


def looked_into(event: Event) -> set[str]:
    """The families whose code looks into the event: a successful call of a service that they watch."""
    record = event["detail"]
    if event["detail-type"] != "AWS API Call via CloudTrail" or record.get("eventType") != "AwsApiCall":
        return set()
    if record.get("errorCode"):
        return set()
    return {
        it["family"] for it in REGISTRY for watch in it["watches"]
        if (watch["service"], watch["source"]) == (record["eventSource"], event["source"])
        and record["eventName"] in watch["calls"]
    }


def reached(home: Home, event: Event, *, invoke: bool) -> set[str]:
    """The families whose functions the event is delivered to."""
    families = {home.function(family): family for family in FAMILIES}
    found = [it for it in home.deliver(event, invoke=invoke) if it["target"] in families]
    assert all(it["refused"] is None for it in found), found
    assert len({it["target"] for it in found}) == len(found), "a function is woken once"
    return {families[it["target"]] for it in found}


@pytest.mark.parametrize("file", OURS, ids=lambda file: file.stem)
def test_an_event_reaches_the_functions_that_look_into_it(home: Home, file: Path) -> None:
    event = json.loads(file.read_text())
    assert reached(home, event, invoke=False) == looked_into(event)


@pytest.mark.parametrize("file", recorded.FILES)
def test_a_recorded_event_reaches_the_functions_that_look_into_it(home: Home, file: str) -> None:
    event = recorded.event(file)
    here = event | {"region": "us-east-1"}
    assert reached(home, here, invoke=False) == looked_into(here)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_event_wakes_a_function_which_tells_what_it_would_do(home: Home, family: str) -> None:
    event = BROKEN[family](home)
    event["detail"]["eventID"] = f"{family}-was-woken"
    assert family in reached(home, event, invoke=True)

    def told() -> Iterator[bool]:
        while True:
            lines = [json.loads(line) for line in home.log(family) if line.startswith('{"timestamp"')]
            yield any((it.get("event_id"), it.get("status")) == (f"{family}-was-woken", "planned") for it in lines)

    assert until(told())


def letters(home: Home) -> Iterator[list[dict[str, Any]]]:
    """What is in the queue of events that failed for good."""
    while True:
        found = home.client("sqs").receive_message(QueueUrl=home.outputs["DeadLetters"]).get("Messages", [])
        yield [json.loads(it["Body"]) for it in found]


def test_what_fails_again_and_again_is_kept_with_the_error(home: Home) -> None:
    home.set("transfer", TRAILKEEPER_MODE="nonsense")
    event = create_server("s-0123456789abcdef0")
    assert reached(home, event, invoke=True) == {"transfer"}
    (letter,) = until(letters(home))
    home.set("transfer", TRAILKEEPER_MODE="dry-run")
    assert letter["requestPayload"]["detail"] == event["detail"]
    assert letter["requestContext"]["condition"] == "RetriesExhausted"
    assert letter["requestContext"]["functionArn"].startswith(home.function("transfer"))
    assert "TRAILKEEPER_MODE: must be dry-run or enforce" in letter["responsePayload"]["errorMessage"]
    assert home.invoke("transfer", letter["requestPayload"]).ok, "it may be sent again once that is put right"
