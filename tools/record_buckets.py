"""Which of the account's log buckets have names by which EventBridge would not know them: the parameter LogBuckets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from home import Account
from refusal import cause
from values import Values, rules, template, unfit

PARAMETER = "LogBuckets"
MOST = 8
# Nothing depends on an answer: whoever does not answer is not waited for.
PATIENCE = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})


def usual() -> list[str]:
    """How the names of log buckets begin that the template knows by itself."""
    match template()["Resources"]["BucketQueueBucketCallsByName"]["Properties"]["EventPattern"]:
        case {"detail": {"requestParameters": {"bucketName": [{"anything-but": {"prefix": {"Fn::Split": [_, {"Fn::Sub": str(names)}]}}}, _]}}}:
            return [it for it in names.split(",") if not it.startswith("$")]
    raise ValueError("the rule on calls by name is not as it was")


def of_trails(account: Account) -> list[str | None]:
    """The buckets that the trails of the stack's region deliver to, those of the organization, too."""
    trails: list[dict[str, Any]] = account.client("cloudtrail", config=PATIENCE).describe_trails().get("trailList", [])
    return [it.get("S3BucketName") for it in trails]


def of_config(account: Account) -> list[str | None]:
    """The buckets that AWS Config delivers to in the stack's region."""
    channels: list[dict[str, Any]] = account.client("config", config=PATIENCE).describe_delivery_channels().get("DeliveryChannels", [])
    return [it.get("s3BucketName") for it in channels]


def uncovered(names: Iterable[str], known: list[str]) -> list[str]:
    """Those that begin neither like a known name nor like another one of themselves."""
    found: list[str] = []
    for name in sorted(names):
        if not name.startswith((*known, *found)):
            found.append(name)
    return found


def named(account: Account, kept: str | None, usually: str) -> tuple[Values, list[str]]:
    """The parameter where the stack does not have it yet, with the buckets that are there; and what people should know.

    What it holds already stays: an operator may have said it.
    """
    names, notes = set[str](), []
    sources: dict[str, Callable[[Account], list[str | None]]] = {"trails": of_trails, "AWS Config": of_config}
    for source, buckets in sources.items():
        try:
            names |= {it for it in buckets(account) if it}
        except (BotoCoreError, ClientError) as error:
            notes.append(f"The log buckets of {source} could not be looked up, to name them in {PARAMETER}: {cause(error)}")
    holds = (usually if kept is None else kept).split(",")
    # Buckets from before 2018 may have capitals, which the parameter takes from nobody.
    odd = {it for it in names if unfit(it, rules()[PARAMETER])}
    new = uncovered(names - odd, [*usual(), *holds])
    added, left = new[: MOST - len(holds)], new[MOST - len(holds) :]
    if kept is not None and added:
        notes.append(f"Calls on {told(added)} come in batches: PARAMETERS='{PARAMETER}={','.join([*holds, *added])}' has them come at once")
    notes += [f"Calls on {told(them)} come in batches: {PARAMETER} {why}"
              for them, why in ((left, "has no room"), (sorted(odd), "takes no such name")) if them]
    return ({PARAMETER: ",".join([*holds, *added])} if kept is None and added else {}), notes


def told(buckets: list[str]) -> str:
    """Log buckets as people read of them."""
    return f"the log bucket{'s' if len(buckets) > 1 else ''} {', '.join(buckets)}"
