"""`trailkeeper replay` of CloudTrail's files: from S3 page by page, from a folder, and validated by digest files."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from local_aws.processes import ACCOUNT, REGION, Ministack, Moto
from people import person
from recorded import FILES, FOLDER, INDEX
from replaying import NOW, Signer, by_role, key, packed, permitted, record, replay, report, stopped, woken
from undoing import Desk, Done

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BUCKET = "audit-logs"
TREE = f"s3://{BUCKET}/AWSLogs/{ACCOUNT}/"


def bucket(account: Moto | Ministack, name: str = BUCKET) -> Any:
    """A client for S3 with an empty bucket."""
    s3 = account.client("s3")
    s3.create_bucket(Bucket=name, **({} if REGION == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": REGION}}))
    return s3


def policy(https: bool) -> dict[str, Any]:
    """The parameters of a new policy of the log bucket."""
    arns = [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]
    denial = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": arns, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    return {"bucketName": BUCKET, "bucketPolicy": {"Version": "2012-10-17", "Statement": [denial] if https else []}}


def write(folder: Path, number: int, content: bytes, kind: str = "CloudTrail") -> Path:
    """A file as it lies in a bucket, in a folder."""
    path = folder / key(number, kind)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_files_of_a_bucket_are_read_beyond_the_first_page(moto: Moto) -> None:
    s3 = bucket(moto)
    for number in range(1_050):
        s3.put_object(Bucket=BUCKET, Key=key(number), Body=packed([record("kms", "PutKeyPolicy", {"keyId": "k"}, HOUR)]))
    for kind in ("CloudTrail-Digest", "CloudTrail-Insight", "Config"):
        s3.put_object(Bucket=BUCKET, Key=key(1, kind), Body=b"none of ours")
    # The bucket whose files are read holds logs: what happened to it matters.
    s3.put_object(Bucket=BUCKET, Key=key(2_000), Body=packed([record("s3", "DeleteBucketPolicy", {"bucketName": BUCKET}, DAY)]))
    found = report(replay(moto, TREE, "--json"))
    assert (found["read"]["records"], found["read"]["files"]) == (1_051, 1_051)
    assert found["read"]["passed_over"] == {"digest files": 1, "Insight files": 1, "other logs": 1}
    assert found["losses"][0]["call"] == "DeleteBucketPolicy" and woken(found)["trail"] == 1_050


def test_a_fight_is_told_with_both_sides(tmp_path: Path) -> None:
    write(tmp_path, 0, packed([
        record("s3", "GetBucketAcl", {"bucketName": BUCKET}, 40 * DAY,
               userIdentity={"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"})]))
    for day in range(31):
        write(tmp_path, day + 1, packed([
            record("s3", "PutBucketPolicy", policy(True), day * DAY, **by_role("security", "Boto3/1.40")),
            record("s3", "PutBucketPolicy", policy(False), day * DAY - HOUR, **by_role("terraform-ci")),
        ]))
    done = replay_here(str(tmp_path))
    assert done.code == 0, done.err
    assert f"would fight log-bucket-https-only on bucket {BUCKET}: 31 times" in done.out
    assert "made wrong by role terraform-ci (Terraform, 31 times)" in done.out
    assert "Note: Controls and their rules are today's" in done.out


def replay_here(*arguments: str) -> Done:
    """Without anything that could be asked."""
    desk = Desk("http://127.0.0.1:9", table=None, credentials=None)
    return desk.run("replay", *arguments)


def test_what_is_broken_is_said_and_the_rest_counts(tmp_path: Path) -> None:
    whole = packed(stopped(DAY) * 500)
    write(tmp_path, 1, packed(stopped(DAY)))
    write(tmp_path, 2, whole[: len(whole) // 2])
    write(tmp_path, 3, b"no gzip")
    write(tmp_path, 4, gzip.compress(b'{"Records":[{"eventName":5},[],'))
    write(tmp_path, 5, b"")
    (tmp_path / "notes.txt").write_text("x")
    found = report(replay_here(str(tmp_path), "--json"), code=2)
    assert len(found["read"]["unread"]) == 4 and len(found["losses"]) >= 1
    assert any("ends too early" in it["because"] for it in found["read"]["unread"])
    (tmp_path / "empty").mkdir()
    for name, why in (("nowhere", "there is no such file or folder"), ("empty", "there are no files of CloudTrail's")):
        nothing = replay_here(str(tmp_path / name), "--json")
        assert nothing.code == 2 and nothing.out == "" and why in nothing.err and len(nothing.err.splitlines()) == 1, nothing


def test_a_prefix_without_records_is_an_error(moto: Moto) -> None:
    s3 = bucket(moto)
    s3.put_object(Bucket=BUCKET, Key=key(1, "Config"), Body=b"none of ours")
    old = key(1).replace(f"{NOW - HOUR:%Y%m%dT%H%MZ}", "20200131T1200Z")
    s3.put_object(Bucket=BUCKET, Key=old, Body=packed(stopped(DAY)))
    for more, why in (
        (("Config/",), "no file there has records of CloudTrail's"),
        (("CloudTrail/", "--days", "30"), "its files are of days before"),
        (("nowhere/",), "there is no file with this prefix"),
    ):
        done = replay(moto, TREE + more[0], *more[1:], "--json")
        assert done.code == 2 and done.out == "" and why in done.err, done
    report(replay(moto, TREE, "--json"))
    found = report(replay(moto, TREE, f"{TREE}Config/", "--json"), code=2)
    assert [it["what"] for it in found["read"]["unread"]] == [f"{TREE}Config/"], "the other source is told all the same"


def test_a_record_that_cannot_be_judged_is_no_good_news(tmp_path: Path) -> None:
    write(tmp_path, 1, packed([*stopped(DAY), record("kms", "PutKeyPolicy", {"keyId": "k"}, DAY, eventTime="0")]))
    found = report(replay_here(str(tmp_path), "--json"), code=2)
    assert (found["read"]["records"], found["read"]["unusable"], len(found["losses"])) == (2, 1, 1)
    assert found["read"]["first"].startswith("20")


def test_copies_count_once_and_days_limit(tmp_path: Path) -> None:
    both = stopped(3 * DAY)
    for number in (1, 2):
        write(tmp_path, number, packed(both))
    write(tmp_path, 3, packed(stopped(40 * DAY)))
    found = report(replay_here(str(tmp_path), "--json", "--days", "30"))
    assert (found["read"]["copies"], found["read"]["outside"], len(found["losses"])) == (2, 2, 1)


@pytest.mark.skipif(not FILES, reason="no recorded events are at hand")
def test_recorded_events_are_replayed(tmp_path: Path) -> None:
    """All of them are understood, and those of attacks are attacks."""
    for entry in json.loads(INDEX.read_text())["events"]:
        (tmp_path / entry["file"]).write_text((FOLDER / entry["file"]).read_text())
    found = report(replay_here(str(tmp_path), "--json"))
    assert found["read"]["unusable"] == 0 and found["read"]["records"] == len(FILES)
    told = {it["call"] for it in found["losses"]}
    assert {"StopLogging", "DeleteTrail", "PutEventSelectors", "StopConfigurationRecorder", "DeleteFlowLogs"} <= told
    assert {"StopLogging", "DeleteTrail"} <= {it["call"] for it in found["tried"]}


class Delivered:
    """A bucket with log files and signed digest files of each hour."""

    def __init__(self, moto: Moto, hours: int = 4) -> None:
        self.signer, self.s3 = Signer(), bucket(moto)
        self.digests: list[str] = []
        moto.public_key(REGION, self.signer.fingerprint, self.signer.public())
        for hour in range(hours):
            logs = {key(hour * 10 + n): packed(stopped(DAY)) for n in range(2)}
            for name, file in logs.items():
                self.s3.put_object(Bucket=BUCKET, Key=name, Body=file)
            at, file, signature = self.signer.digest(BUCKET, hour, logs)
            told = {"signature": signature, "signature-algorithm": "SHA256withRSA"}
            self.s3.put_object(Bucket=BUCKET, Key=at, Body=file, Metadata=told)
            self.digests.append(at)

    def folder(self, path: Path) -> str:
        """A copy on disk."""
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
            for item in page["Contents"]:
                at = path / item["Key"]
                at.parent.mkdir(parents=True, exist_ok=True)
                at.write_bytes(self.s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read())
        return str(path)


def test_files_are_validated_by_signed_digests(moto: Moto) -> None:
    Delivered(moto)
    valid = report(replay(moto, TREE, "--validate", "--json"))["validation"]
    assert (valid["digests"], valid["logs"], valid["signed"], valid["unsigned"]) == (4, 8, 4, 0)
    assert valid["forged"] == valid["changed_logs"] == valid["missing_digests"] == [] and valid["missing"] == 0


def test_a_copy_on_disk_is_validated_but_for_the_last_signature(moto: Moto, tmp_path: Path) -> None:
    folder = Delivered(moto).folder(tmp_path)
    valid = report(replay(moto, folder, "--validate", "--json"))["validation"]
    assert (valid["logs"], valid["signed"], valid["unsigned"]) == (8, 3, 1)
    alone = report(replay_here(folder, "--validate", "--json"), code=2)
    assert (alone["validation"]["signed"], alone["validation"]["logs"]) == (0, 8)
    assert "none was checked" in " ".join(alone["validation"]["said"])
    assert "public keys" in alone["read"]["unread"][0]["what"]


def test_without_digest_files_nothing_is_valid(tmp_path: Path) -> None:
    write(tmp_path, 1, packed(stopped(DAY)))
    found = replay_here(str(tmp_path), "--validate", "--json")
    assert found.code == 2 and "--validate: nothing was validated" in found.err, found
    assert found.json["read"]["records"] == 2, "what was read is told all the same"
    assert replay_here(str(tmp_path)).code == 0


def test_what_was_changed_deleted_or_forged_is_named(moto: Moto) -> None:
    there = Delivered(moto)
    there.s3.put_object(Bucket=BUCKET, Key=key(10), Body=packed([]))
    there.s3.delete_object(Bucket=BUCKET, Key=key(21))
    text = json.loads(gzip.decompress(there.s3.get_object(Bucket=BUCKET, Key=there.digests[2])["Body"].read()))
    there.s3.put_object(
        Bucket=BUCKET, Key=there.digests[2], Body=gzip.compress(json.dumps(text | {"newestEventTime": "x"}).encode()),
        Metadata={"signature": "00" * 256},
    )
    found = report(replay(moto, TREE, "--validate", "--json"), code=1)["validation"]
    assert found["changed_logs"] == [key(10).rsplit("/", 1)[-1]]
    assert (found["missing"], found["missing_names"]) == (1, [key(21).rsplit("/", 1)[-1]])
    assert found["changed_digests"] == found["forged"] == [there.digests[2]]


def of_hour(hour: int, name: str) -> str:
    """The key of a log file in the middle of the hour that this digest file is about."""
    stamp = f"{datetime(2027, 1, 31, hour, tzinfo=UTC) - timedelta(minutes=30):%Y%m%dT%H%MZ}"
    return f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2027/01/31/{ACCOUNT}_CloudTrail_{REGION}_{stamp}_{name}.json.gz"


def test_a_file_that_was_added_to_a_validated_hour_is_wrong(moto: Moto) -> None:
    there = Delivered(moto)
    planted = of_hour(2, "planted")
    there.s3.put_object(Bucket=BUCKET, Key=planted, Body=packed(stopped(DAY)))
    there.s3.put_object(Bucket=BUCKET, Key=of_hour(9, "later"), Body=packed(stopped(DAY)))
    done = replay(moto, TREE, "--validate", "--json")
    found = report(done, code=1)["validation"]
    assert (found["added"], found["added_names"]) == (1, [planted.rsplit("/", 1)[-1]])
    assert found["unlisted"] == 1, "of hours whose digest files are not there, nothing is said"
    assert "log file that the digest files of its hour do not list" in replay(moto, TREE, "--validate").out


def test_two_files_of_one_name_are_wrong_in_any_order(moto: Moto, tmp_path: Path) -> None:
    folder = Delivered(moto).folder(tmp_path / "whole")
    name = Path(key(10)).name
    for place in ("0", "z"):
        forged = tmp_path / "whole" / place / name
        forged.parent.mkdir()
        forged.write_bytes(packed([record("cloudtrail", "StartLogging", {"name": "main"}, HOUR)]))
        found = report(replay(moto, folder, "--validate", "--json"), code=1)["validation"]
        assert found["twice"] == found["changed_logs"] == [name] and found["logs"] == 8
        forged.write_bytes((tmp_path / "whole" / key(10)).read_bytes())
        report(replay(moto, folder, "--validate", "--json"))


def test_a_chain_that_begins_anew_is_told_and_is_not_wrong(moto: Moto) -> None:
    there = Delivered(moto)
    there.signer.restart()
    at, file, signature = there.signer.digest(BUCKET, 9, {})
    there.s3.put_object(Bucket=BUCKET, Key=at, Body=file, Metadata={"signature": signature})
    done = replay(moto, TREE, "--validate", "--json")
    found = report(done)["validation"]
    assert found["restarts"] == [at] and found["signed"] == 5
    assert "who stopped the trail?" in " ".join(found["said"])


def test_files_are_read_with_the_rights_on_the_page(ministack: Ministack) -> None:
    s3 = bucket(ministack, "my-logs")
    s3.put_object(Bucket="my-logs", Key=key(1), Body=packed(stopped(DAY)))
    auditor = person(ministack, "auditor", permitted("To replay"))
    found = report(replay(ministack, "s3://my-logs/AWSLogs/", "--json", credentials=auditor.key))
    assert found["read"]["records"] == 2
    other = bucket(ministack, "others")
    other.put_object(Bucket="others", Key=key(1), Body=packed(stopped(DAY)))
    refused = replay(ministack, "s3://others/AWSLogs/", "--json", credentials=auditor.key)
    assert refused.code == 2 and refused.out == "" and "denied" in refused.err, refused
