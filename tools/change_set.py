"""A template with its parameters, applied as a change set of CloudFormation's."""

from __future__ import annotations

import hashlib
import json
import re
import time
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from home import CAPABILITIES, ROOT
from refusal import Refused
from refusal import cause as told
from stacks import cause

POLL_SECONDS = 3
SETTINGS = ROOT / "tests" / "golden" / "settings.json"
# What CloudFormation says of a change set that changes nothing.
NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
TELL_SECONDS = 30
LEDGER = "Ledger"


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
    return done(plan, made["StackId"])


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


def done(plan: Any, stack: str) -> dict[str, str]:
    """Waits until CloudFormation is done, and tells how far it is; the outputs of the stack."""
    client, said = plan.account.client("cloudformation"), time.monotonic()
    while True:
        found = client.describe_stacks(StackName=stack)["Stacks"][0]
        if not found["StackStatus"].endswith("_IN_PROGRESS"):
            break
        if time.monotonic() - said > TELL_SECONDS:
            said = time.monotonic()
            print(f"  {found['StackStatus']}: {progress(client, stack)}", flush=True)
        time.sleep(POLL_SECONDS)
    if found["StackStatus"] != ("UPDATE_COMPLETE" if plan.update else "CREATE_COMPLETE"):
        events = client.describe_stack_events(StackName=stack)["StackEvents"]
        why = cause(events)
        left = "the stack is as it was" if plan.update else f"what it had made is removed{kept(plan, events)}"
        raise Refused(f"The deployment failed ({found['StackStatus']}; {left}): {why}")
    return {it["OutputKey"]: str(it["OutputValue"]) for it in found.get("Outputs", [])}


def kept(plan: Any, events: list[dict[str, Any]]) -> str:
    """Removes the empty ledger of a creation that failed, which its protection against deletion keeps; says where it cannot."""
    of_ledger = (it.get("PhysicalResourceId") for it in events if it["LogicalResourceId"] == LEDGER)
    table = next((it for it in of_ledger if it), None)
    if table is None:
        return ""
    client = plan.account.client("dynamodb")
    try:
        client.update_table(TableName=table, DeletionProtectionEnabled=False)
        client.get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": POLL_SECONDS, "MaxAttempts": 40})
        client.delete_table(TableName=table)
    except client.exceptions.ResourceNotFoundException:
        return ""
    except (BotoCoreError, ClientError) as error:
        return f", but for the empty table {table} ({told(error)})"
    return ""


def progress(client: Any, stack: str) -> str:
    """How many resources are done."""
    pages = client.get_paginator("list_stack_resources").paginate(StackName=stack)
    states = [it["ResourceStatus"] for page in pages for it in page["StackResourceSummaries"]]
    return f"{sum(it.endswith('_COMPLETE') for it in states)} of {len(states)} resources"
