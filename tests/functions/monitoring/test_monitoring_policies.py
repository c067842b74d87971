"""The monitoring function as its role, with IAM enforced: its policies suffice, and none is idle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from alarms import topic_arn
from conftest import StartFunction
from envelope import Event, api_call, role_session
from given import policy, refusal
from installed import Installed, all_actions, visible
from local_aws.processes import ACCOUNT, REGION, Ministack
from monitoring_scenes import (
    ADDRESS, GROUP, INBOX, NAME, OBSERVE, OURS, REMEDIATE, ROOT, borrowed_key, by_function, by_stream, chained, closed,
    disabled, found, here, key_shut, mute, nothing, swept, topic_gone, transformed, unheard, unrotated, whole, with_queue,
)
from observed import steps
from trails import OTHER

OUR_KEYS = ["kms:CreateKey", "kms:CreateAlias", "kms:EnableKeyRotation"]
ALARM = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm"


@pytest.fixture
def installed(ministack: Ministack, function: StartFunction) -> Installed:
    return Installed(ministack, function, "monitoring", TRAILKEEPER_ALARM_ADDRESS=ADDRESS)


HEARD = {"TRAILKEEPER_ALARM_ADDRESS": INBOX}
"""The customer's chain notifies a queue: with this setting it is the one that must hear it."""

ANYBODY = {"TRAILKEEPER_ALARM_ADDRESS": ""}
BY_ANYBODY = ("firehose:DescribeDeliveryStream", "lambda:GetPolicy")

SCENES: dict[str, Callable[[Installed], Event]] = {
    "account:ListRegions": swept,
    "cloudwatch:EnableAlarmActions": disabled,
    "cloudwatch:ListAlarmMuteRules": whole,
    "kms:GetKeyPolicy": whole,
    "kms:ListGrants": whole,
    "kms:GetKeyRotationStatus": topic_gone,
    "kms:EnableKeyRotation": unrotated,
    "kms:PutKeyPolicy": key_shut,
    "firehose:DescribeDeliveryStream": by_stream,
    "lambda:GetPolicy": by_function,
    "logs:DescribeAccountPolicies": transformed,
    "logs:GetTransformer": transformed,
    "sns:GetSubscriptionAttributes": whole,
    "sns:SetTopicAttributes": closed,
    "sqs:GetQueueAttributes": whole,
    "sqs:GetQueueUrl": whole,
}
"""Where each action shows; all others where nothing is behind the log group."""


AT_THE_END = (
    "cloudwatch:EnableAlarmActions", "cloudwatch:ListAlarmMuteRules", "kms:ListGrants", "sns:GetSubscriptionAttributes",
    "sns:SetTopicAttributes", "sqs:GetQueueAttributes", "sqs:GetQueueUrl",
)
"""What shows only where the chain is heard by whom the setting names."""


def test_no_action_is_told_of_that_is_not_there() -> None:
    assert SCENES.keys() <= set(all_actions(OBSERVE, REMEDIATE))


def test_the_policies_suffice_for_a_chain_from_nothing(installed: Installed) -> None:
    event, setting = nothing(installed), with_queue(installed)
    told = found(installed.invoke(event, **setting))
    assert told["status"] == "fixed", told
    assert steps(told) == [(action, "applied") for action in (
        "kms:CreateKey", "kms:CreateAlias", "kms:EnableKeyRotation", "sns:CreateTopic", "sns:Subscribe",
        "logs:PutMetricFilter", "cloudwatch:PutMetricAlarm",
    )]
    assert found(installed.invoke(event, **setting))["status"] == "compliant"
    tags = here(installed).cloudwatch.list_tags_for_resource(ResourceARN=f"{ALARM}:{OURS}")["Tags"]
    assert tags == [{"Key": "managed-by", "Value": "trailkeeper"}]


