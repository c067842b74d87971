"""Deploys regions.yaml, which forwards calls to the home bus, to every enabled region except the home region."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from home import ROOT, Home, arguments, run

POLL_SECONDS = 3
AT_ONCE = 8
FAILED = "FAILED: "
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


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--remove", action="store_true", help="remove it again")
    given = parser.parse_args()
    home = Home(given.stack)
    stack = {
        "StackName": f"{home.name}-regions",
        "TemplateBody": (ROOT / "regions.yaml").read_text(),
        "Parameters": [
            {"ParameterKey": "Bus", "ParameterValue": home.output("Bus")},
            {"ParameterKey": "AccessTargets", "ParameterValue": home.parameter("AccessTargets") or "none"},
        ],
        "Tags": [{"Key": "managed-by", "Value": "trailkeeper"}],
    }

    def work(region: str) -> str:
        client = home.client("cloudformation", region)
        try:
            return take(client, stack["StackName"]) if given.remove else put(client, stack)
        except (BotoCoreError, ClientError) as refused:
            return f"{FAILED}{refused}"

    regions = [region for region in home.regions if region != home.region]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        became = dict(zip(regions, pool.map(work, regions), strict=True))
    for region, what in became.items():
        print(f"{region:<16}{what}")
    failed = sum(what.startswith(FAILED) for what in became.values())
    print(f"{len(regions) - failed} of {len(regions)} regions done")
    return 1 if failed else 0


if __name__ == "__main__":
    run(main)
