"""What the operators' programs cannot do, they say in one line: why, whom they asked, and the cure."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from local_aws.clients import FAKE
from local_aws.processes import ACCOUNT, REGION, Faults, Moto
from operated import TOOLS, deploy, environment, tool
from botocore.exceptions import ClientError

from tools import home
from tools.refusal import told

PROGRAMS = ["controls", "deploy", "members", "redrive", "regions", "stop", "verify"]
ENOUGH = {"members": ["--ou", "ou-abcd-11111111"], "deploy": ["--yes"]}
KEYS = FAKE.as_environment()


def run(program: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs a program with these variables alone, and no home."""
    command = [sys.executable, str(TOOLS / f"{program}.py"), *ENOUGH.get(program, [])]
    usual = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "AWS_EC2_METADATA_DISABLED": "true"}
    return subprocess.run(command, env=usual | variables, capture_output=True, text=True, timeout=60, check=False)


def line(ran: subprocess.CompletedProcess[str]) -> str:
    """The one line that it says."""
    assert ran.returncode == 1 and ran.stdout == "", ran.stdout
    (said,) = ran.stderr.splitlines()
    assert "botocore" not in said and "An error occurred" not in said
    return str(said)


@pytest.mark.parametrize("program", PROGRAMS)
def test_who_has_no_credentials_or_region_is_told_how_to_get_them(program: str, tmp_path: Path) -> None:
    said = line(run(program, tmp_path, AWS_DEFAULT_REGION="eu-west-1"))
    assert said.startswith("No AWS credentials: log in") and "region eu-west-1" in said
    assert line(run(program, tmp_path, **KEYS)).startswith("No region is set: name one")
    said = line(run(program, tmp_path, AWS_PROFILE="audit"))
    assert "audit" in said and "aws configure list-profiles" in said


@pytest.mark.parametrize("program", [it for it in PROGRAMS if it != "deploy"])
def test_a_stack_that_is_not_there_is_named_with_its_region_and_account(program: str, moto: Moto) -> None:
    ran = tool(moto, program, "--stack", "audit", *ENOUGH.get(program, []))
    assert line(ran) == (
        f"There is no stack audit in {REGION} of account {ACCOUNT}: `make deploy` makes it; STACK= and REGION= name another"
    )


@pytest.mark.parametrize("program", [it for it in PROGRAMS if it != "deploy"])
def test_a_stack_elsewhere_in_the_account_is_pointed_to(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the role of which an account has one."""
    role = {"Tags": [{"Key": "aws:cloudformation:stack-id", "Value": "arn:aws:cloudformation:eu-west-1:1:stack/audit/1"}]}

    class Client:
        def get_role(self, **_: str) -> Any:
            return {"Role": role}

    account = home.Account.__new__(home.Account)
    monkeypatch.setattr(home.Account, "client", lambda *_: Client())
    assert account.elsewhere() == ("audit", "eu-west-1")
    assert home.named("audit", "eu-west-1") == "stack audit in eu-west-1: say STACK=audit REGION=eu-west-1"
    role["Tags"][0]["Value"] = "arn:aws:cloudformation:eu-west-1:1:stack/StackSet-trailkeeper-members-1/1"
    assert account.elsewhere() is None


def test_a_denied_call_names_the_call_the_place_and_where_the_rights_are(moto: Moto, faults: Faults) -> None:
    deploy(moto.client("cloudformation"))
    faults.rule("cloudformation", "DescribeStacks", error="AccessDenied", status=403, message="no right to describe")
    said = line(tool(faults, "regions"))
    assert said.startswith("DescribeStacks is denied: no right to describe. docs/permissions.md")
    assert said.endswith(f"(stack trailkeeper, region {REGION}, account {ACCOUNT})")


@pytest.mark.parametrize(
    ("code", "cure"),
    [
        ("ExpiredToken", "log in again"),
        ("UnrecognizedClientException", "check AWS_PROFILE, and that the region is enabled"),
        ("Throttling", "DescribeStacks: Throttling: a long\nstory"),
    ],
)
def test_each_error_is_a_line_with_its_cure(code: str, cure: str) -> None:
    error = ClientError({"Error": {"Code": code, "Message": "a long\nstory"}}, "DescribeStacks")
    said = told(error, {"region": REGION})
    assert " ".join(cure.split()) in said and said.endswith(f"(region {REGION})") and "\n" not in said


def test_nobody_answering_is_told_with_the_cure(tmp_path: Path) -> None:
    said = line(run("regions", tmp_path, **KEYS, AWS_DEFAULT_REGION="eu-west-1", AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_MAX_ATTEMPTS="1"))
    assert said.startswith("No answer") and "is the region's name right" in said


def test_the_region_is_the_one_said_or_the_environments_or_the_profiles(moto: Moto, tmp_path: Path) -> None:
    deploy(moto.client("cloudformation", "eu-west-1"))
    (tmp_path / "config").write_text("[default]\nregion = eu-west-1\n")
    usual = environment(moto) | {"AWS_CONFIG_FILE": str(tmp_path / "config")}
    usual.pop("AWS_DEFAULT_REGION")
    for variables in ({}, {"AWS_REGION": "eu-west-1"}, {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-1"}):
        assert "Stack trailkeeper in eu-west-1" in run("redrive", tmp_path, **(usual | variables)).stdout


@pytest.mark.parametrize("program", [*PROGRAMS, "costs"])
def test_every_program_says_what_it_does(program: str, tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, str(TOOLS / f"{program}.py"), "--help"], capture_output=True, text=True, check=False)
    assert ran.returncode == 0 and "usage" in ran.stdout and not ran.stderr