def test_a_person_is_asked_and_has_the_last_word(installed: Installed) -> None:
    event = nothing(installed)
    told = found(installed.invoke(event))
    assert (told["status"], {status for _, status in steps(told)}) == ("advised", {"applied"})
    assert "Confirm the subscription" in told["advice"]
    again = found(installed.invoke(event))
    assert (again["status"], again["steps"]) == ("advised", [])


@pytest.mark.parametrize(("scene", "calls"), [
    (whole, []),
    (mute, ["cloudwatch:PutMetricAlarm"]),
    (disabled, ["cloudwatch:EnableAlarmActions"]),
    (closed, ["sns:SetTopicAttributes"]),
    (borrowed_key, ["kms:CreateKey", "kms:CreateAlias", "kms:EnableKeyRotation", "sns:SetTopicAttributes"]),
    (unheard, [*OUR_KEYS, "sns:CreateTopic", "sns:Subscribe", "cloudwatch:PutMetricAlarm"]),
    (key_shut, ["kms:PutKeyPolicy"]),
    (topic_gone, ["kms:EnableKeyRotation", "sns:CreateTopic", "sns:Subscribe"]),
])
def test_the_policies_suffice_for_what_is_half_there(
    installed: Installed, scene: Callable[[Installed], Event], calls: list[str]
) -> None:
    event = scene(installed)
    # Where a person was asked, only that person can make the chain whole.
    ends = "advised" if scene in (unheard, key_shut, topic_gone) else "fixed" if calls else "compliant"
    heard = {} if ends == "advised" else HEARD
    told = found(installed.invoke(event, **heard))
    assert (told["status"], steps(told)) == (ends, [(action, "applied") for action in calls]), told
    assert found(installed.invoke(event, **heard))["status"] == ("advised" if ends == "advised" else "compliant")


def test_the_policies_suffice_for_a_sweep(installed: Installed) -> None:
    event, setting = swept(installed), with_queue(installed)
    assert [found(installed.invoke(event, **setting))["status"] for _ in range(2)] == ["fixed", "compliant"]


@pytest.mark.parametrize("scene", [nothing, whole, mute, closed, borrowed_key, key_shut, topic_gone])
def test_the_observing_policy_suffices_for_a_dry_run(
    installed: Installed, scene: Callable[[Installed], Event]
) -> None:
    event = scene(installed)
    installed.take(REMEDIATE)
    told = found(installed.invoke(event, "dry-run", **HEARD))
    assert told["status"] == ("compliant" if scene is whole else "planned"), told


@pytest.mark.parametrize("scene", [nothing, mute, disabled, closed, borrowed_key, unheard])
def test_without_the_remediating_policy_nothing_can_be_written(
    installed: Installed, scene: Callable[[Installed], Event]
) -> None:
    event = scene(installed)
    before = here(installed).everything()
    installed.take(REMEDIATE)
    told = found(installed.invoke(event))
    assert told["status"] == "failed" and "was denied" in told["because"]
    assert "applied" not in {status for _, status in steps(told)}
    assert here(installed).everything() == before


@pytest.mark.parametrize("action", all_actions(OBSERVE, REMEDIATE))
def test_every_action_taken_away_is_reported(installed: Installed, action: str) -> None:
    event = SCENES.get(action, nothing)(installed)
    installed.take_action(action)
    heard = HEARD if action in AT_THE_END else ANYBODY if action in BY_ANYBODY else {}
    missed = visible(installed.invoke(event, **heard))
    assert "denied" in missed and action in missed, f"without {action} nothing is missed: {missed}"


def test_a_topic_of_another_account_does_not_matter_beside_a_chain_that_is_whole(installed: Installed) -> None:
    """It may be asked for; whether it is read is for its owner's policy to say."""
    event, there = whole(installed), here(installed)
    there.alarm(NAME, topic_arn().replace(ACCOUNT, OTHER), topic_arn())
    assert found(installed.invoke(event, **HEARD))["status"] == "compliant"


