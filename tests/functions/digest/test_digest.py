"""The digest: one message for the sweeps of an account, of what is new, and once a week of what stands."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import ledger
import pytest
from conftest import StartFunction
from envelope import api_call, schedule
from given import trail
from inbox import Inbox
from local_aws.processes import ACCOUNT, Faults, Moto
from observed import results
from runtime_api import Function

FAMILIES = ("transfer", "trail", "bucket", "vpc", "key", "recorder", "monitoring")
BY_REGION = ("transfer", "vpc", "key", "recorder")
"""The families that sweep each region by itself."""
EVERYWHERE = [
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1", "eu-west-1", "eu-west-2", "eu-west-3",
    "eu-central-1", "eu-north-1", "ap-south-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1",
    "ap-southeast-2",
]
"""The 17 regions that are enabled in every account."""
Start = Callable[..., Function]


@pytest.fixture
def table(moto: Moto) -> str:
    """The stack's table."""
    return ledger.create(moto)


@pytest.fixture
def start(function: StartFunction, inbox: Inbox, faults: Faults, table: str) -> Start:
    """Starts a function that knows the topic and the table."""
    settings = {"TRAILKEEPER_TOPIC_ARN": inbox.topic, "TRAILKEEPER_LEDGER": table}
    return lambda name, **more: function(name, endpoint=faults, **(settings | more))


