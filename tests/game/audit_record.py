"""The account in which the game is played: what it records, and whether it still does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError
from given import client_of, policy, role, trust
from local_aws.processes import ACCOUNT, REGION, Moto
from trails import kept_trail

OTHER = "210987654321"
THEIRS = "mallorys-logs"
TRAIL, GROUP, BUCKET = "main", "main", "main-logs"
SHORTEST = 90


class Record:
    """The account's record: a trail, flow logs, AWS Config, a server that logs; all in order at first."""

    def __init__(self, moto: Moto) -> None:
        self.moto = moto
        self.trail = kept_trail(moto, TRAIL)
        described = moto.client("cloudtrail").describe_trails(trailNameList=[TRAIL])["trailList"][0]
        self.bucket, self.key = str(described["S3BucketName"]), str(described["KmsKeyId"])
        self.vpc = str(moto.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"])
        logging = role(moto, "transfer-logging", trust())
        write = policy(Action=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:CreateLogGroup", "logs:PutLogEvents"],
                       Resource=f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/transfer/*")
        moto.client("iam").put_role_policy(RoleName="transfer-logging", PolicyName="write", PolicyDocument=write)
        self.server = str(moto.client("transfer").create_server(LoggingRole=logging)["ServerId"])
        s3 = client_of(moto, OTHER, "s3")
        s3.create_bucket(Bucket=THEIRS)
        s3.put_bucket_policy(Bucket=THEIRS, Policy=_open(THEIRS))

    def about(self) -> dict[str, Callable[[dict[str, Any]], bool]]:
        """Whether a result of a report is about a facet of the record."""
        trail = ("cloudtrail-", "log-bucket-delivery")
        moved = ("cloudtrail-logging", "cloudtrail-delivery")
        return {
            "trail": lambda it: it["control"].startswith(trail),
            "files": lambda it: it["control"] in moved
            or it["control"].startswith("log-bucket-") and it["resource"].endswith(f":{self.bucket}"),
            "flow logs": lambda it: it["control"] == "vpc-flow-logs" and it["resource"].endswith((self.vpc, "/*")),
            "config": lambda it: it["control"] == "config-recorder" and f":{REGION}:" in it["resource"],
            "server": lambda it: it["control"] == "transfer-server-logging" and it["resource"].endswith(self.server),
        }

    def ends(self) -> dict[str, str]:
        """What of the record does not run as it did: the facet, and what is wrong with it."""
        facets: dict[str, Callable[[], str | None]] = {
            "trail": self._trail, "files": self._files, "flow logs": self._flow_logs, "config": self._config,
            "server": self._server,
        }
        found = {name: judge() for name, judge in facets.items()}
        return {name: why for name, why in found.items() if why}

    def _trail(self) -> str | None:
        whys = []
        for region in (REGION, "eu-west-1"):
            for it in self.moto.client("cloudtrail", region).describe_trails(includeShadowTrails=False)["trailList"]:
                why = self._records(it, region)
                if why is None:
                    return None
                whys.append(f"{it['Name']}: {why}")
        return "; ".join(whys) or "there is no trail"

    def _records(self, it: dict[str, Any], region: str) -> str | None:
        cloudtrail = self.moto.client("cloudtrail", region)
        status = cloudtrail.get_trail_status(Name=it["TrailARN"])
        chosen = cloudtrail.get_event_selectors(TrailName=it["TrailARN"])
        basic = chosen.get("EventSelectors") or [{"ReadWriteType": "All", "IncludeManagementEvents": True}]
        whole = any(
            each["ReadWriteType"] == "All" and each["IncludeManagementEvents"]
            and not each.get("ExcludeManagementEventSources") for each in basic
        ) or any(_all_management(each) for each in chosen.get("AdvancedEventSelectors") or [])
        checks = {
            "one region": it["IsMultiRegionTrail"], "stopped": status["IsLogging"], "blind": whole,
            f"delivers: {status.get('LatestDeliveryError')}": not status.get("LatestDeliveryError"),
            "a bucket of somebody else": it["S3BucketName"] in self._buckets(),
        }
        return next((why for why, fine in checks.items() if not fine), None)

    def _buckets(self) -> set[str]:
        return {it["Name"] for it in self.moto.client("s3").list_buckets()["Buckets"]}

    def _files(self) -> str | None:
        if self.bucket not in self._buckets():
            return "the bucket is gone"
        try:
            rules = self.moto.client("s3").get_bucket_lifecycle_configuration(Bucket=self.bucket)["Rules"]
        except ClientError:
            return None
        days = [it["Expiration"].get("Days", SHORTEST) for it in rules if it["Status"] == "Enabled" and "Expiration" in it]
        return f"files expire after {min(days)} days" if days and min(days) < SHORTEST else None

    def _flow_logs(self) -> str | None:
        for vpc in self.moto.client("ec2").describe_vpcs()["Vpcs"]:
            filters = [{"Name": "resource-id", "Values": [vpc["VpcId"]]}]
            logs = self.moto.client("ec2").describe_flow_logs(Filters=filters)["FlowLogs"]
            fine = [
                it for it in logs
                if it["FlowLogStatus"] == "ACTIVE" and it.get("DeliverLogsStatus") != "FAILED"
                and THEIRS not in it.get("LogDestination", "")
            ]
            if not fine:
                return f"{vpc['VpcId']} has no flow log"
        return None

    def _config(self) -> str | None:
        config = self.moto.client("config")
        status = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
        recorders = config.describe_configuration_recorders()["ConfigurationRecorders"]
        channels = config.describe_delivery_channels()["DeliveryChannels"]
        if not any(it["recording"] for it in status):
            return "AWS Config does not record"
        if not any(it["recordingGroup"].get("allSupported") for it in recorders):
            return "AWS Config records some types alone"
        if not channels or channels[0]["s3BucketName"] not in self._buckets():
            return "AWS Config delivers to somebody else"
        return None

    def _server(self) -> str | None:
        found = self.moto.client("transfer").describe_server(ServerId=self.server)["Server"]
        if found.get("StructuredLogDestinations"):
            return None
        name = (found.get("LoggingRole") or "").rpartition("/")[2]
        return self._cannot_log(name) if name else "the server logs nothing"

    def _cannot_log(self, name: str) -> str | None:
        """Why AWS Transfer Family cannot log with a role, if so."""
        iam = self.moto.client("iam")
        try:
            trusted = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
            names = iam.list_role_policies(RoleName=name)["PolicyNames"]
            written = [iam.get_role_policy(RoleName=name, PolicyName=it)["PolicyDocument"] for it in names]
        except ClientError as gone:
            return f"the server's role {name}: {gone}"
        if "transfer.amazonaws.com" not in json.dumps(trusted):
            return f"the server's role {name} lets somebody else in"
        allows = [it for document in written for it in _statements(document) if it["Effect"] == "Allow"]
        writes = any("logs:PutLogEvents" in json.dumps(it["Action"]) for it in allows)
        return None if writes else f"the server's role {name} may not write"


def _statements(document: dict[str, Any]) -> list[dict[str, Any]]:
    found = document["Statement"]
    return found if isinstance(found, list) else [found]


def _all_management(selector: dict[str, Any]) -> bool:
    """Whether an advanced selector takes all management events."""
    fields = {it["Field"]: it.get("Equals") for it in selector["FieldSelectors"]}
    return fields == {"eventCategory": ["Management"]}


def _open(bucket: str) -> str:
    """A policy that lets the services and this account in."""
    services = ["cloudtrail.amazonaws.com", "config.amazonaws.com", "delivery.logs.amazonaws.com"]
    allow = {"Effect": "Allow", "Principal": {"Service": services, "AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "s3:*",
             "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow]})
