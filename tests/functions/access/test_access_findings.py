"""What `access-report` says beyond the table: every request of a finding, CSV, and who may be a reader."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path

import pytest
from access_lines import ADMIN, INTRUDER, READER, Line, day, text
from access_report import KNOWN, run


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log file of one day, in which an administrator deletes many files as well."""
    file = tmp_path / "log"
    gone = [Line(ADMIN, "REST.DELETE.OBJECT", 7_000 + n, key=f"AWSLogs/{n}.json.gz") for n in range(104)]
    file.write_text(text(*day(), *gone, Line(INTRUDER, "REST.DELETE.OBJECT", 8_000, key="theirs", bucket="config-logs")))
    return file


def listed(out: str) -> list[tuple[str, str]]:
    """Who and what, of each line."""
    lines = [line.split("\t") for line in out.splitlines()]
    assert all(len(line) == 4 for line in lines)
    return [(who, what) for _, who, _, what in lines]


def test_every_object_of_a_kind_is_listed(log: Path) -> None:
    done = run(log, *KNOWN, "--list", "delete")
    assert done.code == 0 and "Listed 106 requests" in done.err
    assert done.out.splitlines()[1] == (
        f"2026-03-02T09:56:40Z\t{ADMIN}\tREST.DELETE.OBJECT\ts3://trail-logs/AWSLogs/0.json.gz"
    )
    assert ("arn:aws:sts::999999999999:assumed-role/Intruder", "s3://config-logs/theirs") in listed(done.out)


def test_every_object_of_a_finding_is_listed_by_its_number(log: Path) -> None:
    first = run(log, *KNOWN).out.split("\nCRITICAL\n")[1].splitlines()[3]
    assert [cell.strip() for cell in first.strip("│").split("┆")][:3] == ["1", "bob@example.com", "delete"]
    done = run(log, *KNOWN, "--list", "1")
    assert done.code == 0 and "Listed 105 requests" in done.err
    assert {who for who, _ in listed(done.out)} == {ADMIN}
    assert [what for _, what in listed(done.out)][1:] == [f"s3://trail-logs/AWSLogs/{n}.json.gz" for n in range(104)]
    # What was refused once is no burst.
    refused = run(log, *KNOWN, "--list", "denied-burst").out
    assert refused.count("REST.GET.OBJECT (refused)") == refused.count("\n") == 12


@pytest.mark.parametrize(
    "asked, told",
    [
        ("99", "there is no finding 99: they are numbered from 1 to"),
        ("deleted", "`deleted` is neither the number of a finding nor one of read, write, delete"),
        ("0", "`0` is neither"),
    ],
)
def test_a_finding_that_is_not_there_is_an_error(log: Path, asked: str, told: str) -> None:
    done = run(log, *KNOWN, "--list", asked)
    assert done.code == 2 and told in done.err and done.out == ""


def test_a_list_of_what_could_not_all_be_read_is_no_good_news(log: Path, tmp_path: Path) -> None:
    for asked, count in (("delete", 106), ("1", 105)):
        done = run(log, tmp_path / "gone", *KNOWN, "--list", asked)
        assert done.code == 2 and f"Listed {count} requests" in done.err
        assert done.err.count("gone: there is no such file") == 1


def test_the_findings_are_a_row_each_for_a_spreadsheet(log: Path, tmp_path: Path) -> None:
    file, odd = tmp_path / "findings.csv", tmp_path / "odd"
    odd.write_text(text(Line("arn:aws:iam::111122223333:user/eve", key='=HYPERLINK("x"),y')))
    for _ in range(2):
        assert run(log, odd, *KNOWN, "--csv", file).code == 0
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    findings = run(log, odd, *KNOWN, "--json").findings()
    assert len(rows) == len(findings) and [row["number"] for row in rows] == [str(n + 1) for n in range(len(rows))]
    first = rows[0]
    assert (first["severity"], first["kind"], first["person"], first["bucket"]) == (
        "critical", "delete", "bob@example.com", "trail-logs"
    )
    assert (first["requests"], first["bytes_sent"], first["objects_not_named"]) == ("105", str(105 * 5120), "100")
    assert (first["first"], first["last"]) == ("2026-03-02T09:41:40Z", "2026-03-02T09:58:23Z")
    (eve,) = (row for row in rows if row["requester"].endswith("user/eve"))
    assert eve["objects"].startswith("'=HYPERLINK")


