"""The recorder function as its role, with IAM enforced: its policies suffice, and none is idle."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from conftest import StartFunction
from envelope import Event, role_session, schedule
from given import refusal, role, trust
from installed import Installed, all_actions, nobody_looks, visible
from local_aws.processes import ACCOUNT, REGION, Ministack
from observed import result, results
from recorders import (
    LINKED,
    LOGS,
    SERVICE,
    WEST,
    assert_made,
    assert_our_bucket,
    bucket_policy,
    channel,
    channels,
    config_call,
    delivery_bucket,
    is_recording,
    our_bucket,
    policy_of,
    recorder,
    recorders,
    start,
)

OBSERVE, REMEDIATE = "recorder.observe", "recorder.remediate"
THERE = "config-logs-elsewhere"
"""The bucket of another region's channel."""


@pytest.fixture
def installed(ministack: Ministack, function: StartFunction) -> Installed:
    return Installed(ministack, function, "recorder")


# What makes the function need an action, and the event that wakes it.


def nothing(_: Installed) -> Event:
    """A region without a recorder, a channel or a bucket."""
    return config_call("DeleteConfigurationRecorder")


def bare(installed: Installed) -> Event:
    """A bucket of ours that lost all that it was given, under a channel."""
    event, s3 = nothing(installed), installed.ministack.client("s3")
    assert visible(installed.invoke(event)) == ""
    s3.delete_bucket_policy(Bucket=our_bucket())
    s3.delete_public_access_block(Bucket=our_bucket())
    return config_call("PutDeliveryChannel")


def begun(installed: Installed) -> Event:
    """A region without a recorder, with a bucket of ours that no channel uses."""
    delivery_bucket(installed.ministack, our_bucket())
    return nothing(installed)


def stopped(installed: Installed) -> Event:
    """A customer's recorder that was stopped."""
    account = installed.ministack
    delivery_bucket(account)
    recorder(account, name="mine", roleARN=role(account, "recording", trust(SERVICE)))
    channel(account)
    return config_call()


def borrowing(installed: Installed) -> Event:
    """A region without AWS Config, and another one whose bucket lets Config in no more."""
    account = installed.ministack
    delivery_bucket(account, THERE, WEST)
    recorder(account, WEST)
    channel(account, WEST, s3BucketName=THERE)
    start(account, WEST)
    account.client("s3", WEST).delete_bucket_policy(Bucket=THERE)
    return config_call("DeleteDeliveryChannel")


SCENES: dict[str, Callable[[Installed], Event]] = {
    "config:ListTagsForResource": stopped,
    "s3:GetBucketPolicy": bare,
    "s3:GetBucketPublicAccessBlock": bare,
    "s3:GetEncryptionConfiguration": bare,
    "s3:GetLifecycleConfiguration": begun,
}
"""Where each action shows; all others where there is nothing."""

NOT_REPORTED = {
    "s3:ListAllMyBuckets": "asked only where a bucket lets nobody look",
    "s3:ListBucket": "s3:ListAllMyBuckets stands in for it: a bucket is found by either",
}
"""Those whose absence no result names; a test below shows what they are for."""


def test_no_action_is_told_of_that_is_not_there() -> None:
    assert SCENES.keys() | NOT_REPORTED.keys() <= set(all_actions(OBSERVE, REMEDIATE))


def test_the_policies_suffice_for_a_region_with_nothing(installed: Installed) -> None:
    found = result(installed.invoke(nothing(installed)))
    assert found["status"] == "fixed", found
    assert {step["status"] for step in found["steps"]} == {"applied"} and len(found["steps"]) == 8
    assert_made(installed.ministack)
    assert result(installed.invoke(config_call()))["status"] == "compliant"


@pytest.mark.parametrize("scene", [bare, stopped, borrowing])
def test_the_policies_suffice_for_what_is_half_there(
    installed: Installed, scene: Callable[[Installed], Event]
) -> None:
    event, account = scene(installed), installed.ministack
    found = result(installed.invoke(event))
    assert found["status"] == "fixed", found
    if scene is bare:
        assert_our_bucket(account)
    elif scene is stopped:
        assert is_recording(account, name="mine")
    else:
        assert channels(account)[0]["s3BucketName"] == THERE and is_recording(account)
        allowed = {it["Action"] for it in policy_of(account, THERE, WEST)["Statement"]}
        assert allowed == {it["Action"] for it in bucket_policy()["Statement"]}
    assert result(installed.invoke(config_call()))["status"] == "compliant"


def test_the_policies_suffice_for_a_sweep(installed: Installed) -> None:
    found = results(installed.invoke(schedule(), TRAILKEEPER_REGIONS=f"{REGION},{WEST}"))
    assert [(it["region"], it["status"]) for it in found] == [(WEST, "fixed"), (REGION, "fixed")]
    assert visible(installed.invoke(schedule(), TRAILKEEPER_REGIONS=f"{REGION},{WEST}")) == ""


