"""docs/permissions.md: what each function may do, from policies/, and what the people need who deploy and operate it."""

from __future__ import annotations

import json
import re
from typing import Any

from repository import ROOT
from template import FUNCTIONS, NAMES, listed

POLICIES = ROOT / "policies"
PAGE = "docs/permissions.md"
WHAT = {
    "transfer": "AWS Transfer Family servers",
    "trail": "CloudTrail trails",
    "bucket": "log buckets",
    "vpc": "VPC flow logs",
    "key": "KMS keys",
    "recorder": "AWS Config recorders",
    "monitoring": "alarms on important changes",
    "access": "access logs",
    "guard": "Trailkeeper itself",
    "digest": "what sweeps found, for people",
}
NEVER = {
    "NeverEndARecord": "end a record or what watches it",
    "NeverTakeAway": "take away a role, a key, a bucket, a file or a server",
    "NeverDeleteForeignFlowLogs": "delete a flow log that it has not made",
    "NeverMakeARoleBeyondTheBoundary": "make or change a role outside the stack's permissions boundary",
    "NeverWidenARole": "attach a policy to a role, or take its boundary away",
    "NeverClaimOrLendAKey": "claim a key that is there, or lend one",
    "NeverChangeAFunction": "change a function",
    "NeverLetAnAlarmActOnMachines": "let an alarm act on machines",
}


def actions(*files: str) -> list[str]:
    """All actions of policies."""
    statements = [it for file in files for it in json.loads((POLICIES / f"{file}.json").read_text())["Statement"]]
    return sorted({action for it in statements for action in listed(it["Action"])})


def told(found: list[str]) -> str:
    """Actions by service, as a cell of a table."""
    services: dict[str, list[str]] = {}
    for action in found:
        service, name = action.split(":")
        services.setdefault(service, []).append(name)
    return "<br>".join(f"**{service}** {', '.join(names)}" for service, names in services.items()) or "nothing"


def link(*files: str) -> str:
    """Where the whole policies are."""
    return ", ".join(f"[{it}.json](../policies/{it}.json)" for it in files)


def functions() -> str:
    """The table of the functions."""
    rows = ["| function | reads | writes, if it may fix something | whole |", "| --- | --- | --- | --- |"]
    for name in FUNCTIONS:
        reads = [f"{name}.observe"]
        writes = [f"{name}.remediate"] if name in NAMES else [f"{name}.notes"] if name == "access" else []
        always = "always, and in its bucket of notes alone:<br>" if name == "access" else ""
        written = always + told(actions(*writes))
        rows.append(f"| `{name}`: {WHAT[name]} | {told(actions(*reads))} | {written} | {link(*reads, *writes)} |")
    return "\n".join(rows)


def never() -> str:
    """The table of what is denied to every function."""
    rows = ["| no function may | denied |", "| --- | --- |"]
    for statement in json.loads((POLICIES / "never.json").read_text())["Statement"]:
        rows.append(f"| {NEVER[statement['Sid']]} | {told(sorted(listed(statement['Action'])))} |")
    return "\n".join(rows)


def sections() -> dict[str, str]:
    """What is generated, by name."""
    return {"functions": functions(), "never": never()}


def page() -> str:
    """The page as it must be: what is generated anew, and the rest as it is."""
    text = (ROOT / PAGE).read_text()
    for name, made in sections().items():
        pattern = rf"(<!-- Generated, do not edit: {name} -->\n).*?(<!-- End of {name} -->)"
        text, count = re.subn(pattern, lambda it, made=made: f"{it[1]}\n{made}\n\n{it[2]}", text, flags=re.DOTALL)  # type: ignore[misc]
        assert count == 1, name
    return text


def documents() -> list[dict[str, Any]]:
    """The policies that the page has to paste, in their order: to deploy, to cover an organization, to operate, to replay."""
    return [json.loads(it) for it in re.findall(r"```json\n(.*?)```", (ROOT / PAGE).read_text(), re.DOTALL)]
