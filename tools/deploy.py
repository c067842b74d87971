"""Deploys Trailkeeper into the account of the credentials, or brings its stack up to date, after one question."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import change_set
from botocore.exceptions import ClientError
from home import ROOT, STACK, Account, arguments, asked, named, run
from home import values as parameters_of
from refusal import Refused
from stacks import FAILED, take
from values import Values, filed, modes, problems, rules, spoken, template

# What a failed creation leaves: nothing can be done with it but removing it.
DEAD = {"CREATE_FAILED", "DELETE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}
# CloudFormation's answer to a change that was never made.
EMPTY = "REVIEW_IN_PROGRESS"
# What a name of a stack may be: names of the functions and roles begin with it, and have 64 characters at most.
LONGEST_NAME = 36
# Lambda keeps these of an account's concurrency for functions that reserve none
# (https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html).
UNRESERVED = 100
RESERVED = "2"
# The partitions where AWS lists the regions of an account.
LISTED = {"aws", "aws-cn"}
PACKAGED = "packaged.yaml"


class Plan:
    """What is to be done with the stack, and with which values."""

    def __init__(self, account: Account, name: str, said: Values) -> None:
        self.account, self.name = account, name
        found = account.stack(name)
        status = found["StackStatus"] if found else EMPTY
        self.kept = parameters_of(found) if found else {}
        self.update = bool(found) and status != EMPTY and status not in DEAD
        self.dead = status if status in DEAD else ""
        self._check(status)
        known = rules()
        if self.dead:
            # They were given to an attempt that came to nothing.
            again = {key: value for key, value in self.kept.items() if value != str(known.get(key, {}).get("Default"))}
            said = {key: value for key, value in again.items() if key in known and key != "Concurrency"} | said
        self.said = said
        wrong = list(problems(said, account.region, self.kept if self.update else {}))
        if account.partition not in LISTED and not self.holds["Regions"]:
            wrong.append(f"Regions: AWS cannot list an account's regions in {account.partition}: name them, as in Regions={account.region}")
        if wrong:
            raise Refused("\n".join(wrong))
        self.notes: list[str] = []
        self._reserve()

    def _check(self, status: str) -> None:
        """Whether anything can be done with the stack that is there."""
        where = f"stack {self.name} in {self.account.region} of account {self.account.account}"
        if status.endswith("_IN_PROGRESS") and status != EMPTY:
            raise Refused(f"The {where} is being changed ({status}): wait until it is done")
        if status == "UPDATE_ROLLBACK_FAILED":
            cure = f"aws cloudformation continue-update-rollback --stack-name {self.name} --region {self.account.region}"
            raise Refused(f"The {where} is stuck ({status}): `{cure}`")
        if self.update and not {"Mode", "Controls", "Schedule"} <= self.kept.keys():
            raise Refused(f"The {where} is not Trailkeeper's: name another with STACK=")
        if not self.update and not self.dead:
            there = self.account.elsewhere()
            if there and there != (self.name, self.account.region):
                raise Refused(f"Account {self.account.account} has Trailkeeper already, as {named(*there)}")

    def _reserve(self) -> None:
        """Reserves concurrency where the account has so much, unless it was said."""
        if "Concurrency" not in self.said and self.update:
            return
        try:
            limits = self.account.client("lambda").get_account_settings()["AccountLimit"]
        except ClientError:
            self.notes.append("No concurrency is reserved: lambda:GetAccountSettings is denied")
            return
        spare = limits["UnreservedConcurrentExecutions"] - UNRESERVED
        if self.update:
            spare += reserved(self.kept.get("Concurrency", "0"))
        if "Concurrency" in self.said:
            if reserved(self.said["Concurrency"]) > max(spare, 0):
                raise Refused(
                    f"Concurrency: {self.said['Concurrency']} for each function is {reserved(self.said['Concurrency'])} in all; "
                    f"the account has {limits['ConcurrentExecutions']}, and {max(spare, 0)} of them to reserve: say Concurrency=0"
                )
        elif reserved(RESERVED) <= spare:
            self.said = {**self.said, "Concurrency": RESERVED}
        else:
            self.notes.append(f"No concurrency is reserved: the account has {limits['ConcurrentExecutions']} in all")

    @property
    def holds(self) -> Values:
        """Every parameter with the value that it will have."""
        usual = {name: str(rule.get("Default", "")) for name, rule in rules().items()}
        kept = {name: value for name, value in self.kept.items() if name in usual} if self.update else {}
        return usual | kept | self.said

    def parameters(self) -> list[dict[str, Any]]:
        """What CloudFormation is told: what was said; the rest stays as it is."""
        given = [{"ParameterKey": name, "ParameterValue": value} for name, value in self.said.items()]
        if self.update:
            kept = [name for name in self.kept if name not in self.said and name in rules()]
            given += [{"ParameterKey": name, "UsePreviousValue": True} for name in kept]
        return given

    def shown(self) -> str:
        """The plan as people read it before they say yes."""
        holds = self.holds
        what = "up to date" if self.update else "new"
        if self.dead:
            what = f"new; what a failed attempt has left ({self.dead}) is removed first"
        rows = {
            "Account": f"{self.account.account}, as {self.account.who}",
            "Region": self.account.region,
            "Stack": f"{self.name}: {'is brought ' if self.update else ''}{what}",
            "Mode": mode(holds),
            "Reports": hearers(holds, "ReportEmail", "ReportTopicArn"),
            "Alarms": hearers(holds, "GuardEmail", "ReportEmail", "ReportTopicArn"),
        }
        lines = [f"{name:<10}{value}" for name, value in rows.items()]
        for name, value in self.said.items():
            old = self.kept.get(name)
            if not self.update:
                lines.append(f"{'Value':<10}{name} = `{value}`")
            elif old != value:
                lines.append(f"{'Value':<10}{name} = `{value}` (was {'not there' if old is None else f'`{old}`'})")
        return "\n".join([*lines, *(f"{'Note':<10}{it}" for it in self.notes)])


def reserved(each: str) -> int:
    """The concurrency that all functions reserve together, if each of those that take more than one takes so much."""
    functions = [it["Properties"] for it in template()["Resources"].values() if it["Type"] == "AWS::Serverless::Function"]
    alone = sum("ReservedConcurrentExecutions" in it for it in functions)
    return 0 if int(each) == 0 else alone + int(each) * (len(functions) - alone)


def mode(holds: Values) -> str:
    """What the stack will do."""
    said = modes(holds["Controls"])
    fixed = [it for it, how in said.items() if how == "enforce"]
    if holds.get("Stopped") == "true":
        return "stopped: reports only, until `make start`"
    if holds["Mode"] == "enforce":
        left = [it for it, how in said.items() if how != "enforce"]
        return f"enforce: fixes what it finds{f', but for {chr(44).join(left)}' if left else ''}"
    return f"dry-run: reports only{f', but fixes {chr(44).join(fixed)}' if fixed else ''}"


def hearers(holds: Values, *names: str) -> str:
    """Who is told: the first of these that is set."""
    for name in names:
        if holds[name]:
            return holds[name] + (" (AWS asks the address to confirm)" if "@" in holds[name] else "")
    return "NOBODY: give an address, EMAIL=soc@example.com"


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
        raise Refused(ran.stderr.strip() or "the values could not be checked")
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


def deploy(given: Any) -> int:
    """Everything that can be known is checked first, then asked, then built, then deployed."""
    plan = Plan(Account(given.region), given.stack, said_by(given))
    cargo()
    settings_hold(plan)
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
        print(f"Stack {plan.name} is up to date")
    else:
        print(f"Stack {plan.name} is {'up to date' if plan.update else 'there'}")
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
    if not {"Mode", "Controls", "Schedule"} <= parameters_of(found).keys():
        raise Refused(f"Stack {given.stack} in {account.region} is not Trailkeeper's: name another with STACK=")
    print(f"Account   {account.account}, as {account.who}\nRegion    {account.region}")
    print(f"Stack     {given.stack}: is removed, with the functions, their logs, the topics and their keys")
    if not agreed(given.yes):
        print("Nothing was done")
        return 1
    became = take(account.client("cloudformation"), given.stack)
    print(f"Stack {given.stack}: {became}")
    return 1 if became.startswith(FAILED) else 0


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--email", help="address for reports and alarms: the parameter ReportEmail")
    parser.add_argument("--parameters-file", help="file of values: JSON, or a line Name=value for each")
    parser.add_argument("--architecture", help="arm64 or x86_64: the parameter Architecture")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--remove", action="store_true", help="remove the stack")
    given = parser.parse_args()
    given.stack = given.stack or STACK
    asked["stack"] = given.stack
    if len(given.stack) > LONGEST_NAME:
        raise Refused(f"STACK={given.stack} has {len(given.stack)} characters, {LONGEST_NAME} at most")
    return remove(given) if given.remove else deploy(given)


if __name__ == "__main__":
    run(main)
