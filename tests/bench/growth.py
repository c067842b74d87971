"""How the calls of a look grow with the account: trails and log buckets over three regions.

CloudTrail's quota of trails is lifted for it: what grows faster than the account shows only beyond.
"""

from __future__ import annotations

from pathlib import Path

from bench.measure import environment
from bench.table import Cells
from envelope import schedule
from local_aws.processes import Moto
from many_trails import REGIONS, many_trails
from recorded_calls import RecordedCalls, recorded, repeated
from runtime_api import Function

COUNTS = (15, 30, 60)
FAMILIES = ("trail", "bucket")
MOST = 1.05
"""How far the calls for each trail may be from those in the smallest account."""
DEADLINE_SECONDS = 300.0


def look(binary: Path, record: RecordedCalls) -> tuple[int, int]:
    """The calls of one sweep that writes nothing, and how many of them were made before."""
    record.forget()
    settings = environment(record.endpoint, TRAILKEEPER_MODE="dry-run", TRAILKEEPER_REGIONS=",".join(REGIONS))
    with Function([str(binary)], settings, timeout=DEADLINE_SECONDS) as process:
        answer = process.invoke(schedule())
    if not answer.ok:
        raise RuntimeError(f"the function failed: {answer.error_message or answer.raw!r}")
    return len(record.asked), len(repeated(record.asked))


def bench(folder: Path, moto: Moto, _rounds: int) -> tuple[Cells, list[str]]:
    """The table; fails where calls grow faster than the account, or are made twice."""
    cells: Cells = [["look", "trails and log buckets", "API calls", "for each", "made twice"]]
    with recorded(moto) as record:
        for family in FAMILIES:
            least = None
            for count in COUNTS:
                moto.reset()
                many_trails(moto, count)
                calls, again = look(folder / family, record)
                each = calls / count
                least = each if least is None else least
                cells.append([family, str(count), f"{calls:,}", f"{each:.1f}", str(again)])
                if each > least * MOST or again:
                    raise RuntimeError(f"{family}: {count} trails take {calls} calls, {again} of them made twice")
    return cells, ["One scheduled event in dry-run mode, three regions. Every trail covers its own region alone."]
