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


def named(account: Account, holds: list[str], *, stays: bool) -> tuple[Values, list[str]]:
    """The parameter with the buckets that are there, unless it stays as it is; and what people should know."""
    names, notes, rule = set[str](), [], rules()[PARAMETER]
    sources: dict[str, Callable[[Account], list[str | None]]] = {"trails": of_trails, "AWS Config": of_config}
    for source, buckets in sources.items():
        try:
            names |= {it for it in buckets(account) if it}
        except (BotoCoreError, ClientError) as error:
            notes.append(f"The log buckets of {source} could not be looked up, to name them in {PARAMETER}: {cause(error)}")
    # Buckets from before 2018 may have capitals, which the parameter takes from nobody.
    odd = {it for it in names if unfit(it, rule)}
    new = uncovered(names - odd, [*usual(), *holds])
    room = max((count for count in range(len(new) + 1) if not unfit(",".join([*holds, *new[:count]]), rule)), default=0)
    added, left = new[:room], new[room:]
    if stays and added:
        notes.append(f"Calls on {told(added)} come in batches: PARAMETERS='{PARAMETER}={','.join([*holds, *added])}' has them come at once")
    notes += [f"Calls on {told(them)} come in batches: {PARAMETER} {why}"
              for them, why in ((left, "has no room"), (sorted(odd), "takes no such name")) if them]
    return ({PARAMETER: ",".join([*holds, *added])} if added and not stays else {}), notes


def told(buckets: list[str]) -> str:
    """Log buckets as people read of them."""
    return f"the log bucket{'s' if len(buckets) > 1 else ''} {', '.join(buckets)}"
