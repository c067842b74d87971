"""The operators' programs of tools/ against a local AWS, and a stack such as `make deploy` leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

from local_aws.clients import FAKE, Credentials
from local_aws.processes import REGION, Ministack
from local_aws.server import Server
from repository import ROOT
from template import SETTINGS

TOOLS = ROOT / "tools"
PARAMETERS = [setting["parameter"]["name"] for setting in SETTINGS if setting["parameter"]]

# Those that set no setting, but that the programs read.
OTHERS = ["PermissionsBoundary", "Stopped"]

Resources = dict[str, dict[str, Any]]


def environment(server: Server, region: str = REGION, who: Credentials | None = None) -> dict[str, str]:
    """What has boto3 talk to the server, by default as somebody who may do everything."""
    who = who or (server.root if isinstance(server, Ministack) else FAKE)
    return who.as_environment() | {"AWS_ENDPOINT_URL": server.endpoint, "AWS_DEFAULT_REGION": region}


def tool(
    server: Server, name: str, *arguments: str, who: Credentials | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    command = [sys.executable, str(TOOLS / f"{name}.py"), *arguments]
    ran = subprocess.run(
        command, env=kept | environment(server, who=who), capture_output=True, text=True, timeout=120, check=False
    )
    assert "Traceback" not in ran.stderr, ran.stderr
    return ran


def deploy(cloudformation: Any, more: Resources | None = None, name: str = "trailkeeper", **parameters: str) -> None:
    """Makes the stack, or updates it: a bus, a queue for dead letters, and whatever else is in it."""
    template = {
        "Parameters": {it: {"Type": "String", "Default": ""} for it in (*PARAMETERS, *OTHERS, "BusName")},
        "Resources": {
            "DeadLetters": {"Type": "AWS::SQS::Queue"},
            "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": {"Ref": "BusName"}}},
            **(more or {}),
        },
        "Outputs": {
            "DeadLetters": {"Value": {"Ref": "DeadLetters"}},
            "Bus": {"Value": {"Fn::GetAtt": ["Bus", "Arn"]}},
        },
    }
    # All of them: the local AWS keeps the value only of a parameter that was given.
    given = dict.fromkeys([*PARAMETERS, *OTHERS], "") | {"BusName": "trailkeeper"} | parameters
    stack = {
        "StackName": name,
        "TemplateBody": json.dumps(template),
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
        "Capabilities": ["CAPABILITY_IAM"],
    }
    try:
        cloudformation.create_stack(**stack)
    except cloudformation.exceptions.AlreadyExistsException:
        cloudformation.update_stack(**stack)
    while (status := cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]).endswith("PROGRESS"):
        time.sleep(0.05)
    assert status.endswith("_COMPLETE"), status
