"""Changes looked up: listed, shown, and fights ended."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from conftest import StartFunction
from given import trail
from kms_keys import key, key_call
from envelope import changed
from local_aws.processes import ACCOUNT, REGION, Moto
from log_buckets import HTTPS, LOGS, bucket_call, only
from observed import results
from undoing import TABLE, Desk, fixed, ledger

WEST = "eu-west-1"


@pytest.fixture
def desk(moto: Moto) -> Desk:
    """A person with the ledger of the account."""
    ledger(moto)
    return Desk(moto.endpoint)


def test_an_empty_ledger(desk: Desk) -> None:
    assert desk.history() == []
    done = desk.run("history", "--since", "24h")
    assert done.code == 0 and done.out.startswith("No changes since "), done


def test_changes_are_listed_by_time_account_and_control(function: StartFunction, moto: Moto, desk: Desk) -> None:
    trail(moto)
    event = bucket_call()
    fixed(function, moto, "bucket", event, **only(HTTPS))
    fixed(function, moto, "key", key_call("CreateKey", key(moto, WEST)))
    bucket, rotated = desk.history()
    assert (bucket["resource"], bucket["controls"], bucket["outcome"]) == (f"arn:aws:s3:::{LOGS}", [HTTPS], "fixed")
    assert (bucket["account"], bucket["region"], bucket["family"]) == (ACCOUNT, REGION, "bucket")
    assert bucket["actor"] == event["detail"]["userIdentity"]["arn"] and bucket["undone"] is None
    assert rotated["region"] == WEST
    assert desk.history("--account", ACCOUNT) == [bucket, rotated]
    assert desk.history("--account", "210987654321") == []
    assert desk.history("--control", HTTPS) == [bucket]
    assert desk.history("--since", "1m") == [bucket, rotated]
    tomorrow = "2999-01-01"
    assert desk.history("--since", tomorrow) == []
    desk.undo(bucket["id"])
    first, *_, last = desk.history()
    assert first["undone"] == last["id"] and last["controls"] == [] and last["cause"] == "trailkeeper undo"
    lines = desk.run("history").out.splitlines()
    assert [line.split("  ")[0] for line in lines] == [bucket["id"], rotated["id"], last["id"]]
    assert "undone" in lines[0] and HTTPS in lines[0] and "of arn:aws" in lines[0]
    person = moto.client("sts").get_caller_identity()["Arn"]
    assert lines[-1].endswith(f"  undo  by {person} through trailkeeper undo"), lines


def test_a_change_is_shown(function: StartFunction, moto: Moto, desk: Desk) -> None:
    trail(moto)
    fixed(function, moto, "bucket", bucket_call(), **only(HTTPS))
    (listed,) = desk.history()
    text = desk.run("show", listed["id"]).out
    for words in (f"Change {listed['id']}", f"arn:aws:s3:::{LOGS}", f"account {ACCOUNT}, region {REGION}",
                  "everything was read back as right", f"{HTTPS}: ", "s3:PutBucketPolicy: ",
                  "back:   aws s3api put-bucket-policy", f"trailkeeper undo {listed['id']}"):
        assert words in text, text
    assert "\n  told      2" in text, text
    entry = desk.show(listed["id"])
    assert entry["told"] >= entry["telling"] == entry["ended"]
    assert entry["steps"][0]["property"] == {"property": "bucket-policy", "bucket": LOGS}
    assert entry["steps"][0]["state"] == "applied" and entry["findings"][0]["fixed"] is True


def test_a_hostile_name_is_one_line(function: StartFunction, moto: Moto, desk: Desk) -> None:
    trail(moto)
    event = bucket_call()
    event["detail"]["userIdentity"]["arn"] = "arn:aws:iam::1:user/x\nChange 1 \x1b[31m\u202e"
    event["detail"]["userAgent"] = "a\r\nTo take it back: rm -rf /"
    fixed(function, moto, "bucket", event, **only(HTTPS))
    (listed,) = desk.history()
    for done in (desk.run("history"), desk.run("show", listed["id"])):
        assert done.code == 0 and "\x1b" not in done.out and "\u202e" not in done.out, done
        assert not any(line.startswith(("Change 1 ", "To take it back: rm")) for line in done.out.splitlines())


def fought(function: StartFunction, moto: Moto) -> list[str]:
    """The statuses of one finding that somebody brings about four times."""
    keeps = function("bucket", mode="enforce", endpoint=moto, TRAILKEEPER_LEDGER=TABLE, **only(HTTPS))
    found = []
    for _ in range(4):
        moto.client("s3").delete_bucket_policy(Bucket=LOGS)
        event = changed(bucket_call(), "detail.eventID", str(uuid.uuid4()))
        (result,) = [it for it in results(keeps.invoke(event)) if it["control"] == HTTPS]
        found.append(result["status"])
    return found


def test_a_fight_is_ended(function: StartFunction, moto: Moto, desk: Desk) -> None:
    trail(moto)
    assert fought(function, moto) == ["fixed", "fixed", "fixed", "fought"]
    done = desk.run("resume", f"arn:aws:s3:::{LOGS}", "log-bucket-encryption")
    assert done.code == 0 and "There is no fight" in done.out, done
    assert fought(function, moto)[0] == "fought"
    done = desk.run("resume", f"arn:aws:s3:::{LOGS}", HTTPS)
    assert done.out == f"{HTTPS} of arn:aws:s3:::{LOGS} is fixed again from now on, with the next event or sweep.\n", done
    assert fought(function, moto)[0] == "fixed"
    done = desk.run("resume", f"arn:aws:s3:::{LOGS}")
    assert HTTPS in done.out, done


def test_there_is_no_fight_over_what_was_never_fixed(moto: Moto, desk: Desk) -> None:
    before = moto.client("dynamodb").scan(TableName=TABLE)["Items"]
    done = desk.run("resume", "arn:aws:s3:::elsewhere")
    assert done.code == 0 and "There is no fight over arn:aws:s3:::elsewhere" in done.out, done
    assert moto.client("dynamodb").scan(TableName=TABLE)["Items"] == before


def test_the_table_is_found_by_the_stack(moto: Moto, desk: Desk) -> None:
    template: dict[str, Any] = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}, "Outputs": {"LedgerTable": {"Value": TABLE}},
    }
    cloudformation = moto.client("cloudformation")
    by_stack = Desk(moto.endpoint, table=None)
    done = by_stack.run("history")
    assert done.code == 2 and "there is no stack trailkeeper with the output LedgerTable" in done.err, done
    for name in ("trailkeeper", "keeper"):
        cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    assert by_stack.run("history").code == 0
    assert by_stack.run("history", "--stack", "keeper").code == 0
    assert by_stack.run("history", "--stack", "nobody").code == 2
