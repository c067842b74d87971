"""Counts what an event and a sweep cost, for the simulation: calls by name, and how many come one after another.

usage: PYTHONPATH=(as in tests/pytest.ini) tests/bench/simulation/measure.py FOLDER_OF_FUNCTIONS

Writes `measured.json`, the one place in which the simulation looks for them. They are counts, not times, so it does not
matter how the functions were built.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from account import create_server
from bench.measure import environment
from envelope import Event, api_call, role_call, schedule
from given import role, trust
from kms_keys import many
from local_aws.processes import ACCOUNT, REGION, Faults, Moto
from log_buckets import bucket_call
from recorders import on
from runtime_api import Function
from trails import is_logging, key_call, kept_trail, trail_call
from vpcs import vpc

MEASURED = Path(__file__).with_name("measured.json")
DELAY_SECONDS = 0.4
"""What every answer is delayed by, so that all else is small beside it: a chain of n calls takes n of these."""
REGIONS = [
    "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1",
    "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-1",
    "us-west-2",
]
"""Those that every account has enabled: https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html"""
VPCS, KEYS = 2, 3
"""In a region, the default VPC aside."""
ROLE, BUCKET, TRAIL = "unrelated", "unrelated", "main"
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/keeper"
MENDED = ("trail", "stopped")
FAMILIES = ("trail", "bucket", "monitoring", "vpc", "key", "recorder", "transfer")


def seed(moto: Moto) -> str:
    """A usual account: a trail in one region, and in that region VPCs, keys, a recorder and a server; the trail's ARN."""
    moto.reset()
    moto.regions(REGIONS)
    moto.client("events").create_event_bus(Name="keeper")
    moto.client("sns").create_topic(Name="trailkeeper-reports")
    arn = kept_trail(moto)
    for _ in range(VPCS):
        vpc(moto)
    many(moto, REGION, KEYS, rotating=True)
    on(moto)
    create_server(moto)
    role(moto, ROLE, trust("ec2.amazonaws.com"))
    moto.client("s3").create_bucket(Bucket=BUCKET)
    return arn


def swept(family: str, region: str | None = None) -> Event:
    """The sweep of an account or of one of its regions, as another invocation hands it on."""
    where = {"region": region} if region else {}
    return schedule() | {
        "id": str(uuid.uuid4()), "detail-type": "Trailkeeper Sweep", "source": "trailkeeper",
        "detail": {"family": family, "account": ACCOUNT} | where,
    }


def works(arn: str, key: str) -> dict[tuple[str, str], Callable[[], Event]]:
    """What each family is woken by: calls that concern nothing of ours, and sweeps."""
    role_, bucket = lambda: role_call("AttachRolePolicy", ROLE), lambda: bucket_call(BUCKET)
    policy, stopped = lambda: key_call("PutKeyPolicy", key), lambda: trail_call("StopLogging", arn)
    return {
        **{(family, "role"): role_ for family in ("trail", "transfer", "vpc")},
        **{(family, "bucket"): bucket for family in ("bucket", "monitoring")},
        **{(family, "key"): policy for family in ("trail", "bucket", "monitoring")},
        ("monitoring", "stopped"): stopped,
        ("trail", "stopped"): stopped,
        **{(family, "sweep"): (lambda family=family: swept(family)) for family in FAMILIES[:3]},  # type: ignore[misc]
        **{(family, "sweep"): (lambda family=family: swept(family, REGION)) for family in FAMILIES[3:]},  # type: ignore[misc]
    }


def once(function: Function, event: Event) -> None:
    """One event, each under an id of its own; fails unless it was answered well."""
    event = event | {"id": str(uuid.uuid4())}
    if "eventID" in event["detail"]:
        event["detail"] = event["detail"] | {"eventID": str(uuid.uuid4())}
    answer = function.invoke(event)
    if not answer.ok:
        raise RuntimeError(f"the function failed: {answer.error_message or answer.raw!r}")


def began(moto: Moto, arn: str, since: float, found: list[float]) -> None:
    """Notes when the trail logs again."""
    while not is_logging(moto, arn):
        time.sleep(0.02)
    found.append(time.perf_counter() - since)


def measure(folder: Path, moto: Moto, faults: Faults) -> dict[str, Any]:
    """By family and what woke it: the calls, how many one after another, and of a stopped trail until it logs."""
    arn, found = seed(moto), {}
    key = str(moto.client("kms").create_key()["KeyMetadata"]["Arn"])
    settings = {
        "TRAILKEEPER_REGIONS": ",".join(REGIONS), "TRAILKEEPER_BUS": BUS,
        "TRAILKEEPER_TOPIC_ARN": f"arn:aws:sns:{REGION}:{ACCOUNT}:trailkeeper-reports",
    }

    def ready(kind: str) -> None:
        if kind == "stopped":
            moto.client("cloudtrail").stop_logging(Name=arn)

    events = works(arn, key)
    for family in FAMILIES:
        with Function([str(folder / family)], environment(faults.endpoint, **settings), timeout=300) as function:
            faults.clear()
            # Until it is as we want it, so that what is counted is a look.
            for _ in range(3):
                once(function, events[family, "sweep"]())
            for (of, kind), event in events.items():
                if of != family:
                    continue
                ready(kind)
                faults.forget()
                once(function, event())
                calls = faults.calls()
                made = Counter(f"{it.service}:{it.operation}" for it in calls)
                regions = {it.region for it in calls if it.region}
                ready(kind)
                faults.rule("*", latency_ms=DELAY_SECONDS * 1000)
                since, logs = time.perf_counter(), []
                watch = threading.Thread(target=began, args=(moto, arn, since, logs), daemon=True)
                if (family, kind) == MENDED:
                    watch.start()
                once(function, event())
                chain = (time.perf_counter() - since) / DELAY_SECONDS
                faults.clear()
                found[f"{family} {kind}"] = {
                    "chain": int(chain), "regions": len(regions), "calls": dict(sorted(made.items())),
                }
                if (family, kind) == MENDED:
                    watch.join()
                    found[f"{family} {kind}"]["until_mended"] = int(logs[0] / DELAY_SECONDS)
                moto.client("cloudtrail").start_logging(Name=arn)
                print(f"{family} {kind}: {made.total()} calls, {int(chain)} in a row, {len(regions)} regions", file=sys.stderr)
    return found


def main() -> int:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with Moto() as moto, Faults(moto) as faults:
        found = measure(Path(sys.argv[1]).resolve(), moto, faults)
    MEASURED.write_text(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
