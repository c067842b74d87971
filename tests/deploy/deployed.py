"""The templates, deployed on the local AWS in which IAM decides: its functions are the built ones, and run as their roles.

CloudFormation gets each template as it is; only the places of the code and of nested templates are
filled in, as `sam package` does. A package is a `bootstrap` that becomes the built function.
"""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Iterator
from typing import Any

from conftest import binary
from envelope import Event
from local_aws.clients import Credentials, client
from local_aws.processes import ACCOUNT, REGION, Ministack
from local_aws.server import request
from repository import ROOT
from runtime_api import Answer

FAMILIES = [it["family"] for it in json.loads((ROOT / "tests" / "golden" / "registry.json").read_text())]
ENTERING = [*FAMILIES, "access"]
FUNCTIONS = [*ENTERING, "guard", "digest"]
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
DEPLOY_SECONDS = WAIT_SECONDS = 60.0


def package(family: str) -> bytes:
    """The zip of a function."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        start = zipfile.ZipInfo("bootstrap")
        start.external_attr = 0o755 << 16
        archive.writestr(start, f"#!/bin/sh\nexec '{binary(family)}'\n")
    return packed.getvalue()


class Account:
    """An account of the local AWS, as its root sees it."""

    def __init__(self, server: Ministack, account: str = ACCOUNT) -> None:
        self.server, self.account, self.endpoint = server, account, server.endpoint

    def client(self, service: str, region: str = REGION) -> Any:
        """A boto3 client that may do everything there."""
        return client(self.endpoint, service, region, Credentials(self.account, "root"))

    def deploy(self, file: str, region: str = REGION, name: str = "trailkeeper", **parameters: str) -> dict[str, str]:
        """Makes a stack of a template, or updates it; its outputs."""
        bucket = f"packages-{self.account}-{region}"
        self._upload(bucket, region)
        stacks = self.client("cloudformation", region)
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        there = any(it["StackName"] == name for it in stacks.describe_stacks()["Stacks"])
        (stacks.update_stack if there else stacks.create_stack)(
            StackName=name, TemplateURL=f"{self.endpoint}/{bucket}/{file}", Parameters=given, Capabilities=CAPABILITIES,
        )
        return self._outputs(stacks, name)

    def _upload(self, bucket: str, region: str) -> None:
        s3, place = self.client("s3", region), {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=bucket, **({} if region == "us-east-1" else place))
        for name in FUNCTIONS:
            s3.put_object(Bucket=bucket, Key=f"{name}.zip", Body=package(name))
        for file in ROOT.glob("*.yaml"):
            text = file.read_text()
            for name in FUNCTIONS:
                text = text.replace(f"CodeUri: functions/{name}\n", f"CodeUri: s3://{bucket}/{name}.zip\n")
            for nested in ROOT.glob("*.yaml"):
                for key in ("TemplateURL", "Location"):
                    text = text.replace(f"{key}: {nested.name}\n", f"{key}: {self.endpoint}/{bucket}/{nested.name}\n")
            s3.put_object(Bucket=bucket, Key=file.name, Body=text.encode())

    def _outputs(self, stacks: Any, name: str) -> dict[str, str]:
        until = time.monotonic() + DEPLOY_SECONDS
        while True:
            (stack,) = stacks.describe_stacks(StackName=name)["Stacks"]
            status = stack["StackStatus"]
            if not status.endswith("_IN_PROGRESS"):
                break
            assert time.monotonic() < until, f"{name} is {status}"
            time.sleep(0.05)
        events = stacks.describe_stack_events(StackName=name)["StackEvents"]
        failed = [it for it in events if it["ResourceStatus"].endswith("FAILED")]
        assert status in ("CREATE_COMPLETE", "UPDATE_COMPLETE") and not failed, (status, failed)
        return {it["OutputKey"]: it["OutputValue"] for it in stack.get("Outputs", [])}

    def deliver(self, event: Event, *, bus: str = "default", sender: str = "", invoke: bool = True) -> list[dict[str, Any]]:
        """Has CloudTrail, or another account, put an event on a bus of this account: where it went, and why not."""
        given = {"event": event | {"account": sender or self.account}, "bus": bus, "owner": self.account, "invoke": invoke}
        found: list[dict[str, Any]] = request("POST", f"{self.endpoint}/_local/deliver", given)
        return found


def organization(server: Ministack) -> str:
    """The id of the organization whose management account is ours."""
    return str(Account(server).client("organizations").describe_organization()["Organization"]["Id"])


class Home(Account):
    """The account that template.yaml is deployed in; the management account, where there is an organization."""

    def __init__(self, server: Ministack, **parameters: str) -> None:
        super().__init__(server)
        self.parameters = {"Architecture": "x86_64"} | parameters
        self.outputs = self.deploy("template.yaml", **self.parameters)
        self.functions = self.client("lambda")

    def joined(self, name: str) -> Account:
        """A new account of the organization."""
        made = self.client("organizations").create_account(Email=f"{name}@example.com", AccountName=name)
        return Account(self.server, made["CreateAccountStatus"]["AccountId"])

    def function(self, family: str, lane: str = "") -> str:
        """The ARN of a function, or of that of one of its family's lanes."""
        return f"{self.outputs[f'{family.capitalize()}Function']}{f'-{lane}' if lane else ''}"

    def queue(self, family: str) -> str:
        """The address of a family's queue."""
        found = self.client("cloudformation").describe_stack_resource(
            StackName="trailkeeper", LogicalResourceId=f"{family.capitalize()}Queue"
        )
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def role(self, family: str) -> str:
        """The ARN of its role."""
        return str(self.functions.get_function_configuration(FunctionName=self.function(family))["Role"])

    def invoke(self, family: str, event: Event) -> Answer:
        """What it answers to an event."""
        given = self.functions.invoke(FunctionName=self.function(family), Payload=json.dumps(event))
        raw = given["Payload"].read()
        body = json.loads(raw)
        if "FunctionError" not in given:
            return Answer(True, body, raw)
        return Answer(False, body, raw, body.get("errorType"), body.get("errorMessage"))

    def set(self, family: str, **variables: str) -> None:
        """Changes the environment of a function and those beside it, past the template."""
        for lane in ("", "batch", "sweep") if family in FAMILIES else ("",):
            name = self.function(family, lane)
            there = self.functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
            self.functions.update_function_configuration(FunctionName=name, Environment={"Variables": there | variables})

    def client_as(self, family: str, service: str, region: str = REGION) -> Any:
        """A boto3 client with the role of a function."""
        return client(self.endpoint, service, region, self.server.credentials_for(self.role(family)))

    def reached(self, journal: list[dict[str, Any]]) -> set[str]:
        """The functions that got an event, each once and with nobody against it, by what became of it: at once or by a queue."""
        assert all(it["refused"] is None for it in journal), journal
        names = {self.function(name): name for name in FUNCTIONS}
        names |= {self.function(name, "sweep"): name for name in FAMILIES}
        queues = {f"trailkeeper-{name.capitalize()}Queue".lower(): name for name in FAMILIES}
        found = [names[it["target"]] for it in journal if it["target"] in names]
        found += [queues[name] for it in journal if (name := queued(it["target"])) in queues]
        assert len(set(found)) == len(found), found
        return set(found)

    def log(self, family: str) -> list[dict[str, Any]]:
        """The lines of its log group that it wrote."""
        group = self.functions.get_function_configuration(FunctionName=self.function(family))["LoggingConfig"]["LogGroup"]
        pages = self.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        lines = [str(event["message"]) for page in pages for event in page["events"]]
        return [json.loads(line) for line in lines if line.startswith('{"timestamp"')]

    def told(self, family: str, /, **fields: Any) -> list[dict[str, Any]]:
        """The lines of its log with these fields, once there are any."""

        def found() -> Iterator[list[dict[str, Any]]]:
            while True:
                yield [line for line in self.log(family) if fields.items() <= line.items()]

        lines: list[dict[str, Any]] = until(found())
        return lines


def queued(target: str) -> str:
    """The name of a queue among the targets, without what CloudFormation has added to it."""
    return target.rsplit(":", 1)[-1].rsplit("-", 1)[0].lower() if ":sqs:" in target else ""


def until(found: Iterator[Any], seconds: float = WAIT_SECONDS) -> Any:
    """The first of what is looked for that is there; a failure where it does not come."""
    end = time.monotonic() + seconds
    for it in found:
        if it:
            return it
        assert time.monotonic() < end, f"it did not come within {seconds} s"
        time.sleep(0.05)
    raise AssertionError("nothing was looked for")
