"""What `access-report` reads: files, folders and prefixes on S3, whole and damaged."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from access_lines import ADMIN, Line, text
from access_report import KNOWN, in_terminal, run
from local_aws.processes import Faults, Moto

LOGS = "access-logs"


def test_a_folder_is_read_with_all_below_it_packed_or_not(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    (folder / "2026" / "03").mkdir(parents=True)
    (folder / "2026" / "a").write_text(text(Line(), Line()))
    with gzip.open(folder / "2026" / "03" / "b.gz", "wt") as packed:
        packed.write(text(Line(), "odd", Line()))
    # Two packed files, one behind the other, are one for gzip.
    parts = [gzip.compress(text(Line()).encode()) for _ in range(3)]
    (folder / "c").write_bytes(b"".join(parts))
    (tmp_path / "log").write_text(text(Line(), "odd"))
    (folder / "link").symlink_to(tmp_path / "log")
    done = run(folder, *KNOWN, "--json")
    assert done.code == 0 and done.json["lines"] == 2 + 3 + 3 + 2 and "Skipped" not in done.err
    faults = [(Path(it["file"]).name, it["line"], it["offset"]) for it in done.json["faults"]]
    assert faults[0] == ("b.gz", 2, len(text(Line())) + 3) and faults[1][0] == "link"


def test_what_is_no_log_is_passed_over_and_counted(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    (folder / "inner").mkdir(parents=True)
    (folder / "a").write_text(text(Line()))
    for name, target in (("circle", folder), ("inner/up", tmp_path), ("nowhere", tmp_path / "gone")):
        (folder / name).symlink_to(target)
    for _ in range(2):
        done = run(folder, *KNOWN, "--html", folder / "report.html")
        assert done.code == 0 and "1 line, of which 0 blank and 0 malformed" in done.out
    assert "Skipped: 1 broken link, 2 links to a folder, 1 web page" in done.err and "Read 1 file, " in done.err
    assert "Skipped: 1 broken link" in (folder / "report.html").read_text()
    assert "No access log was found in the input" in run(folder / "report.html").out


def test_what_is_named_twice_counts_once(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "a").write_text(text(Line()))
    (folder / "b").symlink_to(folder / "a")
    done = run(folder / "a", folder, tmp_path / "logs" / ".." / "logs" / "a", *KNOWN, "--json")
    assert done.code == 0 and done.json["lines"] == 1


def test_what_was_unpacked_before_the_damage_counts(tmp_path: Path) -> None:
    lines = [Line(second=n, key=f"k{n}") for n in range(2_000)]
    whole = gzip.compress(text(*lines).encode())
    wrong_sum = whole[:-8] + bytes(byte ^ 1 for byte in whole[-8:-4]) + whole[-4:]
    for packed, code in ((whole + bytes(1_000), 0), (wrong_sum, 2), (whole + b"garbage", 2)):
        (tmp_path / "a.gz").write_bytes(packed)
        done = run(tmp_path / "a.gz", *KNOWN, "--json")
        assert (done.code, done.json["lines"]) == (code, len(lines))


def test_what_cannot_be_read_is_named_and_the_rest_is_told(tmp_path: Path) -> None:
    good, cut, empty = tmp_path / "good", tmp_path / "cut.gz", tmp_path / "empty"
    good.write_text(text(Line()))
    packed = gzip.compress(text(*(Line(second=n) for n in range(5_000))).encode())
    cut.write_bytes(packed[: len(packed) // 2])
    empty.mkdir()
    done = run(cut, good, empty, tmp_path / "gone", "--json")
    assert done.code == 2 and done.json["buckets"][0]["requests"] > 1
    told = [line for line in done.err.splitlines() if line.startswith("access-report: cannot read ")]
    assert len(told) == 3 and [str(path) in line for path, line in zip((cut, empty, tmp_path / "gone"), told)]
    table = run(empty, good, "--readers", KNOWN[1])
    assert "Nothing unusual was found in what could be read" in table.out
    assert "THIS REPORT IS INCOMPLETE: 1 input could not be read" in table.out


@pytest.fixture
def bucket(moto: Moto) -> Moto:
    """A bucket of another region with access logs in it."""
    s3 = moto.client("s3", "eu-west-1")
    s3.create_bucket(Bucket=LOGS, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for n in range(30):
        lines = text(*(Line(second=60 * n + second) for second in range(20)), *(["odd"] if n in (3, 17) else []))
        s3.put_object(Bucket=LOGS, Key=f"trail-logs/2026-03-02-08-{n:02}-00-X", Body=lines)
    s3.put_object(Bucket=LOGS, Key="config-logs/2026-03-02-08-00-00-Y", Body=text(Line(ADMIN)))
    return moto


def test_a_prefix_in_a_bucket_is_read_in_order_and_nothing_is_written(bucket: Moto, faults: Faults) -> None:
    done = run(f"s3://{LOGS}/trail-logs/", *KNOWN, "--json", endpoint=faults.endpoint)
    assert done.code == 0 and done.json["lines"] == 30 * 20 + 2 and done.findings() == []
    files = [it["file"] for it in done.json["faults"]]
    assert files == [f"s3://{LOGS}/trail-logs/2026-03-02-08-{n}-00-X" for n in ("03", "17")]
    assert {call.operation for call in faults.calls()} == {"HeadBucket", "ListObjectsV2", "GetObject"}
    whole = run(f"s3://{LOGS}", *KNOWN, "--json", endpoint=bucket.endpoint)
    assert whole.json["lines"] == 30 * 20 + 3 and len(whole.findings()) == 1


def test_every_page_of_a_long_list_is_read(moto: Moto) -> None:
    s3 = moto.client("s3")
    s3.create_bucket(Bucket=LOGS)
    for n in range(1_003):
        s3.put_object(Bucket=LOGS, Key=f"{n:06}", Body=text(Line()))
    done = run(f"s3://{LOGS}/", *KNOWN, "--json", endpoint=moto.endpoint)
    assert done.json["lines"] == 1_003 and "Read 1,003 files" in done.err


def test_a_file_in_a_bucket_that_cannot_be_read_is_named_and_the_rest_is_told(bucket: Moto, faults: Faults) -> None:
    faults.rule("s3", "GetObject", error="AccessDenied", status=403, times=1)
    done = run(f"s3://{LOGS}/trail-logs/", *KNOWN, "--json", endpoint=faults.endpoint)
    denied = [line for line in done.err.splitlines() if "-00-X: s3:GetObject was denied" in line]
    # One of two has an odd line more than the others.
    missing = 20 + ("-08-03-" in denied[0])
    assert done.code == 2 and len(denied) == 1 and done.json["lines"] == 30 * 20 + 2 - missing


def test_many_files_that_cannot_be_read_are_counted(bucket: Moto, faults: Faults) -> None:
    faults.rule("s3", "GetObject", error="AccessDenied", status=403, times=1_000)
    done = run(f"s3://{LOGS}/", *KNOWN, endpoint=faults.endpoint)
    named = [line for line in done.err.splitlines() if "s3:GetObject was denied" in line]
    assert done.code == 2 and len(named) == 20 and "cannot read 11 more inputs" in done.err
    assert "31 inputs could not be read" in done.out


def test_a_key_can_have_any_characters(bucket: Moto) -> None:
    keys = ["odd/\x01\x1b[31m", "odd/a+b c", "odd/100%41", "odd/\u65e5<&>"]
    for key in keys:
        bucket.client("s3", "eu-west-1").put_object(Bucket=LOGS, Key=key, Body=text(Line(), "odd"))
    done = run(f"s3://{LOGS}/odd/", *KNOWN, "--json", endpoint=bucket.endpoint)
    assert done.code == 0 and done.json["lines"] == 2 * len(keys), done.err
    assert {f"s3://{LOGS}/{key}" for key in keys[1:]} <= {it["file"] for it in done.json["faults"]}


def test_a_prefix_within_another_is_read_once(bucket: Moto) -> None:
    inputs = [f"s3://{LOGS}/{prefix}" for prefix in ("trail-logs/2026", "trail-logs/", "config-logs/", "trail-logs/")]
    assert run(*inputs, *KNOWN, "--json", endpoint=bucket.endpoint).json["lines"] == 30 * 20 + 3


def test_a_terminal_sees_how_far_it_is_on_s3(bucket: Moto) -> None:
    seen = in_terminal(100, f"s3://{LOGS}/", *KNOWN, endpoint=bucket.endpoint)
    assert re.search(r"[0-9]+ files?, [0-9.]+ k?B, ", seen), seen[:300]


def test_an_error_of_s3_is_told_in_plain_words(bucket: Moto, faults: Faults) -> None:
    cold = f"s3://{LOGS}/cold/a"
    bucket.client("s3", "eu-west-1").put_object(Bucket=LOGS, Key="cold/a", Body=text(Line()), StorageClass="GLACIER")
    told = run(cold, endpoint=bucket.endpoint).err.splitlines()[0]
    assert told.endswith(f"{cold}: s3:GetObject was rejected (InvalidObjectState: the object is archived: restore it first)")
    closed = run(cold, endpoint="http://127.0.0.1:9").err
    assert "s3:ListBucket failed temporarily (NoConnection: " in closed and "refused" in closed
    faults.rule("s3", "HeadBucket", error="", status=403, times=1)
    denied = run(cold, endpoint=faults.endpoint).err
    nobody = run(cold, endpoint=bucket.endpoint, credentials=False).err
    assert "no AWS credentials were found" in nobody
    for err in (closed, denied, nobody):
        assert not set("{}") & set(err) and len(err.splitlines()[0]) < 300, err


@pytest.mark.parametrize(
    "input, why",
    [
        ("s3://no-such-bucket/x", "s3:ListBucket found no such resource"),
        (f"s3://{LOGS}/nowhere/", "there is no file with this prefix"),
        ("s3://Not_A_Bucket/", "this is not the name of a bucket"),
    ],
)
def test_a_place_without_logs_is_an_error(bucket: Moto, input: str, why: str) -> None:
    done = run(input, endpoint=bucket.endpoint)
    assert done.code == 2 and f"cannot read {input}" in done.err and why in done.err


def test_it_takes_no_more_memory_for_more_lines(tmp_path: Path) -> None:
    small, large, endless = tmp_path / "small", tmp_path / "large.gz", tmp_path / "endless.gz"
    small.write_text(text(Line(ADMIN)))
    with gzip.open(large, "wt", compresslevel=1) as packed:
        for n in range(40):
            lines = text(*(Line(ADMIN, second=n * 1_000 + m, key=f"k{n}-{m}") for m in range(1_000)))
            packed.write(lines)
    with gzip.open(endless, "wb") as packed:
        for _ in range(200):
            packed.write(bytes(1_000_000))
    least = run(small).memory
    assert least > 0
    for file in (large, endless):
        assert run(file).memory < least + 6_000_000, file.name
