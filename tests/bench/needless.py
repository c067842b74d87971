"""Reads that another read made needless: the same call on the same thing, with no write between them."""

from __future__ import annotations

from collections import Counter

from local_aws.processes import Call
from observed import READS


BY_KIND = {"DescribeAccountPolicies"}
"""Calls that ask one kind at a time, which what is recorded here does not tell; `recorded_calls` compares their arguments."""


def is_write(call: Call) -> bool:
    """Whether it changes something; a report to SNS changes nothing."""
    return not call.operation.startswith((*READS, "Head")) and call.service != "sns"


def parts(calls: list[Call]) -> tuple[list[Call], list[Call], list[Call]]:
    """What comes before the first write, from there to the last one, and after it."""
    at = [number for number, call in enumerate(calls) if is_write(call)]
    first, end = (at[0], at[-1] + 1) if at else (len(calls), len(calls))
    return calls[:first], calls[first:end], calls[end:]


def check(calls: list[Call]) -> None:
    """Fails where a call is made twice before the first write, or twice after the last one."""
    before, _, after = parts(calls)
    twice = [call for part in (before, after) for call, times in Counter(part).items() if times > 1 and call.operation not in BY_KIND]
    if twice:
        raise RuntimeError(f"these calls were made more than once: {twice}")


def told(calls: list[Call]) -> str:
    """The calls by name, in these three parts; a number where one is made on several things."""
    named = [Counter(call.operation for call in part) for part in parts(calls)]
    return "; ".join(
        ", ".join(name if times == 1 else f"{name} x{times}" for name, times in part.items()) for part in named if part
    )
