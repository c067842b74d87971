"""The key function as its role, with IAM enforced: its policies suffice, and none is idle."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import StartFunction
from envelope import Event, role_session, schedule
from given import policy, refusal
from installed import Installed, all_actions, visible
from kms_keys import ROOT, key, key_call, rotation
from local_aws.processes import Ministack
from observed import result, results

OBSERVE, REMEDIATE = "key.observe", "key.remediate"
LISTED = {"account:ListRegions", "kms:ListKeys"}
"""Those that only a schedule needs."""


@pytest.fixture
def installed(ministack: Ministack, function: StartFunction) -> Installed:
    return Installed(ministack, function, "key")


def waking(installed: Installed, action: str = "") -> tuple[str, Event]:
    """A key that does not rotate, and the event in which the action shows."""
    arn = key(installed.ministack)
    return arn, schedule() if action in LISTED else key_call("CreateKey", arn)


def test_the_policies_suffice_for_a_fix(installed: Installed) -> None:
    arn, event = waking(installed)
    assert result(installed.invoke(event))["status"] == "fixed"
    assert rotation(installed.ministack, arn)
    assert result(installed.invoke(event))["status"] == "compliant"


def test_the_policies_suffice_for_a_sweep(installed: Installed) -> None:
    arns = {
        key(installed.ministack),
        key(installed.ministack),
        key(installed.ministack, "eu-west-1"),
    }
    found = results(installed.invoke(schedule()))
    assert {
        it["resource"]: it["status"] for it in found if it["resource"] in arns
    } == dict.fromkeys(arns, "fixed")


def test_the_observing_policy_suffices_for_a_dry_run(installed: Installed) -> None:
    installed.take(REMEDIATE)
    arn, event = waking(installed)
    assert result(installed.invoke(event, mode="dry-run"))["status"] == "planned"
    assert not rotation(installed.ministack, arn)


def test_without_the_remediating_policy_nothing_can_be_written(installed: Installed) -> None:
    installed.take(REMEDIATE)
    arn, event = waking(installed)
    outcome = result(installed.invoke(event))
    assert (
        outcome["status"] == "failed" and "kms:EnableKeyRotation was denied" in outcome["because"]
    )
    assert not rotation(installed.ministack, arn)


@pytest.mark.parametrize("action", all_actions(OBSERVE, REMEDIATE))
def test_every_action_taken_away_is_reported(installed: Installed, action: str) -> None:
    _, event = waking(installed, action)
    assert visible(installed.invoke(event, mode="dry-run")) == ""
    installed.take_action(action)
    missed = visible(installed.invoke(event))
    assert "denied" in missed and action in missed, f"without {action} nothing is missed"


def test_it_can_switch_rotation_on_and_nothing_else(installed: Installed) -> None:
    arn, _ = waking(installed)
    kms = installed.ministack.client_as(installed.arn, "kms")
    text = policy(Principal=ROOT, Action="kms:*", Resource="*")
    forbidden: list[tuple[str, dict[str, Any]]] = [
        ("disable_key_rotation", {}),
        ("disable_key", {}),
        ("enable_key", {}),
        ("schedule_key_deletion", {}),
        ("cancel_key_deletion", {}),
        ("put_key_policy", {"PolicyName": "default", "Policy": text}),
        ("encrypt", {"Plaintext": b"x"}),
    ]
    for operation, given in forbidden:
        assert refusal(getattr(kms, operation), KeyId=arn, **given)[1].startswith("AccessDenied"), (
            operation
        )


def test_calls_by_our_role_are_looked_into(installed: Installed) -> None:
    arn, _ = waking(installed)
    ours = role_session(installed.role, installed.unique_id)
    enabled = installed.invoke(key_call("EnableKeyRotation", arn, userIdentity=ours))
    assert "EnableKeyRotation" in enabled.body["ignored"], "it can harm nothing, whoever makes it"
    stolen = key_call("DisableKeyRotation", arn, userIdentity=ours)
    assert result(installed.invoke(stolen))["status"] == "fixed"
