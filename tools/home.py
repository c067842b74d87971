"""The stack that `make deploy` made: where it is, and what it says of itself."""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

import boto3
from botocore.exceptions import BotoCoreError, ClientError

ROOT = Path(__file__).resolve().parent.parent
SAVED = ROOT / "samconfig.toml"
POLL_SECONDS = 5


def saved() -> dict[str, str]:
    """What `sam deploy --guided` was told: the name of the stack, its region."""
    if not SAVED.is_file():
        return {}
    default: dict[str, Any] = tomllib.loads(SAVED.read_text()).get("default", {})
    parameters = [default.get(command, {}).get("parameters", {}) for command in ("global", "deploy")]
    return parameters[0] | parameters[1]


class Home:
    """A stack of template.yaml, in its region and account."""

    def __init__(self, name: str | None = None) -> None:
        told = saved()
        self.name = name or told.get("stack_name", "trailkeeper")
        known = told.get("region") if self.name == told.get("stack_name") else None
        self._session = boto3.Session()
        self.region = known or self._session.region_name or "us-east-1"
        self.stack: dict[str, Any] = self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]
        self.partition, self.account = (self.stack["StackId"].split(":")[part] for part in (1, 4))
        print(f"Stack {self.name} in {self.region}, account {self.account}")

    def client(self, service: str, region: str | None = None) -> Any:
        """A client in the stack's region, or in another one."""
        return self._session.client(service, region_name=region or self.region)

    def output(self, name: str) -> str:
        """What the stack says of itself."""
        for it in self.stack.get("Outputs", []):
            if it["OutputKey"] == name:
                return str(it["OutputValue"])
        sys.exit(f"The stack has no output {name}: deploy it again with `make deploy`")

    def parameter(self, name: str) -> str:
        """What the stack was deployed with."""
        for it in self.stack.get("Parameters", []):
            if it["ParameterKey"] == name:
                return str(it["ParameterValue"])
        return ""

    def set(self, **parameters: str) -> None:
        """Changes parameters of the stack, and nothing else."""
        client = self.client("cloudformation")
        kept = [it["ParameterKey"] for it in self.stack.get("Parameters", []) if it["ParameterKey"] not in parameters]
        client.update_stack(
            StackName=self.name,
            UsePreviousTemplate=True,
            Parameters=[
                *({"ParameterKey": key, "UsePreviousValue": True} for key in kept),
                *({"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()),
            ],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        wait = {"Delay": POLL_SECONDS, "MaxAttempts": 720}
        client.get_waiter("stack_update_complete").wait(StackName=self.name, WaiterConfig=wait)

    @cached_property
    def functions(self) -> set[str]:
        """The ARNs of the stack's functions."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=self.name)
        arn = f"arn:{self.partition}:lambda:{self.region}:{self.account}:function"
        return {
            f"{arn}:{it['PhysicalResourceId']}"
            for page in pages
            for it in page["StackResourceSummaries"]
            if it["ResourceType"] == "AWS::Lambda::Function"
        }

    @cached_property
    def regions(self) -> list[str]:
        """The regions that are enabled in the account."""
        enabled = ["ENABLED", "ENABLED_BY_DEFAULT"]
        pages = self.client("account").get_paginator("list_regions").paginate(RegionOptStatusContains=enabled)
        return sorted(it["RegionName"] for page in pages for it in page["Regions"])


def arguments(about: str | None) -> argparse.ArgumentParser:
    """What every one of these programs can be told."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--stack", help="name of the stack (default: the one that `make deploy` saved, or trailkeeper)")
    return parser


def run(main: Callable[[], int]) -> NoReturn:
    """Ends with what `main` answers; what AWS refuses is told in a line."""
    try:
        sys.exit(main())
    except (BotoCoreError, ClientError) as error:
        sys.exit(str(error))
