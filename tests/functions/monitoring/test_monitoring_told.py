"""Who is told: one who has confirmed; an address is subscribed once, and asked by one mail."""

from __future__ import annotations

from typing import Any

import pytest
from alarms import PERSON, QUEUE, Monitoring, publishing, topic_arn
from chains import (
    ADDRESS, CREATE_TOPIC, NEW_KEY, NEW_TOPIC, OURS, PUT_ALARM, PUT_FILTER, SUBSCRIBE, THEIRS, THEIR_TOPIC, actions,
    check, fed, left, made, mended, theirs,
)
from conftest import StartFunction
from envelope import api_call
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from trails import OTHER

MAIL = {"TRAILKEEPER_ALARM_ADDRESS": PERSON}
RECORD = api_call("s3", "PutBucketPolicy")
OURS_BESIDE = [*NEW_TOPIC, PUT_ALARM]
"""An alarm on a topic that is not ours gets ours, to which the address is subscribed."""
OUR_TOPIC = topic_arn(OURS)


def unheard(moto: Moto) -> Monitoring:
    """The customer's chain, which ends with the topic."""
    here = theirs(moto)
    for it in here.sns.list_subscriptions_by_topic(TopicArn=THEIR_TOPIC)["Subscriptions"]:
        here.sns.unsubscribe(SubscriptionArn=it["SubscriptionArn"])
    return here


def told(here: Monitoring, topic: str = THEIR_TOPIC) -> list[tuple[str, str, str]]:
    """The subscriptions of a topic: protocol, endpoint, and what stands for the ARN, cut short."""
    found = here.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    return [(it["Protocol"], it["Endpoint"], it["SubscriptionArn"][:12]) for it in found]


@pytest.mark.parametrize("mode", ["dry-run", "enforce"])
def test_without_an_address_it_is_left_to_a_person(
    function: StartFunction, moto: Moto, faults: Faults, mode: str
) -> None:
    unheard(moto)
    outcome = left(
        function, moto, faults, "advised", f"nobody is subscribed to topic {THEIR_TOPIC}", mode=mode
    )
    assert "TRAILKEEPER_ALARM_ADDRESS" in outcome["advice"] and THEIR_TOPIC in outcome["advice"]


