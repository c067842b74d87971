"""The vpc function beside Cloud Custodian, which makes the flow log with a role that exists and does not read back."""

from __future__ import annotations

from pathlib import Path

from bench.beside_custodian import Comparison
from bench.silent_vpc import ALL, FLOW_LOG
from bench.table import rows

VPC = Comparison(
    name="vpc",
    measures=rows(("exec to the flow log", 15), ("the VPC has none again", 2), memory=5),
    policy=Path(__file__).resolve().parent / "custodian_vpc.yml",
    like=FLOW_LOG,
    whole=ALL,
    warm=20,
    remarks=[
        "There is only this VPC. Before each warm event, outside the measured time, whatever was created is deleted. "
        "Each event has its own id, because EC2 would answer a repeated event with the old flow log.",
    ],
)