@pytest.mark.parametrize("scene", [nothing, bare, stopped, borrowing])
def test_the_observing_policy_suffices_for_a_dry_run(
    installed: Installed, scene: Callable[[Installed], Event]
) -> None:
    event = scene(installed)
    installed.take(REMEDIATE)
    assert result(installed.invoke(event, "dry-run"))["status"] == "planned"


@pytest.mark.parametrize("scene", [nothing, stopped])
def test_without_the_remediating_policy_nothing_can_be_written(
    installed: Installed, scene: Callable[[Installed], Event]
) -> None:
    event = scene(installed)
    before = recorders(installed.ministack)
    installed.take(REMEDIATE)
    found = result(installed.invoke(event))
    assert found["status"] == "failed" and "was denied" in found["because"]
    assert recorders(installed.ministack) == before
    assert "applied" not in {step["status"] for step in found["steps"]}


@pytest.mark.parametrize(
    "action", [it for it in all_actions(OBSERVE, REMEDIATE) if it not in NOT_REPORTED]
)
def test_every_action_taken_away_is_reported(installed: Installed, action: str) -> None:
    event = SCENES.get(action, nothing)(installed)
    installed.take_action(action)
    missed = visible(installed.invoke(event))
    assert "denied" in missed and action in missed, f"without {action} nothing is missed"


def test_a_bucket_is_found_by_a_look_or_by_the_list(installed: Installed) -> None:
    event, account = borrowing(installed), installed.ministack
    s3 = account.client("s3", WEST)
    s3.put_bucket_policy(Bucket=THERE, Policy=json.dumps(bucket_policy(THERE)))
    nobody_looks(account, THERE)
    installed.take_action("s3:ListAllMyBuckets")
    assert "s3:ListBucket was denied" in visible(installed.invoke(event))
    installed.take_action("s3:ListBucket")
    # What denies everybody a look denies it to AWS Config as well: told, and never edited.
    found = result(installed.invoke(event))
    assert found["status"] == "advised" and THERE in found["advice"]


def test_calls_by_our_role_are_looked_into(installed: Installed) -> None:
    stopped(installed)
    ours = role_session(installed.role, installed.unique_id)
    put = config_call("PutDeliveryChannel", userIdentity=ours)
    assert result(installed.invoke(put))["status"] == "fixed"
    assert result(installed.invoke(put))["status"] == "changed", "no step of this process made it"
    stop = config_call("StopConfigurationRecorder", userIdentity=ours)
    assert result(installed.invoke(stop))["status"] == "changed", "a stop is never ours"


# What it may not do, whatever the code would ask for.


def denied(installed: Installed, service: str, operation: str, action: str, **given: Any) -> None:
    call = getattr(installed.ministack.client_as(installed.arn, service), operation)
    _, code, message = refusal(call, **given)
    assert code.startswith("AccessDenied") and action in message


def test_recorders_and_channels_are_neither_stopped_nor_deleted(installed: Installed) -> None:
    stopped(installed)
    for operation, action, given in [
        ("stop_configuration_recorder", "Stop", {"ConfigurationRecorderName": "mine"}),
        ("delete_configuration_recorder", "Delete", {"ConfigurationRecorderName": "mine"}),
        ("delete_delivery_channel", "Delete", {"DeliveryChannelName": "default"}),
    ]:
        denied(installed, "config", operation, f"config:{action}", **given)


def test_only_configs_own_role_is_handed_to_config(installed: Installed) -> None:
    other = role(installed.ministack, "admin", trust(SERVICE))
    given = {"ConfigurationRecorder": {"name": "default", "roleARN": other}}
    denied(installed, "config", "put_configuration_recorder", "iam:PassRole", **given)
    making = "create_service_linked_role"
    service = {"AWSServiceName": "ec2.amazonaws.com"}
    denied(installed, "iam", making, "iam:CreateServiceLinkedRole", **service)
    assert LINKED.split(":")[4] == ACCOUNT


def test_no_bucket_is_made_closed_or_encrypted_but_ours(installed: Installed) -> None:
    delivery_bucket(installed.ministack)
    denied(installed, "s3", "create_bucket", "s3:CreateBucket", Bucket="trailkeeper-config")
    denied(installed, "s3", "delete_bucket_policy", "s3:DeleteBucketPolicy", Bucket=LOGS)
    blocks = {"BlockPublicAcls": False}
    given = {"Bucket": LOGS, "PublicAccessBlockConfiguration": blocks}
    action = "s3:PutBucketPublicAccessBlock"
    denied(installed, "s3", "put_public_access_block", action, **given)
