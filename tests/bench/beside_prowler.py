"""`trailkeeper check` beside Prowler's checks of the same things, over the same accounts: time, memory, calls, opinions.

usage: beside_prowler.py [--rounds N] [--markdown FILE] TRAILKEEPER PROWLER_VENV
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import seeded_network
from bench.measure import cpu_seconds, peak_until_end
from bench.table import Cells, markdown, plain, spread
from local_aws.processes import REGION, Moto
from recorded_calls import RecordedCalls, recorded
from seeded import REGIONS, seed

HERE = Path(__file__).parent
EVERYWHERE = [
    *REGIONS, "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1", "eu-west-2", "eu-west-3",
    "eu-central-1", "eu-north-1", "ap-south-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1",
]
"""The 17 regions that are enabled in every account."""
MONITORED = [
    *(f"cloudwatch_changes_to_{it}_alarm_configured"
      for it in ("network_acls", "network_gateways", "network_route_tables", "vpcs")),
    *(f"cloudwatch_log_metric_filter_{it}" for it in (
        "and_alarm_for_aws_config_configuration_changes_enabled",
        "and_alarm_for_cloudtrail_configuration_changes_enabled", "authentication_failures",
        "aws_organizations_changes", "disable_or_scheduled_deletion_of_kms_cmk", "for_s3_bucket_policy_changes",
        "policy_changes", "root_usage", "security_group_changes", "sign_in_without_mfa", "unauthorized_api_calls")),
]
CHECKS = {
    "cloudtrail_cloudwatch_logging_enabled": "cloudtrail-cloudwatch-logs",
    "cloudtrail_kms_encryption_enabled": "cloudtrail-kms",
    "cloudtrail_log_file_validation_enabled": "cloudtrail-log-validation",
    "cloudtrail_logs_s3_bucket_access_logging_enabled": "log-bucket-access-logging",
    "cloudtrail_logs_s3_bucket_is_not_publicly_accessible": "log-bucket-public-access",
    "cloudtrail_bucket_requires_mfa_delete": "log-bucket-mfa-delete",
    "cloudtrail_multi_region_enabled": "cloudtrail-multi-region",
    "cloudtrail_multi_region_enabled_logging_management_events": "cloudtrail-management-events",
    "config_recorder_all_regions_enabled": "config-recorder",
    "config_recorder_using_aws_service_role": "config-recorder",
    "kms_cmk_rotation_enabled": "kms-key-rotation",
    "vpc_flow_logs_enabled": "vpc-flow-logs",
    **{check: "monitor" for check in MONITORED},
}
"""Prowler's checks, and the control (or family) that has an opinion on the same."""
OF_BUCKETS = ("log-bucket-access-logging", "log-bucket-public-access", "log-bucket-mfa-delete")
OF_ACCOUNTS = ("cloudtrail-multi-region", "cloudtrail-management-events", "monitor")
SAME = {"PASS": ("right",), "FAIL": ("wrong",), "MANUAL": ("unknown", "not-applicable")}
WORST = ("wrong", "unknown", "right", "not-applicable", "nothing")
Opinions = dict[tuple[str, str], tuple[str, str]]
"""What is said, right or wrong and why, by control and resource."""


@dataclass(frozen=True)
class Run:
    """What one run took, in seconds and MB, and how many calls it made."""

    wall: float
    cpu: float
    peak_mb: float
    calls: int


def run(command: list[str], record: RecordedCalls, folder: str) -> Run:
    """Runs a command against the account."""
    record.forget()
    environment = {
        **os.environ, "AWS_ENDPOINT_URL": record.endpoint, "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION,
    }
    with Path(folder, "printed").open("w+b") as printed:
        began = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=printed, stderr=printed)
        peak = peak_until_end(process.pid)
        wall, cpu = time.perf_counter() - began, cpu_seconds(process.pid)
        if process.wait() not in (0, 1, 2, 3):
            printed.seek(0)
            raise RuntimeError(f"{command[0]} ended with {process.returncode}: {printed.read()[-2000:]!r}")
    return Run(wall, cpu, peak * 1024 / 1e6, len(record.all))


def name(resource: str) -> str:
    """The last part of an ARN."""
    return resource.rsplit("/", 1)[-1].rsplit(":", 1)[-1]


def place(control: str, region: str, resource: str, buckets: dict[str, str]) -> str:
    """What an opinion is about: a trail, a bucket, a region, or the account."""
    if control in OF_ACCOUNTS:
        return "the account"
    if control == "config-recorder":
        return region
    if control in OF_BUCKETS:
        return buckets.get(name(resource), name(resource))
    return f"{name(resource)} in {region}" if control == "kms-key-rotation" else name(resource)


