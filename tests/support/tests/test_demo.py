"""The demo's first story holds and fits a terminal; what it needs and lacks is said."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import building
import needs
import pytest
import screen
from building import Group
from conftest import binary
from demo import told_all
from demo_stopped import StoppedTrail
from local import invoke_line
from local_aws.processes import Call, Moto
from repository import ROOT
from waiting import Waiting


@pytest.mark.parametrize("columns", [80, 120])
def test_the_first_story_holds_and_fits(
    moto: Moto, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int
) -> None:
    monkeypatch.setattr(screen, "WIDTH", columns)
    story = StoppedTrail(moto)
    assert story.tell(binary("trail"))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    (letter,) = story.letters
    # The mail stands there whole: every word of it, in its order.
    shown = " ".join(line.removeprefix("  │ ").removesuffix(" \\") for line in lines if line.startswith("  │"))
    assert shown.split() == f"{letter.subject} {letter.text}".split()
    beside = [line for line in lines if not line.startswith("  │")]
    assert len(beside) <= 18 and len(lines) <= 54 - 16 * (columns > 80)


class Built:
    """Functions that are built already."""

    def executable(self, function: str) -> Path:
        return binary(function)


def test_the_other_stories_hold(moto: Moto) -> None:
    assert told_all(moto, Built())


def test_a_function_that_does_nothing_is_not_believed(moto: Moto, tmp_path: Path) -> None:
    """It answers that all is fixed, and starts nothing."""
    liar = tmp_path / "liar"
    liar.write_text(f"#!{sys.executable}\n{LIAR}")
    liar.chmod(0o755)
    assert not StoppedTrail(moto).tell(liar)


LIAR = """
import json, os, urllib.request
at = os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(at + "next") as event:
        which = event.headers["Lambda-Runtime-Aws-Request-Id"]
    step = {"action": "cloudtrail:StartLogging", "summary": "start", "status": "applied"}
    result = {"control": "cloudtrail-logging", "severity": "critical", "because": "stopped", "status": "fixed", "steps": [step]}
    urllib.request.urlopen(at + which + "/response", json.dumps({"results": [result]}).encode())
"""


def test_the_local_aws_tells_the_calls_since_the_last_time(moto: Moto) -> None:
    moto.calls()
    moto.client("sts").get_caller_identity()
    moto.client("s3").create_bucket(Bucket="files")
    moto.client("iam").list_roles()
    assert moto.calls() == [
        Call("sts", "GetCallerIdentity", None, None),
        Call("s3", "CreateBucket", None, None),
        Call("iam", "ListRoles", None, None),
    ]
    assert moto.calls() == []


def test_waiting_is_never_silent_and_says_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("waiting.EACH", 0.01)
    told = iter([(4, "4 %"), (25, "25 %, about 3 min left"), (25, "again")])
    with Waiting("Building", lambda: next(told, (99, "99 %"))):
        time.sleep(0.2)
    out = capsys.readouterr().out
    assert out.startswith("Building. 25 %, about 3 min left .") and out.endswith(" 0 s\n")


def test_a_command_that_fails_while_it_is_waited_for_says_why() -> None:
    command = [sys.executable, "-m", "waiting", "Trying ...", "echo so it is; exit 3"]
    ended = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": str(ROOT / "tests" / "demo")}, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (3, "Trying ... failed\n") and "so it is" in ended.stderr


def test_the_time_that_is_left_follows_from_the_source_that_is_left() -> None:
    group = Group(("trail",))
    assert group.progress()[0] == 0
    group._begun = time.monotonic() - 60
    group._sizes = {"old-1.0.0": 500_000, "small-1.0.0": 1_000_000, "large-2.0.0": 3_000_000}
    group._seen, group._compiled = {"old-1.0.0", "small-1.0.0"}, 1_000_000
    percent, told = group.progress()
    assert percent == 33 and told == "33 %, 2 of 3 crates, 1 min 0 s so far, about 3 min 0 s left"


def test_a_crate_is_known_by_whatever_cargo_calls_it() -> None:
    index = "registry+https://github.com/rust-lang/crates.io-index"
    assert building._crate(f"{index}#serde@1.0.228") == "serde-1.0.228"
    assert building._crate("path+file:///home/alice/trailkeeper/functions/trail#0.2.0") == "trail-0.2.0"
    assert building._crate("path+file:///home/alice/trailkeeper/shared#trailkeeper@0.2.0") == "trailkeeper-0.2.0"


def test_what_is_missing_is_said_with_its_cure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert needs.lacking(tmp_path, 0) == []
    (room,) = needs.lacking(tmp_path / "target", 1 << 40)
    assert "disk space" in room and "CARGO_TARGET_DIR" in room
    # What is built already needs no more room.
    (tmp_path / "debug").mkdir()
    (tmp_path / "debug" / "trail").touch()
    assert needs.lacking(tmp_path, 1 << 40) == []

    old = tmp_path / "cargo"
    old.write_text("#!/bin/sh\necho cargo 1.70.0\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    (cargo,) = needs.lacking(tmp_path, 0)
    assert cargo.startswith("cargo 1.95 or newer: here is cargo 1.70.0") and "rustup" in cargo
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert [it.split(":")[0] for it in needs.lacking(tmp_path, 0)] == [
        "cargo 1.95 or newer", "a C compiler, which Rust links with"
    ]
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert any("python3-venv" in it for it in needs.lacking(tmp_path, 0))


def test_make_says_what_is_missing_before_it_does_anything(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("make", "bash"):
        (tools / name).symlink_to(shutil.which(name) or "")

    def missing() -> list[str]:
        command = ["make", "demo", f"VENV={tmp_path / 'venv'}"]
        done = subprocess.run(command, cwd=ROOT, env={"PATH": str(tools)}, capture_output=True, text=True, check=False)
        assert done.returncode == 2 and "Traceback" not in done.stderr and not (tmp_path / "venv").exists()
        return [line for line in done.stderr.splitlines() if line.startswith("Missing: ")]

    assert missing() == ["Missing: Python 3.11 or newer, as python3"]
    (tools / "python3").symlink_to(sys.executable)
    cargo, compiler = missing()
    assert "https://rustup.rs" in cargo and "build-essential" in compiler


def test_make_local_prints_one_line_that_invokes_the_function() -> None:
    line = invoke_line("::1", 9000)
    assert line.endswith("cargo-lambda lambda invoke trail --data-file tests/events/cloudtrail.stop-logging.json")
    assert (ROOT / line.split()[0]).is_file() and (ROOT / line.split()[-1]).is_file()
    assert " --invoke-address 127.0.0.1 --invoke-port 20001 " in invoke_line("127.0.0.1", 20001)
