"""Accounts with many trails, each with a bucket of its own, over three regions."""

from __future__ import annotations

from given import trail
from local_aws.processes import Moto
from seeded import REGIONS

__all__ = ["REGIONS", "many_trails"]


def many_trails(moto: Moto, count: int) -> None:
    """So many trails and log buckets in an empty account; all log, each only its own region."""
    moto.regions(REGIONS)
    moto.trails(count)
    for number in range(count):
        region = REGIONS[number % len(REGIONS)]
        arn = trail(moto, f"many-{number}", region, EnableLogFileValidation=True)
        moto.client("cloudtrail", region).start_logging(Name=arn)