def test_calls_by_our_role_are_looked_into(installed: Installed) -> None:
    event = disabled(installed)
    ours = role_session(installed.role, installed.unique_id)
    put = api_call("monitoring", "PutMetricAlarm", userIdentity=ours)
    assert found(installed.invoke(put, **HEARD))["status"] == "fixed"
    stolen = api_call("monitoring", "DisableAlarmActions", userIdentity=ours)
    assert found(installed.invoke(stolen, **HEARD))["status"] == "compliant"
    assert found(installed.invoke(event, **HEARD))["status"] == "compliant"


# What it may not do, whatever the code would ask for.


def denied(installed: Installed, service: str, operation: str, action: str, **given: Any) -> None:
    call = getattr(installed.ministack.client_as(installed.arn, service), operation)
    _, code, message = refusal(call, **given)
    assert code.startswith(("AccessDenied", "AuthorizationError")) and action in message


@pytest.mark.parametrize("endpoint", ["mallory@example.com", f"{ADDRESS}.example.org", "soc@example.co"])
def test_no_address_is_subscribed_but_the_one_that_is_set(installed: Installed, endpoint: str) -> None:
    event = nothing(installed)
    told = found(installed.invoke(event, TRAILKEEPER_ALARM_ADDRESS=endpoint))
    assert told["status"] == "failed" and "sns:Subscribe was denied" in told["because"]
    given = {"TopicArn": topic_arn(OURS), "Protocol": "email"}
    denied(installed, "sns", "subscribe", "sns:Subscribe", **given, Endpoint=endpoint)
    installed.ministack.client_as(installed.arn, "sns").subscribe(**given, Endpoint=ADDRESS)


def test_no_link_of_a_chain_can_be_taken_away(installed: Installed) -> None:
    chained(installed)
    there = here(installed)
    (one,) = there.sns.list_subscriptions_by_topic(TopicArn=topic_arn())["Subscriptions"]
    for service, operation, action, given in (
        ("cloudwatch", "delete_alarms", "cloudwatch:DeleteAlarms", {"AlarmNames": [NAME]}),
        ("cloudwatch", "disable_alarm_actions", "cloudwatch:DisableAlarmActions", {"AlarmNames": [NAME]}),
        ("logs", "delete_metric_filter", "logs:DeleteMetricFilter", {"logGroupName": GROUP, "filterName": NAME}),
        ("logs", "delete_log_group", "logs:DeleteLogGroup", {"logGroupName": GROUP}),
        ("sns", "delete_topic", "sns:DeleteTopic", {"TopicArn": topic_arn()}),
        ("sns", "unsubscribe", "sns:Unsubscribe", {"SubscriptionArn": one["SubscriptionArn"]}),
        ("cloudtrail", "stop_logging", "cloudtrail:StopLogging", {"Name": "main"}),
    ):
        denied(installed, service, operation, action, **given)


def test_nothing_is_made_tagged_or_named_but_ours(installed: Installed) -> None:
    nothing(installed)
    key = installed.ministack.client("kms").create_key()["KeyMetadata"]["KeyId"]
    alone = policy(Principal=ROOT, Action="kms:*", Resource="*")
    tags = [{"Key": "managed-by", "Value": "trailkeeper"}]
    denied(installed, "sns", "create_topic", "sns:CreateTopic", Name="security")
    denied(installed, "cloudwatch", "tag_resource", "cloudwatch:TagResource", ResourceARN=f"{ALARM}:x", Tags=tags)
    denied(installed, "kms", "tag_resource", "kms:TagResource", KeyId=key, Tags=[{"TagKey": "a", "TagValue": "b"}])
    denied(installed, "kms", "put_key_policy", "kms:PutKeyPolicy", KeyId=key, PolicyName="default", Policy=alone)
    denied(installed, "kms", "create_alias", "kms:CreateAlias", AliasName="alias/mine", TargetKeyId=key)
