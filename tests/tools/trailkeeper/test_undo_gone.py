"""What was there before points to something that is gone: it stays as it is, and the plan says why."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple

import pytest
from conftest import StartFunction
from envelope import create_server
from given import client_of, role, server, trail
from local_aws.processes import ACCOUNT, REGION, Moto
from log_buckets import LOGGING, bucket_call, customers_target, log_into, only
from recorders import OTHER, bucket_policy, config_call, delivery_bucket
from trails import create_trail
from undoing import Broken, Desk, all_undone, fixed, ledger

ROLE, TOPIC = "sftp-logging", f"arn:aws:sns:{REGION}:{ACCOUNT}:deliveries"


class Scene(NamedTuple):
    """What wakes whom, what goes before the change is taken back, and what that was."""

    broken: Broken
    goes: Callable[[], object]
    name: str


def a_channel(function: StartFunction, moto: Moto) -> Scene:
    """A channel that was turned to the bucket of another account, which then goes."""
    function("recorder", mode="enforce").invoke(config_call())
    delivery_bucket(moto, "archive", document=bucket_policy("archive", "audit"), owner=OTHER)
    whole = {"name": "default", "s3BucketName": "archive", "s3KeyPrefix": "audit"}
    moto.client("config").put_delivery_channel(DeliveryChannel=whole)

    def goes() -> None:
        s3 = client_of(moto, OTHER, "s3")
        for it in s3.list_objects_v2(Bucket="archive").get("Contents", []):
            s3.delete_object(Bucket="archive", Key=it["Key"])
        s3.delete_bucket(Bucket="archive")

    return Scene(Broken("recorder", config_call(), {}, set()), goes, "bucket archive")


def a_trail(_: StartFunction, moto: Moto) -> Scene:
    """A trail of one region that tells a topic, which then goes."""
    sns = moto.client("sns")
    policy = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
                             "Action": "sns:Publish", "Resource": TOPIC}], "Version": "2012-10-17"}
    sns.create_topic(Name="deliveries", Attributes={"Policy": json.dumps(policy)})
    arn = trail(moto, SnsTopicName=TOPIC)
    moto.client("cloudtrail").start_logging(Name=arn)
    off = {"TRAILKEEPER_CONTROLS": "cloudtrail-kms=off,cloudtrail-cloudwatch-logs=off"}
    return Scene(Broken("trail", create_trail(arn), off, set()), lambda: sns.delete_topic(TopicArn=TOPIC), f"topic {TOPIC}")


def a_server(_: StartFunction, moto: Moto) -> Scene:
    """A server with a role that was gone when it was found."""
    made = server(moto, LoggingRole=role(moto, ROLE))
    moto.client("iam").delete_role(RoleName=ROLE)
    return Scene(Broken("transfer", create_server(made), {}, set()), lambda: None, f"role {ROLE}")


def a_bucket(_: StartFunction, moto: Moto) -> Scene:
    """A log bucket whose access logs went to a bucket that was gone when it was found."""
    trail(moto)
    log_into(moto, customers_target(moto))
    moto.client("s3").delete_bucket(Bucket="customers-target")
    return Scene(Broken("bucket", bucket_call(), only(LOGGING), set()), lambda: None, "bucket customers-target")


@pytest.mark.parametrize("scene", [a_channel, a_trail, a_server, a_bucket])
def test_it_stays(
    function: StartFunction, moto: Moto, scene: Callable[[StartFunction, Moto], Scene]
) -> None:
    ledger(moto)
    desk, (broken, goes, name) = Desk(moto.endpoint), scene(function, moto)
    fixed(function, moto, broken.family, broken.event, **broken.settings)
    goes()
    said = all_undone(desk)[0]
    assert f"stays for now: {name}, which it pointed to, is gone. Once that is no longer so: aws " in said, said
