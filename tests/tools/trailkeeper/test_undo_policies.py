"""The policies that Trailkeeper completes are taken back: byte for byte."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import pytest
from account_snapshot import snapshot
from botocore import xform_name
from chains import ADDRESS, THEIR_TOPIC, delete_alarms, theirs
from conftest import StartFunction
from envelope import Event, role_call
from given import policy, trail, trust
from local_aws.processes import ACCOUNT, REGION, Moto
from log_buckets import HTTPS, LOGS, bucket_call, only, trail_policy
from test_trail_notification import ON, queue
from trail_groups import on_ours
from trail_keys import ENCRYPT, on_our_key
from trails import OUR_ROLE, create_trail, key_call, key_policy
from undoing import Desk, all_undone, fixed, kinds, ledger, left

ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
Document = dict[str, Any]


@dataclass
class Lacking:
    """A policy that lacks something: the document, what sets and reads its text, and whom a call on it wakes."""

    document: Document
    put: Callable[[str], object]
    read: Callable[[], str]
    family: str
    event: Event
    settings: dict[str, str] = field(default_factory=dict)


def of_bucket(_: StartFunction, moto: Moto) -> Lacking:
    """A log bucket that takes plain HTTP."""
    trail(moto)
    s3 = moto.client("s3")
    return Lacking(
        trail_policy(), lambda text: s3.put_bucket_policy(Bucket=LOGS, Policy=text),
        lambda: s3.get_bucket_policy(Bucket=LOGS)["Policy"], "bucket", bucket_call(), only(HTTPS),
    )


def of_key(function: StartFunction, moto: Moto) -> Lacking:
    """A key of ours with which CloudTrail may not encrypt."""
    _, key = on_our_key(function, moto)
    kms, document = moto.client("kms"), key_policy(moto, key)
    document["Statement"] = [it for it in document["Statement"] if it["Action"] != ENCRYPT]
    return Lacking(
        document, lambda text: kms.put_key_policy(KeyId=key, PolicyName="default", Policy=text),
        lambda: kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"], "trail", key_call("PutKeyPolicy", key),
    )


def of_queue(function: StartFunction, moto: Moto) -> Lacking:
    """The queue of delivered log files, to which its topic may not send."""
    arn = trail(moto)
    function("trail", mode="enforce", **ON).invoke(create_trail(arn))
    sqs, (url, attributes) = moto.client("sqs"), queue(moto)
    return Lacking(
        json.loads(policy(Principal=ROOT, Action="sqs:SendMessage", Resource=attributes["QueueArn"])),
        lambda text: sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": text}),
        lambda: queue(moto)[1].get("Policy", ""), "trail", create_trail(arn), ON,
    )


def of_topic(_: StartFunction, moto: Moto) -> Lacking:
    """A topic of the customer's to which alarms may not publish."""
    sns = theirs(moto).sns
    return Lacking(
        json.loads(policy(Principal=ROOT, Action="sns:Publish", Resource=THEIR_TOPIC)),
        lambda text: sns.set_topic_attributes(TopicArn=THEIR_TOPIC, AttributeName="Policy", AttributeValue=text),
        lambda: sns.get_topic_attributes(TopicArn=THEIR_TOPIC)["Attributes"]["Policy"],
        "monitoring", delete_alarms(), ADDRESS,
    )


def our_role(function: StartFunction, moto: Moto) -> Any:
    """IAM, where our role for a trail's log group is."""
    on_ours(function, moto)
    return moto.client("iam")


def of_role(function: StartFunction, moto: Moto) -> Lacking:
    """A role of ours that may do nothing for a trail."""
    iam = our_role(function, moto)
    (name,) = iam.list_role_policies(RoleName=OUR_ROLE)["PolicyNames"]
    return Lacking(
        {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}},
        lambda text: iam.put_role_policy(RoleName=OUR_ROLE, PolicyName=name, PolicyDocument=text),
        lambda: raw(moto, "GetRolePolicy", PolicyName=name), "trail", role_call("PutRolePolicy", OUR_ROLE),
    )


def of_trust(function: StartFunction, moto: Moto) -> Lacking:
    """A role of ours that another service may use."""
    iam = our_role(function, moto)
    return Lacking(
        json.loads(trust("ec2.amazonaws.com")),
        lambda text: iam.update_assume_role_policy(RoleName=OUR_ROLE, PolicyDocument=text),
        lambda: raw(moto, "GetRole"), "trail", role_call("UpdateAssumeRolePolicy", OUR_ROLE),
    )


