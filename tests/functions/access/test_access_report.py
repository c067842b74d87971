"""The command `access-report`: what it says of what it read, and how it ends."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from access_lines import ADMIN, INTRUDER, Line, day, text
from access_report import KNOWN, in_terminal, run
from conftest import binary
from repository import ROOT


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
    at = done.out.splitlines().index(row)
    rows = [[cell.strip() for cell in line.strip("│").split("┆")] for line in done.out.splitlines()[at - 2 : at + 1]]
    assert rows == [
        ["4", "bob@example.com", "read", "40", "2026-03-02 09:23:20"],
        ["", "session of this name, role Admin, account 111122223333", "", "204.80 kB", "to 2026-03-02 09:36:20"],
        ["", "on trail-logs", "", "", "from 203.0.113.9"],
    ]
    assert "role, another account (999999999999)" in done.out and "(12 refused)" in done.out
    assert f"{log.name} ┆  468 ┆" in done.out.replace(f"{log.parent}/", "")
    assert "468 lines, of which 0 blank and 1 malformed" in done.out
    assert "Read 1 file, 468 lines, " in done.err and "B/s)" in done.err


def test_the_worst_is_named_first(log: Path, tmp_path: Path) -> None:
    assert run(log, *KNOWN).out.splitlines()[:3] == [
        "bob@example.com deleted from trail-logs: 1 request, 2026-03-02 09:41:40 UTC",
        "5ba1e0de15ba…e0de15 changed the settings of trail-logs: 1 request, 2026-03-02 09:46:40 UTC",
        "anonymous listed trail-logs: 1 request, 2026-03-02 11:03:20 UTC",
    ]
    file = tmp_path / "few"
    deleted = [Line(ADMIN, "REST.DELETE.OBJECT", second) for second in (0, 60, 86_400)]
    file.write_text(text(*deleted[:2], deleted[2].refused(), *(Line(INTRUDER, second=n).refused() for n in range(12))))
    first, second, *_ = run(file, *KNOWN).out.splitlines()
    when = "2026-03-02 08:00:00 to 2026-03-03 08:00:00 UTC"
    assert first == f"bob@example.com deleted from trail-logs: 3 requests (1 of them refused), {when}" and second == ""
    file.write_text(text(Line(ADMIN, "REST.DELETE.OBJECT").refused()))
    assert run(file).out.startswith("bob@example.com tried to delete from trail-logs: 1 request, 2026-03-02 08:00:00 UTC\n")


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
        (("--writers", "arn:aws:iam::111122223333:user/*"), ("write", "arn:aws:iam::111122223333:user/carol")),
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
    quiet, low, nothing, junk = (tmp_path / name for name in ("quiet", "low", "nothing", "junk"))
    nothing.write_text("\n")
    junk.write_text('{"Records":[]}\n')
    quiet.write_text(text(Line()))
    low.write_text(text(Line(ADMIN).refused()))
    for code, arguments in [
        (0, (quiet, "--fail-on", "low")),
        (0, (low,)),
        (1, (low, "--fail-on", "low")),
        (0, (low, "--fail-on", "medium")),
        (2, (low, tmp_path / "gone", "--fail-on", "low")),
        (2, (tmp_path / "gone",)),
        (2, (quiet, "--html", tmp_path / "no" / "folder")),
        (2, (nothing,)),
        (2, (nothing, "--json")),
        (2, (junk, "--fail-on", "critical")),
        (2, (low, "--buckets", "config-logs", "--fail-on", "low")),
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
    users = [f"arn:aws:iam::111122223333:user/u{n}" for n in range(600)]
    file.write_text(text(*(Line(user).refused() for user in users), *(Line(user, "REST.DELETE.OBJECT") for user in users)))
    done = run(file, "--fail-on", "critical")
    assert done.code == 1 and "critical at worst" in done.out
    assert done.out.startswith("Others, not listed one by one, deleted from trail-logs: 88 requests, ")
    assert 0 < done.out.index("OTHER REQUESTERS, NOT LISTED ONE BY ONE") < done.out.index("\nCRITICAL\n")


@pytest.mark.parametrize(
    "lines, options, told",
    [
        ((), (), "No access log was found in the input"),
        (("odd", "odd"), (), "No access log was found in the input; 2 lines could not be parsed"),
        ((Line(),), ("--buckets", "config-logs"), "There were no requests to the buckets named"),
        ((Line(), "odd"), (), "Nothing unusual was found in what could be parsed; 1 line could not be"),
        ((Line(),), (), "Nothing unusual was found"),
    ],
)
def test_it_only_says_that_all_is_well_of_what_it_understood(
    tmp_path: Path, lines: tuple[Line | str, ...], options: tuple[str, ...], told: str
) -> None:
    file = tmp_path / "log"
    file.write_text(text(*lines))
    done = run(file, *KNOWN, *options)
    assert done.out.splitlines()[-1] == told
    void = told.startswith(("No ", "There were no "))
    assert done.code == (2 if void else 0)
    as_json = run(file, *KNOWN, *options, "--json")
    assert (f"access-report: {told}" in as_json.err) == void


def test_a_bucket_that_was_asked_for_and_has_no_requests_is_named(log: Path) -> None:
    done = run(log, *KNOWN, "--buckets", "trail-logs,config-logs,flow-logs")
    assert "These logs contain no requests to flow-logs" in done.out and re.search("flow-logs +┆ +0 ┆ +0 ", done.out)
    assert "no request to" not in run(log, *KNOWN, "--buckets", "trail-logs").out


def test_the_period_is_told_to_the_second(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_text(text(Line(second=86_400 * 300 + 7), Line(second=11)))
    assert "Requests from 2026-03-02 08:00:11 to 2026-12-27 08:00:07 (UTC)" in run(file, *KNOWN).out


def test_nothing_but_an_older_page_is_written_over(log: Path, tmp_path: Path) -> None:
    page, empty, other = tmp_path / "page.html", tmp_path / "empty", tmp_path / "other.gz"
    empty.touch()
    other.write_bytes(b"\x1f\x8b")
    before = log.read_bytes()
    for target in (log, other, tmp_path):
        done = run(log, "--html", target)
        assert done.code == 2 and done.out == "" and f"--html: {target}: " in done.err
    assert log.read_bytes() == before and other.read_bytes() == b"\x1f\x8b"
    for _ in range(2):
        for target in (page, empty):
            assert run(log, "--html", target).code == 0 and target.read_text().startswith("<!DOCTYPE html>")


def test_a_page_that_cannot_be_written_takes_nothing_from_the_table(log: Path) -> None:
    done = run(log, *KNOWN, "--html", "/dev/full")
    assert done.code == 2 and "--html: /dev/full: No space left" in done.err and "critical at worst" in done.out


def test_a_terminal_gets_no_control_characters_of_a_callers(tmp_path: Path) -> None:
    file = tmp_path / "a\x1b[31mred\nline"
    file.write_bytes(text(Line("arn:aws:sts::1:assumed-role/R/\x1b[2J\u202eeve@x"), "odd\x1b[1m").encode())
    done = run(file, tmp_path / "b\x1b]0;title\x07")
    assert done.code == 2 and "eve@x" in done.out and "red line" in done.out and "]0;title" in done.err
    assert not set("\x1b\x07\u202e") & set(done.out + done.err)


def test_on_a_terminal_the_table_fits_and_progress_is_shown(log: Path) -> None:
    seen = in_terminal(100, log, *KNOWN)
    assert "% of 201.7 kB" in seen or "% of 201.67 kB" in seen
    rows = [line for line in seen.splitlines() if line.startswith(("│", "┌", "└"))]
    assert len(rows) > 20 and max(map(len, rows)) <= 100
    piped = run(log, *KNOWN)
    assert "%" not in piped.err and "\x1b" not in piped.out


def test_make_hands_on_all_that_it_is_asked_for() -> None:
    settings = {"READERS": "r*", "KEEPERS": "k*", "WRITERS": "w*", "NETWORKS": "192.0.2.0/24", "BUCKETS": "b", "FAIL_ON": "high", "OUT": "o.html", "CSV": "f.csv", "LIST": "1"}
    asked = [f"{name}={value}" for name, value in (settings | {"ACCOUNT": "111122223333", "FILES": "a s3://b/c"}).items()]
    done = subprocess.run(["make", "-n", "access-report", *asked], cwd=ROOT, capture_output=True, text=True, check=True)
    command = " ".join(done.stdout.replace("\\\n", " ").splitlines()[-1].split())
    assert command.split('access-report" ')[1] == (
        "a s3://b/c --readers 'r*' --keepers 'k*' --writers 'w*' --networks '192.0.2.0/24' --buckets 'b' "
        "--account '111122223333' --fail-on 'high' --html 'o.html' --csv 'f.csv' --list '1'"
    )


@pytest.mark.parametrize("columns", [76, 80, 120])
def test_the_table_can_be_read_on_a_terminal(log: Path, columns: int) -> None:
    seen = in_terminal(columns, log, *KNOWN)
    rows = [line for line in seen.splitlines() if line.startswith(("│", "┌", "└"))]
    assert len(rows) > 20 and max(map(len, rows)) <= columns
    for whole in ("bob@example.com", "2026-03-02 09:23:20", "to 2026-03-02 09:36:20", "from 203.0.113.9", "denied-burst"):
        assert any(whole in row for row in rows), whole


def test_on_a_narrow_terminal_there_is_no_table_of_findings(log: Path) -> None:
    seen = in_terminal(60, log, *KNOWN)
    who = "who: Intruder, role, another account (999999999999), on trail-logs"
    when = "when (UTC): 2026-03-02 10:30:00, to 2026-03-02 10:30:11, from 198.51.100.7"
    assert [who, "what: denied-burst (read)", "requests: 12 (12 refused), 61.44 kB", when] == seen.splitlines()[
        seen.splitlines().index(who) :
    ][:4]


@pytest.mark.parametrize("options, code", [((), 0), (("--fail-on", "high"), 1), (("gone",), 2)])
def test_a_reader_that_has_seen_enough_changes_nothing(log: Path, options: tuple[str, ...], code: int) -> None:
    command = f"exec {binary('access-report')} {log} {' '.join(options)}"
    # The table is larger than what a pipe holds.
    log.write_text(log.read_text() + text(*(Line(f"arn:aws:iam::111122223333:user/u{n}") for n in range(400))))
    done = subprocess.run(
        ["bash", "-c", f"({command}) | head -1; exit ${{PIPESTATUS[0]}}"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == code and done.stdout.startswith("bob@example.com deleted") and "panic" not in done.stderr
