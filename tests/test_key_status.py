"""Each status that the key function reports, and what the account holds afterwards."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from account_snapshot import difference, snapshot
from conftest import StartFunction
from given import role, trust
from kms_keys import (
    CONTROL,
    ENABLE,
    READING,
    ROOT,
    TRIGGERS,
    WEST,
    calls,
    check,
    id_of,
    invoke,
    key,
    key_call,
    only,
    put_state,
    rotation,
)
from local_aws.clients import Credentials
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from observed import lines, result, steps, writes

READS = ["DescribeKey", "GetKeyRotationStatus"]
SIGNING = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}


@pytest.mark.parametrize("name", TRIGGERS)
def test_fixed_after_each_call(
    function: StartFunction, moto: Moto, faults: Faults, name: str
) -> None:
    arn = key(moto)
    outcome = check(function, faults, arn, name)
    assert (outcome["status"], steps(outcome)) == ("fixed", [(ENABLE, "applied")])
    assert calls(faults) == [*READS, "EnableKeyRotation", *READS]
    assert rotation(moto, arn) == 365
    (step,) = outcome["steps"]
    assert (step["before"], step["after"]) == (
        {"KeyRotationEnabled": False},
        {"KeyRotationEnabled": True, "RotationPeriodInDays": 365},
    )
    assert step["undo"] == f"aws kms disable-key-rotation --region {REGION} --key-id {arn}"


def test_nothing_but_the_rotation_changes(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = key(moto, Description="a", Tags=[{"TagKey": "a", "TagValue": "b"}])
    key(moto)
    before = snapshot(moto, [REGION, WEST])
    assert check(function, faults, arn)["status"] == "fixed"
    assert list(difference(before, snapshot(moto, [REGION, WEST]))) == [
        f"kms {REGION} {id_of(arn)} rotation"
    ]


@pytest.mark.parametrize("days", ["90", "180", "2560"])
def test_the_period_is_that_of_the_setting(
    function: StartFunction, moto: Moto, faults: Faults, days: str
) -> None:
    arn = key(moto)
    assert check(function, faults, arn, TRAILKEEPER_KEY_ROTATION_DAYS=days)["status"] == "fixed"
    assert rotation(moto, arn) == int(days)


@pytest.mark.parametrize("days", ["89", "2561", "0", "-365", "yearly", "365.5"])
def test_a_period_that_kms_does_not_take_stops_the_function(
    function: StartFunction, days: str
) -> None:
    started = function("key", endpoint="http://127.0.0.1:9", TRAILKEEPER_KEY_ROTATION_DAYS=days)
    assert started.wait_exit(10) != 0
    assert "TRAILKEEPER_KEY_ROTATION_DAYS" in lines(started, level="ERROR")[0]["message"]


@pytest.mark.parametrize("name", TRIGGERS)
def test_a_key_that_rotates_keeps_its_period(
    function: StartFunction, moto: Moto, faults: Faults, name: str
) -> None:
    arn = key(moto)
    moto.client("kms").enable_key_rotation(KeyId=arn, RotationPeriodInDays=180)
    outcome = check(function, faults, arn, name, TRAILKEEPER_KEY_ROTATION_DAYS="90")
    assert (outcome["status"], outcome["steps"]) == ("compliant", [])
    assert calls(faults) == READS
    assert rotation(moto, arn) == 180


def test_a_dry_run_plans_exactly_what_enforce_then_applies(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = key(moto)
    planned = check(function, faults, arn, mode="dry-run", TRAILKEEPER_KEY_ROTATION_DAYS="100")
    assert (planned["status"], calls(faults), rotation(moto, arn)) == ("planned", READS, None)
    applied = check(function, faults, arn, TRAILKEEPER_KEY_ROTATION_DAYS="100")
    assert applied["status"] == "fixed" and applied["because"] == planned["because"]
    assert [it | {"status": None} for it in planned["steps"]] == [
        it | {"status": None} for it in applied["steps"]
    ]
    assert rotation(moto, arn) == 100


KINDS: dict[str, tuple[dict[str, Any], str]] = {
    "asymmetric": ({"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}, "RSA_2048"),
    "signing": (SIGNING, "ECC_NIST_P256 for SIGN_VERIFY"),
    "hmac": ({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}, "HMAC_256"),
    "imported": ({"Origin": "EXTERNAL"}, "imported"),
    "cloudhsm": (
        {"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "cks-1234567890abcdef0"},
        "cks-1234567890abcdef0",
    ),
    "external store": (
        {"Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": "cks-1234567890abcdef1"},
        "cks-1234567890abcdef1",
    ),
}


def not_applicable(function: StartFunction, faults: Faults, arn: str, mode: str = "enforce") -> str:
    """Why, with no call but the one that tells what the key is."""
    outcome = check(function, faults, arn, mode=mode)
    assert (outcome["status"], outcome["steps"]) == ("not-applicable", [])
    assert set(calls(faults)) == {"DescribeKey"}
    return str(outcome["because"])


@pytest.mark.parametrize("mode", ["dry-run", "enforce"])
@pytest.mark.parametrize("kind", KINDS)
def test_not_applicable_by_what_the_key_is(
    function: StartFunction, moto: Moto, faults: Faults, kind: str, mode: str
) -> None:
    given, why = KINDS[kind]
    assert why in not_applicable(function, faults, key(moto, **given), mode)


def test_not_applicable_when_aws_manages_the_key(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = moto.client("kms").describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["Arn"]
    assert "managed by AWS" in not_applicable(function, faults, arn)


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("Disabled", "disabled"),
        ("PendingDeletion", "going to be deleted"),
        ("PendingReplicaDeletion", "once its replicas are"),
        ("PendingImport", "imported"),
        ("Creating", "still being made"),
        ("Updating", "primary region"),
        ("Unavailable", "key store"),
    ],
)
def test_not_applicable_by_the_keys_state(
    function: StartFunction, moto: Moto, faults: Faults, state: str, why: str
) -> None:
    arn = key(moto)
    put_state(moto, arn, state)
    because = not_applicable(function, faults, arn)
    assert why in because and state in because
    assert len(calls(faults)) == (4 if state == "Creating" else 1), (
        "only what passes by itself is waited for"
    )


def test_a_key_is_looked_at_again_once_it_is_back(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn, kms = key(moto), moto.client("kms")
    kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
    not_applicable(function, faults, arn)
    kms.cancel_key_deletion(KeyId=arn)
    assert "disabled" in check(function, faults, arn, "CancelKeyDeletion")["because"]
    kms.enable_key(KeyId=arn)
    assert check(function, faults, arn, "EnableKey")["status"] == "fixed"


def test_a_replica_is_its_primary_keys_matter(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = key(moto, MultiRegion=True)
    moto.client("kms").replicate_key(KeyId=arn, ReplicaRegion=WEST)
    replica = arn.replace(REGION, WEST)
    because = not_applicable(function, faults, replica)
    assert f"primary key {arn} in {REGION}" in because
    metadata = {"replicaKeyMetadata": {"arn": replica, "keyId": id_of(replica)}}
    event = key_call("ReplicateKey", arn, responseElements=metadata, resources=[{"ARN": replica}])
    outcome = result(invoke(function, faults, event))
    assert (outcome["resource"], outcome["status"]) == (arn, "fixed")
    assert rotation(moto, arn) == rotation(moto, replica) == 365


def test_a_key_that_is_not_known_everywhere_yet_is_waited_for(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = key(moto)
    faults.rule(
        "kms",
        "DescribeKey",
        times=2,
        error="NotFoundException",
        status=400,
        message=f"Key '{arn}' does not exist",
    )
    assert check(function, faults, arn)["status"] == "fixed"


def test_a_key_in_the_making_is_waited_for(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = key(moto)
    put_state(moto, arn, "Creating")
    started = function("key", endpoint=faults, mode="enforce")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(started.invoke, key_call("CreateKey", arn))
        while not faults.calls("kms", "DescribeKey"):
            time.sleep(0.02)
        put_state(moto, arn, "Enabled")
        assert result(running.result())["status"] == "fixed"


def test_a_key_that_is_gone_is_no_failure(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    gone = key(moto).replace("key/", "key/0")
    assert "no longer exists" in not_applicable(function, faults, gone)


# The key's own policy.


def missing(because: str) -> dict[str, Any]:
    """The statement that is told."""
    statement: dict[str, Any] = json.JSONDecoder().raw_decode(because, because.index("{"))[0]
    return statement


@pytest.mark.parametrize("mode", ["dry-run", "enforce"])
@pytest.mark.parametrize(
    ("allowed", "denied"),
    [
        ([], "kms:DescribeKey"),
        (["kms:DescribeKey"], "kms:GetKeyRotationStatus"),
        (READING, "kms:EnableKeyRotation"),
    ],
)
def test_failed_with_the_statement_that_the_keys_policy_lacks(
    function: StartFunction, moto: Moto, faults: Faults, allowed: list[str], denied: str, mode: str
) -> None:
    arn = key(moto)
    owner = {"Principal": {"AWS": role(moto, "owner")}, "Action": "kms:*"}
    given = [{"Principal": ROOT, "Action": allowed}] if allowed else []
    only(moto, arn, owner, *given)
    outcome = check(function, faults, arn, mode=mode)
    if (denied, mode) == (ENABLE, "dry-run"):
        # Nobody can tell without trying; the key's policy is not read.
        assert outcome["status"] == "planned"
        return
    assert outcome["status"] == "failed" and denied in outcome["because"]
    assert calls(faults).count(denied.partition(":")[2]) == 1, "what is denied is not asked again"
    assert steps(outcome) == ([(ENABLE, "failed")] if denied == ENABLE else [])
    if denied == ENABLE:
        assert "its rotation is off" in outcome["because"]

    # What is told is all that it takes.
    statement = missing(outcome["because"])
    assert statement["Action"] == sorted([*READING, ENABLE])
    only(moto, arn, owner, statement)
    assert check(function, faults, arn)["status"] == "fixed"
    (who,) = statement["Condition"]["ArnLike"].values()
    only(
        moto, arn, owner, statement | {"Condition": {"ArnLike": {"aws:PrincipalArn": f"{who[0]}x"}}}
    )
    assert check(function, faults, arn)["status"] == "failed"


@pytest.mark.parametrize("path", ["/", "/some/team/"])
def test_the_statement_names_our_role_whatever_its_path(
    function: StartFunction, moto: Moto, faults: Faults, path: str
) -> None:
    arn, iam = key(moto), moto.client("iam")
    ours = iam.create_role(
        RoleName="keeper", Path=path, AssumeRolePolicyDocument=trust("lambda.amazonaws.com")
    )["Role"]["Arn"]
    given = moto.client("sts").assume_role(RoleArn=ours, RoleSessionName="key")["Credentials"]
    settings = Credentials(
        given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]
    ).as_environment()
    owner = {"Principal": {"AWS": role(moto, "owner")}, "Action": "kms:*"}
    only(moto, arn, owner)
    statement = missing(check(function, faults, arn, **settings)["because"])
    names = [f"arn:aws:iam::{ACCOUNT}:role/keeper", f"arn:aws:iam::{ACCOUNT}:role/*/keeper"]
    assert statement["Condition"] == {"ArnLike": {"aws:PrincipalArn": names}}
    only(moto, arn, owner, statement)
    assert check(function, faults, arn, **settings)["status"] == "fixed"
    other = check(function, faults, arn)
    assert other["status"] == "failed"


def test_a_statement_is_of_no_use_where_another_denies(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = key(moto)
    deny = {"Effect": "Deny", "Principal": ROOT, "Action": ENABLE}
    only(moto, arn, {"Principal": ROOT, "Action": "kms:*"}, deny)
    outcome = check(function, faults, arn)
    assert outcome["status"] == "failed" and "what denies it there must spare" in outcome["because"]


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        ("DescribeKey", "unknown"),
        ("GetKeyRotationStatus", "unknown"),
        ("EnableKeyRotation", "failed"),
    ],
)
def test_what_iam_denies_is_not_put_on_the_keys_policy(
    function: StartFunction, moto: Moto, faults: Faults, operation: str, status: str
) -> None:
    arn = key(moto)
    why = f"not authorized to perform: kms:{operation} because no identity-based policy allows it"
    faults.rule("kms", operation, error="AccessDeniedException", status=400, message=why)
    outcome = check(function, faults, arn)
    assert outcome["status"] == status and f"kms:{operation} was denied" in outcome["because"]
    assert "statement" not in outcome["because"]
    assert calls(faults).count(operation) == 1


def test_failed_when_what_was_written_does_not_show(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = key(moto)
    started = function("key", endpoint=faults, mode="enforce", timeout=60)
    moto.hold("EnableKeyRotation", "after")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(started.invoke, key_call("CreateKey", arn))
        moto.wait_until_held()
        moto.client("kms").disable_key_rotation(KeyId=arn)
        moto.release()
        outcome = result(running.result())
    assert outcome["status"] == "failed" and "still shows" in outcome["because"]


# The modes.


@pytest.mark.parametrize("mode", ["dry-run", "enforce"])
def test_exempt_when_switched_off(
    function: StartFunction, moto: Moto, faults: Faults, mode: str
) -> None:
    outcome = check(function, faults, key(moto), mode=mode, TRAILKEEPER_CONTROLS=f"{CONTROL}=off")
    assert (outcome["status"], calls(faults)) == ("exempt", [])


def test_a_control_may_go_further_or_less_far_than_the_mode(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = key(moto)
    assert (
        check(function, faults, arn, TRAILKEEPER_CONTROLS=f"{CONTROL}=dry-run")["status"]
        == "planned"
    )
    assert writes(faults) == []
    outcome = check(
        function, faults, arn, mode="dry-run", TRAILKEEPER_CONTROLS=f"{CONTROL}=enforce"
    )
    assert outcome["status"] == "fixed"
