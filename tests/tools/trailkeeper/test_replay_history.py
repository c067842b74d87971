"""`trailkeeper replay` of CloudTrail's event history: by name, at two calls a second, and from where it was left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from datetime import timedelta
from pathlib import Path

from given import trail
from local_aws.processes import REGION, Ministack, Moto
from local_aws.server import request
from people import person
from replaying import by_role, permitted, record, replay, report, stopped, woken
from undoing import Desk

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CALLS = ("--calls", "DeleteRole,DeleteTrail,DeleteBucketPolicy,PutKeyPolicy,StartLogging,StopLogging")
ONE = ("--days", "30", "--regions", REGION, *CALLS, "--json")


def test_the_history_tells_wakes_and_attacks_page_by_page(moto: Moto) -> None:
    moto.keep_history(stopped(3 * DAY))
    moto.keep_history([record("iam", "DeleteRole", {"roleName": f"r{n}"}, n * HOUR, **by_role("ci")) for n in range(1, 121)])
    moto.keep_history([record("iam", "DeleteRole", {"roleName": "old"}, 31 * DAY)])
    found = report(replay(moto, *ONE))
    assert found["read"]["records"] == 122 and found["read"]["days"] == 30
    assert woken(found)["vpc"] == 120 and woken(found)["trail"] == 122
    (loss,) = found["losses"]
    assert (loss["call"], loss["ended"]["seconds"], loss["who"].rsplit("/", 1)[-1]) == ("StopLogging", 3600, "alice")
    assert {it["kind"]: it["calls"] for it in found["callers"]} == {"terraform": 120, "cli": 2}
    lookups, throttled = moto.lookups()
    assert throttled == 0, "it keeps to two calls a second"
    assert [it["name"] for it in lookups].count("DeleteRole") == 3
    assert len({it["name"] for it in lookups}) == len(lookups) - 2 == 6


def test_trails_of_today_say_which_buckets_hold_logs(moto: Moto) -> None:
    trail(moto)
    moto.keep_history([
        record("s3", "DeleteBucketPolicy", {"bucketName": bucket}, DAY)
        for bucket in (moto.client("cloudtrail").describe_trails()["trailList"][0]["S3BucketName"], "holiday")
    ])
    found = report(replay(moto, *ONE))
    assert len(found["losses"]) == 1 and found["read"]["log_buckets"]


def test_regions_are_asked_side_by_side(moto: Moto) -> None:
    moto.regions(["us-east-1", "eu-west-1"])
    found = report(replay(moto, "--days", "1", *CALLS, "--json"))
    lookups, throttled = moto.lookups()
    assert {it["region"] for it in lookups} == {"us-east-1", "eu-west-1"} and throttled == 0
    times = [[it["at"] for it in lookups if it["region"] == region] for region in ("us-east-1", "eu-west-1")]
    assert max(map(min, times)) < min(map(max, times)), "not one after the other"
    assert found["read"]["unread"] == []


def test_what_was_answered_is_not_asked_again(moto: Moto, tmp_path: Path) -> None:
    moto.keep_history(stopped(3 * DAY))
    moto.keep_history([record("kms", "PutKeyPolicy", {"keyId": "k"}, n * HOUR) for n in range(1, 121)])
    kept = tmp_path / "kept.jsonl"
    whole = report(replay(moto, *ONE))
    asked = len(moto.lookups()[0])
    desk = Desk(moto.endpoint, table=None)
    command = desk._command(("replay", *ONE, "--keep", str(kept)))
    process = subprocess.Popen(command, env=desk._environment(), stdout=subprocess.DEVNULL)
    while not kept.exists() or kept.read_text().count("\n") < 4:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    assert os.stat(kept).st_mode & 0o077 == 0, "nobody else reads what was called"
    with kept.open("a") as file:
        file.write('{"region": "half a li')
    before = len(moto.lookups()[0])
    again = report(replay(moto, *ONE, "--keep", str(kept)))
    after = len(moto.lookups()[0])
    assert before + after <= asked + 1 and after < asked
    for part in ("wakes", "losses", "calls", "callers"):
        assert again[part] == whole[part], part
    moto.lookups()
    third = report(replay(moto, *ONE, "--keep", str(kept)))
    assert moto.lookups()[0] == [] and third["losses"] == whole["losses"], "all is answered"
    assert json.loads(kept.read_text().split("\n")[0])["days"] == 30


def test_kept_answers_are_of_their_own_days_regions_and_calls(moto: Moto, tmp_path: Path) -> None:
    moto.keep_history(stopped(3 * DAY))
    kept = tmp_path / "kept.jsonl"
    first = report(replay(moto, *ONE, "--keep", str(kept)))
    content = kept.read_text()
    again = report(replay(moto, "--keep", str(kept), "--json"))
    assert again["read"]["days"] == 30 and again["cost"] == first["cost"] and again["losses"] == first["losses"]
    assert again["read"]["sources"] == first["read"]["sources"]
    for arguments, named in (
        (("--days", "7"), "--days 30"),
        (("--regions", "us-west-2"), f"--regions {REGION}"),
        (("--calls", "StopLogging"), "--calls "),
    ):
        done = replay(moto, *arguments, "--keep", str(kept), "--json")
        assert done.code == 2 and done.out == "" and f"it was begun with {named}" in done.err, done
        assert "another file" in done.err and len(done.err.splitlines()) == 1 and kept.read_text() == content
    assert report(replay(moto, *ONE, "--keep", str(kept)))["losses"] == first["losses"], "the same are no others"


def test_answers_of_another_account_or_no_answers_are_refused(moto: Moto, tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    kept.write_text("{}\n")
    done = replay(moto, *ONE, "--keep", str(kept))
    assert done.code == 2 and "no file of this command" in done.err
    assert kept.read_text() == "{}\n", "and left as it was"
    asked = {"trailkeeper-replay": 1, "account": "999999999999", "from": "x", "to": "y", "days": 1, "regions": [], "names": []}
    kept.write_text(json.dumps(asked) + "\n")
    done = replay(moto, *ONE, "--keep", str(kept))
    assert done.code == 2 and "999999999999" in done.err


def test_without_credentials_it_says_what_to_do(moto: Moto) -> None:
    done = replay(moto, *ONE, credentials=None)
    assert done.code == 2 and "credentials" in done.err and "--profile" in done.err


def test_ministack_tells_the_calls_made_to_it(ministack: Ministack) -> None:
    """With the rights of docs/permissions.md, and no others."""
    request("POST", f"{ministack.endpoint}/_ministack/config", {"cloudtrail._recording_enabled": "true"})
    try:
        auditor = person(ministack, "auditor", permitted("To replay"))
        kms = ministack.client("kms")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
        time.sleep(1.1)
        found = report(replay(ministack, "--days", "1", *CALLS, "--json", credentials=auditor.key))
        assert found["read"]["unread"] == [] and woken(found)["trail"] >= 1
        assert "PutKeyPolicy" in {it["call"] for it in found["calls"]}
        none = {"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"}
        nobody = person(ministack, "nobody", json.dumps({"Version": "2012-10-17", "Statement": [none]}))
        done = replay(ministack, *ONE, credentials=nobody.key)
        assert done.code == 2 and done.out == "", done
        assert "nothing could be read" in done.err and "cloudtrail:LookupEvents was denied" in done.err, done
    finally:
        request("POST", f"{ministack.endpoint}/_ministack/config", {"cloudtrail._recording_enabled": "false"})
