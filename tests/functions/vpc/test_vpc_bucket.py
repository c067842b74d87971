"""Flow logs into a bucket, whose policy lets them in before AWS looks at it."""

from __future__ import annotations

import json

import pytest
from conftest import StartFunction
from given import client_of, role
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from log_buckets import policy_of, put_policy
from observed import steps
from trails import OTHER, WEST, changing
from vpcs import (
    BUCKET, BUCKET_SERVICE, CREATE, DELETE, INTO_BUCKET, PUT, READERS, SIDS, TO, Found,
    assert_flows_into_bucket, check, delivery, flow_logs, log_bucket, order, vpc,
)

SHUT = {
    "Sid": "Shut", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
    "Resource": f"arn:aws:s3:::{BUCKET}/vpc/*",
}


def sids(moto: Moto, region: str = REGION) -> list[str]:
    return [it["Sid"] for it in policy_of(moto, BUCKET, region)["Statement"]]


@pytest.mark.parametrize(
    ("statements", "calls", "after"),
    [
        ([], [PUT, CREATE], SIDS),
        ([READERS], [PUT, CREATE], ["Readers", *SIDS]),
        ([READERS, delivery()], [CREATE], ["Readers", "Customers"]),
    ],
    ids=["no policy", "another policy", "complete"],
)
def test_the_policy_is_completed_before_the_flow_log_is_made(
    function: StartFunction, moto: Moto, faults: Faults,
    statements: list[Found], calls: list[str], after: list[str],
) -> None:
    one = vpc(moto)
    log_bucket(moto, *statements)
    outcome = check(function, faults, one, **INTO_BUCKET)
    assert outcome["status"] == "fixed" and steps(outcome) == [(call, "applied") for call in calls]
    assert changing(faults) == calls and sids(moto) == after
    assert policy_of(moto, BUCKET)["Statement"][: len(statements)] == statements
    assert_flows_into_bucket(moto, one)
    order(moto, "traffic")
    faults.forget()
    assert check(function, faults, one, **INTO_BUCKET)["status"] == "compliant"
    assert changing(faults) == []


def test_what_is_added_lets_in_the_delivery_of_this_account_alone(
    function: StartFunction, moto: Moto
) -> None:
    log_bucket(moto)
    check(function, moto, vpc(moto), **INTO_BUCKET)
    look, write = policy_of(moto, BUCKET)["Statement"]
    for it in (look, write):
        assert it["Principal"] == {"Service": BUCKET_SERVICE}
        assert it["Condition"]["StringEquals"]["aws:SourceAccount"] == ACCOUNT
        assert it["Condition"]["ArnLike"] == {"aws:SourceArn": f"arn:aws:logs:*:{ACCOUNT}:*"}
    assert write["Resource"] == f"{TO}/AWSLogs/{ACCOUNT}/*"
    assert write["Condition"]["StringEquals"]["s3:x-amz-acl"] == "bucket-owner-full-control"


