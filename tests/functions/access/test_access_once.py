"""Each file is told of once: the same event again, ten at once, a crash between any two calls, lost answers, throttling.

But for one gap, which no order of calls closes: SNS has taken a message, and nobody lives to note it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from access_logs import BOB, KEY, STATE, TARGET, delivered, found, ignored, line, notes, telling
from conftest import StartFunction
from dying import dies
from envelope import Event
from inbox import Inbox
from local_aws.processes import Faults, Moto
from observed import lines
from runtime_api import Answer, Function

NOTE = f"told/{TARGET}/{KEY}"
FOUND = [("read", BOB, 1)]
SUBJECT = "Trailkeeper: 1 request to trail-logs, high at worst, need review"
TOLD = f"s3://{TARGET}/{KEY} was already reported"

Start = Callable[..., Function]


@pytest.fixture
def event(moto: Moto) -> Event:
    """A file in which there is something to tell."""
    return delivered(moto, line(), line(BOB))


@pytest.fixture
def start(function: StartFunction, moto: Moto, inbox: Inbox, faults: Faults) -> Start:
    """Starts the function, behind the proxy of faults."""
    settings = telling(moto, inbox)

    def started(timeout: float = 30.0, **more: str) -> Function:
        return function("access", endpoint=faults, timeout=timeout, **(settings | more))

    return started


def busy(answer: Answer) -> bool:
    """Whether another invocation is at it, so that Lambda tries again a minute later."""
    return answer.error_type == "Trailkeeper.TryAgain" and "another invocation is already reporting" in (answer.error_message or "")


def a_minute_later(moto: Moto, seconds: int = 46) -> None:
    """Makes the note older: what somebody began and did not end."""
    (note,) = notes(moto).values()
    assert note["state"] == "telling"
    aged = json.dumps(note | {"at": note["at"] - seconds * 1000})
    moto.client("s3").put_object(Bucket=STATE, Key=NOTE, Body=aged)


def test_the_second_time_the_file_is_not_even_read(start: Start, inbox: Inbox, faults: Faults, event: Event) -> None:
    started = start()
    assert found(started.invoke(event)) == FOUND
    faults.forget()
    assert ignored(started.invoke(event | {"id": "another"})) == TOLD
    assert [(it.operation, it.resource) for it in faults.calls("s3")] == [("GetObject", STATE)]
    assert len(inbox.messages()) == 1


def test_ten_at_once(start: Start, inbox: Inbox, event: Event) -> None:
    copies = [start() for _ in range(10)]
    with ThreadPoolExecutor(len(copies)) as pool:
        answers = list(pool.map(lambda copy: copy.invoke(event), copies))
    told = [answer for answer in answers if answer.ok and answer.body["ignored"] is None]
    assert [found(answer) for answer in told] == [FOUND]
    assert all(busy(it) or ignored(it) == TOLD for it in answers if it not in told), answers
    assert all(ignored(copy.invoke(event)) == TOLD for copy in copies)
    assert len(inbox.messages()) == 1


CALLS = [("GetObject", 1), ("GetObject", 2), ("PutObject", 1), ("Publish", 1), ("PutObject", 2)]
"""The note is looked for, the file read, the turn taken, the message sent, and that noted."""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("operation", "nth"), CALLS)
def test_a_process_that_dies_in_the_middle(
    function: StartFunction, moto: Moto, inbox: Inbox, event: Event, operation: str, nth: int, when: str
) -> None:
    settings = telling(moto, inbox)
    dies(function("access", **settings), moto, event, operation, when, nth)
    started = function("access", **settings)
    answer = started.invoke(event)
    taken = [it["state"] for it in notes(moto).values()]
    if busy(answer):
        # Lambda tries again a minute later.
        a_minute_later(moto)
        answer = started.invoke(event)
        taken = ["telling"]
    if (operation, nth, when) == ("PutObject", 2, "after"):
        assert ignored(answer) == TOLD
    else:
        assert found(answer) == FOUND and taken
    sent_unnoted = (operation, when) == ("Publish", "after") or (operation, nth, when) == ("PutObject", 2, "before")
    assert len(inbox.messages()) == (2 if sent_unnoted else 1)
    assert ignored(started.invoke(event)) == TOLD and inbox.messages() == []


def test_whoever_is_at_it_is_let_alone_for_a_while(start: Start, moto: Moto, inbox: Inbox, event: Event) -> None:
    started, other = start(), start()
    moto.hold("Publish", "before")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(started.invoke, event)
        moto.wait_until_held()
        assert busy(other.invoke(event))
        a_minute_later(moto, 30)
        assert busy(other.invoke(event))
        moto.release()
        assert found(running.result()) == FOUND
    assert ignored(other.invoke(event)) == TOLD and len(inbox.messages()) == 1


def test_of_several_who_take_over_one_tells(start: Start, moto: Moto, inbox: Inbox, event: Event) -> None:
    moto.client("s3").put_object(Bucket=STATE, Key=NOTE, Body=json.dumps({"state": "telling", "at": 0, "by": "gone"}))
    copies = [start() for _ in range(6)]
    with ThreadPoolExecutor(len(copies)) as pool:
        answers = list(pool.map(lambda copy: copy.invoke(event), copies))
    assert [found(it) for it in answers if it.ok and it.body["ignored"] is None] == [FOUND]
    assert all(busy(it) or it.ok for it in answers) and len(inbox.messages()) == 1


@pytest.mark.parametrize("note", [b"", b"{", b"[]", b'{"state": "telling"}', b'{"state": "done", "at": 1, "by": "x"}'])
def test_a_note_that_is_none_is_replaced(start: Start, moto: Moto, inbox: Inbox, event: Event, note: bytes) -> None:
    moto.client("s3").put_object(Bucket=STATE, Key=NOTE, Body=note)
    assert found(start().invoke(event)) == FOUND
    assert notes(moto)[NOTE]["state"] == "told" and len(inbox.messages()) == 1


@pytest.mark.parametrize(("service", "operation"), [("s3", "GetObject"), ("s3", "PutObject"), ("sns", "Publish")])
@pytest.mark.parametrize("fault", ["throttle", "unavailable", "drop_before"])
def test_a_passing_fault_is_sat_out(
    start: Start, moto: Moto, inbox: Inbox, faults: Faults, event: Event, service: str, operation: str, fault: str
) -> None:
    getattr(faults, fault)(service, operation, times=2 if fault != "drop_before" else 1)
    assert found(start().invoke(event)) == FOUND
    assert notes(moto)[NOTE]["state"] == "told" and len(inbox.messages()) == 1


@pytest.mark.parametrize("operation", ["GetObject", "PutObject"])
def test_a_lost_answer_is_asked_for_again(
    start: Start, moto: Moto, inbox: Inbox, faults: Faults, event: Event, operation: str
) -> None:
    """Our own note, whose answer was lost, is known when S3 refuses it the second time."""
    faults.drop_after("s3", operation, times=1)
    assert found(start().invoke(event)) == FOUND
    assert notes(moto)[NOTE]["state"] == "told" and len(inbox.messages()) == 1


@pytest.mark.parametrize("operation", ["GetObject", "PutObject"])
def test_a_lasting_fault_is_given_back_to_lambda_with_nothing_told(
    start: Start, moto: Moto, inbox: Inbox, faults: Faults, event: Event, operation: str
) -> None:
    started = start(timeout=90)
    faults.throttle("s3", operation)
    answer = started.invoke(event)
    assert (answer.ok, answer.error_type) == (False, "Trailkeeper.TryAgain")
    assert f"s3:{operation} failed temporarily (SlowDown" in (answer.error_message or "")
    assert (inbox.messages(), notes(moto)) == ([], {})
    faults.clear()
    assert found(started.invoke(event)) == FOUND and len(inbox.messages()) == 1


def test_what_could_not_be_published_is_in_the_log_and_told_a_minute_later(
    start: Start, moto: Moto, inbox: Inbox, faults: Faults, event: Event
) -> None:
    started = start(timeout=90)
    faults.deny("sns", "Publish")
    answer = started.invoke(event)
    assert (answer.ok, answer.error_type) == (False, "Trailkeeper.TryAgain")
    assert "the report could not be published: sns:Publish was denied" in (answer.error_message or "")
    (logged,) = lines(started, message=SUBJECT)
    assert json.loads(logged["report"])["buckets"]
    faults.clear()
    assert busy(started.invoke(event)) and inbox.messages() == []
    a_minute_later(moto)
    assert found(started.invoke(event)) == FOUND and len(inbox.messages()) == 1


def test_telling_ends_before_another_may_take_over(
    start: Start, moto: Moto, inbox: Inbox, faults: Faults, event: Event
) -> None:
    started = start(timeout=120)
    faults.stall("sns", "Publish", ms=60_000)
    answer = started.invoke(event)
    assert (answer.ok, answer.error_type) == (False, "Trailkeeper.TryAgain")
    assert "could not be published: the function ran out of time" in (answer.error_message or "")
    (note,) = notes(moto).values()
    (logged,) = lines(started, message=SUBJECT)
    took = datetime.fromisoformat(logged["timestamp"]).timestamp() - note["at"] / 1000
    assert 25 < took < 40 and inbox.messages() == []


def test_what_is_told_and_cannot_be_noted_is_no_failure(
    start: Start, moto: Moto, inbox: Inbox, faults: Faults, event: Event
) -> None:
    """Lambda would try again, and tell of it once more."""
    started = start()
    moto.hold("Publish", "after")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(started.invoke, event)
        moto.wait_until_held()
        faults.deny("s3", "PutObject")
        moto.release()
        answer = running.result()
    assert found(answer) == FOUND and len(inbox.messages()) == 1
    (warned,) = lines(started, level="WARN")
    assert f"s3://{TARGET}/{KEY} was reported: s3:PutObject was denied" in warned["message"]


def test_without_a_place_for_notes_each_event_is_told(start: Start, inbox: Inbox, faults: Faults, event: Event) -> None:
    started = start(TRAILKEEPER_ACCESS_STATE="")
    assert [found(started.invoke(event)) for _ in range(2)] == [FOUND, FOUND]
    assert len(inbox.messages()) == 2 and faults.calls("s3", "PutObject") == []


@pytest.mark.parametrize("operation", ["GetObject", "PutObject"])
def test_where_nothing_can_be_noted_nothing_is_told_and_the_error_says_why(
    start: Start, inbox: Inbox, faults: Faults, event: Event, operation: str
) -> None:
    """A note that may not be read is not taken for a missing one: of that, too, S3 says 403 to those who may not list."""
    faults.rule("s3", operation, resource=STATE, error="AccessDenied", status=403, message="Access Denied")
    answer = start().invoke(event)
    assert (answer.ok, answer.error_type) == (False, "Trailkeeper.CallFailed")
    assert f"s3:{operation} was denied" in (answer.error_message or "") and inbox.messages() == []


def test_a_bucket_for_notes_that_is_not_there_is_an_error(start: Start, inbox: Inbox, event: Event) -> None:
    answer = start(TRAILKEEPER_ACCESS_STATE="no-such-notes").invoke(event)
    assert (answer.ok, answer.error_type) == (False, "Trailkeeper.CallFailed")
    assert "s3:PutObject found no such resource (NoSuchBucket" in (answer.error_message or "") and inbox.messages() == []


def test_a_conflict_that_s3_tells_of_is_tried_again_later(
    start: Start, inbox: Inbox, faults: Faults, event: Event
) -> None:
    """409 ConditionalRequestConflict: another write to the same key was on its way."""
    faults.rule("s3", "PutObject", times=1, error="ConditionalRequestConflict", status=409, message="conflict")
    started = start()
    assert busy(started.invoke(event)) and inbox.messages() == []
    assert found(started.invoke(event)) == FOUND and len(inbox.messages()) == 1
