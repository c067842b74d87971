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
        "The VPC is the only one. What is made is deleted before each warm event, outside of the time, and each event "
        "has an id of its own: to a repair of the same event EC2 answers with the flow log of then.",
    ],
)