def raw(moto: Moto, operation: str, **given: str) -> str:
    """The one document of an answer of IAM about our role, as IAM has it."""
    iam, found = moto.client("iam"), []

    def note(http_response: Any, **_: Any) -> None:
        found.extend(re.findall(r"<\w*Document>([^<]*)</", http_response.text))

    iam.meta.events.register_first(f"after-call.iam.{operation}", note)
    getattr(iam, xform_name(operation))(RoleName=OUR_ROLE, **given)
    (text,) = found
    return unquote(html.unescape(text))


POLICIES = {"bucket-policy": of_bucket, "key-policy": of_key, "queue-policy": of_queue, "topic-policy": of_topic,
            "role-policy": of_role, "role-trust": of_trust}
"""By the kind of property that is set."""


@pytest.fixture
def desk(moto: Moto) -> Desk:
    """A person with the ledger of the account."""
    ledger(moto)
    return Desk(moto.endpoint)


def compact(document: Document) -> str:
    return json.dumps(document, separators=(",", ":"))


@pytest.mark.parametrize("kind", POLICIES)
def test_byte_for_byte(function: StartFunction, moto: Moto, desk: Desk, kind: str) -> None:
    it = POLICIES[kind](function, moto)
    it.put(compact(it.document))
    before, text = snapshot(moto, [REGION]), it.read()
    fixed(function, moto, it.family, it.event, **it.settings)
    assert kinds(desk) == {kind} and len(left(moto, before)) == 1
    assert it.read() != text
    all_undone(desk)
    assert it.read() == text and left(moto, before) == set()


@pytest.mark.parametrize("indent", [None, 2], ids=["spaces", "lines"])
@pytest.mark.parametrize("kind", ["bucket-policy", "key-policy", "role-policy", "role-trust"])
def test_white_space_between_is_kept(
    function: StartFunction, moto: Moto, desk: Desk, kind: str, indent: int | None
) -> None:
    """Of topics and queues that cannot be seen: the local AWS spells their policies anew itself."""
    it = POLICIES[kind](function, moto)
    text = json.dumps(it.document, indent=indent)
    it.put(text)
    before = snapshot(moto, [REGION])
    assert it.read() == text
    fixed(function, moto, it.family, it.event, **it.settings)
    assert it.read() != text
    all_undone(desk)
    assert it.read() == text and left(moto, before) == set()


def test_a_name_that_stands_twice_is_kept(function: StartFunction, moto: Moto, desk: Desk) -> None:
    it = of_bucket(function, moto)
    text = '{"Id": "first", ' + compact(it.document | {"Id": "last"})[1:]
    it.put(text)
    fixed(function, moto, it.family, it.event, **it.settings)
    all_undone(desk)
    assert it.read() == text


@pytest.mark.parametrize("kind", ["bucket-policy", "key-policy", "role-policy", "role-trust"])
def test_an_undo_that_is_taken_back_and_repeated_keeps_it(
    function: StartFunction, moto: Moto, desk: Desk, kind: str
) -> None:
    it = POLICIES[kind](function, moto)
    text = json.dumps(it.document, indent=2)
    it.put(text)
    fixed(function, moto, it.family, it.event, **it.settings)
    (change,) = [it["id"] for it in desk.history() if it["undone"] is None and it["controls"]]
    for expected in (True, False, True):
        desk.undo(change)
        assert (it.read() == text) is expected
        change = desk.history()[-1]["id"]


def test_what_the_command_has_put_right_is_kept_too(function: StartFunction, moto: Moto, desk: Desk) -> None:
    it = of_bucket(function, moto)
    text = json.dumps(it.document, indent=2)
    it.put(text)
    done = desk.run("fix", "log-bucket-https-only", LOGS, "--yes")
    assert done.code == 0 and it.read() != text, done
    all_undone(desk)
    assert it.read() == text


def test_a_queue_without_a_policy_has_none_again(function: StartFunction, moto: Moto, desk: Desk) -> None:
    it = of_queue(function, moto)
    it.put("")
    before = snapshot(moto, [REGION])
    fixed(function, moto, it.family, it.event, **it.settings)
    assert kinds(desk) == {"queue-policy"} and it.read()
    all_undone(desk)
    assert left(moto, before) == set() and not it.read()
