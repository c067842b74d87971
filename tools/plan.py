"""What is to be deployed, checked against what is there before anything is built."""

from __future__ import annotations

from typing import Any

import record_buckets
from botocore.exceptions import ClientError
from home import Account, named
from home import values as parameters_of
from refusal import Refused, cause
from values import Values, modes, problems, rules, template

# Parameters by which a stack is known to be Trailkeeper's, of whatever version.
OURS = {"Mode", "Controls", "Schedule"}
# What a failed creation leaves: nothing can be done with it but removing it.
DEAD = {"CREATE_FAILED", "DELETE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}
# CloudFormation's answer to a change that was never made.
EMPTY = "REVIEW_IN_PROGRESS"
# Lambda keeps these of an account's concurrency for functions that reserve none
# (https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html).
UNRESERVED = 100
RESERVED = "5"
# The partitions where AWS lists the regions of an account.
LISTED = {"aws", "aws-cn"}


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
        if record_buckets.PARAMETER not in self.said:
            # An operator may have said what it holds already.
            stays = self.update and record_buckets.PARAMETER in self.kept
            found, notes = record_buckets.named(account, self.holds[record_buckets.PARAMETER].split(","), stays=stays)
            self.said = {**self.said, **found}
            self.notes += notes

    def _check(self, status: str) -> None:
        """Whether anything can be done with the stack that is there."""
        where = f"stack {self.name} in {self.account.region} of account {self.account.account}"
        if status.endswith("_IN_PROGRESS") and status != EMPTY:
            raise Refused(f"The {where} is being changed ({status}): wait until it is done")
        if status == "UPDATE_ROLLBACK_FAILED":
            cure = f"aws cloudformation continue-update-rollback --stack-name {self.name} --region {self.account.region}"
            raise Refused(f"The {where} is stuck ({status}): `{cure}`")
        if self.update and not self.kept.keys() >= OURS:
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
        except ClientError as error:
            if "Concurrency" not in self.said:
                self.notes.append(f"No concurrency is reserved, as it cannot be seen how much there is: {cause(error)}")
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
            "Reports": hearers(holds, self.kept, "ReportEmail", "ReportTopicArn"),
            "Alarms": hearers(holds, self.kept, "GuardEmail", "ReportEmail", "ReportTopicArn"),
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
    """The concurrency that all functions reserve together, if each of those that have none of their own takes so much."""
    functions = [it["Properties"] for it in template()["Resources"].values() if it["Type"] == "AWS::Serverless::Function"]
    own = [own_concurrency(it) for it in functions]
    return 0 if int(each) == 0 else sum(int(each) if it is None else it for it in own)


def own_concurrency(function: dict[str, Any]) -> int | None:
    """What a function reserves by itself where concurrency is reserved at all; None for as much as was said."""
    match function.get("ReservedConcurrentExecutions"):
        case None:
            return 0
        case {"Fn::If": [_, int(own), _]}:
            return own
    return None


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


def hearers(holds: Values, kept: Values, *names: str) -> str:
    """Who is told: the first of these that is set."""
    for name in names:
        if holds[name]:
            is_new = "@" in holds[name] and holds[name] not in {kept.get(it) for it in names}
            return holds[name] + (" (AWS asks the address to confirm)" if is_new else "")
    return "NOBODY: give an address, EMAIL=soc@example.com"
