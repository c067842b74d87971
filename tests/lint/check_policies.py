"""Holds every statement of `policies/` and of the templates against AWS's Service Authorization Reference, as policy_sentry has it.

An action must exist, the resources must be of its types and cover those that it requires, a condition key must be its own,
one of its resources', or global, and what it depends on must be granted, too, or stand below with the reason.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from policy_sentry.shared.iam_data import get_service_prefix_data

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ("template.yaml", "members.yaml", "regions.yaml")

# An ARN for each placeholder, attribute and type of resource that stands for a whole one.
TOPIC, QUEUE, KEY = "arn:aws:sns:r:a:topic", "arn:aws:sqs:r:a:queue", "arn:aws:kms:r:a:key/key"
BUS, BUCKET = "arn:aws:events:r:a:event-bus/bus", "arn:aws:s3:::bucket"
TABLE = "arn:aws:dynamodb:r:a:table/table"
ARNS = {
    "ReportTopicArn": TOPIC, "GuardTopicArn": TOPIC, "TopicArn": TOPIC, "QueueArn": QUEUE, "UnsentReportsArn": QUEUE,
    "FamilyQueueArn": QUEUE,
    "LedgerArn": TABLE, "AWS::DynamoDB::Table": TABLE,
    "ReportTopicKeyArn": KEY, "BusArn": BUS, "NotesArn": BUCKET, "Bus": BUS,
    "AWS::SNS::Topic": TOPIC, "AWS::SQS::Queue": QUEUE, "AWS::Events::EventBus": BUS, "AWS::S3::Bucket": BUCKET,
    "AWS::Logs::LogGroup": "arn:aws:logs:r:a:log-group:group:*", "AWS::Serverless::Function": "arn:aws:lambda:r:a:function:name",
    "AWS::KMS::Key": KEY,
}

# What AWS names as a dependent action and a grant does not need, with the reason.
MULTI_REGION = "only multi-Region keys need it (KMS developer guide, multi-Region keys)"
TAGS = "only keys with tags need it (KMS API reference, CreateKey), and ours have none"
KEEPER = "the policy that the request carries lets its maker put the next one: policies/key-keeper.json"
TRAIL_OF_ORGANIZATION = "only for making a trail an organization's, which no function does"
DELIVERY_STATUS = "only for the role of delivery status logging, which no function sets"
ECS = "only for the fields of flow logs that begin with ecs-, which no function asks for"
NOT_NEEDED = {
    ("kms:CreateKey", "iam:CreateServiceLinkedRole"): MULTI_REGION,
    ("kms:CreateKey", "kms:TagResource"): TAGS,
    ("kms:CreateKey", "kms:PutKeyPolicy"): KEEPER,
    ("cloudtrail:CreateTrail", "iam:CreateServiceLinkedRole"): TRAIL_OF_ORGANIZATION,
    ("cloudtrail:CreateTrail", "organizations:ListAWSServiceAccessForOrganization"): TRAIL_OF_ORGANIZATION,
    ("cloudtrail:UpdateTrail", "iam:CreateServiceLinkedRole"): TRAIL_OF_ORGANIZATION,
    ("cloudtrail:UpdateTrail", "organizations:ListAWSServiceAccessForOrganization"): TRAIL_OF_ORGANIZATION,
    ("sns:CreateTopic", "iam:PassRole"): DELIVERY_STATUS,
    ("sns:SetTopicAttributes", "iam:PassRole"): DELIVERY_STATUS,
    ("ec2:CreateFlowLogs", "ecs:ListClusters"): ECS,
    ("ec2:CreateFlowLogs", "ecs:ListContainerInstances"): ECS,
    ("ec2:CreateFlowLogs", "ecs:ListServices"): ECS,
    ("ec2:CreateFlowLogs", "ecs:ListTaskDefinitions"): ECS,
    ("ec2:CreateFlowLogs", "ecs:ListTasks"): ECS,
}

# Types of resources that an action requires and another policy grants, with the reason.
ELSEWHERE = {("kms:CreateAlias", "key"): "the key's own policy grants it: policies/key-keeper.json"}

# Keys of requests and resources that a service must support, though they are named like global ones.
OF_SERVICES = ("aws:requesttag/", "aws:resourcetag/", "aws:tagkeys")


@dataclass(frozen=True)
class Statement:
    """A statement, and where it stands."""

    where: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    keys: tuple[str, ...]
    of_resource: bool
    """Whether it is in the policy of a resource, which its Resource means."""


def listed(value: Any) -> list[Any]:
    """One or several, as several."""
    return value if isinstance(value, list) else [value]


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms."""


