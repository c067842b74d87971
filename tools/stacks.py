"""CloudFormation's stacks: made, updated and removed, and why that failed."""

from __future__ import annotations

import time
from typing import Any

from botocore.exceptions import ClientError

POLL_SECONDS = 3
FAILED = "FAILED: "
# What AWS says where the organization closes a region to the account
# (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html).
CLOSED = "explicit deny in a service control policy"
STARTS = {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"}


def put(client: Any, stack: dict[str, Any]) -> str:
    """Makes the stack or brings it up to date; what became of it."""
    try:
        made = client.create_stack(**stack, OnFailure="DELETE")["StackId"]
        return ended(client, made, "CREATE_COMPLETE", "created")
    except client.exceptions.AlreadyExistsException:
        pass
    try:
        updated = client.update_stack(**stack)["StackId"]
    except ClientError as refused:
        if "No updates are to be performed" in str(refused):
            return "unchanged"
        raise
    return ended(client, updated, "UPDATE_COMPLETE", "updated")


def take(client: Any, name: str) -> str:
    """Deletes the stack, if there is one; what became of it."""
    try:
        there = client.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
    except ClientError as refused:
        if "does not exist" in str(refused):
            return "not there"
        raise
    client.delete_stack(StackName=name)
    return ended(client, there, "DELETE_COMPLETE", "removed")


def ended(client: Any, stack: str, aim: str, word: str) -> str:
    """Waits until CloudFormation is done with a stack; the word, if it is as it should be."""
    while (status := client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]).endswith("_IN_PROGRESS"):
        time.sleep(POLL_SECONDS)
    if status == aim:
        return word
    return f"{FAILED}{status}: {cause(client.describe_stack_events(StackName=stack)['StackEvents'])}"


def cause(events: list[dict[str, Any]]) -> str:
    """What failed first in the last operation that failed. Events come newest first."""
    found = ""
    for event in events:
        status, resource = event["ResourceStatus"], event["LogicalResourceId"]
        if status.endswith("_FAILED"):
            found = f"{resource}: {event.get('ResourceStatusReason', status)}"
        if found and event["PhysicalResourceId"] == event["StackId"] and status in STARTS:
            break
    return found or "no reason given"
