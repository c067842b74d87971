"""A file is read if S3's log service wrote it and it is still the one that was announced; all else is told once, briefly."""

from __future__ import annotations

import json
from typing import Any

import pytest
from access_logs import BOB, KEY, LOG_SERVICE, NAME, STATE, TARGET, bucket, created, delivered, found, ignored, line, put, telling
from conftest import StartFunction
from given import client_of
from inbox import Inbox
from local_aws.processes import ACCOUNT, Faults, Moto
from observed import lines

DELETION = line(BOB, "REST.DELETE.OBJECT")
STRANGER = "999999999999"


def subjects(moto: Moto) -> list[str]:
    return [letter["subject"] for letter in moto.mail()]


def attributes(inbox: Inbox) -> list[tuple[str, str]]:
    told = [it["MessageAttributes"] for it in inbox.messages()]
    return [(it["control"]["Value"], it["severity"]["Value"]) for it in told]


@pytest.mark.parametrize("change", ["another size", "the same size"])
def test_a_file_that_is_written_over_is_told_and_nothing_of_the_other_one_is_read(
    function: StartFunction, moto: Moto, inbox: Inbox, change: str
) -> None:
    event, started = delivered(moto, DELETION), function("access", **telling(moto, inbox))
    other = line(BOB) if change == "another size" else line(BOB, "REST.DELETE.OBJECT", number=2)
    moto.client("s3").put_object(Bucket=TARGET, Key=KEY, Body=other)
    answer = started.invoke(event)
    size, etag = (event["detail"]["object"][it] for it in ("size", "etag"))
    assert found(answer) == [] and answer.body["lines"] == 0
    assert answer.body["overwritten"] == {"size": size, "etag": etag, "requester": LOG_SERVICE, "reason": "PutObject"}
    (letter,) = moto.mail()
    assert letter["subject"] == "Trailkeeper: an access log was written over before it was read"
    assert f"PutObject, {size} bytes, ETag {etag}" in letter["text"] and f"File: s3://{TARGET}/{KEY}" in letter["text"]
    assert attributes(inbox) == [("access-overwritten", "high")]
    assert "was already reported" in ignored(started.invoke(event))


def test_a_file_of_another_size_is_another_file_even_if_the_etag_is_the_same(
    function: StartFunction, moto: Moto, inbox: Inbox
) -> None:
    event = delivered(moto, DELETION)
    event["detail"]["object"]["size"] += 1
    assert function("access", **telling(moto, inbox)).invoke(event).body["overwritten"]
    assert attributes(inbox) == [("access-overwritten", "high")]