def short_form(loader: Loader, suffix: str, node: yaml.Node) -> Any:
    """`!Ref x` as {"Ref": "x"}, and so on."""
    match node:
        case yaml.ScalarNode():
            return {suffix: loader.construct_scalar(node)}
        case yaml.SequenceNode():
            return {suffix: loader.construct_sequence(node, deep=True)}
    return {suffix: loader.construct_mapping(node, deep=True)}


Loader.add_multi_constructor("!", short_form)


def texts(value: Any, types: dict[str, str]) -> Iterator[str]:
    """The texts that a value of a template may have, as far as a resource's type can be told from them."""
    match value:
        case str():
            yield from texts({"Sub": value}, types)
        case {"Ref": name} | {"GetAtt": name}:
            resource = str(name).partition(".")[0]
            yield ARNS.get(resource) or ARNS.get(types.get(resource, ""), str(name))
        case {"Sub": [text, *_]} | {"Sub": text}:
            whole = re.fullmatch(r"\$\{([\w.]+)\}(.*)", text, re.DOTALL)
            resource = whole[1].partition(".")[0] if whole else ""
            known = ARNS.get(resource) or ARNS.get(types.get(resource, ""))
            yield known + whole[2] if whole and known else text
        case {"If": [_, yes, no]}:
            yield from texts(yes, types)
            yield from texts(no, types)
        case {"Ref": "AWS::NoValue"}:
            return
        case {"Split": [_, inner]}:
            yield from texts(inner, types)
        case list():
            for item in value:
                yield from texts(item, types)


def statements(document: Any, where: str, types: dict[str, str], *, of_resource: bool) -> Iterator[Statement]:
    """The statements of a policy."""
    for number, given in enumerate(listed(document["Statement"])):
        match given:
            case {"If": [_, statement, _]}:
                pass
            case statement:
                pass
        blocks = [it["If"][1] if "If" in it else it for it in statement.get("Condition", {}).values()]
        keys = [key for block in blocks for key in block]
        yield Statement(
            f"{where}, {statement.get('Sid', number)}", statement["Effect"], tuple(listed(statement["Action"])),
            tuple(texts(statement.get("Resource", []), types)), tuple(keys), of_resource or "Principal" in statement,
        )


def of_policies() -> Iterator[list[Statement]]:
    """The statements of `policies/`: those of a function together, and any other document by itself."""
    files = sorted((ROOT / "policies").glob("*.json"))
    groups: dict[str, list[Path]] = {}
    for file in files:
        function = file.name.partition(".")[0]
        own = re.fullmatch(r"\w+\.(observe|remediate|notes)\.json", file.name)
        groups.setdefault(function if own else file.name, []).append(file)
    for group in groups.values():
        found = [statements(json.loads(it.read_text()), f"policies/{it.name}", {}, of_resource=False) for it in group]
        yield [statement for each in found for statement in each]


def of_template(name: str) -> Iterator[list[Statement]]:
    """The statements of a template: together, since a role has its rights from several resources of it."""
    whole = yaml.load((ROOT / name).read_text(), Loader)  # noqa: S506 - a safe loader
    types = {resource: it["Type"] for resource, it in whole["Resources"].items()}

    def found(value: Any, where: str) -> Iterator[Statement]:
        match value:
            case {"Statement": [{"Effect": _}, *_] | {"Effect": _}} | {"Statement": [{"If": _}, *_]}:
                yield from statements(value, where, types, of_resource=False)
            case dict():
                for inner in value.values():
                    yield from found(inner, where)
            case list():
                for inner in value:
                    yield from found(inner, where)

    yield [
        statement
        for resource, it in whole["Resources"].items()
        for statement in found(it.get("Properties", {}), f"{name}, {resource}")
    ]


@cache
def service(prefix: str) -> dict[str, Any]:
    """What AWS says of a service."""
    found: dict[str, Any] = get_service_prefix_data(prefix)
    return found


def expanded(action: str) -> list[tuple[str, dict[str, Any]]]:
    """The actions that a pattern means, with what AWS says of them."""
    prefix, _, name = action.lower().partition(":")
    known = service(prefix).get("privileges", {})
    pattern = re.compile(re.escape(name).replace(r"\*", ".*").replace(r"\?", "."))
    return [(f"{prefix}:{it}", told) for it, told in known.items() if pattern.fullmatch(it.lower())]


@cache
def overlap(one: str, other: str) -> bool:
    """Whether some text matches both of two patterns with `*` and `?`."""
    if not one or not other:
        return not (one or other).strip("*")
    if one[0] == "*":
        return overlap(one[1:], other) or overlap(one, other[1:])
    if other[0] == "*":
        return overlap(other, one)
    return (one[0] == other[0] or "?" in (one[0], other[0])) and overlap(one[1:], other[1:])


