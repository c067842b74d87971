"""A delivered access log: what is not normal in it is told, by answer, message, mail, log and numbers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from access_logs import (
    BOB, EVENT, KEY, NAME, READER, SIEM, STATE, TARGET, bucket, created, delivered, found, ignored, line, notes,
    telling,
)
from conftest import StartFunction
from given import client_of
from inbox import Inbox
from local_aws.processes import ACCOUNT, Faults, Moto
from observed import lines

CREDENTIALS = "X-Amz-Credential=AKIDSECRET%2F20260302&X-Amz-Signature=5ec4e7&X-Amz-Security-Token=t0ken"


def test_what_is_not_normal_is_told_in_every_way(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    deletion = line(BOB, "REST.DELETE.OBJECT", status="204 -", key="AWSLogs/gone.json.gz")
    event = delivered(moto, line(), line(BOB), line(BOB, number=2), deletion, b"\n", line(READER, "REST.HEAD.OBJECT"))
    started = function("access", **telling(moto, inbox))
    answer = started.invoke(event)
    assert found(answer) == [("delete", BOB, 1), ("read", BOB, 2)]
    body = answer.body
    assert (body["lines"], body["blank"], body["malformed"], body["elsewhere"]) == (6, 1, 0, 0)
    assert body["file"] == {"region": "us-east-1", "bucket": TARGET, "key": KEY}
    assert (body["account"], body["event"]["id"], body["event"]["time"]) == (ACCOUNT, event["id"], event["time"])
    assert [(it["bucket"], it["requests"], it["flagged"]) for it in body["buckets"]] == [("trail-logs", 5, 3)]
    assert body["buckets"][0]["findings"][0]["objects"]["top"][0]["value"] == "AWSLogs/gone.json.gz"

    (message,) = inbox.messages()
    assert json.loads(message["Message"]) == body
    attributes = {name: it["Value"] for name, it in message["MessageAttributes"].items()}
    assert attributes == {
        "account": ACCOUNT, "region": "us-east-1", "status": "found",
        "control": '["access-delete","access-read"]', "severity": '["critical","high"]',
    }
    (letter,) = moto.mail()
    assert letter["subject"] == "Trailkeeper: 3 requests to trail-logs, critical at worst, need review"
    assert "CRITICAL: something was deleted" in letter["text"] and f"Who: {BOB}" in letter["text"]
    assert f"File: s3://{TARGET}/{KEY}" in letter["text"]

    (logged,) = lines(started, family="access", bucket=TARGET)
    assert (logged["level"], logged["key"], logged["findings"], logged["lines"]) == ("INFO", KEY, 2, 6)
    (counted,) = lines(started, Family="access")
    (units,) = counted["_aws"]["CloudWatchMetrics"]
    assert (units["Namespace"], units["Dimensions"]) == ("Trailkeeper", [["Family"]])
    assert {it["Name"]: it["Unit"] for it in units["Metrics"]} == {
        "Lines": "Count", "Deletions": "Count", "Reads": "Count", "Duration": "Milliseconds",
    }
    assert [counted[it] for it in ("Lines", "Deletions", "Reads")] == [6, 1, 2] and counted["Duration"]
    (note,) = notes(moto).values()
    assert (note["state"], note["answer"]) == ("told", body)


def test_what_is_normal_is_not_told(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    event = delivered(moto, line(), line("svc:cloudtrail.amazonaws.com", "REST.PUT.OBJECT"))
    answer = function("access", **telling(moto, inbox)).invoke(event)
    assert found(answer) == [] and answer.body["lines"] == 2
    assert (inbox.messages(), moto.mail(), notes(moto)) == ([], [], {})


def test_an_empty_file_is_nothing_to_tell(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    answer = function("access", **telling(moto, inbox)).invoke(delivered(moto))
    assert found(answer) == [] and answer.body["lines"] == 0 and inbox.messages() == []


def test_lines_that_cannot_be_read_are_told(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    answer = function("access", **telling(moto, inbox)).invoke(delivered(moto, line(), b"\xff\xfe no line\n", line()))
    assert found(answer) == [] and answer.body["malformed"] == 1
    (fault,) = answer.body["faults"]
    assert (fault["file"], fault["line"], fault["offset"]) == (KEY, 2, len(line()) + 6)
    (letter,) = moto.mail()
    assert letter["subject"] == "Trailkeeper could not parse 1 lines of access logs"


def test_each_logged_bucket_has_a_message(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    event = delivered(moto, line(BOB), line(BOB, bucket="config-logs"), line(bucket="third-logs"))
    found(function("access", **telling(moto, inbox)).invoke(event))
    told = [json.loads(it["Message"]) for it in inbox.messages()]
    assert [[each["bucket"] for each in it["buckets"]] for it in told] == [["config-logs"], ["trail-logs"]]


def test_without_a_topic_the_log_has_the_report(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    started = function("access", **telling(moto, inbox, TRAILKEEPER_TOPIC_ARN=""))
    answer = started.invoke(delivered(moto, line(BOB)))
    assert found(answer) == [("read", BOB, 1)]
    (logged,) = lines(started, message="Trailkeeper: 1 request to trail-logs, high at worst, need review")
    assert json.loads(logged["report"]) == answer.body


def test_what_is_normal_is_what_the_settings_say(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    event = delivered(moto, line(BOB), line(BOB, "REST.PUT.BUCKETPOLICY"), line(ip="203.0.113.9"))
    whole = {"TRAILKEEPER_ACCESS_STATE": "", "TRAILKEEPER_ACCESS_NETWORKS": "192.0.2.0/24"}
    answer = function("access", **telling(moto, inbox, **whole)).invoke(event)
    assert sorted(found(answer)) == [("change", BOB, 1), ("outside-networks", SIEM, 1), ("read", BOB, 1)]
    admins = f"arn:aws:iam::{ACCOUNT}:role/Adm*"
    both = {"TRAILKEEPER_ACCESS_READERS": f"arn:aws:iam::*:role/SiemReader,{admins}", "TRAILKEEPER_ACCESS_KEEPERS": admins}
    answer = function("access", **telling(moto, inbox, TRAILKEEPER_ACCESS_STATE="", **both)).invoke(event)
    assert found(answer) == []


def test_credentials_are_told_nowhere(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    presigned = f"GET /a?{CREDENTIALS} HTTP/1.1"
    encoded = "GET /b%3FX-Amz-Signature%3D5ec4e7 HTTP/1.1"
    event = delivered(
        moto,
        line(BOB, request=presigned), line(BOB, "REST.DELETE.OBJECT", request=encoded),
        line(BOB, "REST.PUT.OBJECT", referer=f"https://x/?{CREDENTIALS}", agent=f"curl {CREDENTIALS}"),
        f"{line(BOB, request=presigned).decode()[:300]}\n".encode(),
    )
    started = function("access", **telling(moto, inbox))
    answer = started.invoke(event)
    assert {kind for kind, _, _ in found(answer)} == {"read", "delete", "write"} and answer.body["malformed"] == 1
    (message,) = inbox.messages()
    (letter,) = moto.mail()
    lines(started, family="access", key=KEY)
    seen = [answer.raw.decode(), json.dumps(message), letter["text"], *started.log, json.dumps(notes(moto))]
    assert all("***" in it for it in (seen[0], seen[1], seen[2], seen[-1]))
    for secret in ("AKIDSECRET", "5ec4e7", "t0ken"):
        assert all(secret not in it for it in seen), secret


@pytest.mark.parametrize("prefix", [
    "a file with blanks/and+plus+signs", "per%20cent/%2F%2B", "ünïcödé/日本/📜", "a//b///c", "./here", "a/../../up", "..",
    "quote\"'<&>;?x=y#z\\", "trailing/", "k" * 987, "日" * 329, "=,@:~*()!$|",
])
def test_a_file_is_found_and_noted_whatever_its_prefix(
    function: StartFunction, moto: Moto, inbox: Inbox, prefix: str
) -> None:
    key = f"{prefix}{NAME}"
    event, started = delivered(moto, line(BOB), key=key), function("access", **telling(moto, inbox))
    delivered(moto, line(), key=key.replace("2026", "2025"))
    answer = started.invoke(event)
    assert found(answer) == [("read", BOB, 1)] and answer.body["file"]["key"] == key
    assert "was already reported" in ignored(started.invoke(event))
    ((name, note),) = notes(moto).items()
    assert name == f"told/{TARGET}/{key}" or (len(name.encode()) > 1000 and key.endswith(name.rpartition("/")[2]))
    assert len(name.encode()) <= 1024, "S3 takes no longer key"
    assert note["answer"]["file"]["key"] == key
    assert len(inbox.messages()) == 1


def test_a_key_brings_no_line_of_its_own_into_a_mail(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    event = delivered(moto, line(BOB), key=f"a\x85All\u2028is\twell\u202e{NAME}")
    found(function("access", **telling(moto, inbox)).invoke(event))
    (letter,) = moto.mail()
    assert f"File: s3://{TARGET}/a All is well {NAME}\n" in letter["text"]


def test_the_version_that_the_event_names_is_read(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    s3 = moto.client("s3")
    s3.put_bucket_versioning(Bucket=bucket(moto), VersioningConfiguration={"Status": "Enabled"})
    first, second = delivered(moto, line(BOB)), delivered(moto, line())
    s3.delete_object(Bucket=TARGET, Key=KEY)
    started = function("access", **telling(moto, inbox))
    assert found(started.invoke(first)) == [("read", BOB, 1)]
    assert found(started.invoke(second)) == []
    version = first["detail"]["object"]["version-id"]
    assert list(notes(moto)) == [f"told/{TARGET}/{KEY}@{version}"]
    third = delivered(moto, line(BOB), line(BOB))
    assert found(started.invoke(third)) == [("read", BOB, 2)]
    gone = created(version="3HL4kqtJlcpXroDTDmJ_rmSpXd3dIbrHY")
    assert found(started.invoke(gone)) == [] and "was already reported" in ignored(started.invoke(gone))


@pytest.mark.parametrize("missing", ["the file", "the bucket"])
def test_a_file_that_is_gone_before_it_is_read_is_told_once(
    function: StartFunction, moto: Moto, inbox: Inbox, missing: str
) -> None:
    """Whoever deletes access logs as they arrive leaves no other trace: nobody logs requests to their bucket."""
    started = function("access", **telling(moto, inbox))
    if missing == "the file":
        bucket(moto)
    answer = started.invoke(created())
    assert found(answer) == [] and answer.body["gone"] is True and answer.body["file"]["key"] == KEY
    assert "was already reported" in ignored(started.invoke(created()))
    (message,) = inbox.messages()
    assert message["Subject"] == "Trailkeeper: an access log was deleted before it was fully read"
    attributes = [message["MessageAttributes"][it]["Value"] for it in ("control", "severity")]
    assert attributes == ["access-gone", "high"]
    assert "the rest of it is lost" in moto.mail()[0]["text"]


@pytest.mark.parametrize("key", [
    "report.csv", "AWSLogs/1/elasticloadbalancing/2026/03/02/1_elasticloadbalancing_us-east-1_x.log.gz", f"{NAME}.gz",
])
def test_what_is_no_access_log_is_not_read(function: StartFunction, moto: Moto, inbox: Inbox, key: str) -> None:
    started = function("access", **telling(moto, inbox))
    assert "is not named like an S3 access log" in ignored(started.invoke(delivered(moto, b"{}", key=key)))
    assert inbox.messages() == []


def test_of_shared_access_logs_the_log_buckets_that_are_set_are_watched(
    function: StartFunction, moto: Moto, inbox: Inbox
) -> None:
    event = delivered(moto, line("-", bucket="our-website"), line(BOB))
    answer = function("access", **telling(moto, inbox, TRAILKEEPER_ACCESS_BUCKETS="trail-logs")).invoke(event)
    assert found(answer) == [("read", BOB, 1)] and answer.body["elsewhere"] == 1


def test_who_is_summed_up_is_told_in_metrics_and_attributes_too(
    function: StartFunction, moto: Moto, inbox: Inbox
) -> None:
    crowd = [line(f"arn:aws:sts::{ACCOUNT}:assumed-role/r/{it}@example.com", "REST.PUT.ACL") for it in range(512)]
    reads = [line(f"arn:aws:sts::{ACCOUNT}:assumed-role/r/{it}@example.com") for it in range(40)]
    started = function("access", **telling(moto, inbox))
    answer = started.invoke(delivered(moto, *crowd, *reads))
    assert [(it["kind"], it["severity"], it["count"]) for it in answer.body["buckets"][0]["rest"]] == [("read", "high", 40)]
    (message,) = inbox.messages()
    assert json.loads(message["MessageAttributes"]["control"]["Value"]) == ["access-change", "access-read"]
    (numbers,) = [json.loads(it) for it in started.log if '"_aws"' in it]
    assert (numbers["Changes"], numbers["Reads"]) == (512, 40)


def test_buckets_that_are_set_are_read_too(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    event = delivered(moto, line(BOB), name="our-access-logs", region="eu-west-1")
    settings = telling(moto, inbox)
    assert ignored(function("access", **settings).invoke(event)) == "our-access-logs is not a bucket whose access logs are read"
    started = function("access", TRAILKEEPER_ACCESS_TARGETS="others,our-access-logs", **settings)
    assert found(started.invoke(event)) == [("read", BOB, 1)]
    assert started.invoke(event).body["ignored"] == f"s3://our-access-logs/{KEY} was already reported"


def test_a_target_in_another_region_is_read_there(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    name = f"trailkeeper-access-logs-{ACCOUNT}-eu-west-1"
    event = delivered(moto, line(BOB), name=name, region="eu-west-1")
    answer = function("access", **telling(moto, inbox)).invoke(event)
    assert found(answer) == [("read", BOB, 1)] and answer.body["file"]["region"] == "eu-west-1"


@pytest.mark.parametrize(("event", "because"), [
    (created(name="trail-logs"), "is not a bucket whose access logs are read"),
    (created(name=f"trailkeeper-access-logs-{ACCOUNT}-eu-west-1"), "is not a bucket whose access logs are read"),
    (created(name="trailkeeper-access-logs-999999999999-us-east-1"), "is not a bucket whose access logs are read"),
    (created(name=STATE), "is not a bucket whose access logs are read"),
    (EVENT | {"account": "999999999999"}, "an event from account 999999999999, not from this one"),
    (EVENT | {"account": None}, "an event from account , not from this one"),
    (EVENT | {"detail-type": "Object Deleted"}, "not an event that Trailkeeper handles: Object Deleted from aws.s3"),
    (EVENT | {"source": "my.app"}, "not an event that Trailkeeper handles: Object Created from my.app"),
    (EVENT | {"region": "eu-west-1"}, "is not a bucket whose access logs are read"),
])
def test_what_is_none_of_ours_is_not_read(
    function: StartFunction, moto: Moto, inbox: Inbox, faults: Faults, event: dict[str, Any], because: str
) -> None:
    settings = telling(moto, inbox)
    faults.forget()
    assert because in ignored(function("access", endpoint=faults, **settings).invoke(event))
    assert faults.calls("s3") == [] and inbox.messages() == []


def test_a_bucket_of_another_account_is_not_read(
    function: StartFunction, moto: Moto, inbox: Inbox, faults: Faults
) -> None:
    """Whoever takes the name of a target first, in an account of their own, feeds us nothing."""
    theirs = client_of(moto, "999999999999", "s3")
    theirs.create_bucket(Bucket="taken-logs")
    theirs.put_object(Bucket="taken-logs", Key=KEY, Body=line(BOB))
    started = function("access", **telling(moto, inbox, TRAILKEEPER_ACCESS_TARGETS="taken-logs"))
    answer = started.invoke(created(name="taken-logs"))
    assert found(answer) == [] and "s3:GetObject was denied" in answer.body["unreadable"]
    (message,) = inbox.messages()
    assert message["Subject"] == "Trailkeeper: an access log could not be read"