def earlier(text: str, **gone: float) -> str:
    """A time as the ledger has it, moved back."""
    at = (datetime.fromisoformat(text) - timedelta(**gone)).astimezone(UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def later(moto: Moto, table: str, **gone: float) -> None:
    """Moves all that the ledger keeps of sweeps and digests back in time."""
    dynamodb = moto.client("dynamodb")
    for item in ledger.items(moto, table, "sweeps"):
        times = {key: {"S": earlier(it["S"], **gone)} for key, it in item.items() if key == "at" or key.startswith("ended_")}
        dynamodb.put_item(TableName=table, Item=item | times)
    for item in ledger.items(moto, table, "told#"):
        if "json" in item:
            kept = json.loads(item["json"]["S"])
            moved = {key: earlier(it, **gone) if isinstance(it, str) else it for key, it in kept.items()}
            item["json"]["S"] = json.dumps(moved, separators=(",", ":"))
        else:
            told = json.loads(ledger.unzipped(item["body"]["B"]))
            for name in ("at", "everything"):
                told[name] = earlier(told[name], **gone)
            item["body"]["B"] = ledger.zipped(json.dumps(told).encode())
        dynamodb.put_item(TableName=table, Item=item)


def letters(moto: Moto) -> list[dict[str, Any]]:
    return list(moto.mail())


def test_an_empty_account_gets_one_mail_on_the_first_day_and_none_until_a_week_later(
    start: Start, moto: Moto, table: str
) -> None:
    """In all the regions that every account has: families that sweep each of them count once."""
    moto.regions(EVERYWHERE)
    digest = start("digest")
    functions = {name: start(name) for name in FAMILIES}
    mails: list[list[dict[str, Any]]] = []
    for _day in range(9):
        swept = set()
        for name, function in functions.items():
            answer = function.invoke(schedule(), timeout=120)
            assert answer.ok, (name, answer.error_message)
            swept |= {it["region"] for it in results(answer)}
        assert swept == set(EVERYWHERE)
        assert letters(moto) == [], "no family tells anybody by itself"
        assert digest.invoke(schedule()).ok and letters(moto) == [], "results may still come in"
        later(moto, table, minutes=11)
        assert digest.invoke(schedule()).ok
        mails.append(letters(moto))
        assert digest.invoke(schedule()).ok and letters(moto) == [], "what was told is told"
        later(moto, table, days=1)
    assert [len(of_day) for of_day in mails] == [1, 0, 0, 0, 0, 0, 0, 1, 0]
    for told in (mails[0][0], mails[7][0]):
        assert all(region in told["text"] for region in EVERYWHERE), told["text"]


def of_region(family: str, region: str) -> dict[str, Any]:
    """The sweep of one region, as it is left to an invocation of its own."""
    detail = {"family": family, "account": ACCOUNT, "region": region}
    return schedule("trailkeeper") | {"detail-type": "Trailkeeper Sweep", "detail": detail}


def test_sweeps_of_each_region_by_itself_are_one_mail_on_the_first_day_none_on_the_second_and_one_on_the_eighth(
    start: Start, moto: Moto, table: str
) -> None:
    moto.regions(EVERYWHERE)
    digest = start("digest")
    functions = {name: start(name) for name in FAMILIES}
    counts = []
    for days in (1, 6, 1):
        for name, function in functions.items():
            events = [of_region(name, region) for region in EVERYWHERE] if name in BY_REGION else [schedule()]
            for event in events:
                answer = function.invoke(event, timeout=120)
                assert answer.ok and not answer.body.get("ignored"), (name, answer)
        assert digest.invoke(schedule()).ok and letters(moto) == [], "results may still come in"
        later(moto, table, minutes=11)
        assert digest.invoke(schedule()).ok
        counts.append(len(letters(moto)))
        later(moto, table, days=days)
    assert counts == [1, 0, 1]


def test_what_is_new_is_told_and_nothing_else(start: Start, moto: Moto, table: str, inbox: Inbox) -> None:
    digest, keys = start("digest"), start("key")
    kms = moto.client("kms")
    first = kms.create_key()["KeyMetadata"]["Arn"]
    assert keys.invoke(schedule()).ok
    later(moto, table, minutes=81)
    assert digest.invoke(schedule()).ok
    second = kms.create_key()["KeyMetadata"]["Arn"]
    assert keys.invoke(schedule()).ok
    later(moto, table, minutes=81)
    assert digest.invoke(schedule()).ok
    told = [[it["resource"] for it in json.loads(it["Message"])["results"]] for it in inbox.messages()]
    assert told == [[first], [second]]
    (_, letter) = letters(moto)
    assert second.split("/")[-1] in letter["text"] and first.split("/")[-1] not in letter["text"]


def test_a_call_is_told_at_once(start: Start, moto: Moto) -> None:
    arn = trail(moto)
    moto.client("cloudtrail").stop_logging(Name=arn)
    assert start("trail").invoke(api_call("cloudtrail", "StopLogging", requestParameters={"name": arn})).ok
    assert len(letters(moto)) == 1


def test_a_sweep_that_cannot_be_kept_is_told_at_once(start: Start, moto: Moto, faults: Faults) -> None:
    moto.client("kms").create_key()
    faults.deny("dynamodb")
    assert start("key").invoke(schedule()).ok
    assert len(letters(moto)) == 1


def test_what_cannot_be_told_is_told_later(start: Start, moto: Moto, faults: Faults, table: str) -> None:
    moto.client("kms").create_key()
    assert start("key").invoke(schedule()).ok
    later(moto, table, minutes=81)
    faults.deny("sns", "Publish")
    digest = start("digest")
    assert not digest.invoke(schedule()).ok and letters(moto) == []
    faults.clear()
    assert digest.invoke(schedule()).ok and len(letters(moto)) == 1


def test_a_family_that_fails_holds_nothing_back(start: Start, moto: Moto, faults: Faults, table: str) -> None:
    moto.client("kms").create_key()
    faults.deny("transfer")
    answers = [start(name).invoke(schedule(), timeout=90) for name in ("key", "transfer")]
    assert answers[0].ok
    later(moto, table, minutes=81)
    assert start("digest").invoke(schedule()).ok
    (letter,) = letters(moto)
    assert ACCOUNT in letter["subject"]


def test_without_a_table_it_says_so(function: StartFunction, moto: Moto) -> None:
    answer = function("digest").invoke(schedule())
    assert not answer.ok and "TRAILKEEPER_LEDGER is not set" in (answer.error_message or "")


def test_what_comes_back_after_a_clean_sweep_is_told_again(start: Start, moto: Moto, table: str, inbox: Inbox) -> None:
    digest, keys = start("digest"), start("key")
    kms = moto.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    for rotates in (False, True, False):
        (kms.enable_key_rotation if rotates else kms.disable_key_rotation)(KeyId=key)
        assert keys.invoke(schedule()).ok
        later(moto, table, minutes=81)
        assert digest.invoke(schedule()).ok
        later(moto, table, days=1)
    assert len(inbox.messages()) == 2


def test_fixes_of_a_sweep_are_told_although_another_sweep_follows(start: Start, moto: Moto, table: str, inbox: Inbox) -> None:
    key = moto.client("kms").create_key()["KeyMetadata"]["Arn"]
    keys = start("key", mode="enforce")
    assert keys.invoke(schedule()).ok and keys.invoke(schedule()).ok
    later(moto, table, minutes=81)
    digest = start("digest")
    assert digest.invoke(schedule()).ok
    (message,) = inbox.messages()
    (result,) = json.loads(message["Message"])["results"]
    assert (result["resource"], result["status"]) == (key, "fixed")
    later(moto, table, days=8)
    assert keys.invoke(schedule()).ok
    later(moto, table, minutes=81)
    assert digest.invoke(schedule()).ok and inbox.messages() == []


def test_a_family_that_has_not_ended_is_waited_for_but_not_for_ever(start: Start, moto: Moto, table: str) -> None:
    moto.client("kms").create_key()
    functions = {name: start(name) for name in FAMILIES}
    for name in ("key", "vpc"):
        assert functions[name].invoke(schedule(), timeout=120).ok
    digest = start("digest")
    later(moto, table, minutes=45)
    assert digest.invoke(schedule()).ok and letters(moto) == [], "the others may begin within the hour"
    for name, function in functions.items():
        assert function.invoke(schedule(), timeout=120).ok, name
    later(moto, table, minutes=11)
    assert digest.invoke(schedule()).ok
    (letter,) = letters(moto)
    assert all(f"/aws/lambda/trailkeeper-{name}" in letter["text"] for name in ("key", "vpc")), letter["text"]
    assert "/aws/lambda/trailkeeper-digest" not in letter["text"], "the logs are those of the functions that found it"


def test_what_cannot_be_read_holds_nothing_else_back_and_is_told(start: Start, moto: Moto, table: str) -> None:
    key = moto.client("kms").create_key()["KeyMetadata"]["KeyId"]
    for name in ("key", "vpc"):
        assert start(name).invoke(schedule(), timeout=120).ok
    (broken, *_) = [it for it in ledger.items(moto, table, "sweep#") if it["sk"]["S"].startswith("vpc#") and "body" in it]
    moto.client("dynamodb").put_item(TableName=table, Item=broken | {"body": {"B": b"nonsense"}})
    later(moto, table, minutes=81)
    assert start("digest").invoke(schedule()).ok
    (letter,) = letters(moto)
    assert key in letter["text"] and "cannot be read in the ledger" in letter["text"], letter["text"]


def test_a_table_that_takes_no_writes_costs_no_mail_each_time(
    start: Start, moto: Moto, faults: Faults, table: str
) -> None:
    moto.client("kms").create_key()
    assert start("key").invoke(schedule()).ok
    later(moto, table, minutes=81)
    digest = start("digest")
    faults.deny("dynamodb", "TransactWriteItems")
    assert not digest.invoke(schedule()).ok and len(letters(moto)) == 1
    assert digest.invoke(schedule()).ok and letters(moto) == [], "it is tried again later"
    later(moto, table, minutes=16)
    assert not digest.invoke(schedule()).ok and len(letters(moto)) == 1
    later(moto, table, minutes=16)
    assert digest.invoke(schedule()).ok and letters(moto) == [], "and ever more seldom"
    faults.clear()
    faults.deny("dynamodb", "PutItem")
    later(moto, table, minutes=90)
    assert not digest.invoke(schedule()).ok and letters(moto) == [], "what cannot be begun is not sent"
    faults.clear()
    assert digest.invoke(schedule()).ok and len(letters(moto)) == 1
    assert digest.invoke(schedule()).ok and letters(moto) == []