def pattern(arn: str) -> str:
    """An ARN with whatever is still to be filled in as a star; one that names only stars at an end is shortened."""
    return re.sub(r"\*+", "*", re.sub(r"\$\{[^}]*\}", "*", arn))


def of_type(resource: str, arn: str) -> bool:
    """Whether a Resource can name something with an ARN of this form."""
    if resource == "*":
        return True
    ours, theirs = pattern(resource).split(":", 5), pattern(arn).split(":", 5)
    if len(ours) != 6 or len(theirs) != 6:
        return False
    # An S3 bucket's name has no slash, and a log group's ARN may end in `:*` (Service Authorization Reference, logs).
    if ours[2] == "s3" and theirs[5] == "*" and "/" in ours[5]:
        return False
    ends = {ours[5], ours[5].removesuffix(":*"), ours[5].removesuffix(":log-stream:")}
    same = all(overlap(mine, its) for mine, its in zip(ours[:5], theirs[:5], strict=True))
    return same and any(overlap(end, theirs[5]) for end in ends)


def types_of(name: str, told: dict[str, Any]) -> dict[str, tuple[str, bool, list[str]]]:
    """The types of resources of an action: ARN, whether it must be given, and condition keys."""
    known = service(name.partition(":")[0])["resources"]
    return {
        kind: (known[kind]["arn"], it["required"], it["condition_keys"] + known[kind]["condition_keys"])
        for kind, it in told["resource_types"].items() if kind
    }


def is_key(key: str, allowed: list[str]) -> bool:
    """Whether a condition key is one of these, or a global one."""
    low = key.lower()
    if low.startswith("aws:") and not low.startswith(OF_SERVICES):
        return True
    forms = (re.escape(re.sub(r"\$\{[^}]*\}", "\0", it.lower())).replace("\0", ".+") for it in allowed)
    return any(re.fullmatch(form, low) for form in forms)


def of_statement(it: Statement) -> Iterator[str]:
    """What is wrong with a statement by itself."""
    fitting = set()
    for action in it.actions:
        meant = expanded(action) if action != "*" else []
        if not meant and action != "*":
            yield f"{it.where}: there is no action {action}"
        for name, told in meant:
            types = types_of(name, told)
            kinds = {kind for kind, (arn, _, _) in types.items() if any(of_type(resource, arn) for resource in it.resources)}
            fitting |= {resource for resource in it.resources for arn, _, _ in types.values() if of_type(resource, arn)}
            if not it.of_resource:
                if not types and it.resources != ("*",):
                    yield f"{it.where}: {name} has no resources, so that only `*` grants it"
                elif types and not kinds:
                    yield f"{it.where}: {name} is on none of {', '.join(it.resources)}"
            own = told["resource_types"].get("", {}).get("condition_keys", [])
            allowed = own + [key for kind in kinds or types for key in types[kind][2]]
            for key in it.keys:
                if not is_key(key, allowed):
                    yield f"{it.where}: {name} has no condition key {key}"
    for resource in set(it.resources) - fitting - {"*"}:
        if not it.of_resource:
            yield f"{it.where}: no action of it is on {resource}"


def of_all(group: list[Statement]) -> Iterator[str]:
    """What is wrong with the statements of one holder together: types that are lacking, and dependent actions."""
    granted: dict[str, list[Statement]] = {}
    for it in group:
        if it.effect == "Allow" and not it.of_resource:
            for action in it.actions:
                for name, _ in expanded(action):
                    granted.setdefault(name, []).append(it)
    low = {name.lower() for name in granted}
    for name, by in granted.items():
        (told,) = [told for found, told in expanded(name) if found == name]
        for kind, (arn, required, _) in types_of(name, told).items():
            there = any(of_type(resource, arn) for it in by for resource in it.resources)
            if required and not there and (f"{name.partition(':')[0]}:{told['privilege']}", kind) not in ELSEWHERE:
                yield f"{by[0].where}: {name} needs a resource of the type {kind}, too"
        for dependent in {it for kind in told["resource_types"].values() for it in kind["dependent_actions"]}:
            key = (f"{name.partition(':')[0]}:{told['privilege']}", dependent)
            if dependent.lower() not in low and key not in NOT_NEEDED:
                yield f"{by[0].where}: {key[0]} depends on {dependent}, which is not granted"


def main() -> int:
    """Says what is wrong, and how much was looked at."""
    groups = [*of_policies(), *(group for name in TEMPLATES for group in of_template(name))]
    wrong = [complaint for group in groups for it in group for complaint in of_statement(it)]
    wrong += [complaint for group in groups for complaint in of_all(group)]
    print("\n".join(sorted(set(wrong))) or f"{sum(map(len, groups))} statements agree with the Service Authorization Reference")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
