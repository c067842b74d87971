"""How a log file is read: it goes on where it broke off, one that is replaced is not mixed, a large one takes no memory."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from access_logs import BOB, KEY, NAME, TARGET, delivered, found, ignored, line, telling
from conftest import StartFunction
from envelope import Event
from inbox import Inbox
from local_aws.processes import Faults, Moto
from runtime_api import Function

BLOCK = [line(number=number) if number % 100 else line(BOB, number=number) for number in range(1_000)]
SIZE = sum(map(len, BLOCK))

Start = Callable[..., Function]


@pytest.fixture
def start(function: StartFunction, moto: Moto, inbox: Inbox, faults: Faults) -> Start:
    """Starts the function, behind the proxy of faults."""
    settings = telling(moto, inbox)
    return lambda **more: function("access", endpoint=faults, **(settings | more))


@pytest.fixture
def event(moto: Moto) -> Event:
    """A file of a thousand lines, ten of which are told."""
    return delivered(moto, *BLOCK)


@pytest.mark.parametrize("cut", [1, 700, SIZE // 2, SIZE - 1])
@pytest.mark.parametrize("times", [1, 3])
def test_a_file_that_breaks_off_is_read_on_from_there(
    start: Start, inbox: Inbox, faults: Faults, event: Event, cut: int, times: int
) -> None:
    faults.rule("s3", "GetObject", resource=TARGET, cut=cut, times=times)
    answer = start().invoke(event)
    assert found(answer) == [("read", BOB, 10)]
    assert (answer.body["lines"], answer.body["malformed"]) == (1_000, 0)
    assert 2 <= sum(it.resource == TARGET for it in faults.calls("s3", "GetObject")) <= 1 + times
    assert len(inbox.messages()) == 1


def test_a_file_that_always_breaks_off_is_given_back_to_lambda(
    start: Start, inbox: Inbox, faults: Faults, event: Event
) -> None:
    started = start()
    faults.rule("s3", "GetObject", resource=TARGET, cut=700)
    answer = started.invoke(event)
    assert (answer.ok, answer.error_type) == (False, "Trailkeeper.TryAgain")
    assert "s3:GetObject failed temporarily (BrokenOff" in (answer.error_message or "")
    assert sum(it.resource == TARGET for it in faults.calls("s3", "GetObject")) == 4 and inbox.messages() == []
    faults.clear()
    assert found(started.invoke(event)) == [("read", BOB, 10)]


def test_of_a_file_that_is_written_over_meanwhile_what_was_read_is_told(
    start: Start, moto: Moto, inbox: Inbox, faults: Faults, event: Event
) -> None:
    started, s3 = start(), moto.client("s3")
    faults.rule("s3", "GetObject", resource=TARGET, cut=SIZE // 2, times=1)
    moto.hold("GetObject", "before", nth=3)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(started.invoke, event)
        moto.wait_until_held()
        s3.put_object(Bucket=TARGET, Key=KEY, Body=b"".join([*BLOCK, line(BOB)]))
        moto.release()
        answer = running.result()
    ((kind, who, count),) = found(answer)
    assert (kind, who) == ("read", BOB) and 0 < count < 10 and answer.body["lines"] < 1_000
    assert answer.body["overwritten"]["size"] == SIZE
    (message,) = inbox.messages()
    assert "access-overwritten" in message["MessageAttributes"]["control"]["Value"]
    assert "was already reported" in ignored(started.invoke(event)) and inbox.messages() == []


def test_what_was_read_of_a_file_before_somebody_took_it_away_is_told(
    start: Start, moto: Moto, inbox: Inbox, faults: Faults, event: Event
) -> None:
    started, s3 = start(), moto.client("s3")
    faults.rule("s3", "GetObject", resource=TARGET, cut=SIZE - 1, times=1)
    moto.hold("GetObject", "before", nth=3)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(started.invoke, event)
        moto.wait_until_held()
        s3.delete_object(Bucket=TARGET, Key=KEY)
        moto.release()
        answer = running.result()
    ((kind, who, count),) = found(answer)
    assert (kind, who) == ("read", BOB) and 0 < count <= 10 and answer.body["lines"] < 1_001
    assert answer.body["gone"] is True
    assert len(inbox.messages()) == 1


def test_a_hundred_megabytes_are_read_in_the_memory_of_a_few(start: Start, moto: Moto, inbox: Inbox) -> None:
    times = 100_000_000 // SIZE
    large, small = delivered(moto, b"".join(BLOCK) * times, key=f"large-{NAME}"), delivered(moto, *BLOCK)
    started = start(AWS_ENDPOINT_URL=moto.endpoint)
    assert found(started.invoke(small)) == [("read", BOB, 10)]
    before = started.peak_rss_kib
    answer = started.invoke(large, timeout=240)
    assert found(answer) == [("read", BOB, 10 * times)] and answer.body["lines"] == 1_000 * times
    assert answer.body["buckets"][0]["findings"][0]["bytes"] == 5120 * 10 * times
    assert started.peak_rss_kib - before < 8 * 1024


def test_what_is_no_log_takes_no_memory_either_and_is_told_in_a_few_lines(
    start: Start, moto: Moto, inbox: Inbox
) -> None:
    noise = random.Random(7).randbytes(2_000_000)
    without_end, letters = delivered(moto, b"x" * 20_000_000), delivered(moto, noise, key=f"noise-{NAME}")
    started = start()
    answer = started.invoke(letters)
    assert found(answer) == [] and answer.body["malformed"] > 1_000 and len(answer.body["faults"]) == 10
    before = started.peak_rss_kib
    answer = started.invoke(without_end)
    assert found(answer) == [] and (answer.body["lines"], answer.body["malformed"]) == (1, 1)
    assert started.peak_rss_kib - before < 4 * 1024 and len(inbox.messages()) == 2


def test_a_requester_with_spaces_is_read(start: Start, moto: Moto, inbox: Inbox) -> None:
    identity = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2EXAMPLEID"
    event = delivered(moto, line(identity), line())
    answer = start().invoke(event)
    assert (answer.body["lines"], answer.body["malformed"]) == (2, 0)
    assert found(answer) == [("read", identity, 1)]
