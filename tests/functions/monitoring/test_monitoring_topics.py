"""The topic of an alarm: whether CloudWatch may publish to it, by its policy and with its key."""

from __future__ import annotations

import json
from typing import Any

import pytest
from alarms import GROUP, Monitoring, publishing, topic_arn, topic_key
from chains import (
    ADDRESS, CONTROL, NEW_KEY, NEW_TOPIC, OURS, OUR_KEY, PUT_ALARM, SET_TOPIC, THEIRS,
    THEIR_TOPIC, but_key, check, delete_alarms, fed, left, made, mended, new_topic, theirs,
)
from conftest import StartFunction
from envelope import api_call
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto

RECORD = api_call("s3", "PutBucketPolicy")
ATTRIBUTES = f"sns {THEIR_TOPIC} attributes"
OTHER = "210987654321"
READERS = {
    "Sid": "AllowCloudWatchAlarms", "Effect": "Allow", "Principal": {
        "AWS": f"arn:aws:iam::{OTHER}:root"
    },
    "Action": ["SNS:Subscribe"], "Resource": THEIR_TOPIC,
}
DENY = publishing(THEIR_TOPIC) | {"Sid": "Never", "Effect": "Deny"}
DEFAULT = {
    "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": [
        "SNS:Publish", "SNS:Subscribe"
    ], "Resource": THEIR_TOPIC,
    "Condition": {"StringEquals": {"AWS:SourceOwner": ACCOUNT}},
}


def put(here: Monitoring, attribute: str, value: str) -> None:
    here.sns.set_topic_attributes(
        TopicArn=THEIR_TOPIC, AttributeName=attribute, AttributeValue=value
    )


def put_policy(here: Monitoring, *statements: Any) -> None:
    put(here, "Policy", json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))


def policy_of(attributes: dict[str, Any]) -> list[Any]:
    found: list[Any] = json.loads(attributes["Policy"])["Statement"]
    return found


