"""The command `access-report`: what it reads, what it says of it, and how it ends."""

from __future__ import annotations

import fcntl
import gzip
import os
import pty
import struct
import subprocess
import termios
from pathlib import Path

import pytest
from access_lines import ADMIN, Line, day, text
from access_report import KNOWN, run
from conftest import binary
from local_aws.processes import Faults, Moto

LOGS = "access-logs"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log file of one day."""
    file = tmp_path / "2026-03-02-12-00-00-A1B2"
    file.write_text(text(*day()))
    return file


def test_the_table_says_who_did_what_to_which_bucket_the_worst_first(log: Path) -> None:
    done = run(log, *KNOWN, folder=log.parent)
    assert done.code == 0
    order = [word for word in done.out.split() if word in ("CRITICAL", "HIGH", "MEDIUM", "LOW")]
    assert order == ["CRITICAL", "HIGH", "MEDIUM", "LOW"]
    row = next(line for line in done.out.splitlines() if "203.0.113.9" in line)
    cells = [cell.strip() for cell in row.strip("│").split("┆")]
    assert cells == ["bob@example.com", "trail-logs", "read", "read", "40", "0", "2026-03-02 09:23:20", "203.0.113.9"]
    role, last = (done.out.splitlines()[done.out.splitlines().index(row) + 1].split("┆")[at] for at in (0, 6))
    assert role.strip("│ ") == "role Admin, account 111122223333" and last.strip() == "2026-03-02 09:36:20"
    assert "session of a role, account 999999999999, not the bucket's" in done.out
    assert f"{log.name} ┆  468 ┆" in done.out.replace(f"{log.parent}/", "")
    assert "468 lines, of which 0 blank and 1 malformed" in done.out
    assert "Read 1 file, 468 lines, " in done.err and "B/s)" in done.err


def test_json_is_the_whole_report(log: Path) -> None:
    done = run(log, *KNOWN, "--json")
    report = done.json
    assert (report["lines"], report["malformed"]) == (468, 1)
    assert [bucket["requests"] for bucket in report["buckets"]] == [2, 465]
    deleted = [(it["bucket"], it["who"]["person"], it["count"]) for it in done.findings() if it["kind"] == "delete"]
    assert deleted == [("trail-logs", "bob@example.com", 1)]
    assert report["faults"][0]["line"] == 468


@pytest.mark.parametrize(
    "options, gone",
    [
        (("--readers", "arn:aws:iam::111122223333:role/*"), ("read", ADMIN)),
        (("--keepers", "5ba1e0de15*"), ("change", "5ba1e0de15ba1e0de15ba1e0de15ba1e0de15ba1e0de15ba1e0de15ba1e0de15")),
        (("--buckets", "trail-logs"), ("write", "arn:aws:iam::111122223333:user/carol")),
    ],
)
def test_what_is_said_to_be_normal_is_not_told(log: Path, options: tuple[str, str], gone: tuple[str, str]) -> None:
    def found(*more: str) -> set[tuple[str, str]]:
        return {(it["kind"], it["who"]["requester"]) for it in run(log, "--json", *more).findings()}

    assert gone in found() and gone not in found(*options)


def test_requests_from_elsewhere_are_told_when_networks_are_set(log: Path) -> None:
    done = run(log, *KNOWN, "--json", "--networks", "192.0.2.0/24,198.51.100.0/24")
    outside = [it["addresses"]["top"][0]["value"] for it in done.findings() if it["kind"] == "outside-networks"]
    assert outside == ["203.0.113.9"]


def test_the_exit_code_says_what_a_pipeline_must_know(tmp_path: Path) -> None:
    quiet, low = tmp_path / "quiet", tmp_path / "low"
    quiet.write_text(text(Line()))
    low.write_text(text(Line(ADMIN).refused()))
    for code, arguments in [
        (0, (quiet, "--fail-on", "low")),
        (0, (low,)),
        (1, (low, "--fail-on", "low")),
        (0, (low, "--fail-on", "medium")),
        (2, (low, tmp_path / "nothing", "--fail-on", "low")),
        (2, (tmp_path / "nothing",)),
        (2, (quiet, "--html", tmp_path / "no" / "folder")),
        (2, (quiet, "--fail-on", "awful")),
        (2, (quiet, "--networks", "everywhere")),
        (2, (quiet, "--readers", "*")),
        (2, (quiet, "--account", "12")),
        (2, ()),
        (2, ("s3://Not_A_Bucket/x",)),
    ]:
        done = run(*arguments, *(KNOWN if arguments and "--readers" not in arguments and "--account" not in arguments else ()))
        assert done.code == code, (arguments, done.err)


def test_findings_beyond_the_number_that_is_kept_apart_fail_a_pipeline_too(tmp_path: Path) -> None:
    file = tmp_path / "many"
    refused = [Line(f"arn:aws:iam::111122223333:user/u{n}").refused() for n in range(600)]
    file.write_text(text(*refused, Line("arn:aws:iam::111122223333:user/last", "REST.DELETE.OBJECT")))
    done = run(file, "--fail-on", "critical")
    assert done.code == 1 and "OF MORE REQUESTERS THAN ARE KEPT APART" in done.out
    assert "critical at worst" in done.out


def test_a_folder_is_read_with_all_below_it_packed_or_not(tmp_path: Path, log: Path) -> None:
    folder = tmp_path / "logs"
    (folder / "2026" / "03").mkdir(parents=True)
    (folder / "2026" / "a").write_text(text(Line(), Line()))
    with gzip.open(folder / "2026" / "03" / "b.gz", "wt") as packed:
        packed.write(text(Line(), "odd", Line()))
    # Two packed files, one behind the other, are one for gzip.
    parts = [gzip.compress(text(Line()).encode()) for _ in range(3)]
    (folder / "c").write_bytes(b"".join(parts))
    (folder / "circle").symlink_to(folder)
    (folder / "link").symlink_to(log)
    done = run(folder, *KNOWN, "--json")
    assert done.code == 0 and done.json["lines"] == 2 + 3 + 3 + 468
    faults = [(Path(it["file"]).name, it["line"], it["offset"]) for it in done.json["faults"]]
    assert faults[0] == ("b.gz", 2, len(text(Line())) + 3) and faults[1][0] == "link"


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
    assert "Nothing out of the ordinary was found in what could be read" in table.out
    assert "THIS REPORT IS NOT COMPLETE: 1 input could not be read" in table.out


def test_a_terminal_gets_no_control_characters_of_a_callers(tmp_path: Path) -> None:
    file = tmp_path / "a\x1b[31mred\nline"
    file.write_bytes(text(Line("arn:aws:sts::1:assumed-role/R/\x1b[2J\u202eeve@x"), "odd\x1b[1m").encode())
    done = run(file, tmp_path / "b\x1b]0;title\x07")
    assert done.code == 2 and "eve@x" in done.out and "red line" in done.out and "]0;title" in done.err
    assert not set("\x1b\x07\u202e") & set(done.out + done.err)


def in_terminal(columns: int, *arguments: str | Path) -> str:
    """What is seen on a terminal of this width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm"}
    command = [str(binary("access-report")), *map(str, arguments)]
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = b""
    try:
        while chunk := os.read(ours, 65536):
            seen += chunk
    except OSError:
        # Linux says so at the end.
        pass
    os.close(ours)
    assert process.wait(60) == 0
    return seen.decode()


def test_on_a_terminal_the_table_fits_and_progress_is_shown(log: Path) -> None:
    seen = in_terminal(100, log, *KNOWN)
    assert "% of 201.7 kB" in seen or "% of 201.67 kB" in seen
    rows = [line for line in seen.splitlines() if line.startswith(("│", "┌", "└"))]
    assert len(rows) > 20 and max(map(len, rows)) <= 100
    piped = run(log, *KNOWN)
    assert "%" not in piped.err and "\x1b" not in piped.out


def test_a_reader_that_has_seen_enough_is_no_error(log: Path) -> None:
    command = f"{binary('access-report')} {log} | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and done.stdout.strip() == "CRITICAL" and "panic" not in done.stderr


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


@pytest.mark.parametrize(
    "input, why",
    [
        ("s3://no-such-bucket/x", "s3:ListBucket found nothing"),
        (f"s3://{LOGS}/nowhere/", "there is no file whose key begins so"),
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
