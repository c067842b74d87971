"""The account, and the stack that `make deploy` made in it: where it is, and what it says of itself."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError
from refusal import Refused, told

ROOT = Path(__file__).resolve().parent.parent
POLL_SECONDS = 5
STACK = "trailkeeper"
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
# An account has one of these, whatever its stack is called and wherever that is.
FORWARDER = "TrailkeeperForwarder"

# What was asked, for the error that comes of it.
asked: dict[str, str] = {}


class Account:
    """The account of the credentials, in one region."""

    def __init__(self, region: str | None = None) -> None:
        self._session = boto3.Session()
        found = region or os.environ.get("AWS_REGION") or self._session.region_name
        if not found:
            raise Refused("No region is set: name one, as in REGION=eu-central-1, or set AWS_REGION or the profile's own")
        self.region: str = found
        asked["region"] = found
        who = self.client("sts").get_caller_identity()
        self.account, self.who = str(who["Account"]), str(who["Arn"])
        self.partition = self.who.split(":")[1]
        asked["account"] = self.account

    def client(self, service: str, region: str | None = None, config: Config | None = None) -> Any:
        """A client in this region, or in another one."""
        return self._session.client(service, region_name=region or self.region, config=config)

    def stack(self, name: str) -> dict[str, Any] | None:
        """A stack as CloudFormation describes it; None where there is none."""
        try:
            found: dict[str, Any] = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as refused:
            if "does not exist" in str(refused):
                return None
            raise
        return found

    def elsewhere(self) -> tuple[str, str] | None:
        """Name and region of the stack that the account has already, where that can be seen."""
        try:
            tags = self.client("iam").get_role(RoleName=FORWARDER)["Role"].get("Tags", [])
        except (BotoCoreError, ClientError):
            return None
        ids = [it["Value"].split(":") for it in tags if it["Key"] == "aws:cloudformation:stack-id"]
        found = [(parts[5].split("/")[1], parts[3]) for parts in ids]
        # In a member account it is of a StackSet's stack.
        return next((it for it in found if not it[0].startswith("StackSet-")), None)


class Home:
    """A stack of template.yaml, in its region and account."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.name: str = given.stack or STACK
        asked["stack"] = self.name
        self._account = Account(given.region)
        self.region, self.account = self._account.region, self._account.account
        self.partition = self._account.partition
        found = self._account.stack(self.name)
        if found is None:
            there = self._account.elsewhere()
            cure = f"it is {named(*there)}" if there else "`make deploy` makes it; STACK= and REGION= name another"
            raise Refused(f"There is no stack {self.name} in {self.region} of account {self.account}: {cure}")
        self.stack: dict[str, Any] = found
        print(f"Stack {self.name} in {self.region}, account {self.account}")

    def client(self, service: str, region: str | None = None) -> Any:
        """A client in the stack's region, or in another one."""
        return self._account.client(service, region)

    def output(self, name: str) -> str:
        """What the stack says of itself."""
        for it in self.stack.get("Outputs", []):
            if it["OutputKey"] == name:
                return str(it["OutputValue"])
        raise Refused(f"Stack {self.name} in {self.region} has no output {name}: deploy it again with `make deploy`")

    def parameter(self, name: str) -> str:
        """What the stack was deployed with."""
        return values(self.stack).get(name, "")

    def set(self, **parameters: str) -> bool:
        """Changes parameters of the stack, and nothing else; whether anything had to be changed."""
        client = self.client("cloudformation")
        kept = [it["ParameterKey"] for it in self.stack.get("Parameters", []) if it["ParameterKey"] not in parameters]
        try:
            client.update_stack(
                StackName=self.name,
                UsePreviousTemplate=True,
                Parameters=[
                    *({"ParameterKey": key, "UsePreviousValue": True} for key in kept),
                    *({"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()),
                ],
                Capabilities=CAPABILITIES,
            )
        except ClientError as refused:
            if "No updates are to be performed" in str(refused):
                return False
            raise
        wait = {"Delay": POLL_SECONDS, "MaxAttempts": 720}
        client.get_waiter("stack_update_complete").wait(StackName=self.name, WaiterConfig=wait)
        return True

    @cached_property
    def resources(self) -> list[dict[str, Any]]:
        """The resources of the stack."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=self.name)
        return [it for page in pages for it in page["StackResourceSummaries"]]

    def parts(self, kind: str) -> dict[str, str]:
        """The resources of a type: what AWS calls them, by what the template calls them."""
        return {it["LogicalResourceId"]: it["PhysicalResourceId"] for it in self.resources if it["ResourceType"] == kind}

    @cached_property
    def functions(self) -> set[str]:
        """The ARNs of the stack's functions."""
        return {self._function_arn(name) for name in self.parts("AWS::Lambda::Function").values()}

    @cached_property
    def queues(self) -> dict[str, str]:
        """The ARNs of the functions that take batches, by the ARNs of the queues that they are taken from."""
        functions = self.parts("AWS::Lambda::Function")
        # The physical id of a queue is its address: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME.
        queues = {key: url.rsplit("/", 1)[-1] for key, url in self.parts("AWS::SQS::Queue").items()}
        arn = f"arn:{self.partition}:sqs:{self.region}:{self.account}"
        taken = {key: f"{key.removesuffix('Queue')}BatchFunction" for key in queues}
        return {f"{arn}:{queues[key]}": self._function_arn(functions[by]) for key, by in taken.items() if by in functions}

    def _function_arn(self, name: str) -> str:
        return f"arn:{self.partition}:lambda:{self.region}:{self.account}:function:{name}"

    @cached_property
    def regions(self) -> list[str]:
        """The regions that are enabled in the account."""
        enabled = ["ENABLED", "ENABLED_BY_DEFAULT"]
        pages = self.client("account").get_paginator("list_regions").paginate(RegionOptStatusContains=enabled)
        try:
            return sorted(it["RegionName"] for page in pages for it in page["Regions"])
        except (HTTPClientError, BotoConnectionError) as error:
            # Partitions differ in which of these APIs they have.
            raise Refused(f"account:ListRegions does not answer ({error}): name the regions, as in REGIONS={self.region}") from error


def values(stack: dict[str, Any]) -> dict[str, str]:
    """The parameters of a stack by name."""
    return {it["ParameterKey"]: str(it.get("ParameterValue", "")) for it in stack.get("Parameters", [])}


def named(stack: str, region: str) -> str:
    """How a command is told of a stack."""
    return f"stack {stack} in {region}: say {'' if stack == STACK else f'STACK={stack} '}REGION={region}"


def arguments(about: str | None) -> argparse.ArgumentParser:
    """What every one of these programs can be told."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--stack", help=f"name of the stack (default: {STACK})")
    parser.add_argument("--region", help="its region (default: AWS_REGION, or the profile's)")
    return parser


def run(main: Callable[[], int]) -> NoReturn:
    """Ends with what `main` answers; what is refused is told in a line, with the cure."""
    try:
        sys.exit(main())
    except Refused as refused:
        sys.exit(str(refused))
    except (BotoCoreError, ClientError) as error:
        sys.exit(told(error, asked))
    except KeyboardInterrupt:
        sys.exit("Interrupted")
