"""When nothing is taken back: somebody changed it since, another account, nobody to ask, nothing there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from account_snapshot import snapshot
from conftest import StartFunction
from given import client_of, trail
from kms_keys import key, key_call, rotation
from local_aws.clients import Credentials
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from log_buckets import HTTPS, LOGS, bucket_call, only, trail_policy
from observed import writes
from undoing import TABLE, Desk, fixed, ledger, left

WEST, OTHER = "eu-west-1", "210987654321"


@pytest.fixture
def desk(moto: Moto) -> Desk:
    """A person with the ledger of the account."""
    ledger(moto)
    return Desk(moto.endpoint)


@pytest.fixture
def change(function: StartFunction, moto: Moto, desk: Desk) -> str:
    """A change of a bucket's policy."""
    trail(moto)
    fixed(function, moto, "bucket", bucket_call(), **only(HTTPS))
    return str(desk.history()[-1]["id"])


def test_somebody_changed_it_since(moto: Moto, desk: Desk, change: str) -> None:
    s3 = moto.client("s3")
    document = json.loads(s3.get_bucket_policy(Bucket=LOGS)["Policy"])
    (ours,) = [it for it in document["Statement"] if it["Effect"] == "Deny"]
    ours["Action"] = "s3:GetObject"
    s3.put_bucket_policy(Bucket=LOGS, Policy=json.dumps(document))
    before = snapshot(moto, [REGION])
    done = desk.run("undo", change, "--yes")
    assert done.code == 1 and "somebody changed it since" in done.err, done
    for line in (f"Statement.{ours['Sid']}.Action", 'before   nothing', 'written  "s3:*"', 'now      "s3:GetObject"'):
        assert line in done.out, done.out
    assert left(moto, before) == set()
    assert desk.history()[-1]["id"] == change and desk.history()[-1]["undone"] is None


def test_it_is_as_before_already(moto: Moto, desk: Desk, change: str) -> None:
    moto.client("s3").put_bucket_policy(Bucket=LOGS, Policy=json.dumps(desk.show(change)["steps"][0]["before"]))
    before = snapshot(moto, [REGION])
    done = desk.run("undo", change, "--yes")
    assert done.code == 0 and "nothing to do: it is as it was before" in done.out, done
    assert left(moto, before) == set()


def test_a_change_is_taken_back_once(desk: Desk, change: str) -> None:
    desk.undo(change)
    undone = desk.show(change)["undone"]
    assert undone["by"].startswith(f"arn:aws:") and desk.show(undone["change"])["cause"]["actor"] == undone["by"]
    done = desk.run("undo", change, "--yes")
    assert done.code == 1 and f"with change {undone['change']}" in done.err, done


def test_the_change_that_took_one_back_is_taken_back(moto: Moto, desk: Desk, change: str) -> None:
    before = snapshot(moto, [REGION])
    desk.undo(change)
    assert left(moto, before)
    desk.undo(desk.show(change)["undone"]["change"])
    assert left(moto, before) == set()


def test_another_region(function: StartFunction, moto: Moto, desk: Desk) -> None:
    arn = key(moto, WEST)
    fixed(function, moto, "key", key_call("CreateKey", arn))
    (found,) = desk.history()
    assert found["region"] == WEST
    desk.undo(found["id"])
    assert not rotation(moto, arn)


def test_credentials_of_another_account(moto: Moto, desk: Desk, change: str, tmp_path: Path) -> None:
    given = moto.client("sts").assume_role(RoleArn=f"arn:aws:iam::{OTHER}:role/visitor", RoleSessionName="ann")
    keys = given["Credentials"]
    profiles = tmp_path / "credentials"
    profiles.write_text(
        "[home]\naws_access_key_id = testing\naws_secret_access_key = testing\n"
        f"[member]\naws_access_key_id = {keys['AccessKeyId']}\naws_secret_access_key = {keys['SecretAccessKey']}\n"
        f"aws_session_token = {keys['SessionToken']}\n"
    )
    nobody = Desk(moto.endpoint, credentials=None)
    before = snapshot(moto, [REGION])
    done = nobody.run(
        "undo", change, "--yes", "--profile", "member", "--ledger-profile", "home",
        AWS_SHARED_CREDENTIALS_FILE=str(profiles),
    )
    assert done.code == 1, done
    assert f"is in account {ACCOUNT}, and these credentials are of account {OTHER}" in done.err
    assert "--profile" in done.err and done.err.count("\n") == 1
    assert left(moto, before) == set()
    done = nobody.run("undo", change, "--yes", "--profile", "home", AWS_SHARED_CREDENTIALS_FILE=str(profiles))
    assert done.code == 0, done


def test_json_is_the_plan_and_with_yes_the_change(moto: Moto, desk: Desk, change: str) -> None:
    before = snapshot(moto, [REGION])
    planned = desk.run("undo", change, "--json")
    assert planned.code == 1 and "Add --yes" in planned.err, planned
    plan = planned.json
    assert (plan["change"], plan["account"], plan["taken_back"]) == (change, ACCOUNT, None)
    assert [it["outcome"] for it in plan["calls"]] == ["restore"]
    assert plan["calls"][0]["command"].startswith("aws s3api put-bucket-policy")
    assert left(moto, before) == set()
    done = desk.run("undo", change, "--json", "--yes")
    assert done.code == 0 and done.json["taken_back"] == desk.show(change)["undone"]["change"], done


def test_without_a_terminal_and_without_yes(moto: Moto, desk: Desk, change: str) -> None:
    before = snapshot(moto, [REGION])
    done = desk.run("undo", change)
    assert done.code == 1 and "--yes" in done.err, done
    assert "back: aws s3api put-bucket-policy" in done.out, "the calls are shown all the same"
    assert left(moto, before) == set()


@pytest.mark.parametrize(("answer", "made"), [("n", False), ("", False), ("y", True)])
def test_a_person_is_asked(moto: Moto, desk: Desk, change: str, answer: str, made: bool) -> None:
    before = snapshot(moto, [REGION])
    done = desk.answering(answer, "undo", change)
    assert f"in account {ACCOUNT}, region {REGION}" in done.err, done
    assert (done.code == 0, bool(left(moto, before))) == (made, made), done


def test_a_change_that_is_not_there(desk: Desk) -> None:
    done = desk.run("undo", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "--yes")
    assert done.code == 2 and "the ledger has no change 01ARZ3NDEKTSV4RRFFQ69G5FAV" in done.err, done


def test_a_ledger_that_is_not_there(moto: Moto) -> None:
    done = Desk(moto.endpoint, table="nowhere").run("history")
    assert done.code == 2 and "--table" in done.err and ACCOUNT in done.err and REGION in done.err, done
    assert done.err.count("\n") == 1


def test_no_credentials(moto: Moto) -> None:
    done = Desk(moto.endpoint, credentials=None).run("history")
    assert done.code == 2 and "no AWS credentials were found" in done.err and done.err.count("\n") == 1, done


@pytest.mark.parametrize("action", ["GetBucketPolicy", "PutBucketPolicy"])
def test_what_may_not_be_read_or_written(faults: Faults, moto: Moto, change: str, action: str) -> None:
    before = snapshot(moto, [REGION])
    faults.deny("s3", action)
    done = Desk(faults.endpoint).run("undo", change, "--yes")
    assert done.code == 1 and f"s3:{action}" in done.err and "allow" in done.err, done
    assert left(moto, before) == set()
