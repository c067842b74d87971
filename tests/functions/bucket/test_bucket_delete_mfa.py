"""Who deletes from a log bucket shows a second factor: what its policy says then, and whom it stops where IAM decides."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import StartFunction
from given import policy, refusal, trail
from installed import EVERYONE, Installed, caller
from local_aws.clients import Credentials, client
from local_aws.faults import Faults
from local_aws.moto.policy import decides
from local_aws.processes import ACCOUNT, REGION, Ministack, Moto
from log_buckets import DELETE_MFA, HTTPS, LIFECYCLE, LOGS, TARGET, bucket_call, by_control, check, log_into, our_target, policy_of
from log_delivery import access_logs_arrive
from observed import steps, writes
from people import Person, person

SID = "TrailkeeperDeleteMfa"
TIDY = f"arn:aws:iam::{ACCOUNT}:role/tidy"
KEY = f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/01/31/x.json.gz"


def judged(function: StartFunction, faults: Faults, deleters: str = "", **more: Any) -> dict[str, Any]:
    found = check(function, faults, DELETE_MFA, TRAILKEEPER_LOG_BUCKET_DELETERS=deleters, **more)
    return found[DELETE_MFA]


def sids(moto: Moto, bucket: str = LOGS) -> list[str]:
    return [it.get("Sid", "") for it in policy_of(moto, bucket)["Statement"]]


def put(moto: Moto, *statements: dict[str, Any]) -> None:
    """Adds statements to the policy of the log bucket."""
    whole = policy_of(moto)
    whole["Statement"] += statements
    moto.client("s3").put_bucket_policy(Bucket=LOGS, Policy=json.dumps(whole))


def denial(**changes: Any) -> dict[str, Any]:
    condition = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    return {
        "Sid": "Theirs", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject*", "Resource": f"arn:aws:s3:::{LOGS}/*",
        "Condition": condition,
    } | changes


def test_one_statement_is_added_and_all_else_stays(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    before = policy_of(moto)
    assert judged(function, faults, mode="dry-run")["status"] == "planned" and policy_of(moto) == before
    found = judged(function, faults)
    assert (found["status"], steps(found)) == ("fixed", [("s3:PutBucketPolicy", "applied")])
    assert found["steps"][0]["before"] == before
    after = policy_of(moto)
    assert after["Statement"][:-1] == before["Statement"] and after["Statement"][-1]["Sid"] == SID
    faults.forget()
    assert judged(function, faults)["status"] == "compliant" and writes(faults) == []


def test_it_is_off_until_switched_on(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    assert DELETE_MFA not in check(function, faults) and SID not in sids(moto)


def test_who_takes_it_away_finds_it_back(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    judged(function, faults)
    without = policy_of(moto)
    without["Statement"].pop()
    moto.client("s3").put_bucket_policy(Bucket=LOGS, Policy=json.dumps(without))
    assert judged(function, faults)["status"] == "fixed" and sids(moto)[-1] == SID


def test_ours_follows_the_setting_and_the_report_keeps_the_old(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    judged(function, faults)
    old = policy_of(moto)
    found = judged(function, faults, TIDY)
    assert found["status"] == "fixed" and found["steps"][0]["before"] == old
    assert sids(moto).count(SID) == 1 and TIDY in json.dumps(policy_of(moto)["Statement"][-1])
    assert judged(function, faults)["status"] == "fixed" and policy_of(moto) == old


@pytest.mark.parametrize(("changes", "status"), [
    ({}, "compliant"),
    ({"Action": "s3:*", "Resource": "*"}, "compliant"),
    ({"Condition": {"Null": {"aws:MultiFactorAuthAge": "true"}}}, "compliant"),
    ({"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}, "fixed"),
    ({"Action": "s3:DeleteObject"}, "fixed"),
    ({"Resource": f"arn:aws:s3:::{LOGS}/AWSLogs/*"}, "fixed"),
    ({"Sid": SID, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}, "fixed"),
])  # fmt: skip
def test_what_others_deny_counts_as_far_as_it_goes(
    function: StartFunction, moto: Moto, faults: Faults, changes: dict[str, Any], status: str
) -> None:
    trail(moto)
    theirs = denial(**changes)
    put(moto, theirs)
    assert judged(function, faults)["status"] == status
    assert theirs in policy_of(moto)["Statement"]
    assert judged(function, faults)["status"] == "compliant"


def test_it_is_one_call_with_others_and_access_logs_arrive(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    found = check(function, faults, DELETE_MFA, HTTPS)
    assert {found[DELETE_MFA]["status"], found[HTTPS]["status"]} == {"fixed"}
    assert len(faults.calls("s3", "PutBucketPolicy")) == 1
    our_target(moto)
    log_into(moto, TARGET)
    assert judged(function, faults, bucket=TARGET)["status"] == "fixed" and sids(moto, TARGET)[-1] == SID
    assert access_logs_arrive(moto, LOGS) is None


# Where IAM decides.


@pytest.fixture
def installed(ministack: Ministack, function: StartFunction) -> Installed:
    """The function, with its own rights, and a log file in two versions."""
    trail(ministack)
    s3 = ministack.client("s3")
    s3.put_bucket_versioning(Bucket=LOGS, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2"):
        s3.put_object(Bucket=LOGS, Key=KEY, Body=body)
    return Installed(ministack, function, "bucket", TRAILKEEPER_CONTROLS=f"{DELETE_MFA}=enforce")


@pytest.fixture
def jo(installed: Installed) -> Person:
    """A person who may do everything."""
    return person(installed.ministack, "jo", policy(Action="*", Resource="*"))


def fixed(installed: Installed, deleters: str = "") -> None:
    answer = installed.invoke(bucket_call(), TRAILKEEPER_LOG_BUCKET_DELETERS=deleters)
    assert by_control(answer)[DELETE_MFA]["status"] == "fixed", answer.body


def kept(installed: Installed) -> list[str]:
    found = installed.ministack.client("s3").list_object_versions(Bucket=LOGS, Prefix=KEY)
    assert "DeleteMarkers" not in found
    return [it["VersionId"] for it in found["Versions"]]


def denied(installed: Installed, credentials: Credentials) -> None:
    """Each way to delete is denied, and all versions are kept."""
    s3 = client(installed.ministack.endpoint, "s3", REGION, credentials)
    versions = kept(installed)
    assert refusal(s3.delete_object, Bucket=LOGS, Key=KEY)[1] == "AccessDenied"
    assert refusal(s3.delete_object, Bucket=LOGS, Key=KEY, VersionId=versions[-1])[1] == "AccessDenied"
    assert kept(installed) == versions


def deletes(installed: Installed, credentials: Credentials) -> None:
    """A version and then the file itself can be deleted."""
    s3 = client(installed.ministack.endpoint, "s3", REGION, credentials)
    s3.delete_object(Bucket=LOGS, Key=KEY, VersionId=kept(installed)[-1])
    s3.delete_object(Bucket=LOGS, Key=KEY)


def test_without_a_second_factor_nobody_deletes(installed: Installed, jo: Person) -> None:
    fixed(installed)
    role = caller(installed.ministack, {"Action": "*", "Resource": "*"})
    for credentials in (jo.key, jo.session(), jo.role(role), installed.ministack.credentials_for(role)):
        denied(installed, credentials)


@pytest.mark.parametrize("by_role", [False, True])
def test_with_a_second_factor_one_deletes(installed: Installed, jo: Person, by_role: bool) -> None:
    fixed(installed)
    role = caller(installed.ministack, {"Action": "*", "Resource": "*"})
    deletes(installed, jo.role(role, mfa=True) if by_role else jo.session(mfa=True))


def test_who_is_named_deletes_and_nobody_else(installed: Installed, jo: Person) -> None:
    iam = installed.ministack.client("iam")
    for name in ("tidy", "tidy-too"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(**EVERYONE))
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(Action="*", Resource="*"))
    fixed(installed, TIDY)
    for credentials in (jo.key, jo.role(f"{TIDY}-too")):
        denied(installed, credentials)
    deletes(installed, jo.role(TIDY))


def test_everything_else_goes_on(installed: Installed, jo: Person) -> None:
    """Without a second factor one reads, writes, sets rules, and changes or deletes the policy: nobody is locked out."""
    fixed(installed)
    s3 = jo.client("s3")
    assert s3.get_object(Bucket=LOGS, Key=KEY)["Body"].read() == b"2"
    s3.put_object(Bucket=LOGS, Key="AWSLogs/new", Body=b"3")
    s3.list_objects_v2(Bucket=LOGS)
    changed = json.dumps(policy_of(installed.ministack))
    s3.put_bucket_policy(Bucket=LOGS, Policy=changed)
    s3.delete_bucket_policy(Bucket=LOGS)
    deletes(installed, jo.key)


@pytest.mark.parametrize("service", ["cloudtrail.amazonaws.com", "config.amazonaws.com", "s3.amazonaws.com"])
def test_a_service_is_not_kept_from_anything(installed: Installed, service: str) -> None:
    fixed(installed)
    whole = policy_of(installed.ministack)
    whole["Statement"].append({"Effect": "Allow", "Principal": {"Service": service}, "Action": "s3:*", "Resource": "*"})
    for action in ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject"):
        resource = f"arn:aws:s3:::{LOGS}/{KEY}"
        assert decides(whole, service=service, action=action, resource=resource, context={}) == "Allowed", action


def test_lifecycle_rules_are_set_beside_it(installed: Installed) -> None:
    """Rules act within S3, which asks no policy; the statement keeps nobody from setting them."""
    fixed(installed)
    both = f"{DELETE_MFA}=enforce,{LIFECYCLE}=enforce"
    found = by_control(installed.invoke(bucket_call(), TRAILKEEPER_CONTROLS=both))
    assert (found[DELETE_MFA]["status"], found[LIFECYCLE]["status"]) == ("compliant", "fixed")