def test_one_that_is_gone_is_left_in_the_alarm_and_ours_is_told_besides(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = theirs(moto)
    here.sns.delete_topic(TopicArn=THEIR_TOPIC)
    because = f"topic {THEIR_TOPIC} does not exist"
    changes = mended(function, moto, faults, because, [*NEW_TOPIC, PUT_ALARM], **ADDRESS)
    assert but_key(changes) == {f"cloudwatch {REGION} {THEIRS}"} | new_topic()
    before, after = changes[f"cloudwatch {REGION} {THEIRS}"]
    ours = next(key for key in new_topic() if key.endswith("attributes")).split()[1]
    assert after == before | {"AlarmActions": [THEIR_TOPIC, ours]}
    assert len(here.ring(RECORD)) == 1


@pytest.mark.parametrize("event", ["DeleteTopic", "Unsubscribe", "SetTopicAttributes"])
def test_a_call_on_a_topic_leads_to_a_look(
    function: StartFunction, moto: Moto, faults: Faults, event: str
) -> None:
    here = theirs(moto)
    here.sns.delete_topic(TopicArn=THEIR_TOPIC)
    outcome = check(
        function,
        faults,
        api_call("sns", event, requestParameters={"topicArn": THEIR_TOPIC}),
        **ADDRESS,
    )
    assert outcome["status"] == "fixed" and len(here.ring(RECORD)) == 1


POLICIES: dict[str, list[Any]] = {
    "nothing about it": [READERS],
    "another account's alarms": [
        publishing(THEIR_TOPIC, StringEquals={"aws:SourceAccount": OTHER})
    ],
    "another alarm": [
        publishing(
            THEIR_TOPIC,
            ArnLike={"aws:SourceArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:other"},
        )
    ],
    "another service": [
        publishing(THEIR_TOPIC) | {"Principal": {"Service": "events.amazonaws.com"}}
    ],
    "another action": [publishing(THEIR_TOPIC) | {"Action": "SNS:Subscribe"}],
}


@pytest.mark.parametrize("statements", POLICIES.values(), ids=POLICIES)
def test_one_that_cloudwatch_may_not_publish_to_gets_a_statement_and_keeps_its_own(
    function: StartFunction, moto: Moto, faults: Faults, statements: list[Any]
) -> None:
    here = theirs(moto)
    put_policy(here, *statements)
    assert here.ring(RECORD) == []
    because = f"CloudWatch may not publish to topic {THEIR_TOPIC}"
    changes = mended(function, moto, faults, because, [SET_TOPIC], **ADDRESS)
    ((before, after),) = changes.values()
    assert changes.keys() == {ATTRIBUTES} and after == before | {"Policy": after["Policy"]}
    assert policy_of(after)[:-1] == statements
    added = policy_of(after)[-1]
    assert (added["Effect"], added["Action"], added["Resource"]) == (
        "Allow", "sns:Publish", THEIR_TOPIC
    )
    assert added["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert added["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
    here.quiet()
    here.heard()
    assert len(here.ring(RECORD)) == 1


@pytest.mark.parametrize("statement", [
    DEFAULT, publishing(THEIR_TOPIC), publishing(THEIR_TOPIC) | {"Principal": "*"},
    publishing(THEIR_TOPIC, StringEquals={"aws:SourceAccount": ACCOUNT}),
], ids=["SNS's own", "CloudWatch", "everybody", "of this account"])
def test_one_that_lets_cloudwatch_publish_is_compliant(
    function: StartFunction, moto: Moto, faults: Faults, statement: Any
) -> None:
    here = theirs(moto)
    put_policy(here, statement)
    left(function, moto, faults, "compliant", **ADDRESS)
    assert len(here.ring(RECORD)) == 1


def test_a_denial_is_left_to_a_person(function: StartFunction, moto: Moto, faults: Faults) -> None:
    put_policy(theirs(moto), publishing(THEIR_TOPIC), DENY)
    outcome = left(function, moto, faults, "advised", "CloudWatch may not publish", **ADDRESS)
    assert "denies CloudWatch" in outcome["advice"]


def test_a_condition_that_cannot_be_told_is_unknown(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    put_policy(
        theirs(moto), publishing(THEIR_TOPIC, StringEquals={"aws:SourceOrgID": "o-1234567890"})
    )
    left(
        function,
        moto,
        faults,
        "unknown",
        "conditions that only a real request can resolve",
        **ADDRESS,
    )


# The key.


@pytest.mark.parametrize("key", ["alias/aws/sns", "gone"])
def test_one_under_a_key_that_nobody_can_open_gets_ours(
    function: StartFunction, moto: Moto, faults: Faults, key: str
) -> None:
    here = theirs(moto)
    gone = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/12345678-12ab-34cd-56ef-1234567890ab"
    given = gone if key == "gone" else key
    put(here, "KmsMasterKeyId", given)
    assert here.ring(RECORD) == [] and len(here.failures(THEIRS)) == 1
    because = f"it may not use its key {given}"
    changes = mended(function, moto, faults, because, [*NEW_KEY, SET_TOPIC], **ADDRESS)
    assert but_key(changes) == {ATTRIBUTES}
    before, after = changes[ATTRIBUTES]
    (ours,) = [
        it["TargetKeyId"]
        for it in moto.client("kms").list_aliases()["Aliases"] if it["AliasName"] == OUR_KEY
    ]
    assert after["KmsMasterKeyId"].endswith(ours)
    assert after == before | {"KmsMasterKeyId": after["KmsMasterKeyId"]}
    here.quiet()
    assert len(here.ring(RECORD)) == 1


def test_a_customers_key_that_keeps_cloudwatch_out_is_never_touched(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    put(theirs(moto), "KmsMasterKeyId", topic_key(moto, usable=False))
    outcome = left(function, moto, faults, "advised", "CloudWatch may not publish", **ADDRESS)
    assert "cloudwatch.amazonaws.com" in outcome["advice"] and "kms:GenerateDataKey" in outcome[
        "advice"
    ]


def test_a_customers_key_that_is_disabled_is_left_so(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    key = topic_key(moto)
    put(theirs(moto), "KmsMasterKeyId", key)
    moto.client("kms").disable_key(KeyId=key)
    outcome = left(function, moto, faults, "advised", "may not use its key", **ADDRESS)
    assert "Re-enable the key" in outcome["advice"]


def test_a_customers_key_that_serves_is_compliant(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = theirs(moto)
    put(here, "KmsMasterKeyId", topic_key(moto))
    left(function, moto, faults, "compliant", **ADDRESS)
    assert len(here.ring(RECORD)) == 1


def test_our_key_that_lost_its_statement_gets_it_back(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = theirs(moto)
    put(here, "KmsMasterKeyId", "alias/aws/sns")
    assert check(function, faults, **ADDRESS)["status"] == "fixed"
    kms = moto.client("kms")
    root = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [root]})
    (key,) = [
        it["TargetKeyId"] for it in kms.list_aliases()["Aliases"] if it["AliasName"] == OUR_KEY
    ]
    kms.put_key_policy(KeyId=key, Policy=document)
    mended(function, moto, faults, "it may not use its key", ["kms:PutKeyPolicy"], **ADDRESS)
    assert len(here.ring(RECORD)) == 1


def test_while_our_key_is_disabled_no_alarm_tells_a_topic_that_is_not_there(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    kms, here = moto.client("kms"), fed(moto)
    assert check(function, faults, **ADDRESS)["status"] == "fixed"
    (key,) = [
        it["TargetKeyId"] for it in kms.list_aliases()["Aliases"] if it["AliasName"] == OUR_KEY
    ]
    kms.disable_key(KeyId=key)
    here.logs.delete_metric_filter(logGroupName=GROUP, filterName=OURS)
    here.cloudwatch.delete_alarms(AlarmNames=[OURS])
    here.sns.delete_topic(TopicArn=topic_arn(OURS))
    outcome = left(function, moto, faults, "advised", "has no metric filter for this", **ADDRESS)
    assert "Re-enable the key" in outcome["advice"]
    kms.enable_key(KeyId=key)
    assert check(function, faults, **ADDRESS)["status"] == "fixed"
    assert len(here.ring(RECORD)) == 1


# Several.


def test_all_that_is_wrong_is_mended_at_once_and_the_first_link_is_told(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = theirs(moto, Threshold=7.0, ActionsEnabled=False)
    put_policy(here, READERS)
    put(here, "KmsMasterKeyId", "alias/aws/sns")
    moto.client("kms").describe_key(KeyId="alias/aws/sns")  # which has AWS make it
    (one,) = here.sns.list_subscriptions_by_topic(TopicArn=THEIR_TOPIC)["Subscriptions"]
    here.sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])
    calls = [*NEW_TOPIC, PUT_ALARM]
    mended(function, moto, faults, f"alarm {THEIRS} cannot go off", calls, **ADDRESS)
    assert len(here.ring(RECORD)) == 1


def test_of_several_topics_one_that_is_heard_is_enough(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = theirs(moto)
    deaf = here.topic("deaf")
    here.alarm(THEIRS, topic_arn("gone"), deaf, THEIR_TOPIC)
    left(function, moto, faults, "compliant", **ADDRESS)


def test_another_accounts_topic_is_left_to_that_account(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = theirs(moto)
    here.alarm(THEIRS, THEIR_TOPIC.replace(ACCOUNT, OTHER))
    before = here.everything()
    event = delete_alarms()
    outcome = check(function, faults, event, mode="dry-run", **ADDRESS)
    assert outcome["control"] == CONTROL and outcome["status"] in {"planned", "unknown", "advised"}
    assert (made(faults), here.everything(), here.group) == ([], before, GROUP)
