"""Who changed last what `trailkeeper check` finds wrong, as CloudTrail's event history tells it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from given import trail
from local_aws.processes import Moto
from replaying import record
from undoing import Desk

BOB = {"userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::123456789012:user/bob", "accountId": "123456789012"}}


def test_who_ended_the_record_is_told_and_not_who_did_something_else(moto: Moto) -> None:
    moto.regions(["us-east-1"])
    arn = trail(moto, "main", IsMultiRegionTrail=True)
    selectors = [{"readWriteType": "WriteOnly", "includeManagementEvents": True, "dataResources": []}]
    # The console names a trail by its ARN, the others by its name; the newest page is full of reads.
    reads = [
        record("cloudtrail", "GetTrail", {"name": "main"}, timedelta(minutes=at), readOnly=True) for at in range(1, 61)
    ]
    moto.keep_history([
        record("cloudtrail", "StopLogging", {"name": arn}, timedelta(hours=30)),
        record("cloudtrail", "PutEventSelectors", {"trailName": "main", "eventSelectors": selectors}, timedelta(hours=3), **BOB),
        *reads,
    ])
    done = Desk(moto.endpoint, table=None).run("check", "--family", "trail", "--json")
    assert done.code == 1, done
    told = {it["control"]: it.get("last_change") for it in done.json["findings"] if it["standing"] == "wrong"}
    assert _said(told["cloudtrail-logging"]) == ("StopLogging", "alice"), told
    # Nobody is blamed for what no known call has done.
    assert told["cloudtrail-kms"] is None, told


def _said(change: Any) -> tuple[str, str]:
    return change["call"], change["actor"]
