"""Ministack, patched, decides about AWS Config, its role and the rotation of keys as IAM does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from given import key_with, refusal, role, trust
from installed import caller
from local_aws.processes import ACCOUNT, REGION, Ministack

SERVICE = "config.amazonaws.com"
RECORDERS = f"arn:aws:config:{REGION}:{ACCOUNT}:configuration-recorder"
LINKED = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{SERVICE}/AWSServiceRoleForConfig"
NAMED = {"ConfigurationRecorderName": "default"}
CHANNEL = {"name": "default", "s3BucketName": "logs"}
DENIED = "AccessDeniedException"

Call = Callable[[Any], Any]

CALLS: dict[str, tuple[str, Call]] = {
    "config:StartConfigurationRecorder": (
        f"{RECORDERS}/default/*",
        lambda config: config.start_configuration_recorder(**NAMED),
    ),
    "config:StopConfigurationRecorder": (
        f"{RECORDERS}/default/*",
        lambda config: config.stop_configuration_recorder(**NAMED),
    ),
    "config:DescribeConfigurationRecorders": (
        "*",
        lambda config: config.describe_configuration_recorders(),
    ),
    "config:DescribeConfigurationRecorderStatus": (
        "*",
        lambda config: config.describe_configuration_recorder_status(
            ConfigurationRecorderNames=["default"]
        ),
    ),
    "config:DescribeDeliveryChannels": ("*", lambda config: config.describe_delivery_channels()),
    "config:PutDeliveryChannel": (
        "*",
        lambda config: config.put_delivery_channel(DeliveryChannel=CHANNEL),
    ),
}


def recorder(ministack: Ministack) -> str:
    """The ARN of a recorder, with the role whose ARN it is given."""
    config, arn = ministack.client("config"), role(ministack, "recorder", trust(SERVICE))
    config.put_configuration_recorder(ConfigurationRecorder={"name": "default", "roleARN": arn})
    return str(config.describe_configuration_recorders()["ConfigurationRecorders"][0]["arn"])


def test_the_tags_of_a_recorder_are_read_by_whoever_may(ministack: Ministack) -> None:
    arn, config = recorder(ministack), ministack.client("config")
    tags, action = [{"Key": "team", "Value": "audit"}], "config:ListTagsForResource"
    assert config.list_tags_for_resource(ResourceArn=arn)["Tags"] == []
    config.tag_resource(ResourceArn=arn, Tags=tags)
    assert refusal(config.tag_resource, ResourceArn=f"{arn}0", Tags=tags)[1] == "ResourceNotFoundException"
    for pattern in (f"{RECORDERS}/default/*", f"{RECORDERS}/other/*"):
        asker = caller(ministack, {"Action": action, "Resource": pattern})
        theirs = ministack.client_as(asker, "config")
        if "default" in pattern:
            assert theirs.list_tags_for_resource(ResourceArn=arn)["Tags"] == tags
        else:
            assert refusal(theirs.list_tags_for_resource, ResourceArn=arn)[1] == DENIED


@pytest.mark.parametrize("action", CALLS)
def test_a_call_needs_its_action_on_its_resource(ministack: Ministack, action: str) -> None:
    recorder(ministack)
    resource, call = CALLS[action]
    elsewhere = f"{RECORDERS}/defaul/*"
    for wrong in (
        [],
        [{"Action": action, "Resource": elsewhere}],
        [{"Action": "config:PutConfigRule", "Resource": "*"}],
    ):
        config = ministack.client_as(caller(ministack, *wrong), "config")
        assert refusal(lambda: call(config))[1] == DENIED  # noqa: B023
    call(ministack.client_as(caller(ministack, {"Action": action, "Resource": resource}), "config"))


def test_a_recorder_has_the_arn_that_its_calls_are_decided_on(ministack: Ministack) -> None:
    arn = recorder(ministack)
    assert arn.startswith(f"{RECORDERS}/default/") and len(arn.rpartition("/")[2]) == 16
    start = {"Action": "config:StartConfigurationRecorder", "Resource": arn}
    ministack.client_as(caller(ministack, start), "config").start_configuration_recorder(**NAMED)


def passing(service: str, arn: str) -> dict[str, Any]:
    condition = {"StringEquals": {"iam:PassedToService": service}}
    return {"Action": "iam:PassRole", "Resource": arn, "Condition": condition}


@pytest.mark.parametrize("kind", ["own", "service-linked"])
def test_a_recorders_role_must_be_one_that_the_caller_may_pass(
    ministack: Ministack, kind: str
) -> None:
    if kind == "own":
        arn = role(ministack, "recorder", trust(SERVICE))
    else:
        arn = ministack.client("iam").create_service_linked_role(AWSServiceName=SERVICE)["Role"][
            "Arn"
        ]
    write = {"Action": "config:PutConfigurationRecorder", "Resource": f"{RECORDERS}/default/*"}
    given = {"ConfigurationRecorder": {"name": "default", "roleARN": arn}}
    for wrong in ([], [passing("ec2.amazonaws.com", arn)], [passing(SERVICE, arn + "0")]):
        config = ministack.client_as(caller(ministack, write, *wrong), "config")
        _, code, message = refusal(config.put_configuration_recorder, **given)
        assert code == DENIED and "iam:PassRole" in message
    assert (
        ministack.client("config").describe_configuration_recorders()["ConfigurationRecorders"]
        == []
    )
    right = passing(SERVICE, arn)
    other = ministack.client_as(
        caller(ministack, write | {"Resource": f"{RECORDERS}/other/*"}, right), "config"
    )
    assert refusal(other.put_configuration_recorder, **given)[1] == DENIED
    config = ministack.client_as(caller(ministack, write, right), "config")
    config.put_configuration_recorder(**given)
    tagged = given | {"Tags": [{"Key": "by", "Value": "us"}]}
    assert "config:TagResource" in refusal(config.put_configuration_recorder, **tagged)[2]


def test_a_service_linked_role_is_made_by_whoever_may_for_that_service(
    ministack: Ministack,
) -> None:
    def making(service: str, resource: str = LINKED) -> Any:
        condition = {"StringEquals": {"iam:AWSServiceName": service}}
        allowed = {
            "Action": "iam:CreateServiceLinkedRole",
            "Resource": resource,
            "Condition": condition,
        }
        return ministack.client_as(caller(ministack, allowed), "iam").create_service_linked_role

    for call in (making("ec2.amazonaws.com"), making(SERVICE, LINKED + "0")):
        assert refusal(call, AWSServiceName=SERVICE)[:2] == (403, "AccessDenied")
    assert making(SERVICE)(AWSServiceName=SERVICE)["Role"]["Arn"] == LINKED
    found = refusal(making(SERVICE), AWSServiceName=SERVICE)
    assert found[:2] == (400, "InvalidInput") and "has been taken in this account" in found[2]


ROTATION: dict[str, Callable[[Any, str], Any]] = {
    "kms:DescribeKey": lambda kms, key: kms.describe_key(KeyId=key),
    "kms:GetKeyRotationStatus": lambda kms, key: kms.get_key_rotation_status(KeyId=key),
    "kms:EnableKeyRotation": lambda kms, key: kms.enable_key_rotation(KeyId=key),
}


@pytest.mark.parametrize("action", ROTATION)
def test_rotation_is_decided_on_the_key_and_by_its_policy(
    ministack: Ministack, action: str
) -> None:
    key, call = ministack.client("kms").create_key()["KeyMetadata"]["Arn"], ROTATION[action]
    for name in (key, key.rpartition("/")[2]):
        for wrong in ([], [{"Action": action, "Resource": key + "0"}]):
            kms = ministack.client_as(caller(ministack, *wrong), "kms")
            assert refusal(lambda: call(kms, name))[1] == DENIED  # noqa: B023
        call(
            ministack.client_as(caller(ministack, {"Action": action, "Resource": key}), "kms"), name
        )
    only = {
        "Effect": "Allow",
        "Principal": {"AWS": role(ministack, "keeper")},
        "Action": "kms:*",
        "Resource": "*",
    }
    closed = key_with(ministack, {"Version": "2012-10-17", "Statement": [only]})
    kms = ministack.client_as(caller(ministack, {"Action": "kms:*", "Resource": "*"}), "kms")
    found = refusal(lambda: call(kms, closed))
    assert found[1] == DENIED and action in found[2]


def test_listing_keys_is_on_no_key(ministack: Ministack) -> None:
    key = ministack.client("kms").create_key()["KeyMetadata"]["Arn"]
    kms = ministack.client_as(caller(ministack, {"Action": "kms:ListKeys", "Resource": key}), "kms")
    assert refusal(kms.list_keys)[1] == DENIED
    kms = ministack.client_as(caller(ministack, {"Action": "kms:ListKeys", "Resource": "*"}), "kms")
    assert [one["KeyArn"] for one in kms.list_keys()["Keys"]] == [key]
