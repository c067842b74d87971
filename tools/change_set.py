"""A template with its parameters, applied as a change set of CloudFormation's."""

from __future__ import annotations

import hashlib
import json
import re
import time
from pathlib import Path
from typing import Any

from home import CAPABILITIES, ROOT
from refusal import Refused
from stacks import cause

POLL_SECONDS = 3
SETTINGS = ROOT / "tests" / "golden" / "settings.json"
# What CloudFormation says of a change set that changes nothing.
NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
TELL_SECONDS = 30


def settings() -> dict[str, str]:
    """The functions' variables by the parameters that set them."""
    listed = json.loads(SETTINGS.read_text())
    return {it["parameter"]["name"]: it["name"] for it in listed if it["parameter"]}


def applied(plan: Any, packaged: Path) -> dict[str, str] | None:
    """Makes the stack or changes it; its outputs, or None where nothing had to be changed."""
    client = plan.account.client("cloudformation")
    name = f"{plan.name}-{int(time.time())}"
    made = client.create_change_set(
        StackName=plan.name,
        ChangeSetName=name,
        ChangeSetType="UPDATE" if plan.update else "CREATE",
        TemplateURL=uploaded(plan, packaged),
        Parameters=plan.parameters(),
        Capabilities=CAPABILITIES,
        # What a creation that fails has made goes with it.
        **({} if plan.update else {"OnStackFailure": "DELETE"}),
    )
    which = {"ChangeSetName": made["Id"], "StackName": made["StackId"]}
    while (found := client.describe_change_set(**which))["Status"] in {"CREATE_PENDING", "CREATE_IN_PROGRESS"}:
        time.sleep(POLL_SECONDS)
    if found["Status"] == "FAILED":
        reason = found.get("StatusReason", "no reason given")
        client.delete_change_set(**which)
        if any(it in reason for it in NO_CHANGES):
            return None
        raise Refused(f"CloudFormation refuses the change: {reason}")
    client.execute_change_set(**which)
    return done(client, made["StackId"], plan.update)


def uploaded(plan: Any, packaged: Path) -> str:
    """The template's address, beside the functions: it is larger than CloudFormation takes by itself."""
    text = packaged.read_bytes()
    bucket = re.search(rb"s3://([a-z0-9.-]+)/", text)
    if not bucket:
        raise Refused("The packaged template names no bucket")
    s3 = plan.account.client("s3")
    place, key = bucket[1].decode(), f"{hashlib.sha256(text).hexdigest()}.template"
    s3.put_object(Bucket=place, Key=key, Body=text)
    return f"{s3.meta.endpoint_url}/{place}/{key}"


def done(client: Any, stack: str, update: bool) -> dict[str, str]:
    """Waits until CloudFormation is done, and tells how far it is; the outputs of the stack."""
    told = time.monotonic()
    while True:
        found = client.describe_stacks(StackName=stack)["Stacks"][0]
        if not found["StackStatus"].endswith("_IN_PROGRESS"):
            break
        if time.monotonic() - told > TELL_SECONDS:
            told = time.monotonic()
            print(f"  {found['StackStatus']}: {progress(client, stack)}", flush=True)
        time.sleep(POLL_SECONDS)
    if found["StackStatus"] != ("UPDATE_COMPLETE" if update else "CREATE_COMPLETE"):
        why = cause(client.describe_stack_events(StackName=stack)["StackEvents"])
        left = "the stack is as it was" if update else "what it had made is removed"
        raise Refused(f"The deployment failed ({found['StackStatus']}; {left}): {why}")
    return {it["OutputKey"]: str(it["OutputValue"]) for it in found.get("Outputs", [])}


def progress(client: Any, stack: str) -> str:
    """How many resources are done."""
    pages = client.get_paginator("list_stack_resources").paginate(StackName=stack)
    states = [it["ResourceStatus"] for page in pages for it in page["StackResourceSummaries"]]
    return f"{sum(it.endswith('_COMPLETE') for it in states)} of {len(states)} resources"
