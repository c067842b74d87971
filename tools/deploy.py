"""Deploys Trailkeeper into the account of the credentials, or brings its stack up to date, after one question."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import change_set
from home import ROOT, STACK, Account, arguments, asked, run
from home import values as parameters_of
from plan import OURS, Plan
from refusal import Refused
from stacks import FAILED, take
from values import Values, filed, rules, spoken

# What a name of a stack may be: names of the functions and roles begin with it, and have 64 characters at most.
LONGEST_NAME = 36
PACKAGED = "packaged.yaml"
GIBIBYTE = 1 << 30
# What the largest SDK, that of EC2, takes to compile.
MEMORY = 8 * GIBIBYTE


def said_by(given: Any) -> Values:
    """All values that were said, wherever."""
    values = (filed(given.parameters_file) if given.parameters_file else {}) | spoken(os.environ.get("PARAMETERS", ""))
    if given.email:
        values |= {"ReportEmail": given.email}
    if given.architecture:
        values |= {"Architecture": given.architecture}
    return values


def settings_hold(plan: Plan) -> None:
    """Has the functions' own code read the values that were said, before it is built into functions."""
    known = change_set.settings()
    changed = [name for name in plan.said if name in known and plan.said[name]]
    if not changed:
        return
    print("Reading the values as the functions do (the first time, this compiles for a minute)", flush=True)
    variables = {known[name]: value for name, value in plan.holds.items() if name in known and value not in {"", "none"}}
    if "TRAILKEEPER_ORGANIZATION" in variables:
        bus = f"arn:{plan.account.partition}:events:{plan.account.region}:{plan.account.account}:event-bus/{plan.name}"
        variables["TRAILKEEPER_BUS"] = bus
    command = [cargo(), "run", "--locked", "--quiet", "--package", "trailkeeper", "--example", "settings"]
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TRAILKEEPER_")}
    ran = subprocess.run(
        command, cwd=ROOT, env=kept | variables | {"AWS_REGION": plan.account.region}, capture_output=True, text=True, check=False
    )
    if ran.returncode:
        words = ran.stderr.strip() or "the values could not be checked"
        for name, variable in sorted(known.items(), key=lambda it: -len(it[1])):
            words = words.replace(variable, name)
        raise Refused(words)
    # What was kept and is no longer known is told, and stops nothing.
    plan.notes += ran.stdout.splitlines()


def cargo() -> str:
    """What builds the functions."""
    found = shutil.which(os.environ.get("CARGO", "cargo"))
    if not found:
        raise Refused("cargo is not there, which builds the functions: install Rust from https://rustup.rs")
    return found


def agreed(yes: bool) -> bool:
    """The one question."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise Refused("Nobody is there to be asked: YES=1 says yes")
    return input("Go on? [y/N] ").strip().lower() in {"y", "yes"}


def built(plan: Plan, folder: Path) -> Path:
    """Builds and uploads the functions; the template that names them."""
    packaged = folder / PACKAGED
    what = [f"ARCH={plan.holds['Architecture']}", f"REGION={plan.account.region}", f"PACKAGED={packaged}"]
    print("Building the functions: up to 45 minutes of CPU time and 8 GB of memory the first time", flush=True)
    # The variables of this make are not those of that one: a value may be anything.
    kept = {key: value for key, value in os.environ.items() if key not in {"MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "PARAMETERS"}}
    if subprocess.run([os.environ.get("MAKE", "make"), "package", *what], cwd=ROOT, env=kept, check=False).returncode:
        raise Refused("The build failed; nothing was deployed")
    return packaged


def removed(plan: Plan) -> None:
    """Removes what a failed attempt has left."""
    became = take(plan.account.client("cloudformation"), plan.name)
    if became.startswith(FAILED):
        raise Refused(f"Stack {plan.name} cannot be removed: {became}")
    print(f"What the failed attempt left: {became}")


def lacking(memory: int) -> list[str]:
    """What makes a build fail that nobody would guess from its errors."""
    if memory >= MEMORY:
        return []
    return [f"This machine has {memory / GIBIBYTE:.0f} GB of memory, and building takes {MEMORY / GIBIBYTE:.0f}: the compiler may be killed"]


def deploy(given: Any) -> int:
    """Everything that can be known is checked first, then asked, then built, then deployed."""
    plan = Plan(Account(given.region), given.stack, said_by(given))
    cargo()
    settings_hold(plan)
    plan.notes += lacking(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    print(plan.shown())
    if not agreed(given.yes):
        print("Nothing was done")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        packaged = built(plan, Path(folder))
        if plan.dead:
            removed(plan)
        outputs = change_set.applied(plan, packaged)
    if outputs is None:
        print(f"Stack {plan.name} is as it was: nothing had to be changed")
    else:
        print(f"Stack {plan.name} {'was brought up to date' if plan.update else 'is there'}")
        for name in ("Dashboard", "ReportTopic", "GuardTopic"):
            print(f"  {name}: {outputs.get(name, '')}")
    named_so = "" if plan.name == STACK else f" STACK={plan.name}"
    print(f"Next: `make regions{named_so}` for the other regions, `make verify{named_so}` to see it alive")
    return 0


def remove(given: Any) -> int:
    """Removes the stack, after one question."""
    account = Account(given.region)
    found = account.stack(given.stack)
    if not found:
        print(f"There is no stack {given.stack} in {account.region} of account {account.account}")
        return 0
    if not parameters_of(found).keys() >= OURS:
        raise Refused(f"Stack {given.stack} in {account.region} is not Trailkeeper's: name another with STACK=")
    print(f"Account   {account.account}, as {account.who}\nRegion    {account.region}")
    print(f"Stack     {given.stack}: is removed, with the functions, their logs, the topics and their keys")
    if not agreed(given.yes):
        print("Nothing was done")
        return 1
    became = take(account.client("cloudformation"), given.stack)
    print(f"Stack {given.stack}: {became}; its ledger and its bucket for notes stay, whose names CloudFormation gave: see docs/deploy.md#remove")
    return 1 if became.startswith(FAILED) else 0


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--email", help="address for reports and alarms: the parameter ReportEmail")
    parser.add_argument("--parameters-file", help="file of values: JSON, or a line Name=value for each")
    parser.add_argument("--architecture", help="arm64 or x86_64: the parameter Architecture")
    parser.add_argument("--given", default="", help=argparse.SUPPRESS)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--remove", action="store_true", help="remove the stack")
    given = parser.parse_args()
    outside = sorted(set(given.given.split()) & rules().keys())
    if outside:
        raise Refused(f"{outside[0]}= is outside PARAMETERS: put all values into one pair of quotes, as in PARAMETERS='A=.. B=..'")
    given.stack = given.stack or STACK
    asked["stack"] = given.stack
    if len(given.stack) > LONGEST_NAME:
        raise Refused(f"STACK={given.stack} has {len(given.stack)} characters, {LONGEST_NAME} at most")
    return remove(given) if given.remove else deploy(given)


if __name__ == "__main__":
    run(main)
