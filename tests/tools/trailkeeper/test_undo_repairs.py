"""What Trailkeeper repairs on roles, alarms, topics and buckets, and the queue and trail that it makes, is taken back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from account_snapshot import snapshot
from chains import ADDRESS, THEIRS, THEIR_TOPIC, delete_alarms, theirs
from conftest import StartFunction
from envelope import create_server, role_call, schedule
from given import server, trail, trust
from installed import bounded
from local_aws.processes import REGION, Moto
from log_buckets import EVENTS, TARGET, bucket_call, only, our_target
from our_role import as_our_role
from test_bucket_access_events import THEIRS as TOLD
from test_trail_notification import NAME, ON, queue
from trail_groups import on_ours
from trails import OUR_ROLE, OUR_TRAIL, create_trail
from undoing import Broken, Desk, all_undone, but_keys, fixed, kinds, ledger, left

LOGGING_ROLE = "trailkeeper-transfer-logging"


def disabled(_: StartFunction, moto: Moto) -> Broken:
    """An alarm whose actions are off."""
    theirs(moto).cloudwatch.disable_alarm_actions(AlarmNames=[THEIRS])
    return Broken("monitoring", delete_alarms(), ADDRESS, {f"cloudwatch {REGION} {THEIRS}"})


def telling(moto: Moto, told: dict[str, Any]) -> Broken:
    """A bucket for access logs that does not tell EventBridge."""
    moto.client("s3").put_bucket_notification_configuration(
        Bucket=our_target(moto), NotificationConfiguration=told, SkipDestinationValidation=True
    )
    return Broken("bucket", bucket_call(TARGET), only(EVENTS), {f"s3 {TARGET} notification"})


def unbound(function: StartFunction, moto: Moto, former: bool) -> Broken:
    """A role of ours without the boundary of the stack, or with that of a stack from before."""
    session, _ = as_our_role(moto, "keeper")
    iam = moto.client("iam")
    iam.create_role(RoleName="keeper", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))
    arn, event = bounded(iam, "keeper"), create_server(server(moto))
    function("transfer", mode="enforce", **session).invoke(event)
    iam.delete_role_permissions_boundary(RoleName=LOGGING_ROLE)
    if former:
        text = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"]
        made = iam.create_policy(PolicyName="former", PolicyDocument=compact(text))["Policy"]["Arn"]
        iam.put_role_permissions_boundary(RoleName=LOGGING_ROLE, PermissionsBoundary=made)
    return Broken("transfer", event, session, {f"iam role {LOGGING_ROLE}"})


def distrusted(function: StartFunction, moto: Moto) -> Broken:
    """A role of ours that another service may use."""
    on_ours(function, moto)
    moto.client("iam").update_assume_role_policy(RoleName=OUR_ROLE, PolicyDocument=trust("ec2.amazonaws.com"))
    return Broken("trail", role_call("UpdateAssumeRolePolicy", OUR_ROLE), {}, {f"iam role {OUR_ROLE} trust"})


def borrowed_key(_: StartFunction, moto: Moto) -> Broken:
    """A topic with AWS's own key, which alarms may not use."""
    theirs(moto).sns.set_topic_attributes(
        TopicArn=THEIR_TOPIC, AttributeName="KmsMasterKeyId", AttributeValue="alias/aws/sns"
    )
    return Broken("monitoring", delete_alarms(), ADDRESS, {f"sns {THEIR_TOPIC} attributes"})


def unheard(function: StartFunction, moto: Moto) -> Broken:
    """A trail whose queue of delivered files is gone."""
    event = create_trail(trail(moto))
    function("trail", mode="enforce", **ON).invoke(event)
    url, attributes = queue(moto)
    moto.client("sqs").delete_queue(QueueUrl=url)
    return Broken("trail", event, ON, {f"sqs {attributes['QueueArn']} {what}" for what in ("attributes", "tags")})


KEY = {"key", "key-alias", "key-rotation"}
"""The kinds of which a KMS key is made, which stays."""
SCENES: dict[str, tuple[set[str], Callable[[StartFunction, Moto], Broken]]] = {
    "the actions of an alarm": ({"alarm-actions"}, disabled),
    "a bucket that tells nobody": ({"bucket-notifications"}, lambda _, moto: telling(moto, {})),
    "a bucket that tells others": ({"bucket-notifications"}, lambda _, moto: telling(moto, TOLD)),
    "no boundary": ({"role-boundary"}, lambda function, moto: unbound(function, moto, False)),
    "the boundary from before": ({"role-boundary"}, lambda function, moto: unbound(function, moto, True)),
    "the trust of a role": ({"role-trust"}, distrusted),
    "the key of a topic": ({"topic-key", *KEY}, borrowed_key),
    "a queue": ({"queue"}, unheard),
}
"""The kinds of property that are set, and what is broken before."""
OF_A_TRAIL = {
    "bucket", "bucket-policy", "log-group", "log-group-retention", "queue", "role", "role-policy", "subscription",
    "topic", "trail", "trail-logging", *KEY,
}
"""The kinds that are set for an account without a trail."""


def compact(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"))


@pytest.fixture
def desk(moto: Moto) -> Desk:
    """A person with the ledger of the account."""
    ledger(moto)
    return Desk(moto.endpoint)


@pytest.mark.parametrize("scene", SCENES)
def test_it_is_as_before(function: StartFunction, moto: Moto, desk: Desk, scene: str) -> None:
    expected, broken = SCENES[scene]
    it = broken(function, moto)
    before = snapshot(moto, [REGION])
    fixed(function, moto, it.family, it.event, **it.settings)
    assert kinds(desk) == expected
    assert but_keys(left(moto, before)) == it.changed
    said = all_undone(desk)[0]
    rest = left(moto, before)
    assert but_keys(rest) == set(), said
    assert bool(rest) == ("key" in expected) == ("stays: disable the KMS key" in said), said


def test_an_account_without_a_trail(function: StartFunction, moto: Moto, desk: Desk) -> None:
    before = snapshot(moto, [REGION])
    fixed(function, moto, "trail", schedule(), **ON)
    assert kinds(desk) == OF_A_TRAIL
    cloudtrail = moto.client("cloudtrail")
    assert [it["Name"] for it in cloudtrail.describe_trails()["trailList"]] == [OUR_TRAIL]
    said = all_undone(desk)
    assert but_keys(left(moto, before)) == set(), said
    assert cloudtrail.describe_trails()["trailList"] == []


def test_a_queue_with_messages_stays(function: StartFunction, moto: Moto, desk: Desk) -> None:
    it = unheard(function, moto)
    fixed(function, moto, it.family, it.event, **it.settings)
    url, _ = queue(moto)
    moto.client("sqs").send_message(QueueUrl=url, MessageBody="a file was delivered")
    (said,) = all_undone(desk)
    assert f"/{NAME} holds messages. Once that is no longer so: aws sqs delete-queue" in said, said
    assert queue(moto)[0] == url