def prowlers(file: Path, buckets: dict[str, str]) -> dict[str, Opinions]:
    """Prowler's opinions, by check."""
    said: dict[str, Opinions] = defaultdict(dict)
    with file.open() as rows:
        for row in csv.DictReader(rows, delimiter=";"):
            check = row["CHECK_ID"]
            where = CHECKS[check], place(CHECKS[check], row["REGION"], row["RESOURCE_UID"], buckets)
            found = row["STATUS"], row["STATUS_EXTENDED"]
            # Of an account one passed trail is enough for Prowler where no region lacks one.
            if said[check].get(where, ("", ""))[0] != "FAIL":
                said[check][where] = found
    return said


def ours(file: Path, buckets: dict[str, str]) -> Opinions:
    """Our opinions, the worst of each control and resource."""
    said: Opinions = {}
    for it in json.loads(file.read_text())["findings"]:
        control = "monitor" if it["family"] == "monitoring" else it["control"]
        where = control, place(control, it["region"], it["resource"], buckets)
        if WORST.index(it["standing"]) < WORST.index(said.get(where, ("nothing", ""))[0]):
            said[where] = it["standing"], it["because"] or ""
    return said


def differences(theirs: dict[str, Opinions], mine: Opinions) -> Cells:
    """Where the two disagree, and how often; with the first reasons of each kind."""
    kinds: dict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)
    for check, said in theirs.items():
        for where, (status, why) in said.items():
            standing, because = mine.get(where, ("nothing", ""))
            if standing not in SAME[status]:
                kinds[check, status, standing].append((why, because))
    seen = {where for said in theirs.values() for where in said}
    for where, (standing, because) in mine.items():
        if where[0] in CHECKS.values() and where not in seen and standing == "wrong":
            kinds[where[0], "nothing", standing].append(("", because))
    cells: Cells = [["check", "Prowler", "first of its reasons", "Trailkeeper", "first of our reasons", "times"]]
    for (check, status, standing), reasons in sorted(kinds.items()):
        why, because = min(reasons)
        cells.append([check, status, why, standing, because, str(len(reasons))])
    return cells


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("trailkeeper", type=Path)
    parser.add_argument("prowler", type=Path, help="the virtual environment of Prowler")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--markdown", type=Path, help="also write the tables to this file")
    asked = parser.parse_args()
    cells: Cells = [["regions", "measure", "trailkeeper check", "Prowler", "ratio"]]
    found: Cells = []
    with Moto() as moto, recorded(moto) as record, tempfile.TemporaryDirectory() as made:
        for regions in (REGIONS[:1], REGIONS, EVERYWHERE):
            moto.reset()
            seed(moto)
            seeded_network.seed(moto)
            moto.regions(regions)
            # Prowler adds to a file that is there.
            folder = tempfile.mkdtemp(dir=made)
            report = Path(folder, "check.json")
            check = [str(asked.trailkeeper), "check", "--no-history", "--regions", ",".join(regions), "-o", f"json={report}"]
            prowler = [
                str(asked.prowler / "bin" / "python"), str(HERE / "prowler_command.py"), "aws", "--no-banner",
                "--scan-unused-services", "-M", "csv", "-o", folder, "-F", "prowler", "-f", *regions, "-c", *CHECKS,
            ]
            runs = [(run(check, record, folder), run(prowler, record, folder)) for _ in range(asked.rounds)]
            for measure, of in (("time, s", "wall"), ("CPU time of the process, s", "cpu"),
                                ("peak memory, MB", "peak_mb"), ("API calls", "calls")):
                us, them = ([float(getattr(it[side], of)) for it in runs] for side in (0, 1))
                ratio = sorted(them)[len(them) // 2] / sorted(us)[len(us) // 2]
                said = ([f"{it[-1]:,.0f}" for it in (us, them)] if of == "calls" else [spread(us), spread(them)])
                cells.append([str(len(regions)), measure, *said, f"{ratio:.1f}"])
            buckets = {}
            for region in regions:
                for trail in moto.client("cloudtrail", region).describe_trails()["trailList"]:
                    buckets[trail["Name"]] = trail["S3BucketName"]
            found = differences(prowlers(Path(folder, "prowler.csv"), buckets), ours(report, buckets))
    print("\n\n".join(map(plain, (cells, found))))
    if asked.markdown:
        asked.markdown.write_text("\n\n".join(map(markdown, (cells, found))) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