def test_a_queue_is_subscribed_and_told_at_once(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = unheard(moto)
    mended(function, moto, faults, "nobody is subscribed to topic", OURS_BESIDE, **ADDRESS)
    assert told(here) == [], "the topic is not ours"
    assert told(here, OUR_TOPIC) == [("sqs", f"arn:aws:sqs:{REGION}:{ACCOUNT}:{QUEUE}", "arn:aws:sns:")]
    assert len(here.ring(RECORD)) == 1


@pytest.mark.parametrize("address", [PERSON, "https://example.com/alarms"])
def test_a_person_is_asked_once_and_it_is_said_that_they_have_to_confirm(
    function: StartFunction, moto: Moto, faults: Faults, address: str
) -> None:
    here, given = unheard(moto), {"TRAILKEEPER_ALARM_ADDRESS": address}
    planned = check(function, faults, mode="dry-run", **given)
    assert (planned["status"], actions(planned), made(faults)) == ("planned", OURS_BESIDE, [])
    assert moto.confirmations() == []
    first = check(function, faults, **given)
    assert (first["status"], actions(first), made(faults)) == ("advised", OURS_BESIDE, OURS_BESIDE)
    assert "Confirm the subscription" in first["advice"] and f"{address} is not confirmed" in first[
        "because"
    ]
    for _ in range(3):
        outcome = left(
            function,
            moto,
            faults,
            "advised",
            f"the subscription of {address} is not confirmed",
            **given,
        )
        assert "Confirm the subscription" in outcome["advice"]
    assert [(it["topic"], it["endpoint"]) for it in moto.confirmations()] == [
        (OUR_TOPIC, address)
    ]
    moto.confirm(OUR_TOPIC)
    left(function, moto, faults, "compliant", **given)
    assert len(told(here, OUR_TOPIC)) == 1


def test_a_mail_arrives_in_the_end(function: StartFunction, moto: Moto, faults: Faults) -> None:
    here = fed(moto)
    first = check(function, faults, **MAIL)
    calls = [*NEW_KEY, CREATE_TOPIC, SUBSCRIBE, PUT_FILTER, PUT_ALARM]
    assert (first["status"], actions(first), made(faults)) == ("advised", calls, calls)
    here.ring(RECORD)
    assert moto.mail() == []
    moto.confirm(OUR_TOPIC)
    left(function, moto, faults, "compliant", **MAIL)
    here.quiet()
    here.ring(RECORD)
    (letter,) = moto.mail()
    assert letter["to"] == PERSON and OURS in letter["subject"]


@pytest.mark.parametrize("settings", [{}, MAIL], ids=["no address", "the same"])
def test_somebody_else_who_has_not_confirmed_is_not_asked_again(
    function: StartFunction, moto: Moto, faults: Faults, settings: dict[str, str]
) -> None:
    here = unheard(moto)
    here.subscribe_person(THEIR_TOPIC)
    outcome = left(
        function,
        moto,
        faults,
        "advised",
        f"the subscription of {PERSON} is not confirmed",
        **settings,
    )
    assert "Confirm the subscription" in outcome["advice"] and len(moto.confirmations()) == 1


def test_where_somebody_else_has_not_confirmed_the_address_is_subscribed_besides(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = unheard(moto)
    here.subscribe_person(THEIR_TOPIC)
    mended(function, moto, faults, "nobody is subscribed to topic", OURS_BESIDE, **ADDRESS)
    assert [it[0] for it in told(here) + told(here, OUR_TOPIC)] == ["email", "sqs"] and len(moto.confirmations()) == 1


def test_one_who_is_confirmed_is_enough_without_an_address_but_not_in_place_of_it(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    theirs(moto)
    left(function, moto, faults, "compliant")
    outcome = check(function, faults, **MAIL)
    assert (outcome["status"], actions(outcome)) == ("advised", OURS_BESIDE)
    assert f"Confirm the subscription of {PERSON}" in outcome["advice"]
    assert [it["endpoint"] for it in moto.confirmations()] == [PERSON]
    moto.confirm(OUR_TOPIC)
    left(function, moto, faults, "compliant", **MAIL)


def test_nobody_is_subscribed_to_somebody_elses_topic(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = theirs(moto)
    mallorys = here.topic("mallory", publishing(topic_arn("mallory")))
    here.alarm(THEIRS, mallorys)
    mended(function, moto, faults, f"nobody is subscribed to topic {mallorys}", OURS_BESIDE, **ADDRESS)
    assert told(here, mallorys) == [] and len(here.ring(RECORD)) == 1
    planted = publishing(OUR_TOPIC) | {"Sid": "Mine", "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}, "Condition": {}}
    here.sns.delete_topic(TopicArn=OUR_TOPIC)
    here.topic(OURS, publishing(OUR_TOPIC), planted)
    second = f"{OUR_TOPIC}-2"
    mended(
        function, moto, faults, "has Trailkeeper's name but not its policy", [CREATE_TOPIC, SUBSCRIBE, PUT_ALARM], **ADDRESS
    )
    assert told(here, mallorys) == told(here, OUR_TOPIC) == []
    assert [it[0] for it in told(here, second)] == ["sqs"]
    here.quiet()
    assert len(here.ring(RECORD)) == 1


def test_who_may_use_the_key_of_a_topic_by_a_grant_is_told(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = fed(moto)
    assert check(function, faults, **ADDRESS)["status"] == "fixed"
    key = here.sns.get_topic_attributes(TopicArn=OUR_TOPIC)["Attributes"]["KmsMasterKeyId"]
    moto.client("kms").create_grant(
        KeyId=key, GranteePrincipal=f"arn:aws:iam::{OTHER}:user/mallory", Operations=["Decrypt"]
    )
    outcome = left(function, moto, faults, "advised", "by the grants of key", **ADDRESS)
    assert f"{OTHER}:user/mallory may Decrypt" in outcome["because"]


def test_a_listener_in_place_of_the_named_one_is_a_violation_and_the_named_one_hears_again(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = fed(moto)
    assert check(function, faults, **ADDRESS)["status"] == "fixed"
    (one,) = here.sns.list_subscriptions_by_topic(TopicArn=OUR_TOPIC)["Subscriptions"]
    here.subscribe_person(OUR_TOPIC, "intruder@example.org")
    moto.confirm(OUR_TOPIC)
    here.sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])
    outcome = check(function, faults, api_call("sns", "Subscribe"), **ADDRESS)
    assert (outcome["status"], made(faults)) == ("fixed", [SUBSCRIBE])
    assert "notifies only others (1)" in outcome["because"]
    assert len(here.ring(RECORD)) == 1


def test_whoever_else_waits_for_a_confirmation_is_not_named_as_ours(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = fed(moto)
    check(function, faults, **MAIL)
    faults.forget()
    here.subscribe_person(OUR_TOPIC, "intruder@example.org")
    outcome = check(function, faults, **MAIL)
    assert (outcome["status"], made(faults)) == ("advised", [])
    assert f"Confirm the subscription of {PERSON}" in outcome["advice"]
    assert "confirm none that you do not know" in outcome["advice"]
    assert "intruder" not in outcome["advice"]


def test_one_who_unsubscribed_is_not_told_but_the_address_is(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = fed(moto)
    assert check(function, faults, **ADDRESS)["status"] == "fixed"
    (one,) = here.sns.list_subscriptions_by_topic(TopicArn=OUR_TOPIC)["Subscriptions"]
    here.sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])
    event = api_call(
        "sns", "Unsubscribe", requestParameters={"subscriptionArn": one["SubscriptionArn"]}
    )
    outcome = check(function, faults, event, **ADDRESS)
    assert (outcome["status"], made(faults)) == ("fixed", [SUBSCRIBE])
    assert len(here.ring(RECORD)) == 1


def test_a_hundred_and_more_who_have_not_confirmed_hide_no_one_who_has(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = unheard(moto)
    for number in range(105):
        here.subscribe_person(THEIR_TOPIC, f"person-{number}@example.com")
    here.subscribe_queue(THEIR_TOPIC)
    left(function, moto, faults, "compliant")


def test_without_an_address_all_but_the_last_link_is_made(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    fed(moto)
    outcome = check(function, faults)
    calls = [*NEW_KEY, CREATE_TOPIC, PUT_FILTER, PUT_ALARM]
    assert (outcome["status"], made(faults)) == ("advised", calls)
    assert f"nobody is subscribed to topic {OUR_TOPIC}" in outcome["because"]
    left(function, moto, faults, "advised", "nobody is subscribed")


WRONG: dict[str, Any] = {
    "no address": "team", "no host": "team@localhost", "plain http": "http://example.com",
    "a number": "+15550100",
    "a first-in-first-out queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:heard.fifo",
    "two": "a@example.com,b@example.com",
}


@pytest.mark.parametrize("address", WRONG.values(), ids=WRONG)
def test_an_address_that_is_none_stops_the_function(function: StartFunction, address: str) -> None:
    started = function(
        "monitoring", endpoint="http://127.0.0.1:9", TRAILKEEPER_ALARM_ADDRESS=address
    )
    assert started.wait_exit(10) != 0
