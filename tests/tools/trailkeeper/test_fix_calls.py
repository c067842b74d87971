"""The calls that `trailkeeper fix` shows before it asks are those that it makes, but for what it says in between."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import seeded
import seeded_network
from local_aws.faults import Faults
from local_aws.processes import Moto
from observed import READS
from undoing import Desk

SHOWN = re.compile(r"^    \d+\. .* \(([\w-]+):(\w+)\)(?:, as above)?$", re.MULTILINE)
NEEDLESS = re.compile(r"^    not made: .* \(([\w-]+):(\w+)\)$", re.MULTILINE)
# Where the permission has another name than the call.
CALLS = {
    "PutEncryptionConfiguration": "PutBucketEncryption", "PutBucketPublicAccessBlock": "PutPublicAccessBlock",
    "PutLifecycleConfiguration": "PutBucketLifecycleConfiguration", "PutBucketAcl": "PutBucketAcl",
}


def empty(moto: Moto) -> None:
    """Two regions with what AWS puts there."""
    moto.regions(["us-east-1", "eu-west-1"])


SEEDS: dict[str, Callable[[Moto], Any]] = {"empty": empty, "account": seeded.seed, "network": seeded_network.seed}
CASES = [
    ("empty", "cloudtrail-logging"), ("empty", "cloudtrail-log-validation"), ("empty", "vpc-flow-logs"),
    ("empty", "config-recorder"), ("account", "cloudtrail-logging"), ("account", "cloudtrail-kms"),
    ("account", "cloudtrail-cloudwatch-logs"), ("account", "log-bucket-https-only"),
    ("account", "log-bucket-access-logging"), ("network", "vpc-flow-logs"), ("network", "kms-key-rotation"),
]


def called(found: list[tuple[str, str]]) -> Counter[str]:
    """The names of the calls for which these are the permissions."""
    return Counter(CALLS.get(action, action) for _, action in found)


@pytest.mark.parametrize("seed, control", CASES)
def test_what_is_shown_is_made(seed: str, control: str, moto: Moto, faults: Faults) -> None:
    SEEDS[seed](moto)
    desk = Desk(faults.endpoint, table=None)
    asked = desk.run("fix", control, "--all", "--no-ledger")
    assert asked.code == 1 and "Add --yes" in asked.err, asked
    shown = called(SHOWN.findall(asked.out))
    assert shown
    faults.forget()
    done = desk.run("fix", control, "--all", "--no-ledger", "--yes")
    made = Counter(it.operation for it in faults.calls() if not it.operation.startswith(READS))
    plan, _, after = done.out.partition("May break or cost: ")
    assert called(SHOWN.findall(plan)) == shown
    assert made == shown - called(NEEDLESS.findall(after)) + called(SHOWN.findall(after)), done.out
    assert "Fixed, and read back as right" in done.out, done


def test_what_is_shared_is_shown_once_and_said_to_be(moto: Moto) -> None:
    empty(moto)
    desk = Desk(moto.endpoint, table=None)
    asked = desk.run("fix", "vpc-flow-logs", "--all", "--no-ledger").out
    assert asked.count("create role trailkeeper-vpc-flow-logs (iam:CreateRole), as above") == 1, asked
    assert "Each is read again before its calls." in asked
    done = desk.run("fix", "vpc-flow-logs", "--all", "--no-ledger", "--yes").out
    assert "not made: create role trailkeeper-vpc-flow-logs (iam:CreateRole)" in done, done


def test_a_denied_fix_is_told_once_with_the_policy_that_allows_it(moto: Moto, faults: Faults) -> None:
    empty(moto)
    faults.rule("ec2", "CreateFlowLogs", error="UnauthorizedOperation", status=403)
    done = Desk(faults.endpoint, table=None).run("fix", "vpc-flow-logs", "--all", "--no-ledger", "--yes")
    assert done.code == 1, done
    first = done.out.split("Not fixed: ")[1]
    assert first.count(" was denied (UnauthorizedOperation") == 1, first
    assert "allow ec2:CreateFlowLogs to arn:aws:" in first and "policies/vpc.remediate.json has it" in first, first
