"""Deploys to the accounts of an organization, as StackSets: members.yaml, and regions.yaml in every region."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from typing import Any

from home import POLL_SECONDS, ROOT, Home, arguments, run
from refusal import Refused, listed

# All accounts and regions at once, and one that fails stops no other: the table tells which did.
PREFERENCES = {
    "RegionConcurrencyType": "PARALLEL",
    "FailureTolerancePercentage": 100,
    "MaxConcurrentPercentage": 100,
}

# What rights depend on: parameters that are those of the home stack, with the values that they have unless they are set.
OF_RIGHTS = {
    # Generated, do not edit: rights
    "FlowLogBucket": "none",
    "AlarmAddress": "",
    "AccessTargets": "none",
    # End of rights
}


class StackSet:
    """A StackSet with service-managed permissions, which follows the accounts that come and go."""

    def __init__(self, client: Any, name: str, caller: dict[str, str]) -> None:
        self._client, self.name = client, name
        self._which = {"StackSetName": name, **caller}

    def arn(self) -> str | None:
        """None where there is none."""
        try:
            return str(self._client.describe_stack_set(**self._which)["StackSet"]["StackSetARN"])
        except self._client.exceptions.StackSetNotFoundException:
            return None

    def put(self, file: str, parameters: dict[str, str], targets: dict[str, Any], regions: list[str], after: str) -> str:
        """Makes it or brings it up to date, and adds the regions that it lacks; its ARN. `after` is made before it."""
        wanted = self._which | {
            "TemplateBody": (ROOT / file).read_text(),
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
            "PermissionModel": "SERVICE_MANAGED",
            "AutoDeployment": {
                "Enabled": True,
                "RetainStacksOnAccountRemoval": False,
                **({"DependsOn": [after]} if after else {}),
            },
            # Where an account is just coming or going, an operation waits instead of failing.
            "ManagedExecution": {"Active": True},
        }
        if self.arn():
            self._wait(self._client.update_stack_set(**wanted, OperationPreferences=PREFERENCES))
        else:
            self._client.create_stack_set(**wanted)
        there = {(it.get("OrganizationalUnitId"), it["Region"]) for it in self.instances()}
        units = targets["OrganizationalUnitIds"]
        missing = [region for region in regions if any((unit, region) not in there for unit in units)]
        if missing:
            added = {"DeploymentTargets": targets, "Regions": missing, "OperationPreferences": PREFERENCES}
            self._wait(self._client.create_stack_instances(**self._which, **added))
        return self.arn() or ""

    def instances(self) -> list[dict[str, Any]]:
        """Its stacks, in every account and region."""
        pages = self._client.get_paginator("list_stack_instances").paginate(**self._which)
        return [it for page in pages for it in page["Summaries"]]

    def take(self) -> None:
        """Deletes its stacks, then itself."""
        if not self.arn():
            print(f"{self.name}: not there")
            return
        instances = self.instances()
        units = sorted({it["OrganizationalUnitId"] for it in instances if it.get("OrganizationalUnitId")})
        if units:
            gone = {
                "DeploymentTargets": {"OrganizationalUnitIds": units},
                "Regions": sorted({it["Region"] for it in instances}),
                "OperationPreferences": PREFERENCES,
            }
            self._wait(self._client.delete_stack_instances(**self._which, **gone, RetainStacks=False))
        self._client.delete_stack_set(**self._which)
        print(f"{self.name}: removed")

    def _wait(self, started: dict[str, str]) -> None:
        """Until the operation is over. What it could not do shows in the instances."""
        which = self._which | {"OperationId": started["OperationId"]}
        while True:
            operation = self._client.describe_stack_set_operation(**which)["StackSetOperation"]
            if operation["Status"] not in {"RUNNING", "QUEUED", "STOPPING"}:
                break
            time.sleep(POLL_SECONDS)
        if operation["Status"] != "SUCCEEDED":
            print(f"{self.name}: {operation['Action']} {operation['Status']}: {operation.get('StatusReason', '')}")


def table(name: str, instances: list[dict[str, Any]]) -> bool:
    """Prints each account with what failed in it; whether nothing did."""
    failed = [it for it in instances if not fine(it)]
    for account, regions in sorted(Counter(it["Account"] for it in instances).items()):
        bad = sum(it["Account"] == account for it in failed)
        print(f"{name:<24}{account}  {regions - bad} of {regions} regions")
    for it in failed:
        print(f"  FAILED: {it['Account']} {it['Region']}: {it.get('StatusReason', it['Status'])}")
    if not instances:
        print(f"{name:<24}no accounts yet; accounts that join will get it")
    return not failed


def fine(instance: dict[str, Any]) -> bool:
    """Whether a stack is up to date. Nothing can be done in an account that is suspended."""
    detailed = instance.get("StackInstanceStatus", {}).get("DetailedStatus")
    return instance["Status"] == "CURRENT" or detailed == "SKIPPED_SUSPENDED_ACCOUNT"


def external_id(home: Home) -> str:
    """What the functions say to the role in the accounts: random, made once, and kept as the stack's parameter.

    The stack gets it before the accounts do. Whatever happens in between, the next run finds it there.
    """
    known = home.parameter("ExternalId")
    if known:
        return known
    made = secrets.token_hex(16)
    print("The stack gets an external id of its own")
    home.set(ExternalId=made)
    return made


def boundary(arn: str) -> dict[str, str]:
    """The permissions boundary of the home stack, as the policy of that name in each account, or AWS's own."""
    _, _, name = arn.partition(":policy/")
    return {"PermissionsBoundary": name, "BoundaryOwner": "aws" if "::aws:" in arn else ""}


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--ou", help="organizational units or the root, separated by commas")
    parser.add_argument("--regions", help="separated by commas (default: the stack's parameter Regions, or all enabled ones)")
    parser.add_argument("--remove", action="store_true", help="remove everything that this command deployed")
    given = parser.parse_args()
    units = listed(given.ou)
    if not units and not given.remove:
        raise Refused("Name the organizational units, or the root: OU=ou-abcd-11111111")
    home = Home(given)
    if home.partition == "aws-cn":
        raise Refused("StackSets cannot reach an organization's accounts in China: deploy members.yaml and regions.yaml by hand")
    organization = home.client("organizations").describe_organization()["Organization"]
    management = organization["MasterAccountId"] == home.account
    caller = {"CallAs": "SELF" if management else "DELEGATED_ADMIN"}
    client = home.client("cloudformation")
    members, forwarding = (StackSet(client, f"{home.name}-{it}", caller) for it in ("members", "regions"))
    if given.remove:
        forwarding.take()
        members.take()
        return 0

    if home.parameter("Organization") != organization["Id"]:
        setting = f"Organization={organization['Id']}"
        raise Refused(f"Set the stack's parameter Organization first: make deploy PARAMETERS={setting}")
    targets: dict[str, Any] = {"OrganizationalUnitIds": units}
    if not management:
        # Its home is in `template.yaml` already. The management account is reached by no StackSet of this kind.
        targets |= {"AccountFilterType": "DIFFERENCE", "Accounts": [home.account]}
    common = {"Bus": home.output("Bus"), "AccessTargets": home.parameter("AccessTargets") or "none"}
    parameters = common | {
        "HomeAccount": home.account,
        "HomeStack": home.name,
        "ExternalId": external_id(home),
        "MayFix": "true" if home.parameter("Mode") == "enforce" or home.parameter("Controls") else "false",
    } | boundary(home.parameter("PermissionsBoundary")) | {name: home.parameter(name) or default for name, default in OF_RIGHTS.items()}
    first = members.put("members.yaml", parameters, targets, [home.region], after="")
    regions = listed(given.regions) or listed(home.parameter("Regions")) or home.regions
    forwarding.put("regions.yaml", common, targets, regions, after=first)
    right = [table(it.name, it.instances()) for it in (members, forwarding)]
    return 0 if all(right) else 1


if __name__ == "__main__":
    run(main)
