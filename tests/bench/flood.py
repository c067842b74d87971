"""A flood of 2,000 changes of other people's roles and buckets with a stopped trail in its midst, on the deployed stack.

usage: flood.py FOLDER [EVENTS]

FOLDER is where the binaries are. It prints how long the trail stays stopped after CloudTrail has told of it,
without the flood and amid it, and how the flood was handled.
"""

from __future__ import annotations

import os
import statistics
import sys
import threading
import time
from collections import Counter
from pathlib import Path

EVENTS = 2000
ROUNDS = 5
AIM_SECONDS = 3.0


def main(folder: Path, events: int) -> int:
    """Deploys the stack, and measures."""
    os.environ["TRAILKEEPER_BIN_DIR"] = str(folder.resolve())
    from batches import anew  # noqa: PLC0415 - the tests' support looks for the binaries when it is loaded
    from deployed import Home, queued  # noqa: PLC0415
    from envelope import Event, api_call, role_call  # noqa: PLC0415
    from given import trail, trail_status  # noqa: PLC0415
    from local_aws.processes import Ministack  # noqa: PLC0415
    from log_buckets import bucket_call  # noqa: PLC0415

    with Ministack() as server:
        home = Home(server, Mode="enforce")
        arn = trail(home)  # type: ignore[arg-type]
        went: Counter[str] = Counter()

        def deliver(event: Event) -> None:
            for it in home.deliver(event):
                went[queued(it["target"]) or it["target"].rsplit(":", 1)[-1]] += 1

        def mended() -> float:
            """Seconds from the delivery of StopLogging until the trail logs again."""
            home.client("cloudtrail").stop_logging(Name=arn)
            began = time.perf_counter()
            deliver(anew(api_call("cloudtrail", "StopLogging", requestParameters={"name": arn})))
            while not trail_status(home)["IsLogging"]:  # type: ignore[arg-type]
                time.sleep(0.02)
            return time.perf_counter() - began

        mended()
        calm = [mended() for _ in range(ROUNDS)]
        flood = [anew(bucket_call(f"bucket-{n}")) if n % 2 else anew(role_call("AttachRolePolicy", f"role-{n}")) for n in range(events)]
        amid: list[float] = []
        went.clear()
        began = time.perf_counter()

        def pour() -> None:
            for event in flood:
                deliver(event)

        pouring = threading.Thread(target=pour)
        pouring.start()
        while pouring.is_alive():
            amid.append(mended())
            time.sleep(1)
        poured = time.perf_counter() - began
        print(f"without a flood: {statistics.median(calm):.2f} s (at most {max(calm):.2f}), {len(calm)} times")
        print(f"amid {events:,} events within {poured:.0f} s: {statistics.median(amid):.2f} s (at most {max(amid):.2f}), {len(amid)} times")
        for target, count in went.most_common():
            print(f"  {count:>6,} events to {target}")
        handled = [line for family in ("trail", "bucket") for line in home.log(family)]
        print(f"  {len({line.get('request_id') for line in handled}):,} invocations of trail and bucket have logged so far")
        return 0 if max(amid) < AIM_SECONDS else 1


if __name__ == "__main__":
    here = Path(__file__).resolve().parents[1]
    sys.path[:0] = [str(here / part) for part in (".", "support", "deploy", "local_aws/tests", "functions/bucket", "..")] + [str(here.parent / "tools")]
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else EVENTS))
