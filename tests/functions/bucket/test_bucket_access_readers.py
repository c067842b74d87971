"""Access logs are for the readers that the settings name: what the policy says then."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import StartFunction
from given import trail
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, Moto
from log_buckets import (
    HTTPS, LOGS, READERS, TARGET, check, customers_target, log_into, our_target, policy_of, statement_of,
)
from log_delivery import access_logs_arrive
from observed import steps, writes

READER = f"arn:aws:iam::{ACCOUNT}:role/SiemReader"
ELSEWHERE = "192.0.2.0/24"
ROLES = {"TRAILKEEPER_ROLES": f"arn:aws:iam::{ACCOUNT}:role/trailkeeper-AccessRole-1A2B"}


def judged(function: StartFunction, faults: Faults, readers: str = READER, networks: str = "", **more: str) -> dict[str, Any]:
    set_ = ROLES | {"TRAILKEEPER_ACCESS_READERS": readers, "TRAILKEEPER_ACCESS_NETWORKS": networks}
    return check(function, faults, READERS, bucket=more.pop("bucket", TARGET), **set_, **more)[READERS]


def sids(moto: Moto, bucket: str = TARGET) -> list[str]:
    return [it.get("Sid", "") for it in policy_of(moto, bucket)["Statement"]]


@pytest.mark.function_alone("nobody logs into that bucket: only an event leads to it")
def test_one_statement_is_added_and_all_else_stays(function: StartFunction, moto: Moto, faults: Faults) -> None:
    our_target(moto)
    before = policy_of(moto, TARGET)
    assert judged(function, faults, mode="dry-run")["status"] == "planned" and policy_of(moto, TARGET) == before
    found = judged(function, faults)
    assert (found["status"], steps(found)) == ("fixed", [("s3:PutBucketPolicy", "applied")])
    after = policy_of(moto, TARGET)
    assert after["Statement"][:-1] == before["Statement"]
    assert after["Statement"][-1]["Sid"] == "TrailkeeperAccessLogReaders"
    assert READER in after["Statement"][-1]["Condition"]["ArnNotLike"]["aws:PrincipalArn"]
    faults.forget()
    assert judged(function, faults)["status"] == "compliant" and writes(faults) == []


@pytest.mark.function_alone("nobody logs into that bucket: only an event leads to it")
def test_ours_follow_the_settings_and_the_report_keeps_the_old(function: StartFunction, moto: Moto, faults: Faults) -> None:
    our_target(moto)
    judged(function, faults, networks=ELSEWHERE)
    old = policy_of(moto, TARGET)
    assert sids(moto)[-2:] == ["TrailkeeperAccessLogNetworks", "TrailkeeperAccessLogReaders"]
    auditor = READER.replace("SiemReader", "Auditor")
    found = judged(function, faults, f"{READER},{auditor}", ELSEWHERE)
    assert found["status"] == "fixed" and found["steps"][0]["before"] == old
    assert sorted(sids(moto)) == sorted(it.get("Sid", "") for it in old["Statement"])
    assert auditor in json.dumps(policy_of(moto, TARGET))
    assert judged(function, faults, auditor)["status"] == "fixed"
    assert READER not in json.dumps(policy_of(moto, TARGET)) and "TrailkeeperAccessLogNetworks" not in sids(moto)
    assert judged(function, faults, auditor)["status"] == "compliant"


@pytest.mark.function_alone("nobody logs into that bucket: only an event leads to it")
def test_a_statement_of_theirs_by_our_name_stays(function: StartFunction, moto: Moto, faults: Faults) -> None:
    theirs = statement_of(TARGET, {"Bool": {"aws:MultiFactorAuthPresent": "false"}}, Sid="TrailkeeperAccessLogReaders")
    our_target(moto, theirs)
    assert judged(function, faults)["status"] == "fixed"
    assert theirs in policy_of(moto, TARGET)["Statement"]
    assert sids(moto)[-2:] == ["TrailkeeperAccessLogReaders", "TrailkeeperAccessLogReaders2"]
    assert judged(function, faults)["status"] == "compliant"


@pytest.mark.function_alone("nobody logs into that bucket: only an event leads to it")
def test_a_statement_of_theirs_that_keeps_more_out_is_enough(function: StartFunction, moto: Moto, faults: Faults) -> None:
    nobody_but = {"ArnNotLike": {"aws:PrincipalArn": [READER]}}
    our_target(moto, statement_of(TARGET, nobody_but, Sid="Theirs", Action=["s3:Get*", "s3:List*"]))
    assert judged(function, faults)["status"] == "compliant" and writes(faults) == []


def test_without_readers_nobody_is_kept_out(function: StartFunction, moto: Moto, faults: Faults) -> None:
    our_target(moto)
    found = judged(function, faults, "", ELSEWHERE)
    assert found["status"] == "not-applicable" and "TRAILKEEPER_ACCESS_READERS" in found["because"]
    assert writes(faults) == []


@pytest.mark.function_alone("nobody logs into that bucket: only an event leads to it")
def test_it_is_off_until_switched_on(function: StartFunction, moto: Moto, faults: Faults) -> None:
    our_target(moto)
    assert READERS not in check(function, faults, bucket=TARGET, TRAILKEEPER_ACCESS_READERS=READER)
    assert "TrailkeeperAccessLogReaders" not in sids(moto)


@pytest.mark.function_alone("nobody logs into that bucket: only an event leads to it")
def test_a_policy_without_room_is_told(function: StartFunction, moto: Moto, faults: Faults) -> None:
    names = [f"arn:aws:s3:::{TARGET}/{n:040}" for n in range(190)]
    large = {"Sid": "Large", "Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "s3:PutObject", "Resource": names}
    our_target(moto, large)
    found = judged(function, faults)
    assert found["status"] == "advised" and "20 KB" in found["advice"] and writes(faults) == []


def test_a_bucket_that_a_trail_delivers_to_is_advised(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    found = judged(function, faults, bucket=LOGS, TRAILKEEPER_ACCESS_TARGETS=LOGS)
    assert found["status"] == "advised" and "of their own" in found["advice"] and writes(faults) == []


def test_both_denials_are_one_call_and_logs_still_arrive(function: StartFunction, moto: Moto, faults: Faults) -> None:
    """Plain HTTP is the matter of the control that there is; the writer of logs is let in as before."""
    trail(moto)
    target = customers_target(moto)
    log_into(moto, target)
    set_ = ROLES | {"TRAILKEEPER_ACCESS_READERS": READER, "TRAILKEEPER_ACCESS_TARGETS": target}
    found = check(function, faults, READERS, HTTPS, bucket=target, **set_)
    assert {found[READERS]["status"], found[HTTPS]["status"]} == {"fixed"}
    assert len(faults.calls("s3", "PutBucketPolicy")) == 1
    assert sorted(sids(moto, target)) == ["", "TrailkeeperAccessLogReaders", "TrailkeeperHttpsOnly"]
    assert access_logs_arrive(moto, LOGS) is None
