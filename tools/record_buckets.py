"""Which of the account's log buckets have names by which EventBridge would not know them: the parameter LogBuckets."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from home import Account
from refusal import cause
from values import Values, rules, template, unfit

PARAMETER = "LogBuckets"
MOST = 8


def usual() -> list[str]:
    """How the names of log buckets begin that the template knows by itself."""
    match template()["Resources"]["BucketQueueBucketCallsByName"]["Properties"]["EventPattern"]:
        case {"detail": {"requestParameters": {"bucketName": [{"anything-but": {"prefix": {"Fn::Split": [_, {"Fn::Sub": str(names)}]}}}, _]}}}:
            return [it for it in names.split(",") if not it.startswith("$")]
    raise ValueError("the rule on calls by name is not as it was")


def log_buckets(account: Account) -> list[str]:
    """The buckets that the trails and the Config recorder of the stack's region deliver to, those of the organization's, too."""
    trails: list[dict[str, Any]] = account.client("cloudtrail").describe_trails()["trailList"]
    channels: list[dict[str, Any]] = account.client("config").describe_delivery_channels()["DeliveryChannels"]
    names = [it.get("S3BucketName") for it in trails] + [it.get("s3BucketName") for it in channels]
    return sorted({it for it in names if it})


def named(account: Account, holds: Values) -> tuple[Values, list[str]]:
    """The parameter with what it does not name yet, if there is such a bucket; and what people should know."""
    try:
        found = log_buckets(account)
    except (BotoCoreError, ClientError) as error:
        return {}, [f"Log buckets could not be looked up ({cause(error)}): name them, as in {PARAMETER}=my-log-bucket"]
    kept = holds[PARAMETER].split(",")
    new = [it for it in found if not it.startswith((*usual(), *kept))]
    # Buckets from before 2018 may have capitals, which the parameter takes from nobody.
    odd = [it for it in new if unfit(it, rules()[PARAMETER])]
    new = [it for it in new if it not in odd]
    fit = max(MOST - len(kept), 0)
    added, left = new[:fit], {"has no room": new[fit:], "takes no such name": odd}
    notes = [f"Calls on the log bucket{'s' if len(them) > 1 else ''} {', '.join(them)} come in batches: {PARAMETER} {why}"
             for why, them in left.items() if them]
    return ({PARAMETER: ",".join([*kept, *added])} if added else {}), notes