def test_a_file_that_is_no_older_csv_is_not_written_over(log: Path, tmp_path: Path) -> None:
    before = log.read_bytes()
    done = run(log, "--csv", log)
    assert done.code == 2 and "--csv: " in done.err and "not overwritten" in done.err and log.read_bytes() == before


def test_who_reads_is_offered_as_a_reader_until_somebody_is(log: Path) -> None:
    role = READER.replace(":sts:", ":iam:").replace("assumed-role", "role").rpartition("/")[0]
    without = run(log, "--account", "111122223333")
    # Neither people nor other accounts, nor who only tried.
    assert f"\n  --readers '{role}'\n" in without.out
    assert "--readers" not in run(log, *KNOWN).out
    page = log.with_name("page.html")
    run(log, "--html", page)
    assert f"If these may read: --readers &#39;{role}&#39;" in page.read_text()
    ordered = log.with_name("ordered")
    users = [f"arn:aws:iam::111122223333:user/u{n}" for n in range(8)]
    ordered.write_text(text(*(Line(user) for n, user in enumerate(users) for _ in range(n + 1))))
    assert f"--readers '{','.join(reversed(users[3:]))}'" in run(ordered).out


@pytest.mark.parametrize(
    "option, value, meant",
    [
        ("--readers", "SiemReader", "arn:aws:iam::<account>:role/SiemReader"),
        ("--readers", f"{KNOWN[1]},111122223333", "arn:aws:iam::111122223333:role/*,arn:aws:iam::111122223333:user/*"),
        ("--keepers", "arn:aws:sts::111122223333:assumed-role/Ops", "arn:aws:iam::111122223333:role/Ops"),
        ("--writers", "bob@example.com", "arn:aws:sts::<account>:assumed-role/*/bob@example.com"),
    ],
)
def test_who_can_be_nobody_is_refused_with_what_was_meant(log: Path, option: str, value: str, meant: str) -> None:
    done = run(log, option, value)
    assert done.code == 2 and done.out == "" and option in done.err and meant in done.err and "is nobody" in done.err


CLOUDTRAIL = json.dumps({"Records": [{"eventVersion": "1.11", "eventName": "GetObject"}]})
BALANCER = 'h2 2026-03-02T09:00:00.186641Z app/web/50dc6c495c0c9188 192.0.2.1:2817 10.0.0.1:80 0.0 "GET https://x:443/"'


def test_a_log_of_another_service_is_named(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    for n in range(3):
        (tmp_path / "logs" / f"{n}.json.gz").write_bytes(gzip.compress(CLOUDTRAIL.encode()))
    done = run(tmp_path / "logs", *KNOWN)
    reads = "this is a CloudTrail log; access-report reads S3 server access logs"
    assert done.code == 2 and done.out == ""
    assert done.err == f"access-report: cannot read {tmp_path}/logs/0.json.gz and 2 more files: {reads}\n"
    (tmp_path / "logs" / "elb.log").write_text(BALANCER + "\n")
    (tmp_path / "logs" / "s3").write_text(text(Line(ADMIN)))
    done = run(tmp_path / "logs", *KNOWN)
    assert done.code == 2 and reads in done.err and "elb.log: this is a load balancer's access log" in done.err
    # What is a log counts, and nothing else does.
    assert "1 line, of which 0 blank and 0 malformed" in done.out and "THIS REPORT IS INCOMPLETE" in done.out


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    done = run(tmp_path / "gone", *KNOWN)
    assert (done.code, done.out) == (2, "")
    assert done.err == f"access-report: cannot read {tmp_path}/gone: there is no such file\n"


def test_the_amount_is_in_the_rows_of_the_page(log: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert run(log, *KNOWN, "--html", page).code == 0
    shown = page.read_text()
    assert '<td class="number" data-label="Sent">204.80 kB</td>' in shown
    # A finding whose objects are not all named says how to list them.
    assert "<dt>All of them</dt><dd><code>--list 1</code></dd>" in shown