def test_of_a_bucket_with_versions_the_announced_one_is_read(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    s3 = moto.client("s3")
    s3.put_bucket_versioning(Bucket=bucket(moto), VersioningConfiguration={"Status": "Enabled"})
    event = delivered(moto, DELETION)
    other = s3.put_object(Bucket=TARGET, Key=KEY, Body=line())
    started = function("access", **telling(moto, inbox))
    assert found(started.invoke(event)) == [("delete", BOB, 1)]
    forged = created(version=other["VersionId"], etag=other["ETag"].strip('"'), size=len(line()), by=ACCOUNT)
    assert started.invoke(forged).body["other_writer"]["requester"] == ACCOUNT
    assert len(inbox.messages()) == 2


@pytest.mark.parametrize("writer", [ACCOUNT, STRANGER, "s3.amazonaws.com", "logging.s3.amazonaws.com.evil.example"])
def test_what_somebody_else_wrote_is_one_letter_that_says_who_and_is_not_read(
    function: StartFunction, moto: Moto, inbox: Inbox, faults: Faults, writer: str
) -> None:
    forged = [line(f"arn:aws:iam::{ACCOUNT}:user/ciso", "REST.DELETE.OBJECT", bucket=f"forged-{n}") for n in range(600)]
    event = delivered(moto, *forged, by=writer)
    started = function("access", endpoint=faults, **telling(moto, inbox))
    faults.forget()
    answer = started.invoke(event)
    assert found(answer) == [] and answer.body["lines"] == 0
    assert not any(it.resource == TARGET for it in faults.calls("s3"))
    (letter,) = moto.mail()
    who = writer or "unknown"
    assert letter["subject"] == f"Trailkeeper: an access log was not written by S3's log service, but by {who}"[:100]
    assert f"Who: {who}\n" in letter["text"] and "ciso" not in letter["text"] and "forged" not in letter["text"]
    assert attributes(inbox) == [("access-other-writer", "high")]
    assert "was already reported" in ignored(started.invoke(event))


def test_a_file_that_is_written_over_after_it_was_read_is_told_too(
    function: StartFunction, moto: Moto, inbox: Inbox
) -> None:
    started = function("access", **telling(moto, inbox))
    assert found(started.invoke(delivered(moto, DELETION))) == [("delete", BOB, 1)]
    over = delivered(moto, line(number=1), by=ACCOUNT)
    assert started.invoke(over).body["other_writer"]["etag"] == over["detail"]["object"]["etag"]
    assert len(inbox.messages()) == 2


def test_many_files_of_one_writer_are_one_letter_a_day(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    started = function("access", **telling(moto, inbox))
    forged = lambda number, by: delivered(moto, line(number=number), key=f"{number}{NAME}", by=by)  # noqa: E731
    answers = [started.invoke(forged(number, ACCOUNT)) for number in range(5)]
    assert answers[0].body["other_writer"]["requester"] == ACCOUNT
    assert all("was already reported" in ignored(answer) for answer in answers[1:])
    assert started.invoke(forged(9, STRANGER)).body["other_writer"]["requester"] == STRANGER, "another writer"
    assert len(moto.mail()) == 2
    assert found(started.invoke(delivered(moto, DELETION))) == [("delete", BOB, 1)], "the log service is read as ever"


@pytest.mark.parametrize("writer", ["svc:logging.s3.amazonaws.com", "logging.s3.amazonaws.com"])
def test_the_log_service_is_known_by_both_of_its_names(
    function: StartFunction, moto: Moto, inbox: Inbox, writer: str
) -> None:
    assert found(function("access", **telling(moto, inbox)).invoke(delivered(moto, line(BOB), by=writer)))


def test_a_writer_that_is_set_is_read(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    settings = telling(moto, inbox, TRAILKEEPER_ACCESS_WRITERS=f"{STRANGER},arn:aws:iam::*:role/Copy")
    started = function("access", **settings)
    assert found(started.invoke(delivered(moto, line(BOB), by=STRANGER))) == [("read", BOB, 1)]
    assert started.invoke(delivered(moto, line(BOB), key=f"x{NAME}", by=ACCOUNT)).body["other_writer"]


def test_requests_to_buckets_of_other_accounts_are_counted(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    theirs = [DELETION.replace(b"0" * 64, b"9" * 64)] * 7
    started = function("access", **telling(moto, inbox))
    answer = started.invoke(delivered(moto, *theirs, line(BOB)))
    assert found(answer) == [("read", BOB, 1)] and answer.body["foreign"] == 7
    (letter,) = moto.mail()
    assert "7 requests to buckets of other accounts are counted and not told" in letter["text"]
    answer = started.invoke(delivered(moto, *theirs, key=f"x{NAME}"))
    assert found(answer) == [] and answer.body["foreign"] == 7
    assert subjects(moto) == ["Trailkeeper: an access log is about buckets of other accounts only"]
    assert [control for control, _ in attributes(inbox)][-1] == "access-other-accounts"
    # A few among others that are normal are in the log and the response.
    assert started.invoke(delivered(moto, theirs[0], line(), key=f"y{NAME}")).body["foreign"] == 1
    assert moto.mail() == [] and lines(started, key=f"y{NAME}")[0]["foreign"] == 1


def test_the_account_is_asked_for_its_id_once(
    function: StartFunction, moto: Moto, inbox: Inbox, faults: Faults
) -> None:
    started = function("access", endpoint=faults, **telling(moto, inbox))
    events = [delivered(moto, line(BOB), key=f"{n}{NAME}") for n in range(3)]
    faults.forget()
    assert all(found(started.invoke(event)) for event in events)
    assert len(faults.calls("s3", "ListBuckets")) == 1
    theirs = delivered(moto, DELETION.replace(b"0" * 64, b"9" * 64), key=f"4{NAME}")
    faults.deny("s3", "ListBuckets")
    other = function("access", endpoint=faults, **telling(moto, inbox))
    assert found(other.invoke(theirs)) == [("delete", BOB, 1)], "what is not known is told"
    assert "cannot be told apart: s3:ListAllMyBuckets was denied" in lines(other, level="WARN")[0]["message"]


def test_one_file_is_three_letters_at_most(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    many = [line(BOB, bucket=f"bucket-{n:03}") for n in range(600)] + [line(BOB, "REST.DELETE.OBJECT", bucket="zzz")]
    started = function("access", **telling(moto, inbox))
    answer = started.invoke(delivered(moto, *reversed(many)))
    assert len(found(answer)) == 257 == len(answer.body["buckets"])
    told = [json.loads(it["Message"]) for it in inbox.messages()]
    assert len(told) == 3 and told[0]["buckets"][0]["bucket"] == "zzz"
    letters = moto.mail()
    assert "more buckets have findings" in letters[2]["text"] and told[2]["omitted"] > 200
    assert all("more buckets" not in it["text"] for it in letters[:2])


@pytest.mark.parametrize(("code", "status"), [
    ("AccessDenied", 403), ("KMS.DisabledException", 400), ("InvalidObjectState", 403), ("KMS.NotFoundException", 400),
])
def test_a_file_that_cannot_be_read_is_told_once_and_is_no_failure(
    function: StartFunction, moto: Moto, inbox: Inbox, faults: Faults, code: str, status: int
) -> None:
    event, started = delivered(moto, DELETION), function("access", endpoint=faults, **telling(moto, inbox))
    faults.rule("s3", "GetObject", resource=TARGET, error=code, status=status)
    answer = started.invoke(event)
    assert found(answer) == [] and answer.body["unreadable"].startswith("s3:GetObject ")
    (letter,) = moto.mail()
    assert letter["subject"] == "Trailkeeper: an access log could not be read" and code in letter["text"]
    assert attributes(inbox) == [("access-unreadable", "high")]
    assert "was already reported" in ignored(started.invoke(event)) and moto.mail() == []


def test_a_member_has_buckets_of_its_own(moto: Moto) -> None:
    """The lines that `put` writes name the account that the client is of."""
    theirs: Any = client_of(moto, STRANGER, "s3")
    theirs.create_bucket(Bucket="their-logs")
    put(theirs, line(), name="their-logs")
    body = theirs.get_object(Bucket="their-logs", Key=KEY)["Body"].read().decode()
    assert body.startswith(theirs.list_buckets()["Owner"]["ID"]) and STATE not in body
