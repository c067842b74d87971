"""Somebody who deploys and operates a stack of the real template on a local AWS, without building anything."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from botocore.exceptions import ClientError
from conftest import binary
from local_aws.clients import Credentials
from local_aws.processes import Ministack
from operated import TOOLS, environment
from repository import ROOT


class Operator:
    """Somebody with the tools and credentials, who builds nothing: `make package` and cargo are stood in for."""

    def __init__(self, server: Ministack, folder: Path, who: Credentials | None = None) -> None:
        self.server, self.folder, self.who, self.packaged_with = server, folder, who, folder / "packaged-with"
        self.make, self.cargo = folder / "make", folder / "cargo"
        self.make.write_text(f"#!/bin/sh\nexec {sys.executable} {ROOT}/tests/deploy/packager.py \"$@\"\n")
        self.cargo.write_text(f"#!/bin/sh\nexec {binary('examples/settings')}\n")
        for it in (self.make, self.cargo):
            it.chmod(0o755)

    def run(self, tool: str, *arguments: str, parameters: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        """Runs a program to its end, from a folder with nothing in it, with nobody to be asked."""
        self.packaged_with.unlink(missing_ok=True)
        kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        stood_in = {"MAKE": str(self.make), "CARGO": str(self.cargo), "PARAMETERS": parameters}
        stood_in |= {"PACKAGED_FROM": str(ROOT), "PACKAGED_WITH": str(self.packaged_with)}
        ran = subprocess.run(
            [sys.executable, str(TOOLS / f"{tool}.py"), *arguments], env=kept | environment(self.server, who=self.who) | stood_in | more,
            cwd=self.folder, capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL,
        )
        assert "Traceback" not in ran.stderr, ran.stderr
        return ran

    def deploy(self, *arguments: str, parameters: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        """Deploys, and says yes."""
        return self.run("deploy", "--yes", *arguments, parameters=parameters, **more)

    @property
    def built(self) -> list[str]:
        """What was built with; nothing, where nothing was built."""
        return self.packaged_with.read_text().splitlines() if self.packaged_with.exists() else []

    def stack(self) -> dict[str, str]:
        """The parameters of the stack; empty, where there is none."""
        try:
            (stack,) = self.server.client("cloudformation").describe_stacks(StackName="trailkeeper")["Stacks"]
        except ClientError:
            return {}
        assert stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
        return {it["ParameterKey"]: it["ParameterValue"] for it in stack["Parameters"]}

    def variables(self, family: str) -> dict[str, str]:
        """The environment of a function."""
        configuration = self.server.client("lambda").get_function_configuration(FunctionName=f"trailkeeper-{family}")
        found: dict[str, str] = configuration["Environment"]["Variables"]
        return found

    def may_fix(self, family: str) -> bool:
        """Whether a function's role holds its rights to write."""
        names = self.server.client("iam").list_role_policies(RoleName=f"trailkeeper-FunctionRole-{family}")["PolicyNames"]
        return "remediate" in names
