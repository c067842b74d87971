"""Ctrl-C amid `trailkeeper check`: it ends within a moment with what it has, and says what it did not look at."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest
import seeded
from local_aws.faults import Faults
from local_aws.processes import Moto
from undoing import Desk, Done

SLOW = 60_000
"""So many milliseconds does an answer take that nobody waits for."""
MOMENT = 10.0
"""Seconds within which it has to end; alone on a machine it takes one."""
FILES = ("html", "json", "csv", "ocsf", "asff", "junit", "md")


def interrupted(faults: Faults, folder: Path, awaited: tuple[str, str], *arguments: str, times: int = 1) -> Done:
    """What the command ends with, to which Ctrl-C comes while it awaits the answer to this call."""
    desk = Desk(faults.endpoint, table=None)
    command = desk._command(("check", *arguments))
    process = subprocess.Popen(
        command, env=desk._environment(), cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )
    until = time.monotonic() + 30
    while not faults.calls(*awaited):
        assert process.poll() is None and time.monotonic() < until, process.communicate()
        time.sleep(0.05)
    # What does not wait has ended once nobody calls any more.
    made = -1
    while made != (made := len(faults.calls())):
        time.sleep(3)
    started = time.monotonic()
    for _ in range(times):
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
    out, err = process.communicate(timeout=60)
    assert time.monotonic() - started < MOMENT, err
    return Done(process.returncode, out.decode(), err.decode())


def test_it_ends_with_what_it_has(moto: Moto, faults: Faults, tmp_path: Path) -> None:
    seeded.seed(moto)
    faults.rule("ec2", "DescribeVpcs", region="eu-west-1", latency_ms=SLOW)
    files = ["-o", ",".join(f"{name}=out.{name}" for name in FILES)]
    done = interrupted(faults, tmp_path, ("ec2", "DescribeVpcs"), *files)
    assert done.code == 2, done
    assert done.err == "trailkeeper: ending with what was read so far; press Ctrl-C again to end at once\n"
    # What was read is told, what was not is unknown, and nothing of it is called right.
    assert "CRITICAL  cloudtrail-logging" in done.out and "the check was interrupted" in done.out, done
    report = json.loads((tmp_path / "out.json").read_text())
    assert not report["is_complete"]
    assert report["notes"] == ["the check was interrupted: what was not read by then is unknown"]
    of_vpcs = {(it["region"], it["standing"]) for it in report["findings"] if it["family"] == "vpc"}
    assert ("eu-west-1", "unknown") in of_vpcs and ("eu-west-1", "wrong") not in of_vpcs, of_vpcs
    assert ("us-east-1", "wrong") in of_vpcs, "the other regions had answered"
    (unread,) = [it for it in report["findings"] if it["family"] == "vpc" and it["standing"] == "unknown"]
    assert "interrupted before this was read" in unread["because"] and unread["resource"].endswith("*"), unread
    for name in FILES:
        text = (tmp_path / f"out.{name}").read_text()
        assert "interrupted" in text, name
    assert not faults.calls("cloudtrail", "LookupEvents"), "nobody is asked who did it any more"


def test_it_ends_while_it_asks_who_did_it(moto: Moto, faults: Faults, tmp_path: Path) -> None:
    seeded.seed(moto)
    faults.rule("cloudtrail", "LookupEvents", latency_ms=SLOW)
    done = interrupted(faults, tmp_path, ("cloudtrail", "LookupEvents"), "--family", "trail", "-o", "json=out.json")
    assert "CRITICAL  cloudtrail-logging" in done.out, done
    findings = json.loads((tmp_path / "out.json").read_text())["findings"]
    assert findings and not [it for it in findings if it.get("last_change")]
    # Everything was looked at; only who did it is not told.
    assert done.code == 1 or any(it["standing"] == "unknown" for it in findings), done


def test_it_ends_before_the_first_answer(moto: Moto, faults: Faults, tmp_path: Path) -> None:
    faults.rule("sts", "GetCallerIdentity", latency_ms=SLOW)
    done = interrupted(faults, tmp_path, ("sts", "GetCallerIdentity"), "-o", "json=out.json")
    assert done.code in (2, 130) and "trailkeeper: " in done.err, done
    assert not done.out and not (tmp_path / "out.json").exists()


@pytest.mark.parametrize("family", ["vpc"])
def test_a_second_one_ends_it_at_once(moto: Moto, faults: Faults, tmp_path: Path, family: str) -> None:
    seeded.seed(moto)
    faults.rule("sts", "GetCallerIdentity", latency_ms=SLOW)
    done = interrupted(faults, tmp_path, ("sts", "GetCallerIdentity"), "--family", family, "-o", "json=out.json", times=2)
    assert done.code == 130 and not (tmp_path / "out.json").exists(), done
