"""One scheduled event for each family over a whole account: right for the right reason, and then silence."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from account_snapshot import difference, snapshot
from conftest import StartFunction
from envelope import schedule
from local_aws.faults import Faults
from local_aws.processes import Moto
from observed import results, writes
from seeded import REGIONS, seed

FAMILIES = ["trail", "bucket"]
RESTING = {"compliant", "advised", "not-applicable", "exempt"}
# CloudTrail says nothing to a member account of what its organization's trail delivers.
NOT_KNOWN = {("log-bucket-delivery", "arn:aws:s3:::organization-logs")}

Outcomes = dict[tuple[str, str], dict[str, Any]]


def sweep(function: StartFunction, faults: Faults, family: str, mode: str) -> Outcomes:
    """What the family's scheduled event says of each control and resource."""
    started = function(family, endpoint=faults, mode=mode, timeout=180)
    return {(it["control"], it["resource"]): it for it in results(started.invoke(schedule()))}


def steps(outcomes: Outcomes) -> set[tuple[str, str, str, str]]:
    """Every step, with what it replaces and puts there, but for the names that AWS gives to new keys."""
    return {
        (step["action"], step["summary"].split(" to ")[0], str(step["before"]), named(str(step["after"])))
        for outcome in outcomes.values() for step in outcome["steps"]
    }


def named(after: str) -> str:
    return re.sub(r"arn:aws:kms:[^']*", "KEY", after)


@pytest.fixture
def account(moto: Moto) -> Moto:
    seed(moto)
    return moto


def test_it_ends_right_and_stays_so(function: StartFunction, account: Moto, faults: Faults) -> None:
    before = snapshot(account, REGIONS)
    planned = {family: sweep(function, faults, family, "dry-run") for family in FAMILIES}
    assert writes(faults) == []
    assert difference(before, snapshot(account, REGIONS)) == {}

    fixed = {family: sweep(function, faults, family, "enforce") for family in FAMILIES}
    for family in FAMILIES:
        wrong = {key for key, it in fixed[family].items() if it["status"] not in RESTING | {"fixed"}}
        assert wrong <= NOT_KNOWN
    assert any(it["status"] == "fixed" for it in fixed["trail"].values())
    # The trail family came first, and made nothing that the bucket family plans for.
    for family in FAMILIES:
        assert steps(fixed[family]) == steps(planned[family])

    faults.forget()
    after = snapshot(account, REGIONS)
    for family in FAMILIES:
        again = sweep(function, faults, family, "enforce")
        unrest = {key: (it["status"], it["because"]) for key, it in again.items() if it["status"] not in RESTING}
        assert unrest.keys() <= NOT_KNOWN
    assert writes(faults) == []
    assert difference(after, snapshot(account, REGIONS)) == {}


# What was there and is another now. Everything else that was there is as it was.
CHANGED = {
    "cloudtrail ap-southeast-2 data", "cloudtrail ap-southeast-2 data logging",
    "cloudtrail us-east-1 central logging", "cloudtrail us-east-1 healthy",
    "cloudtrail us-east-1 main", "cloudtrail us-east-1 main logging", "cloudtrail us-east-1 main selectors",
    "s3 data-logs logging", "s3 healthy-trail-logs logging", "s3 main-trail-logs logging", "s3 narrow-trail-logs logging",
    "s3 healthy-trail-logs policy", "s3 main-trail-logs policy", "s3 narrow-trail-logs policy",
}
# What came: all of it named as ours, but for one key, a policy where there was none, and flags where there were none.
MADE = re.compile(r"(iam role|kms \S+|logs \S+|s3) (alias/|/)?trailkeeper|kms us-east-1 [0-9a-f-]{36} "
                  r"|s3 main-trail-logs public access block|s3 locked-target policy")
FIELDS = {
    "data": {"LogFileValidationEnabled", "CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn"},
    "healthy": {"KmsKeyId"},
    "main": {"LogFileValidationEnabled", "CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn", "KmsKeyId"},
}


def test_nothing_else_has_changed(function: StartFunction, account: Moto, faults: Faults) -> None:
    before = snapshot(account, REGIONS)
    for family in FAMILIES:
        sweep(function, faults, family, "enforce")
    found = difference(before, snapshot(account, REGIONS))
    assert {key for key, (was, _) in found.items() if was is not None} == CHANGED
    assert [key for key, (_, now) in found.items() if now is None] == []
    assert [key for key, (was, _) in found.items() if was is None and not MADE.match(key)] == []

    for name, fields in FIELDS.items():
        was, now = next(pair for key, pair in found.items() if key.startswith("cloudtrail") and key.endswith(f" {name}"))
        assert {field for field in was.keys() | now.keys() if was.get(field) != now.get(field)} == fields
    for key in CHANGED:
        if key.endswith(" policy"):
            was, now = (json.loads(it["Policy"]) for it in found[key])
            kept = now["Statement"][: len(was["Statement"])]
            assert kept == was["Statement"] and now | {"Statement": 0} == was | {"Statement": 0}
    was, now = found["cloudtrail us-east-1 main selectors"]
    assert now["EventSelectors"][1] == was["EventSelectors"][1], "the data events are as they were"


def test_what_is_said_is_said_for_the_right_reason(function: StartFunction, account: Moto, faults: Faults) -> None:
    trails = sweep(function, faults, "trail", "enforce")
    buckets = sweep(function, faults, "bucket", "enforce")

    def told(found: Outcomes, control: str, name: str) -> tuple[str, str]:
        outcome = next(it for (of, arn), it in found.items() if of == control and arn.endswith(name))
        return outcome["status"], outcome["because"] + (outcome["advice"] or "")

    for found, control, name, status, reason in [
        (trails, "cloudtrail-multi-region", "trail/narrow", "not-applicable", "trail/main"),
        (trails, "cloudtrail-logging", "trail/central", "fixed", "not logging"),
        (trails, "cloudtrail-log-validation", "trail/central", "advised", "another account"),
        (trails, "cloudtrail-logging", "trail/organization", "advised", "organization trail of account 999999999999"),
        (trails, "cloudtrail-kms", "trail/narrow", "advised", "AllowCloudTrailEncryptLogs"),
        (trails, "cloudtrail-kms", "trail/data", "advised", "Others read the log files (*)"),
        (trails, "cloudtrail-management-events", "trail/main", "fixed", "no management events"),
        (buckets, "log-bucket-public-access", "data-logs", "advised", "website"),
        (buckets, "log-bucket-https-only", "data-logs", "advised", "website"),
        (buckets, "log-bucket-access-logging", "main-trail-logs", "fixed", "logs into itself"),
        (buckets, "log-bucket-access-logging", "healthy-trail-logs", "fixed", "Object Lock"),
        (buckets, "log-bucket-delivery", "organization-logs", "unknown", "another account"),
        (buckets, "log-bucket-delivery", "narrow-trail-logs", "advised", "Requester Pays"),
        (buckets, "log-bucket-encryption", "organization-logs", "not-applicable", "another account"),
    ]:
        said = told(found, control, name)
        assert said[0] == status and reason in said[1], (control, name, said)
