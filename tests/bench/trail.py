"""The trail function beside Cloud Custodian, which mends three of the faults and does not read back."""

from __future__ import annotations

from pathlib import Path

from bench.beside_custodian import Comparison
from bench.faulty_trail import ALL, APART_SECONDS, THREE
from bench.table import rows

TRAIL = Comparison(
    name="trail",
    measures=rows(("exec to the repaired trail", 12), ("the trail is repaired again", 2)),
    policy=Path(__file__).resolve().parent / "custodian_trail.yml",
    like=THREE,
    whole=ALL,
    warm=5,
    remarks=[
        f"Warm events are {APART_SECONDS:g} s apart: CloudTrail takes one UpdateTrail and one StartLogging a second, "
        "and the function waits if they come sooner. No figure includes that wait.",
    ],
)
