"""Holds the Cargo dependencies to deny.toml, and each function to the SDKs of its own family. Needs no network."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any, Iterator

ROOT = Path(__file__).resolve().parents[2]

# What every function may call: who it is, where to look, whom to tell, where to keep what could not be told, and who goes on.
COMMON = {"account", "eventbridge", "organizations", "sns", "sqs", "sts"}

# The further SDKs of each function, by the name of its folder. A new function needs its line here.
FAMILIES: dict[str, set[str]] = {
    "access": {"s3"},
    "trail": {"dynamodb", "cloudtrail", "cloudwatchlogs", "iam", "kms", "s3"},
    "bucket": {"dynamodb", "s3", "cloudtrail", "config", "kms"},
    "digest": {"dynamodb"},
    "guard": {"cloudformation"},
    "key": {"dynamodb", "kms"},
    "monitoring": {"dynamodb", "cloudtrail", "cloudwatch", "cloudwatchlogs", "firehose", "kms", "lambda"},
    "recorder": {"dynamodb", "config", "iam", "s3"},
    "transfer": {"dynamodb", "cloudwatchlogs", "iam", "transfer"},
    "vpc": {"dynamodb", "cloudwatchlogs", "ec2", "iam", "s3"},
}

# And those of the commands.
TOOLS: dict[str, set[str]] = {
    "check": set(),
    "access-report": {"s3"},
    "replay": set(),
    # A person's profile may be one of IAM Identity Center.
    "trailkeeper": set().union(*FAMILIES.values(), {"sso", "ssooidc"}),
}




def cargo(*arguments: str) -> str:
    """What a cargo command prints, with the lock file as it is."""
    command = ["cargo", *arguments, "--locked"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"`{' '.join(command)}` failed")
    return done.stdout


def is_allowed(expression: str, allowed: set[str]) -> bool:
    """Whether an SPDX licence expression can be satisfied with the allowed licences alone."""
    tokens = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))

    def either() -> bool:
        met = both()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            met = both() or met
        return met

    def both() -> bool:
        met = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            met = one() and met
        return met

    def one() -> bool:
        token = tokens.pop(0)
        if token == "(":
            met = either()
            tokens.pop(0)
            return met
        if tokens and tokens[0] == "WITH":
            tokens.pop(0)
            token = f"{token} WITH {tokens.pop(0)}"
        return token in allowed

    return either()


def licences(packages: list[dict[str, Any]], allowed: set[str]) -> Iterator[str]:
    """Every dependency can be used under the allowed licences."""
    for package in packages:
        expression = package["license"]
        if not expression or not is_allowed(expression, allowed):
            yield f"{package['name']} {package['version']}: licence {expression} is not in deny.toml"


def sources(packages: list[dict[str, Any]], members: set[str]) -> Iterator[str]:
    """Every dependency is a member of this workspace, or a published crate of cargo's one default registry."""
    registries = {package["source"] for package in packages if str(package["source"]).startswith("registry+")}
    if len(registries) > 1:
        yield f"more than one registry: {', '.join(sorted(registries))}"
    for package in packages:
        source = package["source"]
        if source not in registries and not (source is None and package["id"] in members):
            yield f"{package['name']} {package['version']}: comes from {source or package['manifest_path']}"


def duplicates(packages: list[dict[str, Any]]) -> Iterator[str]:
    """No AWS SDK is compiled in two major versions."""
    majors: dict[str, set[str]] = defaultdict(set)
    for package in packages:
        if package["name"].startswith(("aws-sdk-", "aws-smithy-")) or package["name"] == "aws-config":
            major, minor, _ = package["version"].split(".", 2)
            majors[package["name"]].add(major if major != "0" else f"0.{minor}")
    for name, found in sorted(majors.items()):
        if len(found) > 1:
            yield f"{name}: two major versions, {' and '.join(sorted(found))}"


def reach(folder: str, listed: dict[str, set[str]]) -> Iterator[str]:
    """A function or command links the SDKs that it is to call, all of them, and no others."""
    packages = sorted(path.parent.name for path in ROOT.glob(f"{folder}/*/Cargo.toml"))
    for package in packages:
        if package not in listed:
            yield f"{folder}/{package}: tests/lint/check_dependencies.py does not say which SDKs it may use"
            continue
        manifest = f"{folder}/{package}/Cargo.toml"
        tree = cargo("tree", "--manifest-path", manifest, "--edges", "normal,build", "--prefix", "none")
        linked = set(re.findall(r"^aws-sdk-(\S+)", tree, re.MULTILINE))
        # What may use no SDK of its own uses none at all.
        wanted = COMMON | listed[package] if listed[package] else set()
        for sdk in sorted(linked - wanted):
            yield f"{folder}/{package}: links aws-sdk-{sdk}, which is not of its family"
        for sdk in sorted(wanted - linked):
            yield f"{folder}/{package}: does not link aws-sdk-{sdk}, which tests/lint/check_dependencies.py lists"
    for gone in sorted(listed.keys() - set(packages)):
        yield f"{folder}/{gone}: listed in tests/lint/check_dependencies.py, but is not there"


def main() -> int:
    allowed = set(tomllib.loads((ROOT / "deny.toml").read_text())["licenses"]["allow"])
    metadata = json.loads(cargo("metadata", "--format-version", "1"))
    packages: list[dict[str, Any]] = metadata["packages"]
    problems = [
        *licences(packages, allowed),
        *sources(packages, set(metadata["workspace_members"])),
        *duplicates(packages),
        *reach("functions", FAMILIES),
        *reach("tools", TOOLS),
    ]
    print("\n".join(problems) or f"{len(packages)} packages and {len(FAMILIES)} functions: dependencies as they should be")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