def test_a_bucket_of_another_region_is_reached_there(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    one = vpc(moto)
    log_bucket(moto, READERS, region=WEST)
    assert check(function, faults, one, **INTO_BUCKET)["status"] == "fixed"
    assert {call.region for call in faults.calls("s3", "PutBucketPolicy")} == {WEST}
    assert sids(moto, WEST) == ["Readers", *SIDS]
    assert_flows_into_bucket(moto, one)


def test_a_dry_run_tells_the_policy_as_it_would_be(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    one = vpc(moto)
    log_bucket(moto, READERS)
    planned = check(function, faults, one, mode="dry-run", **INTO_BUCKET)
    assert planned["status"] == "planned" and changing(faults) == [] and sids(moto) == ["Readers"]
    applied = check(function, faults, one, **INTO_BUCKET)
    for plan, done in zip(planned["steps"], applied["steps"], strict=True):
        # Which flow log is made is known once it is.
        later = {"status": None} | ({"undo": None} if plan["action"] == "ec2:CreateFlowLogs" else {})
        assert plan | later == done | later
    put = applied["steps"][0]
    assert put["before"]["Statement"] == [READERS] and put["after"] == policy_of(moto, BUCKET)


ADVISED: dict[str, tuple[list[Found] | None, str]] = {
    "no bucket": (None, "does not exist"),
    "a policy that denies": ([delivery(), SHUT], "denies the delivery"),
    "a policy that is full": (
        [READERS | {"Resource": [f"arn:aws:s3:::{BUCKET}/{n:0>1030}" for n in range(19)]}], "20 KB",
    ),
}


@pytest.mark.parametrize(("statements", "why"), ADVISED.values(), ids=ADVISED)
def test_advised(
    function: StartFunction, moto: Moto, faults: Faults, statements: list[Found] | None, why: str
) -> None:
    one = vpc(moto)
    if statements is not None:
        log_bucket(moto, *statements)
    outcome = check(function, faults, one, **INTO_BUCKET)
    assert outcome["status"] == "advised" and why in outcome["advice"]
    assert changing(faults) == [] and flow_logs(moto, one) == {}


def test_a_policy_that_s3_refuses_stays_as_it_is(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    """It names a role that was deleted since, whose ARN the emulator goes on telling."""
    one, theirs = vpc(moto), READERS | {"Principal": {"AWS": role(moto, "reader")}}
    log_bucket(moto, theirs)
    moto.client("iam").delete_role(RoleName="reader")
    outcome = check(function, faults, one, **INTO_BUCKET)
    assert outcome["status"] == "failed" and "MalformedPolicy" in outcome["because"]
    assert steps(outcome) == [(PUT, "failed"), (CREATE, "skipped")]
    assert policy_of(moto, BUCKET)["Statement"] == [theirs] and flow_logs(moto, one) == {}


@pytest.mark.parametrize("lets_us", [False, True])
def test_whether_a_bucket_of_another_account_takes_them_is_aws_s_to_say(
    function: StartFunction, moto: Moto, faults: Faults, lets_us: bool
) -> None:
    one, s3 = vpc(moto), client_of(moto, OTHER, "s3")
    s3.create_bucket(Bucket=BUCKET)
    if lets_us:
        document = {"Version": "2012-10-17", "Statement": [delivery()]}
        s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(document))
    outcome = check(function, faults, one, **INTO_BUCKET)
    assert changing(faults) == [CREATE]
    if lets_us:
        assert outcome["status"] == "fixed"
        assert_flows_into_bucket(moto, one)
    else:
        assert outcome["status"] == "failed" and flow_logs(moto, one) == {}
        assert f"Access Denied for LogDestination: {BUCKET}" in outcome["because"]


@pytest.mark.parametrize(
    ("denied", "status", "calls"),
    [
        (["GetBucketPolicy"], "unknown", []),
        (["HeadBucket"], "fixed", [PUT, CREATE]),
        (["PutBucketPolicy"], "failed", [PUT]),
    ],
    ids=["policy", "look", "write"],
)
def test_what_may_not_be_read_or_changing(
    function: StartFunction, moto: Moto, faults: Faults,
    denied: list[str], status: str, calls: list[str],
) -> None:
    one = vpc(moto)
    log_bucket(moto, READERS)
    for operation in denied:
        faults.deny("s3", operation)
    outcome = check(function, faults, one, **INTO_BUCKET)
    assert outcome["status"] == status and changing(faults) == calls
    assert status == "fixed" or f"s3:{denied[0]} was denied" in outcome["because"]
    assert sids(moto) == (["Readers", *SIDS] if status == "fixed" else ["Readers"])
    assert len(flow_logs(moto, one)) == (status == "fixed")


@pytest.mark.parametrize("told", ["SUCCESS", ""])
def test_a_policy_that_somebody_cut_is_completed(
    function: StartFunction, moto: Moto, faults: Faults, told: str
) -> None:
    """Where AWS says already that the flow log fails, it is replaced as well."""
    one = vpc(moto)
    log_bucket(moto, READERS)
    check(function, moto, one, **INTO_BUCKET)
    old = assert_flows_into_bucket(moto, one)
    order(moto, "flow-log-status", flow_log=old, status=told)
    put_policy(moto, {"Version": "2012-10-17", "Statement": [READERS]}, BUCKET)
    outcome = check(function, faults, one, **INTO_BUCKET)
    assert outcome["status"] == "fixed" and sids(moto) == ["Readers", *SIDS]
    assert changing(faults) == ([PUT] if told else [PUT, DELETE, CREATE])
    assert (assert_flows_into_bucket(moto, one) == old) == bool(told)
