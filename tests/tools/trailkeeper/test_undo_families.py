"""What each family does to one broken resource is taken back: the account is as before."""

from __future__ import annotations

import re

import pytest
from account_snapshot import snapshot
from broken import BROKEN, HEARD
from conftest import StartFunction
from local_aws.processes import REGION, Moto
from undoing import Desk, all_undone, fixed, kinds, ledger, left

KEY = re.compile(rf"kms {REGION} (\S+) (metadata|policy|rotation|tags)|kms {REGION} alias/trailkeeper-\S+")
"""What stays of a key that Trailkeeper made, with its alias."""

KINDS = {
    "transfer": {"role", "role-policy", "server-logging-role"},
    "trail": {
        "key", "key-alias", "key-rotation", "log-group", "log-group-retention", "role", "role-policy", "trail-logging",
        "trail-selectors", "trail-settings",
    },
    "bucket": {"bucket", "bucket-lifecycle", "bucket-logging", "bucket-policy", "bucket-public-access-block"},
    "vpc": {"flow-log", "log-group", "log-group-retention", "role", "role-policy"},
    "monitoring": {"alarm", "key", "key-alias", "key-rotation", "metric-filter", "subscription", "topic"},
    "key": {"key-rotation"},
    "recorder": {
        "bucket", "bucket-encryption", "bucket-policy", "bucket-public-access-block", "config-channel", "config-recorder",
        "config-recording", "service-linked-role",
    },
}
"""The kinds of property that each family sets there."""


@pytest.mark.parametrize("family", BROKEN)
def test_the_account_is_as_before_but_for_keys(function: StartFunction, moto: Moto, family: str) -> None:
    ledger(moto)
    desk = Desk(moto.endpoint)
    event = BROKEN[family](moto)
    before = snapshot(moto, [REGION])
    fixed(function, moto, family, event, TRAILKEEPER_ALARM_ADDRESS=HEARD)
    assert left(moto, before) and kinds(desk) == KINDS[family]
    said = all_undone(desk)
    rest = left(moto, before)
    assert {it for it in rest if not KEY.fullmatch(it)} == set(), said
    # A key that stays is told of.
    assert bool(rest) == any("stays: disable the KMS key" in it for it in said)
