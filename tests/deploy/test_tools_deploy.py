"""`make deploy` asks once; what is deployed already keeps its settings."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from repository import ROOT

MAKEFILE = ROOT / "Makefile"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A work tree with nothing but the Makefile and the virtual environments' requirements."""
    shutil.copy(MAKEFILE, tmp_path)
    (tmp_path / "tests").mkdir()
    for name in ("requirements.txt", "requirements-sam.txt"):
        (tmp_path / "tests" / name).touch()
    return tmp_path


def deploying(folder: Path, *given: str) -> str:
    """The command that deploys, as make would run it."""
    printed = subprocess.run(
        ["make", "--dry-run", "deploy", *given], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.replace("\\\n", "")
    return next(line for line in printed.splitlines() if " deploy " in line)


def test_the_first_time_everything_is_asked(folder: Path) -> None:
    assert "--guided --stack-name trailkeeper" in deploying(folder)
    assert "--guided --stack-name audit" in deploying(folder, "STACK=audit")


def test_later_only_what_is_said_changes(folder: Path) -> None:
    (folder / "samconfig.toml").touch()
    again = deploying(folder, "PARAMETERS=Mode=enforce")
    assert "--guided" not in again
    assert "--stack-name" not in again
    assert again.split("--parameter-overrides ")[1].split() == ["Architecture=arm64", "Mode=enforce"]
