"""The templates stay within AWS's limits, whatever their parameters are set to."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from template import BUS, ENTERING, FUNCTIONS, ROOT, Template, parsed

# Policies are longest in this partition and these regions.
# A role's name has 64 letters at most (IAM quotas), so a stack's 40. The bus has the stack's name; to those of the queue and of
# the table CloudFormation adds the part's name and some 13 letters.
STACK = 40
QUEUE = f"https://sqs.ap-southeast-1.amazonaws.com/{'9' * 12}/{'x' * (STACK + 28)}"
ARNS = {"AWS::IAM::Role": 38 + 64, "AWS::Events::EventBus": 60 + STACK}
"""How long ARNs get."""
LONGEST = {
    "AWS::Partition": "aws-us-gov", "AWS::Region": "ap-southeast-1", "UnsentReports": QUEUE, "Ledger": "x" * (STACK + 20),
}


def longest(parameter: dict[str, Any]) -> str:
    """The longest value that a parameter takes."""
    match parameter:
        case {"AllowedValues": values}:
            return max(map(str, values), key=len)
        case {"MaxValue": most}:
            return str(most)
        case {"MaxLength": most}:
            return "x" * most
    raise AssertionError(f"of any length: {parameter}")


def filled() -> Template:
    """The template with everything switched on, the longest values, and ARNs longer than they get."""
    parameters = parsed("template.yaml")["Parameters"]
    bounds = {"AllowedValues", "MaxValue", "MaxLength"}
    bounded = {name: longest(it) for name, it in parameters.items() if it.keys() & bounds}
    template = Template(**(bounded | {"Mode": "enforce", "Tracing": "Active"}))
    resources = template.whole["Resources"].items()
    arns = {f"{name}.Arn": "x" * ARNS.get(it["Type"], 150) for name, it in resources}
    template.values |= LONGEST | arns
    return template


def size(policy: Any) -> int:
    """As IAM measures: without white space."""
    return len(re.sub(r"\s", "", json.dumps(policy)))


@pytest.mark.parametrize("family", FUNCTIONS)
def test_the_policies_in_a_role_are_short_enough(family: str) -> None:
    """10,240 characters together (IAM quotas)."""
    policies = filled().inline(f"{family.capitalize()}Role")
    assert policies.keys() >= {"log", "observe", *(["organization"] if family in ENTERING else [])}
    assert sum(map(size, policies.values())) <= 10_240


def test_managed_policies_and_trusts_are_short_enough_and_few_enough() -> None:
    """6,144 characters each, ten for a role, 2,048 for what says who may take a role (IAM quotas)."""
    given = {
        "HomeAccount": "9" * 12, "HomeStack": "x" * 36, "Bus": BUS, "ExternalId": "x" * 64, "MayFix": "true",
        "PermissionsBoundary": "",
    }
    members = Template("members.yaml", **given)
    # What it has from the home stack is as long as it may be there.
    home, there = (parsed(file)["Parameters"] for file in ("template.yaml", "members.yaml"))
    members.values |= LONGEST | {name: longest(home[name]) for name in home.keys() & there.keys() - given.keys()}
    for template in (filled(), members):
        for policy in template.resources("AWS::IAM::ManagedPolicy").values():
            assert size(policy["PolicyDocument"]) <= 6_144, policy["Description"]
        for name, role in template.resources("AWS::IAM::Role").items():
            assert len(role.get("ManagedPolicyArns", [])) <= 10, name
            assert size(role["AssumeRolePolicyDocument"]) <= 2_048, name


def test_event_patterns_are_short_enough() -> None:
    """2,048 characters (EventBridge quotas)."""
    rules = [it for family in FUNCTIONS for it in Template().events(family, "EventBridgeRule").values()]
    patterns = [it["Pattern"] for it in rules]
    patterns += [it["EventPattern"] for it in Template().resources("AWS::Events::Rule").values()]
    patterns += [it["EventPattern"] for it in Template("regions.yaml", Bus=BUS).resources("AWS::Events::Rule").values()]
    assert max(len(json.dumps(it)) for it in patterns) <= 2_048


@pytest.mark.parametrize("family", FUNCTIONS)
def test_the_environment_is_small_enough(family: str) -> None:
    """4 KB (Lambda quotas), which Lambda measures as JSON."""
    variables = filled().environment(family)
    assert len(json.dumps(variables, separators=(",", ":"))) <= 4_096


def test_the_template_is_small_enough() -> None:
    """1 MB, 500 resources and 200 parameters (CloudFormation quotas), what SAM adds among them."""
    whole = parsed("template.yaml")
    functions = Template().resources("AWS::Serverless::Function").values()
    events = sum(len(it["Events"]) for it in functions)
    # A rule gets a permission, a function what becomes of a failed event.
    assert len(whole["Resources"]) + 2 * events + len(functions) <= 500
    assert len(whole["Parameters"]) <= 200
    assert len((ROOT / "template.yaml").read_bytes()) <= 500_000
