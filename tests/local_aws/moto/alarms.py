"""CloudWatch: an alarm, how its state moves, what it does then, and its history.

Sources: CloudWatch User Guide, "Using Amazon CloudWatch alarms" and "Notifying users on alarm
changes"; SNS Developer Guide, "Example cases for Amazon SNS access control" and "Enable
compatibility between event sources from AWS services and encrypted topics"; the errors are
those that users found in the history of their alarms. Of the actions only those of SNS are
carried out. The form of HistoryData is an assumption.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend
from moto.core.utils import utcnow
from moto.sns.models import Topic, sns_backends

from local_aws.moto import mute_rules
from local_aws.moto.cloudwatch_checks import ACTIONS, Given
from local_aws.moto.kms_keys import find_key
from local_aws.moto.policy import decides

SERVICE = "cloudwatch.amazonaws.com"
REGIONS = {"us-east-1": "US East (N. Virginia)", "eu-west-1": "EU (Ireland)"}
NO_KEY = "CloudWatch Alarms does not have authorization to access the SNS topic encryption key."
SUBJECT_LIMIT = 100
TRIGGER = (
    "MetricName Namespace Period Statistic Unit EvaluationPeriods ComparisonOperator Threshold "
    "TreatMissingData Metrics".split()
)


@dataclass
class Kept:
    """An alarm as it was put, and what happened to it since.

    Moto, which lists what has tags, reads its `name` and `alarm_arn`.
    """

    given: Given
    alarm_arn: str
    state: str = "INSUFFICIENT_DATA"
    reason: str = "Unchecked: Initial alarm creation"
    reason_data: str | None = None
    put: datetime = field(default_factory=utcnow)
    moved: datetime = field(default_factory=utcnow)
    updated: datetime = field(default_factory=utcnow)

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.given["AlarmName"])

    @property
    def does_something(self) -> bool:
        """Whether its actions are enabled."""
        return bool(self.given["ActionsEnabled"])

    def described(self) -> dict[str, Any]:
        """As DescribeAlarms has it."""
        told: dict[str, Any] = {member: [] for member in ACTIONS}
        if "Metrics" not in self.given:
            told["Dimensions"] = []
        told |= {key: value for key, value in self.given.items() if key != "Tags"}
        told |= {"StateReasonData": self.reason_data} if self.reason_data else {}
        return told | {
            "AlarmArn": self.alarm_arn,
            "AlarmConfigurationUpdatedTimestamp": self.put,
            "StateValue": self.state,
            "StateReason": self.reason,
            "StateUpdatedTimestamp": self.updated,
            "StateTransitionedTimestamp": self.moved,
        }


def history(backend: CloudWatchBackend) -> list[dict[str, Any]]:
    """All that happened to alarms of a region, oldest first; a reset of moto empties it."""
    found: list[dict[str, Any]] = backend.__dict__.setdefault("alarm_history", [])
    return found


def record(backend: CloudWatchBackend, name: str, kind: str, summary: str, data: Any) -> None:
    """Adds to the history of an alarm."""
    history(backend).append({
        "AlarmName": name, "AlarmType": "MetricAlarm", "Timestamp": utcnow(),
        "HistoryItemType": kind, "HistorySummary": summary, "HistoryData": json.dumps(data),
    })


def move(
    backend: CloudWatchBackend, alarm: Kept, state: str, reason: str, data: str | None = None
) -> None:
    """Puts an alarm into a state; where it was in another, its actions are carried out."""
    before, alarm.state, alarm.reason, alarm.reason_data = alarm.state, state, reason, data
    alarm.updated = utcnow()
    if before == state:
        return
    alarm.moved = alarm.updated
    states = {"oldState": {"stateValue": before}, "newState": {"stateValue": state}}
    record(backend, alarm.name, "StateUpdate", f"Alarm updated from {before} to {state}", states)
    if not alarm.does_something or mute_rules.is_muted(backend, alarm.name):
        return
    member = next(member for member, acted in ACTIONS.items() if acted == state)
    for arn in alarm.given.get(member, []):
        if arn.split(":")[2] == "sns":
            _notify(backend, alarm, before, arn)


def _notify(backend: CloudWatchBackend, alarm: Kept, before: str, arn: str) -> None:
    account, region, name = backend.account_id, backend.region_name, alarm.name
    why, told = refused(alarm.alarm_arn, arn), {"notificationResource": arn}
    if why:
        summary = f'Failed to execute action {arn}. Received error: "{why}"'
        record(backend, name, "Action", summary, told | {"actionState": "Failed", "error": why})
        return
    message = json.dumps(_message(alarm, before, account, region))
    subject = f'{alarm.state}: "{name}" in {REGIONS.get(region, region)}'[:SUBJECT_LIMIT]
    owner = arn.split(":")[4]
    sns_backends[owner][region].publish(message, arn, subject=subject)
    done = told | {"actionState": "Succeeded", "publishedMessage": message}
    record(backend, name, "Action", f"Successfully executed action {arn}", done)


def refused(alarm_arn: str, topic_arn: str) -> str | None:
    """Why the alarm cannot publish to the topic, if it cannot."""
    _, _, _, region, account, _ = topic_arn.split(":", 5)
    topic: Topic | None = sns_backends[account][region].topics.get(topic_arn)
    if topic is None:
        return "Topic does not exist"
    source = {"aws:SourceArn": alarm_arn, "aws:SourceAccount": alarm_arn.split(":")[4]}
    owner = source | {"aws:SourceOwner": source["aws:SourceAccount"]}
    given = {"service": SERVICE, "action": "SNS:Publish", "resource": topic_arn}
    decision = decides(topic.policy, context=owner, **given)
    if decision != "Allowed":
        because = "with an explicit deny in a resource-based policy"
        if decision == "NotAllowed":
            because = "because no resource-based policy allows the SNS:Publish action"
        return (
            f"Resource: {alarm_arn} is not authorized to perform: SNS:Publish "
            f"on resource: {topic_arn} {because}"
        )
    return None if _may_encrypt(topic, source) else NO_KEY


def _may_encrypt(topic: Topic, source: dict[str, str]) -> bool:
    """The key of a topic, if it has one: of the customer's, enabled, and letting CloudWatch in."""
    if not topic.kms_master_key_id:
        return True
    region = topic.arn.split(":")[3]
    key = find_key(topic.account_id, region, topic.kms_master_key_id)
    if key is None or key.key_manager == "AWS" or key.key_state != "Enabled":
        return False
    context = source | {"kms:EncryptionContext:aws:sns:topicArn": topic.arn}
    return all(
        decides(key.policy, service=SERVICE, action=action, resource=key.arn, context=context)
        == "Allowed"
        for action in ("kms:Decrypt", "kms:GenerateDataKey")
    )


def _message(alarm: Kept, before: str, account: str, region: str) -> dict[str, Any]:
    given = alarm.given
    trigger = {key: given[key] for key in TRIGGER if key in given}
    named = [{"name": it["Name"], "value": it["Value"]} for it in given.get("Dimensions", [])]
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": given.get("AlarmDescription"),
        "AWSAccountId": account,
        "AlarmConfigurationUpdatedTimestamp": _stamp(alarm.put),
        "NewStateValue": alarm.state,
        "NewStateReason": alarm.reason,
        "StateChangeTime": _stamp(alarm.moved),
        "Region": REGIONS.get(region, region),
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": before,
        **{member: given.get(member, []) for member in ACTIONS},
        "Trigger": trigger | {"Dimensions": named},
    }


def _stamp(time: datetime) -> str:
    return f"{time.isoformat(timespec='milliseconds')}+0000"
